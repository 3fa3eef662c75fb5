"""How strong an access point is received over time, because somebody walks about with it or shuts doors.

A signal is values only: it yields when it changes to how much, in whole dBm as the receiver reports them. Whoever has
a clock (`simulator.world.World.vary_signal`) tells the `Air`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Final, NamedTuple, Protocol

from simulator.errors import UsageError
from simulator.rng import Rng
from simulator.units import NS_PER_S

FADING_DEVIATION_DB: Final = 4.0
FADING_INTERVAL_NS: Final = NS_PER_S
"""What people and doors do to a signal indoors: log-normal shadowing with the deviation of an office (ITU-R P.1238
gives 3 to 12 dB), looked at once a second. Our choice within that."""
_MEMORY: Final = 0.8
"""How much of a deviation is left after one interval: shadows come and go, they do not jump (Gudmundson's model)."""


class Step(NamedTuple):
    """A change: so many nanoseconds after the beginning, to so many dBm."""

    time_ns: int
    rssi_dbm: int


class Signal(Protocol):
    """A strength over time."""

    def steps(self, rng: Rng) -> Iterator[Step]:
        """Yield the value at 0, then every change, in order. May never end; if it does, the last value stays."""


class SignalPath:
    """A strength that changes linearly between points in time, and before the first and after the last not at all.

    ``points`` are pairs of nanoseconds since it began and dBm, in order; two at one time are a jump. Raises
    `UsageError` for none, and for points that are not in order.
    """

    def __init__(self, *points: tuple[int, float]) -> None:
        if not points:
            raise UsageError("a signal path needs at least one point: (time_ns, dBm)")
        times_ns = [time_ns for time_ns, _ in points]
        if times_ns[0] < 0 or times_ns != sorted(times_ns):
            raise UsageError(f"a signal path has its points in order of time, not at {times_ns} ns")
        self._points = points

    def at(self, time_ns: int) -> float:
        """Return the strength in dBm at ``time_ns``, not rounded."""
        before_ns, before_dbm = self._points[0]
        for after_ns, after_dbm in self._points:
            if time_ns < after_ns:
                if after_ns == before_ns:
                    return before_dbm
                return before_dbm + (after_dbm - before_dbm) * (time_ns - before_ns) / (after_ns - before_ns)
            before_ns, before_dbm = after_ns, after_dbm
        return before_dbm

    def steps(self, rng: Rng) -> Iterator[Step]:
        """See `Signal`: one step for each dBm that it passes, and one for a jump. Draws nothing."""
        before_ns, before_dbm = self._points[0]
        yield Step(0, round(before_dbm))
        for after_ns, after_dbm in self._points[1:]:
            count = abs(round(after_dbm) - round(before_dbm))
            sign = 1 if after_dbm > before_dbm else -1
            for number in range(1 if after_ns > before_ns else max(count, 1), count + 1):
                # Rounding moves on when the line passes the half between two whole values.
                half_dbm = round(before_dbm) + sign * (number - 0.5)
                share = min(max((half_dbm - before_dbm) / (after_dbm - before_dbm), 0.0), 1.0)
                yield Step(before_ns + round(share * (after_ns - before_ns)), round(before_dbm) + sign * number)
            before_ns, before_dbm = after_ns, after_dbm


class Fading:
    """A strength that wanders about ``around``, a fixed one in dBm or a path; the same seed gives the same walk.

    ``deviation_db`` is the standard deviation, ``interval_ns`` how often it changes. Raises `UsageError` for values
    that make no walk.
    """

    def __init__(
        self,
        around: float | SignalPath,
        *,
        deviation_db: float = FADING_DEVIATION_DB,
        interval_ns: int = FADING_INTERVAL_NS,
    ) -> None:
        if deviation_db < 0:
            raise UsageError(f"a deviation of {deviation_db} dB: it is 0 or more")
        if interval_ns <= 0:
            raise UsageError(f"fading every {interval_ns} ns: the interval is more than 0")
        self._around = around if isinstance(around, SignalPath) else SignalPath((0, around))
        self._deviation_db = deviation_db
        self._interval_ns = interval_ns

    def steps(self, rng: Rng) -> Iterator[Step]:
        """See `Signal`: at most one step an interval. Never ends."""
        offset_db = rng.gauss(0.0, self._deviation_db)
        time_ns = 0
        last_dbm: int | None = None
        while True:
            rssi_dbm = round(self._around.at(time_ns) + offset_db)
            if rssi_dbm != last_dbm:
                yield Step(time_ns, rssi_dbm)
                last_dbm = rssi_dbm
            offset_db = _MEMORY * offset_db + rng.gauss(0.0, self._deviation_db * sqrt(1 - _MEMORY**2))
            time_ns += self._interval_ns
