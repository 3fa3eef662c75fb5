"""What the library takes on trust, and dies of: nothing of that gets as far as the library; all that a power cut can
leave does."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable

import pytest

from simulator.filesystem import FileSystemError, NotFormattedError, NotFormattedReason, build_file_system
from simulator.filesystem.littlefs import LittleFileSystem
from simulator.filesystem.memory import MemoryFlash
from tests.filesystem.littlefs_log import BLOCK_BYTES, Tag, blocks_with_logs, edited, read_log, with_log
from tests.reads import recorded_reads

SIZES = {"block_size": BLOCK_BYTES, "io_size": 256}
FILES = {
    "/a.lua": b"print(1)\n" * 40,
    "/lib": None,
    "/lib/b.lua": b"return 2\n",
    "/lib/sub": None,
    "/lib/sub/c.bin": bytes(range(256)) * 20,
}
GOOD = build_file_system(FILES, "lfs", size_bytes=16 * BLOCK_BYTES, block_size=BLOCK_BYTES, page_size=256)

DIRECTORY, DIRECTORY_STRUCT, FILE_STRUCT, CREATE, DELETE, CHECKSUM, MOVE_STATE = (
    *(0x002, 0x200, 0x202, 0x401, 0x4FF, 0x5FF, 0x7FF),
)


def find(type_: int, *, last: bool = True) -> tuple[int, int, Tag]:
    """Return where the last tag of a type is, or the first, as block and index, and the tag."""
    found = [
        (block, index, tag)
        for block in blocks_with_logs(GOOD)
        for index, tag in enumerate(read_log(GOOD[block * BLOCK_BYTES :][:BLOCK_BYTES]))
        if tag.type == type_
    ]
    return found[-1 if last else 0]


def mounted(contents: bytes) -> LittleFileSystem:
    flash = MemoryFlash(len(contents))
    flash.program(0, contents)
    return LittleFileSystem(flash, **SIZES)


def test_a_log_that_was_taken_apart_is_put_together_again() -> None:
    assert len(blocks_with_logs(GOOD)) >= 4
    for block in blocks_with_logs(GOOD):
        contents = GOOD[block * BLOCK_BYTES :][:BLOCK_BYTES]
        assert with_log(contents, read_log(contents)) == contents


def global_state(word: int, first: int = 0, second: int = 0) -> bytes:
    return struct.pack("<III", word, first, second)


ROOT = (0, 1)


@pytest.mark.parametrize(
    ("type_", "data", "complaint"),
    [
        (MOVE_STATE, global_state(1), "a number of orphans on flash"),
        (MOVE_STATE, global_state(0x200), "a number of orphans on flash"),
        (MOVE_STATE, global_state(DELETE << 20 | 9 << 10, *ROOT), "a move of nothing"),
        (MOVE_STATE, global_state(DELETE << 20, 3, 4), "a move of nothing"),
        (MOVE_STATE, global_state(CREATE << 20, *ROOT), "a move of nothing"),
        (MOVE_STATE, global_state(5 << 10, *ROOT), "a move of nothing"),
        (MOVE_STATE, bytes(8), "8 bytes where 12 belong"),
        (DELETE, b"", "an entry that is deleted without being there"),
        (0x402, b"", "an unknown change of the number of entries"),
    ],
)
@pytest.mark.parametrize("phase", [0, 1], ids=["same-phase", "other-phase"])
def test_a_state_that_no_littlefs_leaves_is_not_mounted(type_: int, data: bytes, complaint: str, phase: int) -> None:
    """The library mounts each of these, and ends the process at the first write to most of them."""
    block, index, tag = find(CHECKSUM)
    end_of_commit = read_log(GOOD[block * BLOCK_BYTES :][:BLOCK_BYTES])[index - 2]
    assert end_of_commit.is_crc
    contents = edited(GOOD, block, index - 2, end_of_commit.changed(type_=end_of_commit.type ^ phase))
    with pytest.raises(NotFormattedError, match=complaint) as caught:
        mounted(edited(contents, block, index, tag.changed(type_=type_, data=data)))
    assert caught.value.reason is NotFormattedReason.IMPOSSIBLE


@pytest.mark.parametrize(
    "word", [DELETE << 20 | 1 << 10, 1 << 31, 1 << 31 | DELETE << 20 | 1 << 10], ids=["move", "orphans", "both"]
)
def test_a_move_that_was_cut_off_and_orphans_are_possible(word: int) -> None:
    block, index, tag = find(CHECKSUM)
    fs = mounted(edited(GOOD, block, index, tag.changed(type_=MOVE_STATE, data=global_state(word, *ROOT))))
    fs.write_file("/new", b"x" * 3000)
    assert fs.read_file("/new") == b"x" * 3000
    assert fs.exists("/a.lua") is (word == 1 << 31)


def test_directories_that_go_in_circles_end() -> None:
    block, index, tag = find(DIRECTORY_STRUCT)
    _, _, outer = find(DIRECTORY_STRUCT, last=False)
    assert outer.data != tag.data
    fs = mounted(edited(GOOD, block, index, tag.changed(data=outer.data)))
    assert [entry.name for entry in fs.listdir("/lib/sub/sub")] == ["b.lua", "sub"]
    with pytest.raises(FileSystemError, match="I/O error"), recorded_reads(1_000):
        list(fs.contents())


def test_a_file_that_says_it_is_larger_than_the_flash_is_not_read() -> None:
    block, index, tag = find(FILE_STRUCT)
    size = 0x7FFFFFFF
    fs = mounted(edited(GOOD, block, index, tag.changed(data=tag.data[:4] + struct.pack("<I", size))))
    assert fs.stat("/lib/sub/c.bin").size_bytes == size
    tracemalloc.start()
    try:
        for length in (-1, 100):
            with fs.open("/lib/sub/c.bin") as file, pytest.raises(FileSystemError, match="I/O error"):
                file.read(length)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def move_and_remove(fs: LittleFileSystem) -> None:
    """Do all that needs the global state: move between directories, onto files and directories; remove directories."""
    fs.rename("/a.lua", "/lib/a.lua")
    fs.rename("/lib/b.lua", "/lib/a.lua")
    fs.mkdir("/other")
    fs.mkdir("/third")
    fs.rename("/lib/sub", "/other/sub")
    fs.rename("/third", "/lib/third")
    fs.mkdir("/fourth")
    fs.rename("/fourth", "/lib/third")
    fs.remove("/other/sub/c.bin")
    fs.rmdir("/other/sub")
    fs.rmdir("/other")
    for number in range(12):
        fs.write_file(f"/lib/{number}", bytes(40 * number))
        if number % 3:
            fs.remove(f"/lib/{number}")


def has_move(contents: bytes) -> bool:
    return any(
        tag.type == MOVE_STATE
        for block in blocks_with_logs(contents)
        for tag in read_log(contents[block * BLOCK_BYTES :][:BLOCK_BYTES])
    )


def test_all_that_a_power_cut_can_leave_is_mounted_and_goes_on(recording_flash: Callable[[int], MemoryFlash]) -> None:
    flash = recording_flash(16 * BLOCK_BYTES)
    flash.program(0, GOOD)
    start = flash.to_bytes()
    flash.operations.clear()  # type: ignore[attr-defined]
    move_and_remove(LittleFileSystem(flash, **SIZES))
    cuts = list(flash.cuts(start))  # type: ignore[attr-defined]
    assert len(cuts) > 100
    in_the_middle_of_a_move = 0
    for cut, state in cuts:
        in_the_middle_of_a_move += has_move(state.to_bytes())
        fs = LittleFileSystem(state, **SIZES)
        fs.write_file("/after", b"after")
        assert dict(fs.contents())["/after"] == b"after", cut
        assert LittleFileSystem(state, **SIZES).read_file("/after") == b"after", cut
    assert in_the_middle_of_a_move > 10
