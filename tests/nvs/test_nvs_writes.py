"""The order of flash writes, byte for byte as ESP-IDF v4.0-dev does them."""

from __future__ import annotations

import pytest

from simulator.flash import Nvs
from simulator.nvs import NvsError

NAMESPACE = "000101ff09a9500773746f7261676500" + "00" * 8 + "01" + "ff" * 7
HEADERS = (
    "feffffff00000000fe" + "ff" * 19 + "842dbab9",
    "feffffff01000000fe" + "ff" * 19 + "a3489f38",
    "feffffff02000000fe" + "ff" * 19 + "8be18160",
)


@pytest.fixture
def three_pages(nvs_chip):
    return nvs_chip(3)


def entry(head: str, key: bytes, data: str) -> str:
    return (head + key.ljust(16, b"\0").hex() + data).ljust(64, "f")


def test_every_write_is_the_known_one_in_the_known_order(three_pages):
    nvs = Nvs(three_pages.view)
    nvs.init()
    assert three_pages.take_trace() == []

    handle = nvs.open("storage")
    assert three_pages.take_trace() == [f"0x0000: {HEADERS[0]}", f"0x0040: {NAMESPACE}", "0x0020: feffffff"]

    handle.set_u8("a", 7)
    seven = entry("010101ffb17d795a", b"a", "07")
    assert three_pages.take_trace() == [f"0x0060: {seven}", "0x0020: faffffff"]
    handle.set_u8("a", 7)
    assert three_pages.take_trace() == [f"0x0080: {seven}", "0x0020: eaffffff", "0x0020: e2ffffff"]
    handle.set_u8("a", 8)
    assert three_pages.take_trace() == [
        f"0x00a0: {entry('010101ff1d6f5983', b'a', '08')}",
        "0x0020: a2ffffff",
        "0x0020: 82ffffff",
    ]

    handle.set_str("s", "hello")
    assert three_pages.take_trace() == [
        f"0x00c0: {entry('012102fffa913f0a', b's', '0600ffff6287d298')}",
        "0x0020: 82feffff",
        "0x00e0: 68656c6c6f00" + "ff" * 26,
        "0x0020: 82faffff",
    ]

    blob = bytes.fromhex("030a11181f")
    handle.set_blob("b", blob)
    assert three_pages.take_trace() == [
        f"0x0100: {entry('01420200cf69a049', b'b', '0500ffffa03915c5')}",
        "0x0020: 82eaffff",
        "0x0120: 030a11181f" + "ff" * 27,
        "0x0020: 82aaffff",
        f"0x0140: {entry('014801ff33c6582a', b'b', '050000000100')}",
        "0x0020: 82aafeff",
    ]
    handle.set_blob("b", blob)
    assert three_pages.take_trace() == [
        f"0x0160: {entry('014202807c588ae4', b'b', '0500ffffa03915c5')}",
        "0x0020: 82aafaff",
        "0x0180: 030a11181f" + "ff" * 27,
        "0x0020: 82aaeaff",
        f"0x01a0: {entry('014801ffb3dd6dcb', b'b', '050000000180')}",
        "0x0020: 82aaaaff",
        "0x0020: 82aaa8ff",  # the old index
        "0x0020: 820aa8ff",  # then its chunk
    ]
    handle.commit()
    handle.close()
    assert three_pages.take_trace() == []


def test_whole_entries_of_data_are_one_write_and_their_states_go_from_the_last_word_down(three_pages):
    handle = three_pages.start().open("storage")
    three_pages.take_trace()
    handle.set_str("k", "x" * (32 * 20 + 4))  # 20 whole entries and a tail, from entry 1 on
    trace = three_pages.take_trace()
    assert [line[:7] for line in trace] == [
        *("0x0060:", "0x0020:"),  # the first entry
        *("0x0080:", "0x0024:", "0x0020:"),  # the whole ones, the second word of the table before the first
        *("0x0300:", "0x0024:"),  # the tail
    ]
    assert trace[2] == f"0x0080: {'78' * 640}"
    assert trace[3:5] == ["0x0024: aafaffff", "0x0020: aaaaaaaa"]

    handle.erase_key("k")
    assert [line[:7] for line in three_pages.take_trace()] == ["0x0024:", "0x0020:"]


def test_page_is_marked_full_by_what_does_not_fit_and_the_next_gets_its_header_with_it(three_pages):
    handle = three_pages.start().open("storage")
    for number in range(125):
        handle.set_u32(f"k{number}", number)
    three_pages.take_trace()
    handle.set_u32("last", 1)
    trace = three_pages.take_trace()
    assert trace[:2] == ["0x0000: fcffffff", f"0x1000: {HEADERS[1]}"]
    assert trace[2].startswith("0x1040: 010401ff")
    assert trace[3:] == ["0x1020: feffffff"]


def test_garbage_is_collected_when_one_page_is_left(three_pages):
    handle = three_pages.start().open("storage")
    for number in range(125):
        handle.set_u32(f"k{number}", number)
    for number in range(126):
        handle.set_u32(f"k{number % 100}", number)  # the second page; 100 keys of the first become garbage
    three_pages.take_trace()
    handle.set_u32("k0", 1)
    trace = three_pages.take_trace()
    assert trace[:5] == [
        "0x1000: fcffffff",
        "0x0000: f8ffffff",
        f"0x2000: {HEADERS[2]}",
        f"0x2040: {NAMESPACE}",
        "0x2020: feffffff",
    ]
    kept = [line for line in trace if ": 010401ff" in line]
    assert len(kept) == 25 + 1  # the keys that nobody rewrote, in order, and the new value
    assert trace.index("erase 0x0000") == len(trace) - 4  # then the new value, its state, and the old one's
    assert handle.get_u32("k0") == 1
    assert [handle.get_u32(f"k{number}") for number in range(100, 125)] == list(range(100, 125))


def test_freed_pages_are_used_again_in_the_order_in_which_they_were_freed(nvs_chip):
    chip = nvs_chip(4)
    handle = chip.start().open("storage")
    trace = []
    for number in range(1200):
        handle.set_u32("k", number)
        trace += chip.take_trace()
    freed = [int(line[6:], 16) for line in trace if line.startswith("erase")]
    started = [int(line[:6], 16) for line in trace if line[6:].startswith(": feffffff") and len(line) == 72]
    assert started[:4] == [0x0000, 0x1000, 0x2000, 0x3000]
    assert len(freed) > 4
    assert started[4:] == freed[: len(started) - 4]


def test_blob_goes_into_the_rest_of_the_page_and_on(nvs_chip):
    chip = nvs_chip(4)
    handle = chip.start().open("storage")
    for number in range(80):
        handle.set_u8(f"k{number}", 1)  # 45 entries are left
    chip.take_trace()
    blob = bytes(range(250)) * 20
    handle.set_blob("b", blob)
    heads = [line for line in chip.take_trace() if line[8:].startswith(("0142", "0148"))]
    assert [(line[:6], line[8:16]) for line in heads] == [
        ("0x0a60", "01422d00"),  # 44 entries of data: 1408 bytes
        ("0x1040", "01427201"),  # the other 3592 bytes
        ("0x1e80", "014801ff"),
    ]
    assert handle.get_blob("b") == blob


def test_blob_leaves_the_rest_of_a_page_alone_that_holds_less_than_400_bytes(nvs_chip):
    chip = nvs_chip(4)
    handle = chip.start().open("storage")
    for number in range(113):
        handle.set_u8(f"k{number}", 1)  # 12 entries are left: 352 bytes
    chip.take_trace()
    handle.set_blob("b", bytes(353))
    trace = chip.take_trace()
    assert trace[0] == "0x0000: fcffffff"
    assert trace[2].startswith("0x1040: 01420d00")
    handle.set_blob("c", bytes(352))
    assert any(line.startswith("0x1200: 01420c00") for line in chip.take_trace())


def test_blob_that_fills_its_page_to_the_end_marks_it_full(nvs_chip):
    chip = nvs_chip(4)
    handle = chip.start().open("storage")
    chip.take_trace()
    handle.set_blob("b", bytes(124 * 32))
    trace = chip.take_trace()
    assert trace[-4] == "0x0000: fcffffff"
    assert trace[-2].startswith("0x1040: 014801ff")


def test_version_1_page_stays_one_when_it_is_erased_and_used_again(nvs_chip):
    """The version is only read at start; a page keeps it in RAM over an erase."""
    first = nvs_chip(3)
    first.start().open("storage")
    contents = bytearray(first.chip.to_bytes())
    contents[8] = 0xFF
    contents[28:32] = bytes.fromhex("c216dddc")
    chip = nvs_chip(3, bytes(contents))
    handle = chip.start().open("storage")
    for number in range(126 * 4):
        handle.set_u8("k", number % 256)
    headers = [line[8:] for line in chip.take_trace() if line[6:].startswith(": feffffff") and len(line) == 72]
    assert [header[16:18] for header in headers] == ["fe", "fe", "ff", "fe"]


def test_no_page_has_garbage_when_all_is_in_use(three_pages):
    handle = three_pages.start().open("storage")
    for number in range(251):
        handle.set_u32(f"k{number}", number)
    with pytest.raises(NvsError, match="NOT_ENOUGH_SPACE"):
        handle.set_u32("more", 1)
    assert handle.get_u32("k250") == 250
