from __future__ import annotations

from itertools import islice, pairwise
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.rng import Rng
from simulator.units import NS_PER_S
from simulator.wifi import AccessPoint, Air, Fading, SignalPath

POINTS = st.lists(st.tuples(st.integers(0, 10**12), st.integers(-110, -20)), min_size=1, max_size=6).map(sorted)


def test_a_path_of_one_point_is_a_fixed_signal() -> None:
    assert list(SignalPath((5, -61)).steps(Rng(0))) == [(0, -61)]


def test_a_path_passes_every_whole_value_in_the_middle_between_two() -> None:
    path = SignalPath((NS_PER_S, -50), (5 * NS_PER_S, -54))
    assert list(path.steps(Rng(0))) == [
        (0, -50),
        (NS_PER_S * 3 // 2, -51),
        (NS_PER_S * 5 // 2, -52),
        (NS_PER_S * 7 // 2, -53),
        (NS_PER_S * 9 // 2, -54),
    ]
    assert [path.at(time_s * NS_PER_S) for time_s in (0, 2, 9)] == [-50, -51, -54]


def test_two_points_at_one_time_are_one_jump() -> None:
    path = SignalPath((0, -50), (NS_PER_S, -50), (NS_PER_S, -90), (2 * NS_PER_S, -90))
    assert list(path.steps(Rng(0))) == [(0, -50), (NS_PER_S, -90)]


@given(POINTS)
def test_after_each_step_the_path_is_what_the_step_said(points: list[tuple[int, int]]) -> None:
    path = SignalPath(*points)
    steps = list(path.steps(Rng(0)))
    assert [step.time_ns for step in steps] == sorted(step.time_ns for step in steps)
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        until_ns = points[-1][0] + 1 if following is None else following.time_ns
        if until_ns > step.time_ns + 1:
            middle_ns = (step.time_ns + until_ns) // 2
            assert abs(path.at(middle_ns) - step.rssi_dbm) <= 0.5 + 1e-6 * len(steps)


@pytest.mark.parametrize("points", [(), ((5, -50), (4, -60)), ((-1, -50),)])
def test_paths_that_lead_back_in_time_are_refused(points: tuple[tuple[int, float], ...]) -> None:
    with pytest.raises(UsageError, match="signal path"):
        SignalPath(*points)


def test_fading_wanders_about_its_mean_without_jumping() -> None:
    at_second = dict.fromkeys(range(2000), 0)
    level, steps = 0, {step.time_ns // NS_PER_S: step.rssi_dbm for step in islice(Fading(-70).steps(Rng(3)), 2000)}
    for second in at_second:
        level = at_second[second] = steps.get(second, level)
    values = list(at_second.values())
    assert mean(values) == pytest.approx(-70, abs=1)
    assert stdev(values) == pytest.approx(4, abs=0.7)
    changes = [after - before for before, after in pairwise(values)]
    assert stdev(changes) < stdev(values)


def test_fading_follows_its_path_and_its_seed() -> None:
    path = SignalPath((0, -40), (100 * NS_PER_S, -90))

    def late(seed: int) -> list[int]:
        return [step.rssi_dbm for step in islice(Fading(path, deviation_db=2).steps(Rng(seed)), 200)][-20:]

    assert late(1) == late(1) != late(2)
    assert mean(late(1)) == pytest.approx(-90, abs=3)
    steps = islice(Fading(path, deviation_db=0, interval_ns=20 * NS_PER_S).steps(Rng(0)), 6)
    assert list(steps) == [(n * 20 * NS_PER_S, -40 - 10 * n) for n in range(6)]


@pytest.mark.parametrize(("options", "word"), [({"deviation_db": -1}, "0 or more"), ({"interval_ns": 0}, "interval")])
def test_fading_that_cannot_be_is_refused(options: dict[str, int], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        Fading(-60, **options)


def test_what_dampens_an_access_point_is_a_ceiling_and_no_strength() -> None:
    air = Air()
    near, far = air.add(AccessPoint("near", rssi_dbm=-40)), air.add(AccessPoint("far", rssi_dbm=-95))
    for point in air:
        air.dampen(point, -90)
    assert (near.rssi_dbm, far.rssi_dbm) == (-90, -95)
    air.set_rssi(near, -30)
    assert near.rssi_dbm == -90
    air.dampen(near, None)
    assert near.rssi_dbm == -30
