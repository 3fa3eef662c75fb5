"""Every scenario that we ship passes, says why it exists, and is in the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.scenario import Case, Scenario, read_scenario
from simulator.suite import find_items
from simulator.suite.worker import play_with_cuts
from tests.helpers import ROOT

FOLDER = ROOT / "scenarios"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
ITEMS = find_items([FOLDER])
FILES = sorted(FOLDER.rglob("*.scenario.yaml"))
SUBJECTS = {
    *("boot", "ethernet", "files", "fleets", "hardware", "ota", "power", "security", "server", "threads", "wifi"),
}


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.title.removeprefix(f"{FOLDER}/"))
def test_the_scenario_passes(item) -> None:
    scenario: Scenario = item.scenario
    case: Case = item.case
    verdict = play_with_cuts(scenario, case)
    assert verdict.failure is None, "\n".join([verdict.place, *verdict.failure.lines()])


def test_there_are_at_least_40_of_every_subject_there_is() -> None:
    assert len(FILES) >= 40
    assert {path.parent.name for path in FILES} == SUBJECTS


def test_each_says_why_it_exists() -> None:
    assert [path for path in FILES if not read_scenario(path).why] == []


def row(path: Path) -> str:
    scenario = read_scenario(path)
    cases = f" ({len(scenario.cases)} cases)" if len(scenario.cases) > 1 else ""
    return f"| [{scenario.name}]({path.relative_to(FOLDER).as_posix()}){cases} | {scenario.why} |"


def test_the_index_has_all_of_them() -> None:
    rows = re.findall(r"^\| \[.*\.scenario\.yaml\).*$", INDEX, re.MULTILINE)
    assert "\n".join(rows) == "\n".join(map(row, FILES))
