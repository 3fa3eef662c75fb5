"""The firmware's log as the console sees it: level mask, message layout, and the writer of Lua's error reports.

The console shows the bare text: no time, level or tag. Where a text ends in one LF, an error in the trimming code
puts the CR behind it and drops the final LF; hosts see the next prompt directly after it, so it is kept to the byte.
Facts from ``components/sys/unix/syslog.c``, ``components/sys/sys/sys_init.c`` and ``components/lua/src/lauxlib.c``.

Everything here is what the program writes: `simulator.console.newline.to_wire` makes it what the UART carries. Where
the file on a memory card is and when it is opened is others' business, as is where the server on the network is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """The levels, as ``os.LOG_EMERG`` to ``os.LOG_DEBUG`` show them. Bit n of the mask admits level n."""

    EMERG = 0
    ALERT = 1
    CRIT = 2
    ERR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


LOG_ALL: Final = 255
"""``os.LOG_ALL``: as an argument of ``os.loglevel`` it stands for every level."""

MASK_AT_BOOT: Final[Mapping[str, int]] = {
    "NONE": 0x01,
    "ERROR": 0x0F,
    "WARN": 0x1F,
    "INFO": 0x7F,
    "DEBUG": 0xFF,
    "VERBOSE": 0xFF,
}
"""The mask after boot, by the level in ``CONFIG_LOG_DEFAULT_LEVEL_*``, as in `Board.log_level`."""

BUFFER_BYTES: Final = 512
"""``MAX_BUFF``: the room for a message, its priority and the NUL behind it included."""
_LEVEL_BITS: Final = 0x007
_FACILITY_BITS: Final = 0x3F8
_LOCAL1: Final = 17 << 3  # the facility the firmware opens its log with


def mask_of_levels(levels: Iterable[int]) -> int:
    """Return the mask that ``os.loglevel(levels...)`` sets: everything up to each of the levels.

    Raises `ValueError` with the text of the Lua error for anything but 0 to 7 and 255.
    """
    mask = 0
    for level in levels:
        if level == LOG_ALL:
            mask |= _up_to(Level.DEBUG)
        elif Level.EMERG <= level <= Level.DEBUG:
            mask |= _up_to(level)
        else:
            raise ValueError("invalid flag")
    return mask


def _up_to(level: int) -> int:
    return (2 << level) - 1


class Log:
    """The state behind ``os.loglevel`` (``mask``) and ``os.logcons`` (``to_console``); it outlives the interpreter.

    Messages are bytes, cut at the first NUL as C does it.
    """

    __slots__ = ("file", "mask", "server", "to_console")

    def __init__(self, mask: int) -> None:
        self.mask = mask
        self.to_console = True
        self.file: Callable[[bytes], object] | None = None
        """Gets what the log file gets, while there is one."""
        self.server: Callable[[bytes], object] | None = None
        """Gets what a server on the network gets, while there is a connection to one."""

    def write(self, priority: int, message: bytes) -> bytes:
        """Return what the console shows of a message, ``b""`` if nothing.

        ``priority`` is a `Level`; a script may add a facility (``os.syslog``), whose digits then take room.
        """
        if not self.mask >> (priority & _LEVEL_BITS) & 1:
            return b""
        priority &= _LEVEL_BITS | _FACILITY_BITS
        if not priority & _FACILITY_BITS:
            priority |= _LOCAL1
        text, room = message.partition(b"\0")[0], BUFFER_BYTES - len(f"<{priority}>")
        shown = sent = _layout(text, room) if self.to_console else b""
        if self.file is not None:
            sent = _file_text(text[: room - 1], to_console=self.to_console)
            self.file(sent)
        if self.server is not None:
            self.server(b"<%d>" % priority + (sent or text[: room - 1]))
        return shown

    def error(self, message: bytes) -> bytes:
        """Return what the console shows of an error report of Lua (``lua_writestringerror``).

        It is a log message of level ERR. With the log off the console the text goes to stderr instead: the same
        console, but unmasked, uncut and with the line end as given.
        """
        if self.to_console:
            return self.write(Level.ERR, message)
        return message.partition(b"\0")[0]


def _file_text(text: bytes, *, to_console: bool) -> bytes:
    """Return what the log file gets. The trimming looks behind the end of the text, so the console's line end stays."""
    if to_console and not text.endswith(b"\r\n"):
        return (text + b"\r\n\n")[: len(text.rstrip(b"\n")) + 3]
    return text + b"\n"


def _layout(text: bytes, room: int) -> bytes:
    """Return ``text`` as written to the console; ``room`` is the space after the hidden ``<priority>``, NUL included.

    A text that misses the room by exactly one is counted with its lost character, so its NUL is written as well.
    """
    if len(text) == room:
        return text[: room - 1] + b"\r\n\0"
    text = text[: room - 1]
    if text.endswith(b"\r\n"):
        return text
    return (text + b"\r\n")[: len(text.rstrip(b"\n")) + 2]
