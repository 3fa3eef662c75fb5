"""The file system of memory cards: FAT by ChaN's FatFs, as ESP-IDF and Lua RTOS use it.

What shows of that (``components/fatfs/src/ff.c``, ``vfs_fat.c``, and ``vfs-1.patch`` of Lua RTOS):

* Names are bytes of code page 437, compared without regard to case, and at most 64 characters long.
* Five files can be open.
* A full card is no error of its own: a write is shorter, and newlib makes of that an error without a number.
* What is written is on the card, but a file has its new length there only once it is closed.
* Moving the position behind the end of a file that is being written makes it longer, by whatever was there before.

Which free cluster comes next may differ from FatFs where files were removed; a volume is sound all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.filesystem.fat_layout import (
    ARCHIVE,
    CODE_PAGE,
    DIRECTORY,
    READ_ONLY,
    SECTOR_BYTES,
    NewName,
    SectorDevice,
    ShortEntry,
    find_volume,
    format_card,
    pack_time,
    parse_name,
    unpack_time,
)
from simulator.filesystem.fat_volume import ROOT, Found, Volume
from simulator.filesystem.interface import (
    DirectoryEntry,
    Errno,
    FileStatus,
    FileSystem,
    FileSystemError,
    FileType,
    NotFormattedError,
    NotFormattedReason,
    OpenFile,
    OpenMode,
    Usage,
    Whence,
)

OPEN_FILES_MAX: Final = 5
"""``max_files`` of ``components/sys/vfs/fat.c``."""


class FatFileSystem(FileSystem):
    """A mounted volume; `NotFormattedError` if the card has none. ``now_s`` tells the board's time, since 1970."""

    kind = "fat"
    has_permissions = True

    def __init__(self, device: SectorDevice, *, now_s: Callable[[], int]) -> None:
        geometry = find_volume(device)
        if geometry is None:
            raise NotFormattedError("no FAT volume on the card", reason=NotFormattedReason.NO_VOLUME)
        self.volume = Volume(device, geometry)
        self.now_s = now_s
        self._open_files: set[_FatFile] = set()

    # -- paths ----------------------------------------------------------------------------------------------------

    def _find(self, path: str) -> Found | None:
        """Return what is at a path, None for the root; ENOENT, ENOTDIR, EINVAL for a name that cannot be."""
        found: Found | None = None
        for name in _names(path):
            found = self._find_in(self._directory(found), _parsed(name))
        return found

    def _directory(self, found: Found | None) -> int:
        if found is None:
            return ROOT
        if not found.entry.attributes & DIRECTORY:
            raise FileSystemError(Errno.ENOTDIR)
        return found.entry.cluster

    def _find_in(self, directory: int, name: NewName) -> Found:
        wanted = name.long.upper()
        for found in self.volume.entries(directory):
            if found.name.upper() == wanted or (not name.is_lossy and found.entry.name == name.short):
                return found
        raise FileSystemError(Errno.ENOENT)

    def _place(self, path: str) -> tuple[int, NewName]:
        """Return the directory and the name of something that may not be there."""
        *parents, last = _names(path) or [""]
        return self._directory(self._find("/".join(parents))), _parsed(last)

    def _now(self) -> int:
        return pack_time(self.now_s())

    # -- FileSystem -----------------------------------------------------------------------------------------------

    def open(self, path: str, mode: str = "r") -> OpenFile:
        """Open a file; a directory is EACCES to create and ENOENT else, and a sixth file is ENFILE."""
        how = OpenMode.parse(mode)
        if len(self._open_files) >= OPEN_FILES_MAX:
            raise FileSystemError(Errno.ENFILE)
        directory, name = self._place(path)
        try:
            found = self._find_in(directory, name)
        except FileSystemError as error:
            if not how.create or error.errno != Errno.ENOENT:
                raise
            found = self.volume.add(directory, name, ShortEntry(b"", ARCHIVE, 0, 0, 0, self._now()))
            self.volume.sync()
        else:
            self._check_open(found, how)
        file = _FatFile(self, found, how)
        self._open_files.add(file)
        return file

    def _check_open(self, found: Found, how: OpenMode) -> None:
        if found.entry.attributes & DIRECTORY:
            raise FileSystemError(Errno.EACCES if how.create else Errno.ENOENT)
        if found.entry.attributes & READ_ONLY and how.writable:
            raise FileSystemError(Errno.EACCES)

    def stat(self, path: str) -> FileStatus:
        """Return type, size and time; of an open file the size that is in its directory."""
        found = self._find(path)
        if found is None:
            return FileStatus(FileType.DIRECTORY, 0)
        return FileStatus(_type(found), found.entry.size, unpack_time(found.entry.written))

    def listdir(self, path: str = "/") -> list[DirectoryEntry]:
        """Return the entries in the order in which they lie there."""
        directory = self._directory(self._find(path))
        return [
            DirectoryEntry(_text(found.name), _type(found), found.entry.size, unpack_time(found.entry.written))
            for found in self.volume.entries(directory)
        ]

    def mkdir(self, path: str) -> None:
        """Make a directory; EACCES on a full card."""
        if path == "/":
            raise FileSystemError(Errno.EINVAL)
        directory, name = self._place(path)
        try:
            self._find_in(directory, name)
        except FileSystemError as error:
            if error.errno != Errno.ENOENT:
                raise
        else:
            raise FileSystemError(Errno.EEXIST)
        volume = self.volume
        cluster = volume.allocate()
        if cluster is None:
            raise FileSystemError(Errno.EACCES)
        volume.clear(cluster)
        dots = ShortEntry(b".".ljust(11), DIRECTORY, 0, cluster, 0, self._now())
        volume.write_slot(cluster, 0, dots.pack())
        volume.write_slot(cluster, 1, dots._replace(name=b"..".ljust(11), cluster=directory).pack())
        try:
            volume.add(directory, name, dots)
        except FileSystemError:
            volume.release(cluster)
            raise
        volume.sync()

    def remove(self, path: str) -> None:
        """Remove a file; EPERM for a directory, EACCES for a read-only one."""
        found = self._find(path)
        if found is None or found.entry.attributes & DIRECTORY:
            raise FileSystemError(Errno.EPERM)
        self._unlink(found)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        found = self._find(path)
        if found is None:
            raise FileSystemError(Errno.EBUSY)
        if next(self.volume.entries(self._directory(found)), None) is not None:
            raise FileSystemError(Errno.ENOTEMPTY)
        self._unlink(found)

    def _unlink(self, found: Found) -> None:
        if found.entry.attributes & READ_ONLY:
            raise FileSystemError(Errno.EACCES)
        self.volume.drop(found)
        if found.entry.cluster:
            self.volume.release(found.entry.cluster)
        self.volume.sync()

    def rename(self, old: str, new: str) -> None:
        """Rename or move; a file of the new name is EEXIST, an empty directory of it is replaced."""
        source = self._find(old)
        directory, name = self._place(new)
        if source is None:
            raise FileSystemError(Errno.EINVAL)
        try:
            target = self._find_in(directory, name)
        except FileSystemError as error:
            if error.errno != Errno.ENOENT:
                raise
        else:
            is_same = (target.parent, target.last) == (source.parent, source.last)
            if target.entry.attributes & DIRECTORY and not source.entry.attributes & DIRECTORY:
                raise FileSystemError(Errno.EISDIR)
            if target.entry.attributes & DIRECTORY and not is_same:
                if next(self.volume.entries(target.entry.cluster), None) is not None:
                    raise FileSystemError(Errno.ENOTEMPTY)
                self.volume.drop(target)  # its cluster is lost, as on the device
            elif not is_same:
                raise FileSystemError(Errno.EEXIST)
        self.volume.add(directory, name, source.entry)
        self.volume.drop(source)
        if source.entry.attributes & DIRECTORY and directory != source.parent:
            parent = ShortEntry(b"..".ljust(11), DIRECTORY, 0, directory, 0, source.entry.written)
            self.volume.write_slot(source.entry.cluster, 1, parent.pack())
        self.volume.sync()

    def usage(self) -> Usage:
        """Return bytes in clusters."""
        geometry = self.volume.geometry
        used = geometry.clusters - self.volume.free_clusters
        return Usage(geometry.clusters * geometry.cluster_bytes, used * geometry.cluster_bytes)

    def format(self) -> None:
        """Partition the card and make an empty volume with clusters of one sector, as ESP-IDF asks FatFs to."""
        self.unmount()
        device = self.volume.device
        geometry = format_card(device, cluster_sectors=1, stamp=self._now())
        if geometry is None:
            raise FileSystemError(Errno.EIO)
        self.volume = Volume(device, geometry)

    def unmount(self) -> None:
        """Let go; what open files have not told the card is lost."""
        for file in self._open_files:
            file.is_lost = True
        self._open_files.clear()

    def closed(self, file: _FatFile) -> None:
        """Take note that an open file was closed."""
        self._open_files.discard(file)


class _FatFile(OpenFile):
    """An open file, with its own idea of length and first cluster until it is flushed."""

    def __init__(self, file_system: FatFileSystem, found: Found, mode: OpenMode) -> None:
        self.is_lost = False
        self._file_system = file_system
        self._volume = file_system.volume
        self._found = found
        self._mode = mode
        self._size = found.entry.size
        self._clusters = list(self._volume.chain(found.entry.cluster)) if found.entry.cluster else []
        self._position = 0
        self._is_changed = False
        self._is_closed = False
        if mode.truncate and (self._size or self._clusters):
            if self._clusters:
                self._volume.release(self._clusters[0])
            self._size, self._clusters, self._is_changed = 0, [], True
            self._update()

    def read(self, length: int = -1) -> bytes:
        self._require(readable=True)
        rest = max(0, self._size - self._position)
        data = self._transfer(self._position, rest if length < 0 else min(length, rest))
        self._position += len(data)
        return data

    def _transfer(self, position: int, length: int) -> bytes:
        """Return what is stored, as far as there are clusters."""
        geometry, data = self._volume.geometry, bytearray()
        while length > 0 and position // geometry.cluster_bytes < len(self._clusters):
            sector, offset = self._sector_at(position)
            part = self._volume.device.read(sector)[offset : offset + length]
            data += part
            position += len(part)
            length -= len(part)
        return bytes(data)

    def _sector_at(self, position: int) -> tuple[int, int]:
        index, offset = divmod(position, self._volume.geometry.cluster_bytes)
        return self._volume.geometry.sector_of(self._clusters[index]) + offset // SECTOR_BYTES, offset % SECTOR_BYTES

    def write(self, data: bytes) -> int:
        """Write what fits; a card that is full then fails without a number, for nobody sets one."""
        self._require(writable=True)
        if self._mode.append:
            self._position = self._size
        rest = memoryview(data)
        while rest:
            if not self._grow_to(self._position + 1):
                raise FileSystemError(Errno.SUCCESS)
            sector, offset = self._sector_at(self._position)
            part = rest[: SECTOR_BYTES - offset]
            content = bytearray(self._volume.device.read(sector))
            content[offset : offset + len(part)] = part
            self._volume.device.write(sector, bytes(content))
            rest = rest[len(part) :]
            self._position += len(part)
            self._size = max(self._size, self._position)
            self._is_changed = True
        return len(data)

    def _grow_to(self, size: int) -> bool:
        """Have clusters for so many bytes; return whether there were enough."""
        while len(self._clusters) * self._volume.geometry.cluster_bytes < size:
            cluster = self._volume.allocate(self._clusters[-1] if self._clusters else 0)
            if cluster is None:
                return False
            self._clusters.append(cluster)
            self._is_changed = True
        return True

    def seek(self, offset: int, whence: Whence = Whence.START) -> int:
        self._require()
        base = {Whence.START: 0, Whence.CURRENT: self._position, Whence.END: self._size}[whence]
        wanted = base + offset
        if wanted < 0:
            raise FileSystemError(Errno.EINVAL)
        reached = wanted
        if wanted > self._size:
            if not self._mode.writable:
                reached = self._size
            elif not self._grow_to(wanted):
                reached = len(self._clusters) * self._volume.geometry.cluster_bytes
            if reached > self._size:
                self._size, self._is_changed = reached, True
        self._position = reached
        return wanted

    def tell(self) -> int:
        self._require()
        return self._position

    def flush(self) -> None:
        self._require()
        self._update()

    def _update(self) -> None:
        """Tell the directory what has changed."""
        if not self._is_changed:
            return
        self._is_changed = False
        entry = self._found.entry
        self._found.entry = entry._replace(
            attributes=entry.attributes | ARCHIVE,
            cluster=self._clusters[0] if self._clusters else 0,
            size=self._size,
            written=pack_time(self._file_system.now_s()),
        )
        self._volume.write_slot(self._found.parent, self._found.last, self._found.entry.pack())
        self._volume.sync()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            if not self.is_lost:
                self._file_system.closed(self)
                self._update()

    def _require(self, *, readable: bool = False, writable: bool = False) -> None:
        wrong_mode = (readable and not self._mode.readable) or (writable and not self._mode.writable)
        if self._is_closed or self.is_lost or wrong_mode:
            raise FileSystemError(Errno.EBADF)


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name]


def _parsed(name: str) -> NewName:
    parsed = parse_name(name.encode("utf-8", "surrogateescape").decode(CODE_PAGE))
    if parsed is None:
        raise FileSystemError(Errno.EINVAL)
    return parsed


def _text(name: str) -> str:
    """Return a name as the scripts' bytes of it stand for text here."""
    return name.encode(CODE_PAGE, "replace").decode("utf-8", "surrogateescape")


def _type(found: Found) -> FileType:
    return FileType.DIRECTORY if found.entry.attributes & DIRECTORY else FileType.FILE
