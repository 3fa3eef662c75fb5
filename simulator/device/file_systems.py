"""The drivers of the file systems: what each says and does when it is mounted, unmounted and formatted (``vfs/*.c``).

A driver's steps are generators of the log lines, so that whoever mounts can let pass the time that each step takes;
what they return at the end is the mounted file system, None if that failed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Protocol, TypedDict

from simulator.boards import Board
from simulator.boards.partitions import STORAGE_SUBTYPES
from simulator.console import Level
from simulator.console.banner import lfs_mount_messages, spiffs_mount_messages
from simulator.filesystem import FileSystem, FileSystemError, FileSystemKind, NotFormattedError
from simulator.filesystem import format as format_file_system
from simulator.filesystem import mount as mount_file_system
from simulator.filesystem.ramfs import BLOCK_BYTES, SIZE_BYTES, RamFileSystem
from simulator.filesystem.romfs import RomFileSystem
from simulator.flash import FlashChip, PartitionView
from simulator.flash.partition import partition_table_on
from simulator.formats.partition_table import TYPE_DATA, Partition, PartitionTable
from simulator.units import KIB

LogLine = tuple[Level, bytes]
Steps = Generator[LogLine, None, FileSystem | None]


class StorageSizes(TypedDict):
    """Bytes of a block and of a page (SPIFFS), or of a block and of one read or write (LFS)."""

    block_size: int
    page_size: int


def storage_partition(board: Board, table: PartitionTable) -> Partition | None:
    """Return the partition of the root file system, or None."""
    return table.first(TYPE_DATA, STORAGE_SUBTYPES[board.filesystem])


def storage_sizes(board: Board) -> StorageSizes:
    """Return the sizes with which the board's driver mounts its root file system."""
    if board.filesystem == "spiffs":
        return {"block_size": board.spiffs_block_size_bytes, "page_size": board.spiffs_page_size_bytes}
    return {"block_size": board.lfs_block_size_bytes, "page_size": board.lfs_program_size_bytes}


class FileSystemDriver(Protocol):
    """Mounts one kind of file system, of which there is one."""

    can_format: bool

    def mount(self, target: str) -> Steps:
        """Mount at ``target``."""

    def unmount(self, file_system: FileSystem) -> LogLine:
        """Unmount, and return what is logged."""

    def format(self, file_system: FileSystem, target: str) -> Steps:
        """Make what is mounted at ``target`` empty, and mount it again."""

    def take_busy_ns(self) -> int:
        """Return the nanoseconds that the memory behind it was busy since it was last asked."""


class FlashDriver:
    """SPIFFS or LFS in the ``storage`` partition."""

    can_format = True

    def __init__(self, board: Board, chip: FlashChip) -> None:
        self._board = board
        self._chip = chip
        self._kind: FileSystemKind = board.filesystem

    def mount(self, target: str) -> Steps:
        """Mount, and format first if there is no file system in the partition."""
        partition = storage_partition(self._board, partition_table_on(self._chip))
        if partition is None:
            yield Level.ERR, f"{self._kind} can't find a valid partition".encode()
            return None
        sizes, view = storage_sizes(self._board), PartitionView(self._chip, partition)
        mounted: FileSystem | None = None
        with suppress(NotFormattedError):
            try:
                mounted = mount_file_system(view, self._kind, **sizes)
            except FileSystemError:
                return None
        *before, last = self._messages(partition, target, formatted=mounted is None)
        yield from before
        if mounted is None:
            mounted = format_file_system(view, self._kind, **sizes)
        yield last
        return mounted

    def _messages(self, partition: Partition, target: str, *, formatted: bool) -> Iterator[LogLine]:
        if self._kind == "spiffs":
            return spiffs_mount_messages(
                offset=partition.offset, size_bytes=partition.size, formatted=formatted, target=target
            )
        return lfs_mount_messages(
            offset=partition.offset,
            size_bytes=partition.size,
            block_bytes=self._board.lfs_block_size_bytes,
            read_bytes=self._board.lfs_read_size_bytes,
            program_bytes=self._board.lfs_program_size_bytes,
            formatted=formatted,
            target=target,
        )

    def unmount(self, file_system: FileSystem) -> LogLine:
        """Let go; what is on flash stays."""
        file_system.unmount()
        return Level.INFO, f"{self._kind} unmounted".encode()

    def format(self, file_system: FileSystem, target: str) -> Steps:
        """Erase the partition."""
        yield self.unmount(file_system)
        partition = storage_partition(self._board, partition_table_on(self._chip))
        assert partition is not None, "it was mounted"
        view = PartitionView(self._chip, partition)
        format_file_system(view, self._kind, **storage_sizes(self._board)).unmount()
        mounted = yield from self.mount(target)
        if self._kind == "spiffs":
            yield Level.INFO, b"spiffs creating root folder"
        return mounted

    def take_busy_ns(self) -> int:
        """Return how long the flash chip was busy."""
        return self._chip.take_busy_ns()


class RamDriver:
    """The file system in RAM, which is empty whenever it is mounted."""

    can_format = True

    def mount(self, target: str) -> Steps:
        """Mount an empty one."""
        yield Level.INFO, f"ramfs size {SIZE_BYTES // KIB} Kb, block size {BLOCK_BYTES} bytes".encode()
        yield Level.INFO, f"ramfs mounted on {target}".encode()
        return RamFileSystem()

    def unmount(self, file_system: FileSystem) -> LogLine:
        """Forget all that is in it."""
        file_system.unmount()
        return Level.INFO, b"ramfs unmounted"

    def format(self, file_system: FileSystem, target: str) -> Steps:
        """Unmount and mount."""
        yield self.unmount(file_system)
        return (yield from self.mount(target))

    def take_busy_ns(self) -> int:
        """Return nothing: RAM takes no time that counts."""
        return 0


class RomDriver:
    """The file system in the app's image."""

    can_format = False

    def mount(self, target: str) -> Steps:
        """Mount what the image has: nothing."""
        yield Level.INFO, f"romfs mounted on {target}".encode()
        return RomFileSystem()

    def unmount(self, file_system: FileSystem) -> LogLine:
        """Let go."""
        file_system.unmount()
        return Level.INFO, b"romfs unmounted"

    def format(self, file_system: FileSystem, target: str) -> Steps:
        """Never called: the driver has no such function."""
        raise AssertionError(target)

    def take_busy_ns(self) -> int:
        """Return nothing."""
        return 0
