"""The allocation table and the directories of a FAT volume: chains of clusters, and who has which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.filesystem.fat_layout import (
    END_OF_DIRECTORY,
    ENTRY_BYTES,
    FREE,
    FS_INFO_SECTOR,
    LONG_NAME,
    SECTOR_BYTES,
    VOLUME_LABEL,
    Geometry,
    LongName,
    NewName,
    SectorDevice,
    ShortEntry,
    free_in_fs_info,
    fs_info,
    long_entries,
    numbered,
)
from simulator.filesystem.interface import Errno, FileSystemError

_ENTRIES_A_SECTOR = SECTOR_BYTES // ENTRY_BYTES
_NUMBERS_MAX = 99
_LEAST_CHAIN_END = {12: 0xFF8, 16: 0xFFF8, 32: 0x0FFFFFF8}
_CHAIN_END = {12: 0xFFF, 16: 0xFFFF, 32: 0x0FFFFFFF}
_ENTRY_MASK_32 = 0x0FFFFFFF

ROOT = 0
"""In place of a cluster: the root directory."""


@dataclass(slots=True)
class Found:
    """A file or directory, and where its entries are in ``parent``: ``first`` of the long name, ``last`` its own."""

    name: str
    entry: ShortEntry
    parent: int
    first: int
    last: int


class Volume:
    """A mounted volume. Directories are known by their first cluster, the root as `ROOT`."""

    def __init__(self, device: SectorDevice, geometry: Geometry) -> None:
        self.device = device
        self.geometry = geometry
        self._last = 1
        self._free: int | None = None
        """How many clusters are free, once somebody has asked."""

    # -- the allocation table -------------------------------------------------------------------------------------

    def _place(self, cluster: int) -> tuple[int, int]:
        """Return sector and offset of an entry in the first table; one of 12 bits may go on in the next sector."""
        offset = cluster + cluster // 2 if self.geometry.bits == 12 else cluster * self.geometry.bits // 8
        return self.geometry.fat_start + offset // SECTOR_BYTES, offset % SECTOR_BYTES

    def next_of(self, cluster: int) -> int:
        """Return what the table says of a cluster: 0 for a free one."""
        sector, offset = self._place(cluster)
        bits = self.geometry.bits
        data = self.device.read(sector, 2 if offset == SECTOR_BYTES - 1 else 1)
        value = int.from_bytes(data[offset : offset + (bits + 7) // 8], "little")
        if bits == 12:
            return value >> 4 if cluster % 2 else value & 0xFFF
        return value & _ENTRY_MASK_32

    def _set_next(self, cluster: int, value: int) -> None:
        sector, offset = self._place(cluster)
        bits = self.geometry.bits
        count = 2 if offset == SECTOR_BYTES - 1 else 1
        data = bytearray(self.device.read(sector, count))
        size = (bits + 7) // 8
        old = int.from_bytes(data[offset : offset + size], "little")
        if bits == 12:
            value = (old & 0xF) | value << 4 if cluster % 2 else (old & 0xF000) | value
        elif bits == 32:
            value |= old & ~_ENTRY_MASK_32
        data[offset : offset + size] = value.to_bytes(size, "little")
        for table in range(self.geometry.fats):
            self.device.write(sector + table * self.geometry.fat_sectors, bytes(data))

    def is_end(self, value: int) -> bool:
        """Return whether an entry ends its chain, properly or because it makes no sense."""
        return not 2 <= value < self.geometry.clusters + 2

    def chain(self, cluster: int) -> Iterator[int]:
        """Yield the clusters of a chain; a broken one ends where it makes no sense."""
        for _ in range(self.geometry.clusters):
            if self.is_end(cluster):
                return
            yield cluster
            cluster = self.next_of(cluster)

    @property
    def free_clusters(self) -> int:
        """How many clusters are free; FAT32 keeps the number, the others have to be counted."""
        if self._free is None:
            geometry = self.geometry
            if geometry.bits == 32:
                self._free = free_in_fs_info(self.device.read(geometry.start + FS_INFO_SECTOR), geometry)
            if self._free is None:
                self._free = sum(not self.next_of(cluster) for cluster in range(2, geometry.clusters + 2))
        return self._free

    def allocate(self, after: int = 0) -> int | None:
        """Take a free cluster and append it to the chain that ends with ``after``; None if the volume is full."""
        if self._free == 0:
            return None
        clusters = self.geometry.clusters
        if self.geometry.bits == 32:
            self._free = self.free_clusters  # before the table changes
        begin = after or self._last
        for step in range(1, clusters + 1):
            cluster = (begin - 2 + step) % clusters + 2
            if self.next_of(cluster) == 0:
                self._set_next(cluster, _CHAIN_END[self.geometry.bits])
                if after:
                    self._set_next(after, cluster)
                self._last = cluster
                self._changed_by(-1)
                return cluster
        return None

    def release(self, cluster: int, *, keep: int = 0) -> None:
        """Free a chain from ``cluster`` on; ``keep`` becomes the end of what was before."""
        for number in list(self.chain(cluster)):
            self._set_next(number, 0)
            self._changed_by(1)
        if keep:
            self._set_next(keep, _CHAIN_END[self.geometry.bits])

    def _changed_by(self, count: int) -> None:
        if self._free is not None:
            self._free += count

    def sync(self) -> None:
        """Write what FAT32 keeps beside the table."""
        if self.geometry.bits == 32:
            info = fs_info(free=self.free_clusters, last=self._last)
            self.device.write(self.geometry.start + FS_INFO_SECTOR, info)

    # -- directories ----------------------------------------------------------------------------------------------

    def _first_cluster(self, directory: int) -> int:
        return self.geometry.root_cluster if directory == ROOT else directory

    def _sectors(self, directory: int) -> Iterator[int]:
        geometry = self.geometry
        if directory == ROOT and geometry.bits != 32:
            yield from range(geometry.root_start, geometry.data_start)
            return
        for cluster in self.chain(self._first_cluster(directory)):
            start = geometry.sector_of(cluster)
            yield from range(start, start + geometry.cluster_sectors)

    def entries(self, directory: int) -> Iterator[Found]:
        """Yield what is in a directory, in the order of its entries; without volume label and dots."""
        long, first = LongName(), None
        for number, data in enumerate(self._slots(directory)):
            if data[0] == END_OF_DIRECTORY:
                return
            attributes = data[11]
            if data[0] == FREE or (attributes & VOLUME_LABEL and attributes != LONG_NAME) or data[:1] == b".":
                long, first = LongName(), None
            elif attributes == LONG_NAME:
                first = number if first is None or data[0] & 0x40 else first
                long.take(data)
            else:
                entry = ShortEntry.unpack(data)
                name = long.finish(entry.name)
                first = number if name is None or first is None else first
                yield Found(name or entry.text, entry, directory, first, number)
                first = None

    def _slots(self, directory: int) -> Iterator[bytes]:
        for sector in self._sectors(directory):
            data = self.device.read(sector)
            for offset in range(0, SECTOR_BYTES, ENTRY_BYTES):
                yield data[offset : offset + ENTRY_BYTES]

    def write_slot(self, directory: int, number: int, data: bytes) -> None:
        """Replace an entry of a directory, by its number."""
        wanted, index = divmod(number, _ENTRIES_A_SECTOR)
        sector = next(sector for count, sector in enumerate(self._sectors(directory)) if count == wanted)
        content = bytearray(self.device.read(sector))
        content[index * ENTRY_BYTES : (index + 1) * ENTRY_BYTES] = data
        self.device.write(sector, bytes(content))

    def add(self, directory: int, name: NewName, entry: ShortEntry) -> Found:
        """Put an entry into a directory, with a long name if need be. EACCES if there is no room for it."""
        short = name.short
        if name.is_lossy:
            taken = {found.entry.name for found in self.entries(directory)}
            numbers = (numbered(name.short, name.long, number) for number in range(1, _NUMBERS_MAX + 1))
            free = next((candidate for candidate in numbers if candidate not in taken), None)
            if free is None:
                raise FileSystemError(Errno.EACCES)
            short = free
        entry = entry._replace(name=short, case=name.case)
        new = [*(long_entries(name.long, short) if name.needs_long else ()), entry.pack()]
        first = self._room_for(directory, len(new))
        for offset, data in enumerate(new):
            self.write_slot(directory, first + offset, data)
        return Found(name.long if name.needs_long else entry.text, entry, directory, first, first + len(new) - 1)

    def _room_for(self, directory: int, count: int) -> int:
        """Return the number of the first of ``count`` unused entries in a row, and make the directory longer for it."""
        run = total = 0
        for total, data in enumerate(self._slots(directory), 1):
            run = run + 1 if data[0] in (FREE, END_OF_DIRECTORY) else 0
            if run == count:
                return total - count
        if directory == ROOT and self.geometry.bits != 32:
            raise FileSystemError(Errno.EACCES)
        *_, last = self.chain(self._first_cluster(directory))
        cluster = self.allocate(last)
        if cluster is None:
            raise FileSystemError(Errno.EACCES)
        self.clear(cluster)
        return total - run

    def clear(self, cluster: int) -> None:
        """Fill a cluster with zeros."""
        self.device.write(self.geometry.sector_of(cluster), bytes(self.geometry.cluster_bytes))

    def drop(self, found: Found) -> None:
        """Take the entries of a file or directory out of its directory."""
        sectors: dict[int, bytearray] = {}
        places = list(self._sectors(found.parent))
        for number in range(found.first, found.last + 1):
            sector = places[number // _ENTRIES_A_SECTOR]
            content = sectors.setdefault(sector, bytearray(self.device.read(sector)))
            content[number % _ENTRIES_A_SECTOR * ENTRY_BYTES] = FREE
        for sector, content in sectors.items():
            self.device.write(sector, bytes(content))
