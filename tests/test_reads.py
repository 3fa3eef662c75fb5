from __future__ import annotations

from contextlib import nullcontext, suppress

import pytest

from simulator.filesystem.memory import MemoryFlash
from simulator.flash import FlashChip
from tests.reads import CountedBytes, recorded_reads


def test_every_way_to_read_is_recorded_and_nothing_stays_behind() -> None:
    chip, flash = FlashChip(), MemoryFlash(4096)
    methods = FlashChip.read, FlashChip.read_mapped, FlashChip.map, MemoryFlash.read
    with recorded_reads() as reads:
        assert chip.read(1, 2) == chip.read_mapped(3, 4)[:2] == bytes(chip.map(5, 6))[:2] == flash.read(7, 8)[:2]
    assert reads.ranges == [(1, 2), (3, 4), (5, 6), (7, 8)]
    assert reads.length == 20
    assert reads.outside(range(1, 7), range(5, 11)) == [(7, 8)]
    assert methods == (FlashChip.read, FlashChip.read_mapped, FlashChip.map, MemoryFlash.read)


def read_twice(*, and_carry_on: bool) -> None:
    """Read twice where one read is allowed."""
    with recorded_reads(1):
        FlashChip().read(0, 1)
        with suppress(AssertionError) if and_carry_on else nullcontext():
            FlashChip().read(0, 1)


def test_one_read_too_many_fails_even_if_its_caller_passes_over_that() -> None:
    with pytest.raises(AssertionError, match="more than 1 reads"):
        read_twice(and_carry_on=False)
    with pytest.raises(AssertionError, match="2 reads, more than 1"):
        read_twice(and_carry_on=True)


def test_bytes_that_count() -> None:
    data = CountedBytes(b"abc")
    assert (data[0], data[1:]) == (97, b"bc")
    assert data.reads == 2
