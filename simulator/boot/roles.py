"""What the bootloader takes from the partition table: one partition for each role, and a name for the listing.

To the bootloader a partition *is there* if its offset is not 0, and *can be tried* if its size is not 0
(``bootloader_state_t`` starts as zeros). Two partitions of one role are legal, and the later one wins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeGuard

from simulator.formats.partition_table import (
    SUBTYPE_EFUSE,
    SUBTYPE_FACTORY,
    SUBTYPE_NVS,
    SUBTYPE_NVS_KEYS,
    SUBTYPE_OTADATA,
    SUBTYPE_PHY,
    SUBTYPE_TEST,
    TYPE_APP,
    TYPE_DATA,
    Partition,
)

FACTORY_INDEX: Final = -1
"""What stands for the factory app where an index of an app slot could stand."""

_DATA_USAGES: Final = {
    SUBTYPE_OTADATA: "OTA data",
    SUBTYPE_PHY: "RF data",
    SUBTYPE_NVS: "WiFi data",
    SUBTYPE_NVS_KEYS: "NVS keys",
    SUBTYPE_EFUSE: "efuse",
}


@dataclass(slots=True)
class Roles:
    """The roles taken so far."""

    factory: Partition | None = None
    test: Partition | None = None
    otadata: Partition | None = None
    slots: dict[int, Partition] = field(default_factory=dict)
    app_count: int = 0
    """Partitions of the subtypes ota_0 to ota_15, repeated ones included; a slot from this index on is out of reach."""

    def take(self, partition: Partition) -> str:
        """Note the role of ``partition`` and return what the listing calls it."""
        if partition.type == TYPE_APP:
            if partition.subtype == SUBTYPE_FACTORY:
                self.factory = partition
                return "factory app"
            if partition.subtype == SUBTYPE_TEST:
                self.test = partition
                return "test app"
            if partition.ota_slot is not None:
                self.slots[partition.ota_slot] = partition
                self.app_count += 1
                return "OTA app"
            return "Unknown app"
        if partition.type == TYPE_DATA:
            if partition.subtype == SUBTYPE_OTADATA:
                self.otadata = partition
            return _DATA_USAGES.get(partition.subtype, "Unknown data")
        return "unknown"

    def at(self, index: int) -> Partition | None:
        """Return what ``index`` stands for: the factory app, or an app slot."""
        if index == FACTORY_INDEX:
            return self.factory
        return self.slots.get(index) if index < self.app_count else None


def is_there(partition: Partition | None) -> TypeGuard[Partition]:
    """Whether the bootloader sees the partition at all."""
    return partition is not None and partition.offset != 0


def can_be_tried(partition: Partition | None) -> TypeGuard[Partition]:
    """Whether the bootloader looks for an image in the partition."""
    return partition is not None and partition.size != 0


def printed_label(partition: Partition) -> str:
    """Return the label as ``%s`` prints it: one of 16 characters has no NUL, so it runs into the flags behind it."""
    if len(partition.label) < 16:
        return partition.label
    flags = partition.to_row()[28:]
    return partition.label + flags.partition(b"\0")[0].decode("latin-1")
