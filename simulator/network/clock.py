"""The clock of a world, and how it gets along with real sockets.

A world without real sockets runs on virtual time: whenever every task waits, the clock jumps to the next deadline.
A task that waits for a real socket waits for something that no jump brings about, and to the clock it looks like any
other; so while a real operation is under way the clock does not jump but keeps the pace of the wall clock, and a
timeout of ten seconds around it means ten real seconds. When nothing real is under way any more it jumps again.

trio asks a clock how long to sleep only when no task can run, so that is where this one jumps. `trio.testing.MockClock`
does the same with a task of its own that waits for idleness, at one and a half times the cost of a sleep.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Final

import trio

from simulator.units import NS_PER_S

_FOR_EVER_S: Final = 86_400.0
"""How long to sleep when there is no deadline at all; trio asks again then."""


class WorldClock:
    """The time of one world, from 0 on. Give `trio_clock` to the run.

    ``speed`` is simulated seconds per wall-clock second; None means as fast as possible.
    """

    def __init__(self, speed: float | None = None) -> None:
        self._speed = speed
        self._clock = _Clock(speed)
        self._real_operations = 0

    @property
    def trio_clock(self) -> trio.abc.Clock:
        """What `trio.run` takes as its clock."""
        return self._clock

    def now_ns(self) -> int:
        """Return the simulated nanoseconds since the world began."""
        return round(self._clock.current_time() * NS_PER_S)

    def at_rest(self, time_ns: int, then: Callable[[], None]) -> None:
        """Call ``then`` once, at ``time_ns``, when all that happens until then has happened. A clock that jumps only.

        No task is running meanwhile, and none is needed for it: the run is the same as without.
        """
        self._clock.at_rest(time_ns / NS_PER_S, then)

    def set_speed(self, speed: float | None) -> None:
        """Go on at another speed from now on."""
        self._speed = speed
        if self._real_operations == 0:
            self._clock.set_speed(speed)

    @contextmanager
    def real_io(self) -> Iterator[None]:
        """Keep the pace of the wall clock inside this block, in which a real operation is waited for."""
        if self._real_operations == 0:
            self._clock.set_speed(1.0, flows=True)
        self._real_operations += 1
        try:
            yield
        finally:
            self._real_operations -= 1
            if self._real_operations == 0:
                self._clock.set_speed(self._speed)


class _Clock(trio.abc.Clock):
    """A clock with a speed that can change; None is jumping.

    Unless it flows, simulated time stands still while tasks run, and a deadline is met to the nanosecond, however late
    the host is: what happens at which time is the same as with a clock that jumps.
    """

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._time = 0.0
        self._flows = False
        self._awaited: float | None = None
        """The deadline that is slept for."""
        self._set_time = 0.0
        self._set_at = time.perf_counter()
        self._rest: tuple[float, Callable[[], None]] | None = None

    def at_rest(self, time_s: float, then: Callable[[], None]) -> None:
        """See `WorldClock.at_rest`."""
        assert self._speed is None, "it does not jump"
        self._rest = (time_s, then)

    def start_clock(self) -> None:
        """Begin at 0."""
        self._set_at = time.perf_counter()

    def set_speed(self, speed: float | None, *, flows: bool = False) -> None:
        """Go on from the present time at another speed."""
        self._set_time = self.current_time()
        self._set_at = time.perf_counter()
        self._speed = speed
        self._flows = flows

    def current_time(self) -> float:
        """Return the simulated seconds since the run began."""
        if self._flows:
            self._time = max(self._time, self._due())
        elif self._awaited is not None:
            self._time = max(self._time, min(self._awaited, self._due()))
        self._awaited = None
        return self._time

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Return the real seconds until ``deadline``, or jump there."""
        if self._speed is None:
            if self._rest is not None and self._rest[0] < deadline:
                (rest_s, then), self._rest = self._rest, None
                self._time = max(self._time, rest_s)
                then()
                return 0.0
            if deadline == inf:
                return _FOR_EVER_S
            self._time = max(self._time, deadline)
            return 0.0
        self._awaited = deadline
        return min(max(0.0, (deadline - self._due()) / self._speed), _FOR_EVER_S)

    def _due(self) -> float:
        """Return the time that it should be by now."""
        assert self._speed is not None
        return self._set_time + (time.perf_counter() - self._set_at) * self._speed
