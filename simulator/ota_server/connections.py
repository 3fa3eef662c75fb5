"""Who is connected, and how many may be: a crowd that only waits gives way to somebody who asks.

A client that has connected and not asked yet costs memory and nothing else, and there may be thousands of them. When
the house is full, the one that has waited longest without asking has to go; if all are being answered, the newcomer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import trio

CONNECTIONS_MAX: Final = 4096


class Connections:
    """At most ``maximum`` connections at a time."""

    def __init__(self, maximum: int = CONNECTIONS_MAX) -> None:
        self._maximum = maximum
        self._waiting: dict[Connection, None] = {}  # in the order in which they came
        self._open = 0
        self.evicted = 0
        """How many had to go so far."""
        self._empty = trio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return self._open

    @contextmanager
    def admit(self) -> Iterator[Connection]:
        """Let a connection in for as long as the block lasts; what is in the block may be cancelled at any time."""
        connection = Connection(self)
        with connection.scope:
            if self._open >= self._maximum:
                self.evicted += 1
                next(iter(self._waiting), connection).scope.cancel()
            self._open += 1
            self._waiting[connection] = None
            self._empty = trio.Event()
            try:
                yield connection
            finally:
                self._waiting.pop(connection, None)
                self._open -= 1
                if self._open == 0:
                    self._empty.set()

    def asked(self, connection: Connection) -> None:
        """Note that a connection is no longer one that only waits."""
        self._waiting.pop(connection, None)

    def dismiss_waiting(self) -> None:
        """Close all that have not asked for anything yet."""
        for connection in self._waiting:
            connection.scope.cancel()

    async def wait_empty(self) -> None:
        """Return when nobody is connected any more."""
        while self._open:
            await self._empty.wait()


class Connection:
    """One of them."""

    __slots__ = ("_connections", "scope")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.scope = trio.CancelScope()

    def asked(self) -> None:
        """It has asked, and is not sent away any more."""
        self._connections.asked(self)
