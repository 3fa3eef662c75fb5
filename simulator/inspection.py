"""What is in a flash image: which app starts, what otadata says, where the next update goes, which sectors are used.

Bytes in, a report out; the bytes may come from anybody and be as broken as they like. What the bootloader does is
asked of `simulator.boot` and never guessed here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from simulator.boot import BootConfig, BootResult, boot
from simulator.boot.ota import Ota
from simulator.boot.revision import RevisionName
from simulator.efuses import Efuses
from simulator.errors import FormatError
from simulator.firmware import Manifest, find_manifest
from simulator.flash import SECTOR_BYTES, FlashChip
from simulator.flash_parts import Area, areas_of
from simulator.formats import AppImage, ImageState, OtaData, Partition, PartitionTable
from simulator.formats.otadata import ERASED_ENTRY, OTADATA_BYTES
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET

_DEFAULT: Final = BootConfig()
_ERASED_SECTOR: Final = b"\xff" * SECTOR_BYTES
_STATES: Final = {
    ImageState.NEW: "not booted yet",
    ImageState.PENDING_VERIFY: "booted once, not confirmed",
    ImageState.VALID: "confirmed",
    ImageState.INVALID: "declared itself bad",
    ImageState.ABORTED: "was reset before it confirmed itself",
    ImageState.UNDEFINED: "nobody watches it",
}


@dataclass(frozen=True, slots=True)
class AppSlot:
    """An app partition and what is in it."""

    partition: Partition
    image: AppImage | None
    """None if there is no sound image; then ``fault`` says why not."""
    manifest: Manifest | None
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashReport:
    """What `inspect_flash` found."""

    size_bytes: int
    used: tuple[bool, ...]
    """By sector: whether any bit of it is programmed."""
    table: PartitionTable
    """Empty if it is broken; then ``table_fault`` says how, in the bootloader's words."""
    table_fault: str
    otadata: OtaData | None
    """None if there is no partition for it."""
    slots: tuple[AppSlot, ...]
    boot: BootResult
    running: AppSlot | None
    """What starts at the next reset."""
    next_update: Partition | None
    """Where that app would put an update."""

    @property
    def areas(self) -> list[Area]:
        """What lies where, by address: bootloader, partition table and every partition."""
        return areas_of(self.table)

    @property
    def slot_count(self) -> int:
        """How many app slots otadata can select from, as the bootloader counts them."""
        return sum(slot.partition.ota_slot is not None for slot in self.slots)

    @property
    def selected(self) -> AppSlot | None:
        """The app slot that otadata selects, whether it can boot or not; None if it selects none."""
        entry = self.otadata.active_entry if self.otadata else None
        if entry is None or not self.slot_count:
            return None
        index = entry.slot(self.slot_count)
        return next((slot for slot in self.slots if slot.partition.ota_slot == index), None)

    def used_sectors(self, area: Area) -> int:
        """Return how many sectors of ``area`` are used."""
        return sum(self.used[area.sectors.start : area.sectors.stop])


def inspect_flash(
    flash: bytes,
    bootloader: RevisionName | BootConfig = "v4.0",
    *,
    rollback: bool = False,
    efuses: Efuses | None = None,
) -> FlashReport:
    """Return what is in ``flash``, whose length is a multiple of the sector. Never raises, whatever the bytes are.

    ``bootloader``, ``rollback`` and ``efuses`` are those of `simulator.boot.boot`, but nothing is burned.
    """
    table, table_fault = PartitionTable(), ""
    try:
        table = PartitionTable.from_bytes(flash[TABLE_OFFSET:][:TABLE_BYTES], chip_size_bytes=len(flash))
    except FormatError as error:
        table_fault = str(error)
    slots = tuple(_app_slot(partition, flash) for partition in table.app_partitions)
    result = boot(flash, bootloader, rollback=rollback, efuses=efuses.copy() if efuses else None)
    running = next((slot for slot in slots if slot.partition.offset == result.offset), None)
    chip = FlashChip(len(flash), flash)
    sectors = range(0, len(flash), SECTOR_BYTES)
    return FlashReport(
        size_bytes=len(flash),
        used=tuple(flash[start : start + SECTOR_BYTES] != _ERASED_SECTOR for start in sectors),
        table=table,
        table_fault=table_fault,
        otadata=_otadata(table.otadata, flash),
        slots=slots,
        boot=result,
        running=running,
        next_update=Ota(chip, table, running.partition).next_update_partition() if running else None,
    )


def explain_otadata(report: FlashReport) -> list[str]:
    """Return otadata in words: a sentence for each select entry, and what comes of them."""
    if report.otadata is None:
        return ["There is no otadata partition: the bootloader starts factory and looks no further."]
    lines = [f"Entry {index} {_explain_entry(report.otadata, index, report.slot_count)}." for index in (0, 1)]
    if report.otadata.active() is None:
        lines.append("No entry is valid, so the bootloader starts factory, or ota_0 if there is no factory.")
    return lines


def explain_rollback(flash: bytes, bootloader: BootConfig = _DEFAULT) -> list[str]:
    """Return in words what a bootloader with rollback would do with ``flash``, at the next reset and the one after."""
    bootloader = replace(bootloader, rollback=True)
    first = boot(flash, bootloader)
    second = boot(first.flash, bootloader)
    changes = _otadata_changes(flash, first.flash)
    if first.label is None:
        return [*changes, "It finds nothing that boots."]
    if second.flash == first.flash and second.label == first.label:
        return [*changes, f"It starts {first.label} every time: no app is on probation."]
    lines = [*changes, f"It starts {first.label}, which is on probation."]
    if second.label is None:
        return [*lines, "If that app does not confirm itself, nothing boots at the reset after."]
    return [*lines, f"If that app does not confirm itself, the reset after that starts {second.label}."]


def _otadata_changes(before: bytes, after: bytes) -> list[str]:
    table = PartitionTable.as_read_by_app(before[TABLE_OFFSET:][:TABLE_BYTES])
    old, new = _otadata(table.otadata, before), _otadata(table.otadata, after)
    if old is None or new is None:
        return []
    return [
        f"It turns entry {index} from {was.state_name} into {is_.state_name}."
        for index, (was, is_) in enumerate(zip(old.entries, new.entries, strict=True))
        if was.ota_state != is_.ota_state
    ]


def _explain_entry(otadata: OtaData, index: int, slot_count: int) -> str:
    entry, other = otadata.entries[index], otadata.entries[1 - index]
    if entry == ERASED_ENTRY:
        return "is erased"
    selects = f"ota_{entry.slot(slot_count)}" if slot_count else "nothing, as there are no app slots"
    state = next((f" ({words})" for state, words in _STATES.items() if state == entry.ota_state), "")
    says = f"has sequence {entry.ota_seq} and selects {selects}, state {entry.state_name}{state}"
    if not entry.is_crc_good:
        return f"{says}; its CRC is wrong, so it does not count"
    if entry.is_invalid:
        return f"{says}; so it is never selected"
    if not other.is_valid:
        return f"{says}; it is the only valid one and counts"
    if entry.ota_seq == other.ota_seq:
        return f"{says}; both have the same number, and then entry 0 counts"
    return f"{says}; it has the {'larger number and counts' if otadata.active() == index else 'smaller number'}"


def _app_slot(partition: Partition, flash: bytes) -> AppSlot:
    data = flash[partition.offset : partition.end]
    if data == b"\xff" * len(data):
        return AppSlot(partition, None, None, "erased")
    try:
        image = AppImage.from_bytes(data)
    except FormatError as error:
        return AppSlot(partition, None, None, str(error))
    return AppSlot(partition, image, find_manifest(image), "")


def _otadata(partition: Partition | None, flash: bytes) -> OtaData | None:
    if partition is None or partition.offset + OTADATA_BYTES > len(flash):
        return None
    return OtaData.from_bytes(flash[partition.offset :][:OTADATA_BYTES])
