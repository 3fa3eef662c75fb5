"""The read-only file system in the app's image (``components/sys/vfs/romfs.c``); the builds that have it ship it empty.

Every attempt to change it is EROFS, before anything is looked for.
"""

from __future__ import annotations

from typing import NoReturn

from simulator.filesystem.interface import (
    DirectoryEntry,
    Errno,
    FileStatus,
    FileSystem,
    FileSystemError,
    FileType,
    OpenFile,
    OpenMode,
    Usage,
)


class RomFileSystem(FileSystem):
    """A mounted file system without files."""

    kind = "romfs"

    def open(self, path: str, mode: str = "r") -> OpenFile:
        """Fail: EROFS to write, else EISDIR for the root and ENOENT."""
        if OpenMode.parse(mode).writable:
            _refuse()
        raise FileSystemError(Errno.EISDIR if path == "/" else Errno.ENOENT)

    def stat(self, path: str) -> FileStatus:
        """Return what the root is."""
        self._require_root(path)
        return FileStatus(FileType.DIRECTORY, 0)

    def listdir(self, path: str = "/") -> list[DirectoryEntry]:
        """Return nothing."""
        self._require_root(path)
        return []

    def mkdir(self, path: str) -> None:
        """EROFS."""
        _refuse()

    def remove(self, path: str) -> None:
        """EROFS."""
        _refuse()

    def rmdir(self, path: str) -> None:
        """EROFS."""
        _refuse()

    def rename(self, old: str, new: str) -> None:
        """EROFS."""
        _refuse()

    def usage(self) -> Usage:
        """Return nothing of nothing, as the driver does."""
        return Usage(0, 0)

    def format(self) -> None:
        """EROFS; nobody offers to."""
        _refuse()

    def unmount(self) -> None:
        """Do nothing."""

    def _require_root(self, path: str) -> None:
        if path != "/":
            raise FileSystemError(Errno.ENOENT)


def _refuse() -> NoReturn:
    raise FileSystemError(Errno.EROFS)
