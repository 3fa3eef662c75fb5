"""Images made by other people's tools (see data/README.md), read by us, and written by us byte for byte."""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from simulator.filesystem import FileSystemError, FileType
from simulator.filesystem.interface import Whence
from simulator.filesystem.memory import MemoryFlash
from simulator.filesystem.spiffs import SpiffsFileSystem
from simulator.filesystem.spiffs_files import Files
from simulator.filesystem.spiffs_layout import DELETED, FREE, INDEX_FLAG, Geometry
from simulator.filesystem.spiffs_volume import SpiffsError, Volume

DATA = Path(__file__).parent / "data"
SIZE = 0x10000
LONG_DIRECTORY = "/" + "d" * 30
NAME_OF_63_BYTES = f"{LONG_DIRECTORY}/" + "f" * 31


def pseudo_text(seed: int, length: int) -> bytes:
    lines: list[bytes] = []
    while len(lines) * 9 < length:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        lines.append(b"%08x\n" % seed)
    return b"".join(lines)[:length]


FILES = {
    "/system.lua": pseudo_text(1, 700),
    "/autorun.lua": pseudo_text(2, 251),
    "/empty": b"",
    "/lib/lua/net.lua": pseudo_text(3, 1500),
    "/www/index.html": pseudo_text(4, 252),
    "/big.bin": pseudo_text(5, 24_000),
    "/" + "n" * 60: b"61 bytes of name",
    NAME_OF_63_BYTES: b"63 bytes of name",
}


def golden(name: str) -> MemoryFlash:
    flash = MemoryFlash(SIZE)
    flash.program(0, gzip.decompress((DATA / f"{name}.img.gz").read_bytes()))
    return flash


def contents_by_name(flash: MemoryFlash, block_size: int) -> dict[str, bytes]:
    files = Files(Volume(flash, Geometry(SIZE, block_size, 256)))
    contents = {}
    for name in [header.name for header in files.list()]:
        number = files.open(name, readable=True)
        contents[name.decode()] = files.read(number, SIZE)
        files.close(number)
    return contents


@pytest.mark.parametrize("block_size", [8192, 4096])
def test_reads_what_mkspiffs_wrote(block_size):
    fs = SpiffsFileSystem(golden(f"mkspiffs-{block_size}"), block_size=block_size, page_size=256)
    for path, contents in FILES.items():
        if path != NAME_OF_63_BYTES:  # which Lua RTOS takes for a directory
            assert fs.read_file(path) == contents
    names = {entry.name: entry.type for entry in fs.listdir("/")}
    assert names["lib"] is FileType.DIRECTORY
    assert set(names) == {path[1:].partition("/")[0] for path in FILES}
    assert [entry.name for entry in fs.listdir("/lib/lua")] == ["net.lua"]


@pytest.mark.parametrize("block_size", [8192, 4096])
def test_usage_is_what_mkspiffs_prints(block_size):
    """`mkspiffs -i` of these images: total 46937 and 52961, used 31124."""
    fs = SpiffsFileSystem(golden(f"mkspiffs-{block_size}"), block_size=block_size, page_size=256)
    assert fs.usage() == ({8192: 46_937, 4096: 52_961}[block_size], 31_124)


def test_reads_what_spiffsgen_wrote():
    assert contents_by_name(golden("spiffsgen-8192"), 8192) == FILES


def test_files_of_a_spiffsgen_image_cannot_be_opened_by_lua_rtos():
    """It makes no root directory, and the driver looks for that first."""
    fs = SpiffsFileSystem(golden("spiffsgen-8192"), block_size=8192, page_size=256)
    with pytest.raises(FileSystemError):
        fs.open("/system.lua")


@pytest.mark.parametrize("block_size", [8192, 4096])
def test_the_same_writes_leave_the_same_bytes_as_mkspiffs(block_size):
    """Hundreds of pages and several garbage collections later every live page is where mkspiffs has it."""
    theirs = golden(f"mkspiffs-{block_size}")
    geometry = Geometry(SIZE, block_size, 256)
    in_order = sorted(Files(Volume(theirs, geometry)).list(), key=lambda header: header.object_id)

    ours = MemoryFlash(SIZE)
    Volume.format(ours, geometry)
    files = Files(Volume(ours, geometry))
    for header in in_order:
        number = files.open(header.name, writable=True, create=True)
        for byte in FILES.get(header.name.decode(), b""):
            files.write(number, bytes((byte,)))
        files.close(number)

    assert live_bytes(ours, geometry) == live_bytes(theirs, geometry)


def histories() -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in gzip.decompress((DATA / "spiffs-histories.jsonl.gz").read_bytes()).splitlines()
    ]


@pytest.mark.parametrize("history", histories(), ids=lambda history: f"{history['block_size']}-of-{history['size']}")
def test_the_same_history_has_the_same_results_and_leaves_the_same_bytes_as_spiffs_itself(history):
    """An almost full volume whose files come, grow, change and go, so that what to collect is a choice every time."""
    geometry = Geometry(history["size"], history["block_size"], history["page_size"])
    flash = MemoryFlash(history["size"])
    Volume.format(flash, geometry)
    files = Files(Volume(flash, geometry))
    results = []
    for kind, *arguments in history["steps"]:
        if kind == "remount":
            files.close_all()
            files = Files(Volume(flash, geometry))
        results.append(result_of(files, kind, *arguments))
    files.close_all()
    assert results == history["results"]
    theirs = MemoryFlash(history["size"])
    theirs.program(0, base64.b64decode(history["image"]))
    assert live_bytes(flash, geometry) == live_bytes(theirs, geometry)


def result_of(files: Files, kind: str, *arguments: Any) -> int:
    """Do one step and return SPIFFS's number of the first thing that failed, 0 if nothing did."""
    try:
        if kind == "remove":
            files.remove(arguments[0].encode())
        elif kind == "rename":
            files.rename(arguments[0].encode(), arguments[1].encode())
        elif kind != "remount":
            write(files, *arguments, empty=kind == "replace")
    except SpiffsError as error:
        return int(error.result)
    return 0


def write(files: Files, name: str, offset: int, seed: int, length: int, piece: int, *, empty: bool) -> None:
    """Write so many bytes that follow from ``seed`` at an offset, in pieces."""
    number = files.open(name.encode(), readable=True, writable=True, create=True, empty=empty)
    try:
        if offset:
            files.seek(number, offset, Whence.START)
        for start in range(0, length, piece):
            stop = min(start + piece, length)
            files.write(number, bytes((seed + index * 31) % 256 for index in range(start, stop)))
    except SpiffsError:
        with suppress(SpiffsError):
            files.close(number)
        raise
    files.close(number)


def live_bytes(flash: MemoryFlash, geometry: Geometry) -> list[bytes]:
    """Return all pages; of deleted ones nothing, of index pages without the three bytes of alignment."""
    volume = Volume(flash, geometry)
    pages = []
    for page in range(geometry.page_count):
        content = bytes(volume.read_page(page))
        if not geometry.is_lookup(page):
            owner = volume.owner(page)
            if owner == DELETED:
                content = b""
            elif owner & INDEX_FLAG and owner != FREE:
                content = content[:5] + content[8:]
        pages.append(content)
    return pages
