"""What is stored in the NVS and in the root file system, and whether a power cut has lost any of it.

What a call that has returned stored is *committed* (`simulator.flash.Journal.commits`): it must be there whatever
happens later. What the next call was about to change may be as before or as after, key by key and file by file; only
SPIFFS promises less, for it changes a file in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from simulator.boards import Board
from simulator.device.file_systems import storage_partition, storage_sizes
from simulator.errors import FormatError
from simulator.filesystem import FileSystem, FileSystemError, FileType, mount
from simulator.flash import SECTOR_BYTES, FaultyFlashChip, FlashSnapshot, PartitionView
from simulator.flash_view import FlashView
from simulator.formats import EspError
from simulator.formats.partition_table import SUBTYPE_NVS, TYPE_DATA, Partition, PartitionTable
from simulator.nvs import Nvs, NvsFatalError
from simulator.sweep.rehearsal import cells

NVS_LABEL: Final = "nvs"

Contents = Mapping[str, object]
"""What is stored, by name: the value of a key, the bytes of a file, `DIRECTORY`."""
DIRECTORY: Final = "a directory"


class Unreadable(NamedTuple):
    """What stands for the value of something that is there and cannot be read."""

    why: str


class Loss(NamedTuple):
    """Something that is not as it should be."""

    name: str
    """Of the key or the file; empty if nothing at all can be read."""
    what: str
    was_committed: bool
    """Whether it was there, and nobody was about to change it."""


class Store:
    """One partition in which things are stored by name."""

    def __init__(self, board: Board, partition: Partition) -> None:
        self.partition = partition
        self.kind = NVS_LABEL if partition.subtype == SUBTYPE_NVS else board.filesystem
        self._board = board
        self._known: dict[tuple[bytes, ...], Contents] = {}

    def cells(self, flash: FlashSnapshot) -> Sequence[bytes]:
        """Return what is in the sectors of the partition: equal if the same is stored."""
        first = self.partition.offset // SECTOR_BYTES
        return cells(flash)[first : first + self.partition.size // SECTOR_BYTES]

    def contents(self, flash: FlashSnapshot) -> Contents:
        """Return what a board finds stored when it starts with this flash."""
        key = tuple(self.cells(flash))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(flash)
        return known

    def _read(self, flash: FlashSnapshot) -> Contents:
        view = PartitionView(FaultyFlashChip.from_snapshot(flash), self.partition)
        if self.kind == NVS_LABEL:
            return _nvs_contents(view)
        try:
            file_system = mount(view, self._board.filesystem, **storage_sizes(self._board))
        except (FormatError, FileSystemError) as error:
            return {"": Unreadable(str(error))}
        found = dict(_files(file_system))
        file_system.unmount()
        return found

    def losses(self, found: Contents, committed: Contents, under_way: Contents) -> Iterator[Loss]:
        """Yield what is in ``found`` neither as it was committed nor as the call under way was to leave it."""
        if found in (committed, under_way):
            return
        for name in sorted({*found, *committed, *under_way}):
            value, before, after = found.get(name), committed.get(name), under_way.get(name)
            if value not in (before, after):
                yield Loss(name, _what_became_of(value, before), before is not None and before == after)


def _nvs_contents(view: FlashView) -> Contents:
    nvs = Nvs(view)
    try:
        nvs.init()
        return {f"{entry.namespace}.{entry.key}": (entry.type, entry.value) for entry in nvs.entries()}
    except (EspError, NvsFatalError) as error:
        return {"": Unreadable(str(error))}


def _files(file_system: FileSystem) -> Iterator[tuple[str, object]]:
    directories = [""]
    while directories:
        directory = directories.pop()
        try:
            entries = file_system.listdir(directory or "/")
        except FileSystemError as error:
            yield directory, Unreadable(error.text)
            continue
        for entry in entries:
            path = f"{directory}/{entry.name}"
            if entry.type is FileType.DIRECTORY:
                directories.append(path)
                yield path, DIRECTORY
            else:
                yield path, _read(file_system, path)


def _read(file_system: FileSystem, path: str) -> object:
    try:
        return file_system.read_file(path)
    except FileSystemError as error:
        return Unreadable(error.text)


def _what_became_of(value: object, before: object) -> str:
    if value is None:
        return "is gone"
    if isinstance(value, Unreadable):
        return f"cannot be read: {value.why}"
    if before is None:
        return "is there in part"
    if isinstance(value, bytes) and isinstance(before, bytes):
        return f"holds {len(value)} bytes that are neither the {len(before)} that were committed nor the new ones"
    return f"is {value!r}, was {before!r}"


def stores_of(board: Board, table: PartitionTable) -> list[Store]:
    """Return what the firmware of a board stores things in."""
    partitions = (table.first(TYPE_DATA, SUBTYPE_NVS, NVS_LABEL), storage_partition(board, table))
    return [Store(board, partition) for partition in partitions if partition is not None]
