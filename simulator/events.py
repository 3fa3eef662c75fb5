"""The record of what happened: one ordered log that the file, the page, the tests and the verdicts read.

An event is a flat ``dict`` that starts with ``n`` (counts from 0), ``t`` (simulated nanoseconds since the world
began), ``board`` and ``kind``; the kinds and their fields are listed in the README. The log holds nothing itself:
it numbers an event and hands it to the subscribers. With no subscriber `EventLog.emit` costs one comparison, and a
caller asks `EventLog.wanted` before it computes a costly field such as a digest.

Never in an event: host time, keys, ciphertext, memory addresses. The same inputs give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

Event: TypeAlias = dict[str, Any]
Subscriber: TypeAlias = Callable[[Event], None]


class EventLog:
    """Numbers events and passes them on. ``now_ns`` is the world's clock."""

    __slots__ = ("_next", "_now_ns", "_subscribers")

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._next = 0
        self._subscribers: tuple[Subscriber, ...] = ()

    @property
    def wanted(self) -> bool:
        """Whether anybody listens: if not, a caller can skip the work of describing what happened."""
        return bool(self._subscribers)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber`` with every later event; returns the function that ends it."""
        self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            self._subscribers = tuple(s for s in self._subscribers if s is not subscriber)

        return unsubscribe

    def emit(self, board: str, kind: str, /, **fields: Any) -> None:
        """Record that ``kind`` happened to ``board`` now. Field values are JSON values."""
        if not self._subscribers:
            return
        event: Event = {"n": self._next, "t": self._now_ns(), "board": board, "kind": kind, **fields}
        self._next += 1
        for subscriber in self._subscribers:
            subscriber(event)


_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def to_json_line(event: Event) -> str:
    """Return ``event`` as one line of NDJSON, without the line end. The same event always gives the same text."""
    return _encode(event)
