"""What `simulator.inspection` says of a flash is what the bootloader and the OTA calls make of it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.flash_parts import Area
from simulator.formats import ImageState, OtaData, PartitionTable, SelectEntry
from simulator.formats.otadata import ERASED_ENTRY
from simulator.formats.partition_table import TABLE_OFFSET
from simulator.inspection import explain_otadata, explain_rollback, inspect_flash
from simulator.testing import TWO_SLOTS, build_flash, small_firmware
from simulator.units import MIB

FIRMWARE = small_firmware()
BAD_CRC = SelectEntry(7, ImageState.VALID, 0x12345678)
ONE_APP = PartitionTable.from_csv("nvs,data,nvs,0x9000,16K\nfactory,app,factory,0x10000,1M\n")


def entry(ota_seq: int, state: ImageState = ImageState.UNDEFINED) -> SelectEntry:
    return SelectEntry.make(ota_seq, state)


def flash_with(first: SelectEntry, second: SelectEntry) -> bytes:
    slots = {"factory": FIRMWARE, "ota_0": FIRMWARE, "ota_1": FIRMWARE}
    return build_flash({**slots, "otadata": OtaData((first, second)).to_bytes()})


def test_says_what_a_bootloader_with_rollback_would_do_at_the_next_reset_and_the_one_after() -> None:
    unconfirmed = flash_with(entry(1, ImageState.VALID), entry(2, ImageState.NEW))
    assert explain_rollback(unconfirmed) == [
        "It turns entry 1 from NEW into PENDING_VERIFY.",
        "It starts ota_1, which is on probation.",
        "If that app does not confirm itself, the reset after that starts ota_0.",
    ]
    booted_once = flash_with(entry(1, ImageState.VALID), entry(2, ImageState.PENDING_VERIFY))
    assert explain_rollback(booted_once) == [
        "It turns entry 1 from PENDING_VERIFY into ABORTED.",
        "It starts ota_0 every time: no app is on probation.",
    ]
    confirmed = flash_with(entry(1, ImageState.VALID), ERASED_ENTRY)
    assert explain_rollback(confirmed) == ["It starts ota_0 every time: no app is on probation."]
    assert explain_rollback(build_flash({})) == ["It finds nothing that boots."]


def test_finds_what_runs_and_where_the_next_update_goes() -> None:
    expected = {
        (ERASED_ENTRY, ERASED_ENTRY): ("factory", "ota_0"),
        (entry(1), ERASED_ENTRY): ("ota_0", "ota_1"),
        (entry(1), entry(2)): ("ota_1", "ota_0"),
    }
    for entries, (running, following) in expected.items():
        report = inspect_flash(flash_with(*entries))
        assert report.running is not None
        assert report.next_update is not None
        assert (report.running.partition.label, report.next_update.label) == (running, following)


def test_a_board_without_update_slots_has_no_next_update() -> None:
    report = inspect_flash(build_flash({"factory": FIRMWARE}, ONE_APP))
    assert report.running is not None
    assert report.next_update is None
    assert report.otadata is None
    assert explain_otadata(report) == [
        "There is no otadata partition: the bootloader starts factory and looks no further."
    ]


def test_tells_sound_damaged_and_erased_slots_apart() -> None:
    damaged = bytearray(FIRMWARE)
    damaged[5000] ^= 1
    report = inspect_flash(build_flash({"factory": FIRMWARE, "ota_0": bytes(damaged)}))
    factory, ota_0, ota_1 = report.slots
    assert factory.image is not None
    assert factory.manifest is not None
    assert (factory.fault, ota_1.fault) == ("", "erased")
    assert ota_0.image is ota_1.image is None
    assert ota_0.fault.startswith("checksum is 0x")


def test_counts_the_sectors_that_are_used() -> None:
    report = inspect_flash(build_flash({"ota_0": FIRMWARE, "nvs": b"\xff" * 4096 + b"\xfe"}))
    used = {area.name: report.used_sectors(area) for area in report.areas}
    assert used["ota_0"] == -(-len(FIRMWARE) // 4096)
    assert (used["nvs"], used["ota_1"], used["partition-table"]) == (1, 0, 1)
    assert sum(used.values()) == sum(report.used)


def test_areas_are_in_order_of_address_and_begin_with_the_bootloader() -> None:
    areas = inspect_flash(build_flash({})).areas
    assert [area.name for area in areas] == ["bootloader", "partition-table", *(entry.label for entry in TWO_SLOTS)]
    assert areas[2] == Area("nvs", "data/nvs", 0x9000, 16 * 1024)
    assert areas[3].sectors == range(0xD, 0xF)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (
            ERASED_ENTRY,
            ERASED_ENTRY,
            [
                "Entry 0 is erased.",
                "Entry 1 is erased.",
                "No entry is valid, so the bootloader starts factory, or ota_0 if there is no factory.",
            ],
        ),
        (
            entry(1, ImageState.VALID),
            ERASED_ENTRY,
            [
                "Entry 0 has sequence 1 and selects ota_0, state VALID (confirmed); "
                "it is the only valid one and counts.",
                "Entry 1 is erased.",
            ],
        ),
        (
            entry(3),
            entry(2, ImageState.NEW),
            [
                "Entry 0 has sequence 3 and selects ota_0, state UNDEFINED (nobody watches it); "
                "it has the larger number and counts.",
                "Entry 1 has sequence 2 and selects ota_1, state NEW (not booted yet); it has the smaller number.",
            ],
        ),
        (
            entry(2, ImageState.ABORTED),
            BAD_CRC,
            [
                "Entry 0 has sequence 2 and selects ota_1, state ABORTED (was reset before it confirmed itself); "
                "so it is never selected.",
                "Entry 1 has sequence 7 and selects ota_0, state VALID (confirmed); "
                "its CRC is wrong, so it does not count.",
                "No entry is valid, so the bootloader starts factory, or ota_0 if there is no factory.",
            ],
        ),
        (
            entry(2),
            entry(2, ImageState.PENDING_VERIFY),
            [
                "Entry 0 has sequence 2 and selects ota_1, state UNDEFINED (nobody watches it); "
                "both have the same number, and then entry 0 counts.",
                "Entry 1 has sequence 2 and selects ota_1, state PENDING_VERIFY (booted once, not confirmed); "
                "both have the same number, and then entry 0 counts.",
            ],
        ),
    ],
)
def test_explains_otadata_in_words(first: SelectEntry, second: SelectEntry, words: list[str]) -> None:
    assert explain_otadata(inspect_flash(flash_with(first, second))) == words


@given(st.sampled_from([0, 1, 2, 3, 7, 0xFFFFFFFE]), st.sampled_from([0, 1, 2, 3, 7]), st.sampled_from(ImageState))
def test_the_entry_that_counts_in_words_is_the_one_that_boots(one: int, two: int, state: ImageState) -> None:
    report = inspect_flash(flash_with(entry(one, state), entry(two)))
    counting = [line for line in explain_otadata(report) if "counts." in line]
    assert len(counting) in (1, 2)
    assert f"selects {report.boot.label}," in counting[0]


def test_a_broken_table_is_told_in_the_words_of_the_bootloader() -> None:
    flash = bytearray(build_flash({"factory": FIRMWARE}))
    flash[TABLE_OFFSET + 4] ^= 1
    report = inspect_flash(bytes(flash))
    assert report.table_fault == "Incorrect MD5 checksum"
    assert (len(report.table), report.slots, report.running, report.boot.label) == (0, (), None, None)


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_have_a_report(seed: int) -> None:
    flash = bytearray(random.Random(seed).randbytes(MIB))
    if seed % 2:
        flash[TABLE_OFFSET : TABLE_OFFSET + 0xC00] = TWO_SLOTS.to_bytes()
    report = inspect_flash(bytes(flash))
    assert explain_otadata(report)
    assert report.running is None
