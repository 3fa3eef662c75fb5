from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import DescriptionError
from simulator.formats.esp_err import EspErr
from simulator.formats.partition_table import Partition, PartitionTable, PartitionTableError, PartitionTableFault

NVS = Partition("nvs", 1, 2, 0x9000, 0x6000)
STORAGE = Partition("storage", 1, 0x40, 0xF000, 0x80000)
OTADATA = Partition("otadata", 1, 0, 0x8F000, 0x2000)
WITHOUT_FACTORY = PartitionTable(
    (
        NVS,
        STORAGE,
        OTADATA,
        Partition("ota_0", 0, 0x10, 0xA0000, 0x1B0000),
        Partition("ota_1", 0, 0x11, 0x250000, 0x1B0000),
    )
)
WITH_FACTORY = PartitionTable(
    (
        NVS,
        STORAGE,
        OTADATA,
        Partition("factory", 0, 0, 0xA0000, 0x120000),
        Partition("ota_0", 0, 0x10, 0x1C0000, 0x120000),
        Partition("ota_1", 0, 0x11, 0x2E0000, 0x120000),
    )
)
# Section 2.4 of the flash reference.
WITHOUT_FACTORY_BYTES = bytes.fromhex(
    "aa500102 00900000 00600000 6e767300 00000000 00000000 00000000 00000000"
    "aa500140 00f00000 00000800 73746f72 61676500 00000000 00000000 00000000"
    "aa500100 00f00800 00200000 6f746164 61746100 00000000 00000000 00000000"
    "aa500010 00000a00 00001b00 6f74615f 30000000 00000000 00000000 00000000"
    "aa500011 00002500 00001b00 6f74615f 31000000 00000000 00000000 00000000"
    "ebebffff ffffffff ffffffff ffffffff 8740cceb 6d696767 c8f0410c 31fbc01c"
).ljust(0xC00, b"\xff")
WITH_FACTORY_BYTES = (
    WITHOUT_FACTORY_BYTES[:96]
    + bytes.fromhex(
        "aa500000 00000a00 00001200 66616374 6f727900 00000000 00000000 00000000"
        "aa500010 00001c00 00001200 6f74615f 30000000 00000000 00000000 00000000"
        "aa500011 00002e00 00001200 6f74615f 31000000 00000000 00000000 00000000"
        "ebebffff ffffffff ffffffff ffffffff 6a89cb02 219d339b c8e2ad7c 901a1aa6"
    )
).ljust(0xC00, b"\xff")

CHIP = 4 << 20


def row(magic: bytes = b"\xaa\x50", rest: bytes = NVS.to_row()[2:]) -> bytes:
    return magic + rest


def md5_row(before: bytes) -> bytes:
    return b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(before).digest()


def error_of(data: bytes, chip_size_bytes: int = CHIP) -> PartitionTableError:
    with pytest.raises(PartitionTableError) as error:
        PartitionTable.from_bytes(data, chip_size_bytes=chip_size_bytes)
    return error.value


def messages(text: str, **options: object) -> list[str]:
    with pytest.raises(DescriptionError) as error:
        PartitionTable.from_csv(text, **options)  # type: ignore[arg-type]
    return [problem.message for problem in error.value.problems]


# --- binary


@pytest.mark.parametrize(
    ("table", "as_bytes"), [(WITHOUT_FACTORY, WITHOUT_FACTORY_BYTES), (WITH_FACTORY, WITH_FACTORY_BYTES)]
)
def test_lua_rtos_tables_have_the_bytes_of_the_reference(table: PartitionTable, as_bytes: bytes) -> None:
    assert table.to_bytes() == as_bytes
    assert PartitionTable.from_bytes(as_bytes, chip_size_bytes=CHIP) == table
    assert PartitionTable.as_read_by_app(as_bytes) == table


@pytest.mark.parametrize(
    ("csv", "md5"),
    [
        (
            "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,0xd000,0x2000\nphy_init,data,phy,0xf000,0x1000\n"
            "factory,0,0,0x10000,1M\nota_0,0,ota_0,,1M\nota_1,0,ota_1,,1M\n",
            "bf25822c0fa6d8641bd930251e06b4c4",
        ),
        (
            "nvs,data,nvs,0x9000,0x6000\nphy_init,data,phy,0xf000,0x1000\nfactory,app,factory,0x10000,1M\n",
            "f4ad4f4538564b5d7435b62c75b69524",
        ),
    ],
)
def test_tables_of_esp_idf_have_their_md5(csv: str, md5: str) -> None:
    table = PartitionTable.from_csv(csv)
    start = len(table) * 32
    assert table.to_bytes()[start + 16 : start + 32].hex() == md5


def test_erased_table_is_valid_and_empty() -> None:
    assert PartitionTable.from_bytes(b"\xff" * 0xC00) == PartitionTable()
    assert PartitionTable().to_bytes(md5=False) == b"\xff" * 0xC00


def test_table_without_md5_is_valid() -> None:
    assert PartitionTable.from_bytes(WITH_FACTORY.to_bytes(md5=False)) == WITH_FACTORY


def test_rows_behind_the_end_are_ignored() -> None:
    assert PartitionTable.from_bytes(row() + b"\xff" * 32 + b"junk" * 8) == PartitionTable((NVS,))


def test_end_row_needs_only_magic_type_and_subtype() -> None:
    assert PartitionTable.from_bytes(b"\xff\xff\xff\xff" + bytes(28)) == PartitionTable()


@pytest.mark.parametrize(
    ("data", "reason", "text", "code"),
    [
        (
            Partition("x", 1, 2, 0x500000, 0x1000).to_row() + b"\xff" * 32,
            PartitionTableFault.BEYOND_CHIP,
            "partition 0 invalid - offset 0x500000 size 0x1000 exceeds flash chip size 0x400000",
            EspErr.ESP_ERR_INVALID_SIZE,
        ),
        (
            row() + Partition("x", 1, 2, 0x3FF000, 0x2000).to_row(),
            PartitionTableFault.BEYOND_CHIP,
            "partition 1 invalid - offset 0x3ff000 size 0x2000 exceeds flash chip size 0x400000",
            EspErr.ESP_ERR_INVALID_SIZE,
        ),
        (
            row() + md5_row(row()) + md5_row(row() + md5_row(row())),
            PartitionTableFault.SECOND_MD5,
            "Only one MD5 checksum is allowed",
            EspErr.ESP_ERR_INVALID_STATE,
        ),
        (
            row() + md5_row(b"something else"),
            PartitionTableFault.WRONG_MD5,
            "Incorrect MD5 checksum",
            EspErr.ESP_ERR_INVALID_STATE,
        ),
        (
            row() + row(b"\x2a\x50"),
            PartitionTableFault.BAD_MAGIC,
            "partition 1 invalid magic number 0x502a",
            EspErr.ESP_ERR_INVALID_STATE,
        ),
        (
            b"\xff\xff\xff\xfe" + b"\xff" * 28,
            PartitionTableFault.BAD_MAGIC,
            "partition 0 invalid magic number 0xffff",
            EspErr.ESP_ERR_INVALID_STATE,
        ),
        (
            row() * 96,
            PartitionTableFault.NO_END,
            "partition table has no terminating entry, not valid",
            EspErr.ESP_ERR_INVALID_STATE,
        ),
    ],
)
def test_bootloader_names_the_first_fault(data: bytes, reason: PartitionTableFault, text: str, code: EspErr) -> None:
    error = error_of(data)
    assert error.reason is reason
    assert str(error) == text
    assert error.esp_err == code


def test_wrap_around_of_an_end_address_is_not_noticed() -> None:
    wrapping = Partition("x", 1, 2, 0x1000, 0xFFFFF000)
    assert PartitionTable.from_bytes(wrapping.to_row() + b"\xff" * 32, chip_size_bytes=CHIP).entries == (wrapping,)


def test_partition_may_end_where_the_chip_does() -> None:
    last = Partition("x", 1, 2, 0x3FF000, 0x1000)
    assert PartitionTable.from_bytes(last.to_row() + b"\xff" * 32, chip_size_bytes=CHIP).entries == (last,)


def test_md5_row_in_the_middle_takes_the_place_of_a_partition_for_the_bootloader_and_ends_the_list_for_the_app() -> (
    None
):
    data = NVS.to_row() + md5_row(NVS.to_row()) + STORAGE.to_row() + b"\xff" * 32
    seen = PartitionTable.from_bytes(data, chip_size_bytes=CHIP)
    assert len(seen) == 2
    assert seen.entries[0] == NVS
    assert (seen.entries[1].type, seen.entries[1].subtype) == (0xFF, 0xFF)
    assert PartitionTable.as_read_by_app(data) == PartitionTable((NVS,))


def test_app_does_not_check_the_md5() -> None:
    wrong = bytearray(WITH_FACTORY_BYTES)
    wrong[6 * 32 + 20] ^= 1
    assert PartitionTable.as_read_by_app(bytes(wrong)) == WITH_FACTORY
    assert error_of(bytes(wrong)).reason is PartitionTableFault.WRONG_MD5


def test_truncated_at_every_length_it_is_refused_or_was_complete() -> None:
    end = 8 * 32
    for length in range(0x120):
        if length >= end:
            assert PartitionTable.from_bytes(WITH_FACTORY_BYTES[:length]) == WITH_FACTORY
        else:
            assert error_of(WITH_FACTORY_BYTES[:length]).reason is PartitionTableFault.NO_END
        assert len(PartitionTable.as_read_by_app(WITH_FACTORY_BYTES[:length])) == min(length // 32, 6)


@settings(max_examples=300, derandomize=True)
@given(st.data())
def test_hostile_bytes_give_a_table_or_a_table_error(data: st.DataObject) -> None:
    hostile = bytearray(data.draw(st.one_of(st.binary(max_size=300), st.just(WITH_FACTORY_BYTES))))
    for offset, value in data.draw(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=8)):
        if offset < len(hostile):
            hostile[offset] = value
    PartitionTable.as_read_by_app(bytes(hostile))
    try:
        table = PartitionTable.from_bytes(bytes(hostile), chip_size_bytes=CHIP)
    except PartitionTableError as error:
        assert 0 <= error.offset <= len(hostile)  # noqa: PT017
    else:
        assert PartitionTable.from_bytes(table.to_bytes()) == table


def test_label_of_sixteen_characters_needs_no_nul() -> None:
    full = Partition("sixteen letters!", 1, 2, 0x9000, 0x1000)
    assert Partition.from_row(full.to_row()) == full
    with pytest.raises(ValueError, match="17 bytes"):
        Partition("seventeen letters", 1, 2, 0x9000, 0x1000).to_row()


def test_label_of_any_bytes_and_unknown_flags_survive() -> None:
    odd = bytearray(NVS.to_row())
    odd[12:16] = b"\xc3\xa9\xff\x01"
    odd[28:32] = b"\x03\x00\x00\x80"
    partition = Partition.from_row(bytes(odd))
    assert partition.encrypted
    assert partition.other_flags == 0x80000002
    assert partition.to_row() == bytes(odd)


@pytest.mark.parametrize(
    ("count", "md5", "fits"), [(94, True, True), (95, True, False), (95, False, True), (96, False, False)]
)
def test_at_most_94_partitions_fit_with_md5_and_95_without(count: int, md5: bool, fits: bool) -> None:
    table = PartitionTable((NVS,) * count)
    if fits:
        assert len(PartitionTable.from_bytes(table.to_bytes(md5=md5))) == count
    else:
        with pytest.raises(PartitionTableError, match="longer than max"):
            table.to_bytes(md5=md5)


# --- questions


def test_partitions_are_found_by_label_type_and_subtype_in_table_order() -> None:
    twins = PartitionTable((NVS, Partition("nvs2", 1, 2, 0x20000, 0x1000)))
    assert twins.first(1, 2) == NVS
    assert twins.first(1, 2, "nvs2") == twins.entries[1]
    assert twins.first(1) == NVS
    assert twins.first(0) is None
    assert twins.find("nvs2") == twins.entries[1]
    assert twins.find("none") is None


def test_roles_are_found() -> None:
    assert WITH_FACTORY.factory == WITH_FACTORY.find("factory")
    assert WITHOUT_FACTORY.factory is None
    assert WITH_FACTORY.otadata == OTADATA
    assert [slot.label for slot in WITH_FACTORY.ota_slots] == ["ota_0", "ota_1"]
    assert [partition.label for partition in WITH_FACTORY.app_partitions] == ["factory", "ota_0", "ota_1"]
    assert [partition.ota_slot for partition in WITH_FACTORY] == [None, None, None, None, 0, 1]


def test_app_counts_slots_up_to_the_first_gap_and_the_test_app_is_none() -> None:
    slots = [Partition(f"ota_{n}", 0, 0x10 + n, 0x10000 * (n + 1), 0x10000) for n in (0, 2)]
    assert [slot.label for slot in PartitionTable(tuple(slots)).ota_slots] == ["ota_0"]
    every = [Partition(f"s{n}", 0, 0x10 + n, 0x10000 * (n + 1), 0x10000) for n in range(17)]
    assert len(PartitionTable(tuple(every)).ota_slots) == 16


# --- CSV


def test_csv_of_the_generator_is_read_and_written() -> None:
    csv = (
        "# Espressif ESP32 Partition Table\n# Name, Type, SubType, Offset, Size, Flags\n"
        "nvs,data,nvs,0x9000,24K,\nstorage,data,64,0xf000,512K,\notadata,data,ota,0x8f000,8K,\n"
        "factory,app,factory,0xa0000,1152K,\nota_0,app,ota_0,0x1c0000,1152K,\nota_1,app,ota_1,0x2e0000,1152K,\n"
    )
    assert WITH_FACTORY.to_csv() == csv
    assert PartitionTable.from_csv(csv) == WITH_FACTORY


def test_unknown_numbers_are_printed_in_decimal_and_odd_sizes_in_hex() -> None:
    assert Partition("x", 0x40, 5, 0x9000, 0x123, encrypted=True).to_csv() == "x,64,5,0x9000,0x123,encrypted"
    assert Partition("x", 0, 0x30, 0x10000, 0x200000).to_csv() == "x,app,48,0x10000,2M,"


def test_offsets_left_out_follow_the_previous_partition_apps_on_64_kib_data_on_4_bytes() -> None:
    table = PartitionTable.from_csv("a,data,nvs,,0x1001\n\n # comment\nb,data,phy,,4\nc,app,factory,,1k\nd,data,,,1M")
    assert [(p.offset, p.size) for p in table] == [(0x9000, 0x1001), (0xA004, 4), (0x10000, 1024), (0x10400, 1 << 20)]
    assert table.entries[3].subtype == 0


def test_negative_size_is_the_end_address() -> None:
    table = PartitionTable.from_csv("a,data,nvs,0x9000,-0x10000\nb,app,factory,,-2M")
    assert [(p.offset, p.size) for p in table] == [(0x9000, 0x7000), (0x10000, 0x1F0000)]


def test_flags_keywords_and_variables() -> None:
    table = PartitionTable.from_csv("$NAME,DATA,NVS,,${SIZE},encrypted\n", variables={"NAME": "keys", "SIZE": "0x1000"})
    assert table.entries == (Partition("keys", 1, 2, 0x9000, 0x1000, encrypted=True),)
    assert messages("$NAME,data,nvs,,4K") == ["unknown variable 'NAME'"]


def test_label_is_cut_at_sixteen_bytes() -> None:
    table = PartitionTable.from_csv("a very long name indeed,data,nvs,,4K")
    assert table.entries[0].label == "a very long name"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,data,nvs,0x9000,", "Size field can't be empty"),
        ("a,,nvs,0x9000,1", "Field 'type' can't be left empty."),
        ("a,foo,nvs,0x9000,1", "Value 'foo' is not valid. Known keywords: app, data"),
        (
            "a,app,foo,0x10000,1",
            "Value 'foo' is not valid. Known keywords: factory, test, ota_0, ota_1, ota_2, ota_3, ota_4, ota_5, ota_6, "
            "ota_7, ota_8, ota_9, ota_10, ota_11, ota_12, ota_13, ota_14, ota_15",
        ),
        ("a,data,nvs,0x9000,1Q", "Invalid field value 1Q"),
        ("a,data,nvs,010,1", "Invalid field value 010"),
        ("a,data,nvs,-4,1", "Invalid field value -4"),
        ("a,0x40,foo,,1", "Invalid field value foo"),
        ("a,data,nvs,0x9000,1,foo", "CSV flag column contains unknown flag 'foo'"),
        ("a,256,0,0x9000,1", "Field 'type' is one byte; 256 does not fit"),
        ("a,app,0,0x8000,1", "First partition offset 0x8000 overlaps end of partition table 0x9000"),
        ("a,app,0,0x11000,1", "Partition a invalid: Offset 0x11000 is not aligned to 0x10000"),
        ("a,data,0,0x9001,1", "Partition a invalid: Offset 0x9001 is not aligned to 0x4"),
        ("a,data,0,0x9000,-0x100", "Partition a invalid: Offset 0x9000 or size -36608 is no 32-bit number"),
    ],
)
def test_a_wrong_line_is_named_as_the_generator_does(line: str, message: str) -> None:
    assert messages(line) == [message]


def test_overlap_names_line_and_addresses() -> None:
    assert messages("a,data,nvs,0x9000,0x1000\nb,data,phy,0x9800,0x1000") == [
        "Partitions overlap. Partition at line 2 sets offset 0x9800. Previous partition ends 0xa000"
    ]


def test_secure_also_asks_for_aligned_sizes() -> None:
    text = "f,app,factory,0x10000,0x12345"
    assert PartitionTable.from_csv(text).entries[0].size == 0x12345
    assert messages(text, secure=True) == ["Partition f invalid: Size 0x12345 is not aligned to 0x10000"]


def test_names_are_unique_and_everything_fits_the_flash() -> None:
    assert messages("a,data,nvs,,4K\na,data,phy,,4K") == ["Partition names must be unique"] * 2
    assert messages("f,app,factory,0x10000,5M", flash_size_bytes=CHIP) == [
        "Partitions occupy 5.1MB of flash (5308416 bytes) which does not fit in configured flash size 4MB"
    ]


def test_every_problem_is_reported_once_with_its_place() -> None:
    with pytest.raises(DescriptionError) as error:
        PartitionTable.from_csv("a,data,nvs,,\n\nb,foo,nvs,,1\nc,data,nvs,0x100,4", "my.csv")
    assert str(error.value) == (
        "my.csv:1: Size field can't be empty\n"
        "my.csv:3: Value 'foo' is not valid. Known keywords: app, data\n"
        "my.csv:4: First partition offset 0x100 overlaps end of partition table 0x9000"
    )


def test_misleading_labels_are_warned_of() -> None:
    table = PartitionTable((Partition("app", 1, 2, 0x9000, 4), Partition("ota_0", 0, 0x11, 0x10000, 4), NVS))
    assert table.warnings() == [
        "Partition has name 'app' which is a partition type, but does not match this partition's type (0x1). "
        "Mistake in partition table?",
        "Partition has name 'ota_0' which is a partition subtype, but this partition has non-matching type 0x0 and "
        "subtype 0x11. Mistake in partition table?",
    ]
