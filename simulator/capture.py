"""Writes what a virtual network carries into a file for Wireshark (pcapng), with simulated time stamps.

The connections of the virtual network are streams with times, not packets; here they become the packets that would have
carried them, as the host that began the conversation would have seen them: what it sends when it sends it, what it
receives when that arrives. What loss costs is in the times, the repetitions themselves are not shown.

Packets are told ahead of their time, so they wait in a heap until it has come; headers are made then, so that every
acknowledgement covers just what has been seen.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import BinaryIO, Final

import trio

from simulator.formats.ip_packets import (
    DNS_PORT,
    TcpFlag,
    dns_answer,
    dns_query,
    echo_packet,
    tcp_packet,
    udp_packet,
)
from simulator.formats.pcapng import enhanced_packet, interface_description, section_header
from simulator.network.interface import Endpoint
from simulator.network.tap import Flow
from simulator.units import NS_PER_S

SEGMENT_BYTES: Final = 1436
"""``CONFIG_TCP_MSS`` of the boards."""
NAME_SERVER: Final = "192.0.2.53"
"""Who is shown to answer for names; the virtual network has no host for that."""
_NAME_PORT: Final = 49000


class Capture:
    """A `simulator.network.tap.Tap` that writes into ``file``. ``origin_s`` is what trio's clock shows at time 0."""

    def __init__(self, file: BinaryIO, *, origin_s: float, application: str) -> None:
        self._file = file
        self._origin_s = origin_s
        self._waiting: list[tuple[float, int, Callable[[], list[bytes]]]] = []
        self._order = count()
        self._conversations = count()
        self._questions = count(1)
        file.write(section_header(application) + interface_description("virtual network"))

    def close(self) -> None:
        """Write what is still on its way."""
        while self._waiting:
            self._write_next()

    def add(self, at_s: float, packets: Callable[[], list[bytes]]) -> None:
        """Let packets be seen at that time; they are made when it has come."""
        now = trio.current_time()
        while self._waiting and self._waiting[0][0] <= now:
            self._write_next()
        heapq.heappush(self._waiting, (at_s, next(self._order), packets))

    def _write_next(self) -> None:
        at_s, _, packets = heapq.heappop(self._waiting)
        time_ns = max(round((at_s - self._origin_s) * NS_PER_S), 0)
        for packet in packets():
            self._file.write(enhanced_packet(0, time_ns, packet))

    # -- what is told -----------------------------------------------------------------------------------------------

    def connected(self, client: Endpoint, server: Endpoint, asked_s: float, answered_s: float) -> tuple[Flow, Flow]:
        """See `Tap.connected`."""
        talk = _Conversation(self, client, server, next(self._conversations))
        self.add(asked_s, talk.ask)
        self.add(answered_s, talk.answer)
        return _Direction(talk, from_client=True), _Direction(talk, from_client=False)

    def refused(self, client: Endpoint, server: Endpoint, asked_s: float, answered_s: float) -> None:
        """See `Tap.refused`."""
        talk = _Conversation(self, client, server, next(self._conversations))
        self.add(asked_s, talk.ask)
        self.add(answered_s, talk.refuse)

    def unanswered(self, client: Endpoint, server: Endpoint, asked_s: float) -> None:
        """See `Tap.unanswered`."""
        self.add(asked_s, _Conversation(self, client, server, next(self._conversations)).ask)

    def datagram(self, source: Endpoint, target: Endpoint, data: bytes, sent_s: float, arrives_s: float | None) -> None:
        """See `Tap.datagram`."""
        self.add(sent_s, lambda: [udp_packet(source, target, data)])

    def resolved(self, address: str, name: str, found: list[str], asked_s: float, answered_s: float) -> None:
        """See `Tap.resolved`."""
        number = next(self._questions)
        here, there = (address, _NAME_PORT + number % 10_000), (NAME_SERVER, DNS_PORT)
        self.add(asked_s, lambda: [udp_packet(here, there, dns_query(number, name))])
        self.add(answered_s, lambda: [udp_packet(there, here, dns_answer(number, name, found))])

    def pinged(self, source: str, target: str, size_bytes: int, sent_s: float, answered_s: float | None) -> None:
        """See `Tap.pinged`."""
        number = next(self._questions)

        def packet(*, reply: bool) -> list[bytes]:
            ends = (target, source) if reply else (source, target)
            return [echo_packet(*ends, reply=reply, sequence=number, size_bytes=size_bytes)]

        self.add(sent_s, lambda: packet(reply=False))
        if answered_s is not None:
            self.add(answered_s, lambda: packet(reply=True))


class _Conversation:
    """A TCP connection as its client sees it. Its methods are called in the order of time, and make the packets."""

    def __init__(self, capture: Capture, client: Endpoint, server: Endpoint, number: int) -> None:
        self.capture = capture
        self._ends = {True: (client, server), False: (server, client)}
        first = number * 1_000_000
        self._next = {True: first, False: first + 500_000}  # the sequence number of what comes next, from either end

    def ask(self) -> list[bytes]:
        packet = self._packet(TcpFlag.SYN, from_client=True, mss=SEGMENT_BYTES)
        self._next[True] += 1
        return [packet]

    def answer(self) -> list[bytes]:
        packet = self._packet(TcpFlag.SYN | TcpFlag.ACK, from_client=False, mss=SEGMENT_BYTES)
        self._next[False] += 1
        return [packet, self._packet(TcpFlag.ACK, from_client=True)]

    def refuse(self) -> list[bytes]:
        return [self._packet(TcpFlag.RST | TcpFlag.ACK, from_client=False)]

    def segment(self, data: bytes, *, from_client: bool, is_last: bool) -> list[bytes]:
        flags = TcpFlag.ACK | (TcpFlag.PSH if is_last else TcpFlag(0))
        packets = [self._packet(flags, from_client=from_client, data=data)]
        self._next[from_client] += len(data)
        if is_last:
            packets.append(self._packet(TcpFlag.ACK, from_client=not from_client))
        return packets

    def end(self, *, from_client: bool) -> list[bytes]:
        packet = self._packet(TcpFlag.FIN | TcpFlag.ACK, from_client=from_client)
        self._next[from_client] += 1
        return [packet, self._packet(TcpFlag.ACK, from_client=not from_client)]

    def reset(self, *, from_client: bool) -> list[bytes]:
        return [self._packet(TcpFlag.RST | TcpFlag.ACK, from_client=from_client)]

    def _packet(self, flags: TcpFlag, *, from_client: bool, data: bytes = b"", mss: int | None = None) -> bytes:
        source, target = self._ends[from_client]
        ack = self._next[not from_client] if TcpFlag.ACK in flags else 0
        return tcp_packet(source, target, seq=self._next[from_client], ack=ack, flags=flags, data=data, mss=mss)


class _Direction:
    """A `simulator.network.tap.Flow`."""

    def __init__(self, talk: _Conversation, *, from_client: bool) -> None:
        self._talk = talk
        self._from_client = from_client
        self._last_s = 0.0

    def data(self, piece: bytes, sent_s: float, arrives_s: float) -> None:
        """See `Flow.data`. The segments of a piece come one after the other, as the link carries them."""
        parts = [piece[start : start + SEGMENT_BYTES] for start in range(0, len(piece), SEGMENT_BYTES)]
        seen_s = sent_s if self._from_client else arrives_s
        began_s = max(self._last_s, sent_s) if not self._from_client else seen_s
        for number, part in enumerate(parts, 1):
            at_s = began_s + (seen_s - began_s) * number / len(parts)
            self._add(at_s, part, is_last=number == len(parts))
        self._last_s = seen_s

    def _add(self, at_s: float, part: bytes, *, is_last: bool) -> None:
        talk, from_client = self._talk, self._from_client
        talk.capture.add(at_s, lambda: talk.segment(part, from_client=from_client, is_last=is_last))

    def end(self, sent_s: float, arrives_s: float) -> None:
        """See `Flow.end`."""
        talk, from_client = self._talk, self._from_client
        talk.capture.add(max(self._seen(sent_s, arrives_s), self._last_s), lambda: talk.end(from_client=from_client))

    def reset(self, sent_s: float, arrives_s: float) -> None:
        """See `Flow.reset`."""
        talk, from_client = self._talk, self._from_client
        talk.capture.add(self._seen(sent_s, arrives_s), lambda: talk.reset(from_client=from_client))

    def _seen(self, sent_s: float, arrives_s: float) -> float:
        return sent_s if self._from_client else arrives_s
