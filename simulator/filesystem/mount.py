"""Mount, format and manufacture, for either kind of file system."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.filesystem.interface import FileSystem, FileSystemKind
from simulator.filesystem.memory import MemoryFlash
from simulator.filesystem.spiffs import SpiffsFileSystem
from simulator.flash_view import FlashView


def mount(view: FlashView, kind: FileSystemKind, *, block_size: int, page_size: int) -> FileSystem:
    """Return the file system in a partition, mounted.

    ``page_size`` is SPIFFS's page, or the bytes that littlefs reads and writes at a time. Raises `NotFormattedError`
    if there is no such file system (the device then prints ``spiffs no file system detected, formating...`` and
    formats), and `FileSystemError` EIO if the driver cannot use these sizes at all.
    """
    if kind == "spiffs":
        return SpiffsFileSystem(view, block_size=block_size, page_size=page_size)
    # littlefs takes long to import, and most boards have SPIFFS.
    from simulator.filesystem.littlefs import LittleFileSystem

    return LittleFileSystem(view, block_size=block_size, io_size=page_size)


def format(view: FlashView, kind: FileSystemKind, *, block_size: int, page_size: int) -> FileSystem:  # noqa: A001
    """Make an empty file system in a partition and return it mounted. On SPIFFS this makes the root directory too."""
    if kind == "spiffs":
        return SpiffsFileSystem.create(view, block_size=block_size, page_size=page_size)
    from simulator.filesystem.littlefs import LittleFileSystem

    return LittleFileSystem.create(view, block_size=block_size, io_size=page_size)


def build_file_system(
    files: Mapping[str, bytes | None], kind: FileSystemKind, *, size_bytes: int, block_size: int, page_size: int
) -> bytes:
    """Return the bytes of a partition that holds ``files``, given by absolute path.

    None stands for a directory; others are made as needed.

    Same arguments, same bytes, so a caller that makes many boards builds once and shares the result.
    `FileSystemError` if they do not fit (ENOSPC) or a path is too long (ENAMETOOLONG).
    """
    flash = MemoryFlash(size_bytes)
    file_system = format(flash, kind, block_size=block_size, page_size=page_size)
    directories = {""}
    for path, data in files.items():
        _make_directories(file_system, path if data is None else path.rpartition("/")[0], directories)
        if data is not None:
            file_system.write_file(path, data)
    file_system.unmount()
    return flash.to_bytes()


def _make_directories(file_system: FileSystem, directory: str, made: set[str]) -> None:
    if directory not in made:
        _make_directories(file_system, directory.rpartition("/")[0], made)
        file_system.mkdir(directory)
        made.add(directory)
