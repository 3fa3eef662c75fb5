"""The page about scenarios: its examples do what it says, and its list of steps is ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.cli import test as command
from simulator.scenario import read_scenario
from simulator.scenario.schema import json_schema
from simulator.scenario.steps import STEPS
from simulator.scenario.tables import ScenarioTable
from simulator.testing.live import LiveWorld
from tests.helpers import ROOT, luatwin

PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
EXAMPLE, _, EVERY_STEP, *_ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)


def without_times(text: str) -> list[str]:
    """What a command prints, without what differs from run to run."""
    plain = re.sub(r" \([^()]*simulated, [^()]*\)$| in \d+\.\d\d s$", "", text, flags=re.MULTILINE)
    return [line.rstrip() for line in plain.splitlines()]


def plays(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(folder)
    Path("ota.scenario.yaml").write_text(text)
    finished = luatwin("test", "ota.scenario.yaml")
    return ["$ luatwin test ota.scenario.yaml", *without_times(finished.out), f"[exit {finished.code}]"]


def test_the_example_passes_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plays(tmp_path, EXAMPLE, monkeypatch) == SHOWN[0].splitlines()


def test_the_failure_looks_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = EXAMPLE.replace("Begin OTA update", "Begin the OTA update")
    assert plays(tmp_path, wrong, monkeypatch) == [line.rstrip() for line in SHOWN[1].splitlines()]


def test_the_example_for_pytest_is_a_test_that_passes() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    marked: dict[str, Any] = {}

    def mark(*arguments: Any, **options: Any) -> Callable[[Any], Any]:
        marked.update(arguments=arguments, options=options)
        return lambda function: function

    names: dict[str, Any] = {"mark": mark}
    exec(compile(program.replace("@pytest.mark.luatwin", "@mark"), "docs/scenarios.md", "exec"), names)
    world = LiveWorld()
    try:
        names["test_temperature"](world, world.new_board(*marked["arguments"], **marked["options"]))
    finally:
        world.close()


def test_the_list_of_steps_is_that_of_the_format() -> None:
    table = re.findall(
        r"^\| `([^`]+)` \| (.*) \|$", PAGE.partition("## Steps\n")[2].partition("## The")[0], re.MULTILINE
    )
    assert table == [(kind.name, kind.summary) for kind in STEPS.values() if not kind.why_not]


def test_the_page_shows_every_step(tmp_path: Path) -> None:
    path = tmp_path / "every.scenario.yaml"
    path.write_text(EVERY_STEP)
    shown = {step.kind for step in read_scenario(path).steps}
    assert shown == {kind.name for kind in STEPS.values() if not kind.why_not}


def test_the_page_names_every_key() -> None:
    named = set(re.findall(r"`([a-z-]+)`", PAGE.partition("## The file\n")[2].partition("## Steps\n")[0]))
    keys = {field.alias or name for name, field in ScenarioTable.model_fields.items()}
    assert keys - named == set()


def test_the_page_names_every_option() -> None:
    options = {parameter.opts[0] for parameter in command.test.params if parameter.opts[0].startswith("-")}
    assert {option for option in options - {"-v"} if f"`{option}" not in PAGE and f"(`{option}" not in PAGE} == set()


def test_the_published_schema_is_the_one_of_the_format() -> None:
    published = json.loads((ROOT / "scenarios" / "scenario.schema.json").read_text())
    assert published == json_schema(), "luatwin test --schema > scenarios/scenario.schema.json"
