from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.boards.schema import FactoryReset
from simulator.boot import (
    REVISIONS,
    V5_2,
    BootConfig,
    BootOutcome,
    Ending,
    Esp32,
    Pause,
    ResetReason,
    build_bootloader_image,
    find_boot_config,
    run_bootloader,
    start_bootloader,
)
from simulator.boot.bootloader import LOOK_INTERVAL_NS
from simulator.efuses import Fuse
from simulator.flash import FaultyFlashChip, FlashChip, Journal, apply_cut, cuts_of
from simulator.formats import ImageState, Partition, PartitionTable, Segment, SelectEntry, SpiMode, SpiSpeed
from simulator.formats.partition_table import TABLE_OFFSET
from tests.boot.two_slots import (
    FACTORY,
    GOOD,
    NVS,
    OTA_0,
    OTA_1,
    OTADATA,
    STORAGE,
    WITH_FACTORY,
    WITHOUT_FACTORY,
    broken,
    entry,
    make_chip,
    read_otadata,
    small_image,
)
from tests.helpers import torn

NEW, PENDING, VALID, UNDEFINED = (
    ImageState.NEW,
    ImageState.PENDING_VERIFY,
    ImageState.VALID,
    ImageState.UNDEFINED,
)
TEST_APP = Partition("test", 0, 0x20, 0x3F0000, 0x10000)


def run(chip: FlashChip, esp32: Esp32 | None = None, **options: object) -> BootOutcome:
    return run_bootloader(chip, BootConfig(**options), esp32)  # type: ignore[arg-type]


def at_version(version: int) -> Esp32:
    """Return a chip with ``version`` bits of SECURE_VERSION burned."""
    esp32 = Esp32()
    esp32.efuses.burn_secure_version(version)
    return esp32


def holding(gpio: int, duration_s: float = 6, **options: object) -> Esp32:
    """Return a chip whose ``gpio`` is held low for so long."""
    looks = iter(range(0, round(duration_s * 1e9), LOOK_INTERVAL_NS))
    return Esp32(is_low=lambda pin: pin == gpio and next(looks, None) is not None, **options)  # type: ignore[arg-type]


def lines(outcome: BootOutcome) -> list[str]:
    return [str(line) for line in outcome.log]


def after_table(outcome: BootOutcome) -> list[str]:
    """Return the lines behind the partition listing, without those of segments."""
    log = lines(outcome)
    start = log.index("I boot: End of partition table") + 1
    return [line for line in log[start:] if not line.startswith("I esp_image: segment")]


# --- what it prints


def test_first_boot_of_a_lua_rtos_board_prints_the_log_of_the_reference() -> None:
    chip = make_chip(images={"ota_0": small_image(segments=[Segment(0x40080400, bytes(4))])})
    outcome = run(chip, compile_time="12:34:56")
    assert lines(outcome) == [
        "I boot: ESP-IDF v4.0-dev-59-gcc9b06d4d 2nd stage bootloader",
        "I boot: compile time 12:34:56",
        "I boot: Enabling RNG early entropy source...",
        "I boot: SPI Speed      : 40MHz",
        "I boot: SPI Mode       : DIO",
        "I boot: SPI Flash Size : 4MB",
        "I boot: Partition Table:",
        "I boot: ## Label            Usage          Type ST Offset   Length",
        "I boot:  0 nvs              WiFi data        01 02 00009000 00006000",
        "I boot:  1 storage          Unknown data     01 40 0000f000 00080000",
        "I boot:  2 otadata          OTA data         01 00 0008f000 00002000",
        "I boot:  3 ota_0            OTA app          00 10 000a0000 001b0000",
        "I boot:  4 ota_1            OTA app          00 11 00250000 001b0000",
        "I boot: End of partition table",
        "I boot: No factory image, trying OTA 0",
        "I esp_image: segment 0: paddr=0x000a0020 vaddr=0x3f400020 size=0x00100 (   256) map",
        "I esp_image: segment 1: paddr=0x000a0128 vaddr=0x40080400 size=0x00004 (     4) load",
        "I boot: Loaded app from partition at offset 0xa0000",
        "I boot: Set actual ota_seq=1 in otadata[0]",
        "I boot: Disabling RNG early entropy source...",
    ]
    assert outcome.ending is Ending.STARTED
    assert outcome.partition == OTA_0
    assert outcome.label == "ota_0"
    assert outcome.image is not None
    assert outcome.image.app_descriptor is not None
    assert outcome.image.app_descriptor.project_name == "lua_rtos"
    assert read_otadata(chip) == ("1 VALID", "erased")


def test_newer_bootloader_announces_chip_and_flash_in_its_own_order() -> None:
    log = lines(run(make_chip(), Esp32(revision=300), revision=V5_2))
    assert log[:9] == [
        "I boot: ESP-IDF v5.2-dev 2nd stage bootloader",
        "I boot: compile time 00:00:00",
        "I boot: Multicore bootloader",
        "I boot: chip revision: v3.0",
        "I boot.esp32: SPI Speed      : 40MHz",
        "I boot.esp32: SPI Mode       : DIO",
        "I boot.esp32: SPI Flash Size : 4MB",
        "I boot: Enabling RNG early entropy source...",
        "I boot: Partition Table:",
    ]
    assert "I esp_image: segment 0: paddr=000a0020 vaddr=3f400020 size=00100h (   256) map" in log


def test_flash_settings_are_those_of_the_bootloader_image() -> None:
    fast = build_bootloader_image(spi_mode=SpiMode.FAST_READ, spi_speed=SpiSpeed.MHZ_80, flash_size=16 << 20)
    log = lines(run(make_chip(bootloader=fast)))
    assert log[3:6] == [
        "I boot: SPI Speed      : 80MHz",
        "I boot: SPI Mode       : FAST READ",
        "I boot: SPI Flash Size : 16MB",
    ]


def test_watchdog_reset_is_told_first_but_not_the_one_of_the_rtc() -> None:
    outcome = run(make_chip(), Esp32(reset_reason=ResetReason.TG1WDT_SYS_RESET, watchdog_pcs=(0x400D1111, 0x400D2222)))
    assert lines(outcome)[:3] == [
        "W boot: PRO CPU has been reset by WDT.",
        "W boot: WDT reset info: PRO CPU PC=0x400d1111",
        "W boot: WDT reset info: APP CPU PC=0x400d2222",
    ]
    assert lines(run(make_chip(), Esp32(reset_reason=ResetReason.RTCWDT_RTC_RESET)))[0].startswith("I boot: ESP-IDF")


def test_every_usage_has_its_name_in_the_listing() -> None:
    usages = {
        (0, 0x00): "factory app",
        (0, 0x1F): "OTA app",
        (0, 0x20): "test app",
        (0, 0x30): "Unknown app",
        (1, 0): "OTA data",
        (1, 1): "RF data",
        (1, 2): "WiFi data",
        (1, 3): "Unknown data",
        (1, 4): "NVS keys",
        (1, 5): "efuse",
        (0x40, 0): "unknown",
    }
    table = PartitionTable(tuple(Partition("p", *kind, 0x100000, 0) for kind in usages))
    listing = [line for line in lines(run(make_chip(table, {}))) if line[8:10].strip().isdigit()]
    assert [line[28:45].strip() for line in listing] == list(usages.values())


def test_label_without_nul_runs_into_the_flags() -> None:
    table = PartitionTable((Partition("sixteen letters!", 1, 2, 0x9000, 0x1000, encrypted=True),))
    assert "I boot:  0 sixteen letters!\x01 WiFi data        01 02 00009000 00001000" in lines(run(make_chip(table)))


# --- the partition table


def test_bad_table_resets_the_chip() -> None:
    chip = make_chip()
    chip.program(TABLE_OFFSET, b"\0")
    outcome = run(chip)
    assert lines(outcome)[-3:] == [
        "E flash_parts: partition 0 invalid magic number 0x5000",
        "E boot: Failed to verify partition table",
        "E boot: load partition table error!",
    ]
    assert (outcome.ending, outcome.partition, outcome.image) == (Ending.RESET, None, None)


def test_erased_table_is_listed_empty_and_nothing_boots() -> None:
    chip = make_chip()
    chip.erase(TABLE_OFFSET, 0x1000)
    outcome = run(chip)
    assert lines(outcome)[-3:] == [
        "I boot: ## Label            Usage          Type ST Offset   Length",
        "I boot: End of partition table",
        "E boot: No bootable app partitions in the partition table",
    ]
    assert outcome.ending is Ending.RESET


def test_partition_beyond_the_size_in_the_bootloader_header_fails_the_table() -> None:
    chip = make_chip(bootloader=build_bootloader_image(flash_size=2 << 20))
    assert lines(run(chip))[-3] == (
        "E flash_parts: partition 3 invalid - offset 0xa0000 size 0x1b0000 exceeds flash chip size 0x200000"
    )


def test_of_two_partitions_with_one_role_the_later_wins_and_both_count() -> None:
    twice = PartitionTable((OTADATA, OTA_0, replace(OTA_1, subtype=0x10)))
    outcome = run(make_chip(twice, otadata=(entry(1, VALID), None)))
    assert outcome.partition == twice.entries[2]
    # Two count, so sequence 2 is slot 1, which is not there; it falls back to slot 0.
    assert run(make_chip(twice, otadata=(entry(2, VALID), None))).partition == twice.entries[2]


def test_slot_behind_a_gap_is_out_of_reach() -> None:
    gap = PartitionTable((OTADATA, OTA_0, replace(OTA_1, subtype=0x12)))
    assert after_table(run(make_chip(gap, {"ota_1": GOOD}, (entry(1, VALID), None)))) == [
        "E esp_image: image at 0xa0000 has invalid magic byte",
        "W esp_image: image at 0xa0000 has invalid SPI mode 255",
        "W esp_image: image at 0xa0000 has invalid SPI size 15",
        "E boot: OTA app partition slot 0 is not bootable",
        "E boot: No bootable app partitions in the partition table",
    ]


def test_partition_at_offset_zero_is_not_there_and_one_of_size_zero_is_not_tried() -> None:
    at_zero = PartitionTable((replace(OTADATA, offset=0), OTA_0))
    assert after_table(run(make_chip(at_zero, otadata=(None, None)))) == [
        "I boot: Loaded app from partition at offset 0xa0000",
        "I boot: Disabling RNG early entropy source...",
    ]
    empty = PartitionTable((OTADATA, replace(FACTORY, size=0), replace(OTA_1, subtype=0x10)))
    assert after_table(run(make_chip(empty))) == [
        "I boot: Defaulting to factory image",
        "I boot: Loaded app from partition at offset 0x250000",
        "I boot: Disabling RNG early entropy source...",
    ]


# --- otadata


@pytest.mark.parametrize(("revision", "minimum"), [("v4.0", 32), ("v5.2", 8192)])
def test_otadata_of_one_sector_is_too_small(revision: str, minimum: int) -> None:
    table = PartitionTable((replace(OTADATA, size=0x1000), OTA_0))
    outcome = run(make_chip(table), revision=REVISIONS[revision])
    expected = f"E boot: ota_info partition size 4096 is too small (minimum {minimum} bytes)"
    assert after_table(outcome) == [expected]
    assert outcome.ending is Ending.RESET


def test_otadata_that_cannot_be_mapped_at_once_resets_the_chip() -> None:
    table = PartitionTable((replace(OTADATA, size=0x330000),))
    assert after_table(run(make_chip(table))) == [
        "E bootloader_flash: bootloader_mmap excess size 330000",
        "E boot: bootloader_mmap(0x8f000, 0x330000) failed",
    ]


def test_otadata_off_its_word_is_erased_but_cannot_be_written() -> None:
    table = PartitionTable((replace(OTADATA, offset=OTADATA.offset + 2), OTA_0))
    outcome = run(make_chip(table))
    assert after_table(outcome)[2:4] == [
        "E bootloader_flash: bootloader_flash_write dest_addr 0x8f002 not 4-byte aligned",
        "E boot: Error in write_otadata operation. err = 0xffffffff",
    ]
    assert outcome.partition == OTA_0


def test_otadata_beyond_a_chip_that_is_smaller_than_the_header_says_cannot_be_written() -> None:
    table = PartitionTable((replace(OTADATA, offset=0x400000), OTA_0))
    chip = FlashChip()
    chip.program(0x1000, build_bootloader_image(flash_size=8 << 20))
    chip.program(TABLE_OFFSET, table.to_bytes())
    chip.program(OTA_0.offset, small_image())
    assert "E boot: Error in write_otadata operation. err = 0x10011" in after_table(run(chip))


# --- which app


@pytest.mark.parametrize(
    ("start", "attempts"),
    [
        ("factory", ["factory", "ota_0", "ota_1"]),
        (0, ["ota_0", "factory", "ota_1"]),
        (1, ["ota_1", "ota_0", "factory"]),
    ],
)
def test_fallback_goes_down_to_factory_and_then_up(start: object, attempts: list[str]) -> None:
    otadata = (entry(start + 1, VALID), None) if isinstance(start, int) else (None, None)
    for broken_count in range(3):
        images = dict.fromkeys(attempts[:broken_count], broken(small_image()))
        images |= dict.fromkeys(attempts[broken_count:], GOOD)
        chip = make_chip(WITH_FACTORY, images, otadata)
        before = chip.snapshot()
        assert run(chip).label == attempts[broken_count]
        assert chip.snapshot() == before
    assert run(make_chip(WITH_FACTORY, {}, otadata)).label is None


@pytest.mark.parametrize(("start", "attempts"), [(0, ["ota_0", "ota_1"]), (1, ["ota_1", "ota_0"])])
def test_fallback_without_factory(start: int, attempts: list[str]) -> None:
    otadata = (entry(start + 1, VALID), None)
    assert run(make_chip(otadata=otadata)).label == attempts[0]
    assert run(make_chip(images={attempts[1]: GOOD}, otadata=otadata)).label == attempts[1]


def test_initial_otadata_gets_the_slot_that_really_loads() -> None:
    chip = make_chip(images={"ota_1": GOOD})
    assert run(chip).label == "ota_1"
    assert read_otadata(chip) == ("2 VALID", "erased")


def test_test_app_is_the_last_resort() -> None:
    table = PartitionTable((*WITHOUT_FACTORY.entries[:4], TEST_APP))
    outcome = run(make_chip(table, {"test": GOOD}, (entry(1, VALID), None)))
    assert after_table(outcome)[-3:] == [
        "I boot: Loaded app from partition at offset 0x3f0000",
        "W boot: Falling back to test app as only bootable partition",
        "I boot: Disabling RNG early entropy source...",
    ]
    assert outcome.label == "test"


def test_image_with_two_mapped_data_segments_is_complained_of_and_started() -> None:
    image = small_image(segments=[Segment(0x3F410010, bytes(4)), Segment(0x400D0020, bytes(4))])
    outcome = run(make_chip(images={"ota_0": image}))
    assert after_table(outcome)[-2:] == [
        "I boot: Disabling RNG early entropy source...",
        "E boot: Image contains multiple DROM segments. Only the last one will be mapped.",
    ]
    assert outcome.label == "ota_0"


@pytest.mark.parametrize(("reason", "fate"), [(ResetReason.POWERON_RESET, "load"), (ResetReason.DEEPSLEEP_RESET, "")])
def test_rtc_memory_is_loaded_again_after_every_reset_but_deep_sleep(reason: ResetReason, fate: str) -> None:
    image = small_image(segments=[Segment(0x50000000, bytes(8)), Segment(0x3FF80000, bytes(4))])
    log = lines(run(make_chip(images={"ota_0": image}), Esp32(reset_reason=reason)))
    assert [line.rpartition(") ")[2] for line in log if "esp_image: segment" in line] == ["map", fate, fate]


# --- rollback


def test_new_image_is_pending_before_it_is_looked_at_and_aborted_at_the_next_boot() -> None:
    chip = make_chip(images={"ota_0": GOOD}, otadata=(entry(1, VALID), entry(2, NEW)))
    assert run(chip, rollback=True).label == "ota_0"
    assert read_otadata(chip) == ("1 VALID", "2 PENDING_VERIFY")
    assert run(chip, rollback=True).label == "ota_0"
    assert read_otadata(chip) == ("1 VALID", "2 ABORTED")


def test_without_rollback_new_and_pending_are_booted_and_kept() -> None:
    for state in (NEW, PENDING):
        chip = make_chip(otadata=(entry(1, VALID), entry(2, state)))
        assert run(chip).label == "ota_1"
        assert read_otadata(chip) == ("1 VALID", f"2 {state.name}")


def test_label_bytes_and_wrong_crc_survive_the_turn_to_aborted() -> None:
    odd = SelectEntry(7, PENDING, 0x12345678, b"label of twenty byte")
    chip = make_chip(otadata=(entry(1, VALID), odd))
    run(chip, rollback=True)
    after = SelectEntry.from_bytes(chip.read(OTADATA.offset + 0x1000, 32))
    assert after == replace(odd, ota_state=ImageState.ABORTED)


@pytest.mark.parametrize(
    ("otadata", "rollback"),
    [
        ((None, None), False),
        ((entry(1, VALID), entry(2, NEW)), True),
        ((entry(1, VALID), entry(2, PENDING)), True),
        ((entry(3, PENDING), entry(2, PENDING)), True),
    ],
)
def test_power_cut_in_any_flash_command_of_the_bootloader_leaves_a_board_that_boots(
    otadata: tuple[SelectEntry | None, SelectEntry | None], rollback: bool
) -> None:
    chip = make_chip(otadata=otadata)
    chip.journal = journal = Journal(chip.snapshot())
    run(chip, rollback=rollback)
    assert journal.operations
    states = list(journal.states())
    for before, operation in zip(states, journal.operations, strict=False):
        states += [torn(before, operation, done) for done in range(0, operation.length, max(1, operation.length // 32))]
        cuts = cuts_of(operation, shares=(0.1, 0.5, 0.9, 0.98), patterns=("zeros", "bits", "weak"))
        states += [apply_cut(before, operation, cut) for cut in cuts]
    for state in states:
        assert run(FaultyFlashChip.from_snapshot(state), rollback=rollback).label in {"ota_0", "ota_1"}


def test_steps_stop_after_each_flash_command_of_an_otadata_write() -> None:
    chip = make_chip()
    seen = []
    for line in start_bootloader(chip, BootConfig()):
        if line is None:
            seen.append(read_otadata(chip)[0])
    assert seen == ["erased", "1 VALID"]


# --- anti-rollback


def anti_rollback(chip: FlashChip, esp32: Esp32 | None = None, **options: object) -> BootOutcome:
    return run(chip, esp32, anti_rollback=True, **options)


def test_slot_with_a_lower_secure_version_is_passed_over_without_a_look_at_its_image() -> None:
    images = {"ota_0": small_image(secure_version=1), "ota_1": small_image(secure_version=2)}
    outcome = anti_rollback(make_chip(images=images, otadata=(entry(1, UNDEFINED), None)), at_version(2))
    assert after_table(outcome) == [
        "I boot: Enabled a check secure version of app for anti rollback",
        "I boot: Secure version (from eFuse) = 2",
        "E boot: ota data partition invalid and no factory, will try all partitions",
        "E boot: OTA app partition slot 0 is not bootable",
        "I boot: Loaded app from partition at offset 0x250000",
        "I boot: Disabling RNG early entropy source...",
    ]


@pytest.mark.parametrize(
    ("version", "coding_scheme", "line", "burned"),
    [
        (3, 0, "I efuse: Anti-rollback is set. eFuse field is updated(3).", (3,)),
        (1, 0, None, ()),
        (33, 0, "E efuse: Max secure version is 32. Given 33 version can not be written.", ()),
        (3, 1, "E efuse: Anti rollback is not supported with a 3/4 coding scheme.", ()),
    ],
)
def test_valid_app_raises_the_efuse(
    version: int, coding_scheme: int, line: str | None, burned: tuple[int, ...]
) -> None:
    images = {"ota_0": small_image(secure_version=version)}
    esp32 = at_version(1)
    esp32.efuses.burn(Fuse.CODING_SCHEME, coding_scheme)
    outcome = anti_rollback(make_chip(images=images, otadata=(entry(1, VALID), None)), esp32)
    assert [text for text in lines(outcome) if "efuse:" in text] == ([line] if line else [])
    assert outcome.burned == burned
    assert esp32.efuses.secure_version() == (*burned, 1)[0]
    assert outcome.label == "ota_0"


def test_good_entry_without_app_slots_kills_an_anti_rollback_bootloader() -> None:
    table = PartitionTable((OTADATA, FACTORY))
    outcome = anti_rollback(make_chip(table, otadata=(entry(1, VALID), None)))
    assert (outcome.ending, outcome.label) == (Ending.EXCEPTION, None)


def test_newer_bootloader_says_that_a_descriptor_is_missing_and_covers_the_test_app() -> None:
    table = PartitionTable((*WITHOUT_FACTORY.entries[:4], TEST_APP))
    images = {"test": small_image(secure_version=0)}
    otadata = (entry(1, VALID), None)
    newer = anti_rollback(make_chip(table, images, otadata), at_version(1), revision=V5_2)
    assert "E boot: Failed to get partition description 261" in lines(newer)
    assert newer.ending is Ending.RESET
    assert anti_rollback(make_chip(table, images, otadata), at_version(1)).label == "test"


def test_slot_too_large_to_map_has_no_descriptor_for_the_older_bootloader() -> None:
    table = PartitionTable((OTADATA, Partition("ota_0", 0, 0x10, 0xA0000, 0x330000)))
    outcome = anti_rollback(make_chip(table, otadata=(entry(1, VALID), None)))
    assert after_table(outcome)[2:4] == [
        "E bootloader_flash: bootloader_mmap excess size 330000",
        "E boot_comm: bootloader_mmap(0xa0000, 0x330000) failed",
    ]
    assert anti_rollback(make_chip(table, otadata=(entry(1, VALID), None)), revision=V5_2).label == "ota_0"


# --- pins held at reset


def test_factory_reset_erases_what_it_lists_and_selects_again() -> None:
    chip = make_chip(otadata=(entry(1, VALID), entry(2, VALID)))
    chip.program(NVS.offset, b"settings")
    chip.program(STORAGE.offset, b"files")
    outcome = run(chip, holding(4), factory_reset=FactoryReset(erases_otadata=True))
    assert after_table(outcome)[:7] == [
        "I boot: Detect a condition of the factory reset",
        "I boot: Data partitions to erase: nvs",
        "I boot_comm: ## Label            Usage Offset   Length   Cleaned",
        "I boot_comm:  0 nvs              data  00009000 00006000 [yes]",
        "I boot_comm:  1 storage          data  0000f000 00080000 [no]",
        "I boot_comm:  2 otadata          data  0008f000 00002000 [yes]",
        "I boot: No factory image, trying OTA 0",
    ]
    assert chip.read(NVS.offset, 8) == b"\xff" * 8
    assert chip.read(STORAGE.offset, 5) == b"files"
    assert outcome.label == "ota_0"


def test_factory_reset_has_selected_once_before_so_a_new_app_is_aborted() -> None:
    chip = make_chip(otadata=(entry(1, VALID), entry(2, NEW)))
    outcome = run(chip, holding(4), rollback=True, factory_reset=FactoryReset(labels="storage, nvs"))
    assert outcome.label == "ota_0"
    assert read_otadata(chip) == ("1 VALID", "2 ABORTED")


def test_factory_reset_reports_what_it_cannot_erase() -> None:
    table = PartitionTable((replace(NVS, offset=0x9800), *WITHOUT_FACTORY.entries[1:]))
    outcome = run(make_chip(table, otadata=(entry(1, VALID), None)), holding(4), factory_reset=FactoryReset())
    assert after_table(outcome)[3].endswith("[err]")
    assert "E boot: Not all partitions were erased" in after_table(outcome)


def test_pin_for_the_test_app() -> None:
    with_test = PartitionTable((*WITHOUT_FACTORY.entries[:4], TEST_APP))
    detected = "I boot: Detect a boot condition of the test firmware"
    assert run(make_chip(with_test), holding(18), test_app_pin=18).label == "test"
    assert after_table(run(make_chip(with_test, {"ota_0": GOOD}), holding(18), test_app_pin=18))[-1] == (
        "E boot: No bootable test partition in the partition table"
    )
    assert after_table(run(make_chip(), holding(18), test_app_pin=18))[-2:] == [
        detected,
        "E boot: Test firmware is not found in partition table",
    ]


def test_only_the_older_bootloader_looks_at_the_pins_after_deep_sleep() -> None:
    with_test = PartitionTable((*WITHOUT_FACTORY.entries[:4], TEST_APP))
    esp32 = holding(18, reset_reason=ResetReason.DEEPSLEEP_RESET)
    assert run(make_chip(with_test), esp32, test_app_pin=18).label == "test"
    assert run(make_chip(with_test), esp32, test_app_pin=18, revision=V5_2).label == "ota_0"


@pytest.mark.parametrize(
    ("held_s", "pause_s", "label"), [(0, 0, "ota_1"), (4.9, 4.9, "ota_1"), (5, 5, "ota_0"), (60, 5, "ota_0")]
)
def test_a_pin_is_watched_as_long_as_it_is_low_but_not_longer_than_it_has_to_be(
    held_s: float, pause_s: float, label: str
) -> None:
    chip = make_chip(otadata=(entry(1, VALID), entry(2, VALID)))
    config = BootConfig(factory_reset=FactoryReset(erases_otadata=True))
    work = start_bootloader(chip, config, holding(4, held_s))
    assert sum(step.duration_ns for step in work if isinstance(step, Pause)) == round(pause_s * 1e9)
    assert work.result.label == label


def test_each_build_has_its_own_pin_and_time() -> None:
    chip = make_chip(otadata=(entry(1, VALID), entry(2, VALID)))
    reset = FactoryReset(pin=0, erases_otadata=True)
    assert run(chip, holding(4), factory_reset=reset).label == "ota_1"
    assert run(chip, holding(0, 1), factory_reset=reset).label == "ota_1"
    assert run(chip, holding(0, 1), factory_reset=reset, hold_s=1).label == "ota_0"


# --- why


@pytest.mark.parametrize(
    ("otadata", "why"),
    [
        ((None, None), "otadata is erased and selects nothing; ota_0 is started"),
        (
            (entry(1, VALID), None),
            "otadata[0] selects ota_0 (sequence 1, VALID), and otadata[1] is erased; ota_0 is started",
        ),
        (
            (entry(1, VALID), entry(2, UNDEFINED)),
            "otadata[1] selects ota_1 (sequence 2, UNDEFINED), which is newer than otadata[0] (sequence 1, VALID); "
            "ota_1 is started",
        ),
        (
            (entry(2, VALID), entry(2, NEW)),
            "otadata[0] selects ota_1 (sequence 2, VALID), and of two entries with the same sequence the first counts; "
            "ota_1 is started",
        ),
        (
            (SelectEntry(1, VALID, 0), None),
            "otadata selects nothing: otadata[0] is of no effect, as its CRC is wrong; otadata[1] is erased; "
            "ota_0 is started",
        ),
        (
            (entry(1, ImageState.INVALID), entry(2, ImageState.ABORTED)),
            "otadata selects nothing: otadata[0] is INVALID: its app declared itself bad; otadata[1] is ABORTED: its "
            "app was reset before it confirmed itself; ota_0 is started",
        ),
    ],
)
def test_why_names_the_entry_that_counts_and_what_is_against_the_other(
    otadata: tuple[SelectEntry | None, SelectEntry | None], why: str
) -> None:
    assert run(make_chip(otadata=otadata)).why == why


def test_why_tells_of_a_rollback() -> None:
    outcome = run(make_chip(otadata=(entry(1, VALID), entry(2, PENDING))), rollback=True)
    assert outcome.why == (
        "rolled back: ota_1 was started once and reset before it confirmed itself (otadata[1]); "
        "otadata[0] selects ota_0 (sequence 1, VALID), and otadata[1] is ABORTED: its app was reset before it "
        "confirmed itself; ota_0 is started"
    )


def test_why_tells_what_is_wrong_with_an_app_that_is_passed_over() -> None:
    images = {"ota_0": small_image(), "ota_1": broken(small_image())}
    why = run(make_chip(images=images, otadata=(entry(1, VALID), entry(2, VALID)))).why
    assert "; ota_1 cannot start: Checksum failed. Calculated 0x" in why
    assert why.endswith("; ota_0 is started")


def test_why_tells_of_a_secure_version_that_is_too_low() -> None:
    images = {"ota_0": small_image(secure_version=2), "ota_1": small_image(secure_version=1)}
    otadata = (entry(1, VALID), entry(2, VALID))
    assert anti_rollback(make_chip(images=images, otadata=otadata), at_version(2)).why == (
        "otadata[0] selects ota_0 (sequence 1, VALID), as the app of otadata[1] (sequence 2, VALID) has too low a "
        "secure version; ota_0 is started"
    )
    assert "ota_0 has a lower secure version than the eFuses" in (
        anti_rollback(make_chip(images=images, otadata=otadata), at_version(3)).why
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (PartitionTable((FACTORY,)), "there is no otadata, so the factory app comes first; factory is started"),
        (PartitionTable((FACTORY, OTADATA)), "there are no slots to select from; factory is started"),
        (PartitionTable((NVS,)), "there is no otadata, so the factory app comes first; no app can start"),
    ],
)
def test_why_tells_what_the_table_lacks(table: PartitionTable, why: str) -> None:
    assert run(make_chip(table)).why == why


def test_why_tells_of_a_pin_that_was_held() -> None:
    chip = make_chip(otadata=(entry(1, VALID), entry(2, VALID)))
    why = run(chip, holding(4), factory_reset=FactoryReset(erases_otadata=True)).why
    assert "; factory reset: GPIO4 was held; otadata is erased and selects nothing; ota_0 is started" in why
    assert run(chip, holding(18), test_app_pin=18).why.endswith(
        "; GPIO18 was held, which asks for the test app; there is no test app"
    )


# --- what the bootloader in flash was built with


@pytest.mark.parametrize(
    "config",
    [
        BootConfig(),
        BootConfig(revision=V5_2, rollback=True),
        BootConfig(anti_rollback=True, secure_version_bits=16, hold_s=8),
        BootConfig(factory_reset=FactoryReset(pin=0, labels="nvs, storage", erases_otadata=True), test_app_pin=39),
    ],
)
def test_the_bootloader_in_flash_tells_its_options(config: BootConfig) -> None:
    assert find_boot_config(make_chip(bootloader=build_bootloader_image(config)).to_bytes()) == config


def test_a_bootloader_that_is_none_of_ours_tells_nothing() -> None:
    assert find_boot_config(b"") is None
    assert find_boot_config(FlashChip().to_bytes()) is None
    image = bytearray(make_chip().to_bytes())
    at = image.index(b"LUATWIN-BOOT")
    for offset, value in ((16, ord("x")), (25, 33), (29, 3)):
        changed = image[:]
        changed[at + offset] = value
        assert find_boot_config(changed) is None
