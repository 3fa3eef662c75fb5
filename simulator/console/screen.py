"""The escape sequences of the full-screen commands, and how they ask a terminal for its size.

Theory of operation (``components/sys/sys/console.c``): the cursor is sent far out, the terminal is asked where it is,
and the four parts of its answer ``ESC [ rows ; columns R`` are waited for one after the other. Each wait is meant to
take 100 ms at most, but the fractions of the seconds are subtracted with the wrong sign, so it ends when the clock
shows a new second: where nothing answers the question takes between three and four seconds.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from simulator.console.program import READ_THIS_SECOND, Program

CLEAR: Final = b"\x1b[2J\x1b[1;1H"
ERASE_TO_END_OF_LINE: Final = b"\x1b[K"
PLAIN: Final = b"\x1b[0m"
BOLD_REVERSED: Final = b"\x1b[1m\x1b[7m"

_WHERE_IS_THE_CORNER: Final = b"\x1b[s\x1b[999;999H\x1b[6n\x1b[u"
_NUMBER: Final = re.compile(rb"\s*([+-]?\d+)")


class Size(NamedTuple):
    """Rows and columns of a terminal; 0 where it said nothing."""

    rows: int
    columns: int


def go_to(column: int, row: int) -> bytes:
    """Return what moves the cursor; both count from 0."""
    return b"\x1b[%d;%dH" % (row + 1, column + 1)


def size() -> Program[Size]:
    """Ask the terminal for its size. What is typed meanwhile is lost."""
    yield _WHERE_IS_THE_CORNER
    yield from _read_until(b"\x1b")
    yield from _read_until(b"[")
    rows = yield from _read_until(b";")
    columns = yield from _read_until(b"R")
    return Size(number_in(rows), number_in(columns))


def _read_until(end: bytes) -> Program[bytes]:
    """Return what comes before ``end``, or before time is up."""
    read = bytearray()
    while (byte := (yield READ_THIS_SECOND)) not in (b"", end):
        read += byte
    return bytes(read)


def number_in(text: bytes) -> int:
    """Return what ``atoi`` makes of a text."""
    found = _NUMBER.match(text)
    return int(found[1]) if found else 0


def status_line(text: bytes) -> Program[None]:
    """Write a text below the last line, in reverse."""
    rows = (yield from size()).rows
    yield go_to(0, rows) + BOLD_REVERSED + text + ERASE_TO_END_OF_LINE + PLAIN


def clear_status_line() -> Program[None]:
    """Clear the line below the last one."""
    rows = (yield from size()).rows
    yield go_to(0, rows) + ERASE_TO_END_OF_LINE + PLAIN
