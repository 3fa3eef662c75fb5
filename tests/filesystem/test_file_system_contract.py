"""What both file systems must do alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.filesystem import (
    Errno,
    FileSystem,
    FileSystemError,
    FileSystemKind,
    FileType,
    NotFormattedError,
    Whence,
    build_file_system,
    format,  # noqa: A004
    mount,
)
from simulator.filesystem.memory import MemoryFlash

SIZES: dict[str, tuple[FileSystemKind, int, int]] = {
    "spiffs-8192": ("spiffs", 8192, 256),
    "spiffs-4096": ("spiffs", 4096, 256),
    "lfs": ("lfs", 4096, 1024),
}


class Partition:
    """A partition in which a file system of some kind can be mounted again and again."""

    def __init__(self, kind: FileSystemKind, block_size: int, page_size: int) -> None:
        self.kind = kind
        self.sizes: dict[str, int] = {"block_size": block_size, "page_size": page_size}
        self.flash = MemoryFlash(0x80000)

    def format(self) -> FileSystem:
        return format(self.flash, self.kind, **self.sizes)

    def mount(self) -> FileSystem:
        return mount(self.flash, self.kind, **self.sizes)


@pytest.fixture(params=SIZES)
def partition(request) -> Partition:
    return Partition(*SIZES[request.param])


@pytest.fixture
def fs(partition: Partition) -> FileSystem:
    return partition.format()


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(FileSystemError) as caught:
        call()
    return caught.value.name


def fill(fs: FileSystem) -> None:
    for number in range(200):
        fs.write_file(f"/f{number}", bytes(8000))


def test_erased_flash_is_not_formatted(partition):
    with pytest.raises(NotFormattedError):
        partition.mount()


def test_flash_full_of_zeros_is_not_formatted(partition):
    partition.flash.program(0, bytes(partition.flash.size_bytes))
    with pytest.raises(NotFormattedError):
        partition.mount()


def test_mount_does_not_change_the_flash(partition):
    partition.format().unmount()
    before = partition.flash.to_bytes()
    partition.mount()
    assert partition.flash.to_bytes() == before


def test_new_file_system_is_empty(fs):
    assert fs.listdir("/") == []
    assert fs.stat("/").type is FileType.DIRECTORY


def test_contents_survive_a_remount(partition, fs):
    fs.write_file("/a.lua", b"print(1)")
    fs.mkdir("/lib")
    fs.write_file("/lib/b.lua", bytes(5000))
    again = partition.mount()
    assert again.read_file("/a.lua") == b"print(1)"
    assert again.read_file("/lib/b.lua") == bytes(5000)
    assert {entry.name: (entry.type, entry.size_bytes) for entry in again.listdir("/")} == {
        "a.lua": (FileType.FILE, 8),
        "lib": (FileType.DIRECTORY, 0),
    }


def test_what_is_closed_is_on_flash(partition, fs):
    with fs.open("/a.lua", "w") as file:
        file.write(b"print(1)")
    assert partition.mount().read_file("/a.lua") == b"print(1)"


def test_write_replaces_what_was_there(fs):
    fs.write_file("/a", b"x" * 3000)
    fs.write_file("/a", b"short")
    assert fs.read_file("/a") == b"short"
    assert fs.stat("/a").size_bytes == 5


def test_append_adds_at_the_end_wherever_the_position_is(fs):
    fs.write_file("/log", b"one ")
    with fs.open("/log", "a+") as file:
        file.seek(0)
        file.write(b"two ")
        file.seek(0)
        assert file.read(4) == b"one "
        file.write(b"three")
    assert fs.read_file("/log") == b"one two three"


def test_overwrite_in_the_middle_keeps_the_rest(fs):
    text = bytes(index % 251 for index in range(30_000))
    fs.write_file("/a", text)
    with fs.open("/a", "r+") as file:
        file.seek(22_000)
        file.write(b"#" * 600)
        assert file.tell() == 22_600
    assert fs.read_file("/a") == text[:22_000] + b"#" * 600 + text[22_600:]


def test_seek_counts_from_start_position_and_end(fs):
    fs.write_file("/a", b"0123456789")
    with fs.open("/a") as file:
        assert file.seek(-3, Whence.END) == 7
        assert file.read(1) == b"7"
        assert file.seek(-2, Whence.CURRENT) == 6
        assert file.read() == b"6789"
        assert file.read(5) == b""
        assert file.seek(2) == 2
        assert file.read(2) == b"23"


def test_file_can_be_read_while_it_is_written(fs):
    with fs.open("/a", "w") as writer:
        writer.write(b"abc")
        writer.flush()
        assert fs.read_file("/a") == b"abc"


def test_mode_is_enforced(fs):
    fs.write_file("/a", b"abc")
    with fs.open("/a") as reader:
        assert error_of(lambda: reader.write(b"x")) == "EBADF"
    with fs.open("/a", "a") as writer:
        assert error_of(lambda: writer.read(1)) == "EBADF"
    assert error_of(lambda: reader.read(1)) == "EBADF"


@pytest.mark.parametrize("mode", ["", "x", "rw", "r++", "rbb"])
def test_unknown_mode_is_invalid(fs, mode):
    assert error_of(lambda: fs.open("/a", mode)) == "EINVAL"


@pytest.mark.parametrize("mode", ["rb", "r+b", "rb+"])
def test_binary_modes_are_the_same_as_the_plain_ones(fs, mode):
    fs.write_file("/a", b"\r\n\x1a")
    with fs.open("/a", mode) as file:
        assert file.read() == b"\r\n\x1a"


def test_missing_file_is_enoent_with_newlibs_text(fs):
    with pytest.raises(FileSystemError) as caught:
        fs.open("/none")
    assert (caught.value.errno, caught.value.name) == (2, "ENOENT")
    assert caught.value.text == "No such file or directory"
    assert not fs.exists("/none")


def test_directories_nest_and_list_only_their_own(fs):
    fs.mkdir("/d")
    fs.mkdir("/d/e")
    fs.write_file("/d/x", b"1")
    fs.write_file("/d/e/y", b"22")
    fs.write_file("/dx", b"333")
    assert {entry.name for entry in fs.listdir("/d")} == {"e", "x"}
    assert [entry.name for entry in fs.listdir("/d/e")] == ["y"]


def test_directory_errors_are_the_drivers(fs):
    fs.mkdir("/d")
    fs.write_file("/d/x", b"1")
    assert error_of(lambda: fs.mkdir("/d")) == "EEXIST"
    assert error_of(lambda: fs.mkdir("/no/d")) == "ENOENT"
    assert error_of(lambda: fs.mkdir("/d/x/y")) == "ENOTDIR"
    assert error_of(lambda: fs.rmdir("/")) == "EBUSY"
    assert error_of(lambda: fs.rmdir("/d")) == "ENOTEMPTY"
    assert error_of(lambda: fs.rmdir("/d/x")) == "ENOTDIR"
    assert error_of(lambda: fs.rmdir("/none")) == "ENOENT"
    assert error_of(lambda: fs.remove("/d")) == "EPERM"
    assert error_of(lambda: fs.remove("/none")) == "ENOENT"
    assert error_of(lambda: fs.listdir("/d/x")) == "ENOTDIR"
    assert error_of(lambda: fs.listdir("/none")) == "ENOENT"
    assert error_of(lambda: fs.open("/d", "w")) == "EISDIR"
    assert error_of(lambda: fs.open("/none/x", "w")) == "ENOENT"


def test_removed_files_and_directories_are_gone(fs):
    fs.mkdir("/d")
    fs.write_file("/d/x", b"1")
    fs.remove("/d/x")
    fs.rmdir("/d")
    assert fs.listdir("/") == []
    assert not fs.exists("/d")


def test_rename_moves_a_directory_with_all_that_is_in_it(partition, fs):
    for directory in ("/d", "/d/e"):
        fs.mkdir(directory)
    fs.write_file("/d/x", b"1")
    fs.write_file("/d/e/y", b"2")
    fs.rename("/d", "/moved")
    again = partition.mount()
    assert again.read_file("/moved/x") == b"1"
    assert again.read_file("/moved/e/y") == b"2"
    assert [entry.name for entry in again.listdir("/")] == ["moved"]


def test_rename_refuses_a_directory_that_has_entries(fs):
    for directory in ("/a", "/b"):
        fs.mkdir(directory)
    fs.write_file("/b/x", b"")
    assert error_of(lambda: fs.rename("/a", "/b")) == "ENOTEMPTY"
    fs.remove("/b/x")
    fs.rename("/a", "/b")
    assert [entry.name for entry in fs.listdir("/")] == ["b"]


def test_rename_of_a_file_onto_a_directory_is_refused(fs):
    fs.mkdir("/d")
    fs.write_file("/a", b"")
    assert error_of(lambda: fs.rename("/a", "/d")) == "EISDIR"


def test_full_flash_is_enospc_and_harms_nothing(partition, fs):
    fs.write_file("/keep", b"keep" * 100)
    with pytest.raises(FileSystemError) as caught:
        fill(fs)
    assert (caught.value.errno, caught.value.text) == (28, "No space left on device")
    fs.remove("/f0")
    fs.write_file("/f0", b"fits again")
    again = partition.mount()
    assert again.read_file("/keep") == b"keep" * 100
    assert again.read_file("/f0") == b"fits again"


def test_flash_can_be_rewritten_many_times_over(partition, fs):
    """More data than the partition holds goes through one file."""
    for number in range(150):
        fs.write_file("/a", bytes([number]) * 5000)
    assert partition.mount().read_file("/a") == bytes([149]) * 5000


def test_many_small_files(partition, fs):
    for number in range(100):
        fs.write_file(f"/f{number}", str(number).encode())
    again = partition.mount()
    assert len(again.listdir("/")) == 100
    assert all(again.read_file(f"/f{number}") == str(number).encode() for number in range(100))


def test_names_can_be_any_bytes(partition, fs):
    names = ["/é", "/" + b"\xff\xfe".decode("utf-8", "surrogateescape"), "/a b", "/日本"]
    for name in names:
        fs.write_file(name, name.encode("utf-8", "surrogateescape"))
    again = partition.mount()
    assert {"/" + entry.name for entry in again.listdir("/")} == set(names)
    assert all(again.read_file(name) == name.encode("utf-8", "surrogateescape") for name in names)


def test_format_leaves_an_empty_file_system(partition, fs):
    fs.write_file("/a", b"x")
    fs.format()
    assert fs.listdir("/") == []
    fs.write_file("/b", b"y")
    assert partition.mount().read_file("/b") == b"y"


def test_usage_grows_with_files_and_comes_back(fs):
    empty = fs.usage()
    fs.write_file("/a", bytes(50_000))
    assert fs.usage().used_bytes >= empty.used_bytes + 50_000
    assert fs.usage().total_bytes == empty.total_bytes
    fs.remove("/a")
    assert fs.usage() == empty


def test_built_image_holds_the_files_and_their_directories(partition):
    files = {"/system.lua": b"s", "/lib/share/lua/m.lua": bytes(3000), "/lib/x.lua": b"", "/www/index.html": b"<p>"}
    image = build_file_system(files, partition.kind, size_bytes=0x80000, **partition.sizes)
    partition.flash.program(0, image)
    fs = partition.mount()
    assert {path: fs.read_file(path) for path in files} == files
    assert {entry.name for entry in fs.listdir("/")} == {"system.lua", "lib", "www"}


def test_same_files_build_the_same_image(partition):
    files = {"/b/x": b"1" * 700, "/a": b"2"}
    first, second = (build_file_system(files, partition.kind, size_bytes=0x80000, **partition.sizes) for _ in range(2))
    assert first == second


def test_files_that_do_not_fit_cannot_be_built(partition):
    with pytest.raises(FileSystemError) as caught:
        build_file_system({"/big": bytes(600_000)}, partition.kind, size_bytes=0x80000, **partition.sizes)
    assert caught.value.errno == Errno.ENOSPC


def test_every_error_has_newlibs_text():
    assert all(number.text for number in Errno)
    assert Errno.EBADF.text == "Bad file number"
    assert Errno.ENAMETOOLONG.text == "File or path name too long"
