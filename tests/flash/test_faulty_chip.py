from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from simulator.flash import (
    Cut,
    FaultyFlashChip,
    FlashArgumentError,
    FlashChip,
    FlashOperation,
    FlashSnapshot,
    Journal,
    ReadTrackingChip,
    apply_cut,
    cuts_of,
    faulty,
)
from simulator.flash.cut import PATTERNS, WEAK_SHARE
from simulator.flash.damage import DISTURBING_READS, WORN_SHARE, Flaw
from simulator.flash.faulty_chip import settle
from simulator.units import KIB

SECTOR = 4 * KIB
BLOCK = 64 * KIB
ERASED = b"\xff" * SECTOR


def chip_of(sectors: int = 4, contents: bytes = b"") -> FaultyFlashChip:
    return FaultyFlashChip(sectors * SECTOR, contents)


def ones(data: bytes) -> int:
    return int.from_bytes(data, "little").bit_count()


# --- power cuts


def program(chip: FlashChip) -> None:
    chip.program(SECTOR - 100, bytes(300))


def erase(chip: FlashChip) -> None:
    chip.erase(SECTOR, SECTOR)


@pytest.mark.parametrize("work", [program, erase])
def test_a_chip_whose_power_goes_is_left_as_the_cut_says_and_goes_on_from_there(
    work: Callable[[FlashChip], None],
) -> None:
    contents = bytes(range(256)) * 64
    sound = FlashChip(4 * SECTOR, contents)
    sound.journal = journal = Journal(sound.snapshot())
    work(sound)
    (operation,) = journal.operations
    for cut in cuts_of(operation, shares=(0.1, 0.5), patterns=PATTERNS):
        chip = chip_of(4, contents)
        chip.cut_at(cut, lambda: None)
        work(chip)
        wanted = apply_cut(journal.start, operation, cut)
        assert chip.snapshot() == wanted
        chip.settle()
        assert (chip.snapshot(), chip.to_bytes()) == (wanted, wanted.to_bytes())
        assert not chip.is_dark
        chip.erase(0, 4 * SECTOR)
        assert chip.to_bytes() == 4 * ERASED


@pytest.mark.parametrize(("phase", "heard"), [("before", [0]), ("torn", [0]), ("after", [0, 1])])
def test_the_operation_that_is_cut_has_had_its_number_and_only_whole_ones_are_told(
    phase: str, heard: list[int]
) -> None:
    chip = chip_of()
    operations: list[FlashOperation] = []
    seen: list[tuple[bool, int]] = []
    chip.on_operation = operations.append
    chip.journal = journal = Journal(chip.snapshot())
    chip.cut_at(Cut(1, phase), lambda: seen.append((chip.is_dark, chip.operation_count)))  # type: ignore[arg-type]
    for number in range(5):
        chip.program(number, b"\0")
    assert seen == [(True, 2)]
    chip.settle()
    assert [operation.index for operation in operations] == heard
    chip.program(100, b"\0")
    assert [operation.index for operation in operations] == [*heard, 2]
    assert journal.operations == operations


def test_code_that_goes_on_in_the_dark_finds_what_it_wrote_and_leaves_nothing() -> None:
    chip = chip_of()
    chip.cut_at(Cut(0, "torn", 0.5), lambda: None)
    chip.program(0, b"abcd")
    chip.program(2 * SECTOR, b"later")
    chip.erase(3 * SECTOR, SECTOR)
    assert (chip.read(0, 4), chip.read(2 * SECTOR, 5)) == (b"abcd", b"later")
    assert chip.to_bytes()[:4] == b"ab\xff\xff"
    chip.settle()
    assert (chip.read(0, 4), chip.read(2 * SECTOR, 5)) == (b"ab\xff\xff", b"\xff" * 5)
    assert chip.erase_counts == (0, 0, 0, 0)


def test_a_range_can_be_cut_between_the_commands_that_erase_it() -> None:
    chip = chip_of(48, bytes(48 * SECTOR))
    chip.cut_at(Cut(1, "before"), lambda: None)
    chip.erase(0, 3 * BLOCK)
    assert chip.to_bytes() == b"\xff" * BLOCK + bytes(2 * BLOCK)


def test_power_can_go_between_operations_too_and_once_only() -> None:
    chip = chip_of()
    chip.program(0, b"a")
    chip.go_dark()
    chip.program(1, b"b")
    chip.go_dark()
    chip.settle()
    assert chip.read(0, 2) == b"a\xff"


def test_a_second_cut_can_follow_the_first() -> None:
    chip = chip_of()
    seen: list[int] = []
    for number in (1, 3):
        chip.cut_at(Cut(number, "before"), partial(seen.append, number))
    for address in range(6):
        chip.program(address, b"\0")
        if chip.is_dark:
            chip.settle()
    assert seen == [1, 3]
    assert chip.read(0, 6) == b"\0\xff\0\xff\0\0"


def test_a_call_that_is_refused_is_no_operation() -> None:
    chip = chip_of()
    chip.cut_at(Cut(0, "before"), lambda: None)
    with pytest.raises(FlashArgumentError):
        chip.program(4 * SECTOR, b"a")
    for address, length in ((1, SECTOR), (0, 5)):
        with pytest.raises(FlashArgumentError):
            chip.erase(address, length)
    chip.program(0, b"")
    assert not chip.is_dark


def test_an_ordinary_chip_becomes_one_that_fails_where_it_is_and_is_ordinary_again() -> None:
    chip = FlashChip(4 * SECTOR)
    chip.program(0, b"a")
    failing = faulty(chip)
    assert failing is chip
    assert faulty(failing) is failing
    failing.cut_at(Cut(1, "before"), lambda: None)
    settle(chip)
    assert faulty(chip) is failing
    chip.program(1, b"b")
    settle(chip)
    settle(chip)
    assert type(chip) is FlashChip
    assert chip.read(0, 2) == b"a\xff"


def test_it_fails_on_as_long_as_anything_is_wrong_with_it() -> None:
    chip = FlashChip(4 * SECTOR)
    faulty(chip).damage_sector("stuck", 1)
    faulty(chip).go_dark()
    settle(chip)
    chip.program(SECTOR, b"a")
    assert chip.read(SECTOR, 1) == b"\xff"


# --- sectors that fail


def test_a_stuck_sector_changes_no_more_and_says_nothing() -> None:
    chip = chip_of(3, b"\x0f" * 3 * SECTOR)
    chip.damage_sector("stuck", 1)
    heard: list[FlashOperation] = []
    chip.on_operation = heard.append
    chip.program(SECTOR - 1, b"\0\0")
    chip.erase(0, 3 * SECTOR)
    assert chip.to_bytes() == ERASED + b"\x0f" * SECTOR + ERASED
    assert [operation.kind for operation in heard] == ["program", "erase", "erase", "erase"]
    sound = FlashChip(3 * SECTOR)
    sound.program(SECTOR - 1, b"\0\0")
    sound.erase(0, 3 * SECTOR)
    assert chip.take_busy_ns() == sound.take_busy_ns()


def test_bits_of_a_worn_sector_do_not_rise_and_are_always_the_same() -> None:
    chip = chip_of()
    chip.damage_sector("worn", 2)
    chip.erase(0, 4 * SECTOR)
    left = chip.to_bytes()
    assert left[: 2 * SECTOR] + left[3 * SECTOR :] == 3 * ERASED
    share = 1 - ones(left[2 * SECTOR : 3 * SECTOR]) / (8 * SECTOR)
    assert share == pytest.approx(WORN_SHARE, rel=0.3)
    chip.program(2 * SECTOR, bytes(SECTOR))
    assert chip.read(2 * SECTOR, SECTOR) == bytes(SECTOR)
    chip.erase(2 * SECTOR, SECTOR)
    assert chip.to_bytes() == left


@pytest.mark.parametrize(("flaw", "sector"), [("stuck", 1), ("worn", 2)])
def test_the_next_sector_that_is_worked_on_can_be_damaged_a_worn_one_by_being_erased(flaw: Flaw, sector: int) -> None:
    chip = chip_of()
    chosen: list[int] = []
    chip.damage_next(flaw, chosen.append)
    chip.program(2 * SECTOR - 1, b"\0\0")
    chip.erase(2 * SECTOR, SECTOR)
    chip.erase(3 * SECTOR, SECTOR)
    assert chosen == [sector]
    assert chip.read(SECTOR, SECTOR) == (ERASED if flaw == "stuck" else ERASED[1:] + b"\0")


def test_what_is_to_happen_before_an_operation_happens_before_it() -> None:
    chip = chip_of()
    chip.before_operation(1, lambda: chip.damage_next("stuck"))
    chip.program(0, b"\0")
    chip.program(SECTOR, b"\0")
    chip.program(2 * SECTOR, b"\0")
    assert [chip.read(sector * SECTOR, 1) for sector in range(3)] == [b"\0", b"\xff", b"\0"]


@pytest.mark.parametrize("flaw", ["stuck", "worn"])
def test_a_repaired_chip_is_sound(flaw: Flaw) -> None:
    chip = chip_of()
    chip.damage_sector(flaw, 1)
    chip.damage_next(flaw)
    chip.repair(flaw)
    chip.program(SECTOR, bytes(SECTOR))
    chip.erase(0, 2 * SECTOR)
    assert chip.to_bytes() == 4 * ERASED


def test_a_cut_leaves_a_stuck_sector_alone() -> None:
    chip = chip_of(2, bytes(2 * SECTOR))
    chip.damage_sector("stuck", 0)
    chip.cut_at(Cut(0, "torn", 0.5), lambda: None)
    chip.erase(0, SECTOR)
    assert chip.to_bytes() == bytes(2 * SECTOR)


# --- weak bits


def weak_erase() -> FlashSnapshot:
    """Return what an erase leaves whose bits had nearly all arrived."""
    old = FlashChip(2 * SECTOR, bytes(2 * SECTOR)).snapshot()
    return apply_cut(old, FlashOperation(5, "erase", 0, SECTOR, b""), Cut(5, "torn", 0.9, "weak"))


def test_weak_bits_read_either_way_and_the_others_one_way() -> None:
    ((index, mask),) = weak_erase().weak
    assert index == 0
    assert ones(mask) / (8 * SECTOR) == pytest.approx(WEAK_SHARE, rel=0.1)
    chip = FaultyFlashChip.from_snapshot(weak_erase())
    readings = [int.from_bytes(chip.read(0, SECTOR), "little") for _ in range(8)]
    assert len(set(readings)) == 8
    firm = ~int.from_bytes(mask, "little")
    assert {reading & firm for reading in readings} == {int.from_bytes(weak_erase().sectors[0], "little") & firm}
    assert chip.read(SECTOR, SECTOR) == bytes(SECTOR)


def test_every_way_to_read_reads_weak_bits_and_repeats_in_every_run() -> None:
    def readings() -> list[bytes]:
        chip = FaultyFlashChip.from_snapshot(weak_erase())
        return [chip.read(8, 64), chip.read_mapped(8, 64), bytes(chip.map(8, 64)), chip.read(SECTOR - 8, 16)]

    assert len(set(readings()[:3])) == 3
    assert readings() == readings()


def test_weak_bits_are_firm_when_they_are_programmed_or_erased() -> None:
    chip = FaultyFlashChip.from_snapshot(weak_erase())
    chip.program(0, bytes(64))
    assert chip.read(0, 64) == bytes(64)
    assert len({chip.read(64, 64) for _ in range(4)}) == 4
    chip.erase(0, SECTOR)
    assert chip.read(0, SECTOR) == ERASED
    assert chip.snapshot().weak == ()


def test_a_program_call_leaves_weak_bits_where_it_was_to_clear_some_and_did_not() -> None:
    old = FlashChip(SECTOR, b"\x0f" * SECTOR).snapshot()
    operation = FlashOperation(9, "program", 100, 64, b"\x55" * 64)
    left = apply_cut(old, operation, Cut(9, "torn", 0.25, "weak"))
    ((_, mask),) = left.weak
    assert ones(mask[:100]) == ones(mask[132:]) == 0
    assert 0 < ones(mask) < 64
    assert set(mask[100:132]) <= {0, 0x02, 0x08, 0x0A}
    assert all(weak & ~left.sectors[0][place] == 0 for place, weak in enumerate(mask))


def test_weak_bits_stay_so_over_snapshots_and_other_cuts() -> None:
    chip = FaultyFlashChip.from_snapshot(weak_erase())
    other = FlashOperation(6, "program", SECTOR, 4, b"\0" * 4)
    assert FaultyFlashChip.from_snapshot(chip.snapshot()).snapshot() == weak_erase()
    assert apply_cut(weak_erase(), other, Cut(6, "torn", 0.5)).weak == weak_erase().weak
    again = FlashOperation(7, "erase", 0, SECTOR, b"")
    ((_, half),) = apply_cut(weak_erase(), again, Cut(7, "torn", 0.5)).weak
    assert ones(half[: SECTOR // 2]) == 0 < ones(half[SECTOR // 2 :])
    assert apply_cut(weak_erase(), again, Cut(7, "torn", 0.5, "bits")).weak == ()


def test_to_a_chip_that_cannot_fail_weak_bits_are_as_they_fell_first() -> None:
    chip = FlashChip.from_snapshot(weak_erase())
    assert chip.read(0, SECTOR) == chip.read(0, SECTOR) == weak_erase().sectors[0]


# --- read disturb


def test_reading_disturbs_only_if_it_is_to() -> None:
    chip = chip_of()
    for _ in range(2 * DISTURBING_READS):
        chip.read(0, 16)
    assert chip.to_bytes() == 4 * ERASED
    chip.let_reading_disturb(on=True)
    for count in range(1, 4):
        for _ in range(DISTURBING_READS):
            chip.read(0, 16)
        assert ones(chip.to_bytes()[:SECTOR]) == 8 * SECTOR - count
    chip.let_reading_disturb(on=False)
    chip.erase(0, SECTOR)
    chip.read(0, SECTOR)
    assert chip.to_bytes() == 4 * ERASED


# --- as a chip


def test_a_chip_that_could_fail_and_does_not_is_a_chip() -> None:
    chips: list[FlashChip] = [FlashChip(32 * SECTOR, b"\x0f" * SECTOR), chip_of(32, b"\x0f" * SECTOR)]
    chips.append(ReadTrackingChip(32 * SECTOR, b"\x0f" * SECTOR))
    for chip in chips:
        chip.program(1, b"\x33" * 5000)
        chip.erase(0, 17 * SECTOR)
        chip.program(5, b"abc")
        chip.read(0, 100)
    assert len({chip.snapshot() for chip in chips}) == 1
    assert len({(chip.operation_count, chip.take_busy_ns()) for chip in chips}) == 1


def test_a_chip_that_notes_what_is_read_can_fail_too() -> None:
    chip = ReadTrackingChip.from_snapshot(weak_erase())
    assert chip.read(0, 64) != chip.read(0, 64)
    chip.cut_at(Cut(0, "before"), lambda: None)
    chip.program(SECTOR, b"\0")
    settle(chip)
    assert type(chip) is ReadTrackingChip
    assert chip.read_sectors == (0,)
