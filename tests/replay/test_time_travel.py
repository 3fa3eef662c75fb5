"""Jumps to any event of a recording, forwards and backwards, show what a replay shows."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest

from simulator.errors import SimulatorInternalError, UsageError
from simulator.recording import Recording
from simulator.replay import AtEvent, TimeTravel, replay
from tests.helpers import ROOT, luatwin

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    events = tmp_path_factory.mktemp("recording") / "events.ndjson"
    assert luatwin("run", ROOT / "lua" / "demo" / "ota.lua", "--image-size", "32K", "--events", events).code == 0
    return Recording.read(events)


def replayed(recording: Recording, n: int) -> object:
    state = replay(recording, to=AtEvent(n)).state
    assert state is not None
    return json.loads(json.dumps(state.to_json()))


@pytest.mark.parametrize("forks", [True, False])
def test_a_jump_shows_what_a_replay_shows(forks: bool, recording: Recording) -> None:
    count = len(recording.lines)
    places = [count - 1, 0, *random.Random(1).sample(range(count), 8 if forks else 1)]
    with TimeTravel(recording, forks=forks) as travel:
        for n in places:
            assert json.loads(json.dumps(travel.jump(n))) == replayed(recording, n)


def test_there_is_a_checkpoint_at_every_boot(recording: Recording) -> None:
    boots = [n for n, line in enumerate(recording.lines) if b'"kind": "reset"' in line]
    assert len(boots) == 2
    with TimeTravel(recording) as travel:
        assert set(boots) <= set(travel.checkpoints)


def test_a_checkpoint_can_be_used_again(recording: Recording) -> None:
    with TimeTravel(recording) as travel:
        n = travel.checkpoints[-2]  # the last one may be at the last event
        assert travel.jump(n) == travel.jump(n)
        assert travel.jump(n + 1) == travel.jump(n + 1)


def test_nothing_is_left_running_afterwards(recording: Recording) -> None:
    with TimeTravel(recording) as travel:
        travel.jump(5)
        assert explorers(recording)
    deadline = time.monotonic() + 10
    while explorers(recording) and time.monotonic() < deadline:
        os.sched_yield()
    assert explorers(recording) == []


def explorers(recording: Recording) -> list[str]:
    """Return the processes that hold this recording."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(recording.path).encode() in command:
            found.append(folder.name)
    return found


def test_a_recording_that_is_another_run_now_is_refused(recording: Recording, tmp_path: Path) -> None:
    other = tmp_path / "events"
    text = recording.path.read_bytes().replace(b"joining ", b"Joining ", 1)
    other.write_bytes(text)
    with pytest.raises(UsageError, match="is another run now: event "), TimeTravel(Recording.read(other)):
        pass
    with TimeTravel(Recording.read(other), forks=False) as travel, pytest.raises(UsageError, match="is another run"):
        travel.jump(len(recording.lines) - 1)


def test_an_event_that_is_not_there_is_refused(recording: Recording) -> None:
    with TimeTravel(recording) as travel, pytest.raises(UsageError, match="has the events 0 to "):
        travel.jump(len(recording.lines))


def test_an_explorer_that_ends_early_is_no_silence(recording: Recording, tmp_path: Path) -> None:
    """It reads the file itself, and here there is none any more."""
    gone = tmp_path / "events"
    gone.write_bytes(recording.path.read_bytes())
    read = Recording.read(gone)
    gone.unlink()
    with pytest.raises(SimulatorInternalError, match="ended with 1"), TimeTravel(read):
        pass
