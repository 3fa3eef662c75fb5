from __future__ import annotations

import pytest

from simulator.flash import FlashArgumentError, FlashChip, ReadTrackingChip
from simulator.units import KIB

SECTOR = 4 * KIB


@pytest.fixture
def chip() -> ReadTrackingChip:
    return ReadTrackingChip(8 * SECTOR, bytes(range(256)) * 128)


def test_every_way_to_read_is_noted_by_sector(chip: ReadTrackingChip) -> None:
    chip.read(SECTOR - 1, 2)
    chip.read_mapped(3 * SECTOR, SECTOR)
    chip.map(5 * SECTOR + 1, 1)
    assert chip.read_sectors == (0, 1, 3, 5)


def test_sectors_are_told_in_the_order_in_which_they_were_first_read(chip: ReadTrackingChip) -> None:
    for index in (5, 2, 5, 7, 0, 2):
        chip.read(index * SECTOR, 1)
    assert chip.read_sectors == (5, 2, 7, 0)


def test_nothing_is_read_by_an_empty_read_or_a_refused_one_or_beyond_the_chip(chip: ReadTrackingChip) -> None:
    chip.read(5, 0)
    with pytest.raises(FlashArgumentError):
        chip.read(7 * SECTOR, 2 * SECTOR)
    chip.read_mapped(8 * SECTOR, SECTOR)
    chip.map(9 * SECTOR, 1)
    assert not chip.read_sectors
    chip.read_mapped(7 * SECTOR, 2 * SECTOR)
    assert chip.read_sectors == (7,)


def test_what_is_read_after_it_was_erased_does_not_count(chip: ReadTrackingChip) -> None:
    chip.erase(0, 2 * SECTOR)
    chip.program(0, b"new")
    chip.read(0, 3 * SECTOR)
    assert chip.read_sectors == (2,)


def test_what_was_read_before_it_was_erased_counts(chip: ReadTrackingChip) -> None:
    chip.read(0, 1)
    chip.erase(0, SECTOR)
    chip.read(0, 1)
    assert chip.read_sectors == (0,)


def test_programming_and_looking_from_outside_is_no_reading(chip: ReadTrackingChip) -> None:
    chip.program(0, b"new")
    chip.snapshot()
    chip.to_bytes()
    assert not chip.read_sectors
    chip.read(0, 1)
    assert chip.read_sectors == (0,)


def test_a_mark_begins_anew(chip: ReadTrackingChip) -> None:
    chip.read(0, 1)
    chip.erase(SECTOR, SECTOR)
    chip.mark()
    assert not chip.read_sectors
    chip.read(SECTOR, 1)
    assert chip.read_sectors == (1,)


def test_it_is_made_from_a_snapshot_and_does_what_a_chip_does() -> None:
    chips = [
        kind.from_snapshot(FlashChip(8 * SECTOR, b"\x0f" * SECTOR).snapshot()) for kind in (FlashChip, ReadTrackingChip)
    ]
    for chip in chips:
        chip.program(1, b"\x33")
        chip.erase(SECTOR, SECTOR)
        assert chip.read(0, 2) == bytes(chip.map(0, 2)) == chip.read_mapped(0, 2) == b"\x0f\x03"
    assert chips[0].snapshot() == chips[1].snapshot()
    assert chips[0].take_busy_ns() == chips[1].take_busy_ns()
