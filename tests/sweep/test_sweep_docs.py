"""What docs/sweep.md shows is what the commands in it print; and its first row is what is found."""

from __future__ import annotations

import re
import shlex

import pytest

from simulator.setting import Request
from simulator.sweep import Plan, Sweep
from tests.helpers import ROOT, run_luatwin

PAGE = (ROOT / "docs" / "sweep.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ luatwin (.*)\n((?:.*\n)*?)\[exit (\d+)\]\n```", PAGE)


def test_the_page_shows_something() -> None:
    assert len(SHOWN) == PAGE.count("```console") == 3


@pytest.mark.parametrize(("command", "shown", "code"), SHOWN, ids=[command for command, _, _ in SHOWN])
def test_what_is_shown_is_printed(command: str, shown: str, code: str) -> None:
    finished = run_luatwin(*shlex.split(command))
    assert finished.returncode == int(code)
    printed = "".join(f"{line.rstrip()}\n" for line in finished.stdout.splitlines())
    _, is_cut, end = shown.rpartition("...\n")
    assert printed.endswith(end) if is_cut else printed == shown


def test_the_first_row_of_the_table_is_what_is_found() -> None:
    report = Sweep(Request(script=ROOT / "lua" / "demo" / "ota.lua")).run(Plan())
    row = re.search(r"^\| stock \| (.*) \|$", PAGE, re.MULTILINE)
    assert row is not None
    counts = [int(cell.replace(",", "")) for cell in row[1].split(" | ")[:-1]]
    bricked, lost = report.total("none") + report.total("half"), report.total("lost")
    assert counts == [report.operations, report.cuts, bricked, lost, report.broken, report.recoveries]
