"""Boards as plain rows, for tables and for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from simulator.boards.schema import Board
from simulator.formats.partition_table import TABLE_OFFSET, TABLE_SECTOR_BYTES

_BOOTLOADER_OFFSET = 0x1000  # the boot ROM of the ESP32 looks there


def catalogue_rows(boards: Iterable[Board]) -> list[dict[str, Any]]:
    """Return one row a board: who it is, and what tells it from the others."""
    return [
        {
            "id": board.id,
            "documented_id": board.documented_id,
            "description": board.description,
            "manufacturer": board.manufacturer,
            "flash_size_bytes": board.flash_size_bytes,
            "ota": board.ota,
            "filesystem": board.filesystem,
            "log_level": board.log_level,
            "equipment": list(equipment(board)),
        }
        for board in boards
    ]


def board_details(board: Board) -> dict[str, Any]:
    """Return everything about ``board``, with what follows from it."""
    return {
        **asdict(board),
        "documented_id": board.documented_id,
        "ota_firmware_id": board.ota_firmware_id,
        "partitions": [
            {
                "label": entry.label,
                "type": entry.type_name,
                "subtype": entry.subtype_name,
                "offset": entry.offset,
                "size_bytes": entry.size,
            }
            for entry in board.partition_table()
        ],
    }


def equipment(board: Board) -> Iterator[str]:
    """Say in a few words each what is on ``board`` beyond the ESP32 and its flash."""
    if board.psram:
        yield "PSRAM"
    if board.ethernet:
        yield "Ethernet"
    if board.lora:
        yield f"LoRa {board.lora.chip}"
    if board.sd:
        yield f"SD ({board.sd.interface.upper()})"
    if board.external_gpio:
        yield board.external_gpio.chip
    if board.external_adc:
        yield board.external_adc.chip
    if board.pins.led is not None:
        yield "LED"


@dataclass(frozen=True, slots=True)
class FlashArea:
    """A stretch of flash and what it is for; ``kind`` is ``type/subtype`` of a partition, else empty."""

    name: str
    kind: str
    offset: int
    size_bytes: int


def flash_areas(board: Board) -> list[FlashArea]:
    """Return what lies where in the flash of ``board``, in order of address and without the holes."""
    return [
        FlashArea("bootloader", "", _BOOTLOADER_OFFSET, TABLE_OFFSET - _BOOTLOADER_OFFSET),
        FlashArea("partition table", "", TABLE_OFFSET, TABLE_SECTOR_BYTES),
        *(
            FlashArea(entry.label, f"{entry.type_name}/{entry.subtype_name}", entry.offset, entry.size)
            for entry in sorted(board.partition_table(), key=lambda entry: entry.offset)
        ),
    ]
