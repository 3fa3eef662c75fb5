"""How much of the Lua API is there. The one place to edit when a function arrives.

A path stands for itself and everything below it, and the longest that fits wins: ``"net"`` covers ``net.ota`` and
``net.curl.get``, ``"net.curl"`` takes the latter out again, ``"tmr.timer"`` stands for the methods of that type and
``"_G"`` for the base functions. What no path covers is missing.

- ``faithful``: does what the reference says, defects included
- ``partial``: usable, but the note says what is different
- ``missing``: raises an error that names the function and says so
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal["faithful", "partial", "missing"]

_PLANNED: Final[tuple[Status, str]] = ("missing", "planned next")

STATUS: Final[Mapping[str, tuple[Status, str]]] = {
    "_G": _PLANNED,
    "coroutine": _PLANNED,
    "string": _PLANNED,
    "table": _PLANNED,
    "math": _PLANNED,
    "utf8": _PLANNED,
    "debug": _PLANNED,
    "io": _PLANNED,
    "package": _PLANNED,
    "os": _PLANNED,
    "thread": _PLANNED,
    "tmr": _PLANNED,
    "nvs": ("faithful", ""),
    "crc": ("faithful", ""),
    "md5": ("faithful", ""),
    "pack": ("faithful", ""),
    "vm": ("partial", "accepted, but block annotations are comments to this lexer"),
    "net": _PLANNED,
    "net.curl": ("missing", ""),
    "net.http": ("faithful", ""),
    "net.scp": ("missing", ""),
    "net.ssh": ("missing", ""),
    "net.service": ("missing", ""),
    "net.service.sntp": ("faithful", ""),
    "net.tu": ("missing", ""),
    "socket": ("faithful", ""),
    "socket.connect": ("partial", "the local address is ignored"),
    "socket.connect4": ("partial", "the local address is ignored"),
    "socket.connect6": ("missing", ""),
    "socket.select": ("partial", "every socket counts as writable"),
    "socket.tcp6": ("missing", ""),
    "socket.udp6": ("missing", ""),
    "socket.tcp:close": ("partial", "a socket that is dropped without it stays open until the interpreter ends"),
    "socket.tcp:connect": ("partial", "an attempt that times out does not go on in the background"),
    "socket.tcp:getoption": ("partial", "options are kept and change nothing"),
    "socket.tcp:setoption": ("partial", "options are kept and change nothing"),
    "socket.tcp:getstats": ("partial", "the age is always 0"),
    "socket.tcp:setfd": ("missing", ""),
    "socket.tcp:setstats": ("missing", ""),
    "socket.udp:close": ("partial", "a socket that is dropped without it stays open until the interpreter ends"),
    "socket.udp:getoption": ("partial", "options are kept and change nothing"),
    "socket.udp:setoption": ("partial", "options are kept and change nothing"),
    "socket.udp:setfd": ("missing", ""),
    "socket.dns": ("missing", ""),
    "socket.dns.toip": ("faithful", ""),
    "socket.http": ("missing", ""),
    "socket.ftp": ("missing", ""),
    "socket.smtp": ("missing", ""),
    "socket.tp": ("missing", ""),
    "socket.url": ("missing", ""),
    "socket.headers": ("missing", ""),
}
