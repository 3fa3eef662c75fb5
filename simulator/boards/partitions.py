"""The partition table that Lua RTOS generates for its build options (``boards/gen_part.py``, ``make/part.mk``).

Data partitions lie back to back from the sector after the table; apps are packed against the end of flash; what is
left between the two belongs to nobody::

    0x8000  0x9000                                                                     flash size
    | table | nvs | storage | [phy_init] | [otadata] |  (unused)  | [factory] | ota_0 | ota_1 |
"""

from __future__ import annotations

from typing import Final, Literal

from simulator.errors import UsageError
from simulator.formats.partition_table import (
    FIRST_FREE_OFFSET,
    SUBTYPE_FACTORY,
    SUBTYPE_NVS,
    SUBTYPE_OTA_0,
    SUBTYPE_OTADATA,
    SUBTYPE_PHY,
    TYPE_APP,
    TYPE_DATA,
    Partition,
    PartitionTable,
)
from simulator.units import format_size

STORAGE_SUBTYPES: Final = {"spiffs": 0x40, "lfs": 0x41}
"""Lua RTOS's own; its drivers look for the first data partition of that subtype, whatever its label
(``components/sys/vfs/spiffs.c``, ``lfs.c``)."""

_PHY_INIT_SIZE: Final = 0x1000
_OTADATA_SIZE: Final = 0x2000
_APP_ALIGNMENT: Final = 0x10000  # one page of the flash cache's MMU


class CombinationError(UsageError, ValueError):
    """Values that are right one by one do not go together; ``field`` is the one to look at first."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def generate(
    *,
    flash_size_bytes: int,
    nvs_size_bytes: int,
    storage_size_bytes: int,
    filesystem: Literal["spiffs", "lfs"],
    phy_init: bool,
    ota: bool,
    factory: bool,
) -> PartitionTable:
    """Return the table for these options, all sizes in bytes.

    ``factory`` counts only together with ``ota``: without it the single app is in ``factory`` anyway.
    Raises `CombinationError` if no app fits; gen_part.py writes a table that no tool accepts.
    """
    data = [("nvs", SUBTYPE_NVS, nvs_size_bytes), ("storage", STORAGE_SUBTYPES[filesystem], storage_size_bytes)]
    if phy_init:
        data.append(("phy_init", SUBTYPE_PHY, _PHY_INIT_SIZE))
    if ota:
        data.append(("otadata", SUBTYPE_OTADATA, _OTADATA_SIZE))
    apps = [("ota_0", SUBTYPE_OTA_0), ("ota_1", SUBTYPE_OTA_0 + 1)] if ota else []
    if factory or not ota:
        apps.insert(0, ("factory", SUBTYPE_FACTORY))

    entries = []
    offset = FIRST_FREE_OFFSET
    for label, subtype, size in data:
        entries.append(Partition(label, TYPE_DATA, subtype, offset, size))
        offset += size
    app_size = (flash_size_bytes - offset) // len(apps) // _APP_ALIGNMENT * _APP_ALIGNMENT
    if app_size <= 0:
        raise CombinationError(
            "storage_size_bytes",
            f"no room for {len(apps)} app partitions of at least {format_size(_APP_ALIGNMENT)}: "
            f"the data partitions end at {offset:#x} of {format_size(flash_size_bytes)} flash",
        )
    offset = flash_size_bytes - len(apps) * app_size
    for label, subtype in apps:
        entries.append(Partition(label, TYPE_APP, subtype, offset, app_size))
        offset += app_size
    return PartitionTable(tuple(entries))


def csv_text(table: PartitionTable) -> str:
    """Return ``table`` as ``partitions.csv`` in the spelling of gen_part.py, byte for byte."""
    lines = ["# Lua RTOS Partition Table", "# Name,Type,SubType,Offset,Size"]
    for entry in table:
        # gen_part.py writes apps by number, except for the subtypes of the two slots.
        kind = str(entry.type) if entry.is_app else entry.type_name
        subtype = str(entry.subtype) if entry.is_app and entry.ota_slot is None else entry.subtype_name
        lines.append(f"{entry.label},{kind},{subtype},{entry.offset:#x},{entry.size:#x}")
    return "\n".join(lines) + "\n"
