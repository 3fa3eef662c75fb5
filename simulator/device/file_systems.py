"""Which partition holds the board's root file system, and in which geometry its driver mounts it."""

from __future__ import annotations

from typing import TypedDict

from simulator.boards import Board
from simulator.boards.partitions import STORAGE_SUBTYPES
from simulator.formats.partition_table import TYPE_DATA, Partition, PartitionTable


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
