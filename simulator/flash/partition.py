"""A partition of a chip: what ``esp_partition_read``, ``_write`` and ``_erase_range`` do (``partition.c``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.flash.chip import SECTOR_BYTES, FlashArgumentError, FlashChip, erase_commands
from simulator.formats.esp_err import EspErr
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET, Partition, PartitionTable

_LAST_DANGEROUS_ADDRESS: Final = 0x8C00
"""Up to and including this address lie the bootloader and the partition table."""


def partition_table_on(chip: FlashChip) -> PartitionTable:
    """Return the partition table of a chip as the app reads it."""
    return PartitionTable.as_read_by_app(chip.read(TABLE_OFFSET, TABLE_BYTES))


class DangerousWriteError(Exception):
    """The app is about to destroy what it runs from. ESP-IDF's default answer is ``abort()``: the device resets."""


@dataclass(frozen=True, slots=True)
class WriteGuard:
    """The check that ESP-IDF does before it changes flash (``CONFIG_SPI_FLASH_WRITING_DANGEROUS_REGIONS_ABORTS``)."""

    running: Partition | None
    """The app partition that is being executed."""

    def check(self, address: int, length: int) -> None:
        """Raise `DangerousWriteError` if the range touches the bootloader, the table or the running app."""
        running = self.running
        if address <= _LAST_DANGEROUS_ADDRESS or (
            running is not None and address < running.end and address + length > running.offset
        ):
            raise DangerousWriteError(f"0x{length:x} bytes at 0x{address:x} are not the app's to change")


class PartitionView:
    """The part of ``chip`` that ``partition`` covers; offsets count from its start.

    Every call checks its arguments in ESP-IDF's order before it touches the chip, and raises `FlashArgumentError`
    with the code of that check; an encrypted partition cannot be read or written (``ESP_ERR_NOT_SUPPORTED``), for no
    build of Lua RTOS has flash encryption. A ``guard`` is asked before every change.
    """

    __slots__ = ("_offset", "chip", "guard", "partition", "size_bytes")

    def __init__(self, chip: FlashChip, partition: Partition, *, guard: WriteGuard | None = None) -> None:
        self.chip = chip
        self.partition = partition
        self.guard = guard
        self.size_bytes = partition.size
        self._offset = partition.offset

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes."""
        self._check_range(offset, length)
        self._check_plain()
        return self.chip.read(self._offset + offset, length)

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits of ``data`` that are 0."""
        length = len(data)
        self._check_range(offset, length)
        self._check_plain()
        if self.guard is not None:
            self.guard.check(self._offset + offset, length)
        self.chip.program(self._offset + offset, data)

    def erase(self, offset: int, length: int) -> None:
        """Set every bit of whole sectors."""
        for start, size in self.erase_commands(offset, length):
            self.chip.erase(self._offset + start, size)

    def commit(self) -> None:
        """Note in the chip's journal, if it keeps one, that what is stored here now has to survive any power cut."""
        journal = self.chip.journal
        if journal is not None:
            journal.commit(self._offset)

    def erase_commands(self, offset: int, length: int) -> Iterator[tuple[int, int]]:
        """Check the arguments of `erase`, then return the offset and length of each command that it consists of.

        For callers that let time pass, or the power fail, between them.
        """
        self._check_range(offset, length)
        if length % SECTOR_BYTES:
            raise FlashArgumentError(EspErr.ESP_ERR_INVALID_SIZE, f"erase length 0x{length:x} is not one of sectors")
        if offset % SECTOR_BYTES:
            raise FlashArgumentError(EspErr.ESP_ERR_INVALID_ARG, f"erase offset 0x{offset:x} is not that of a sector")
        address = self._offset + offset
        if self.guard is not None:
            self.guard.check(address, length)
        return ((start - self._offset, size) for start, size in erase_commands(address, length))

    def _check_range(self, offset: int, length: int) -> None:
        if offset < 0 or offset > self.size_bytes:
            message = f"offset 0x{offset:x} is beyond {self.partition.label} (0x{self.size_bytes:x})"
            raise FlashArgumentError(EspErr.ESP_ERR_INVALID_ARG, message)
        if length < 0 or offset + length > self.size_bytes:
            message = f"0x{length:x} bytes at 0x{offset:x} reach beyond {self.partition.label} (0x{self.size_bytes:x})"
            raise FlashArgumentError(EspErr.ESP_ERR_INVALID_SIZE, message)

    def _check_plain(self) -> None:
        if self.partition.encrypted:
            message = f"{self.partition.label} is encrypted; this build has no flash encryption"
            raise FlashArgumentError(EspErr.ESP_ERR_NOT_SUPPORTED, message)
