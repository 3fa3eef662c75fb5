"""What is particular to the LORA-GW boards' file system."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.filesystem import FileSystemError, NotFormattedError, NotFormattedReason, build_file_system
from simulator.filesystem.littlefs import LittleFileSystem
from simulator.filesystem.memory import MemoryFlash
from simulator.flash import FlashChip, PartitionView
from simulator.formats.partition_table import Partition

SIZES = {"block_size": 4096, "io_size": 1024}
GOOD = build_file_system(
    {"/a": b"a" * 3000, "/d/b": b"b" * 100, "/big": bytes(40_000)},
    "lfs",
    size_bytes=0x20000,
    block_size=4096,
    page_size=1024,
)


def test_superblock_tells_blocks_of_the_board_and_version_2():
    superblock = GOOD[:128]
    assert b"littlefs" in superblock
    at = superblock.index(b"littlefs") + 8
    version, block_size, block_count = (
        int.from_bytes(GOOD[at + skip : at + skip + 4], "little") for skip in (4, 8, 12)
    )
    assert (version >> 16, block_size, block_count) == (2, 4096, 32)


def test_another_number_of_blocks_is_not_formatted():
    flash = MemoryFlash(0x10000)
    flash.program(0, GOOD[:0x10000])
    with pytest.raises(NotFormattedError) as caught:
        LittleFileSystem(flash, **SIZES)
    assert caught.value.reason is NotFormattedReason.NO_SUPERBLOCK


@pytest.mark.parametrize("size", [0, 100, 4096, 8191])
def test_partition_of_less_than_two_blocks_is_refused(size):
    for make in (LittleFileSystem, LittleFileSystem.create):
        with pytest.raises(FileSystemError, match="I/O error"):
            make(MemoryFlash(size), **SIZES)


def test_rename_replaces_a_file():
    fs = LittleFileSystem.create(MemoryFlash(0x20000), **SIZES)
    fs.write_file("/a", b"new")
    fs.write_file("/b", b"old")
    fs.rename("/a", "/b")
    assert fs.read_file("/b") == b"new"
    assert [entry.name for entry in fs.listdir()] == ["b"]


def test_directory_cannot_be_opened():
    fs = LittleFileSystem.create(MemoryFlash(0x20000), **SIZES)
    fs.mkdir("/d")
    with pytest.raises(FileSystemError, match="Is a directory"):
        fs.open("/d")


def test_seek_past_the_end_leaves_a_gap_of_zeros():
    fs = LittleFileSystem.create(MemoryFlash(0x20000), **SIZES)
    with fs.open("/a", "w+") as file:
        file.write(b"12")
        assert file.seek(5) == 5
        file.write(b"67")
    assert fs.read_file("/a") == b"12\0\0\x0067"


def test_file_left_open_outlives_its_handle():
    flash = MemoryFlash(0x20000)
    fs = LittleFileSystem.create(flash, **SIZES)
    fs.open("/lost", "w").write(b"never flushed")
    for number in range(50):
        fs.write_file("/a", bytes([number]) * 2000)
    assert LittleFileSystem(flash, **SIZES).read_file("/lost") == b""


def test_works_on_a_partition_of_the_flash_chip():
    chip = FlashChip()
    view = PartitionView(chip, Partition("storage", 1, 0x41, 0xF000, 0x80000))
    fs = LittleFileSystem.create(view, **SIZES)
    fs.write_file("/a", b"x" * 9000)
    assert fs.usage().total_bytes == 128 * 4096
    again = LittleFileSystem(PartitionView(chip, view.partition), **SIZES)
    assert again.read_file("/a") == b"x" * 9000


def test_every_cut_leaves_the_old_file_or_the_new_one(recording_flash):
    flash = recording_flash(0x20000)
    fs = LittleFileSystem.create(flash, **SIZES)
    fs.write_file("/other", b"o" * 5000)
    fs.write_file("/a", b"old" * 1000)
    start = flash.to_bytes()
    flash.operations.clear()
    fs.write_file("/a", b"new" * 2000)
    for cut, state in flash.cuts(start):
        after = LittleFileSystem(state, **SIZES)
        assert after.read_file("/a") in (b"old" * 1000, b"new" * 2000), cut
        assert after.read_file("/other") == b"o" * 5000, cut


def test_every_cut_of_a_rename_leaves_the_name_with_one_of_the_files(recording_flash):
    flash = recording_flash(0x20000)
    fs = LittleFileSystem.create(flash, **SIZES)
    fs.write_file("/config", b"old" * 1000)
    fs.write_file("/config.new", b"new" * 1000)
    start = flash.to_bytes()
    flash.operations.clear()
    fs.rename("/config.new", "/config")
    for cut, state in flash.cuts(start):
        after = LittleFileSystem(state, **SIZES)
        assert after.read_file("/config") in (b"old" * 1000, b"new" * 1000), cut


@settings(max_examples=100, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 0x8000 - 1), st.integers(0, 255)), min_size=1, max_size=30))
def test_changed_bytes_never_crash_or_hang(changes):
    contents = bytearray(GOOD)
    for offset, value in changes:
        contents[offset] = value
    flash = MemoryFlash(len(contents))
    flash.program(0, bytes(contents))
    try:
        fs = LittleFileSystem(flash, **SIZES)
        for entry in fs.listdir("/"):
            fs.stat("/" + entry.name)
        fs.read_file("/big")
        fs.write_file("/a", b"new" * 500)
        fs.remove("/big")
    except (FileSystemError, NotFormattedError):
        pass
