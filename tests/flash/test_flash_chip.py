from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.flash import FlashArgumentError, FlashChip, FlashOperation, Journal, erase_commands
from simulator.flash.timing import PARTS, TYPICAL, W25Q32JV_MAXIMUM
from simulator.formats import EspErr
from simulator.units import KIB, MIB, NS_PER_MS

SECTOR = 4 * KIB
BLOCK = 64 * KIB


def small_chip(contents: bytes = b"") -> FlashChip:
    return FlashChip(4 * SECTOR, contents)


def code_of(call: object, *args: object) -> EspErr:
    assert callable(call)
    with pytest.raises(FlashArgumentError) as error:
        call(*args)
    return error.value.code


# --- NOR rules


def test_new_chip_is_erased_where_its_contents_end() -> None:
    chip = small_chip(b"abc")
    assert chip.size_bytes == 4 * SECTOR
    assert chip.to_bytes() == b"abc" + b"\xff" * (4 * SECTOR - 3)
    assert FlashChip().size_bytes == 4 * MIB


def test_programming_only_clears_bits() -> None:
    chip = small_chip()
    chip.program(10, b"\xf0\x0f")
    chip.program(10, b"\xcc\xff")
    assert chip.read(8, 6) == b"\xff\xff\xc0\x0f\xff\xff"


def test_erasing_sets_every_bit_of_the_sector_and_of_no_other() -> None:
    chip = small_chip(b"\0" * 4 * SECTOR)
    chip.erase(SECTOR, SECTOR)
    assert chip.to_bytes() == b"\0" * SECTOR + b"\xff" * SECTOR + b"\0" * 2 * SECTOR


def test_programming_crosses_sectors() -> None:
    chip = small_chip()
    data = bytes(range(256)) * 40
    chip.program(SECTOR - 5, data)
    assert chip.read(SECTOR - 5, len(data)) == data
    assert chip.read(0, SECTOR - 5) == b"\xff" * (SECTOR - 5)


def test_a_whole_sector_at_once_equals_its_pieces() -> None:
    data = bytes(range(256)) * 16
    whole, pieces = small_chip(), small_chip()
    whole.program(SECTOR, data)
    for start in range(0, SECTOR, 100):
        pieces.program(SECTOR + start, data[start : start + 100])
    assert whole.to_bytes() == pieces.to_bytes()


def test_empty_program_and_empty_erase_do_nothing() -> None:
    chip = small_chip()
    chip.program(4 * SECTOR, b"")
    chip.erase(0, 0)
    assert chip.operation_count == 0
    assert chip.take_busy_ns() == 0
    assert chip.read(4 * SECTOR, 0) == b""


@settings(max_examples=200, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("program"), st.integers(0, 4 * SECTOR), st.binary(max_size=40)),
            st.tuples(st.just("program"), st.integers(0, 4 * SECTOR), st.just(b"\x5a" * 5000)),
            st.tuples(st.just("erase"), st.integers(0, 4), st.integers(0, 4)),
            st.tuples(st.just("snapshot"), st.just(0), st.just(0)),
        ),
        max_size=20,
    )
)
def test_chip_does_what_a_plain_array_with_the_nor_rules_does(steps: list[tuple[str, int, bytes | int]]) -> None:
    chip = small_chip()
    model = bytearray(b"\xff" * 4 * SECTOR)
    for kind, where, what in steps:
        if kind == "program" and isinstance(what, bytes) and where + len(what) <= len(model):
            chip.program(where, what)
            for offset, byte in enumerate(what):
                model[where + offset] &= byte
        elif kind == "erase" and isinstance(what, int) and where + what <= 4:
            chip.erase(where * SECTOR, what * SECTOR)
            model[where * SECTOR : (where + what) * SECTOR] = b"\xff" * what * SECTOR
        elif kind == "snapshot":
            chip = FlashChip.from_snapshot(chip.snapshot())
    assert chip.to_bytes() == model
    assert chip.read(100, 2 * SECTOR) == model[100 : 100 + 2 * SECTOR]


# --- arguments


def test_ranges_beyond_the_chip_are_an_invalid_size() -> None:
    chip = small_chip()
    size = chip.size_bytes
    assert code_of(chip.read, size - 1, 2) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(chip.read, -1, 1) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(chip.read, 0, -1) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(chip.program, size - 1, b"ab") == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(chip.erase, size - SECTOR, 2 * SECTOR) == EspErr.ESP_ERR_INVALID_SIZE
    assert chip.operation_count == 0
    assert chip.take_busy_ns() == 0


def test_erase_wants_whole_sectors_and_judges_the_address_first() -> None:
    chip = small_chip()
    assert code_of(chip.erase, 1, 1) == EspErr.ESP_ERR_INVALID_ARG
    assert code_of(chip.erase, 0, 1) == EspErr.ESP_ERR_INVALID_SIZE


def test_impossible_chips_are_refused() -> None:
    with pytest.raises(ValueError, match="whole sectors"):
        FlashChip(1000)
    with pytest.raises(ValueError, match="do not fit"):
        FlashChip(SECTOR, bytes(SECTOR + 1))
    with pytest.raises(ValueError, match="snapshot is of a chip"):
        FlashChip(SECTOR).restore(small_chip().snapshot())


# --- reading through the cache


def test_mapped_reads_go_on_beyond_the_chip_and_beyond_the_cache() -> None:
    chip = small_chip(b"\0" * 4 * SECTOR)
    size = chip.size_bytes
    assert chip.read_mapped(size - 2, 4) == b"\0\0\xff\xff"
    assert chip.read_mapped(size + 10, 3) == b"\xff\xff\xff"
    assert chip.read_mapped(16 * MIB - 2, 6) == b"\xff\xff\xad\xba\xad\xba"
    assert chip.read_mapped(16 * MIB + 1, 4) == b"\xba\xad\xba\xad"
    assert chip.read_mapped(size - 1, 16 * MIB - size + 3) == b"\0" + b"\xff" * (16 * MIB - size) + b"\xad\xba"
    assert chip.read_mapped(100, 0) == b""


@given(address=st.integers(0, 6 * SECTOR), length=st.integers(0, 6 * SECTOR))
def test_a_mapped_range_is_what_reading_it_gives_and_takes_as_long(address: int, length: int) -> None:
    chip = small_chip(b"first sector".ljust(SECTOR + 7, b"\xa5"))
    chip.program(2 * SECTOR + 5, b"third sector")
    chip.take_busy_ns()
    read, read_ns = chip.read_mapped(address, length), chip.take_busy_ns()
    assert bytes(chip.map(address, length)) == read
    assert chip.take_busy_ns() == read_ns


def test_a_mapped_range_is_that_of_one_moment() -> None:
    chip = small_chip()
    chip.program(SECTOR, b"before")
    before = chip.map(SECTOR - 2, 10)
    chip.program(SECTOR, b"\0")
    assert bytes(before) == b"\xff\xffbefore\xff\xff"
    assert bytes(chip.map(SECTOR, 6)) == b"\0efore"


def test_equal_ranges_of_chips_with_the_same_contents_are_one_key() -> None:
    one, other = small_chip(b"image" * 2000), small_chip()
    other.program(0, b"image" * 2000)
    ranges = {one.map(3, 9000), other.map(3, 9000), one.map(3, 9000)}
    assert len(ranges) == 1
    other.program(8000, b"\0")
    assert other.map(3, 9000) not in ranges


# --- snapshots


def test_snapshot_keeps_contents_and_wear_and_is_not_touched_by_what_follows() -> None:
    chip = small_chip()
    chip.erase(0, SECTOR)
    chip.program(0, b"old")
    before = chip.snapshot()
    chip.program(1, b"\0")
    chip.erase(SECTOR, SECTOR)
    assert before.to_bytes()[:3] == b"old"
    chip.restore(before)
    assert chip.read(0, 4) == b"old\xff"
    assert (chip.erase_count(0), chip.erase_count(1)) == (1, 0)
    assert chip.snapshot() == before
    assert before.size_bytes == 4 * SECTOR


def test_chips_of_one_snapshot_share_sectors_until_they_program_them() -> None:
    original = small_chip(b"\x12" * 4 * SECTOR)
    snapshot = original.snapshot()
    copy = FlashChip.from_snapshot(snapshot)
    copy.program(SECTOR, b"\0")
    shared = [a is b for a, b in zip(snapshot.sectors, copy.snapshot().sectors, strict=True)]
    assert shared == [True, False, True, True]
    other = FlashChip.from_snapshot(snapshot)
    other.program(SECTOR + 1, b"\0")
    assert [chip.read(SECTOR, 2) for chip in (original, copy, other)] == [b"\x12\x12", b"\0\x12", b"\x12\0"]


def test_all_erased_sectors_are_one_object() -> None:
    chip = FlashChip(contents=b"\xff" * 4 * MIB)
    chip.program(0, b"\0")
    chip.erase(0, SECTOR)
    assert len(set(map(id, chip.snapshot().sectors))) == 1


# --- operations


def test_erase_uses_64_kib_commands_where_they_are_aligned() -> None:
    assert list(erase_commands(BLOCK - SECTOR, SECTOR + BLOCK + SECTOR)) == [
        (BLOCK - SECTOR, SECTOR),
        (BLOCK, BLOCK),
        (2 * BLOCK, SECTOR),
    ]
    assert [size for _, size in erase_commands(0xA0000, 0x1B0000)] == [BLOCK] * 27


def test_operations_are_numbered_and_reported_after_they_happened() -> None:
    chip = FlashChip()
    seen: list[tuple[FlashOperation, bytes]] = []
    chip.on_operation = lambda operation: seen.append((operation, chip.to_bytes()[:4]))
    chip.program(1, b"ab")
    chip.erase(0, BLOCK + SECTOR)
    assert seen == [
        (FlashOperation(0, "program", 1, 2, b"ab"), b"\xffab\xff"),
        (FlashOperation(1, "erase", 0, BLOCK, b""), b"\xff" * 4),
        (FlashOperation(2, "erase", BLOCK, SECTOR, b""), b"\xff" * 4),
    ]
    assert chip.operation_count == 3


def test_every_erased_sector_wears() -> None:
    chip = FlashChip()
    chip.erase(0, BLOCK + SECTOR)
    chip.erase(0, SECTOR)
    assert [chip.erase_count(sector) for sector in (0, 1, 15, 16, 17)] == [2, 1, 1, 1, 0]


def test_journal_replays_every_state_between_operations() -> None:
    chip = small_chip(b"\x0f" * 4 * SECTOR)
    chip.journal = journal = Journal(chip.snapshot())
    states = [chip.snapshot()]
    steps: list[Callable[[], None]] = [
        lambda: chip.program(5, b"\x11\x22"),
        lambda: chip.erase(0, SECTOR),
        lambda: chip.program(0, b"new"),
    ]
    for step in steps:
        step()
        states.append(chip.snapshot())
    assert list(journal.states()) == states
    assert [operation.kind for operation in journal.operations] == ["program", "erase", "program"]


# --- time


def test_busy_time_is_that_of_the_data_sheet() -> None:
    chip = FlashChip()
    chip.erase(0xA0000, 0x1B0000)
    assert chip.take_busy_ns() == 27 * 150 * NS_PER_MS
    chip.erase(0, SECTOR)
    assert chip.take_busy_ns() == 45 * NS_PER_MS
    chip.program(0, b"\0" * 32)
    assert chip.take_busy_ns() == 30_000 + 32 * 2_500
    chip.read(0, 1000)
    assert chip.take_busy_ns() == 100_000
    assert chip.take_busy_ns() == 0


@pytest.mark.parametrize(
    ("address", "length", "commands"),
    [(0, 1, 1), (0, 32, 1), (0, 33, 2), (0, 1024, 32), (4, 32, 1), (4, 252, 8), (4, 256, 9), (250, 10, 2)],
)
def test_program_commands_hold_32_bytes_and_stay_in_their_page(address: int, length: int, commands: int) -> None:
    assert TYPICAL.program_ns(address, length) == commands * 30_000 + length * 2_500


def test_slow_chip_takes_the_maximum() -> None:
    chip = FlashChip(timing=W25Q32JV_MAXIMUM)
    chip.erase(0xA0000, 0x1B0000)
    assert chip.take_busy_ns() == 54_000 * NS_PER_MS


def test_a_chip_goes_on_from_the_wear_that_it_has() -> None:
    chip = FlashChip(4 * SECTOR, erase_counts=[5, 0, 0, 99_999])
    chip.erase(0, 2 * SECTOR)
    assert chip.erase_counts == (6, 1, 0, 99_999)
    assert FlashChip.from_snapshot(chip.snapshot()).erase_counts == chip.erase_counts
    with pytest.raises(ValueError, match="3 erase counts are not those of 4 sectors"):
        FlashChip(4 * SECTOR, erase_counts=[1, 2, 3])


@pytest.mark.parametrize("part", PARTS)
def test_no_part_is_faster_at_its_worst_than_it_is_typically(part: str) -> None:
    """And the figures are those of the data sheets: 400 ms for a sector at worst, 45 to 60 ms typically."""
    typical, worst = PARTS[part]["typical"], PARTS[part]["max"]
    assert 45 * NS_PER_MS <= typical.sector_erase_ns <= 60 * NS_PER_MS
    assert worst.sector_erase_ns == 400 * NS_PER_MS
    for length in (SECTOR, BLOCK):
        assert typical.erase_ns(length) < worst.erase_ns(length)
    assert typical.program_ns(0, 1024) < worst.program_ns(0, 1024)
