from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.flash import Cut, FlashChip, FlashOperation, FlashSnapshot, Journal, apply_cut, cuts_of, parse_cut
from simulator.flash.cut import PATTERNS, PHASES, Pattern
from simulator.units import KIB
from tests.helpers import torn

SECTOR = 4 * KIB
BLOCK = 64 * KIB

OLD = FlashChip(4 * SECTOR, b"\x0f" * 4 * SECTOR).snapshot()
PROGRAM = FlashOperation(7, "program", SECTOR - 100, 300, b"\x0a" * 300)
ERASE = FlashOperation(8, "erase", SECTOR, SECTOR, b"")


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def ones(data: bytes) -> int:
    return number(data).bit_count()


# --- how cuts are written


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("1742:before", Cut(1742, "before")),
        ("0:after", Cut(0, "after")),
        ("1742:torn:0.5", Cut(1742, "torn", 0.5)),
        ("1742:torn:0.5:bits", Cut(1742, "torn", 0.5, "bits")),
        ("3:torn:1", Cut(3, "torn", 1.0)),
        ("3:torn:0:zeros", Cut(3, "torn", 0.0, "zeros")),
    ],
)
def test_cuts_are_written_as_the_manual_says(text: str, cut: Cut) -> None:
    assert parse_cut(text) == cut
    assert str(cut) == text


def test_what_is_left_out_is_before_the_operation_or_half_of_it() -> None:
    assert parse_cut("12") == Cut(12, "before")
    assert parse_cut("12:torn") == Cut(12, "torn", 0.5)


@given(st.integers(0, 999_999_999), st.sampled_from(PHASES), st.floats(0, 1), st.sampled_from(PATTERNS))
@example(0, "torn", 1e-300, "prefix")
def test_every_cut_can_be_read_back_as_it_was_written(
    operation: int, phase: str, share: float, pattern: Pattern
) -> None:
    cut = Cut(operation, "torn", share, pattern) if phase == "torn" else Cut(operation, phase)  # type: ignore[arg-type]
    assert parse_cut(str(cut)) == cut


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no power cut; write the number of a flash operation"),
        ("x:before", "'x:before' is no power cut"),
        ("-1:before", "'-1:before' is no power cut"),
        ("1:later", "'1:later': 'later' is no way to cut; write before, torn"),
        ("1:before:0.5", "'1:before:0.5': 'before:0.5' is no way to cut"),
        ("1:torn:1.5", "'1:torn:1.5': '1.5' is no share of an operation; write a number from 0 to 1"),
        ("1:torn:half", "'half' is no share"),
        ("1:torn:0.5:x", "there is no pattern 'x'; there are prefix, bits, zeros, weak"),
        ("1:torn:0.5:bits:x", "is no way to cut"),
    ],
)
def test_a_cut_that_is_none_is_refused_with_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_cut(text)
    assert message in str(error.value)


# --- what a cut leaves


def test_torn_program_leaves_a_prefix_and_torn_erase_erases_one() -> None:
    chip = FlashChip(contents=b"\x0f" * 2 * BLOCK)
    chip.journal = journal = Journal(chip.snapshot())
    chip.program(SECTOR - 1, b"\x0a" * (SECTOR + 2))
    chip.erase(0, BLOCK)
    before, between, _ = journal.states()
    program, erase = journal.operations

    assert torn(before, program, 0) == before
    half = torn(before, program, 3).to_bytes()
    assert half[SECTOR - 2 : SECTOR + 4] == b"\x0f\x0a\x0a\x0a\x0f\x0f"
    assert torn(before, program, program.length) == between

    cut = torn(between, erase, SECTOR + 100)
    assert cut.to_bytes()[: SECTOR + 100] == b"\xff" * (SECTOR + 100)
    assert cut.to_bytes()[SECTOR + 100 : 2 * SECTOR] == between.to_bytes()[SECTOR + 100 : 2 * SECTOR]
    assert [FlashChip.from_snapshot(cut).erase_count(sector) for sector in (0, 1, 2)] == [1, 1, 0]
    assert torn(between, erase, erase.length) == chip.snapshot()


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 4 * SECTOR - 1), st.binary(min_size=1, max_size=600)),
            st.tuples(st.integers(0, 3), st.none()),
        ),
        max_size=8,
    )
)
@settings(max_examples=60)
def test_a_cut_after_an_operation_leaves_what_the_chip_itself_does(
    steps: list[tuple[int, bytes] | tuple[int, None]],
) -> None:
    chip = FlashChip(4 * SECTOR, b"\x77" * 5000)
    chip.journal = journal = Journal(chip.snapshot())
    states = [chip.snapshot()]
    for place, data in steps:
        if data is None:
            chip.erase(place * SECTOR, SECTOR)
        else:
            chip.program(min(place, 4 * SECTOR - len(data)), data)
        states.append(chip.snapshot())
    assert list(journal.states()) == states


@given(st.integers(0, 2 * SECTOR), st.binary(min_size=1, max_size=700), st.floats(0, 1), st.sampled_from(PATTERNS))
@settings(max_examples=200)
def test_a_torn_program_clears_only_bits_that_it_was_to_clear(
    address: int, data: bytes, share: float, pattern: Pattern
) -> None:
    operation = FlashOperation(3, "program", address, len(data), data)
    done = apply_cut(OLD, operation, Cut(3, "after"))
    left = apply_cut(OLD, operation, Cut(3, "torn", share, pattern))
    old, between, new = (number(state.to_bytes()) for state in (OLD, left, done))
    assert between & old == between
    assert between & new == new
    assert left.erase_counts == OLD.erase_counts


def test_bits_of_a_program_fall_either_way_in_the_command_under_way_only() -> None:
    """Commands of 32 bytes begin at the address and at every page, so the second page is begun at ``0x1000``."""
    old, new = OLD.to_bytes(), apply_cut(OLD, PROGRAM, Cut(7, "after")).to_bytes()
    left = apply_cut(OLD, PROGRAM, Cut(7, "torn", 150 / 300, "bits")).to_bytes()
    start, end = SECTOR + 32, SECTOR + 64
    assert left[:start] == new[:start]
    assert left[end:] == old[end:]
    assert ones(new[start:end]) < ones(left[start:end]) < ones(old[start:end])


def test_an_erase_first_programs_every_bit_to_0() -> None:
    left = apply_cut(OLD, ERASE, Cut(8, "torn", 0.25, "zeros")).to_bytes()
    assert left[SECTOR : 2 * SECTOR] == bytes(1024) + b"\x0f" * 3072
    assert left[:SECTOR] == OLD.to_bytes()[:SECTOR]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 1])
def test_then_it_raises_all_bits_of_the_sector_some_sooner_some_later(share: float) -> None:
    block = FlashOperation(0, "erase", 0, BLOCK, b"")
    left = apply_cut(FlashChip(BLOCK).snapshot(), block, Cut(0, "torn", share, "bits"))
    assert all(abs(ones(sector) / (8 * SECTOR) - share) < 0.02 for sector in left.sectors)
    assert len(set(left.sectors)) == (1 if share in (0, 1) else 16)
    assert set(FlashChip.from_snapshot(left).erase_counts) == {1}


def test_what_falls_by_chance_is_the_same_every_time_and_another_for_every_operation() -> None:
    def left(index: int) -> list[FlashSnapshot]:
        operations = (PROGRAM._replace(index=index), ERASE._replace(index=index))
        return [apply_cut(OLD, operation, Cut(index, "torn", 0.5, "bits")) for operation in operations]

    assert left(7) == left(7)
    assert all(one != other for one, other in zip(left(7), left(8), strict=True))


def test_sectors_that_an_operation_does_not_touch_are_shared() -> None:
    for cut in cuts_of(ERASE, patterns=PATTERNS):
        left = apply_cut(OLD, ERASE, cut)
        assert [a is b for a, b in zip(OLD.sectors, left.sectors, strict=True)][::2] == [True, True]
    assert apply_cut(OLD, ERASE, Cut(8, "before")) is OLD


# --- which cuts there are


def test_cuts_of_an_operation_are_before_it_torn_and_after_it() -> None:
    assert list(map(str, cuts_of(ERASE))) == [
        "8:before", "8:torn:0.25", "8:torn:0.5", "8:torn:0.75", "8:after",
    ]  # fmt: skip
    assert list(map(str, cuts_of(PROGRAM, shares=(0.5,), patterns=PATTERNS))) == [
        "7:before", "7:torn:0.5", "7:torn:0.5:bits", "7:torn:0.5:weak", "7:after",
    ]  # fmt: skip


def test_cuts_that_say_the_same_are_told_once() -> None:
    """Of two bytes half is one, and so is three quarters, rounded; of one byte there is no part."""
    two = FlashOperation(0, "program", 0, 2, b"\0\0")
    assert list(map(str, cuts_of(two, shares=(0.4, 0.5, 0.6, 0.9)))) == ["0:before", "0:torn:0.4", "0:after"]
    one = FlashOperation(0, "program", 0, 1, b"\0")
    assert list(map(str, cuts_of(one, shares=(0.5,), patterns=("prefix", "bits")))) == [
        "0:before", "0:torn:0.5:bits", "0:after",
    ]  # fmt: skip


def test_all_that_the_cuts_of_an_operation_leave_differs() -> None:
    shares = tuple(step / 16 for step in range(1, 16))
    states = [apply_cut(OLD, ERASE, cut) for cut in cuts_of(ERASE, shares=shares, patterns=("prefix", "zeros"))]
    assert all(one != other for one, other in itertools.combinations(states, 2))
