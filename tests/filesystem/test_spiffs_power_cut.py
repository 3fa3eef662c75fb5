"""The power fails before, in the middle of and after every flash operation."""

from __future__ import annotations

import pytest

from simulator.filesystem import FileSystemError
from simulator.filesystem.spiffs import SpiffsFileSystem

SIZES = {"block_size": 4096, "page_size": 256}
OLD = {
    "/system.lua": b"s" * 700,
    "/lib/m.lua": b"m" * 2500,
    "/empty": b"",
    "/log": b"first line\n" * 30,
    "/config": b"old" * 200,
}


def append(fs: SpiffsFileSystem) -> None:
    with fs.open("/log", "a") as file:
        file.write(b"second line\n" * 40)


def replace(fs: SpiffsFileSystem) -> None:
    fs.write_file("/config", b"new!" * 300)


def change_the_middle(fs: SpiffsFileSystem) -> None:
    with fs.open("/config", "r+") as file:
        file.seek(100)
        file.write(b"changed" * 50)


def create(fs: SpiffsFileSystem) -> None:
    fs.write_file("/new", b"n" * 1000)


def remove(fs: SpiffsFileSystem) -> None:
    fs.remove("/config")


def rename(fs: SpiffsFileSystem) -> None:
    fs.rename("/config", "/configuration")


HISTORIES = {
    append: ("/log",),
    replace: ("/config",),
    change_the_middle: ("/config",),
    create: ("/new",),
    remove: ("/config",),
    rename: ("/config", "/configuration"),
}


@pytest.fixture
def formatted(recording_flash):
    flash = recording_flash(0x8000)
    fs = SpiffsFileSystem.create(flash, **SIZES)
    fs.mkdir("/lib")
    for path, contents in OLD.items():
        fs.write_file(path, contents)
    fs.unmount()
    flash.operations.clear()
    return flash


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_every_cut_leaves_the_other_files_readable(formatted, history):
    start = formatted.to_bytes()
    history(SpiffsFileSystem(formatted, **SIZES))
    untouched = {path: contents for path, contents in OLD.items() if path not in HISTORIES[history]}
    for cut, flash in formatted.cuts(start):
        fs = SpiffsFileSystem(flash, **SIZES)
        assert {path: fs.read_file(path) for path in untouched} == untouched, cut
        assert {entry.name for entry in fs.listdir()} >= {"system.lua", "lib", "empty"}, cut


def test_a_file_that_is_appended_to_never_loses_what_it_had(formatted):
    start = formatted.to_bytes()
    append(SpiffsFileSystem(formatted, **SIZES))
    for cut, flash in formatted.cuts(start):
        assert SpiffsFileSystem(flash, **SIZES).read_file("/log").startswith(OLD["/log"]), cut


def test_a_renamed_file_has_one_of_its_names_or_both(formatted):
    start = formatted.to_bytes()
    rename(SpiffsFileSystem(formatted, **SIZES))
    for cut, flash in formatted.cuts(start):
        fs = SpiffsFileSystem(flash, **SIZES)
        names = [name for name in ("/config", "/configuration") if fs.exists(name)]
        assert names, cut
        assert all(fs.read_file(name) == OLD["/config"] for name in names), cut


def test_a_removed_file_is_whole_or_gone(formatted):
    start = formatted.to_bytes()
    remove(SpiffsFileSystem(formatted, **SIZES))
    for cut, flash in formatted.cuts(start):
        fs = SpiffsFileSystem(flash, **SIZES)
        assert not fs.exists("/config") or fs.read_file("/config") == OLD["/config"], cut


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_every_cut_leaves_a_volume_that_goes_on_working(formatted, history):
    """Old files stay readable while others are written and garbage is collected."""
    start = formatted.to_bytes()
    history(SpiffsFileSystem(formatted, **SIZES))
    for cut, flash in formatted.cuts(start):
        fs = SpiffsFileSystem(flash, **SIZES)
        for number in range(6):
            try:
                fs.write_file("/after", bytes([number]) * 1500)
            except FileSystemError:
                continue
        again = SpiffsFileSystem(flash, **SIZES)
        assert again.read_file("/system.lua") == OLD["/system.lua"], cut
        assert again.read_file("/lib/m.lua") == OLD["/lib/m.lua"], cut


def test_cut_while_garbage_is_collected_can_cost_a_file_that_nobody_touched(formatted):
    """Moved pages are deleted before the index that lists them is stored, and Lua RTOS never runs SPIFFS's check."""
    start = formatted.to_bytes()
    fs = SpiffsFileSystem(formatted, **SIZES)
    for number in range(12):
        fs.write_file("/config", bytes([number]) * 3000)
    untouched = {path: contents for path, contents in OLD.items() if path != "/config"}
    unreadable = set()
    for cut, flash in formatted.cuts(start):
        fs = SpiffsFileSystem(flash, **SIZES)
        for path, contents in untouched.items():
            try:
                found = fs.read_file(path)
            except FileSystemError:
                unreadable.add((cut, path))
            else:
                assert found == contents, cut
    assert {path for _, path in unreadable} <= {"/system.lua", "/lib/m.lua", "/log"}
    assert 0 < len(unreadable) < len(formatted.operations) // 5


def test_cut_between_a_moved_page_and_its_lookup_costs_the_file_when_the_page_is_taken_again(formatted):
    """The page counts as free and is not: a new file made on it inherits size and table of the one that moved."""
    start = formatted.to_bytes()
    rename(SpiffsFileSystem(formatted, **SIZES))
    moved = next(flash for cut, flash in formatted.cuts(start) if cut == "before 1")
    fs = SpiffsFileSystem(moved, **SIZES)
    assert fs.read_file("/config") == OLD["/config"]
    fs.write_file("/after", b"x" * 100)
    assert not fs.exists("/after")
    with pytest.raises(FileSystemError):
        fs.read_file("/config")
