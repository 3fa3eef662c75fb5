"""The bytes of a page: vectors of the partition generator (ESP-IDF v4.0-dev) and values that go there and back."""

from __future__ import annotations

import pytest

from simulator.formats.nvs import (
    ANY,
    Item,
    ItemType,
    PageHeader,
    PageState,
    integer_from_bytes,
    integer_to_bytes,
)

NAMESPACE = "000101ff 09a95007 73746f72 61676500 00000000 00000000 01ffffff ffffffff"
ENTRIES = {
    NAMESPACE: Item.make(0, ItemType.U8, b"storage", b"\x01"),
    "010101ff 40e565f2 75386b00 00000000 00000000 00000000 7fffffff ffffffff": Item.make(
        1, ItemType.U8, b"u8k", b"\x7f"
    ),
    "011401ff f244f799 6933326b 00000000 00000000 00000000 00000080 ffffffff": Item.make(
        1, ItemType.I32, b"i32k", integer_to_bytes(ItemType.I32, -(2**31))
    ),
    "012102ff d513133d 73747200 00000000 00000000 00000000 0900ffff 55ea0a7e": Item.make_variable(
        1, ItemType.STRING, b"str", b"0A:0B:0C\0"
    ),
    "01420200 4eb4486b 68657800 00000000 00000000 00000000 0600ffff bf341ac7": Item.make_variable(
        1, ItemType.BLOB_DATA, b"hex", bytes.fromhex("010203abcdef"), chunk=0
    ),
    "014801ff cbb28461 68657800 00000000 00000000 00000000 06000000 0100ffff": Item.make_blob_index(1, b"hex", 6, 1, 0),
    "014102ff 6a35b9c4 68657800 00000000 00000000 00000000 0600ffff bf341ac7": Item.make_variable(
        1, ItemType.BLOB, b"hex", bytes.fromhex("010203abcdef")
    ),
}


@pytest.mark.parametrize(
    ("version", "sequence", "crc"),
    [
        (0xFE, 0, "842dbab9"),
        (0xFE, 1, "a3489f38"),
        (0xFE, 2, "8be18160"),
        (0xFE, 3, "ac84a4e1"),
        (0xFE, 10, "35dd8cb2"),
        (0xFF, 0, "c216dddc"),
        (0xFF, 1, "e573f85d"),
    ],
)
def test_header_has_the_known_crc(version: int, sequence: int, crc: str) -> None:
    header = PageHeader.make(PageState.ACTIVE, sequence, version)
    expected = f"feffffff{sequence:02x}000000{version:02x}{'ff' * 19}{crc}"
    assert header.to_bytes().hex() == expected
    assert header.is_crc_good
    assert PageHeader.from_bytes(header.to_bytes() + b"more") == header


def test_crc_of_a_header_covers_all_but_the_state() -> None:
    good = PageHeader.make(PageState.ACTIVE, 5, 0xFE).to_bytes()
    for position in range(28):
        damaged = bytearray(good)
        damaged[position] ^= 1
        assert PageHeader.from_bytes(bytes(damaged)).is_crc_good is (position < 4), position


@pytest.mark.parametrize("text", ENTRIES, ids=lambda text: text[:8])
def test_entry_is_the_known_one(text: str) -> None:
    assert ENTRIES[text].to_bytes() == bytes.fromhex(text)
    assert Item.from_bytes(bytes.fromhex(text)) == ENTRIES[text]
    assert ENTRIES[text].is_crc_good


def test_crc_of_an_entry_covers_every_byte() -> None:
    good = bytes.fromhex(NAMESPACE)
    for position in range(32):
        damaged = bytearray(good)
        damaged[position] ^= 0x80
        assert not Item.from_bytes(bytes(damaged)).is_crc_good, position


def test_first_entry_tells_what_follows() -> None:
    text = Item.make_variable(1, ItemType.STRING, b"key", b"x" * 65)
    assert (text.span, text.data_size, text.chunk, text.name) == (4, 65, ANY, b"key")
    index = Item.make_blob_index(1, b"key", 9000, 3, 0x80)
    assert (index.span, index.blob_size, index.chunk_count, index.chunk_start) == (1, 9000, 3, 0x80)
    assert Item.make_variable(1, ItemType.BLOB_DATA, b"key", b"", chunk=0).span == 1


def test_type_is_no_part_of_the_hash_but_the_chunk_is() -> None:
    number = Item.make(1, ItemType.U8, b"key", b"\x01")
    assert number.hash == Item.make(1, ItemType.I64, b"key", b"\x02").hash
    assert number.hash != Item.make_variable(1, ItemType.BLOB_DATA, b"key", b"", chunk=0).hash
    assert number.hash != Item.make(2, ItemType.U8, b"key", b"\x01").hash


def test_key_of_15_bytes_has_a_nul_behind_it() -> None:
    item = Item.make(1, ItemType.U8, b"fifteen_letters", b"\x01")
    assert item.key == b"fifteen_letters\0"
    assert item.name == b"fifteen_letters"


@pytest.mark.parametrize(
    ("type_", "value", "stored"),
    [
        (ItemType.U8, 255, "ff"),
        (ItemType.I8, -128, "80"),
        (ItemType.U16, 0x1234, "3412"),
        (ItemType.I16, -2, "feff"),
        (ItemType.U32, 0xFFFFFFFF, "ffffffff"),
        (ItemType.I32, -1, "ffffffff"),
        (ItemType.U64, 1 << 63, "0000000000000080"),
        (ItemType.I64, -(1 << 63), "0000000000000080"),
    ],
)
def test_integers_are_little_endian_and_signed_by_their_type(type_: ItemType, value: int, stored: str) -> None:
    assert integer_to_bytes(type_, value).hex() == stored
    assert integer_from_bytes(type_, bytes.fromhex(stored).ljust(8, b"\xff")) == value


def test_integer_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        integer_to_bytes(ItemType.U8, 256)
    with pytest.raises(OverflowError):
        integer_to_bytes(ItemType.U8, -1)
