"""Runs a recording again, event by event, as far as it is the same."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from simulator.board_state import BoardState, board_state
from simulator.device.device import Device
from simulator.events import Event
from simulator.faults import Fault
from simulator.recording import LogLines, Recording
from simulator.session import Report, Stage, run_setting
from simulator.units import format_duration
from simulator.world import World

EVENTS_SHOWN: Final = 8
"""So many of the last events are part of what is shown of a moment."""


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

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "n": self.n,
            "words": str(self),
            "recorded": self.recorded,
            "replayed": self.replayed,
            "fields": self.fields,
        }


def _words(event: Event) -> str:
    return f"{event['kind']} at {format_duration(event['t'])}"


@dataclass(frozen=True, slots=True)
class AtEvent:
    """Just after the event with this number."""

    n: int


@dataclass(frozen=True, slots=True)
class AtTime:
    """When everything up to this simulated time has happened."""

    time_ns: int


Moment: TypeAlias = AtEvent | AtTime
Then: TypeAlias = Callable[[BoardState, World, Device], Awaitable[None]]
"""Takes over the board at a moment, as it is then."""


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
    state: BoardState | None
    """The board at the moment that was asked for, or at the end of the run if that came first."""

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        difference = self.difference
        return {
            "is_same": difference is None,
            "events": self.event_count,
            "sha256": self.sha256,
            "simulated_ns": self.simulated_ns,
            "difference": difference and difference.to_json(),
            "state": self.state and self.state.to_json(),
        }


def replay(
    recording: Recording,
    *,
    to: Moment | None = None,
    faults: Sequence[Fault] = (),
    heard: Callable[[bytes], None] = lambda _data: None,
    remark: Callable[[str], None] = lambda _text: None,
    then: Then | None = None,
) -> Replayed:
    """Run ``recording`` again from its beginning, as fast as possible, to its end or ``to`` a moment.

    With ``faults`` that it did not have it is another run from the first difference on, and that does not end it.
    ``heard`` gets what the board's console says, ``remark`` what is to be said of a fault that did not come; ``then``
    gets the board at the moment, or at the end, unless the run was another one. Raises `UsageError` if what all that
    takes is not in the recording.
    """
    recording.check()
    request, setting = recording.restored()
    comparison = _Comparison(recording, to, then, goes_on=bool(faults))
    request = dataclasses.replace(request, faults=(*request.faults, *faults))
    report = run_setting(request, setting, heard=heard, remark=remark, observe=comparison.look_on)
    return Replayed(
        event_count=comparison.count,
        sha256=hashlib.sha256(b"".join(recording.lines[: comparison.count])).hexdigest(),
        difference=comparison.difference,
        report=report,
        simulated_ns=comparison.simulated_ns,
        state=comparison.state,
    )


class _Comparison:
    """Compares the events of a run with those of a recording, and ends the run at the first that differs."""

    def __init__(self, recording: Recording, to: Moment | None, then: Then | None, *, goes_on: bool) -> None:
        self.count = 0
        self.simulated_ns = 0
        self.difference: Difference | None = None
        self.state: BoardState | None = None
        self._recording = recording
        self._to = to
        self._then = then
        self._goes_on = goes_on
        self._lines = LogLines()
        self._is_over = False

    @contextmanager
    def look_on(self, stage: Stage) -> Iterator[None]:
        """Compare what happens in the run while the block lasts."""

        def end() -> None:
            self._is_over = True
            stage.stop()

        def end_here() -> None:
            if not self._is_over:
                self._look(stage)
                end()

        def compare(event: Event) -> None:
            if self._is_over:
                return
            if not self._is_as_recorded(event):
                if not self._goes_on:
                    stage.stop.then = None
                    end()
            elif self._to == AtEvent(event["n"]):
                end_here()

        if self._then is not None:
            stage.stop.then = partial(self._hand_over, stage, self._then)
        if isinstance(self._to, AtTime):
            stage.world.at_rest(self._to.time_ns, end_here)
        unsubscribe = stage.world.events.subscribe(compare)
        try:
            yield
        finally:
            unsubscribe()
        if self._to is not None and not self._is_over:
            self._look(stage)
        self._is_over = True

    async def _hand_over(self, stage: Stage, then: Then, world: World, device: Device) -> None:
        if self.state is None:
            self._look(stage)
        assert self.state is not None
        self._is_over = True
        await then(self.state, world, device)

    def _is_as_recorded(self, event: Event) -> bool:
        """Compare the next event."""
        recorded = self._recording.lines
        if self.difference is not None:
            return False
        if not recorded:  # it has only the beginning, and there is nothing to compare
            return True
        if self.count == len(recorded):  # the recording was cut off
            return False
        line = self._lines.line(event)
        if line != recorded[self.count]:
            self.difference = Difference(self._recording.event(self.count), json.loads(line))
            return False
        self.count += 1
        self.simulated_ns = event["t"]
        return True

    def _look(self, stage: Stage) -> None:
        # What came after the first difference is in no recording.
        events = [self._recording.event(n) for n in range(max(0, self.count - EVENTS_SHOWN), self.count)]
        self.state = board_state(stage.device, stage.world.now_ns(), events)
