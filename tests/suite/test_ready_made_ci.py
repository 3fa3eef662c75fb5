"""What we give people for their CI: the commands in it are commands of ours, and leave what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.helpers import ROOT

GOOD = "name: good\nversion: 1\nimage-size: 16K\nlua: print('hello')\nsteps: [{wait-serial: hello}]\n"
BAD = GOOD.replace("steps: [{wait-serial: hello}]", "steps: [{wait-serial: bye, timeout: 2s}]")
LEFT = ["junit.xml", "report.html"]


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


ACTION = parsed((ROOT / "action.yml").read_text())
PAGE = (ROOT / "docs" / "scenarios.md").read_text()
WORKFLOW, GITLAB = (parsed(text) for text in re.findall(r"```yaml\n((?:on|scenarios):.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Somebody's repository, with a ``luatwin`` in the path beside it."""
    (tmp_path / "repository" / "scenarios").mkdir(parents=True)
    program = tmp_path / "bin" / "luatwin"
    program.parent.mkdir()
    root, python = shlex.quote(str(ROOT)), shlex.quote(sys.executable)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {python} -P -m simulator.cli "$@"\n')
    program.chmod(0o755)
    return tmp_path / "repository"


def run(script: str, folder: Path, **environment: str) -> int:
    path = f"{folder.parent / 'bin'}:/usr/bin:/bin"
    finished = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={"PATH": path, **environment},
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return finished.returncode


def step(name: str) -> Any:
    return next(step for step in ACTION["runs"]["steps"] if step.get("name") == name)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(("text", "code", "left"), [(GOOD, 0, []), (BAD, 1, ["scenarios-some.scenario.yaml"])])
def test_the_action_plays_and_keeps_reports(text: str, code: int, left: list[str], folder: Path) -> None:
    (folder / "scenarios" / "some.scenario.yaml").write_text(text)
    report = folder.parent / "report"
    paths = ACTION["inputs"]["paths"]["default"]
    assert run(step("Replay")["run"], folder, PATHS=paths, ARGUMENTS="-k some", REPORT=str(report)) == code
    assert names(report) == sorted([*LEFT, *left])


def test_the_action_installs_what_we_install_with() -> None:
    assert step("Install")["run"] == "python -m simulator.install"
    assert (ROOT / "simulator" / "install.py").is_file()


def test_the_action_uses_every_input_it_has_and_no_other() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])
    (uses,) = (step for step in WORKFLOW["jobs"]["scenarios"]["steps"] if "with" in step)
    assert set(uses["with"]) <= set(ACTION["inputs"])


@pytest.mark.slow
def test_the_job_for_gitlab_plays_and_keeps_what_it_says(folder: Path) -> None:
    (folder / "scenarios" / "some.scenario.yaml").write_text(GOOD)
    job = GITLAB["scenarios"]
    clone, install, *lines = job["script"]
    assert clone.endswith(" /opt/luatwin")
    assert install == "(cd /opt/luatwin && python -m simulator.install)"
    assert run("\n".join(lines), folder) == 0
    assert names(folder / "out") == LEFT
    assert (folder / job["artifacts"]["reports"]["junit"]).is_file()
