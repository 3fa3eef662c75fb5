"""What came near to what a step waited for: most of what a person needs to see why it did not come."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.boards.ids import did_you_mean
from simulator.events import Event
from simulator.play.record import Cursor, Record, kinds_of
from simulator.units import format_duration

_LINES_COMPARED: Final = 500
_LINE_COMPARED: Final = 1000
"""So much of a line."""
_NEAR: Final = 0.6
"""How alike two lines have to be, from 0 to 1 (`difflib`)."""
_SHOWN_MAX: Final = 120
_HEADER: Final = ("n", "t", "board", "kind")


def of_text(record: Record, cursor: Cursor, board: str, text: str) -> Iterator[str]:
    """Yield what to say of a text that a board did not print after ``cursor``."""
    before = record.lines(board, cursor)
    wanted = text.strip().splitlines()[-1] if text.strip() else text
    for time_ns, line in reversed(before):
        if text in line:
            yield f"it was printed at {format_duration(time_ns)}, before what the step before has found"
            break
    after = record.lines(board)[max(0, len(before) - 1) :][-_LINES_COMPARED:]
    for time_ns, line in after:
        if wanted.casefold() in line.casefold() and wanted not in line:
            yield f"only upper and lower case differ: {_shown(line)} at {format_duration(time_ns)}"
            return
    nearest = max(after, key=lambda entry: _likeness(wanted, entry[1]), default=None)
    if nearest is not None and _likeness(wanted, nearest[1]) >= _NEAR:
        yield f"nearest: {_shown(nearest[1])} at {format_duration(nearest[0])}"
    for other in dict.fromkeys(str(event["board"]) for event in record.events if event["kind"] == "console"):
        if other != board and any(text in line for _, line in record.lines(other)):
            yield f"{other} has printed it"


def _likeness(wanted: str, line: str) -> float:
    """Return how alike a text and the part of a line that is nearest to it are."""
    line = line[:_LINE_COMPARED]
    matcher = difflib.SequenceMatcher(None, line, wanted, autojunk=False)
    if matcher.real_quick_ratio() < _NEAR / 2:
        return 0.0
    block = matcher.find_longest_match()
    start = max(0, block.a - block.b)
    return difflib.SequenceMatcher(None, line[start : start + len(wanted)], wanted, autojunk=False).ratio()


def of_event(record: Record, cursor: Cursor, kind: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what to say of an event that did not come after ``cursor``."""
    if record.find_event(Cursor(), kind, fields) is not None:
        yield "there was one, before what the step before has found"
        return
    same = [event for event in record.events if event["kind"] == kind]
    if same:
        nearest = max(same, key=lambda event: sum(event.get(name) == value for name, value in fields.items()))
        yield f"nearest: {_event_text(nearest)} at {format_duration(nearest['t'])}"
        return
    seen = sorted(kinds_of(record.events))
    hint = did_you_mean(kind, seen).removeprefix("; ") or f"there were {', '.join(seen)}"
    yield f"there was no {kind} at all; {hint}"


def _event_text(event: Event) -> str:
    fields = " ".join(f"{name}={value!r}" for name, value in event.items() if name not in _HEADER)
    return _shortened(f"{event['kind']} {fields} of {event['board']}")


def _shown(line: str) -> str:
    return repr(_shortened(line))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
