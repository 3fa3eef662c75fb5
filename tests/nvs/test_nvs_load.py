"""What `init` makes of pages that were interrupted, damaged, or made by the partition generator."""

from __future__ import annotations

import pytest

from simulator.formats import EspErr, EspError
from simulator.formats.nvs import Item, ItemType, PageHeader, PageState
from simulator.nvs import NvsEntry

BLANK = b"\xff" * 4096
#: What nvs_partition_gen.py of v4.0-dev makes of a CSV with all types, in 0x3000 bytes; the rest is blank.
GENERATED = {
    0x0000: "feffffff 00000000 feffffff ffffffff ffffffff ffffffff ffffffff 842dbab9 aaaaeaff",
    0x0040: "000101ff 09a95007 73746f72 61676500 00000000 00000000 01ffffff ffffffff",
    0x0060: "010101ff 40e565f2 75386b00 00000000 00000000 00000000 7fffffff ffffffff",
    0x0080: "011101ff 2f953a4e 69386b00 00000000 00000000 00000000 80ffffff ffffffff",
    0x00A0: "010201ff 7519dd19 7531366b 00000000 00000000 00000000 0080ffff ffffffff",
    0x00C0: "010401ff 7fa2d828 7533326b 00000000 00000000 00000000 ffffffff ffffffff",
    0x00E0: "011401ff f244f799 6933326b 00000000 00000000 00000000 00000080 ffffffff",
    0x0100: "012102ff d513133d 73747200 00000000 00000000 00000000 0900ffff 55ea0a7e",
    0x0120: "30413a30 423a3043 00ffffff ffffffff ffffffff ffffffff ffffffff ffffffff",
    0x0140: "01420200 4eb4486b 68657800 00000000 00000000 00000000 0600ffff bf341ac7",
    0x0160: "010203ab cdefffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff",
    0x0180: "014801ff cbb28461 68657800 00000000 00000000 00000000 06000000 0100ffff",
    0x1000: "feffffff 01000000 feffffff ffffffff ffffffff ffffffff ffffffff a3489f38",
}


def page(*entries: bytes, state: PageState = PageState.ACTIVE, sequence: int = 0, version: int = 0xFE) -> bytes:
    """Return a page with ``entries`` written."""
    table = bytearray(b"\xff" * 32)
    for index in range(len(entries)):
        table[index // 4] &= ~(1 << index % 4 * 2)
    data = PageHeader.make(state, sequence, version).to_bytes() + table + b"".join(entries)
    return data.ljust(4096, b"\xff")


def number(key: bytes, value: int, namespace: int = 1) -> bytes:
    return Item.make(namespace, ItemType.U8, key, bytes((value,))).to_bytes()


def text(key: bytes, value: bytes) -> list[bytes]:
    padded = value + b"\0"
    item = Item.make_variable(1, ItemType.STRING, key, padded).to_bytes()
    return [item, *(padded[at : at + 32].ljust(32, b"\xff") for at in range(0, len(padded), 32))]


STORAGE = Item.make(0, ItemType.U8, b"storage", b"\x01").to_bytes()


@pytest.fixture
def start(nvs_chip):
    def start(*pages: bytes):
        chip = nvs_chip(len(pages), b"".join(pages))
        return chip, chip.start()

    return start


def values(nvs) -> dict[str, object]:
    return {entry.key: entry.value for entry in nvs.entries()}


def test_reads_what_the_partition_generator_made_and_writes_to_its_last_page(nvs_chip):
    contents = bytearray(b"\xff" * 0x3000)
    for offset, line in GENERATED.items():
        contents[offset : offset + len(bytes.fromhex(line))] = bytes.fromhex(line)
    chip = nvs_chip(3, bytes(contents))
    nvs = chip.start()
    assert chip.take_trace() == []
    assert list(nvs.entries()) == [
        NvsEntry("storage", "u8k", "u8", 127),
        NvsEntry("storage", "i8k", "i8", -128),
        NvsEntry("storage", "u16k", "u16", 32768),
        NvsEntry("storage", "u32k", "u32", 4294967295),
        NvsEntry("storage", "i32k", "i32", -2147483648),
        NvsEntry("storage", "str", "string", "0A:0B:0C"),
        NvsEntry("storage", "hex", "blob", bytes.fromhex("010203abcdef")),
    ]
    handle = nvs.open("storage")
    handle.set_u8("u8k", 1)
    assert [line[:6] for line in chip.take_trace()] == [
        "0x1040",
        "0x1020",
        "0x0020",
    ]  # the older page keeps state ACTIVE
    assert handle.get_blob("hex") == bytes.fromhex("010203abcdef")


def test_blob_of_version_1_is_read_and_replaced(start):
    blob = Item.make_variable(1, ItemType.BLOB, b"hex", b"abc").to_bytes()
    chip, nvs = start(page(STORAGE, blob, b"abc".ljust(32, b"\xff"), version=0xFF), BLANK, BLANK)
    handle = nvs.open("storage")
    assert handle.get_blob("hex") == b"abc"
    assert handle.blob_length("hex") == 3
    handle.set_blob("hex", b"new")
    assert handle.get_blob("hex") == b"new"
    assert [entry.value for entry in nvs.entries()] == [b"new"]
    assert values(chip.start()) == {"hex": b"new"}


def test_page_of_a_later_version_is_not_touched(nvs_chip):
    chip = nvs_chip(2, page(STORAGE, version=0xFD) + BLANK)
    with pytest.raises(EspError) as error:
        chip.start()
    assert error.value.code == EspErr.ESP_ERR_NVS_NEW_VERSION_FOUND
    assert chip.take_trace() == []


@pytest.mark.parametrize("state", [0, 0xFFFFFFF0, 0xFFFFFFFD, 0x12345678])
def test_page_of_unknown_state_is_erased_before_it_is_used(start, state):
    unknown = state.to_bytes(4, "little") + page(STORAGE, number(b"a", 1))[4:]
    chip, nvs = start(unknown, BLANK, BLANK)
    assert chip.take_trace() == ["erase 0x0000"]
    nvs.open("storage")
    assert chip.take_trace()[0].startswith("0x0000: feffffff00000000fe")


def test_page_with_a_wrong_header_is_erased_only_when_it_is_needed(start):
    wrong = bytearray(page(STORAGE, sequence=7))
    wrong[28] ^= 1
    chip, nvs = start(page(STORAGE, number(b"a", 1)), bytes(wrong), BLANK)
    assert chip.take_trace() == []
    handle = nvs.open("storage")
    for value in range(125):
        handle.set_u8("b", value)
    trace = chip.take_trace()
    assert "erase 0x1000" in trace
    assert trace[trace.index("erase 0x1000") + 1].startswith("0x1000: feffffff01000000fe")


def test_page_that_says_blank_and_is_not_counts_as_wrong(start):
    chip, nvs = start(BLANK[:-1] + b"\xfe", BLANK)
    nvs.open("storage")
    assert chip.take_trace()[0] == "erase 0x0000"


def test_no_free_page_is_an_error(nvs_chip):
    chip = nvs_chip(2, page(STORAGE) + page(sequence=1))
    with pytest.raises(EspError) as error:
        chip.start()
    assert error.value.code == EspErr.ESP_ERR_NVS_NO_FREE_PAGES


def test_partition_of_no_page_has_no_space(nvs_chip):
    chip = nvs_chip(1)
    chip.view.size_bytes = 0
    with pytest.raises(EspError) as error:
        chip.start()
    assert error.value.code == EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE


def test_single_page_works_until_the_next_start(nvs_chip):
    chip = nvs_chip(1)
    chip.start().open("storage").set_u8("a", 1)
    with pytest.raises(EspError) as error:
        chip.start()
    assert error.value.code == EspErr.ESP_ERR_NVS_NO_FREE_PAGES


def test_newest_page_is_the_one_with_the_highest_sequence(start):
    chip, nvs = start(page(number(b"b", 2), sequence=9), page(STORAGE, number(b"a", 1), sequence=4), BLANK)
    assert [entry.key for entry in nvs.entries()] == ["a", "b"]
    chip.take_trace()
    nvs.open("storage").set_u8("c", 3)
    assert chip.take_trace()[0].startswith("0x0060: ")


def test_sequence_numbers_start_again_from_0(start):
    chip, nvs = start(page(STORAGE, sequence=0xFFFFFFFF), BLANK, BLANK)
    handle = nvs.open("storage")
    for value in range(126):
        handle.set_u8("a", value)
    assert any(line.startswith("0x1000: feffffff00000000fe") for line in chip.take_trace())


def test_entry_whose_state_was_not_written_yet_is_erased(start):
    half = bytearray(page(STORAGE, number(b"a", 1)))
    half[64 + 64 : 64 + 96] = number(b"b", 2)[:20].ljust(32, b"\xff")
    chip, nvs = start(bytes(half), BLANK)
    assert chip.take_trace() == ["0x0020: caffffff"]
    assert values(nvs) == {"a": 1}
    nvs.open("storage").set_u8("b", 3)
    assert chip.take_trace()[0].startswith("0x00a0: ")


def test_text_whose_data_is_not_complete_is_erased(start):
    entries = text(b"t", b"x" * 64)
    for state in (PageState.ACTIVE, PageState.FULL):
        chip, nvs = start(page(STORAGE, *entries[:3], state=state), BLANK)  # one of three entries of data is missing
        assert chip.take_trace() == ["0x0020: 02fcffff"]
        assert values(nvs) == {}


def test_item_with_a_wrong_crc_is_erased(start):
    wrong = bytearray(number(b"a", 1))
    wrong[24] = 2
    for state in (PageState.ACTIVE, PageState.FULL):
        chip, nvs = start(page(STORAGE, bytes(wrong), number(b"b", 3), state=state), BLANK)
        assert chip.take_trace() == ["0x0020: e2ffffff"]
        assert values(nvs) == {"b": 3}


def test_of_two_items_of_one_key_on_the_active_page_the_later_stays(start):
    chip, nvs = start(page(STORAGE, number(b"a", 1), number(b"b", 2), number(b"a", 3)), BLANK)
    assert chip.take_trace() == ["0x0020: a2ffffff"]
    assert values(nvs) == {"b": 2, "a": 3}


def test_last_item_on_the_active_page_takes_its_predecessor_with_it_even_if_its_own_crc_is_wrong(start):
    """The original remembers it as the last one before it looks at the CRC (``mLoadEntryTable``)."""
    wrong = bytearray(number(b"a", 3))
    wrong[24] = 4
    chip, nvs = start(page(STORAGE, number(b"a", 1), number(b"b", 2), bytes(wrong)), BLANK)
    assert chip.take_trace() == ["0x0020: 2affffff", "0x0020: 22ffffff"]
    assert values(nvs) == {"b": 2}


def test_last_item_of_the_newest_page_replaces_that_of_an_older_page(start):
    older = page(STORAGE, number(b"a", 1), number(b"b", 2), state=PageState.FULL)
    chip, nvs = start(older, page(number(b"b", 9), number(b"a", 3), sequence=1), BLANK)
    assert chip.take_trace() == ["0x0020: e2ffffff"]
    assert nvs.open("storage").get_u8("a") == 3
    assert nvs.open("storage").get_u8("b") == 2  # only the last one can have been interrupted


def test_unfinished_collection_starts_again(start):
    freeing = page(STORAGE, number(b"a", 1), *text(b"t", b"text"), state=PageState.FREEING)
    full = page(*(number(b"k%d" % i, i) for i in range(126)), state=PageState.FULL, sequence=1)
    half_copied = page(STORAGE, number(b"a", 1), sequence=2)
    chip, nvs = start(freeing, full, half_copied)
    trace = chip.take_trace()
    assert trace[0] == "erase 0x2000"
    assert trace[1].startswith("0x2000: feffffff03000000fe")
    assert trace[-1] == "erase 0x0000"
    found = values(nvs)
    assert (found["a"], found["t"], found["k125"]) == (1, "text", 125)


def test_collection_that_had_not_begun_to_copy_is_done(start):
    freeing = page(STORAGE, number(b"a", 1), state=PageState.FREEING)
    full = page(*(number(b"k%d" % i, i) for i in range(126)), state=PageState.FULL, sequence=1)
    chip, nvs = start(freeing, full, BLANK)
    assert chip.take_trace()[-1] == "erase 0x0000"
    assert values(nvs)["a"] == 1


def test_chunks_without_an_index_are_erased(start):
    data = b"abc"
    chunk = Item.make_variable(1, ItemType.BLOB_DATA, b"b", data, chunk=0x80).to_bytes()
    index = Item.make_blob_index(1, b"b", 3, 1, 0).to_bytes()
    old = Item.make_variable(1, ItemType.BLOB_DATA, b"b", data, chunk=0).to_bytes()
    filled = data.ljust(32, b"\xff")
    chip, nvs = start(page(STORAGE, old, filled, index, chunk, filled), BLANK)
    assert chip.take_trace() == ["0x0020: aaf0ffff"]
    assert values(nvs) == {"b": data}


def test_value_whose_data_has_a_wrong_crc_is_erased_when_it_is_read(nvs_chip):
    chip = nvs_chip(3)
    handle = chip.start().open("storage")
    handle.set_str("text", "text")
    handle.set_blob("blob", b"blob")
    contents = chip.chip.to_bytes().replace(b"text\0\xff", b"tent\0\xff").replace(b"blob\xff", b"blo`\xff")
    chip = nvs_chip(3, contents)
    nvs = chip.start()
    assert values(nvs) == {"text": None, "blob": None}
    assert chip.take_trace() == []
    handle = nvs.open("storage")
    for get, key in ((handle.get_str, "text"), (handle.get_blob, "blob")):
        with pytest.raises(EspError) as error:
            get(key)
        assert error.value.code == EspErr.ESP_ERR_NVS_NOT_FOUND
    assert len(chip.take_trace()) == 2
    assert list(values(nvs)) == ["blob"]
