"""Flash images made of parts, without a device to make them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from simulator.boards import load_board
from simulator.boot import build_bootloader_image
from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.firmware import SMALLEST_IMAGE_BYTES, Manifest, build_firmware, first_manifest
from simulator.formats import PartitionTable
from simulator.formats.partition_table import TABLE_OFFSET
from simulator.units import MIB

#: A factory app and two slots for updates, as ESP-IDF's own two-slot table has them.
TWO_SLOTS: Final = PartitionTable.from_csv("""\
nvs,      data, nvs,     0x9000,   16K
otadata,  data, ota,     0xd000,   8K
phy_init, data, phy,     0xf000,   4K
factory,  app,  factory, 0x10000,  1M
ota_0,    app,  ota_0,   0x110000, 1M
ota_1,    app,  ota_1,   0x210000, 1M
""")


def build_flash(
    contents: Mapping[str, bytes], table: PartitionTable = TWO_SLOTS, *, size_bytes: int = 4 * MIB
) -> bytes:
    """Return a flash with a bootloader, ``table``, and ``contents`` by partition label; the rest is erased.

    Raises ValueError for a label that the table does not have and for contents that do not fit.
    """
    flash = bytearray(b"\xff" * size_bytes)
    parts = {BOOTLOADER_OFFSET: build_bootloader_image(flash_size=size_bytes), TABLE_OFFSET: table.to_bytes()}
    for label, data in contents.items():
        partition = table.find(label)
        if partition is None or len(data) > partition.size:
            raise ValueError(f"{len(data)} bytes for {label!r}: no such partition, or a smaller one")
        parts[partition.offset] = data
    for offset, data in parts.items():
        flash[offset : offset + len(data)] = data
    return bytes(flash)


def small_firmware(*, board: str = "N1ESP32-OTA", commit: str | None = None) -> bytes:
    """Return a firmware image of ``board``, as small as they come; ``commit`` is 40 hexadecimal digits."""
    manifest: Manifest = first_manifest(load_board(board))
    if commit is not None:
        manifest = dataclasses.replace(manifest, commit=commit)
    return build_firmware(manifest, size_bytes=SMALLEST_IMAGE_BYTES)
