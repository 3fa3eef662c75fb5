r"""Every text of the boot, in the order in which the console shows it.

From the first line of the app to the first prompt: `BOOTING`, a pause of 100 ms, `CLEAR_SCREEN`, `banner`, the log
messages `cpu_message`, `flash_eui_message` and those of the root file system (all subject to the log mask), `LINE`,
`INTERPRETER`, then either `LINE`, one `executing` line for each script found, `LINE`, or `BOOT_SCRIPTS_ABORTED`.

Texts are what the program writes, line ends mixed as in the firmware (`\r\n` becomes `\r\r\n` on the wire); log
messages are without line end, for `simulator.console.syslog.Log.write`. Facts from ``components/sys/sys/sys_init.c``,
``components/sys/drivers/cpu.c``, ``components/lua/modules/sys/lua_adds.inc``, ``components/sys/vfs/spiffs.c`` and
``lfs.c``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from simulator.console.syslog import Level
from simulator.units import KIB

VERSION: Final = "beta 0.1"
LUA_RELEASE: Final = "Lua 5.3.4"

BOOTING: Final = b"Booting Lua RTOS...\r\n"
CLEAR_SCREEN: Final = b"\x1b[2J\x1b[1;1H"
LOGO: Final = b"  /\\       /\\\r\n /  \\_____/  \\\r\n/_____________\\\r\nW H I T E C A T\r\n\r\n"
LINE: Final = b"\n"
INTERPRETER: Final = f"Lua RTOS {VERSION} powered by {LUA_RELEASE}\n".encode()
BOOT_SCRIPTS_ABORTED: Final = b"Lua RTOS-boot-scripts-aborted-ESP32\r\n"
CANNOT_START: Final = b"Cannot start lua\n"
"""Shown when there is no memory for the interpreter's task; the board then hangs."""

BOOT_SCRIPTS: Final = ("/system.lua", "/autorun.lua")


def banner(*, build_time: int, commit: str, partition: str, board_type: str) -> bytes:
    """Return the logo, the copyright notice and the four lines that say what runs where.

    ``build_time`` is in Unix seconds, ``partition`` the label of the running partition; an empty ``board_type``
    leaves its blank.
    """
    return (
        LOGO
        + (
            f"Lua RTOS {VERSION}. Copyright (C) 2015 - 2020 whitecatboard.org\r\n\r\n"
            f"build {build_time}\r\ncommit {commit}\r\nRunning from {partition} partition\r\n"
            f"board type {board_type}\r\n"
        ).encode()
    )


def cpu_message(*, model: str, revision: int, frequency_mhz: int, cores: int, features: Iterable[str]) -> bytes:
    """Return the INFO message that describes the chip; ``features`` are those of `simulator.boards.schema.Chip`."""
    words = [f"{cores} {'Cores' if cores > 1 else 'Core'}", *features]
    return f"cpu {model} rev {revision} at {frequency_mhz} Mhz, {', '.join(words)}".encode()


def flash_eui_message(unique_id: bytes) -> bytes:
    """Return the INFO message with the flash chip's unique id (eight bytes), of builds that read it."""
    return f"flash EUI {unique_id.hex()}".encode()


def executing(path: str) -> bytes:
    """Return the line before a boot script runs."""
    return f"Executing {path} ...\n".encode()


def spiffs_mount_messages(
    *, offset: int, size_bytes: int, formatted: bool, target: str = "/"
) -> Iterator[tuple[Level, bytes]]:
    """Yield the messages of mounting SPIFFS at ``target``; ``formatted`` if its partition held no file system."""
    yield Level.INFO, _start("spiffs", offset, size_bytes)
    if formatted:
        yield Level.ERR, b"spiffs no file system detected, formating..."
        yield Level.INFO, b"spiffs creating root folder"
    yield Level.INFO, f"spiffs mounted on {target}".encode()


def lfs_mount_messages(
    *,
    offset: int,
    size_bytes: int,
    block_bytes: int,
    read_bytes: int,
    program_bytes: int,
    formatted: bool,
    target: str = "/",
) -> Iterator[tuple[Level, bytes]]:
    """Yield the messages of mounting LFS at ``target``; ``formatted`` if the first attempt to mount failed."""
    yield Level.INFO, _start("lfs", offset, size_bytes)
    yield (
        Level.INFO,
        f"lfs {size_bytes // block_bytes} blocks, {block_bytes} bytes/block, {read_bytes} bytes/read, "
        f"{program_bytes} bytes/write".encode(),
    )
    if formatted:
        yield Level.INFO, b"lfs formatting ..."
    yield Level.INFO, f"lfs mounted on {target}".encode()


def _start(name: str, offset: int, size_bytes: int) -> bytes:
    return f"{name} start address at 0x{offset:x}, size {size_bytes // KIB} Kb".encode()
