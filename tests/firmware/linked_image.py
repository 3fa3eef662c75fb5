"""Images laid out as the linker lays out a real build of Lua RTOS, for tests that have no real board.

What a compiler makes of a call is a row of constants in the order of use, arguments before their format: strings go
into ``.flash.rodata``, equal ones once, and the literal pool before the function has their addresses and the numbers.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.boards import Board
from simulator.filesystem import build_file_system
from simulator.formats import AppDescriptor, OtaData, Segment, build_image
from simulator.testing import build_flash

COMMIT: Final = "6b455df4965c2242754a80896562e254ba0ee528"
BUILD_TIME: Final = 1669989664
DESCRIPTOR: Final = AppDescriptor(
    version="6b455df4-dirty",
    project_name="lua_rtos",
    time="14:01:04",
    date="Dec  2 2022",
    idf_ver="v4.0-dev-59-gcc9b06d4daa-dirty",
)
BANNER: Final = (
    "Lua RTOS %s. Copyright (C) 2015 - 2020 whitecatboard.org\r\n\r\nbuild %d\r\ncommit %s\r\n"
    "Running from %s partition\r\n"
)
OLD_BANNER: Final = "Lua RTOS %s build %d Copyright (C) 2015 - 2016 whitecatboard.org\r\n"

_DROM: Final = 0x3F400020
_IROM: Final = 0x400D0020

Constant = str | int


@dataclass
class Linker:
    """Puts functions together. ``align`` is that of strings: 4 with older compilers, 1 with newer ones."""

    align: int = 4
    descriptor: AppDescriptor | None = DESCRIPTOR
    functions: Sequence[Sequence[Constant]] = ()

    def image(self) -> bytes:
        """Return the image of all functions."""
        rodata = bytearray(self.descriptor.to_bytes() if self.descriptor else bytes(64))
        addresses: dict[str, int] = {}
        code = bytearray()
        filler = random.Random(len(self.functions))
        for function in self.functions:
            pool = bytearray()
            for constant in function:
                if isinstance(constant, int):
                    pool += struct.pack("<I", constant)
                    continue
                if constant not in addresses:
                    rodata += bytes(-len(rodata) % self.align)
                    addresses[constant] = _DROM + len(rodata)
                    rodata += constant.encode() + b"\0"
                pool += struct.pack("<I", addresses[constant])
            code += pool + filler.randbytes(4 * filler.randint(8, 60))
        segments = [Segment(_DROM, bytes(rodata)), Segment(_IROM, bytes(code)), Segment(0x3FFB0000, bytes(64))]
        return build_image(segments, entry=0x40080400)


def noise(seed: int) -> list[Sequence[Constant]]:
    """Return functions of no interest: strings of a real firmware's kind, and numbers."""
    draw = random.Random(seed)
    words: list[Constant] = [
        "443",
        "OTA",
        "sd",
        "/sd",
        "%s",
        "ota_0",
        "127.0.0.1",
        "pool.ntp.org",
        "spiffs",
        "E (%d) %s: %s\n",
        "",
    ]
    return [[draw.choice((*words, draw.getrandbits(32))) for _ in range(draw.randint(1, 6))] for _ in range(40)]


def lua_rtos(
    *,
    type_: str = "N1ESP32",
    subtype: str = "OTA",
    firmware: str = "WHITECAT-ESP32-N1-OTA",
    commit: str = COMMIT,
    build_time: int = BUILD_TIME,
    server: str = "ota.whitecatboard.org",
    ota: bool = True,
    align: int = 4,
    descriptor: AppDescriptor | None = DESCRIPTOR,
) -> bytes:
    """Return an image of Lua RTOS as it is built today."""
    start: list[Constant] = [
        *("Booting Lua RTOS...\r", 0x400D2CFC),
        *(commit, build_time, "beta 0.1", BANNER, type_, "board type %s\r\n", 0x3FFB1380),
    ]
    version: list[Constant] = ["Lua RTOS", "beta 0.1", build_time, commit]
    update: list[Constant] = [
        *(server, "Connecting to https://%s ...\r\n", "443", commit, "Current firmware commit is %s\r\n"),
        *(firmware, "/?firmware=%s&commit=%s", "application/octet-stream", "Begin OTA update ...\r"),
    ]
    functions = [*noise(1), start, *noise(2), version, [type_, subtype, ""], *noise(3), *([update] if ota else [])]
    return Linker(align, descriptor, functions).image()


def lua_rtos_of_2016() -> bytes:
    """Return an image like those of November 2016: no descriptor, no commit, no board type, format before version."""
    start: list[Constant] = [
        *("Cannot start lua", "  /\\       /\\\r", "W H I T E C A T\r\n\r", OLD_BANNER, "beta 0.1", 0x57CCAE75, "<%d>"),
    ]
    return Linker(4, None, [*noise(1), start, *noise(2)]).image()


def hello_world() -> bytes:
    """Return an image of another project."""
    descriptor = AppDescriptor(version="v1.2", project_name="hello_world", time="10:00:00", date="Jan  1 2023")
    return Linker(1, descriptor, [*noise(1), ["Hello world!\n", "Restarting in %d seconds...\n"], *noise(2)]).image()


def dump_of(
    board: Board,
    apps: Mapping[str, bytes],
    *,
    otadata: OtaData | None = None,
    files: Mapping[str, bytes | None] | None = None,
    size_bytes: int | None = None,
) -> bytes:
    """Return what esptool would read from the whole flash of ``board`` with ``apps`` by partition label.

    ``size_bytes`` is that of another chip, with the board's table all the same.
    """
    parts = dict(apps)
    if otadata is not None:
        parts["otadata"] = otadata.to_bytes()
    storage = build_file_system(
        files or {"/system.lua": b"os.loglevel(os.LOG_ERR)\n"},
        board.filesystem,
        size_bytes=board.storage_size_bytes,
        block_size=board.spiffs_block_size_bytes if board.filesystem == "spiffs" else board.lfs_block_size_bytes,
        page_size=board.spiffs_page_size_bytes if board.filesystem == "spiffs" else board.lfs_program_size_bytes,
    )
    parts["storage"] = storage
    return build_flash(parts, board.partition_table(), size_bytes=size_bytes or board.flash_size_bytes)
