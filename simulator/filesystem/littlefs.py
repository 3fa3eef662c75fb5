"""The file system of the two LORA-GW firmwares: littlefs, by the ``littlefs-python`` library.

Not the device's own format in one respect. Lua RTOS carries littlefs 1.6, whose on-disk version is 1.1
(``components/lfs/lfs.h``); the library writes and reads version 2, the only one that any maintained library offers,
and the two cannot read each other. So a board keeps its files across resets and power cuts as the real one does, and
block size and count, read and program sizes are the real ones (``components/sys/vfs/lfs.c``), but an image made by
Lua RTOS's ``mklfs`` is not recognised (the board formats it), and the storage partition of such a virtual board
cannot be flashed to a real one. Listings come sorted by name; version 1 keeps the order of creation.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from littlefs import LFSConfig, LFSFile, LFSFileFlag, LFSFilesystem, LFSStat, LittleFSError, lfs

from simulator.filesystem.interface import (
    DirectoryEntry,
    Errno,
    FileStatus,
    FileSystem,
    FileSystemError,
    FileSystemKind,
    FileType,
    NotFormattedError,
    NotFormattedReason,
    OpenFile,
    OpenMode,
    Usage,
    Whence,
)
from simulator.filesystem.littlefs_state import ImpossibleStateError, check_state
from simulator.flash_view import FlashView

_READ, _WRITE, _CREATE, _TRUNCATE = 0x001, 0x002, 0x100, 0x400  # lfs.h

_BLOCKS_OF_A_DIRECTORY: Final = 2

_Error = LittleFSError.Error
_ERRNO: Final[dict[int, Errno]] = {
    _Error.LFS_ERR_NOENT: Errno.ENOENT,
    _Error.LFS_ERR_EXIST: Errno.EEXIST,
    _Error.LFS_ERR_NOTDIR: Errno.ENOTDIR,
    _Error.LFS_ERR_ISDIR: Errno.EISDIR,
    _Error.LFS_ERR_NOTEMPTY: Errno.ENOTEMPTY,
    _Error.LFS_ERR_BADF: Errno.EBADF,
    _Error.LFS_ERR_FBIG: Errno.EFBIG,
    _Error.LFS_ERR_INVAL: Errno.EINVAL,
    _Error.LFS_ERR_NOSPC: Errno.ENOSPC,
    _Error.LFS_ERR_NOMEM: Errno.ENOMEM,
    _Error.LFS_ERR_NAMETOOLONG: Errno.ENAMETOOLONG,
}
"""Codes that the driver translates (``lfs_to_errno``); all others are EIO."""


@contextmanager
def _device_errors() -> Iterator[None]:
    try:
        yield
    except LittleFSError as error:
        raise FileSystemError(_ERRNO.get(error.code, Errno.EIO)) from error


class _BlockDevice:
    """What littlefs calls to reach the flash."""

    def __init__(self, view: FlashView) -> None:
        self._view = view
        self.read_blocks: dict[int, bytearray] | None = None
        """While it is not None: what was read, by blocks, the rest of each 0xFF."""

    def read(self, config: LFSConfig, block: int, offset: int, size: int) -> bytearray:
        data = bytearray(self._view.read(block * config.block_size + offset, size))
        if self.read_blocks is not None:
            self.read_blocks.setdefault(block, bytearray(b"\xff" * config.block_size))[offset : offset + size] = data
        return data

    def prog(self, config: LFSConfig, block: int, offset: int, data: bytes) -> int:
        self._view.program(block * config.block_size + offset, bytes(data))
        return 0

    def erase(self, config: LFSConfig, block: int) -> int:
        self._view.erase(block * config.block_size, config.block_size)
        return 0

    def sync(self, config: LFSConfig) -> int:
        return 0


class LittleFileSystem(FileSystem):
    """A mounted littlefs.

    `NotFormattedError` if the partition has none of these sizes, `FileSystemError` EIO if it is too small for any.
    """

    kind: FileSystemKind = "lfs"

    def __init__(self, view: FlashView, *, block_size: int, io_size: int) -> None:
        self._device = _BlockDevice(view)
        self._config = _config(self._device, view.size_bytes, block_size, io_size)
        self._view = view
        self._block_size = block_size
        try:
            self._mount()
        except LittleFSError as error:
            message = f"no littlefs of {self._config.block_count} blocks of {block_size} bytes"
            raise NotFormattedError(message, reason=NotFormattedReason.NO_SUPERBLOCK) from error
        except ImpossibleStateError as error:
            raise NotFormattedError(f"no littlefs leaves {error}", reason=NotFormattedReason.IMPOSSIBLE) from error

    @classmethod
    def create(cls, view: FlashView, *, block_size: int, io_size: int) -> LittleFileSystem:
        """Erase every block, format and mount."""
        _format(view, _config(_BlockDevice(view), view.size_bytes, block_size, io_size))
        return cls(view, block_size=block_size, io_size=io_size)

    def _mount(self) -> None:
        self._lfs = LFSFilesystem()
        self._open_files: list[LFSFile] = []  # littlefs holds pointers to them, so they must live until closed
        read_blocks = self._device.read_blocks = {}
        lfs.mount(self._lfs, self._config)
        self._device.read_blocks = None
        # A device that loses power just drops the file system; without this its buffers would never be freed.
        self._free_buffers = weakref.finalize(self, lfs.unmount, self._lfs)
        check_state(read_blocks)

    def open(self, path: str, mode: str = "r") -> OpenFile:
        """Open a file; EISDIR for a directory."""
        how = OpenMode.parse(mode)
        flags = how.readable * _READ | how.writable * _WRITE | how.create * _CREATE | how.truncate * _TRUNCATE
        with _device_errors():
            handle = lfs.file_open(self._lfs, _bytes(path), LFSFileFlag(flags), _BYTES)
        if how.create:
            self._view.commit()  # a new file is there at once, and empty
        return _LittleFile(self._lfs, handle, how, self._open_files, self._view)

    def contents(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield everything; EIO once there are more directories than there is room for, since they go in circles."""
        directories_max = self._config.block_count // _BLOCKS_OF_A_DIRECTORY
        for path, data in super().contents():
            directories_max -= data is None
            if directories_max < 0:
                raise FileSystemError(Errno.EIO)
            yield path, data

    def stat(self, path: str) -> FileStatus:
        """Return type and size; of an open file the size that was last flushed."""
        with _device_errors():
            found = lfs.stat(self._lfs, _bytes(path), _BYTES)
        return FileStatus(_type(found), found.size)

    def listdir(self, path: str = "/") -> list[DirectoryEntry]:
        """Return the entries sorted by name."""
        entries = []
        with _device_errors():
            directory = lfs.dir_open(self._lfs, _bytes(path), _BYTES)
            try:
                while (found := lfs.dir_read(self._lfs, directory, _BYTES)) is not None:
                    if found.name not in (".", ".."):
                        entries.append(DirectoryEntry(_text(found.name), _type(found), found.size))
            finally:
                lfs.dir_close(self._lfs, directory)
        return entries

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        with _device_errors():
            lfs.mkdir(self._lfs, _bytes(path), _BYTES)
        self._view.commit()

    def remove(self, path: str) -> None:
        """Remove a file."""
        if self.stat(path).type is FileType.DIRECTORY:
            raise FileSystemError(Errno.EPERM)
        with _device_errors():
            lfs.remove(self._lfs, _bytes(path), _BYTES)
        self._view.commit()

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        if path == "/":
            raise FileSystemError(Errno.EBUSY)
        if self.stat(path).type is not FileType.DIRECTORY:
            raise FileSystemError(Errno.ENOTDIR)
        with _device_errors():
            lfs.remove(self._lfs, _bytes(path), _BYTES)
        self._view.commit()

    def rename(self, old: str, new: str) -> None:
        """Rename; an existing file or empty directory of the new name is replaced, at once."""
        with _device_errors():
            lfs.rename(self._lfs, _bytes(old), _bytes(new), _BYTES)
        self._view.commit()

    def usage(self) -> Usage:
        """Return bytes in blocks: all of them, and those that the file system's structures and files take."""
        with _device_errors():
            used = lfs.fs_size(self._lfs)
        return Usage(self._config.block_count * self._block_size, used * self._block_size)

    def format(self) -> None:
        """Erase every block and make an empty file system."""
        self._free_buffers()
        _format(self._view, self._config)
        with _device_errors():
            self._mount()
        self._view.commit()

    def unmount(self) -> None:
        """Let go; files that are still open lose what was not flushed."""
        self._free_buffers()


class _LittleFile(OpenFile):
    """An open file; appending seeks first, as newlib's stream does, because the driver does not pass the flag on."""

    def __init__(
        self,
        file_system: LFSFilesystem,
        handle: LFSFile,
        mode: OpenMode,
        open_files: list[LFSFile],
        view: FlashView,
    ) -> None:
        self._lfs = file_system
        self._view = view
        self._open_files = open_files
        open_files.append(handle)
        self._handle = handle
        self._mode = mode
        self._closed = False

    def read(self, length: int = -1) -> bytes:
        """Return up to ``length`` bytes; EIO if the file says that it is larger than the whole flash."""
        self._require(readable=True)
        with _device_errors():
            left = max(0, lfs.file_size(self._lfs, self._handle) - lfs.file_tell(self._lfs, self._handle))
            if left > self._view.size_bytes:
                raise FileSystemError(Errno.EIO)
            return bytes(lfs.file_read(self._lfs, self._handle, left if length < 0 else min(length, left)))

    def write(self, data: bytes) -> int:
        self._require(writable=True)
        with _device_errors():
            if self._mode.append:
                lfs.file_seek(self._lfs, self._handle, 0, Whence.END)
            return lfs.file_write(self._lfs, self._handle, data)

    def seek(self, offset: int, whence: Whence = Whence.START) -> int:
        """Move the position, also past the end; writing there fills the gap with zeros."""
        self._require()
        with _device_errors():
            return lfs.file_seek(self._lfs, self._handle, offset, whence)

    def tell(self) -> int:
        self._require()
        with _device_errors():
            return lfs.file_tell(self._lfs, self._handle)

    def flush(self) -> None:
        self._require()
        with _device_errors():
            lfs.file_sync(self._lfs, self._handle)
        self._commit()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._open_files.remove(self._handle)
            with _device_errors():
                lfs.file_close(self._lfs, self._handle)
            self._commit()

    def _commit(self) -> None:
        if self._mode.writable:
            self._view.commit()

    def _require(self, *, readable: bool = False, writable: bool = False) -> None:
        wrong_mode = (readable and not self._mode.readable) or (writable and not self._mode.writable)
        if self._closed or wrong_mode:
            raise FileSystemError(Errno.EBADF)


_BYTES: Final = "latin-1"  # littlefs-python encodes names; this way each byte is one character


def _bytes(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode(_BYTES)


def _text(name: str) -> str:
    return name.encode(_BYTES).decode("utf-8", "surrogateescape")


def _config(device: _BlockDevice, size_bytes: int, block_size: int, io_size: int) -> LFSConfig:
    block_count = size_bytes // block_size
    if block_count < _BLOCKS_OF_A_DIRECTORY:
        raise FileSystemError(Errno.EIO)  # the library would end the process
    return LFSConfig(
        context=device,
        block_size=block_size,
        block_count=block_count,
        read_size=io_size,
        prog_size=io_size,
        cache_size=io_size,
        lookahead_size=-(-block_count // 64) * 8,
    )


def _format(view: FlashView, config: LFSConfig) -> None:
    """Erase every block, which littlefs itself would do only as it comes to need them, and write the superblock."""
    for block in range(config.block_count):  # one by one, as the driver does; the chip could erase more at a time
        view.erase(block * config.block_size, config.block_size)
    with _device_errors():
        lfs.format(LFSFilesystem(), config)


def _type(found: LFSStat) -> FileType:
    return FileType.DIRECTORY if found.type == LFSStat.TYPE_DIR else FileType.FILE
