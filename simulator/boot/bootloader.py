"""The second-stage bootloader: which app starts, what it prints, what it writes to otadata.

Sources: ``bootloader_start.c``, ``bootloader_utility.c``, ``bootloader_common.c`` and ``flash_partitions.c``. In one
breath:

1. Read the partition table (`_read_table`). A bad one resets the chip.
2. Let otadata name the first index to try (`_select`). A rollback build first turns PENDING_VERIFY into ABORTED,
   and NEW into PENDING_VERIFY, *before* it has looked at the image.
3. Try from that index **down** to the factory app, then up to the last slot, then the test app (`_load`), until one
   holds an image that passes `simulator.boot.image_check`. None: reset the chip.

A fallback repairs nothing, so every boot repeats it. The only other write: if no factory app was there and otadata
was blank, the slot that was loaded is entered as VALID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Final

from simulator.boards.schema import FactoryReset
from simulator.boot import reasons
from simulator.boot.anti_rollback import update_secure_version
from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.boot.config import BootConfig, BootOutcome, Ending
from simulator.boot.esp32 import Esp32
from simulator.boot.image_check import LARGEST_MAPPING_BYTES, ImageCheck
from simulator.boot.log import BootLine, BootLog, LogLevel
from simulator.boot.roles import FACTORY_INDEX, Roles, can_be_tried, is_there, printed_label
from simulator.boot.secure_boot import SignatureCheckV1, bootloader_check
from simulator.boot.secure_boot_enable import AbortError, Enabling
from simulator.boot.steps import Pause, Work, steps
from simulator.efuses import Fuse
from simulator.flash.chip import SECTOR_BYTES, FlashArgumentError, FlashChip
from simulator.formats.app_descriptor import (
    APP_DESCRIPTOR_BYTES,
    APP_DESCRIPTOR_OFFSET,
    AppDescriptor,
    AppDescriptorError,
)
from simulator.formats.esp_err import EspErr
from simulator.formats.image import HEADER_BYTES, AppImage, ImageHeader, SpiMode, SpiSpeed, flash_size_bytes
from simulator.formats.memory_map import DROM, IROM
from simulator.formats.otadata import ENTRY_BYTES, ImageState, OtaData, SelectEntry, active_index
from simulator.formats.partition_table import (
    SUBTYPE_OTADATA,
    TABLE_BYTES,
    TABLE_OFFSET,
    TYPE_DATA,
    Partition,
    PartitionTable,
    PartitionTableError,
)
from simulator.units import NS_PER_MS, NS_PER_S

TAG: Final = "boot"

LOOK_INTERVAL_NS: Final = 10 * NS_PER_MS
"""How often it looks at a pin that is held; a real one does nothing else all the time."""

_SPEEDS: Final[dict[int, str]] = {SpiSpeed.MHZ_40: "40MHz", SpiSpeed.MHZ_26: "26.7MHz", SpiSpeed.MHZ_80: "80MHz"}
_MODES: Final[dict[int, str]] = {mode: mode.name.replace("_", " ") for mode in SpiMode}


@steps
def start_bootloader(chip: FlashChip, config: BootConfig, esp32: Esp32 | None = None) -> Work[BootOutcome]:
    """Run the bootloader on ``chip``, stopping at every line of its log and after every flash command.

    Without ``esp32`` it is a blank one after power-on. Never raises, whatever lies in the flash, and always comes to
    an end.
    """
    return (yield from _Bootloader(chip, config, Esp32() if esp32 is None else esp32).run())


def run_bootloader(chip: FlashChip, config: BootConfig, esp32: Esp32 | None = None) -> BootOutcome:
    """Run the bootloader on ``chip`` to its end, for callers that have no clock."""
    return start_bootloader(chip, config, esp32).run()


class _End(Exception):  # noqa: N818 (never leaves this module)
    """The bootloader ends without having started an app."""

    def __init__(self, ending: Ending) -> None:
        self.ending = ending


class _Bootloader:
    """One run. Each generator below is a part of it that yields what it prints; each may raise `_End`."""

    def __init__(self, chip: FlashChip, config: BootConfig, esp32: Esp32) -> None:
        self.chip = chip
        self.config = config
        self.esp32 = esp32
        self.revision = config.revision
        self.log = BootLog()
        self.signature = bootloader_check(config.secure_boot, revision=config.revision, efuses=esp32.efuses)
        self.check = ImageCheck(
            chip=chip,
            revision=config.revision,
            log=self.log,
            loads=True,
            wakes_from_deep_sleep=esp32.wakes_from_deep_sleep,
            chip_revision=esp32.revision,
            signature=self.signature,
        )
        self.table = PartitionTable()
        self.roles = Roles()
        self.otadata_is_initial = False
        self.burned: list[int] = []
        self.reasons: list[str] = []

    def run(self) -> Work[BootOutcome]:
        partition: Partition | None = None
        image: AppImage | None = None
        ending = Ending.STARTED
        try:
            yield from self._announce()
            yield from self._read_table()
            partition, image = yield from self._find_app()
            yield from self._start(image)
        except _End as end:
            ending = end.ending
        return BootOutcome(
            ending=ending,
            partition=partition,
            image=image,
            log=tuple(self.log.lines),
            burned=tuple(self.burned),
            why="; ".join(self.reasons),
        )

    def _reset(self, why: str) -> _End:
        """Return what ends the run without an app."""
        self.reasons.append(why)
        return _End(Ending.RESET)

    def _find_app(self) -> Work[tuple[Partition, AppImage]]:
        config = self.config
        start = yield from self._select()
        if self.revision.pins_count_after_deep_sleep or not self.esp32.wakes_from_deep_sleep:
            reset = config.factory_reset
            if reset is not None and (yield from self._is_held(reset.pin)):
                yield from self._reset_to_factory(reset)
                start = yield from self._select()
            elif config.test_app_pin is not None and (yield from self._is_held(config.test_app_pin)):
                return (yield from self._load_test_app())
        return (yield from self._load(start))

    # --- what it prints of the chip (bootloader_init.c)

    def _announce(self) -> Iterator[BootLine]:
        log, esp32, revision = self.log, self.esp32, self.revision
        if esp32.reset_reason.is_reported_as_watchdog:
            yield log.warn(TAG, "PRO CPU has been reset by WDT.")
            for cpu, pc in zip(("PRO", "APP"), esp32.watchdog_pcs, strict=True):
                yield log.warn(TAG, f"WDT reset info: {cpu} CPU PC=0x{pc:x}")
        yield log.info(TAG, f"ESP-IDF {revision.version} 2nd stage bootloader")
        yield log.info(TAG, f"compile time {self.config.compile_time}")
        if revision.announces_chip:
            yield log.info(TAG, "Multicore bootloader")
            yield log.info(TAG, f"chip revision: v{esp32.revision // 100}.{esp32.revision % 100}")
            yield from self._announce_flash("boot.esp32")
        yield log.info(TAG, "Enabling RNG early entropy source...")
        if not revision.announces_chip:
            yield from self._announce_flash(TAG)

    def _announce_flash(self, tag: str) -> Iterator[BootLine]:
        header = self._own_header()
        yield self.log.info(tag, f"SPI Speed      : {_SPEEDS.get(header.spi_speed, '20MHz')}")
        yield self.log.info(tag, f"SPI Mode       : {_MODES.get(header.spi_mode, 'SLOW READ')}")
        yield self.log.info(tag, f"SPI Flash Size : {flash_size_bytes(header.flash_size) >> 20}MB")

    def _own_header(self) -> ImageHeader:
        return ImageHeader.from_bytes(self.chip.read_mapped(BOOTLOADER_OFFSET, HEADER_BYTES))

    # --- the partition table

    def _read_table(self) -> Iterator[BootLine]:
        log = self.log
        data = self.chip.read_mapped(TABLE_OFFSET, TABLE_BYTES)
        yield from self._check_table_signature(data)
        fault = ""
        try:
            # It believes its own header about the size of the chip.
            chip_size_bytes = flash_size_bytes(self._own_header().flash_size)
            self.table = PartitionTable.from_bytes(data, chip_size_bytes=chip_size_bytes)
        except PartitionTableError as error:
            fault = str(error)
        if fault:
            yield log.error("flash_parts", fault)
            yield log.error(TAG, "Failed to verify partition table")
            yield log.error(TAG, "load partition table error!")
            raise self._reset(f"the partition table is broken: {fault}")
        yield log.info(TAG, "Partition Table:")
        yield log.info(TAG, "## Label            Usage          Type ST Offset   Length")
        for index, partition in enumerate(self.table):
            usage = self.roles.take(partition)
            yield log.info(
                TAG,
                f"{index:2} {printed_label(partition):16} {usage:16} {partition.type:02x} {partition.subtype:02x} "
                f"{partition.offset:08x} {partition.size:08x}",
            )
        yield log.info(TAG, "End of partition table")

    def _check_table_signature(self, table: bytes) -> Iterator[BootLine]:
        signature, log = self.signature, self.log
        if not isinstance(signature, SignatureCheckV1) or not self.revision.verifies_table_signature:
            return
        if not self.esp32.efuses.read(Fuse.ABS_DONE_0):
            return
        yield log.info(TAG, "Verifying partition table signature...")
        if not (yield from signature(self.chip, log, TABLE_OFFSET + TABLE_BYTES, hashlib.sha256(table))):
            yield log.error(TAG, "Failed to verify partition table signature.")
            yield log.error(TAG, "load partition table error!")
            raise self._reset("the signature of the partition table is bad")

    # --- which index to start with (bootloader_utility_get_selected_boot_partition)

    def _select(self) -> Work[int]:
        log, roles = self.log, self.roles
        self.otadata_is_initial = False
        if not is_there(roles.otadata):
            self.reasons.append("there is no otadata, so the factory app comes first")
            return FACTORY_INDEX
        otadata = yield from self._read_otadata(roles.otadata)
        if self.config.watches_first_boot:
            for index, entry in enumerate(otadata.entries):
                if entry.ota_state == ImageState.PENDING_VERIFY:
                    slot = self._name_of(entry)
                    self.reasons.append(
                        f"rolled back: {slot} was started once and reset before it confirmed itself (otadata[{index}])"
                    )
                    aborted = replace(entry, ota_state=ImageState.ABORTED)
                    otadata = otadata.with_entry(index, aborted)
                    yield from self._write_otadata(index, aborted)
        first, second = otadata.entries
        both_are_initial = first.is_initial and second.is_initial
        if self.config.anti_rollback:
            yield log.info(TAG, "Enabled a check secure version of app for anti rollback")
            yield log.info(TAG, f"Secure version (from eFuse) = {self._secure_version()}")
            if both_are_initial:
                yield log.info(TAG, "otadata[0..1] in initial state")
                self.otadata_is_initial = True
                self.reasons.append(reasons.nothing_selected(otadata))
                return FACTORY_INDEX
            active = active_index(
                otadata.entries, ((yield from self._is_eligible(first)), (yield from self._is_eligible(second)))
            )
        elif (first.is_invalid and second.is_invalid) or not roles.app_count:
            self.reasons.append(
                reasons.nothing_selected(otadata) if roles.app_count else "there are no slots to select from"
            )
            if is_there(roles.factory):
                yield log.info(TAG, "Defaulting to factory image")
                return FACTORY_INDEX
            yield log.info(TAG, "No factory image, trying OTA 0")
            self.otadata_is_initial = both_are_initial
            return 0
        else:
            active = otadata.active()
        if active is not None:
            entry = otadata.entries[active]
            index = yield from self._select_entry(active, entry)
            self.reasons.append(reasons.selection(otadata, active, self._name_of(entry)))
            return index
        self.reasons.append(reasons.nothing_selected(otadata))
        if is_there(roles.factory):
            yield log.error(TAG, "ota data partition invalid, falling back to factory")
        else:
            yield log.error(TAG, "ota data partition invalid and no factory, will try all partitions")
        return FACTORY_INDEX

    def _select_entry(self, index: int, entry: SelectEntry) -> Work[int]:
        slot = self._slot_of(entry)
        if self.config.watches_first_boot and entry.ota_state == ImageState.NEW:
            yield from self._write_otadata(index, replace(entry, ota_state=ImageState.PENDING_VERIFY))
        if self.config.anti_rollback and entry.ota_state == ImageState.VALID:
            yield from self._burn_secure_version(self.roles.slots.get(slot))
        return slot

    def _name_of(self, entry: SelectEntry) -> str:
        """Return the label of the slot that an entry is about."""
        slot = entry.slot(max(self.roles.app_count, 1))
        partition = self.roles.slots.get(slot)
        return f"ota_{slot}" if partition is None else partition.label

    def _slot_of(self, entry: SelectEntry) -> int:
        if not self.roles.app_count:
            # Only an anti-rollback build gets here without app slots: the C code divides by their number.
            self.reasons.append("otadata selects a slot where there is none: division by zero")
            raise _End(Ending.EXCEPTION)
        return entry.slot(self.roles.app_count)

    def _read_otadata(self, partition: Partition) -> Generator[BootLine, None, OtaData]:
        if partition.size < 2 * SECTOR_BYTES:
            minimum = self.revision.otadata_minimum
            message = f"ota_info partition size {partition.size} is too small (minimum {minimum} bytes)"
            yield self.log.error(TAG, message)
            raise self._reset(message)
        if not (yield from self._can_map(TAG, partition)):
            raise self._reset("otadata is too large to be read")
        first, second = (
            SelectEntry.from_bytes(self.chip.read_mapped(partition.offset + index * SECTOR_BYTES, ENTRY_BYTES))
            for index in (0, 1)
        )
        return OtaData((first, second))

    def _write_otadata(self, index: int, entry: SelectEntry) -> Work[None]:
        """Erase the sector of an entry, then program the entry: two commands, and blank in between."""
        assert self.roles.otadata is not None
        address = self.roles.otadata.offset + index * SECTOR_BYTES
        code = EspErr.ESP_OK
        try:
            self.chip.erase(address - address % SECTOR_BYTES, SECTOR_BYTES)
            yield None
            if address % 4:
                message = f"bootloader_flash_write dest_addr 0x{address:x} not 4-byte aligned"
                yield self.log.error("bootloader_flash", message)
                code = EspErr.ESP_FAIL
            else:
                self.chip.program(address, entry.to_bytes())
                yield None
        except FlashArgumentError:
            # The chip is smaller than the bootloader's header says.
            code = EspErr.ESP_ERR_FLASH_OP_FAIL
        if code is not EspErr.ESP_OK:
            yield self.log.error(TAG, f"Error in write_otadata operation. err = 0x{code & 0xFFFFFFFF:x}")

    def _can_map(self, tag: str, partition: Partition) -> Generator[BootLine, None, bool]:
        if partition.size <= LARGEST_MAPPING_BYTES:
            return True
        yield self.log.error("bootloader_flash", f"bootloader_mmap excess size {partition.size:x}")
        yield self.log.error(tag, f"bootloader_mmap(0x{partition.offset:x}, 0x{partition.size:x}) failed")
        return False

    # --- anti-rollback

    def _is_eligible(self, entry: SelectEntry) -> Generator[BootLine, None, bool]:
        """Whether an entry may become the active one in an anti-rollback build."""
        if not entry.is_valid:
            return False
        return (yield from self._passes_anti_rollback(self.roles.slots.get(self._slot_of(entry))))

    def _passes_anti_rollback(self, partition: Partition | None) -> Generator[BootLine, None, bool]:
        if not self.config.anti_rollback:
            return True
        descriptor = yield from self._read_descriptor(partition)
        return descriptor is not None and descriptor.secure_version >= self._secure_version()

    def _secure_version(self) -> int:
        return self.esp32.efuses.secure_version(self.config.secure_version_bits)

    def _read_descriptor(self, partition: Partition | None) -> Generator[BootLine, None, AppDescriptor | None]:
        code = EspErr.ESP_ERR_INVALID_ARG
        if is_there(partition):
            if not (self.revision.maps_piecewise or (yield from self._can_map("boot_comm", partition))):
                return None
            try:
                return AppDescriptor.from_bytes(
                    self.chip.read_mapped(partition.offset + APP_DESCRIPTOR_OFFSET, APP_DESCRIPTOR_BYTES)
                )
            except AppDescriptorError:
                code = EspErr.ESP_ERR_NOT_FOUND
        if self.revision.reports_missing_descriptor:
            yield self.log.error(TAG, f"Failed to get partition description {int(code)}")
        return None

    def _burn_secure_version(self, partition: Partition | None) -> Iterator[BootLine]:
        """Raise the eFuse to the secure version of the app in ``partition``."""
        descriptor = yield from self._read_descriptor(partition)
        if descriptor is None:
            return
        before = self._secure_version()
        yield from update_secure_version(
            self.esp32.efuses, descriptor.secure_version, bits=self.config.secure_version_bits, log=self.log
        )
        if self._secure_version() != before:
            self.burned.append(self._secure_version())

    # --- which image starts (bootloader_utility_load_boot_image)

    def _load(self, start: int) -> Work[tuple[Partition, AppImage]]:
        order = (*range(start, FACTORY_INDEX - 1, -1), *range(start + 1, self.roles.app_count))
        for index in order:
            partition = self.roles.at(index)
            if not can_be_tried(partition):
                continue
            if (yield from self._passes_anti_rollback(partition)):
                image = yield from self._try(partition)
                if image is not None:
                    yield from self._enter_initial_otadata(index)
                    if (yield from self._enable_secure_boot(partition, image)):
                        return partition, image
            else:
                self.reasons.append(f"{partition.label} has a lower secure version than the eFuses")
            name = "Factory app partition" if index == FACTORY_INDEX else f"OTA app partition slot {index}"
            yield self.log.error(TAG, f"{name} is not bootable")

        test = self.roles.test
        if can_be_tried(test) and (
            not self.revision.anti_rollback_covers_test_app or (yield from self._passes_anti_rollback(test))
        ):
            image = yield from self._try(test)
            if image is not None:
                yield self.log.warn(TAG, "Falling back to test app as only bootable partition")
                if (yield from self._enable_secure_boot(test, image)):
                    return test, image
        yield self.log.error(TAG, "No bootable app partitions in the partition table")
        raise self._reset("no app can start")

    def _try(self, partition: Partition) -> Work[AppImage | None]:
        lines = self.log.lines
        first_line = len(lines)
        image = yield from self.check(partition)
        if image is not None:
            yield self.log.info(TAG, f"Loaded app from partition at offset 0x{partition.offset:x}")
            self.reasons.append(f"{partition.label} is started")
        else:
            errors = [line.text for line in lines[first_line:] if line.level is LogLevel.ERROR]
            self.reasons.append(f"{partition.label} cannot start: {errors[0].rstrip('.')}")
        return image

    def _enter_initial_otadata(self, index: int) -> Work[None]:
        if index == FACTORY_INDEX or not self.otadata_is_initial:
            return
        entry = SelectEntry.make(index + 1, ImageState.VALID)
        yield from self._write_otadata(0, entry)
        yield self.log.info(TAG, f"Set actual ota_seq={entry.ota_seq} in otadata[0]")
        if self.config.anti_rollback:
            yield from self._burn_secure_version(self.roles.at(index))

    def _enable_secure_boot(self, partition: Partition, image: AppImage) -> Work[bool]:
        """See to it that secure boot is enabled in the chip; return whether the app may start."""
        if self.signature is None:
            return True
        enabling = Enabling(self.chip, self.esp32, self.revision, self.log)
        try:
            if isinstance(self.signature, SignatureCheckV1):
                may_start = yield from enabling.enable_v1()
            else:
                may_start = yield from enabling.enable_v2(self.signature, partition, image)
        except AbortError:
            self.reasons.append("secure boot cannot be enabled, so it aborts")
            raise _End(Ending.EXCEPTION) from None
        if not may_start:
            self.reasons.append(f"secure boot cannot be enabled, so {partition.label} is not started")
        return may_start

    def _start(self, image: AppImage) -> Iterator[BootLine]:
        yield self.log.info(TAG, "Disabling RNG early entropy source...")
        for name, memory in (("DROM", DROM), ("IROM", IROM)):
            mapped = sum(segment.load_address in memory for segment in image.segments)
            for _ in range(mapped - 1):
                message = f"Image contains multiple {name} segments. Only the last one will be mapped."
                yield self.log.error(TAG, message)

    # --- pins held at reset

    def _is_held(self, pin: int) -> Work[bool]:
        """Watch a pin as long as it is low, but not longer than it has to be (``..._check_long_hold_gpio``)."""
        for _ in range(0, self.config.hold_s * NS_PER_S, LOOK_INTERVAL_NS):
            if not self.esp32.is_low(pin):
                return False
            yield Pause(LOOK_INTERVAL_NS)
        return True

    def _reset_to_factory(self, reset: FactoryReset) -> Work[None]:
        log, tag = self.log, "boot_comm"
        self.reasons.append(f"factory reset: GPIO{reset.pin} was held")
        yield log.info(TAG, "Detect a condition of the factory reset")
        yield log.info(TAG, f"Data partitions to erase: {reset.labels}")
        yield log.info(tag, "## Label            Usage Offset   Length   Cleaned")
        labels = reset.labels.replace(",", " ").split()
        failed = False
        for index, partition in enumerate(self.table):
            if partition.type != TYPE_DATA:
                continue
            marker = "no"
            if partition.label in labels or (reset.erases_otadata and partition.subtype == SUBTYPE_OTADATA):
                try:
                    self.chip.erase(partition.offset, partition.size)
                except FlashArgumentError:
                    marker, failed = "err", True
                else:
                    marker = "yes"
                    yield None
            place = f"{partition.offset:08x} {partition.size:08x}"
            yield log.info(tag, f"{index:2} {printed_label(partition):16} data  {place} [{marker}]")
        if failed:
            yield log.error(TAG, "Not all partitions were erased")

    def _load_test_app(self) -> Work[tuple[Partition, AppImage]]:
        yield self.log.info(TAG, "Detect a boot condition of the test firmware")
        self.reasons.append(f"GPIO{self.config.test_app_pin} was held, which asks for the test app")
        test = self.roles.test
        if not is_there(test):
            yield self.log.error(TAG, "Test firmware is not found in partition table")
            raise self._reset("there is no test app")
        image = (yield from self._try(test)) if can_be_tried(test) else None
        if image is None or not (yield from self._enable_secure_boot(test, image)):
            yield self.log.error(TAG, "No bootable test partition in the partition table")
            raise self._reset("the test app cannot start")
        return test, image
