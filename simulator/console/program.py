"""Programs that have the console to themselves for a while: what they ask for, and what they are told.

A program is a generator. It yields bytes to be written, a `Pause`, or what it reads: `READ` to get the next byte that
is typed, `READ_THIS_SECOND` to get it only if it comes before the board's clock shows another second (else ``b""``),
`READ_NOW` to get it only if it is there (else ``b""``). What it returns is its result. Whoever runs it has the UART and
the clock.
"""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum
from typing import Final, NamedTuple, TypeAlias, TypeVar

from simulator.console.history import History
from simulator.console.line_editor import LineEditor


class Read(Enum):
    """Which byte a program waits for."""

    NEXT = "the next one"
    THIS_SECOND = "one in what is left of the clock's second"
    NOW = "one that is there"


READ: Final = Read.NEXT
READ_THIS_SECOND: Final = Read.THIS_SECOND
READ_NOW: Final = Read.NOW


class Pause(NamedTuple):
    """A program sleeps."""

    seconds: float


Effect: TypeAlias = bytes | Read | Pause
_T = TypeVar("_T")
Program: TypeAlias = Generator[Effect, bytes, _T]


def read_line(prompt: bytes, *, history: History | None = None, password: bool = False) -> Program[bytes]:
    """Return what is typed until Enter, or until ^C."""
    editor = LineEditor(prompt, history=history, password=password)
    yield editor.start()
    while editor.outcome is None:
        byte = yield READ
        yield editor.feed(byte[0])
    return editor.line
