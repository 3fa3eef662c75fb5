"""Runs a recording again, event by event, as far as it is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from simulator.events import Event
from simulator.recording import LogLines, Recording
from simulator.session import Report, Stage, run_setting
from simulator.units import format_duration


@dataclass(frozen=True, slots=True)
class Difference:
    """The first event that is not as it was recorded."""

    recorded: Event
    replayed: Event

    @property
    def n(self) -> int:
        """Its number."""
        return int(self.recorded["n"])

    @property
    def fields(self) -> list[str]:
        """The names of what differs between the two events."""
        names = dict.fromkeys((*self.recorded, *self.replayed))
        return [name for name in names if self.recorded.get(name) != self.replayed.get(name)]

    def __str__(self) -> str:
        if self.recorded["kind"] != self.replayed["kind"]:
            return f"event {self.n} was {_words(self.recorded)}, and is {_words(self.replayed)}"
        changes = (f"{name} was {self.recorded.get(name)!r}, is {self.replayed.get(name)!r}" for name in self.fields)
        return f"event {self.n}, {_words(self.recorded)}, differs: {'; '.join(changes)}"


def _words(event: Event) -> str:
    return f"{event['kind']} at {format_duration(event['t'])}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of running a recording again."""

    event_count: int
    """So many events came, and were as recorded."""
    sha256: str
    """The digest of their lines."""
    difference: Difference | None
    """What was not; the run was ended there."""
    report: Report
    simulated_ns: int
    """When the last of the events came."""

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "is_same": self.difference is None,
            "events": self.event_count,
            "sha256": self.sha256,
            "simulated_ns": self.simulated_ns,
            "difference": None
            if self.difference is None
            else {
                "n": self.difference.n,
                "recorded": self.difference.recorded,
                "replayed": self.difference.replayed,
                "fields": self.difference.fields,
            },
        }


def replay(recording: Recording, *, heard: Callable[[bytes], None] = lambda _data: None) -> Replayed:
    """Run ``recording`` again from its beginning, as fast as possible; ``heard`` gets what the board's console says.

    Raises `UsageError` if there is not in it what that takes.
    """
    recording.check()
    request, setting = recording.restored()
    comparison = _Comparison(recording)
    report = run_setting(request, setting, heard=heard, observe=comparison.look_on)
    return Replayed(
        event_count=comparison.count,
        sha256=comparison.sha256,
        difference=comparison.difference,
        report=report,
        simulated_ns=comparison.simulated_ns,
    )


class _Comparison:
    """Compares the events of a run with those of a recording, and ends the run at the first that differs."""

    def __init__(self, recording: Recording) -> None:
        self.count = 0
        self.simulated_ns = 0
        self.difference: Difference | None = None
        self._recording = recording
        self._lines = LogLines()
        self._is_over = False

    @property
    def sha256(self) -> str:
        """The digest of the lines that were the same."""
        return hashlib.sha256(b"".join(self._recording.lines[: self.count])).hexdigest()

    @contextmanager
    def look_on(self, stage: Stage) -> Iterator[None]:
        """Compare what happens in the run while the block lasts."""

        def compare(event: Event) -> None:
            if not self._is_over and self._compare(event):
                self._is_over = True
                stage.stop()

        unsubscribe = stage.world.events.subscribe(compare)
        try:
            yield
        finally:
            unsubscribe()

    def _compare(self, event: Event) -> bool:
        """Compare the next event; return whether there is nothing left to compare."""
        recorded = self._recording.lines
        if self.count == len(recorded):
            return True
        line = self._lines.line(event)
        if line != recorded[self.count]:
            self.difference = Difference(self._recording.event(self.count), json.loads(line))
            return True
        self.count += 1
        self.simulated_ns = event["t"]
        return False
