"""Where somebody can listen to a virtual network: what a capture is told.

Times are those of trio's clock, in seconds. What is sent in pieces is told in pieces, each with the time at which it
left and the time at which all of it will be there, which lies ahead.
"""

from __future__ import annotations

from typing import Protocol

from simulator.network.interface import Endpoint


class Flow(Protocol):
    """One direction of a connection."""

    def data(self, piece: bytes, sent_s: float, arrives_s: float) -> None:
        """Bytes are on their way."""

    def end(self, sent_s: float, arrives_s: float) -> None:
        """Nothing more will be sent."""

    def reset(self, sent_s: float, arrives_s: float) -> None:
        """The connection is reset."""


class Tap(Protocol):
    """Listens to everything."""

    def connected(self, client: Endpoint, server: Endpoint, asked_s: float, answered_s: float) -> tuple[Flow, Flow]:
        """A connection was made. Returns the directions from the client and to it."""

    def refused(self, client: Endpoint, server: Endpoint, asked_s: float, answered_s: float) -> None:
        """A connection was refused."""

    def unanswered(self, client: Endpoint, server: Endpoint, asked_s: float) -> None:
        """An attempt to connect was not answered."""

    def datagram(self, source: Endpoint, target: Endpoint, data: bytes, sent_s: float, arrives_s: float | None) -> None:
        """A datagram was sent; None: it gets lost, or nobody is there."""

    def resolved(self, address: str, name: str, found: list[str], asked_s: float, answered_s: float) -> None:
        """The host at ``address`` asked for a name."""

    def pinged(self, source: str, target: str, size_bytes: int, sent_s: float, answered_s: float | None) -> None:
        """An echo request was sent; None: it is not answered."""
