"""From a plan that fails to a smallest one that still does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.chaos import Plan, shrink
from simulator.faults import FAULTS, AtByte, AtCut, AtTime, parse_fault
from simulator.units import NS_PER_MS

NAMES = [name for name, kind in FAULTS.items() if not kind.when]


def plan_of(*texts: str) -> Plan:
    return tuple(map(parse_fault, texts))


def texts(plan: Plan) -> list[str]:
    return [fault.text for fault in plan]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=12, unique=True), st.data())
def test_what_is_needed_together_is_found_in_any_plan(names: list[str], data: st.DataObject) -> None:
    needed = set(data.draw(st.lists(st.sampled_from(names), unique=True)))
    smallest = shrink(plan_of(*names), lambda plan: needed <= {fault.name for fault in plan})
    assert texts(smallest) == [name for name in names if name in needed]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True), st.randoms(use_true_random=False))
def test_nothing_can_be_left_out_of_what_is_found_however_strange_the_failure_is(
    names: list[str], random: Random
) -> None:
    verdicts: dict[Plan, bool] = {plan_of(*names): True}

    def fails(plan: Plan) -> bool:
        return verdicts.setdefault(plan, random.random() < 0.3)

    smallest = shrink(plan_of(*names), fails)
    assert verdicts[smallest]
    rests = [smallest[:index] + smallest[index + 1 :] for index in range(len(smallest))]
    assert not any(verdicts[rest] for rest in rests)


def at_least(milliseconds: int) -> Callable[[Plan], bool]:
    def fails(plan: Plan) -> bool:
        when = plan[0].when if plan else None
        return isinstance(when, AtTime) and when.time_ns >= milliseconds * NS_PER_MS

    return fails


@pytest.mark.parametrize(
    ("needed_ms", "found"),
    [(0, "slow@0s"), (3000, "slow@3s"), (2950, "slow@3s"), (5610, "slow@5700ms"), (5720, "slow@5720ms")],
)
def test_a_fault_becomes_as_early_as_it_can_be_or_nearly_so_and_round(needed_ms: int, found: str) -> None:
    assert texts(shrink(plan_of("slow@5721ms"), at_least(needed_ms))) == [found]


def test_a_fault_becomes_shorter() -> None:
    def fails(plan: Plan) -> bool:
        return bool(plan) and (plan[0].duration_ns or 0) >= 700 * NS_PER_MS

    assert texts(shrink(plan_of("slow@1234ms+12345ms"), fails)) == ["slow@0s+1s"]


def test_a_cut_becomes_an_earlier_and_a_plainer_one() -> None:
    def fails(plan: Plan) -> bool:
        return bool(plan) and isinstance(plan[0].when, AtCut) and plan[0].when.cut.operation >= 100

    assert texts(shrink(plan_of("power-cut@flash-op:777:torn:0.3125:weak+1s"), fails)) == [
        "power-cut@flash-op:100:before+1s"
    ]

    def fails_torn(plan: Plan) -> bool:
        return bool(plan) and isinstance(plan[0].when, AtCut) and plan[0].when.cut.phase == "torn"

    assert texts(shrink(plan_of("brownout@flash-op:777:torn:0.3125:weak"), fails_torn)) == [
        "brownout@flash-op:0:torn:0.5"
    ]


def test_a_place_of_the_download_becomes_the_first_that_does() -> None:
    def fails(plan: Plan) -> bool:
        return bool(plan) and isinstance(plan[0].when, AtByte) and plan[0].when.byte > 4095

    assert texts(shrink(plan_of("corrupt-byte@byte:60001"), fails)) == ["corrupt-byte@byte:4096"]


def test_what_becomes_superfluous_by_a_simpler_fault_is_left_out() -> None:
    """The second fault is needed only as long as the first comes late."""

    def fails(plan: Plan) -> bool:
        late = any(fault.name == "slow" and fault.when != AtTime(0) for fault in plan)
        return any(fault.name == "slow" for fault in plan) and (not late or len(plan) > 1)

    assert texts(shrink(plan_of("slow@5s", "http-404@1s"), fails)) == ["slow@0s"]


def test_a_plan_that_fails_without_any_fault_shrinks_to_none() -> None:
    assert shrink(plan_of("slow", "huge", "http-404"), lambda _plan: True) == ()


def test_no_plan_is_tried_twice_and_none_after_there_were_enough() -> None:
    tried: list[Plan] = []

    def fails(plan: Plan) -> bool:
        tried.append(plan)
        return len(plan) >= 3

    smallest = shrink(plan_of("slow@7654ms+3s", "huge@123ms", "http-404", "chunked@4s"), fails)
    assert len(smallest) == 3
    assert len(tried) == len(set(tried))
    del tried[:]
    shrink(plan_of("slow@7654ms+3s", "huge@123ms", "http-404", "chunked@4s"), fails, tries_max=2)
    assert len(tried) == 2
