"""Bytes that no driver wrote: every call ends, with an answer or one of the device's errors."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.filesystem import FileSystemError, NotFormattedError, build_file_system
from simulator.filesystem.memory import MemoryFlash
from simulator.filesystem.spiffs import SpiffsFileSystem
from simulator.rng import Rng

SIZES = {"block_size": 4096, "page_size": 256}
GOOD = build_file_system(
    {"/a": b"a" * 3000, "/d/b": b"b" * 100, "/big": bytes(40_000), "/empty": b""},
    "spiffs",
    size_bytes=0x10000,
    **SIZES,
)
USED_UP_TO = len(GOOD.rstrip(b"\xff"))


def use_everything(contents: bytes) -> None:
    flash = MemoryFlash(len(contents))
    flash.program(0, contents)
    try:
        fs = SpiffsFileSystem(flash, **SIZES)
    except NotFormattedError:
        return
    for entry in fs.listdir("/"):
        attempt(lambda path="/" + entry.name: fs.stat(path))
        attempt(lambda path="/" + entry.name: fs.read_file(path))
    attempt(lambda: fs.listdir("/d"))
    attempt(lambda: append(fs, "/a"))
    attempt(lambda: append(fs, "/big"))
    attempt(lambda: overwrite(fs, "/big"))
    attempt(lambda: fs.rename("/d", "/e"))
    attempt(lambda: fs.write_file("/a", b"new" * 500))
    attempt(lambda: fs.remove("/big"))
    for number in range(4):
        attempt(lambda number=number: fs.write_file(f"/new{number}", bytes(4000)))
    fs.usage()
    fs.unmount()
    attempt(fs.format)
    assert fs.listdir("/") == []


def attempt(call) -> None:
    with suppress(FileSystemError):
        call()


def append(fs: SpiffsFileSystem, path: str) -> None:
    with fs.open(path, "a") as file:
        file.write(b"more" * 300)


def overwrite(fs: SpiffsFileSystem, path: str) -> None:
    with fs.open(path, "r+") as file:
        file.write(b"over" * 400)


@settings(max_examples=150, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, USED_UP_TO - 1), st.integers(0, 255)), min_size=1, max_size=30))
def test_changed_bytes_never_crash_or_hang(changes):
    contents = bytearray(GOOD)
    for offset, value in changes:
        contents[offset] = value
    use_everything(bytes(contents))


@settings(max_examples=100, derandomize=True)
@given(st.integers(1, 200), st.integers(0, 7), st.binary(min_size=5, max_size=90))
def test_changed_page_heads_never_crash_or_hang(page, block, head):
    """The places that matter most: an entry of a lookup, a page header, a size, an index."""
    contents = bytearray(GOOD)
    contents[page * 256 : page * 256 + len(head)] = head
    contents[block * 4096 + 2 : block * 4096 + 4] = head[:2]
    use_everything(bytes(contents))


@pytest.mark.parametrize("seed", range(10))
def test_noise_behind_valid_magics_never_crashes_or_hangs(seed):
    contents = bytearray(Rng(seed).bytes(len(GOOD)))
    for block in range(16):
        contents[block * 4096 + 252 : block * 4096 + 256] = GOOD[block * 4096 + 252 : block * 4096 + 256]
    use_everything(bytes(contents))


def test_huge_size_in_an_index_header_does_not_read_for_ever():
    at = GOOD.index(b"/a\0") - 5
    use_everything(GOOD[:at] + (0xFFFFFFF0).to_bytes(4, "little") + GOOD[at + 4 :])
