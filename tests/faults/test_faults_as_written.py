"""How a fault is written: ``NAME[@WHEN][+TIME]``."""

from __future__ import annotations

import pytest

from simulator.errors import UsageError
from simulator.faults import FAULTS, Always, AtByte, AtCut, AtFlashOp, AtShare, AtTime, Layer, Moment, parse_fault
from simulator.flash import Cut
from simulator.units import NS_PER_S


@pytest.mark.parametrize(
    ("text", "name", "when", "duration_s"),
    [
        ("slow", "slow", Always(), None),
        ("slow@3s", "slow", AtTime(3 * NS_PER_S), None),
        ("slow@1m30s+500ms", "slow", AtTime(90 * NS_PER_S), 0.5),
        ("ap-down+20s", "ap-down", AtShare(0.5), 20),
        ("truncate-clean@12.5%", "truncate-clean", AtShare(0.125), None),
        ("truncate-clean@0%", "truncate-clean", AtShare(0.0), None),
        ("drip@byte:64K", "drip", AtByte(65536), None),
        ("drip@byte:100", "drip", AtByte(100), None),
        ("blackhole@flash-op:1742+1s", "blackhole", AtFlashOp(1742), 1),
        ("stuck-sector@flash-op:1742", "stuck-sector", AtFlashOp(1742), None),
        ("power-cut", "power-cut", AtShare(0.5), 1),
        ("power-cut@flash-op:1742", "power-cut", AtCut(Cut(1742, "before")), 1),
        ("power-cut@flash-op:1742:torn:0.25:bits+5s", "power-cut", AtCut(Cut(1742, "torn", 0.25, "bits")), 5),
        ("brownout@flash-op:0:after", "brownout", AtCut(Cut(0, "after")), None),
        ("reset@flash-op:7:after", "reset", AtCut(Cut(7, "after")), None),
        (" huge ", "huge", Always(), None),
    ],
)
def test_says_what_goes_wrong_and_when_and_for_how_long(
    text: str, name: str, when: Moment, duration_s: float | None
) -> None:
    fault = parse_fault(text)
    assert (fault.name, fault.when) == (name, when)
    assert fault.duration_ns == (None if duration_s is None else duration_s * NS_PER_S)


@pytest.mark.parametrize(
    "text",
    [
        *FAULTS,
        *("slow@0s", "slow@1500ms", "slow@90s+1ns", "ap-down@12345us+20s", "drip@byte:65537", "truncate-clean@0%"),
        *("truncate-clean@33.333333%", "drip@0.000001%", "drip@100%", "blackhole@flash-op:0+1s"),
    ],
)
def test_a_fault_is_written_so_that_it_is_read_as_the_same(text: str) -> None:
    fault = parse_fault(text)
    assert parse_fault(fault.text) == fault


@pytest.mark.parametrize("text", ["slow", "slow@1500ms+3s", "drip@byte:65537", "truncate-clean@12.5%"])
def test_what_is_written_shortly_is_written_back_as_it_was(text: str) -> None:
    assert parse_fault(text).text == text


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_a_moment_of_its_own(name: str) -> None:
    fault = parse_fault(name)
    if not fault.kind.lasts:
        assert isinstance(fault.when, AtShare), "what strikes once needs a place to strike"
    assert name in str(fault)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--fault '': there is no such fault 'luatwin faults' lists them"),
        ("@3s", "there is no such fault"),
        ("truncate", "there is no such fault; did you mean truncate-reset?"),
        ("slow@", "there is no such fault"),
        ("slow@soon", "'soon' is no moment; write a time such as 3s, a share of the download such as 50%, byte:64K or"),
        ("slow@150%", "150% of the download is more than there is"),
        ("slow@flash-op:x", "'flash-op:x' is no moment"),
        ("slow@flash-op:5:torn", "'flash-op:5:torn' is no moment"),
        ("power-cut@flash-op:x", "--fault 'power-cut@flash-op:x': 'x' is no power cut"),
        ("power-cut@flash-op:1:torn:2", "'2' is no share of an operation; write a number from 0 to 1"),
        ("reset@flash-op:7:torn:0.5", "a flash chip with power does what it has begun; write before or after"),
        ("brownout+3s", "brownout strikes once, it does not last"),
        ("slow@byte:x", "'x' is not a size"),
        ("slow+ever", "'ever' is not a time"),
        ("corrupt-byte+3s", "--fault 'corrupt-byte+3s': corrupt-byte strikes once, it does not last"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_fault(text)
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("when", [AtShare(0.0), AtShare(0.5), AtShare(1.0), AtByte(0), AtByte(10**6)])
def test_a_place_is_always_inside_the_image(size: int, when: AtShare | AtByte) -> None:
    assert 0 <= when.offset(size) < size


def test_every_layer_has_faults() -> None:
    assert {kind.layer for kind in FAULTS.values()} == set(Layer)
