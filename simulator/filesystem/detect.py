"""Which file system lies in a partition, and in which sizes, when nobody can say how its firmware was built."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from simulator.filesystem.interface import FileSystemError, FileSystemKind, NotFormattedError
from simulator.filesystem.memory import MemoryFlash
from simulator.filesystem.mount import mount
from simulator.filesystem.spiffs_layout import Geometry
from simulator.flash_view import FlashView

_BLOCK_SIZES: Final = tuple(4096 << shift for shift in range(5))
_PAGE_SIZES: Final = tuple(128 << shift for shift in range(5))
_LFS_MAGIC: Final = b"littlefs"
_LFS_MAGIC_OFFSET: Final = 8
_LFS_BLOCK_SIZE: Final = struct.Struct("<24xI")
_LFS_IO_SIZE: Final = 16  # any will do for reading; a board writes in its own


class FileSystemLayout(NamedTuple):
    """A kind of file system, and the sizes that `mount` takes."""

    kind: FileSystemKind
    block_size: int
    page_size: int


def detect(view: FlashView) -> FileSystemLayout | None:
    """Return what file system is in a partition, None if there is none that can be mounted.

    SPIFFS marks every block with a number that depends on the sizes; littlefs says its own in the superblock.
    """
    for block_size in _BLOCK_SIZES:
        for page_size in _PAGE_SIZES:
            if _is_spiffs(view, Geometry(view.size_bytes, block_size, page_size)):
                return _if_mountable(view, FileSystemLayout("spiffs", block_size, page_size))
    lfs_block_size = _lfs_block_size(view)
    if lfs_block_size is None:
        return None
    return _if_mountable(view, FileSystemLayout("lfs", lfs_block_size, _LFS_IO_SIZE))


def _is_spiffs(view: FlashView, geometry: Geometry) -> bool:
    """Say whether all blocks have the mark of these sizes; as for the driver, one may lack it."""
    if geometry.problem:
        return False
    missing = 0
    for block in range(geometry.block_count):
        mark = view.read(geometry.magic_address(block), 2)
        missing += int.from_bytes(mark, "little") != geometry.magic(block)
        if missing > 1:
            return False
    return True


def _lfs_block_size(view: FlashView) -> int | None:
    """Return the block size in the superblock of littlefs 2, which is in block 0 or 1."""
    for start in (0, *_BLOCK_SIZES):
        if start + _LFS_BLOCK_SIZE.size > view.size_bytes:
            break
        head = view.read(start, _LFS_BLOCK_SIZE.size)
        (block_size,) = _LFS_BLOCK_SIZE.unpack(head)
        if head[_LFS_MAGIC_OFFSET:].startswith(_LFS_MAGIC) and block_size in _BLOCK_SIZES and start in (0, block_size):
            return int(block_size)
    return None


def _if_mountable(view: FlashView, layout: FileSystemLayout) -> FileSystemLayout | None:
    copy = MemoryFlash(view.size_bytes)  # for a driver repairs what it mounts
    copy.program(0, view.read(0, view.size_bytes))
    try:
        mount(copy, layout.kind, block_size=layout.block_size, page_size=layout.page_size).unmount()
    except (NotFormattedError, FileSystemError):
        return None
    return layout
