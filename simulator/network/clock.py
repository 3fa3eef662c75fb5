"""The clock of a world, and how it gets along with real sockets.

A world without real sockets runs on virtual time: whenever every task waits, the clock jumps to the next deadline.
A task that waits for a real socket waits for something that no jump brings about, and to the clock it looks like any
other; so while a real operation is under way the clock does not jump but keeps the pace of the wall clock, and a
timeout of ten seconds around it means ten real seconds. When nothing real is under way any more it jumps again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

import trio
from trio._core._mock_clock import MockClock  # `trio.testing` has it too, and imports pytest if there is one: 80 ms

from simulator.units import NS_PER_S


class WorldClock:
    """The time of one world, from 0 on. Give `trio_clock` to the run.

    ``speed`` is simulated seconds per wall-clock second; None means as fast as possible.
    """

    def __init__(self, speed: float | None = None) -> None:
        self._pace = (0.0, 0.0) if speed is None else (speed, inf)
        self._clock = MockClock(*self._pace)
        self._real_operations = 0

    @property
    def trio_clock(self) -> trio.abc.Clock:
        """What `trio.run` takes as its clock."""
        return self._clock

    def now_ns(self) -> int:
        """Return the simulated nanoseconds since the world began."""
        return round(self._clock.current_time() * NS_PER_S)

    @contextmanager
    def real_io(self) -> Iterator[None]:
        """Keep the pace of the wall clock inside this block, in which a real operation is waited for."""
        if self._real_operations == 0:
            self._clock.rate, self._clock.autojump_threshold = 1.0, inf
        self._real_operations += 1
        try:
            yield
        finally:
            self._real_operations -= 1
            if self._real_operations == 0:
                self._clock.rate, self._clock.autojump_threshold = self._pace
