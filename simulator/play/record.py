"""The record of what happened, and the cursor that waiting steps move through it.

The rule: *what a step waits for comes after what the waiting step before it has found, and it does not matter whether
it has come already.* So quick waits one after the other miss nothing, two lines that a board sends at once are two
finds, and what comes while a step lets time pass is still there for the next. A cursor stands between two events, or
inside the text of one: events of all boards are in one order, and it is never moved back.

Text is read as a terminal shows it: CR LF is one line end.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import trio

from simulator.events import Event, EventLog

KEPT_CHARACTERS: Final = 65536
"""So much of what did not match is kept, to show what came near."""
REGEX_REACH: Final = 8192
"""What a regular expression matches is no longer than this, if it does not come at once."""


@dataclass(order=True, slots=True)
class Cursor:
    """A place in the record: before the event ``index``, or behind the first ``offset`` characters of its text."""

    index: int = 0
    offset: int = 0

    def copy(self) -> Cursor:
        """Return another at the same place."""
        return replace(self)

    def move_to(self, other: Cursor) -> None:
        """Go to where ``other`` is."""
        self.index, self.offset = other.index, other.offset


class Record:
    """Every event since it was made, in order."""

    def __init__(self, events: EventLog) -> None:
        self.events: list[Event] = []
        self._more = trio.Event()
        self._unsubscribe = events.subscribe(self._add)

    def _add(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    async def more(self) -> None:
        """Return once there are more events than now."""
        self._more = trio.Event() if self._more.is_set() else self._more
        await self._more.wait()

    def lines(self, board: str, cursor: Cursor | None = None) -> list[tuple[int, str]]:
        """Return when each line of a board's console was ended, or seen last, and the line; only those before
        ``cursor`` if there is one.
        """
        lines: list[tuple[int, str]] = []
        rest = ""
        time_ns = 0
        last = len(self.events) if cursor is None else cursor.index + 1
        for index, event in enumerate(self.events[:last]):
            if event["kind"] != "console" or event["board"] != board:
                continue
            text = event["text"].replace("\r\n", "\n")
            if cursor is not None and index == cursor.index:
                text = text[: cursor.offset]
            *ended, rest = (rest + text).replace("\r\n", "\n").split("\n")
            time_ns = event["t"]
            lines += [(time_ns, line) for line in ended]
        return [*lines, (time_ns, rest)] if rest else lines

    def find_event(self, cursor: Cursor, kind: str, fields: Mapping[str, Any]) -> Cursor | None:
        """Return the place behind the next event of that kind with these fields; None if it has not come yet."""
        for index in range(cursor.index + bool(cursor.offset), len(self.events)):
            event = self.events[index]
            if event["kind"] == kind and all(event.get(name) == value for name, value in fields.items()):
                return Cursor(index + 1)
        return None


class Console:
    """What a board prints from a cursor on."""

    def __init__(self, record: Record, cursor: Cursor, board: str) -> None:
        self._record = record
        self._board = board
        self._next = cursor.index
        self._skip = cursor.offset
        self.text = ""
        self._starts: list[int] = []
        """Where in `text` each piece begins,"""
        self._pieces: list[Cursor] = []
        """and where that is in the record."""
        self._searched = 0
        self.found: re.Match[str] | None = None
        """What `find` has found."""

    def find(self, pattern: re.Pattern[str], reach: int) -> Cursor | None:
        """Return the place behind what matches first, None if nothing does yet. ``reach`` is how long that can be."""
        self._read()
        match = self.found = pattern.search(self.text, max(0, self._searched - reach))
        if match is None:
            self._searched = len(self.text)
            self._forget(len(self.text) - max(reach, KEPT_CHARACTERS))
            return None
        number = max(0, bisect.bisect_left(self._starts, match.end()) - 1)
        piece = self._pieces[number]
        return Cursor(piece.index, piece.offset + match.end() - self._starts[number])

    def _forget(self, length: int) -> None:
        """Let go of the first ``length`` characters, once they are many: a board can print for ever."""
        if length > KEPT_CHARACTERS:
            gone = max(0, bisect.bisect_right(self._starts, length) - 1)
            length = self._starts[gone]
            self.text = self.text[length:]
            self._starts = [start - length for start in self._starts[gone:]]
            self._pieces = self._pieces[gone:]
            self._searched -= length

    def _read(self) -> None:
        events = self._record.events
        pieces = [self.text]
        length = len(self.text)
        for index in range(self._next, len(events)):
            event = events[index]
            skip, self._skip = self._skip, 0
            if event["kind"] != "console" or event["board"] != self._board:
                continue
            text = event["text"].replace("\r\n", "\n")[skip:]
            if pieces[-1].endswith("\r") and text.startswith("\n"):
                pieces[-1] = pieces[-1][:-1]
                length -= 1
            self._starts.append(length)
            self._pieces.append(Cursor(index, skip))
            pieces.append(text)
            length += len(text)
        self._next = len(events)
        self.text = "".join(pieces)


def literally(text: str) -> tuple[re.Pattern[str], int]:
    """Return what finds ``text``, and how far it reaches."""
    plain = text.replace("\r\n", "\n")
    return re.compile(re.escape(plain)), len(plain)


def pattern_of(regex: str) -> tuple[re.Pattern[str], int]:
    """Return what finds a match of ``regex``, whose ``^`` and ``$`` are those of lines, and how far it reaches."""
    return re.compile(regex, re.MULTILINE), REGEX_REACH


def kinds_of(events: list[Event]) -> Iterator[str]:
    """Yield each kind of event once."""
    yield from dict.fromkeys(str(event["kind"]) for event in events)
