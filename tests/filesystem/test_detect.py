"""Which file system is in a partition is read off the partition itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.boards import Board, all_boards
from simulator.filesystem import FileSystemLayout, build_file_system, detect, mount
from simulator.filesystem.memory import MemoryFlash

FILES: dict[str, bytes | None] = {"/a": b"1", "/d": None, "/d/b": bytes(5000)}
SIZES = sorted({(board.storage_size_bytes, board.spiffs_block_size_bytes) for board in all_boards()})


def of_board(board: Board) -> FileSystemLayout:
    if board.filesystem == "spiffs":
        return FileSystemLayout("spiffs", board.spiffs_block_size_bytes, board.spiffs_page_size_bytes)
    return FileSystemLayout("lfs", board.lfs_block_size_bytes, board.lfs_program_size_bytes)


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.id)
def test_the_layout_of_every_board_is_found(board: Board, flash_with: Callable[[bytes], MemoryFlash]) -> None:
    layout = of_board(board)
    data = build_file_system(
        FILES,
        layout.kind,
        size_bytes=board.storage_size_bytes,
        block_size=layout.block_size,
        page_size=layout.page_size,
    )
    found = detect(flash_with(data))
    assert found is not None
    assert found[:2] == layout[:2]
    root = mount(flash_with(data), found.kind, block_size=found.block_size, page_size=found.page_size)
    assert dict(root.contents()) == FILES


@pytest.mark.parametrize(("block_size", "page_size"), [(4096, 128), (8192, 256), (16384, 512), (65536, 2048)])
def test_other_sizes_of_spiffs_are_found_even_with_one_block_cut_short(
    block_size: int, page_size: int, flash_with: Callable[[bytes], MemoryFlash]
) -> None:
    data = build_file_system({}, "spiffs", size_bytes=512 * 1024, block_size=block_size, page_size=page_size)
    for damaged in (data, b"\xff" * block_size + data[block_size:]):
        flash = flash_with(damaged)
        assert detect(flash) == FileSystemLayout("spiffs", block_size, page_size)
        assert flash.to_bytes() == damaged  # it was only looked at


@pytest.mark.parametrize("contents", [b"\xff", b"\0", b"\x5a", bytes(range(256))])
def test_anything_else_is_no_file_system(contents: bytes, flash_with: Callable[[bytes], MemoryFlash]) -> None:
    assert detect(flash_with((contents * 65536)[: 64 * 1024])) is None
    assert detect(flash_with((contents * 100)[:100])) is None
    assert detect(flash_with(b"")) is None


@pytest.mark.parametrize("block_size", [8192, 16384, 32768, 65536])
def test_a_littlefs_that_has_not_the_room_for_two_of_its_blocks_is_none(
    block_size: int, flash_with: Callable[[bytes], MemoryFlash]
) -> None:
    data = bytearray(build_file_system(FILES, "lfs", size_bytes=64 * 1024, block_size=4096, page_size=256))
    for superblock in (0, 4096):
        data[superblock + 24 : superblock + 28] = block_size.to_bytes(4, "little")
    for size in (block_size // 2, block_size, 2 * block_size - 1):
        assert detect(flash_with(bytes(data[:size]))) is None


def test_a_file_in_a_directory_that_nobody_made_is_among_the_contents(
    flash_with: Callable[[bytes], MemoryFlash],
) -> None:
    """As plain mkspiffs leaves it, which knows no directories."""
    data = build_file_system({"/a": b"1"}, "spiffs", size_bytes=64 * 1024, block_size=4096, page_size=256)
    root = mount(flash_with(data), "spiffs", block_size=4096, page_size=256)
    root.rename("/a", "/nowhere/a")
    assert root.listdir("/") == []
    assert dict(root.contents()) == {"/nowhere/a": b"1"}
