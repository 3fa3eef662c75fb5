"""``thread.list`` on the console (``modules/sys/thread.c``): the table, and the monitor that repeats it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from simulator.console.program import READ_NOW, Pause, Program
from simulator.console.screen import CLEAR, go_to

_RULE: Final = "-" * 95 + "\n"
_HEADER: Final = (
    "           |        |                  |        |      |      |            STACK               \n"
    "THID       | TYPE   | NAME             | STATUS | CORE | PRIO |   SIZE     FREE     USED       \n"
)
_ROW: Final = "%10d   %-6s   %-16s   %-6s   % 4d   % 4d   % 6d   % 6d   % 6d (% 3d%%)   \n"

# What is meant to hide the cursor and to show it; terminals ignore both.
_HIDE_CURSOR: Final = b"\x1b[25h"
_SHOW_CURSOR: Final = b"\x1b[25l"
_PERIOD_S: Final = 0.5


class ThreadRow(NamedTuple):
    """One task as the firmware sees it. ``type`` is ``lua``, ``thread`` or ``task``; sizes are in bytes."""

    id: int
    type: str
    name: str
    status: str
    core: int
    priority: int
    stack_bytes: int
    free_bytes: int

    @property
    def used_bytes(self) -> int:
        """What of the stack was ever used."""
        return self.stack_bytes - self.free_bytes


def in_order(rows: Sequence[ThreadRow]) -> list[ThreadRow]:
    """Return rows by type, core and name."""
    types = ("lua", "thread", "task")
    return sorted(rows, key=lambda row: (types.index(row.type), row.core, row.name))


def table(rows: Sequence[ThreadRow]) -> bytes:
    """Return the table of ``rows``."""
    text = _RULE + _HEADER + _RULE
    for row in rows:
        percent = row.used_bytes * 100 // row.stack_bytes
        text += _ROW % (*row, row.used_bytes, percent)
    return text.encode("utf-8", "surrogateescape")


def monitor(rows: Callable[[], Sequence[ThreadRow]]) -> Program[tuple[()]]:
    """Show the table every half second until ``q`` is typed; of what is typed else one byte is lost each time."""
    yield CLEAR + _HIDE_CURSOR
    while True:
        yield go_to(0, 0) + b"Monitoring threads every 0.5 seconds\n\n"
        yield table(rows()) + b"\n\nPress q for exit"
        if (yield READ_NOW) in (b"q", b"Q"):
            yield _SHOW_CURSOR + b"\r\n"
            return ()
        yield Pause(_PERIOD_S)
