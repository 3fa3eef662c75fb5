"""Bytes that no NVS wrote: every call ends, after a bounded number of reads, with an answer or one of the device's."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.flash import FlashChip, Nvs, PartitionView
from simulator.formats import EspError, Partition
from simulator.formats.nvs import PAGE_BYTES
from simulator.nvs import NvsFatalError
from tests.nvs.crcs import mend_crc

pytestmark = pytest.mark.slow

PAGES = 3
READS_MAX = 20_000
TYPES = ("u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "str", "blob")
KEYS = ("number", "text", "blob", "k7", "missing")


class CountingView(PartitionView):
    """Fails when more is read than any call has a reason for."""

    __slots__ = ("reads",)
    reads: int

    def read(self, offset: int, length: int) -> bytes:
        self.reads += 1
        assert self.reads < READS_MAX
        return super().read(offset, length)


def view_of(contents: bytes) -> CountingView:
    chip = FlashChip(PAGES * PAGE_BYTES, contents)
    view = CountingView(chip, Partition("nvs", 1, 2, 0, chip.size_bytes))
    view.reads = 0
    return view


def good() -> bytes:
    """Three pages with values of every kind, in the state after a collection."""
    view = view_of(b"")
    nvs = Nvs(view)
    nvs.init()
    handle = nvs.open("storage")
    for number in range(300):
        view.reads = 0
        handle.set_u8(f"k{number % 20}", number % 256)
        if number % 50 == 0:
            handle.set_str("text", "text" * number)
            handle.set_blob("blob", bytes(number * 3))
            nvs.open("other").set_i64("number", -number)
    return view.chip.to_bytes()


GOOD = good()


def use_everything(contents: bytes) -> None:
    view = view_of(contents)
    nvs = Nvs(view)
    with suppress(EspError, NvsFatalError):
        nvs.init()
        view.reads = 0
        list(nvs.entries())
        nvs.stats()
        for name in ("storage", "other", "new"):
            handle = nvs.open(name)
            view.reads = 0
            for key in KEYS:
                for type_ in TYPES:
                    with suppress(EspError):
                        getattr(handle, f"get_{type_}")(key)
            view.reads = 0
            for number in range(50):
                with suppress(EspError):
                    handle.set_u32("new", number)
            view.reads = 0
            for size in (10, 3000, 6000):
                with suppress(EspError):
                    handle.set_blob("blob", bytes(size))
            with suppress(EspError):
                handle.erase_key("text")
            handle.used_entry_count()
            handle.erase_all()
        nvs.deinit()
        nvs.erase()


OFFSETS = st.integers(0, len(GOOD) - 1)
#: Where damage does most: page headers, tables of states, and the first entries of items.
WEAK_OFFSETS = st.builds(
    lambda page, offset: page * PAGE_BYTES + offset, st.integers(0, PAGES - 1), st.integers(0, 64 + 60 * 32)
)
WEAK_VALUES = st.sampled_from([0, 1, 2, 3, 0x21, 0x41, 0x42, 0x48, 0x55, 0x7E, 0x80, 0xAA, 0xF8, 0xFC, 0xFE, 0xFF])


@settings(max_examples=150)
@given(st.lists(st.tuples(OFFSETS, st.integers(0, 255)), min_size=1, max_size=30))
def test_changed_bytes_never_crash_or_hang(changes):
    contents = bytearray(GOOD)
    for offset, value in changes:
        contents[offset] = value
    use_everything(bytes(contents))


@settings(max_examples=250)
@given(st.lists(st.tuples(WEAK_OFFSETS, WEAK_VALUES), min_size=1, max_size=12))
def test_changed_bytes_with_good_crcs_never_crash_or_hang(changes):
    contents = bytearray(GOOD)
    for offset, value in changes:
        contents[offset] = value
        mend_crc(contents, offset=offset)
    use_everything(bytes(contents))


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 377), st.integers(0, 377)), min_size=1, max_size=60))
def test_entries_in_other_places_never_crash_or_hang(moves):
    def place(index: int) -> int:
        return index // 126 * PAGE_BYTES + 64 + index % 126 * 32

    contents = bytearray(GOOD)
    for source, target in moves:
        contents[place(target) : place(target) + 32] = GOOD[place(source) : place(source) + 32]
    use_everything(bytes(contents))


@settings(max_examples=100)
@given(st.permutations(range(PAGES)), st.lists(st.sampled_from([0xFE, 0xFC, 0xF8]), min_size=PAGES, max_size=PAGES))
def test_pages_in_other_places_and_states_never_crash_or_hang(order, states):
    pages = []
    for page, state in zip(order, states, strict=True):
        pages.append(bytes((state,)) + GOOD[page * PAGE_BYTES + 1 : (page + 1) * PAGE_BYTES])
    use_everything(b"".join(pages))


@settings(max_examples=50)
@given(st.binary(min_size=200, max_size=2000))
def test_noise_never_crashes_or_hangs(noise):
    use_everything((noise * 70)[: PAGES * PAGE_BYTES])
