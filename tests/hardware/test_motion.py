"""S-curve motion against what the firmware's own code plans."""

from __future__ import annotations

from itertools import accumulate, islice, pairwise

import pytest

from simulator.hardware.motion import Profile, plan, stretch

STEP = 1 / 200


def times(profile: Profile, distance: float, step: float = STEP) -> list[float]:
    """When each step begins, and when the last is over."""
    return [0.0, *accumulate(islice(profile.periods(step), int(distance / step + 1e-9)))]


# The firmware's s_curve_motion.c and motion_math.c, compiled for a PC, say `total_t` for these moves; and when the step
# in the middle begins, which they work out in single precision.
@pytest.mark.parametrize(
    ("slow", "fast", "acceleration", "jerk", "distance", "total_s", "middle_s"),
    [
        (1, 16.666666, 2, 20, 10, 3.661798, 1.828587),  # never reaches full speed
        (1, 16.666666, 2, 20, 2.5, 1.510394, 0.753519),
        (1, 16, 2, 20, 0.05, 0.049922, 0.024958),  # nor full acceleration
        (1, 16, 2, 20, 0.3, 0.285461, 0.142614),
        (1, 16, 2, 20, 1, 0.776305, 0.387125),
        (1, 16, 2, 20, 300, 25.875, 12.934346),  # all seven phases
        (1, 16, 0, 20, 2, 2.0, 0.999995),  # no acceleration: at the lowest speed
        (1, 1, 2, 20, 3, 3.0, 1.499993),  # one speed
        (1, 16, 2, 0.5, 3, 2.694372, 1.346842),
        (1, 1.001, 2, 20, 3, 2.997017, 1.498848),  # the speed is soon reached
        (1, 1.001, 2, 20, 0.1, 0.099914, 0.049965),
        (0.1, 16, 2, 20, 1, 1.414214, 0.691185),
    ],
)
def test_a_plan_is_that_of_the_firmware(
    slow: float, fast: float, acceleration: float, jerk: float, distance: float, total_s: float, middle_s: float
) -> None:
    profile = plan(distance, slow=slow, fast=fast, acceleration=acceleration, jerk=jerk)
    assert profile.total_s == pytest.approx(total_s, abs=2e-6)
    assert profile.distance == pytest.approx(distance)
    steps = times(profile, distance)
    assert steps[len(steps) // 2] == pytest.approx(middle_s, abs=0.02)
    assert steps[-1] == pytest.approx(total_s, abs=0.002)
    assert all(before < after for before, after in pairwise(steps))


# total_t is that of the first case above for all of them.
@pytest.mark.parametrize(
    ("distance", "speed", "quarter_s"),
    [
        (0.5, 0.13654, 0.915449),  # slower than the lowest speed: at one speed
        (2.5, 0.68272, 0.915447),
        (4, 1.09599, 0.918797),
        (7, 2.04143, 0.973185),
        (9, 2.73752, 1.008964),
        (9.9, 3.06636, 1.023400),
    ],
)
def test_a_move_that_is_stretched_is_that_of_the_firmware(distance: float, speed: float, quarter_s: float) -> None:
    total_s = 3.661798
    profile = stretch(distance, total_s, slow=1, jerk=20)
    assert profile.total_s == pytest.approx(total_s)
    assert profile.distance == pytest.approx(distance)
    assert max(phase.speed for phase in profile.phases) == pytest.approx(speed, abs=1e-4)
    steps = times(profile, distance)
    assert steps[len(steps) // 4] == pytest.approx(quarter_s, abs=0.002)


def test_steps_go_on_at_the_last_speed_when_the_phases_are_over() -> None:
    periods = list(islice(plan(1, slow=2, fast=2, acceleration=2, jerk=20).periods(0.4), 4))
    assert periods == pytest.approx([0.2] * 4)


def test_a_motor_without_speed_never_makes_a_step() -> None:
    profile = plan(1, slow=0, fast=0, acceleration=0, jerk=20)
    assert next(profile.periods(STEP)) == float("inf")


def test_a_motor_that_starts_from_rest_gets_there() -> None:
    profile = plan(1, slow=0, fast=16, acceleration=2, jerk=20)
    assert times(profile, 1)[-1] == pytest.approx(profile.total_s, abs=1e-5)
