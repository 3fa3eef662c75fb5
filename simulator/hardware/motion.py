"""S-curve motion: how a stepper gets from one place to another with limited acceleration and jerk.

Seven phases: acceleration rises, stays, falls; constant speed; and the same backwards. A short move reaches less speed,
a very short one less acceleration as well. Lengths are units, times seconds.

Lua RTOS does the same in single precision and phase by phase (``components/motion/s_curve_motion.c``), from which its
steps come up to a few milliseconds earlier or later than these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, sqrt
from typing import Final

_ITERATIONS: Final = 60
_TOLERANCE_S: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Phase:
    """A time with constant jerk; acceleration and speed are those at its start."""

    duration_s: float
    jerk: float
    acceleration: float
    speed: float

    def travelled(self, t: float) -> float:
        """Return the way after a time."""
        return self.speed * t + self.acceleration * t * t / 2 + self.jerk * t * t * t / 6

    def speed_at(self, t: float) -> float:
        """Return the speed after a time."""
        return self.speed + self.acceleration * t + self.jerk * t * t / 2

    def time_of(self, distance: float, after_s: float) -> float:
        """Return when it has travelled so far, which is not before ``after_s``."""
        if not self.jerk and not self.acceleration:
            return distance / self.speed if self.speed > 0 else inf
        low, high = after_s, self.duration_s
        t = low
        for _ in range(_ITERATIONS):  # Newton's method, within bounds
            excess = self.travelled(t) - distance
            if excess > 0:
                high = t
            else:
                low = t
            speed = self.speed_at(t)
            better = t - excess / speed if speed > 0 else inf
            if not low <= better <= high:
                better = (low + high) / 2
            if abs(better - t) < _TOLERANCE_S:
                return better
            t = better
        return t


@dataclass(frozen=True, slots=True)
class Profile:
    """A planned move."""

    phases: tuple[Phase, ...]

    @property
    def total_s(self) -> float:
        """Return how long it takes."""
        return sum(phase.duration_s for phase in self.phases)

    @property
    def distance(self) -> float:
        """Return how far it goes."""
        return sum(phase.travelled(phase.duration_s) for phase in self.phases)

    def periods(self, step: float) -> Iterator[float]:
        """Yield how long the motor takes for each stretch of the length ``step``, without end.

        What is left when rounding has made the phases too short goes on at the last speed.
        """
        phases = iter(self.phases)
        phase = next(phases)
        phase_start_s = phase_start = before_s = within_s = 0.0
        number = 0
        while True:
            number += 1
            way = number * step - phase_start
            while way > (covered := phase.travelled(phase.duration_s)):
                phase_start_s += phase.duration_s
                phase_start += covered
                way -= covered
                within_s = 0.0
                last_speed = phase.speed_at(phase.duration_s)
                phase = next(phases, Phase(inf, 0, 0, last_speed))
                if phase.duration_s == inf:
                    break
            within_s = phase.time_of(way, within_s)
            yield phase_start_s + within_s - before_s
            before_s = phase_start_s + within_s


def plan(distance: float, *, slow: float, fast: float, acceleration: float, jerk: float) -> Profile:
    """Return the move over ``distance`` from the speed ``slow`` to ``fast`` at most, and back.

    Without acceleration or jerk it stays slow. ``fast`` is not less than ``slow``.
    """
    if acceleration <= 0 or jerk <= 0:
        return constant(distance, slow)
    if fast <= slow:
        return constant(distance, fast)
    half = distance / 2
    speed = fast
    # The way up to full acceleration and back down from it at once, and the way up to full speed.
    to_full_acceleration = acceleration / jerk * (2 * slow + acceleration**2 / jerk)
    to_full_speed = (speed**2 - slow**2) / (2 * acceleration) + acceleration * (slow + speed) / (2 * jerk)
    if to_full_acceleration > half:
        acceleration = _root(lambda a: a**3 / jerk**2 + 2 * slow * a / jerk - half, acceleration)
        speed = slow + acceleration**2 / jerk
        if speed > fast:
            acceleration, speed = sqrt(jerk * (fast - slow)), fast
    elif to_full_speed > half:
        rise = acceleration**2 / jerk
        speed = (sqrt(rise**2 - 4 * (rise * slow - slow**2 - distance * acceleration)) - rise) / 2
    elif speed < slow + acceleration**2 / jerk:
        acceleration = sqrt(jerk * (speed - slow))
    return _assemble(distance, slow, speed, acceleration, jerk)


def stretch(distance: float, total_s: float, *, slow: float, jerk: float) -> Profile:
    """Return a move that takes a given time, because another one does; at one speed if no S-curve fits.

    Nothing limits its acceleration.
    """
    if jerk > 0 and total_s > 0:

        def too_far(a: float) -> float:
            """Return by how much a move with this acceleration, and no time of constant one, gets too far."""
            return total_s * slow - distance + total_s * a * a / jerk - 2 * a**3 / jerk**2

        steepest = total_s * jerk / 4  # then there is no time left for constant speed
        if too_far(0) < 0 <= too_far(steepest):
            acceleration = _root(too_far, steepest)
            return _assemble(distance, slow, slow + acceleration**2 / jerk, acceleration, jerk)
    return constant(distance, distance / total_s if total_s > 0 else 0)


def constant(distance: float, speed: float) -> Profile:
    """Return a move at one speed."""
    return Profile((Phase(distance / speed if speed > 0 else inf, 0, 0, speed),))


def _root(rising: Callable[[float], float], high: float) -> float:
    """Return where a function that rises from 0 to ``high`` is zero."""
    low = 0.0
    for _ in range(_ITERATIONS):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return high


def _assemble(distance: float, slow: float, speed: float, acceleration: float, jerk: float) -> Profile:
    ramp_s = acceleration / jerk
    full_s = max(0.0, (speed - slow - acceleration**2 / jerk) / acceleration) if acceleration else 0.0
    gained = acceleration**2 / (2 * jerk)
    up = (
        Phase(ramp_s, jerk, 0, slow),
        Phase(full_s, 0, acceleration, slow + gained),
        Phase(ramp_s, -jerk, acceleration, speed - gained),
    )
    down = (
        Phase(ramp_s, -jerk, 0, speed),
        Phase(full_s, 0, -acceleration, speed - gained),
        Phase(ramp_s, jerk, -acceleration, slow + gained),
    )
    way = sum(phase.travelled(phase.duration_s) for phase in (*up, *down))
    return Profile((*up, Phase(max(0.0, (distance - way) / speed), 0, 0, speed), *down))
