from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from simulator.boot import BootConfig, Ota, OtaUpdate, run_bootloader
from simulator.boot.steps import Steps
from simulator.efuses import Efuses
from simulator.flash import DangerousWriteError, FaultyFlashChip, FlashChip, FlashSnapshot, Journal, apply_cut, cuts_of
from simulator.formats import EspErr, EspError, ImageState, Partition, PartitionTable, SelectEntry
from tests.boot.two_slots import (
    FACTORY,
    NVS,
    OTA_0,
    OTA_1,
    OTADATA,
    WITH_FACTORY,
    WITHOUT_FACTORY,
    broken,
    entry,
    make_chip,
    read_otadata,
    small_image,
)
from tests.helpers import torn

N, P, V, I, A, U = (  # noqa: E741 (the letters of the reference)
    ImageState.NEW,
    ImageState.PENDING_VERIFY,
    ImageState.VALID,
    ImageState.INVALID,
    ImageState.ABORTED,
    ImageState.UNDEFINED,
)
TEST_APP = Partition("test", 0, 0x20, 0x3F0000, 0x10000)
NEW_FIRMWARE = small_image("2.0") + b"\0" * 3000

Entries = tuple[SelectEntry | None, SelectEntry | None]


def make_ota(
    otadata: Entries = (None, None),
    *,
    running: str = "ota_0",
    table: PartitionTable = WITHOUT_FACTORY,
    images: dict[str, bytes] | None = None,
    **options: object,
) -> Ota:
    partition = table.find(running)
    assert partition is not None
    return Ota(make_chip(table, images, otadata), table, partition, **options)  # type: ignore[arg-type]


def code_of(call: Callable[[], object]) -> EspErr:
    with pytest.raises(EspError) as error:
        call()
    return error.value.code


def text_of(call: Callable[[], object]) -> str:
    with pytest.raises(EspError) as error:
        call()
    return error.value.text


def update_to(ota: Ota, partition: Partition | None, image: bytes = NEW_FIRMWARE) -> OtaUpdate:
    update = ota.begin(partition).run()
    for start in range(0, len(image), 1024):
        update.write(image[start : start + 1024])
    return update


# --- which partition


def test_next_update_partition_is_the_slot_after_the_running_one() -> None:
    assert make_ota(running="ota_0").next_update_partition() == OTA_1
    assert make_ota(running="ota_1").next_update_partition() == OTA_0
    from_factory = make_ota(running="factory", table=WITH_FACTORY)
    assert from_factory.next_update_partition() == WITH_FACTORY.find("ota_0")
    assert from_factory.next_update_partition(WITH_FACTORY.find("ota_0")) == WITH_FACTORY.find("ota_1")


def test_next_update_partition_jumps_over_gaps_and_may_be_the_running_one() -> None:
    gap = PartitionTable((OTADATA, replace(OTA_0, subtype=0x11), replace(OTA_1, subtype=0x15)))
    assert make_ota(running="ota_1", table=gap).next_update_partition() == gap.entries[1]
    single = PartitionTable((OTADATA, OTA_0))
    assert make_ota(table=single).next_update_partition() == OTA_0
    none = PartitionTable((FACTORY,))
    assert make_ota(running="factory", table=none).next_update_partition() is None


@pytest.mark.parametrize(
    ("otadata", "label"),
    [
        ((None, None), "factory"),
        ((entry(1, V), None), "ota_0"),
        ((entry(1, V), entry(2, U)), "ota_1"),
        ((entry(2, A), None), "factory"),
        ((SelectEntry(1, U, 0), None), "factory"),
    ],
)
def test_boot_partition_is_what_otadata_selects(otadata: Entries, label: str) -> None:
    ota = make_ota(otadata, running="ota_0", table=WITH_FACTORY, images={})
    partition = ota.boot_partition()
    assert partition is not None
    assert partition.label == label


def test_boot_partition_falls_to_factory_first_slot_test_or_none() -> None:
    assert make_ota().boot_partition() == OTA_0
    test_only = PartitionTable((OTADATA, TEST_APP))
    assert make_ota(running="test", table=test_only).boot_partition() == TEST_APP
    nothing = PartitionTable((OTADATA, NVS))
    assert make_ota(running="nvs", table=nothing).boot_partition() is None
    assert make_ota(running="factory", table=PartitionTable((FACTORY,))).boot_partition() is None


def test_state_is_that_of_the_first_good_entry_of_the_slot() -> None:
    ota = make_ota((entry(1, A), entry(3, V)))
    assert ota.state_of(OTA_0) == A
    assert code_of(lambda: ota.state_of(OTA_1)) == EspErr.ESP_ERR_NOT_FOUND
    assert code_of(lambda: ota.state_of(NVS)) == EspErr.ESP_ERR_NOT_SUPPORTED
    bad = make_ota((SelectEntry(1, P, 0), entry(3, V)))
    assert bad.state_of(OTA_0) == V
    without_otadata = make_ota(table=PartitionTable((OTA_0,)))
    assert code_of(lambda: without_otadata.state_of(OTA_0)) == EspErr.ESP_ERR_NOT_FOUND


def test_description_is_read_from_the_slot() -> None:
    ota = make_ota(images={"ota_0": small_image("1.2.3")})
    assert ota.description(OTA_0).version == "1.2.3"
    assert code_of(lambda: ota.description(OTA_1)) == EspErr.ESP_ERR_NOT_FOUND
    assert code_of(lambda: ota.description(NVS)) == EspErr.ESP_ERR_NOT_SUPPORTED


def test_last_invalid_partition_is_the_one_with_the_smaller_sequence() -> None:
    assert make_ota((entry(3, I), entry(2, A))).last_invalid_partition().run() == OTA_1
    assert make_ota((entry(3, V), entry(2, A))).last_invalid_partition().run() == OTA_1
    assert make_ota((entry(3, V), entry(2, V))).last_invalid_partition().run() is None
    assert make_ota((entry(3, V), entry(2, A)), images={}).last_invalid_partition().run() is None


# --- begin


def test_begin_checks_its_partition_in_the_order_of_esp_idf() -> None:
    ota = make_ota(table=WITH_FACTORY, running="ota_0")
    for partition, code in (
        (None, EspErr.ESP_ERR_INVALID_ARG),
        (OTA_1, EspErr.ESP_ERR_NOT_FOUND),
        (FACTORY, EspErr.ESP_ERR_INVALID_ARG),
        (WITH_FACTORY.find("ota_0"), EspErr.ESP_ERR_OTA_PARTITION_CONFLICT),
    ):
        assert code_of(ota.begin(partition).run) == code
    assert ota.chip.operation_count == make_ota(table=WITH_FACTORY).chip.operation_count


def test_begin_of_unknown_size_erases_the_slot_in_27_blocks() -> None:
    ota = make_ota()
    before = ota.chip.operation_count
    stops = sum(line is None for line in ota.begin(OTA_1))
    assert stops == ota.chip.operation_count - before == 27
    assert ota.chip.take_busy_ns() == 27 * 150_000_000
    assert ota.chip.read(OTA_1.offset, OTA_1.size) == b"\xff" * OTA_1.size


@pytest.mark.parametrize(("size", "erased"), [(1, 0x1000), (0xFFF, 0x1000), (0x1000, 0x2000), (0x10001, 0x11000)])
def test_begin_of_whole_sectors_erases_one_too_many(size: int, erased: int) -> None:
    ota = make_ota()
    ota.chip.program(OTA_1.offset, bytes(0x20000))
    ota.begin(OTA_1, size).run()
    assert ota.chip.read(OTA_1.offset, 0x20000) == b"\xff" * erased + bytes(0x20000 - erased)


def test_begin_for_exactly_the_slot_does_not_fit() -> None:
    assert code_of(make_ota().begin(OTA_1, OTA_1.size).run) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(make_ota().begin(OTA_1, 0xFFFFFFFE).run) == EspErr.ESP_ERR_INVALID_SIZE


def test_power_cut_while_erasing_leaves_the_blocks_not_yet_erased() -> None:
    ota = make_ota()
    ota.chip.program(OTA_1.offset + 0x20000, b"old")
    for stops, _ in enumerate(ota.begin(OTA_1), start=1):
        if stops == 2:
            break
    assert ota.chip.read(OTA_1.offset + 0x20000, 3) == b"old"
    assert ota.chip.read(OTA_1.offset, 4) == b"\xff" * 4


def test_unconfirmed_app_of_a_rollback_build_must_not_update() -> None:
    otadata = (entry(1, V), entry(2, P))
    ota = make_ota(otadata, running="ota_1", rollback=True)
    assert code_of(ota.begin(OTA_0).run) == EspErr.ESP_ERR_OTA_ROLLBACK_INVALID_STATE
    assert text_of(ota.begin(OTA_0).run) == ("Running app has not confirmed state (ESP_OTA_IMG_PENDING_VERIFY)")
    assert make_ota(otadata, running="ota_1").begin(OTA_0).run().handle == 1


def test_handles_count_up_and_are_not_used_again() -> None:
    ota = make_ota()
    assert [ota.begin(OTA_1, 1).run().handle for _ in range(3)] == [1, 2, 3]


# --- write and end


def test_update_is_written_verified_selected_and_booted() -> None:
    ota = make_ota((entry(1, V), None))
    update = update_to(ota, ota.next_update_partition())
    assert update.partition == OTA_1
    assert update.written_bytes == len(NEW_FIRMWARE)
    image = update.end().run()
    assert image.app_descriptor is not None
    assert image.app_descriptor.version == "2.0"
    assert read_otadata(ota.chip) == ("1 VALID", "erased")
    ota.set_boot_partition(OTA_1).run()
    assert read_otadata(ota.chip) == ("1 VALID", "2 UNDEFINED")
    assert ota.boot_partition() == OTA_1
    assert run_bootloader(ota.chip, BootConfig()).label == "ota_1"


def test_first_byte_must_be_that_of_an_image_and_a_later_write_may_be_right() -> None:
    update = make_ota().begin(OTA_1).run()
    assert code_of(lambda: update.write(b"\0abc")) == EspErr.ESP_ERR_OTA_VALIDATE_FAILED
    assert text_of(lambda: update.write(b"\x4aabc")) == "OTA image has invalid magic byte (expected 0xE9, saw 0x4a"
    update.write(b"")
    update.write(NEW_FIRMWARE)
    update.end().run()


def test_writing_beyond_the_slot_is_refused_whole() -> None:
    ota = make_ota()
    update = ota.begin(OTA_1).run()
    update.write(b"\xe9" + bytes(OTA_1.size - 2))
    assert code_of(lambda: update.write(b"ab")) == EspErr.ESP_ERR_INVALID_SIZE
    assert ota.chip.read(OTA_1.end - 1, 1) == b"\xff"


def test_writing_more_than_was_erased_programs_onto_what_is_there() -> None:
    ota = make_ota()
    ota.chip.program(OTA_1.offset + 0x1000, b"\xf0")
    update = ota.begin(OTA_1, 1).run()
    update.write(b"\xe9" + bytes(0xFFF) + b"\x3c")
    assert ota.chip.read(OTA_1.offset + 0x1000, 1) == b"\x30"


def test_end_frees_the_handle_even_if_it_fails() -> None:
    ota = make_ota()
    empty = ota.begin(OTA_1).run()
    assert code_of(empty.end().run) == EspErr.ESP_ERR_INVALID_ARG
    assert code_of(empty.end().run) == EspErr.ESP_ERR_NOT_FOUND
    assert code_of(lambda: empty.write(b"\xe9")) == EspErr.ESP_ERR_INVALID_ARG
    assert text_of(lambda: empty.write(b"\xe9")) == "not found the handle"
    corrupt = update_to(ota, OTA_1, broken(NEW_FIRMWARE))
    assert code_of(corrupt.end().run) == EspErr.ESP_ERR_OTA_VALIDATE_FAILED
    assert code_of(corrupt.end().run) == EspErr.ESP_ERR_NOT_FOUND


def test_end_shows_the_lines_of_the_image_check() -> None:
    lines = [str(line) for line in update_to(make_ota(), OTA_1).end()]
    assert lines == ["I esp_image: segment 0: paddr=0x00250020 vaddr=0x3f400020 size=0x00100 (   256) map"]


def test_app_cannot_destroy_what_it_runs_from() -> None:
    # Two labels for one place: the check that begin makes by partition does not see it, the driver does.
    alias = PartitionTable((OTADATA, OTA_0, replace(OTA_1, offset=OTA_0.offset)))
    ota = make_ota(table=alias)
    with pytest.raises(DangerousWriteError):
        ota.begin(alias.entries[2]).run()


# --- set_boot_partition


def test_selecting_checks_the_image_before_anything_else() -> None:
    ota = make_ota(images={"ota_0": small_image()})
    assert code_of(ota.set_boot_partition(None).run) == EspErr.ESP_ERR_INVALID_ARG
    assert code_of(ota.set_boot_partition(OTA_1).run) == EspErr.ESP_ERR_OTA_VALIDATE_FAILED
    assert code_of(ota.set_boot_partition(NVS).run) == EspErr.ESP_ERR_OTA_VALIDATE_FAILED
    ota.chip.program(NVS.offset, small_image())
    # The segment is mapped, so it must lie on its place in the 64 KiB page: 0x9000 is none.
    assert code_of(ota.set_boot_partition(NVS).run) == EspErr.ESP_ERR_OTA_VALIDATE_FAILED
    aligned = replace(NVS, offset=0x10000)
    ota.chip.program(aligned.offset, small_image())
    assert code_of(ota.set_boot_partition(aligned).run) == EspErr.ESP_ERR_INVALID_ARG


def test_selecting_factory_erases_otadata() -> None:
    ota = make_ota((entry(1, V), entry(2, V)), table=WITH_FACTORY)
    ota.set_boot_partition(FACTORY).run()
    assert read_otadata(ota.chip, WITH_FACTORY) == ("erased", "erased")
    no_otadata = make_ota(running="factory", table=PartitionTable((FACTORY,)))
    assert code_of(no_otadata.set_boot_partition(FACTORY).run) == EspErr.ESP_ERR_NOT_FOUND


def test_selecting_the_active_slot_again_makes_two_equal_entries() -> None:
    ota = make_ota((entry(1, V), entry(2, N)), running="ota_1")
    ota.set_boot_partition(OTA_1).run()
    assert read_otadata(ota.chip) == ("2 UNDEFINED", "2 NEW")


def test_rollback_build_selects_as_new() -> None:
    ota = make_ota((entry(1, V), None), rollback=True)
    ota.set_boot_partition(OTA_1).run()
    assert read_otadata(ota.chip) == ("1 VALID", "2 NEW")


def test_slot_beyond_the_contiguous_ones_cannot_be_selected_and_the_test_app_selects_ota_0() -> None:
    gap = PartitionTable((OTADATA, OTA_0, replace(OTA_1, subtype=0x12), TEST_APP))
    ota = make_ota(table=gap)
    assert code_of(ota.set_boot_partition(gap.entries[2]).run) == EspErr.ESP_ERR_INVALID_ARG
    ota.set_boot_partition(TEST_APP).run()
    assert ota.boot_partition() == OTA_0
    without_otadata = make_ota(table=PartitionTable((OTA_0,)))
    assert code_of(without_otadata.set_boot_partition(OTA_0).run) == EspErr.ESP_ERR_NOT_FOUND


def test_app_with_a_lower_secure_version_is_erased_instead_of_selected() -> None:
    images = {"ota_0": small_image(secure_version=2), "ota_1": small_image(secure_version=1)}
    efuses = Efuses()
    efuses.burn_secure_version(2)
    ota = make_ota(images=images, anti_rollback=True, efuses=efuses)
    with pytest.raises(EspError, match="Partition will be erased") as error:
        ota.set_boot_partition(OTA_1).run()
    assert error.value.code == EspErr.ESP_ERR_OTA_SMALL_SEC_VER
    assert ota.chip.read(OTA_1.offset, 16) == b"\xff" * 16
    ota.set_boot_partition(OTA_0).run()
    assert read_otadata(ota.chip) == ("1 NEW", "erased")


# --- confirm and reject


def test_confirming_rewrites_the_active_entry_in_place_once() -> None:
    ota = make_ota((entry(1, V), entry(2, P)), running="ota_1")
    ota.mark_app_valid().run()
    assert read_otadata(ota.chip) == ("1 VALID", "2 VALID")
    before = ota.chip.operation_count
    ota.mark_app_valid().run()
    assert ota.chip.operation_count == before


def test_rejecting_needs_another_app_that_can_take_over() -> None:
    ota = make_ota((entry(1, V), entry(2, P)), running="ota_1")
    assert ota.is_rollback_possible().run()
    ota.mark_app_invalid().run()
    assert read_otadata(ota.chip) == ("1 VALID", "2 INVALID")
    assert run_bootloader(ota.chip, BootConfig(rollback=True)).label == "ota_0"

    stuck = make_ota((entry(1, V), entry(2, P)), running="ota_1", images={"ota_1": small_image()})
    assert not stuck.is_rollback_possible().run()
    assert code_of(stuck.mark_app_invalid().run) == EspErr.ESP_ERR_OTA_ROLLBACK_FAILED


def test_factory_takes_over_if_the_other_entry_is_not_valid() -> None:
    only_active = (entry(1, P), None)
    assert make_ota(only_active, table=WITH_FACTORY).is_rollback_possible().run()
    assert not make_ota(only_active).is_rollback_possible().run()
    without_otadata = make_ota(table=PartitionTable((OTA_0,)))
    assert not without_otadata.is_rollback_possible().run()


@pytest.mark.parametrize("call", [Ota.mark_app_valid, Ota.mark_app_invalid])
def test_factory_app_can_neither_be_confirmed_nor_rejected(call: Callable[[Ota], Steps[None]]) -> None:
    factory = make_ota(running="factory", table=WITH_FACTORY)
    assert code_of(call(factory).run) == EspErr.ESP_FAIL
    assert text_of(call(factory).run) == "Running firmware is factory"
    assert code_of(call(make_ota(table=PartitionTable((OTA_0,)))).run) == EspErr.ESP_ERR_NOT_FOUND


def test_last_boot_app_is_erased_with_its_entry() -> None:
    ota = make_ota((entry(1, V), entry(2, V)), running="ota_1")
    ota.erase_last_boot_app_partition().run()
    assert read_otadata(ota.chip) == ("erased", "2 VALID")
    assert ota.chip.read(OTA_0.offset, 4) == b"\xff" * 4
    assert ota.chip.read(OTA_1.offset, 1) == b"\xe9"


@pytest.mark.parametrize(
    ("otadata", "running"),
    [
        ((None, None), "ota_0"),
        ((entry(1, V), None), "ota_0"),
        ((SelectEntry(1, V, 0), entry(2, V)), "ota_1"),
        ((entry(1, V), entry(2, V)), "ota_0"),
    ],
)
def test_last_boot_app_is_kept_if_there_is_none_or_it_runs(otadata: Entries, running: str) -> None:
    assert code_of(make_ota(otadata, running=running).erase_last_boot_app_partition().run) == EspErr.ESP_FAIL


# --- stories


def update_and_restart(chip: FlashChip, table: PartitionTable, config: BootConfig) -> str | None:
    """Boot, let the app update itself to the next slot, boot again; return what runs then."""
    outcome = run_bootloader(chip, config)
    assert outcome.partition is not None
    ota = Ota(chip, table, outcome.partition, rollback=config.rollback)
    target = ota.next_update_partition()
    update_to(ota, target).end().run()
    ota.set_boot_partition(target).run()
    return run_bootloader(chip, config).label


def test_timeline_of_a_board_without_factory_and_rollback() -> None:
    chip = make_chip(images={"ota_0": small_image()})
    config = BootConfig()
    assert run_bootloader(chip, config).label == "ota_0"
    assert read_otadata(chip) == ("1 VALID", "erased")
    assert update_and_restart(chip, WITHOUT_FACTORY, config) == "ota_1"
    assert read_otadata(chip) == ("1 VALID", "2 UNDEFINED")
    assert update_and_restart(chip, WITHOUT_FACTORY, config) == "ota_0"
    assert read_otadata(chip) == ("3 UNDEFINED", "2 UNDEFINED")
    assert update_and_restart(chip, WITHOUT_FACTORY, config) == "ota_1"
    assert read_otadata(chip) == ("3 UNDEFINED", "4 UNDEFINED")
    chip.program(OTA_1.offset + 0x30, b"\0")
    for _ in range(2):
        assert run_bootloader(chip, config).label == "ota_0"
        assert read_otadata(chip) == ("3 UNDEFINED", "4 UNDEFINED")


def test_timeline_of_a_board_with_factory() -> None:
    chip = make_chip(WITH_FACTORY, {"factory": small_image()})
    config = BootConfig()
    assert run_bootloader(chip, config).label == "factory"
    assert read_otadata(chip, WITH_FACTORY) == ("erased", "erased")
    seen = []
    for label in ("ota_0", "ota_1", "ota_0"):
        assert update_and_restart(chip, WITH_FACTORY, config) == label
        seen.append(read_otadata(chip, WITH_FACTORY))
    assert seen == [("1 UNDEFINED", "erased"), ("1 UNDEFINED", "2 UNDEFINED"), ("3 UNDEFINED", "2 UNDEFINED")]
    ota_0 = WITH_FACTORY.find("ota_0")
    assert ota_0 is not None
    chip.program(ota_0.offset + 0x30, b"\0")
    assert run_bootloader(chip, config).label == "factory"


def test_timeline_of_a_rollback_build_whose_app_confirms_only_the_second_time() -> None:
    chip = make_chip(images={"ota_0": small_image()})
    config = BootConfig(rollback=True)
    assert update_and_restart(chip, WITHOUT_FACTORY, config) == "ota_1"
    assert read_otadata(chip) == ("1 VALID", "2 PENDING_VERIFY")
    unconfirmed = Ota(chip, WITHOUT_FACTORY, OTA_1, rollback=True)
    assert code_of(unconfirmed.begin(OTA_0).run) == EspErr.ESP_ERR_OTA_ROLLBACK_INVALID_STATE
    assert run_bootloader(chip, config).label == "ota_0"
    assert read_otadata(chip) == ("1 VALID", "2 ABORTED")
    assert update_and_restart(chip, WITHOUT_FACTORY, config) == "ota_1"
    Ota(chip, WITHOUT_FACTORY, OTA_1, rollback=True).mark_app_valid().run()
    assert run_bootloader(chip, config).label == "ota_1"
    assert read_otadata(chip) == ("1 VALID", "2 VALID")


@pytest.mark.parametrize("rollback", [False, True])
@pytest.mark.parametrize(
    "otadata", [(None, None), (entry(1, V), None), (entry(3, V), entry(2, V)), (entry(1, V), entry(2, A))]
)
def test_power_cut_at_any_operation_of_an_update_leaves_a_board_that_boots(otadata: Entries, rollback: bool) -> None:
    """Before, after and in the middle of every operation: the old app until otadata is complete, then the new one."""
    ota = make_ota(otadata, images={"ota_0": small_image("old")}, rollback=rollback)
    ota.chip.journal = journal = Journal(ota.chip.snapshot())
    update_to(ota, OTA_1).end().run()
    ota.set_boot_partition(OTA_1).run()
    *between, last = journal.states()
    assert len(between) == len(journal.operations) == 27 + 4 + 2

    def version_after(state: FlashSnapshot) -> str:
        image = run_bootloader(FaultyFlashChip.from_snapshot(state), BootConfig(rollback=rollback)).image
        assert image is not None
        assert image.app_descriptor is not None
        return image.app_descriptor.version

    for before, operation in zip(between, journal.operations, strict=True):
        assert version_after(before) == "old"
        for done in {1, operation.length // 2, operation.length - 1}:
            # In the middle of the entry: its number may be there without its CRC.
            assert version_after(torn(before, operation, done)) == "old"
        _, *torn_cuts, _ = cuts_of(operation, shares=(0.1, 0.9), patterns=("zeros", "bits", "weak"))
        assert {version_after(apply_cut(before, operation, cut)) for cut in torn_cuts} == {"old"}
    assert version_after(last) == "2.0"
