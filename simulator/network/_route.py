"""When a piece of data that is sent now will arrive: the arithmetic of the virtual links, and nothing else.

Two hosts are joined by their two links, one behind the other. A piece occupies each link for as long as its bytes
take at that link's bandwidth, first come first served, and each direction has the link for itself; so several
connections of one board share its bandwidth. To this come both latencies, a random jitter, and for every packet that
is lost the time until TCP has sent it again. Data of one direction of one connection never overtakes itself.
"""

from __future__ import annotations

from math import ceil, inf
from typing import Final

import trio

from simulator.links import LinkQuality
from simulator.network.stacks import Stack
from simulator.rng import Rng
from simulator.units import NS_PER_S

SEGMENT_BYTES: Final = 1436
"""Data in one packet (``CONFIG_TCP_MSS`` of the boards)."""
PIECE_BYTES_MAX: Final = 33 * 1024
"""Two full TLS records with what encryption adds: fewer pieces are fewer sleeps, and a sleep costs more than a copy."""
PIECE_S: Final = 0.1
"""On a slow link a piece is only what the link carries in this time: a receiver with a timeout must see data trickle
in, as it would on a real link."""

IP_HEADER_BYTES: Final = 20
FRAGMENT_UNIT_BYTES: Final = 8
"""Fragments, but for the last, carry a multiple of this (RFC 791)."""
TCP_IP_HEADER_BYTES: Final = 40
HELD_BACK_S_MIN: Final = 0.001
"""A packet that is overtaken comes as much later as it is under way anyhow, and at least this much. Our choice."""

RETRANSMISSIONS_MAX: Final = 12
"""After so many the stack gives up (``CONFIG_TCP_MAXRTX`` of the boards)."""
RETRANSMISSION_TIMEOUT_S: Final = 1.0
"""First timeout after a lost retransmission; it doubles each time."""


class Link:
    """What joins one host to all others: the figures of a `LinkQuality` in seconds, and until when each direction is
    busy.
    """

    __slots__ = (
        "busy_down_until",
        "busy_up_until",
        "jitter_s",
        "latency_s",
        "loss",
        "mtu_bytes",
        "piece_bytes",
        "reordering",
        "rng",
        "seconds_per_byte",
        "segment_bytes",
    )

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.busy_up_until = 0.0
        self.busy_down_until = 0.0
        self.set_quality(LinkQuality())

    def loses_packet(self) -> bool:
        """Whether a packet that passes this link now gets lost."""
        return self.loss > 0 and self.rng.uniform(0, 1) < self.loss

    def set_quality(self, quality: LinkQuality) -> None:
        """Use ``quality`` for what is sent from now on."""
        self.latency_s = quality.latency_ns / NS_PER_S
        self.jitter_s = quality.jitter_ns / NS_PER_S
        self.loss = quality.loss
        self.reordering = quality.reordering
        self.mtu_bytes = quality.mtu_bytes
        self.segment_bytes = min(SEGMENT_BYTES, quality.mtu_bytes - TCP_IP_HEADER_BYTES)
        self.seconds_per_byte = 8 / quality.bandwidth_bps if quality.bandwidth_bps else 0.0
        carried = PIECE_S * quality.bandwidth_bps / 8 if quality.bandwidth_bps else PIECE_BYTES_MAX
        self.piece_bytes = round(min(max(carried, self.segment_bytes), PIECE_BYTES_MAX))


class Route:
    """The way from ``source`` to ``target`` for one direction of one connection."""

    __slots__ = ("_last_arrival", "source", "target")

    def __init__(self, source: Link, target: Link) -> None:
        self.source = source
        self.target = target
        self._last_arrival = 0.0

    @property
    def latency_s(self) -> float:
        """How long one bit takes on an idle link, without jitter."""
        return self.source.latency_s + self.target.latency_s

    @property
    def piece_bytes(self) -> int:
        """The most that should be sent as one piece."""
        return min(self.source.piece_bytes, self.target.piece_bytes)

    def delay(self, size_bytes: int) -> float:
        """Send ``size_bytes`` now as one packet or more: occupy the links and return how long it takes, in seconds."""
        source, target = self.source, self.target
        now = trio.current_time()
        source.busy_up_until = max(now, source.busy_up_until) + size_bytes * source.seconds_per_byte
        target.busy_down_until = max(now, target.busy_down_until) + size_bytes * target.seconds_per_byte
        delay = max(source.busy_up_until, target.busy_down_until) - now + source.latency_s + target.latency_s
        for link in (source, target):
            if link.jitter_s:
                delay += link.rng.uniform(0, link.jitter_s)
        return delay

    def loses_packet(self) -> bool:
        """Whether a packet sent now gets lost on the way."""
        return self.source.loses_packet() or self.target.loses_packet()

    def fragments(self, size_bytes: int) -> int:
        """Return in how many pieces an IP packet of ``size_bytes`` arrives."""
        mtu_bytes = min(self.source.mtu_bytes, self.target.mtu_bytes)
        if size_bytes <= mtu_bytes:
            return 1
        carried = (mtu_bytes - IP_HEADER_BYTES) // FRAGMENT_UNIT_BYTES * FRAGMENT_UNIT_BYTES
        return ceil((size_bytes - IP_HEADER_BYTES) / carried)

    def loses(self, size_bytes: int, sender: Stack, receiver: Stack) -> bool:
        """Whether an IP packet of ``size_bytes`` sent now gets lost, of which every fragment is needed."""
        if size_bytes > self.source.mtu_bytes and not sender.fragments:
            return True
        fragments = self.fragments(size_bytes)  # a router on the way fragments what the sender does not have to
        if fragments > 1 and not receiver.fragments:
            return True
        return any(self.loses_packet() for _ in range(fragments))

    def datagram_delay(self, size_bytes: int) -> float:
        """As `delay`, for an IP packet that others may overtake, with the headers of its fragments."""
        delay = self.delay(size_bytes + (self.fragments(size_bytes) - 1) * IP_HEADER_BYTES)
        for link in (self.source, self.target):
            if link.reordering and link.rng.uniform(0, 1) < link.reordering:
                delay += max(self.latency_s, HELD_BACK_S_MIN)
        return delay

    def arrival(self, size_bytes: int) -> float:
        """Send ``size_bytes`` of a stream now, and return when all of it is there, on trio's clock.

        Infinite if so much is lost that TCP gives up.
        """
        arrival = trio.current_time() + self.delay(size_bytes)
        if self.source.loss or self.target.loss:
            arrival += self._retransmission_s(size_bytes)
        self._last_arrival = max(self._last_arrival, arrival)
        return self._last_arrival

    def _retransmission_s(self, size_bytes: int) -> float:
        """Return how much later the last byte is there because packets get lost.

        The first loss of a packet is noticed by the acknowledgements of those behind it, one round trip later; the
        loss of its repetition only by a timeout.
        """
        delay = 0.0
        for _ in range(0, max(size_bytes, 1), min(self.source.segment_bytes, self.target.segment_bytes)):
            timeout = 2 * self.latency_s
            repetitions = 0
            while self.loses_packet():
                delay += timeout
                timeout = RETRANSMISSION_TIMEOUT_S * 2**repetitions
                repetitions += 1
                if repetitions > RETRANSMISSIONS_MAX:
                    return inf
        return delay
