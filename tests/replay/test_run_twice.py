"""``luatwin run --check-determinism``, and a replay with a cut that the recorded run did not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli.twice import run_twice
from simulator.errors import UsageError
from simulator.session import Report, run_session
from simulator.setting import Request
from tests.helpers import ROOT, luatwin

SMALL = ("--image-size", "32K")
OTA = ROOT / "lua" / "demo" / "ota.lua"


def run(request: Request) -> Report:
    return run_session(request, heard=lambda _data: None)


@pytest.mark.real
def test_a_run_is_compared_with_the_same_one_in_another_process(tmp_path: Path) -> None:
    events = tmp_path / "events"
    finished = luatwin(
        "run", *SMALL, "--check-determinism", "--events", events, "-e", "print(math.random(9)) error('x')"
    )
    assert finished.code == 1, "as without"
    said = finished.err.splitlines()[-1]
    assert said.startswith("luatwin: the same in another process: ")
    assert luatwin("replay", events, "--json").result["sha256"] in said


@pytest.mark.real
def test_the_first_event_that_is_not_the_same_in_another_process_is_named(tmp_path: Path) -> None:
    events = tmp_path / "events"

    def run_otherwise(request: Request) -> Report:
        """Run, and let the other process find a script that says something else."""
        report = run(request)
        events.write_text(events.read_text().replace("print(12)", "print(13)"))
        return report

    _, again = run_twice(Request(chunk="print(12)", image_bytes=16384, events=events), run_otherwise)
    assert not again["is_same"]
    assert "text was '12\\r\\n', is '13\\r\\n'" in again["difference"]["words"]


@pytest.mark.real
def test_a_run_that_cannot_be_repeated_is_refused() -> None:
    request = Request(chunk="print(1)", image_bytes=16384, server=("localhost", 1))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"--check-determinism: .*: this run cannot be repeated: a real update server"):
        run_twice(request, run)


def test_a_recording_is_run_with_a_cut_that_it_did_not_have(tmp_path: Path) -> None:
    events = tmp_path / "events"
    luatwin("run", *SMALL, "--events", events, OTA)
    finished = luatwin("replay", events, "--cut", "20:torn:0.5")
    assert finished.code == 0
    assert finished.out.count("rst:0x1 (POWERON_RESET)") == 2
    assert finished.err.startswith("luatwin: from here on it is another run: event ")
    assert "and is fault at " in finished.err
    direct = luatwin("run", *SMALL, OTA, "--cut", "20:torn:0.5")
    assert finished.out == direct.out


def test_a_cut_that_is_none_or_does_not_come_is_told(tmp_path: Path) -> None:
    events = tmp_path / "events"
    luatwin("run", *SMALL, "--events", events, "-e", "print(1)")
    assert luatwin("replay", events, "--cut", "soon").code == 2
    finished = luatwin("replay", events, "--cut", "20:before")
    assert "the power cut at 20:before did not come" in finished.err
