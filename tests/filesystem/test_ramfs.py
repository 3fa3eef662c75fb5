"""The RAM file system: its arithmetic and its habits, by ``components/ramfs/ramfs.c``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.filesystem import Errno, FileSystemError, FileType, Usage, Whence
from simulator.filesystem.ramfs import RamFileSystem

ENTRY, HEADER, BLOCK = 15, 12, 135  # bytes of a name's entry without the name, of a file's header, of a block


@pytest.fixture
def fs() -> RamFileSystem:
    return RamFileSystem()


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(FileSystemError) as caught:
        call()
    return caught.value.name


def used(fs: RamFileSystem) -> int:
    return fs.usage().used_bytes


def test_a_new_one_is_empty_and_has_four_kibibytes(fs):
    assert fs.listdir("/") == []
    assert fs.stat("/").type is FileType.DIRECTORY
    assert fs.usage() == Usage(4096, 0)


def test_names_and_blocks_take_what_the_structures_take(fs):
    fs.mkdir("/dir")
    assert used(fs) == ENTRY + 3
    fs.write_file("/dir/file", b"x" * 129)
    assert used(fs) == ENTRY + 3 + ENTRY + 4 + HEADER + 2 * BLOCK
    fs.remove("/dir/file")
    fs.rmdir("/dir")
    assert used(fs) == 0


def test_files_are_listed_in_the_order_in_which_they_were_made(fs):
    for name in ("/b", "/a", "/c"):
        fs.write_file(name, name.encode())
    fs.remove("/b")
    fs.write_file("/b", b"again")
    assert [(entry.name, entry.size_bytes) for entry in fs.listdir("/")] == [("a", 2), ("c", 2), ("b", 5)]


def test_it_is_full_in_the_middle_of_a_write_and_keeps_what_fitted(fs):
    with fs.open("/f", "w") as file:
        assert error_of(lambda: file.write(bytes(5000))) == "ENOSPC"
    blocks = (4096 - ENTRY - 1 - HEADER) // BLOCK
    assert fs.stat("/f").size_bytes == blocks * 128
    assert error_of(lambda: fs.write_file("/g", b"x" * 200)) == "ENOSPC"


def test_in_an_empty_file_system_a_path_makes_its_first_name_only(fs):
    fs.mkdir("/a/b")
    assert [entry.name for entry in fs.listdir("/")] == ["a"]
    assert fs.listdir("/a") == []
    assert error_of(lambda: fs.mkdir("/x/y")) == "ENOENT"


def test_truncating_keeps_the_first_block(fs):
    fs.write_file("/f", b"x" * 300)
    fs.write_file("/f", b"y")
    assert used(fs) == ENTRY + 1 + HEADER + BLOCK
    assert fs.read_file("/f") == b"y"


def test_a_write_behind_the_end_of_the_blocks_is_lost_but_for_its_length(fs):
    fs.write_file("/f", b"ten bytes!")
    with fs.open("/f", "r+") as file:
        file.seek(1000)
        file.write(b"far")
    assert fs.read_file("/f") == b"ten bytes!\0\0\0"
    assert used(fs) == ENTRY + 1 + HEADER + 2 * BLOCK


def test_a_write_over_the_end_of_a_block_goes_on_in_the_next(fs):
    text = bytes(range(250))
    fs.write_file("/f", text)
    with fs.open("/f", "r+") as file:
        file.seek(-130, Whence.END)
        file.write(b"#" * 60)
        assert file.tell() == 180
        assert file.read(3) == text[180:183]
    assert fs.read_file("/f") == text[:120] + b"#" * 60 + text[180:]


def test_appending_is_at_the_end_wherever_the_position_is(fs):
    fs.write_file("/f", b"one ")
    with fs.open("/f", "a+") as file:
        file.seek(0)
        file.write(b"two")
    assert fs.read_file("/f") == b"one two"


def test_a_file_that_is_removed_while_open_lives_until_it_is_closed(fs):
    fs.write_file("/f", b"x" * 200)
    file = fs.open("/f")
    fs.remove("/f")
    assert fs.listdir("/") == []
    assert used(fs) > 0
    assert file.read() == b"x" * 200
    file.close()
    assert used(fs) == 0


def test_a_rename_leaves_the_header_of_a_file_behind(fs):
    fs.write_file("/f", b"x")
    before = used(fs)
    fs.rename("/f", "/g")
    assert fs.read_file("/g") == b"x"
    assert used(fs) == before + HEADER
    assert not fs.exists("/f")


def test_a_rename_over_a_file_leaves_its_blocks_behind(fs):
    fs.write_file("/f", b"new")
    fs.write_file("/g", b"x" * 200)
    before = used(fs)
    fs.rename("/f", "/g")
    assert fs.read_file("/g") == b"new"
    assert used(fs) == before - ENTRY - 1


def test_a_directory_is_renamed_with_all_that_is_in_it(fs):
    fs.mkdir("/d")
    fs.write_file("/d/f", b"x")
    fs.mkdir("/e")
    fs.rename("/d", "/e")
    assert fs.read_file("/e/f") == b"x"
    assert not fs.exists("/d")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda fs: fs.open("/nope"), "ENOENT"),
        (lambda fs: fs.open("/d"), "EISDIR"),
        (lambda fs: fs.open("/f/x", "w"), "ENOTDIR"),
        (lambda fs: fs.open("/no/x", "w"), "ENOENT"),
        (lambda fs: fs.mkdir("/"), "EEXIST"),
        (lambda fs: fs.mkdir("/d"), "EEXIST"),
        (lambda fs: fs.mkdir("/f/x"), "ENOTDIR"),
        (lambda fs: fs.listdir("/f"), "ENOTDIR"),
        (lambda fs: fs.remove("/d"), "EPERM"),
        (lambda fs: fs.rmdir("/"), "EBUSY"),
        (lambda fs: fs.rmdir("/f"), "ENOTDIR"),
        (lambda fs: fs.rmdir("/d"), "ENOTEMPTY"),
        (lambda fs: fs.rename("/nope", "/x"), "ENOENT"),
        (lambda fs: fs.rename("/f", "/d"), "EISDIR"),
        (lambda fs: fs.rename("/e", "/d"), "ENOTEMPTY"),
        (lambda fs: fs.rename("/e", "/f"), "ENOTDIR"),
        (lambda fs: fs.stat("/" + "x" * 64), "ENAMETOOLONG"),
        (lambda fs: fs.open("/f").seek(-1), "EINVAL"),
        (lambda fs: fs.open("/f").write(b"x"), "EBADF"),
        (lambda fs: fs.open("/f", "a").read(), "EBADF"),
    ],
)
def test_what_cannot_be_done_is_told_by_number(fs, call, error):
    fs.write_file("/f", b"x")
    fs.mkdir("/d")
    fs.write_file("/d/g", b"x")
    fs.mkdir("/e")
    assert error_of(lambda: call(fs)) == error
    assert Errno[error].text


def test_everything_is_lost_when_it_is_unmounted_and_open_files_with_it(fs):
    fs.write_file("/f", b"x")
    file = fs.open("/f")
    fs.unmount()
    assert fs.listdir("/") == []
    assert used(fs) == 0
    assert error_of(lambda: file.read()) == "EBADF"
    file.close()
