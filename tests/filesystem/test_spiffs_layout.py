from __future__ import annotations

import pytest

from simulator.filesystem.spiffs_layout import FREE, Geometry, IndexHeader, PageHeader

BOARD = Geometry(0x80000, 8192, 256)


def test_sizes_of_most_boards():
    assert (BOARD.block_count, BOARD.pages_per_block, BOARD.lookup_pages, BOARD.entries_per_block) == (64, 32, 1, 31)
    assert (BOARD.data_length, BOARD.header_slots, BOARD.index_slots) == (251, 89, 124)


def test_magic_counts_the_blocks_to_the_end():
    assert BOARD.magic(0) == (0x0529 ^ 256 ^ 64)
    assert BOARD.magic(63) == (0x0529 ^ 256 ^ 1)


def test_large_blocks_have_several_lookup_pages():
    geometry = Geometry(0x100000, 65536, 256)
    assert geometry.lookup_pages == 2
    assert geometry.problem is None
    assert geometry.magic_address(0) == 508
    assert geometry.lookup_address(geometry.first_page(1)) == 65536


def test_addresses_follow_from_the_page_number():
    assert BOARD.first_page(2) == 65
    assert BOARD.lookup_address(65) == 2 * 8192
    assert BOARD.lookup_address(66) == 2 * 8192 + 2
    assert [BOARD.is_lookup(page) for page in (63, 64, 65)] == [False, True, False]


@pytest.mark.parametrize(
    ("span", "index_span", "offset"), [(0, 0, 78), (88, 0, 254), (89, 1, 8), (212, 1, 254), (213, 2, 8)]
)
def test_data_pages_are_listed_in_the_header_and_then_in_index_pages(span, index_span, offset):
    assert BOARD.index_span(span) == index_span
    assert BOARD.slot_offset(span) == offset


@pytest.mark.parametrize(
    ("size_bytes", "block_size", "page_size"),
    [
        (0x80000, 8192, 300),  # pages do not divide a block
        (0x80000, 6144, 256),  # blocks are no whole sectors
        (8192, 4096, 256),  # two blocks
        (0x80000, 8192, 0x40),  # no room for an index header
        (0x2000000, 8192, 256),  # more pages than numbers
        (0x80000, 32768, 256),  # an entry for each page leaves no room for the magic
    ],
)
def test_impossible_sizes_are_told(size_bytes, block_size, page_size):
    assert Geometry(size_bytes, block_size, page_size).problem


def test_heads_survive_the_round_trip():
    header = PageHeader(7, 3, 0xFC)
    assert PageHeader.parse(header.to_bytes()) == header
    index = IndexHeader(0x8007, 0, 0xF8, 1234, 1, b"/a.lua")
    assert IndexHeader.parse(index.to_bytes()) == index
    assert index.names_a_file
    assert not index._replace(flags=FREE & 0xFF).names_a_file
