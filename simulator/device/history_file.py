"""The file of the prompt's history, wherever one can be (``components/sys/sys/history.c``, ``tail.c``)."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from simulator.device.mounts import Mounts
from simulator.filesystem import Errno, FileSystem, FileSystemError

_NAME: Final = "/history"


class HistoryFile:
    """``/history`` of the first of FAT and RAM that is mounted. With neither nothing is stored."""

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts

    def _where(self) -> tuple[FileSystem, str] | None:
        mounted = self._mounts.path_of("fat", "ramfs")
        return None if mounted is None else self._mounts.locate(mounted.rstrip("/") + _NAME)

    def read(self) -> bytes | None:
        """Return the content, which is made if it is not there; None if there is no place for it."""
        where = self._where()
        if where is None:
            return None
        file_system, path = where
        try:
            if not file_system.exists(path):
                file_system.write_file(path, b"")
            return file_system.read_file(path)
        except FileSystemError:
            return None

    def append(self, data: bytes) -> None:
        """Add to the end. When the file system is full the oldest lines go, a block of them, and it is tried once more.

        What does not fit then either is lost.
        """
        where = self._where()
        if where is None:
            return
        file_system, path = where
        try:
            _append(file_system, path, data)
        except FileSystemError as error:
            if error.errno == Errno.ENOSPC:
                with suppress(FileSystemError):
                    _cut_front(file_system, path)
                    _append(file_system, path, data)

    def clear(self) -> None:
        """Remove the file."""
        where = self._where()
        if where is not None:
            with suppress(FileSystemError):
                where[0].remove(where[1])


def _append(file_system: FileSystem, path: str, data: bytes) -> None:
    before = file_system.read_file(path) if file_system.exists(path) else b""
    try:
        with file_system.open(path, "a") as file:
            file.write(data)
            file.flush()
    except FileSystemError:
        with suppress(FileSystemError):  # what of it was written is taken back
            file_system.write_file(path, before)
        raise


def _cut_front(file_system: FileSystem, path: str) -> None:
    """Drop at least a block from the start of a file, up to the end of a line."""
    content = file_system.read_file(path)
    end = content.find(b"\n", file_system.block_bytes - 1) + 1
    file_system.write_file(path, content[end or len(content) :])
