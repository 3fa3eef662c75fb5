"""Our littlefs against the command line of ``littlefs-python``: what it makes of a folder we read, and the other way.

The C library below is the same, so this is no check of the format itself; it is one of all that is ours: the block
device, the sizes of the boards, names and their bytes, and what `simulator.filesystem.littlefs_state` takes for good.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.boards import Board, all_boards
from simulator.filesystem import build_file_system, detect, mount
from simulator.filesystem.memory import MemoryFlash
from tests.helpers import run_python

pytestmark = pytest.mark.real

BOARDS = [board for board in all_boards() if board.filesystem == "lfs"]
EVERY_BOARD = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.id)
FILES: dict[str, bytes | None] = {
    "/autorun.lua": b"print(1)\n",
    "/empty": b"",
    "/größe": b"a name in UTF-8",
    "/" + "n" * 60: b"a long name",
    "/lib": None,
    "/lib/lua": None,
    "/lib/lua/big.bin": bytes(range(256)) * 200,
    "/lib/none": None,
    **{f"/lib/{number}.lua": b"x" * 37 * number for number in range(60)},
}


def littlefs(*arguments: str | Path) -> None:
    """Run the tool; it must succeed."""
    finished = run_python("-m", "littlefs", *arguments)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_there_are_boards_with_littlefs() -> None:
    assert BOARDS


@EVERY_BOARD
def test_what_the_tool_makes_of_a_folder_we_read(board: Board, tmp_path: Path) -> None:
    source, image = tmp_path / "files", tmp_path / "image.bin"
    for path, data in FILES.items():
        place = source / path[1:]
        (place if data is None else place.parent).mkdir(parents=True, exist_ok=True)
        if data is not None:
            place.write_bytes(data)
    sizes = ("--block-size", str(board.lfs_block_size_bytes), "--fs-size", str(board.storage_size_bytes))
    littlefs("create", *sizes, source, image)
    flash = MemoryFlash(board.storage_size_bytes)
    flash.program(0, image.read_bytes())
    found = detect(flash)
    assert found is not None
    assert found[:2] == ("lfs", board.lfs_block_size_bytes)
    root = mount(flash, "lfs", block_size=board.lfs_block_size_bytes, page_size=board.lfs_program_size_bytes)
    assert dict(root.contents()) == FILES


@EVERY_BOARD
def test_what_we_make_of_files_the_tool_reads(board: Board, tmp_path: Path) -> None:
    image, target = tmp_path / "image.bin", tmp_path / "files"
    image.write_bytes(
        build_file_system(
            FILES,
            "lfs",
            size_bytes=board.storage_size_bytes,
            block_size=board.lfs_block_size_bytes,
            page_size=board.lfs_program_size_bytes,
        )
    )
    target.mkdir()
    littlefs("extract", "--block-size", str(board.lfs_block_size_bytes), image, target)
    found = {
        "/" + path.relative_to(target).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in target.rglob("*")
    }
    assert found == FILES
