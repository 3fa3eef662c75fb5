"""Flash chips for the tests of this folder: the two partition tables of Lua RTOS, small images, otadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from simulator.boot import build_bootloader_image
from simulator.flash import FlashChip
from simulator.formats import (
    AppDescriptor,
    ImageState,
    OtaData,
    Partition,
    PartitionTable,
    Segment,
    SelectEntry,
    build_image,
)
from simulator.formats.otadata import ERASED_ENTRY, OTADATA_BYTES
from simulator.formats.partition_table import TABLE_OFFSET

NVS = Partition("nvs", 1, 2, 0x9000, 0x6000)
STORAGE = Partition("storage", 1, 0x40, 0xF000, 0x80000)
OTADATA = Partition("otadata", 1, 0, 0x8F000, 0x2000)
OTA_0 = Partition("ota_0", 0, 0x10, 0xA0000, 0x1B0000)
OTA_1 = Partition("ota_1", 0, 0x11, 0x250000, 0x1B0000)
WITHOUT_FACTORY = PartitionTable((NVS, STORAGE, OTADATA, OTA_0, OTA_1))
FACTORY = Partition("factory", 0, 0, 0xA0000, 0x120000)
WITH_FACTORY = PartitionTable(
    (
        NVS,
        STORAGE,
        OTADATA,
        FACTORY,
        Partition("ota_0", 0, 0x10, 0x1C0000, 0x120000),
        Partition("ota_1", 0, 0x11, 0x2E0000, 0x120000),
    )
)

#: Stands for a sound image whose contents do not matter.
GOOD: Final = b"good"


def small_image(version: str = "1", *, secure_version: int = 0, segments: Iterable[Segment] = ()) -> bytes:
    """Return a sound image of one mapped segment, the app descriptor, and ``segments`` behind it."""
    descriptor = AppDescriptor(version=version, project_name="lua_rtos", secure_version=secure_version)
    return build_image([Segment(0x3F400020, descriptor.to_bytes()), *segments], entry=0x40080400)


def broken(image: bytes) -> bytes:
    """Return ``image`` with a flipped bit in its data."""
    return image[:100] + bytes((image[100] ^ 1,)) + image[101:]


def make_chip(
    table: PartitionTable = WITHOUT_FACTORY,
    images: Mapping[str, bytes] | None = None,
    otadata: tuple[SelectEntry | None, SelectEntry | None] = (None, None),
    *,
    bootloader: bytes | None = None,
) -> FlashChip:
    """Return a chip with bootloader and ``table``; ``images`` by label, all good by default."""
    chip = FlashChip()
    chip.program(0x1000, build_bootloader_image() if bootloader is None else bootloader)
    chip.program(TABLE_OFFSET, table.to_bytes())
    for partition in table.app_partitions:
        image = GOOD if images is None else images.get(partition.label, b"")
        chip.program(partition.offset, small_image(partition.label) if image is GOOD else image)
    if table.otadata is not None:
        for index, entry in enumerate(otadata):
            if entry is not None:
                chip.program(table.otadata.offset + index * 0x1000, entry.to_bytes())
    chip.take_busy_ns()
    return chip


def read_otadata(chip: FlashChip, table: PartitionTable = WITHOUT_FACTORY) -> tuple[str, str]:
    """Return both select entries in words such as ``2 UNDEFINED``, ``erased``, ``2 NEW, bad crc``."""
    partition = table.otadata
    assert partition is not None
    first, second = OtaData.from_bytes(chip.read(partition.offset, OTADATA_BYTES)).entries
    return in_words(first), in_words(second)


def in_words(entry: SelectEntry) -> str:
    if entry == ERASED_ENTRY:
        return "erased"
    return f"{entry.ota_seq} {entry.state_name}" + ("" if entry.is_crc_good else ", bad crc")


def entry(ota_seq: int, state: ImageState) -> SelectEntry:
    return SelectEntry.make(ota_seq, state)
