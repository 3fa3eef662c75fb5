"""Plans of faults that a seed means."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from simulator.boards.schema import Profile
from simulator.chaos import Course, Plan, draw_plan, options_of, simpler_faults
from simulator.chaos.plan import FOREIGN
from simulator.faults import FAULTS, AtByte, AtCut, AtTime, Fault, Layer, parse_fault
from simulator.faults.fault import RESET
from simulator.flash.cut import PATTERNS, PHASES
from tests.helpers import ROOT
from tests.repeat import interpreters

SEEDS = range(1000)


def course(profile: Profile = "hardened", *, operations: int = 336, image_bytes: int = 65520) -> Course:
    decisive = (tuple(range(operations // 20)), (operations - 1,)) if operations else ()
    return Course(
        duration_ns=6_728_296_800,
        operations=operations,
        decisive=decisive,
        image_bytes=image_bytes,
        profile=profile,
    )


def plans(of: Course) -> Iterator[Plan]:
    return (draw_plan(seed, of) for seed in SEEDS)


def faults(of: Course) -> list[Fault]:
    return [fault for plan in plans(of) for fault in plan]


_TELL = """
import sys
sys.path.insert(0, sys.argv[1])
from simulator.chaos import Course, draw_plan
course = Course(**eval(sys.argv[2]))
print([[fault.text for fault in draw_plan(seed, course)] for seed in range(int(sys.argv[3]))])
"""


@pytest.mark.parametrize("version", interpreters())
def test_a_seed_means_the_same_plan_in_every_process_and_to_every_python(version: str) -> None:
    """It takes nothing but the standard library to draw one."""
    told = subprocess.run(
        [interpreters()[version], "-I", "-c", _TELL, ROOT, repr(asdict(course())), str(len(SEEDS))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str([[fault.text for fault in plan] for plan in plans(course())])


def test_a_plan_is_a_command_line_that_means_the_same_plan() -> None:
    for plan in plans(course()):
        options = options_of(plan)
        assert options[::2] == ["--fault"] * len(plan)
        assert tuple(map(parse_fault, options[1::2])) == plan


def test_other_seeds_mean_other_plans() -> None:
    assert len(set(plans(course()))) > len(SEEDS) * 0.99
    assert {len(plan) for plan in plans(course())} == {1, 2, 3, 4, 5, 6}


def test_everything_is_drawn_that_can_go_wrong_but_damaged_sectors() -> None:
    drawn = faults(course())
    assert {fault.kind for fault in drawn} == {kind for kind in FAULTS.values() if kind.layer is not Layer.FLASH}
    cuts = [fault.when.cut for fault in drawn if isinstance(fault.when, AtCut)]
    assert {cut.phase for cut in cuts} == set(PHASES)
    assert {cut.pattern for cut in cuts if cut.phase == "torn"} == set(PATTERNS)
    assert {type(fault.when) for fault in drawn} == {AtTime, AtByte, AtCut}


def test_a_stock_board_gets_no_firmware_that_is_not_for_it() -> None:
    assert {fault.name for fault in faults(course("stock"))}.isdisjoint(FOREIGN)


def test_whatever_lasts_ends_by_itself_and_whatever_has_a_place_finds_it() -> None:
    of = course()
    for fault in faults(of):
        assert (fault.duration_ns is not None) == fault.kind.lasts
        match fault.when:
            case AtTime(time_ns):
                assert 0 <= time_ns <= of.duration_ns * 5 // 4
            case AtByte(byte):
                assert 0 <= byte < of.image_bytes
            case AtCut(cut):
                assert 0 <= cut.operation <= of.operations * 3 // 2
                assert fault.kind.layer is Layer.POWER
                assert cut.phase != "torn" or fault.name != RESET


def test_a_board_that_neither_writes_nor_downloads_has_faults_at_times_alone() -> None:
    assert {type(fault.when) for fault in faults(course(operations=0, image_bytes=0))} == {AtTime}


def weight(fault: Fault) -> int:
    """How far a fault is from the simplest."""
    match fault.when:
        case AtTime(time_ns):
            where = time_ns
        case AtByte(byte):
            where = byte
        case AtCut(cut):
            where = cut.operation * 100 + PHASES.index(cut.phase) * 10 + (cut.phase == "torn") * (cut.share != 0.5)
            where += cut.phase == "torn" and cut.pattern != "prefix"
        case _:
            raise AssertionError(fault)
    return where + (fault.duration_ns or 0)


def test_every_simpler_fault_is_simpler_so_that_there_is_an_end_of_it() -> None:
    for fault in faults(course()):
        for simpler in simpler_faults(fault):
            assert weight(simpler) < weight(fault)
            assert simpler.kind is fault.kind
            assert parse_fault(simpler.text) == simpler
