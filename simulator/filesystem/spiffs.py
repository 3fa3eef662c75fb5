"""SPIFFS as a board's root file system: directories, paths and error numbers as in Lua RTOS's driver.

SPIFFS itself knows no directories. Lua RTOS (``components/sys/vfs/spiffs.c``) makes one by an empty file named
``<directory>/.``, the root included, and decides by name alone what lies in which directory. What follows from that
shows on the device and here:

* Directory names can have 61 bytes, file names 63, counted from the root with all slashes.
* ``stat`` of something in a directory that does not exist says EIO, not ENOENT: the number of an older error.
* Renaming onto an existing file says ENOENT. Renaming into a directory that does not exist works, and the file is
  then in no listing.
* A file that was just given up cannot report a full flash: `OpenFile.close` succeeds, the bytes are lost, and the
  descriptor stays taken. `OpenFile.flush` does report it.
* Five files can be open at a time, and ``stat`` needs one of the five.
* One write frees three blocks of deleted pages at most. With 4096-byte blocks a write of more than about 11 KB can
  say ENOSPC on an almost empty file system, and succeed the next time.
* A file name of 63 bytes can be created, but is taken for a directory from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from simulator.filesystem.interface import (
    DirectoryEntry,
    Errno,
    FileStatus,
    FileSystem,
    FileSystemError,
    FileSystemKind,
    FileType,
    OpenFile,
    OpenMode,
    Usage,
    Whence,
)
from simulator.filesystem.spiffs_files import Files
from simulator.filesystem.spiffs_layout import Geometry
from simulator.filesystem.spiffs_volume import Result, SpiffsError, Volume
from simulator.flash_view import FlashView

_PATH_MAX: Final = 64  # components/sys/Makefile.projbuild
_DIRECTORY_PATH_MAX: Final = _PATH_MAX - 3  # two characters for "/." and one for the end of the string

_ERRNO: Final = {
    Result.NOT_WRITABLE: Errno.EACCES,
    Result.NOT_READABLE: Errno.EACCES,
    Result.FULL: Errno.ENOSPC,
    Result.NOT_FOUND: Errno.ENOENT,
    Result.CONFLICTING_NAME: Errno.ENOENT,
    Result.DELETED: Errno.ENOENT,
    Result.NAME_TOO_LONG: Errno.ENAMETOOLONG,
    Result.END_OF_OBJECT: Errno.SUCCESS,
}
"""Results that the driver translates (``spiffs_result``); all others are EIO."""


@contextmanager
def _device_errors() -> Iterator[None]:
    try:
        yield
    except SpiffsError as error:
        raise FileSystemError(_ERRNO.get(error.result, Errno.EIO)) from error


class SpiffsFileSystem(FileSystem):
    """A mounted SPIFFS. `NotFormattedError` if the partition has none of these sizes."""

    kind: FileSystemKind = "spiffs"

    def __init__(self, view: FlashView, *, block_size: int, page_size: int) -> None:
        self._view = view
        self._geometry = _geometry(view, block_size, page_size)
        self._mount()

    @classmethod
    def create(cls, view: FlashView, *, block_size: int, page_size: int) -> SpiffsFileSystem:
        """Format the partition, mount it and make the root directory."""
        Volume.format(view, _geometry(view, block_size, page_size))
        file_system = cls(view, block_size=block_size, page_size=page_size)
        file_system._make_directory_file(b"/")
        return file_system

    def _mount(self) -> None:
        self._volume = Volume(self._view, self._geometry)
        self._files = Files(self._volume)

    def open(self, path: str, mode: str = "r") -> OpenFile:
        """Open a file. A directory opens for reading only, and reading it fails with EBADF."""
        how = OpenMode.parse(mode)
        name = _bytes(path)
        names = {header.name for header in self._files.list()}
        is_directory = _directory_file(_cut(name)) in names
        if is_directory:
            if how.writable:
                raise FileSystemError(Errno.EISDIR)
            name = _directory_file(_cut(name))
        elif _cut(_above(_cut(name)) + b"/.") not in names:
            raise FileSystemError(Errno.ENOENT)
        with _device_errors():
            number = self._files.open(
                name,
                readable=how.readable,
                writable=how.writable,
                create=how.create,
                empty=how.truncate,
            )
        if how.create:
            self._view.commit()
        return _SpiffsFile(self._files, number, how, self._view, is_directory=is_directory)

    def stat(self, path: str) -> FileStatus:
        """Return type and size; opens the file for it, as the driver does."""
        try:
            file = self.open(path)
        except FileSystemError as error:
            if not isinstance(error.__cause__, SpiffsError):
                # The driver reports SPIFFS's last error here, and that is "end of listing", which has no number.
                raise FileSystemError(Errno.EIO) from error
            raise
        assert isinstance(file, _SpiffsFile)
        with file:
            return file.status()

    def listdir(self, path: str = "/") -> list[DirectoryEntry]:
        """Return the entries in the order of their index headers on flash: a rewritten file moves."""
        name = _bytes(path)
        if not self._traverse(name):
            raise FileSystemError(Errno.ENOTDIR)
        entries = []
        prefix = name if name == b"/" else name + b"/"
        for header in self._files.list():
            entry, is_directory = header.name, header.name.endswith(b"/.")
            if is_directory:
                entry = entry[:-2]
            if len(entry) > len(prefix) and entry.startswith(prefix) and b"/" not in entry[len(prefix) :]:
                type_ = FileType.DIRECTORY if is_directory else FileType.FILE
                entries.append(DirectoryEntry(_text(entry[len(prefix) :]), type_, header.file_size))
        return entries

    def contents(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield everything, also what is in no listing because nobody made the directory that its name is in."""
        for header in self._files.list():
            if header.name.endswith(b"/."):
                directory = header.name[:-2]
                if directory:
                    yield _text(directory), None
                continue
            with _device_errors():
                number = self._files.open(header.name, readable=True, writable=False)
                try:
                    data = self._files.read(number, self._files.size(number))
                finally:
                    self._files.close(number)
            yield "/" + _text(header.name).removeprefix("/"), data

    def mkdir(self, path: str) -> None:
        """Make a directory; EEXIST if the name is taken, ENOENT or ENOTDIR if there is no directory above it."""
        name = _bytes(path)
        try:
            self._traverse(name)
        except FileSystemError as error:
            if error.errno != Errno.ENOENT:
                raise
        else:
            raise FileSystemError(Errno.EEXIST)
        self._traverse(_above(name))
        self._make_directory_file(name)
        self._view.commit()

    def remove(self, path: str) -> None:
        """Remove a file, open or not."""
        name = _bytes(path)
        if self._traverse(name):
            raise FileSystemError(Errno.EPERM)
        with _device_errors():
            self._files.remove(name)
        self._view.commit()

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        name = _bytes(path)
        if name == b"/":
            raise FileSystemError(Errno.EBUSY)
        if not self._traverse(name):
            raise FileSystemError(Errno.ENOTDIR)
        if self._has_entries(name):
            raise FileSystemError(Errno.ENOTEMPTY)
        with _device_errors():
            self._files.remove(_directory_file(name))
        self._view.commit()

    def rename(self, old: str, new: str) -> None:
        """Rename a file, or each entry below a directory one after the other; an empty directory may be replaced."""
        source, target = _bytes(old), _bytes(new)
        if source == target:
            return
        source_is_directory = self._traverse_if_there(source)
        if self._traverse_if_there(target):
            if not source_is_directory:
                raise FileSystemError(Errno.EISDIR)
            if self._has_entries(target):
                raise FileSystemError(Errno.ENOTEMPTY)
        with _device_errors():
            if source_is_directory:
                self._rename_tree(source, target)
            else:
                self._files.rename(source, target)
        self._view.commit()

    def usage(self) -> Usage:
        """Return bytes of data pages: all but two spare blocks, and those in use by files and their indexes."""
        geometry = self._geometry
        pages = (geometry.block_count - 2) * geometry.entries_per_block + 1
        return Usage(pages * geometry.data_length, self._volume.allocated * geometry.data_length)

    def format(self) -> None:
        """Erase all, mark all blocks, make the root directory."""
        self._files.close_all()
        Volume.format(self._view, self._geometry)
        self._mount()
        self._make_directory_file(b"/")
        self._view.commit()

    def unmount(self) -> None:
        """Write what is held in RAM."""
        self._files.close_all()

    def _make_directory_file(self, directory: bytes) -> None:
        with _device_errors():
            self._files.close(
                self._files.open(_directory_file(directory), readable=True, writable=True, create=True),
            )

    def _rename_tree(self, source: bytes, target: bytes) -> None:
        for header in self._files.list():
            if not header.name.startswith(source + b"/"):
                continue
            try:
                self._files.rename(header.name, _cut(target + header.name[len(source) :]))
            except SpiffsError as error:
                if error.result is not Result.CONFLICTING_NAME:
                    raise
                self._files.remove(header.name)  # the target directory is there already

    def _traverse(self, name: bytes) -> bool:
        """Walk down a path from the root; say whether it leads to a directory, raise if it leads nowhere."""
        if len(name) > _DIRECTORY_PATH_MAX:
            raise FileSystemError(Errno.ENAMETOOLONG)
        is_directory = True
        current = b""
        for part in name.split(b"/"):
            if not part:
                continue
            if not is_directory:
                raise FileSystemError(Errno.ENOTDIR)
            current += b"/" + part
            with _device_errors():
                is_directory = self._files.exists(current + b"/.")
                if not is_directory and not self._files.exists(current):
                    raise SpiffsError(Result.NOT_FOUND)
        return is_directory

    def _traverse_if_there(self, name: bytes) -> bool:
        try:
            return self._traverse(name)
        except FileSystemError as error:
            if error.errno != Errno.ENOENT:
                raise
            return False

    def _has_entries(self, directory: bytes) -> bool:
        own = _directory_file(directory)
        return any(
            header.name.startswith(own[:-1]) and len(header.name) >= len(own) and header.name != own
            for header in self._files.list()
        )


class _SpiffsFile(OpenFile):
    """A descriptor number and what newlib's stream adds: the mode, and appending by seeking first."""

    def __init__(self, files: Files, number: int, mode: OpenMode, view: FlashView, *, is_directory: bool) -> None:
        self._files = files
        self._view = view
        self._number = number
        self._mode = mode
        self._is_directory = is_directory
        self._closed = False

    def read(self, length: int = -1) -> bytes:
        self._require(readable=True)
        with _device_errors():
            if length < 0:
                length = self._files.size(self._number)
            return self._files.read(self._number, length)

    def write(self, data: bytes) -> int:
        self._require(writable=True)
        if self._mode.append:
            with suppress(SpiffsError):  # newlib ignores a failed seek and writes where the position is
                self._files.seek(self._number, 0, Whence.END)
        with _device_errors():
            self._files.write(self._number, data)
        self._view.commit()
        return len(data)

    def seek(self, offset: int, whence: Whence = Whence.START) -> int:
        """Move the position; past the end it stops there and fails with errno 0."""
        self._require()
        with _device_errors():
            return self._files.seek(self._number, offset, whence)

    def tell(self) -> int:
        self._require()
        with _device_errors():
            return self._files.position(self._number)

    def flush(self) -> None:
        self._require()
        with _device_errors():
            self._files.flush(self._number)
        self._commit()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            with suppress(SpiffsError):  # the driver takes no failed close for an error
                self._files.close(self._number)
            self._commit()

    def _commit(self) -> None:
        if self._mode.writable:
            self._view.commit()

    def status(self) -> FileStatus:
        """Return type and size."""
        if self._is_directory:
            return FileStatus(FileType.DIRECTORY, 0)
        with _device_errors():
            return FileStatus(FileType.FILE, self._files.size(self._number))

    def _require(self, *, readable: bool = False, writable: bool = False) -> None:
        wrong_mode = (readable and not self._mode.readable) or (writable and not self._mode.writable)
        if self._closed or self._is_directory or wrong_mode:
            raise FileSystemError(Errno.EBADF)


def _geometry(view: FlashView, block_size: int, page_size: int) -> Geometry:
    """Return the volume's sizes; EIO for those that SPIFFS cannot use."""
    geometry = Geometry(view.size_bytes, block_size, page_size)
    if geometry.problem:
        raise FileSystemError(Errno.EIO)
    return geometry


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _cut(path: bytes) -> bytes:
    """Return what the driver's 64-byte path buffers keep."""
    return path[: _PATH_MAX - 1]


def _above(path: bytes) -> bytes:
    """Return the directory that a path is in, without a slash at its end: the root is empty."""
    return path[: path.rfind(b"/")]


def _directory_file(directory: bytes) -> bytes:
    """Return the name of the file that makes a directory; a dot at the end of the name is taken for the file's own."""
    if directory.endswith(b"."):
        directory = directory[:-1]
    return _cut(directory.removesuffix(b"/") + b"/.")
