"""The example of a user's repository: what its README and its CI tell people to run does what they say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.helpers import ROOT, luatwin

PROJECT = ROOT / "docs" / "example-project"
PAGE = (ROOT / "docs" / "scenarios.md").read_text()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's copy of it, in which they are."""
    copy = shutil.copytree(PROJECT, tmp_path / "greenhouse", ignore=shutil.ignore_patterns("__pycache__", ".luatwin"))
    monkeypatch.chdir(copy)
    return copy


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def commands() -> list[list[str]]:
    """The commands of its README, without their remarks."""
    block = re.search(r"```\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    return [line.partition("#")[0].split() for line in block[1].splitlines()]


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_its_scenarios_pass() -> None:
    finished = luatwin("test", "scenarios")
    assert (finished.code, finished.out.splitlines()[-1].split(" in ")[0]) == (0, "4 passed")


@pytest.mark.slow
def test_a_scenario_fails_if_the_product_is_broken(project: Path) -> None:
    module = project / "board" / "greenhouse.lua"
    module.write_text(module.read_text().replace("return running\n", "return false\n"))
    finished = luatwin("test", "scenarios", "-k", "fan")
    assert finished.code == 1
    assert "FAIL    scenarios/fan.scenario.yaml" in finished.out


@pytest.mark.slow
def test_its_tests_pass(project: Path) -> None:
    plugin = ["-p", "simulator.testing.pytest_plugin", "-p", "no:cacheprovider"]
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", *plugin, "tests"],
        cwd=project,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", [words for words in commands() if words[1] in ("run", "sweep")], ids=" ".join)
def test_what_its_readme_says_can_be_done(command: list[str]) -> None:
    assert luatwin(*command[1:]).code == 0


def test_its_readme_leaves_nothing_else_to_try() -> None:
    others = [words for words in commands() if words[1] not in ("run", "sweep")]
    assert others == [
        ["luatwin", "test", "scenarios"],
        ["luatwin", "test", "scenarios", "--watch"],
        ["python", "-m", "pytest", "tests"],
    ]


@pytest.mark.parametrize(
    ("file", "beginning"),
    [(".github/workflows/boards.yml", "on:"), (".gitlab-ci.yml", "scenarios:"), (".pre-commit-config.yaml", "repos:")],
)
def test_its_ci_is_that_of_the_documentation(file: str, beginning: str) -> None:
    shown = re.search(rf"```yaml\n({beginning}.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    mine, ours = parsed((PROJECT / file).read_text()), parsed(shown[1])
    if file == ".gitlab-ci.yml":
        mine["scenarios"]["script"] = [line for line in mine["scenarios"]["script"] if "pytest" not in line]
    elif "jobs" in mine:
        mine["jobs"]["scenarios"]["steps"] = mine["jobs"]["scenarios"]["steps"][:-1]
    assert mine == ours
