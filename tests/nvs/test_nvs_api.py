"""What each call answers, with the habits of the pinned revision."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.flash import Nvs, PartitionView
from simulator.formats import EspErr, EspError, Partition
from simulator.nvs import NvsEntry, NvsFatalError, NvsStats

INTEGERS = {
    "u8": (0, 255),
    "i8": (-128, 127),
    "u16": (0, 65535),
    "i16": (-32768, 32767),
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "u64": (0, 2**64 - 1),
    "i64": (-(2**63), 2**63 - 1),
}


def code_of(call: Callable[..., object], *args: object, **kwargs: object) -> EspErr:
    with pytest.raises(EspError) as error:
        call(*args, **kwargs)
    return error.value.code


@pytest.fixture
def chip(nvs_chip):
    return nvs_chip(3)


@pytest.fixture
def nvs(chip):
    return chip.start()


@pytest.fixture
def handle(nvs):
    return nvs.open("storage")


@pytest.mark.parametrize("type_", INTEGERS)
def test_integers_come_back_also_after_a_reset(chip, handle, type_):
    low, high = INTEGERS[type_]
    getattr(handle, f"set_{type_}")("low", low)
    getattr(handle, f"set_{type_}")("high", high)
    for some in (handle, chip.start().open("storage", read_only=True)):
        assert getattr(some, f"get_{type_}")("low") == low
        assert getattr(some, f"get_{type_}")("high") == high
    with pytest.raises(OverflowError):
        getattr(handle, f"set_{type_}")("low", high + 1)


@pytest.mark.parametrize("text", ["", "a", "x" * 31, "x" * 32, "größe", "\udcff\udc80", "x" * 3999])
def test_texts_come_back(chip, handle, text):
    handle.set_str("key", text)
    again = chip.start().open("storage")
    assert again.get_str("key") == text
    assert again.str_length("key") == len(text.encode("utf-8", "surrogateescape")) + 1


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 400, 3967, 3968, 3999, 4000, 4001, 7000])
def test_blobs_come_back(chip, handle, size):
    blob = bytes(range(251)) * 28
    handle.set_blob("key", blob[:size])
    again = chip.start().open("storage")
    assert again.get_blob("key") == blob[:size]
    assert again.blob_length("key") == size


def test_texts_and_names_end_before_a_nul_as_in_c(nvs, handle):
    handle.set_str("key\0rest", "text\0rest")
    assert handle.get_str("key") == "text"
    nvs.open("storage\0rest", read_only=True).get_str("key\0other")


def test_nothing_works_before_init(chip):
    nvs = Nvs(chip.view)
    assert code_of(nvs.open, "storage") == EspErr.ESP_ERR_NVS_NOT_INITIALIZED
    assert code_of(nvs.stats) == EspErr.ESP_ERR_NVS_NOT_INITIALIZED
    assert code_of(nvs.deinit) == EspErr.ESP_ERR_NVS_NOT_INITIALIZED
    assert code_of(lambda: list(nvs.entries())) == EspErr.ESP_ERR_NVS_NOT_INITIALIZED


def test_second_init_does_nothing(nvs, handle):
    handle.set_u8("key", 1)
    nvs.init()
    assert handle.get_u8("key") == 1


def test_deinit_closes_every_handle(nvs, handle):
    nvs.deinit()
    assert code_of(handle.get_u8, "key") == EspErr.ESP_ERR_NVS_INVALID_HANDLE
    assert code_of(nvs.open, "storage") == EspErr.ESP_ERR_NVS_NOT_INITIALIZED
    nvs.init()
    nvs.open("storage", read_only=True)


def test_erase_leaves_a_blank_partition(chip, nvs, handle):
    handle.set_u8("key", 1)
    nvs.deinit()
    nvs.erase()
    assert chip.chip.to_bytes() == b"\xff" * 0x3000
    nvs.init()
    assert nvs.stats() == NvsStats(0, 378, 378, 0)


def test_partition_beyond_the_chip_fails_with_the_code_of_the_flash(chip):
    nvs = Nvs(PartitionView(chip.chip, Partition("nvs", 1, 2, 0x1000, 0x3000)))
    assert code_of(nvs.init) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(nvs.open, "storage") == EspErr.ESP_ERR_NVS_NOT_INITIALIZED


def test_read_only_opens_only_what_is_there(chip, nvs):
    chip.take_trace()
    assert code_of(nvs.open, "storage", read_only=True) == EspErr.ESP_ERR_NVS_NOT_FOUND
    assert chip.take_trace() == []
    nvs.open("storage")
    nvs.open("storage", read_only=True)


def test_read_only_handle_can_set_texts_and_blobs_but_no_integers(nvs, handle):
    """``nvs_set_str`` and ``nvs_set_blob`` forgot to ask."""
    read_only = nvs.open("storage", read_only=True)
    assert code_of(read_only.set_u8, "key", 1) == EspErr.ESP_ERR_NVS_READ_ONLY
    assert code_of(read_only.erase_key, "key") == EspErr.ESP_ERR_NVS_READ_ONLY
    assert code_of(read_only.erase_all) == EspErr.ESP_ERR_NVS_READ_ONLY
    read_only.set_str("text", "written")
    read_only.set_blob("blob", b"written")
    assert handle.get_str("text") == "written"
    assert handle.get_blob("blob") == b"written"


def test_closed_handle_is_invalid(handle):
    with handle:
        handle.set_u8("key", 1)
    handle.close()
    for call in (handle.commit, handle.erase_all, handle.used_entry_count):
        assert code_of(call) == EspErr.ESP_ERR_NVS_INVALID_HANDLE
    for call in (handle.get_u8, handle.get_str, handle.get_blob, handle.erase_key, handle.str_length):
        assert code_of(call, "key") == EspErr.ESP_ERR_NVS_INVALID_HANDLE
    assert code_of(handle.set_u8, "key", 2) == EspErr.ESP_ERR_NVS_INVALID_HANDLE


def test_names_of_more_than_15_bytes_are_too_long_to_write(nvs, handle):
    long = "sixteen_letters_"
    assert code_of(nvs.open, long) == EspErr.ESP_ERR_NVS_KEY_TOO_LONG
    assert code_of(nvs.open, long, read_only=True) == EspErr.ESP_ERR_NVS_NOT_FOUND
    assert code_of(handle.set_u8, long, 1) == EspErr.ESP_ERR_NVS_KEY_TOO_LONG
    assert code_of(handle.set_str, long, "") == EspErr.ESP_ERR_NVS_KEY_TOO_LONG
    assert code_of(handle.set_blob, long, b"") == EspErr.ESP_ERR_NVS_KEY_TOO_LONG
    assert code_of(handle.get_u8, long) == EspErr.ESP_ERR_NVS_NOT_FOUND
    assert code_of(handle.set_str, "ümläütß_größe", "") == EspErr.ESP_ERR_NVS_KEY_TOO_LONG  # 18 bytes


def test_longer_name_finds_the_one_that_is_its_first_15_bytes(nvs):
    """Only 15 bytes are ever compared."""
    nvs.open("fifteen_letters").set_u8("another_fifteen", 7)
    assert nvs.open("fifteen_letters_and_more").get_u8("another_fifteen_x") == 7


def test_other_type_is_not_found(handle):
    handle.set_u8("key", 7)
    for call in (handle.get_i8, handle.get_u16, handle.get_u64, handle.get_str, handle.get_blob, handle.blob_length):
        assert code_of(call, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND


def test_second_type_under_a_key_hides_behind_the_first_until_the_next_start(chip, handle):
    handle.set_u8("key", 7)
    handle.set_u16("key", 8)
    assert handle.get_u8("key") == 7
    assert code_of(handle.get_u16, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND
    again = chip.start().open("storage")
    assert again.get_u16("key") == 8
    assert code_of(again.get_u8, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND


def test_text_of_more_than_4000_bytes_is_too_long(handle):
    handle.set_str("key", "x" * 3999)
    assert code_of(handle.set_str, "key", "x" * 4000) == EspErr.ESP_ERR_NVS_VALUE_TOO_LONG
    assert handle.get_str("key") == "x" * 3999


def test_blob_may_have_4000_bytes_for_each_page_but_one(handle):
    assert code_of(handle.set_blob, "key", bytes(8001)) == EspErr.ESP_ERR_NVS_VALUE_TOO_LONG
    assert code_of(handle.set_blob, "key", bytes(8000)) == EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE  # the namespace is there
    assert code_of(handle.get_blob, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND
    handle.set_blob("key", bytes(7000))
    assert handle.get_blob("key") == bytes(7000)


def test_blob_that_does_not_fit_can_take_the_old_one_with_it(nvs_chip):
    """Its chunks are erased by numbers from 0, even if they were numbered from 0x80."""
    handle = nvs_chip(3).start().open("storage")
    handle.set_blob("key", b"old" * 100)
    assert code_of(handle.set_blob, "key", bytes(7900)) == EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE
    assert handle.blob_length("key") == 300
    assert code_of(handle.get_blob, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND


def test_buffer_may_be_too_small(handle):
    handle.set_str("text", "four")
    handle.set_blob("blob", b"four")
    assert handle.get_str("text", 5) == "four"
    assert code_of(handle.get_str, "text", 4) == EspErr.ESP_ERR_NVS_INVALID_LENGTH
    assert handle.get_blob("blob", 4) == b"four"
    assert code_of(handle.get_blob, "blob", 3) == EspErr.ESP_ERR_NVS_INVALID_LENGTH


def test_erased_key_is_not_found(chip, handle):
    handle.set_u8("number", 1)
    handle.set_str("text", "one" * 20)
    handle.erase_key("number")
    handle.erase_key("text")
    assert code_of(handle.erase_key, "number") == EspErr.ESP_ERR_NVS_NOT_FOUND
    for some in (handle, chip.start().open("storage")):
        assert code_of(some.get_u8, "number") == EspErr.ESP_ERR_NVS_NOT_FOUND
        assert code_of(some.get_str, "text") == EspErr.ESP_ERR_NVS_NOT_FOUND


def test_erasing_a_blob_erases_one_chunk_and_reading_it_the_rest(handle):
    handle.set_blob("key", b"blob")
    before = handle.used_entry_count()
    handle.erase_key("key")
    assert (before, handle.used_entry_count()) == (3, 1)
    assert handle.blob_length("key") == 4
    assert code_of(handle.get_blob, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND
    assert code_of(handle.blob_length, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND
    assert handle.used_entry_count() == 0


def test_blob_that_is_set_after_its_index_alone_was_erased_can_kill_the_device(nvs_chip):
    """Garbage collection moves the chunk behind its index, so that `erase_key` finds the index first."""
    nvs = nvs_chip(3).start()
    handle = nvs.open("storage")
    for number in range(120):
        handle.set_u8(f"k{number}", 0)
    handle.set_blob("key", bytes(100))  # the chunk fills the page, so the index goes to the next
    number = 0
    while handle._storage.pages.in_use[0].sequence == 0:
        handle.set_u8(f"k{number % 100}", 1)
        number += 1
    handle.erase_key("key")
    assert code_of(handle.blob_length, "key") == EspErr.ESP_ERR_NVS_NOT_FOUND
    handle.set_blob("key", bytes(50))
    with pytest.raises(NvsFatalError):
        handle.get_blob("key")
    assert NvsEntry("storage", "key", "blob", None) in list(nvs.entries())


def test_erase_all_leaves_other_namespaces_and_the_empty_one(chip, nvs, handle):
    handle.set_u8("a", 1)
    handle.set_blob("b", bytes(500))
    other = nvs.open("other")
    other.set_u8("a", 2)
    handle.erase_all()
    assert handle.used_entry_count() == 0
    assert other.get_u8("a") == 2
    again = chip.start()
    assert again.stats().namespace_count == 2
    assert list(again.entries()) == [NvsEntry("other", "a", "u8", 2)]


def test_namespaces_do_not_see_each_other(nvs):
    one, two = nvs.open("one"), nvs.open("two")
    one.set_u8("key", 1)
    two.set_u8("key", 2)
    assert (one.get_u8("key"), two.get_u8("key")) == (1, 2)
    two.erase_key("key")
    assert one.get_u8("key") == 1


def test_there_is_room_for_254_namespaces(nvs_chip):
    nvs = nvs_chip(6).start()
    for number in range(254):
        nvs.open(f"n{number}").set_u8("key", number)
    assert code_of(nvs.open, "one more") == EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE
    assert nvs.open("n253").get_u8("key") == 253
    assert nvs.stats().namespace_count == 254


def test_stats_count_entries_with_those_of_the_namespaces(nvs, handle):
    assert nvs.stats() == NvsStats(1, 377, 378, 1)
    handle.set_u8("a", 1)
    handle.set_str("s", "x" * 32)  # 33 bytes: three entries
    handle.set_blob("b", b"x" * 32)  # two entries and the index
    assert nvs.stats() == NvsStats(1 + 1 + 3 + 3, 370, 378, 1)
    handle.set_u8("a", 2)
    assert nvs.stats() == NvsStats(8, 370, 378, 1)
    assert handle.used_entry_count() == 7


def test_flash_that_fails_while_the_old_value_is_erased_has_the_new_one(chip, handle):
    class Failing(PartitionView):
        __slots__ = ("left",)
        left: int

        def program(self, offset: int, data: bytes) -> None:
            self.left -= 1
            if self.left < 0:
                raise EspError(EspErr.ESP_ERR_FLASH_OP_FAIL)
            super().program(offset, data)

    view = Failing(chip.chip, chip.view.partition)
    view.left = 1000
    nvs = Nvs(view)
    nvs.init()
    handle = nvs.open("storage")
    handle.set_str("key", "old")
    handle.set_blob("blob", b"old")
    view.left = 4
    assert code_of(handle.set_str, "key", "new") == EspErr.ESP_ERR_NVS_REMOVE_FAILED
    view.left = 6
    assert code_of(handle.set_blob, "blob", b"new") == EspErr.ESP_ERR_NVS_REMOVE_FAILED
    again = chip.start().open("storage")
    assert again.get_str("key") == "new"
    assert again.get_blob("blob") == b"new"


def test_entries_tell_what_is_there_and_change_nothing(chip, nvs, handle):
    handle.set_u8("number", 7)
    handle.set_i64("negative", -1)
    handle.set_str("text", "größe")
    nvs.open("other").set_blob("blob", bytes(5000))
    handle.set_blob("erased", b"x")
    handle.erase_key("erased")
    chip.take_trace()
    assert list(nvs.entries()) == [
        NvsEntry("storage", "number", "u8", 7),
        NvsEntry("storage", "negative", "i64", -1),
        NvsEntry("storage", "text", "string", "größe"),
        NvsEntry("other", "blob", "blob", bytes(5000)),
        NvsEntry("storage", "erased", "blob", None),
    ]
    assert chip.take_trace() == []


def test_entries_can_be_put_into_another_nvs(nvs_chip, nvs, handle):
    handle.set_u32("number", 7)
    handle.set_str("text", "text")
    handle.set_blob("blob", bytes(300))
    handle.set_blob("erased", b"x")
    handle.erase_key("erased")
    other = nvs_chip(4).start()
    for entry in nvs.entries():
        other.put(entry)
    assert list(other.entries()) == list(nvs.entries())[:3]
