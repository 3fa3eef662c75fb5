"""What a control of a part is set to over time: in steps, along a ramp, or as a sine. Times count from the start.

A course is a value, so that many boards can follow one. Those that never jump are followed in small steps.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Protocol


class Course(Protocol):
    """A function of time. ``is_smooth``: it never jumps, so that a single step of it is no event."""

    @property
    def is_smooth(self) -> bool:
        """Whether it never jumps."""
        ...

    @property
    def is_endless(self) -> bool:
        """Whether it goes on for ever, and so nobody waits for its end."""
        ...

    def at(self, time_ns: int) -> float | str | None:
        """Return the value from ``time_ns`` on; None before it has one."""
        ...

    def next_ns(self, after_ns: int) -> int | None:
        """Return when it next has another value; None if never."""
        ...


@dataclass(frozen=True, slots=True)
class Steps:
    """Values from given moments on, in order; after ``repeat_ns`` from the beginning again."""

    times_ns: tuple[int, ...]
    values: tuple[float | str, ...]
    repeat_ns: int | None = None
    keeps_waiting: bool = True
    """Whether its last step is worth waiting for; a day of weather is not."""
    is_smooth: bool = False

    @property
    def is_endless(self) -> bool:
        """Whether it goes on for ever, or as good as."""
        return self.repeat_ns is not None or not self.keeps_waiting

    def at(self, time_ns: int) -> float | str | None:
        """Return the value of the last step."""
        index = bisect_right(self.times_ns, self._folded(time_ns)) - 1
        if index >= 0:
            return self.values[index]
        return self.values[-1] if self.repeat_ns is not None and time_ns >= self.repeat_ns else None

    def next_ns(self, after_ns: int) -> int | None:
        """Return when the next step is."""
        folded_ns = self._folded(after_ns)
        index = bisect_right(self.times_ns, folded_ns)
        if index < len(self.times_ns):
            return after_ns - folded_ns + self.times_ns[index]
        return None if self.repeat_ns is None else after_ns - folded_ns + self.repeat_ns + self.times_ns[0]

    def _folded(self, time_ns: int) -> int:
        return time_ns if self.repeat_ns is None else time_ns % self.repeat_ns


@dataclass(frozen=True, slots=True)
class Ramp:
    """A straight line between two values, which it has before and after."""

    first: float
    last: float
    start_ns: int
    over_ns: int
    every_ns: int
    is_smooth: bool = True
    is_endless: bool = False

    def at(self, time_ns: int) -> float:
        """Return the value on the line."""
        share = min(max(time_ns - self.start_ns, 0), self.over_ns) / self.over_ns
        return self.first + (self.last - self.first) * share

    def next_ns(self, after_ns: int) -> int | None:
        """Return when to look again; the end counts in any case."""
        end_ns = self.start_ns + self.over_ns
        if after_ns >= end_ns:
            return None
        if after_ns < self.start_ns:
            return min(self.start_ns + self.every_ns, end_ns)
        return min(after_ns + self.every_ns, end_ns)


@dataclass(frozen=True, slots=True)
class Sine:
    """A wave around a value, from that upwards."""

    middle: float
    swing: float
    period_ns: int
    every_ns: int
    is_smooth: bool = True
    is_endless: bool = True

    def at(self, time_ns: int) -> float:
        """Return the value of the wave."""
        return self.middle + self.swing * math.sin(2 * math.pi * (time_ns % self.period_ns) / self.period_ns)

    def next_ns(self, after_ns: int) -> int:
        """Return when to look again."""
        return after_ns + self.every_ns
