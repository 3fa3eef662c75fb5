"""The parts of a flash by their names, and partitions as what people keep in them: files, and values of NVS.

Bytes in, bytes or contents out; which part starts, and why, is the business of `simulator.inspection`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET
from simulator.dump import copy_of, detect_in, read_dump, storage_kind
from simulator.errors import UsageError
from simulator.filesystem import FileSystemError, FileSystemKind, FileSystemLayout, build_file_system, mount
from simulator.filesystem.memory import MemoryFlash
from simulator.flash import SECTOR_BYTES
from simulator.formats import Partition, PartitionTable
from simulator.formats.esp_err import EspError
from simulator.formats.partition_table import (
    SUBTYPE_NVS,
    TABLE_BYTES,
    TABLE_OFFSET,
    TABLE_SECTOR_BYTES,
    TYPE_DATA,
)
from simulator.nvs import Nvs, NvsEntry, NvsFatalError


@dataclass(frozen=True, slots=True)
class Area:
    """A stretch of flash with a purpose. ``kind`` is ``type/subtype`` of a partition, else empty."""

    name: str
    kind: str
    offset: int
    size_bytes: int

    @classmethod
    def of(cls, partition: Partition) -> Area:
        """Return where ``partition`` lies."""
        return cls(partition.label, f"{partition.type_name}/{partition.subtype_name}", partition.offset, partition.size)

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.offset + self.size_bytes

    @property
    def sectors(self) -> range:
        """The indices of the sectors that it touches."""
        return range(self.offset // SECTOR_BYTES, -(-self.end // SECTOR_BYTES))


BOOTLOADER: Final = Area("bootloader", "", BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES)
PARTITION_TABLE: Final = Area("partition-table", "", TABLE_OFFSET, TABLE_SECTOR_BYTES)


def areas_of(table: PartitionTable) -> list[Area]:
    """Return what lies where, by address: bootloader, partition table and every partition."""
    return sorted([BOOTLOADER, PARTITION_TABLE, *map(Area.of, table)], key=lambda area: area.offset)


def find_part(contents: bytes, name: str) -> tuple[Area, Partition | None]:
    """Return where the part called ``name`` lies: a partition by its label, or one of the two fixed areas.

    Raises `UsageError` that names those there are, and `PartitionTableError` if a broken table keeps it secret.
    """
    fixed = next((area for area in (BOOTLOADER, PARTITION_TABLE) if area.name == name), None)
    if fixed is not None and PartitionTable.as_read_by_app(contents[TABLE_OFFSET:]).find(name) is None:
        return fixed, None
    table = PartitionTable.from_bytes(contents[TABLE_OFFSET:][:TABLE_BYTES], chip_size_bytes=len(contents))
    partition = table.find(name)
    if partition is None:
        names = [area.name for area in areas_of(table)]
        near = difflib.get_close_matches(name, names, n=1)
        raise UsageError(
            f"no part {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}")
        )
    if partition.end > len(contents):
        raise UsageError(f"{name} reaches beyond the flash: from 0x{partition.offset:x} to 0x{partition.end:x}")
    return Area.of(partition), partition


# -- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The file system in a partition."""

    layout: FileSystemLayout
    files: Mapping[str, bytes | None]
    """By absolute path; None is a directory."""
    damage: str
    """What kept the rest from being read, else empty."""


def read_files(contents: bytes, partition: Partition) -> StoredFiles | None:
    """Return what the file system in a partition holds; None if it has none."""
    layout = detect_in(contents, partition)
    if layout is None:
        return None
    view = copy_of(contents, partition)
    files: dict[str, bytes | None] = {}
    try:
        file_system = mount(view, layout.kind, block_size=layout.block_size, page_size=layout.page_size)
        files.update(file_system.contents())
        file_system.unmount()
    except FileSystemError as error:
        return StoredFiles(layout, files, error.text)
    return StoredFiles(layout, dict(sorted(files.items())), "")


def build_files(
    contents: bytes, partition: Partition, files: Mapping[str, bytes | None]
) -> tuple[bytes, FileSystemLayout]:
    """Return a file system with ``files`` for a partition of a flash, and its layout.

    It has the sizes of the one that is there, else those of the board that the flash is of. Raises `UsageError` if
    Lua RTOS looks for no file system there, or it has no room.
    """
    try:
        kind = storage_kind(partition)
    except LookupError:
        raise UsageError(f"{partition.label} holds no file system of Lua RTOS, so it takes no folder") from None
    layout = detect_in(contents, partition)
    if layout is None or layout.kind != kind:
        layout = _layout_of_board(contents, kind)
    try:
        data = build_file_system(
            files, kind, size_bytes=partition.size, block_size=layout.block_size, page_size=layout.page_size
        )
    except FileSystemError as error:
        raise UsageError(f"{partition.label} cannot hold these files: {error.text}") from error
    return data, layout


def _layout_of_board(contents: bytes, kind: FileSystemKind) -> FileSystemLayout:
    board = read_dump(contents, board=None).board
    if kind == "spiffs":
        return FileSystemLayout(kind, board.spiffs_block_size_bytes, board.spiffs_page_size_bytes)
    return FileSystemLayout(kind, board.lfs_block_size_bytes, board.lfs_program_size_bytes)


# -- values -----------------------------------------------------------------------------------------------------------


def is_nvs(partition: Partition | None) -> bool:
    """Say whether a partition is one of NVS."""
    return partition is not None and (partition.type, partition.subtype) == (TYPE_DATA, SUBTYPE_NVS)


def read_values(contents: bytes, partition: Partition) -> tuple[list[NvsEntry], str]:
    """Return the values in an NVS partition, and what is wrong with it, or nothing."""
    nvs = Nvs(copy_of(contents, partition))
    try:
        nvs.init()
        return list(nvs.entries()), ""
    except (EspError, NvsFatalError) as error:
        return [], str(error)


def build_values(partition: Partition, entries: Iterable[NvsEntry]) -> bytes:
    """Return an NVS partition with these values. Raises `UsageError` if it has no room for them."""
    flash = MemoryFlash(partition.size)
    nvs = Nvs(flash)
    try:
        nvs.init()
        for entry in entries:
            nvs.put(entry)
    except (EspError, NvsFatalError) as error:
        raise UsageError(f"{partition.label} cannot hold these values: {error}") from error
    return flash.to_bytes()
