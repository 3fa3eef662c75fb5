"""What is particular to SPIFFS and to Lua RTOS's use of it; each oddity was seen on the original code."""

from __future__ import annotations

from contextlib import suppress

import pytest

from simulator.filesystem import FileSystemError, FileType, Whence, mount
from simulator.filesystem.memory import MemoryFlash
from simulator.filesystem.spiffs import SpiffsFileSystem
from simulator.flash import FlashChip, PartitionView
from simulator.formats.partition_table import Partition

BLOCK = 8192
DATA = 251  # bytes of a file in one page
HEADER_PAGES = 89  # data pages that the index header lists


class Board:
    """A flash and the file system on it."""

    def __init__(self, size_bytes: int = 0x80000, block_size: int = BLOCK) -> None:
        self.flash = MemoryFlash(size_bytes)
        self.sizes = {"block_size": block_size, "page_size": 256}
        self.fs = SpiffsFileSystem.create(self.flash, **self.sizes)

    def lose_power(self) -> None:
        self.fs = SpiffsFileSystem(self.flash, **self.sizes)


@pytest.fixture
def board() -> Board:
    return Board()


def errno_of(call) -> int:
    with pytest.raises(FileSystemError) as caught:
        call()
    return caught.value.errno


def test_formatted_partition_has_magic_and_erase_count_in_every_block_and_a_root_directory(board):
    contents = board.flash.to_bytes()
    for block in range(64):
        magic = 0x0529 ^ 256 ^ (64 - block)
        assert contents[block * BLOCK + 252 : block * BLOCK + 256] == magic.to_bytes(2, "little") + b"\0\0"
    assert contents[:4] == b"\x01\x80\xff\xff"
    assert contents[256 + 13 : 256 + 16] == b"/.\0"


def test_usage_of_a_new_board_is_what_os_df_prints(board):
    assert board.fs.usage() == (482_673, DATA)
    assert Board(block_size=4096).fs.usage() == (474_641, DATA)


@pytest.mark.parametrize("length", [0, 1, 250, 251, 252, 89 * DATA - 1, 89 * DATA, 89 * DATA + 1, 213 * DATA, 120_000])
def test_lengths_around_page_and_index_boundaries(board, length):
    contents = bytes(index * 7 % 256 for index in range(length))
    board.fs.write_file("/a", contents)
    board.lose_power()
    assert board.fs.read_file("/a") == contents
    with board.fs.open("/a", "a") as file:
        file.write(b"tail")
    board.lose_power()
    expected = contents + b"tail"
    if length == HEADER_PAGES * DATA or length == 213 * DATA:
        expected = b"tail" + contents[4:]  # see the next test
    assert board.fs.read_file("/a") == expected
    board.fs.remove("/a")
    assert board.fs.usage().used_bytes == DATA


def test_end_of_a_file_with_a_full_index_page_cannot_be_sought(board):
    """Append mode then writes where the position is, at the start."""
    board.fs.write_file("/a", bytes(HEADER_PAGES * DATA))
    board.lose_power()
    with board.fs.open("/a", "a") as file:
        assert errno_of(lambda: file.seek(0, Whence.END)) == 2
        file.write(b"at the start")
    assert board.fs.read_file("/a").startswith(b"at the start\0")


def test_seek_past_the_end_stops_there_and_fails_without_an_error_number(board):
    board.fs.write_file("/a", b"12345")
    with board.fs.open("/a", "r+") as file:
        with pytest.raises(FileSystemError) as caught:
            file.seek(6)
        assert (caught.value.errno, caught.value.text) == (0, "Success")
        assert file.tell() == 5
        assert errno_of(lambda: file.seek(-1)) == 2


def test_names_of_files_have_62_bytes_and_those_of_directories_61(board):
    longest = "/" + "f" * 61
    board.fs.write_file(longest, b"x")
    assert board.fs.read_file(longest) == b"x"
    board.fs.mkdir("/" + "d" * 60)
    assert errno_of(lambda: board.fs.mkdir("/" + "e" * 61)) == 91
    assert errno_of(lambda: board.fs.write_file("/" + "f" * 63, b"")) == 91
    assert errno_of(lambda: board.fs.remove(longest)) == 91


def test_file_name_of_63_bytes_becomes_a_directory(board):
    name = "/" + "f" * 62
    board.fs.write_file(name, b"x")
    assert board.fs.stat(name).type is FileType.DIRECTORY
    assert errno_of(lambda: board.fs.read_file(name)) == 9


def test_a_dot_at_the_end_of_a_name_does_not_count_for_directories(board):
    board.fs.mkdir("/d")
    assert board.fs.stat("/d.").type is FileType.DIRECTORY
    assert errno_of(lambda: board.fs.open("/d.", "w")) == 21


def test_stat_below_a_missing_directory_is_an_io_error(board):
    assert errno_of(lambda: board.fs.stat("/none/x")) == 5
    assert errno_of(lambda: board.fs.stat("/none")) == 2


def test_opened_directory_cannot_be_read(board):
    board.fs.mkdir("/d")
    with board.fs.open("/d") as directory:
        assert errno_of(lambda: directory.read(1)) == 9


def test_rename_onto_a_file_is_refused_as_if_something_were_missing(board):
    board.fs.write_file("/a", b"a")
    board.fs.write_file("/b", b"b")
    assert errno_of(lambda: board.fs.rename("/a", "/b")) == 2
    assert board.fs.read_file("/b") == b"b"


def test_rename_into_a_missing_directory_hides_the_file(board):
    board.fs.write_file("/a", b"a")
    board.fs.rename("/a", "/none/a")
    assert board.fs.listdir("/") == []
    assert errno_of(lambda: board.fs.open("/none/a")) == 2
    board.fs.mkdir("/none")
    assert board.fs.read_file("/none/a") == b"a"


def test_renaming_a_directory_into_itself_ends(board):
    board.fs.mkdir("/d")
    board.fs.write_file("/d/x", b"x")
    board.fs.rename("/d", "/d/d")
    assert board.fs.usage().used_bytes < 100 * DATA


def test_listing_follows_the_index_headers_so_a_rewritten_file_moves_back(board):
    for name in "abc":
        board.fs.write_file(f"/{name}", b"1")
    assert [entry.name for entry in board.fs.listdir()] == ["a", "b", "c"]
    board.fs.write_file("/a", b"2")
    assert [entry.name for entry in board.fs.listdir()] == ["b", "c", "a"]


def test_five_files_can_be_open_and_stat_needs_one_more(board):
    files = [board.fs.open(f"/{number}", "w") for number in range(5)]
    assert errno_of(lambda: board.fs.open("/5", "w")) == 5
    assert errno_of(lambda: board.fs.stat("/0")) == 5
    files[0].close()
    assert board.fs.stat("/0").size_bytes == 0


def test_deleting_files_first_thing_after_a_reset_uses_up_the_descriptors(board):
    for number in range(5):
        board.fs.write_file(f"/{number}", b"")
    board.lose_power()
    for number in range(4):
        board.fs.remove(f"/{number}")
    with board.fs.open("/4"):
        assert errno_of(lambda: board.fs.open("/a", "w")) == 5
    board.fs.open("/a", "w").close()


def test_small_writes_wait_in_ram_and_a_power_cut_loses_them(board):
    board.fs.write_file("/log", b"old")
    file = board.fs.open("/log", "a")
    file.write(b" held")
    board.lose_power()
    assert board.fs.read_file("/log") == b"old"
    file = board.fs.open("/log", "a")
    file.write(b" and")
    file.flush()
    board.lose_power()
    assert board.fs.read_file("/log") == b"old and"


def test_small_writes_that_fill_a_page_go_to_flash(board):
    file = board.fs.open("/log", "w")
    for _ in range(10):
        file.write(b"x" * 100)
    board.lose_power()
    assert board.fs.read_file("/log") == b"x" * 800


def test_writes_of_a_page_or_more_go_to_flash_at_once(board):
    board.fs.open("/log", "w").write(b"x" * 256)
    board.lose_power()
    assert board.fs.read_file("/log") == b"x" * 256


def test_unmount_writes_what_waits_in_ram(board):
    board.fs.open("/log", "w").write(b"held")
    board.fs.unmount()
    board.lose_power()
    assert board.fs.read_file("/log") == b"held"


def test_removed_files_held_write_ends_up_in_the_next_new_file(board):
    board.fs.open("/secret", "w").write(b"secret")
    board.fs.remove("/secret")
    board.fs.open("/new", "w").close()
    assert board.fs.read_file("/new") == b"secret"


def test_handle_of_a_removed_file_is_dead(board):
    file = board.fs.open("/a", "w")
    board.fs.remove("/a")
    assert errno_of(lambda: file.write(b"x")) == 5
    file.close()


def test_closing_does_not_report_a_full_flash_and_keeps_the_descriptor():
    board = Board(0x8000, 4096)
    names = [f"/{number}" for number in range(5)]
    for name in names:
        board.fs.open(name, "w").close()
    file = board.fs.open(names[0], "w")
    file.write(b"held" * 60)
    for number in range(100):
        with suppress(FileSystemError):  # once full, a write may still collect enough garbage for the next one
            board.fs.write_file(f"/more{number}", b"x" * 256)
    assert file.close() is None
    assert board.fs.stat(names[0]).size_bytes == 0
    four = [board.fs.open(name) for name in names[:4]]
    assert errno_of(lambda: board.fs.open(names[4])) == 5
    assert len(four) == 4


def test_one_large_write_may_find_no_room_on_an_almost_empty_volume():
    board = Board(block_size=4096)
    errors = []
    for _ in range(40):
        try:
            board.fs.write_file("/a", bytes(20_000))
        except FileSystemError as error:
            errors.append(error.name)
    assert set(errors) == {"ENOSPC"}
    assert board.fs.usage().used_bytes < 21_000


def test_garbage_collection_counts_erases_in_the_blocks(board):
    for number in range(400):
        board.fs.write_file("/a", bytes([number % 256]) * 2000)
    contents = board.flash.to_bytes()
    counts = {int.from_bytes(contents[at + 254 : at + 256], "little") for at in range(0, len(contents), BLOCK)}
    assert max(counts) > 0


def test_geometry_is_part_of_the_format(board):
    for sizes in ({"block_size": 4096, "page_size": 256}, {"block_size": BLOCK, "page_size": 512}):
        with pytest.raises(Exception, match="no SPIFFS"):
            mount(board.flash, "spiffs", **sizes)


def test_sizes_that_the_driver_cannot_use_are_an_io_error(board):
    assert errno_of(lambda: mount(board.flash, "spiffs", block_size=8192, page_size=3000)) == 5


def test_one_block_without_magic_is_erased_again_at_mount(board):
    """That is what a power cut during an erase leaves."""
    board.fs.write_file("/a", b"kept")
    board.flash.erase(40 * BLOCK, 4096)
    board.lose_power()
    assert board.fs.read_file("/a") == b"kept"
    contents = board.flash.to_bytes()
    assert contents[40 * BLOCK + 252 : 40 * BLOCK + 254] == (0x0529 ^ 256 ^ 24).to_bytes(2, "little")


def test_works_on_a_partition_of_the_flash_chip():
    chip = FlashChip()
    view = PartitionView(chip, Partition("storage", 1, 0x40, 0xF000, 0x80000))
    fs = SpiffsFileSystem.create(view, block_size=BLOCK, page_size=256)
    for number in range(100):
        fs.write_file(f"/f{number % 7}", bytes([number]) * 9000)
    again = SpiffsFileSystem(PartitionView(chip, view.partition), block_size=BLOCK, page_size=256)
    assert again.read_file("/f1") == bytes([99]) * 9000
    assert chip.read(0, 0xF000) == b"\xff" * 0xF000
