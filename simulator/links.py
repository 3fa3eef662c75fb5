"""What a link does to the bytes on it; the one vocabulary that radio, cable and network share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuality:
    """One direction and its twin back; both behave the same.

    ``latency_ns`` is the one-way delay, ``jitter_ns`` the most that is added to it at random, ``bandwidth_bps`` the
    bits per second (0: no limit), ``loss`` the share of packets (0 to 1) that have to be sent again, ``reordering`` the
    share of datagrams that are held back so that others overtake them (TCP puts its own in order), ``mtu_bytes`` the
    largest IP packet that passes in one piece.
    """

    latency_ns: int = 2_000_000
    jitter_ns: int = 0
    bandwidth_bps: int = 20_000_000
    loss: float = 0.0
    reordering: float = 0.0
    mtu_bytes: int = 1500
