"""FAT as a script on a board meets it. Whether it is FAT is for other people's tools: see against_reference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.filesystem import FileSystemError, FileType, NotFormattedError, Whence
from simulator.filesystem.fat import FatFileSystem
from simulator.filesystem.fat_layout import (
    SECTOR_BYTES,
    choose_geometry,
    find_volume,
    format_card,
    numbered,
    pack_time,
    parse_name,
    unpack_time,
)

NOW_S = 1_700_000_001


class Card:
    """Sectors in memory."""

    def __init__(self, sector_count: int) -> None:
        self.sector_count = sector_count
        self.data = bytearray(sector_count * SECTOR_BYTES)

    def read(self, sector: int, count: int = 1) -> bytes:
        return bytes(self.data[sector * SECTOR_BYTES : (sector + count) * SECTOR_BYTES])

    def write(self, sector: int, data: bytes) -> None:
        self.data[sector * SECTOR_BYTES : sector * SECTOR_BYTES + len(data)] = data


SIZES = {"fat12": 1024, "fat16": 20_000, "fat32": 90_000}
"""Sectors; FAT32 with clusters of one sector, as the board's own formatting makes them."""


def formatted(kind: str) -> Card:
    card = Card(SIZES[kind])
    format_card(card, cluster_sectors=1 if kind == "fat32" else 0)
    return card


@pytest.fixture(params=SIZES)
def card(request) -> Card:
    return formatted(request.param)


def mounted(card: Card) -> FatFileSystem:
    return FatFileSystem(card, now_s=lambda: NOW_S)


@pytest.fixture
def fs(card) -> FatFileSystem:
    return mounted(card)


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(FileSystemError) as caught:
        call()
    return caught.value.name


@pytest.mark.parametrize(("kind", "bits"), [("fat12", 12), ("fat16", 16)])
def test_the_size_of_a_card_decides_the_kind(kind, bits):
    geometry = choose_geometry(SIZES[kind])
    assert geometry is not None
    assert geometry.bits == bits
    assert find_volume(formatted(kind)) == geometry


def test_clusters_of_one_sector_make_fat32_of_what_is_too_large_for_fat16():
    volume = find_volume(formatted("fat32"))
    assert volume is not None
    assert (volume.bits, volume.cluster_sectors, volume.root_cluster) == (32, 1, 2)


def test_a_card_without_a_volume_is_not_formatted():
    for card in (Card(1000), Card(64)):
        with pytest.raises(NotFormattedError):
            mounted(card)
    assert choose_geometry(70) is None


def test_contents_survive_a_remount_and_keep_their_order(card, fs):
    fs.write_file("/first", b"1")
    fs.mkdir("/Folder")
    fs.write_file("/Folder/a longer name than eight.lua", bytes(range(256)) * 40)
    again = mounted(card)
    assert [(entry.name, entry.type, entry.size_bytes) for entry in again.listdir("/")] == [
        ("first", FileType.FILE, 1),
        ("Folder", FileType.DIRECTORY, 0),
    ]
    assert again.read_file("/folder/A LONGER NAME than eight.LUA") == bytes(range(256)) * 40
    assert again.stat("/first").modified_s == NOW_S - 1  # in steps of two seconds


def test_what_is_not_closed_has_its_old_length_on_the_card(card, fs):
    fs.write_file("/f", b"old")
    file = fs.open("/f", "a")
    file.write(b" and new")
    assert fs.stat("/f").size_bytes == 3
    assert mounted(card).read_file("/f") == b"old"
    file.flush()
    assert mounted(card).read_file("/f") == b"old and new"


def test_reading_writing_and_seeking(fs):
    text = bytes(index % 251 for index in range(5000))
    fs.write_file("/f", text)
    with fs.open("/f", "r+") as file:
        file.seek(1500)
        file.write(b"#" * 1000)
        assert file.tell() == 2500
        assert file.read(2) == text[2500:2502]
        assert file.seek(-3, Whence.END) == 4997
        assert file.read() == text[4997:]
        assert file.read(5) == b""
    assert fs.read_file("/f") == text[:1500] + b"#" * 1000 + text[2500:]


def test_appending_is_at_the_end_wherever_the_position_is(fs):
    fs.write_file("/f", b"one ")
    with fs.open("/f", "a+") as file:
        assert file.read() == b"one "
        file.seek(0)
        file.write(b"two")
    assert fs.read_file("/f") == b"one two"


def test_moving_behind_the_end_makes_a_file_longer_only_if_it_is_written(fs):
    fs.write_file("/f", b"abc")
    with fs.open("/f") as file:
        assert file.seek(100) == 100
        assert file.read() == b""
        assert file.tell() == 3
    with fs.open("/f", "r+") as file:
        file.seek(2000)
    assert fs.read_file("/f") == b"abc" + bytes(1997)


def test_a_full_card_makes_a_write_fail_without_a_number_and_gives_everything_back():
    fs = mounted(formatted("fat12"))
    before = fs.usage()
    with fs.open("/big", "w") as file:
        assert error_of(lambda: file.write(bytes(10**6))) == "SUCCESS"
    assert fs.usage().used_bytes == fs.usage().total_bytes
    assert error_of(lambda: fs.mkdir("/d")) == "EACCES"
    fs.remove("/big")
    assert fs.usage() == before


def test_the_root_of_a_small_card_has_room_for_so_many_names(fs):
    if fs.volume.geometry.bits == 32:
        for number in range(600):
            fs.write_file(f"/{number}", b"")
        assert len(fs.listdir("/")) == 600
    else:
        for number in range(512):
            fs.write_file(f"/{number}", b"")
        assert error_of(lambda: fs.write_file("/one more", b"")) == "EACCES"


def test_a_directory_grows_and_the_places_of_removed_names_are_used_again(fs):
    fs.mkdir("/d")
    for number in range(60):
        fs.write_file(f"/d/file number {number}.txt", b"x")
    used = fs.usage().used_bytes
    fs.remove("/d/file number 7.txt")
    fs.write_file("/d/file number 8b.txt", b"x")
    assert fs.usage().used_bytes == used
    assert [entry.name for entry in fs.listdir("/d")][7] == "file number 8b.txt"


def test_five_files_can_be_open(fs):
    files = [fs.open(f"/{number}", "w") for number in range(5)]
    assert error_of(lambda: fs.open("/6", "w")) == "ENFILE"
    files[2].close()
    fs.open("/6", "w").close()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda fs: fs.open("/nope"), "ENOENT"),
        (lambda fs: fs.open("/nope/x", "w"), "ENOENT"),
        (lambda fs: fs.open("/f/x", "w"), "ENOTDIR"),
        (lambda fs: fs.open("/d"), "ENOENT"),
        (lambda fs: fs.open("/d", "w"), "EACCES"),
        (lambda fs: fs.open("/d", "a"), "EACCES"),
        (lambda fs: fs.open("/d", "r+"), "ENOENT"),
        (lambda fs: fs.open("/"), "EINVAL"),
        (lambda fs: fs.open("/a:b", "w"), "EINVAL"),
        (lambda fs: fs.open("/" + "x" * 65, "w"), "EINVAL"),
        (lambda fs: fs.mkdir("/"), "EINVAL"),
        (lambda fs: fs.mkdir("/D"), "EEXIST"),
        (lambda fs: fs.mkdir("/f/x"), "ENOTDIR"),
        (lambda fs: fs.listdir("/f"), "ENOTDIR"),
        (lambda fs: fs.listdir("/nope"), "ENOENT"),
        (lambda fs: fs.remove("/d"), "EPERM"),
        (lambda fs: fs.rmdir("/"), "EBUSY"),
        (lambda fs: fs.rmdir("/f"), "ENOTDIR"),
        (lambda fs: fs.rmdir("/d"), "ENOTEMPTY"),
        (lambda fs: fs.rename("/nope", "/x"), "ENOENT"),
        (lambda fs: fs.rename("/", "/x"), "EINVAL"),
        (lambda fs: fs.rename("/f", "/d"), "EISDIR"),
        (lambda fs: fs.rename("/e", "/d"), "ENOTEMPTY"),
        (lambda fs: fs.rename("/f", "/g"), "EEXIST"),
        (lambda fs: fs.rename("/e", "/g"), "EEXIST"),
        (lambda fs: fs.open("/f").seek(-1), "EINVAL"),
        (lambda fs: fs.open("/f").write(b"x"), "EBADF"),
        (lambda fs: fs.open("/f", "a").read(), "EBADF"),
    ],
)
def test_what_cannot_be_done_is_told_by_number(fs, call, error):
    fs.write_file("/f", b"x")
    fs.write_file("/g", b"x")
    fs.mkdir("/d")
    fs.write_file("/d/x", b"x")
    fs.mkdir("/e")
    assert error_of(lambda: call(fs)) == error


def test_renaming_and_moving(fs):
    fs.write_file("/f.txt", b"content")
    fs.rename("/f.txt", "/F.TXT")
    assert [entry.name for entry in fs.listdir("/")] == ["F.TXT"]
    fs.mkdir("/d")
    fs.mkdir("/e")
    fs.rename("/F.TXT", "/d/moved")
    fs.rename("/d", "/e")  # an empty directory of that name is replaced
    assert fs.read_file("/e/moved") == b"content"
    assert [entry.name for entry in fs.listdir("/")] == ["e"]


def test_formatting_makes_it_empty_and_ends_open_files(fs):
    fs.write_file("/f", b"x")
    file = fs.open("/f")
    fs.format()
    assert fs.listdir("/") == []
    assert error_of(file.read) == "EBADF"
    fs.write_file("/g", b"y")
    assert fs.read_file("/g") == b"y"


def test_names_are_bytes_of_code_page_437(fs):
    name = "/" + b"\x81ber".decode("utf-8", "surrogateescape")  # u with two dots there
    fs.write_file(name, b"x")
    assert fs.listdir("/")[0].name.encode("utf-8", "surrogateescape") == b"\x81ber"
    assert fs.exists("/" + b"\x9aBER".decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("text", "short", "needs_long", "is_lossy"),
    [
        ("FILE.TXT", b"FILE    TXT", False, False),
        ("file.txt", b"FILE    TXT", False, False),
        ("File.txt", b"FILE    TXT", True, False),
        ("file.TXT", b"FILE    TXT", False, False),
        ("messages.log", b"MESSAGESLOG", False, False),
        ("longer name.lua", b"LONGERNALUA", True, True),
        ("a.b.c", b"AB      C  ", True, True),
        ("name.lua5", b"NAME    LUA", True, True),
        (".profile", b"PROFILE    ", True, True),
        ("a+b", b"A_B        ", True, True),
        ("trailing. . ", b"TRAILING   ", False, False),
    ],
)
def test_short_names(text, short, needs_long, is_lossy):
    name = parse_name(text)
    assert name is not None
    assert (name.short, name.needs_long, name.is_lossy) == (short, needs_long, is_lossy)


@pytest.mark.parametrize("text", ["", ".", "..", " ", 'a"b', "a*b", "a?b", "a|b", "a\x01b", "x" * 65])
def test_names_that_cannot_be(text):
    assert parse_name(text) is None


def test_equal_short_names_get_numbers_and_then_a_hash():
    assert numbered(b"LONGERNALUA", "longer name.lua", 1) == b"LONGER~1LUA"
    assert numbered(b"AB      C  ", "a.b.c", 5) == b"AB~5    C  "
    hashed = numbered(b"LONGERNALUA", "longer name.lua", 6)
    assert hashed[8:] == b"LUA"
    assert b"~" in hashed[:8]
    assert hashed != numbered(b"LONGERNALUA", "longer name.lua", 7)


@pytest.mark.parametrize("epoch_s", [315_532_800, 1_669_989_664, 1_709_210_096, 4_000_000_000])
def test_times_survive_in_steps_of_two_seconds(epoch_s):
    assert unpack_time(pack_time(epoch_s)) == epoch_s - epoch_s % 2


def test_times_before_1980_and_dates_that_cannot_be():
    assert unpack_time(pack_time(86_400 * 40)) == 315_532_800 + 86_400 * 40
    assert unpack_time(0) == 312_768_000  # the last of November 1979
