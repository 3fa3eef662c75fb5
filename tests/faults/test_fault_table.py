"""The table in docs/faults.md: every fault, both profiles, and what is written there is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.cli.faults import BEGIN, END, markdown
from simulator.faults import FAULTS, Layer, parse_fault
from simulator.trial import PROFILES, TRIED, run_with, try_faults, words_of

ROWS = re.findall(
    r"^\| `([^`]+)` \| (.*) \| (.*) \| (.*) \|$",
    Path("docs/faults.md").read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0],
    re.MULTILINE,
)
WORDS = {(fault, profile): words for fault, _, *both in ROWS for profile, words in zip(PROFILES, both, strict=True)}


def test_every_fault_is_in_the_table_and_said_to_be_what_it_is() -> None:
    assert [fault for fault, *_ in ROWS] == list(TRIED)
    assert all(summary == parse_fault(fault).kind.summary for fault, summary, *_ in ROWS)
    assert set(FAULTS) <= set(TRIED)


@pytest.mark.parametrize("fault", TRIED)
def test_the_stock_firmware_does_what_the_table_says(fault: str) -> None:
    assert words_of(run_with(parse_fault(fault), "stock")) == WORDS[fault, "stock"]


@pytest.mark.parametrize("fault", TRIED)
def test_the_hardened_firmware_does_what_the_table_says(fault: str) -> None:
    report = run_with(parse_fault(fault), "hardened")
    assert words_of(report) == WORDS[fault, "hardened"]
    if parse_fault(fault).kind.layer is not Layer.POWER:
        assert len({boot.commit for boot in report.boots}) == len(report.boots), "no firmware is started twice"
    assert not report.bricked


@pytest.mark.parametrize("profile", PROFILES)
def test_without_a_fault_every_profile_is_updated(profile: str) -> None:
    assert words_of(run_with(None, "stock" if profile == "stock" else "hardened")) == "updated"


def test_the_command_writes_the_table_as_it_is() -> None:
    wanted = ("no-length", "redirect")
    lines = markdown(list(try_faults(wanted))).splitlines()[2:]
    table = Path("docs/faults.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in table if line.startswith(tuple(f"| `{name}`" for name in wanted))] == lines
