"""The editor behind every prompt: bytes in, echo out, until the line is accepted or given up.

Theory of operation (``components/lua/common/linenoise.c``): a character typed at the end of a line that fits the
assumed 256 columns is echoed as it is. Everything else redraws: CR, prompt, text, erase to the right, CR, cursor
right by prompt length plus cursor position. There is no terminal query and no completion. A line ends at CR only;
LF is a character like any other (and the write path turns its echo into CR LF). One editor serves one line.

All output is what the program writes, before `simulator.console.newline.to_wire`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar, Final

from simulator.console.history import LINE_BYTES_MAX, NOT_IN_HISTORY, History

CONTINUATION_PROMPT: Final = b">> "
PROMPT_BYTES_MAX: Final = 74
"""Bytes of a prompt that a script sets (``PATH_MAX + 10``)."""

COLUMNS: Final = 256
"""The width the editor assumes: the size of its buffer."""

_ESCAPE: Final = 0x1B
_CLEAR_SCREEN: Final = b"\x1b[H\x1b[2J"


def main_prompt(directory: bytes, override: bytes | None = None) -> bytes:
    """Return the prompt of a first line: the current directory, unless the global ``_PROMPT`` has a text."""
    return directory + b" > " if override is None else override[:PROMPT_BYTES_MAX]


def continuation_prompt(override: bytes | None = None) -> bytes:
    """Return the prompt of a further line of one statement; ``override`` is the global ``_PROMPT2``."""
    return CONTINUATION_PROMPT if override is None else override[:PROMPT_BYTES_MAX]


class Outcome(Enum):
    """How an input line ended. The line end (LF) is part of the editor's output in each case."""

    LINE = "line"
    INTERRUPTED = "interrupted"  # ^C
    END_OF_INPUT = "end of input"  # ^D on an empty line; a UART never delivers it


class LineEditor:
    """One input line. Write `start`, then `feed` every byte and write the answer until `outcome` is set.

    Without ``history`` the arrow keys just redraw, as where nothing is stored. With ``password`` nothing typed is
    shown and nothing is remembered (though the arrow keys still bring the history in, as on the device).
    """

    __slots__ = ("_escape", "_history", "_history_index", "_password", "_position", "_prompt", "_text", "outcome")

    def __init__(self, prompt: bytes, *, history: History | None = None, password: bool = False) -> None:
        self._prompt = prompt
        self._history = history
        self._password = password
        self._text = bytearray()
        self._position = 0
        self._history_index = NOT_IN_HISTORY
        self._escape: bytes | None = None
        self.outcome: Outcome | None = None

    @property
    def line(self) -> bytes:
        """The text so far, without the CR. It is a C string for its readers: a typed NUL hides what follows."""
        return bytes(self._text).partition(b"\0")[0]

    def start(self) -> bytes:
        """Return what is written before the first byte is read: the prompt."""
        return self._prompt

    def feed(self, byte: int) -> bytes:
        """Take one byte from the receive queue and return what is written for it. Sets `outcome` at the end."""
        assert self.outcome is None, "the line has ended"
        if self._escape is not None:
            return self._continue_escape(byte)
        key = self._KEYS.get(byte)
        return self._insert(byte) if key is None else key(self)

    def feed_all(self, data: bytes) -> tuple[bytes, int]:
        """Feed ``data`` up to the end of the line; return what is written and how many bytes were taken."""
        output = bytearray()
        taken = 0
        for byte in data:
            if self.outcome is not None:
                break
            output += self.feed(byte)
            taken += 1
        return bytes(output), taken

    def _insert(self, byte: int) -> bytes:
        if len(self._text) >= LINE_BYTES_MAX:
            return b""
        at_end = self._position == len(self._text)
        self._text.insert(self._position, byte)
        self._position += 1
        if not at_end or len(self._prompt) + len(self._text) >= COLUMNS:
            return self._refresh()
        return b"" if self._password else bytes((byte,))

    def _refresh(self) -> bytes:
        if self._password:
            return b"\r%b\x1b[0K" % self._prompt
        width = len(self._prompt)
        cut = max(0, width + self._position - COLUMNS + 1)
        shown = bytes(self._text[cut : cut + max(0, COLUMNS - width)])
        return b"\r%b%b\x1b[0K\r\x1b[%dC" % (self._prompt, shown, width + self._position - cut)

    def _move_to(self, position: int) -> bytes:
        if position == self._position or not 0 <= position <= len(self._text):
            return b""
        self._position = position
        return self._refresh()

    def _home(self) -> bytes:
        return self._move_to(0)

    def _end(self) -> bytes:
        return self._move_to(len(self._text))

    def _left(self) -> bytes:
        return self._move_to(self._position - 1)

    def _right(self) -> bytes:
        return self._move_to(self._position + 1)

    def _backspace(self) -> bytes:
        if self._position == 0:
            return b""
        self._position -= 1
        del self._text[self._position]
        return self._refresh()

    def _delete(self) -> bytes:
        if self._position == len(self._text):
            return b""
        del self._text[self._position]
        return self._refresh()

    def _delete_to_end(self) -> bytes:
        del self._text[self._position :]
        return self._refresh()

    def _delete_line(self) -> bytes:
        self._text.clear()
        self._position = 0
        return self._refresh()

    def _delete_word(self) -> bytes:
        start = len(self._text[: self._position].rstrip(b" "))
        start = self._text.rfind(b" ", 0, start) + 1
        del self._text[start : self._position]
        self._position = start
        return self._refresh()

    def _transpose(self) -> bytes:
        at = self._position
        if not 0 < at < len(self._text):
            return b""
        self._text[at - 1], self._text[at] = self._text[at], self._text[at - 1]
        if at != len(self._text) - 1:
            self._position += 1
        return self._refresh()

    def _clear_screen(self) -> bytes:
        return _CLEAR_SCREEN + self._refresh()

    def _ignore(self) -> bytes:
        return b""

    def _older(self) -> bytes:
        return self._recall(History.older)

    def _newer(self) -> bytes:
        return self._recall(History.newer)

    def _recall(self, step: Callable[[History, int, bytes], tuple[int, bytes] | None]) -> bytes:
        if self._history is not None:
            if not self._history.enabled:
                return b""
            entry = step(self._history, self._history_index, self.line)
            if entry is not None:
                self._history_index, text = entry
                self._text = bytearray(text)
                self._position = len(text)
        return self._refresh()

    def _accept(self) -> bytes:
        if self._text and self._history is not None and not self._password:
            self._history.add(self.line)
        return self._finish(Outcome.LINE)

    def _interrupt(self) -> bytes:
        return self._finish(Outcome.INTERRUPTED)

    def _delete_or_leave(self) -> bytes:
        return self._delete() if self._text else self._finish(Outcome.END_OF_INPUT)

    def _finish(self, outcome: Outcome) -> bytes:
        self.outcome = outcome
        return b"\n"

    def _begin_escape(self) -> bytes:
        self._escape = b""
        return b""

    def _continue_escape(self, byte: int) -> bytes:
        """Take two bytes after ESC, whatever they are, and one more after ``[`` and a digit."""
        assert self._escape is not None
        sequence = self._escape + bytes((byte,))
        if len(sequence) == 1 or (len(sequence) == 2 and sequence[:1] == b"[" and sequence[1:].isdigit()):
            self._escape = sequence
            return b""
        self._escape = None
        return self._SEQUENCES.get(sequence, LineEditor._ignore)(self)

    # Every byte that is not here is text, control characters included.
    _KEYS: ClassVar[Mapping[int, Callable[[LineEditor], bytes]]] = {
        0x01: _home,  # ^A
        0x02: _left,  # ^B
        0x03: _interrupt,  # ^C, where it arrives as data
        0x04: _delete_or_leave,  # ^D, from a remote shell only
        0x05: _end,  # ^E
        0x06: _right,  # ^F
        0x08: _backspace,  # ^H
        0x0B: _delete_to_end,  # ^K
        0x0C: _clear_screen,  # ^L
        0x0D: _accept,  # Enter
        0x0E: _ignore,  # ^N
        0x10: _ignore,  # ^P
        0x14: _transpose,  # ^T
        0x15: _delete_line,  # ^U
        0x17: _delete_word,  # ^W
        _ESCAPE: _begin_escape,
        0x7F: _backspace,
    }

    # What follows ESC; every other sequence of the same length is swallowed.
    _SEQUENCES: ClassVar[Mapping[bytes, Callable[[LineEditor], bytes]]] = {
        b"[A": _older,
        b"[B": _newer,
        b"[C": _right,
        b"[D": _left,
        b"[H": _home,
        b"[F": _end,
        b"OH": _home,
        b"OF": _end,
        b"[3~": _delete,
    }
