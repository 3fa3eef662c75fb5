"""One device that advertises: when it sends what, on which of the three advertising channels.

Nobody has to be woken for it: the moments follow from where it began and from its own random numbers, and they are
worked out when somebody listens (`Advertiser.sent_between`).

Facts from the Bluetooth Core Specification 4.2, volume 6, part B: an event every interval plus a random delay of up to
10 ms, in each a packet on each channel in rising order (4.4.2); what a packet consists of (2.1, 2.3); high duty cycle
directed advertising every 3.75 ms at the latest, for at most 1.28 s (4.4.2.4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_S, NS_PER_US

CHANNELS: Final = (37, 38, 39)
DATA_BYTES_MAX: Final = 31
ADDRESS_BYTES: Final = 6

DELAY_NS_MAX: Final = 10 * NS_PER_MS
HIGH_DUTY_INTERVAL_NS: Final = 3_750 * NS_PER_US
HIGH_DUTY_NS: Final = 1_280 * NS_PER_MS

_BYTE_NS: Final = 8 * NS_PER_US  # 1 Mbit/s
_FRAMING_BYTES: Final = 1 + 4 + 2 + ADDRESS_BYTES + 3
"""Preamble, access address, header, the advertiser's address, and CRC."""
_BETWEEN_CHANNELS_NS: Final = 150 * NS_PER_US
"""From one packet to the next; the specification allows up to 10 ms. Our choice: as soon as a radio can."""
_KEPT_NS: Final = NS_PER_S
"""Boards that listen are not quite at the same moment, so that far back an advertiser knows what it has sent."""
_WORTH_A_LEAP: Final = 100
"""When nobody has listened for so many intervals, those between are not gone through."""


class AdvertisingType(IntEnum):
    """``bt.adv``: what may be done with the advertiser."""

    IND = 0
    DIRECT_IND_HIGH = 1
    SCAN_IND = 2
    NONCONN_IND = 3
    DIRECT_IND_LOW = 4

    @property
    def is_directed(self) -> bool:
        """Whether it speaks to one peer, and carries no data."""
        return self in (AdvertisingType.DIRECT_IND_HIGH, AdvertisingType.DIRECT_IND_LOW)


class Pdu(NamedTuple):
    """One packet on the air, as its receiver has it."""

    begin_ns: int
    end_ns: int
    channel: int
    advertiser: Advertiser


class Advertiser:
    """A device that advertises from ``begin_ns`` on, every ``interval_ns``.

    ``address`` is like ``30:ae:a4:00:00:01``; everybody receives it with ``rssi_dbm``, which may change. ``peer`` is
    the address that directed advertising is for.
    """

    def __init__(
        self,
        address: str,
        data: bytes,
        *,
        interval_ns: int,
        begin_ns: int,
        rng: Rng,
        rssi_dbm: int,
        kind: AdvertisingType = AdvertisingType.NONCONN_IND,
        channels: tuple[int, ...] = CHANNELS,
        peer: str = "",
    ) -> None:
        self.address = address
        self.kind = kind
        self.peer = peer
        self.data = b"" if kind.is_directed else data
        self.rssi_dbm = rssi_dbm
        self.channels = channels
        self.interval_ns = HIGH_DUTY_INTERVAL_NS if kind is AdvertisingType.DIRECT_IND_HIGH else interval_ns
        self._ends_ns = begin_ns + HIGH_DUTY_NS if kind is AdvertisingType.DIRECT_IND_HIGH else None
        self._delay_ns_max = 0 if kind is AdvertisingType.DIRECT_IND_HIGH else DELAY_NS_MAX
        self._rng = rng
        self._events: deque[int] = deque((begin_ns,))
        """When the latest events began, and the next one will."""

    @property
    def packet_ns(self) -> int:
        """How long one packet takes."""
        carried = ADDRESS_BYTES if self.kind.is_directed else len(self.data)
        return (_FRAMING_BYTES + carried) * _BYTE_NS

    def sent_between(self, begin_ns: int, end_ns: int) -> Iterator[Pdu]:
        """Return the packets that begin and end in that time, which is not more than a second back from the last."""
        self._advance(end_ns)
        step_ns = self.packet_ns + _BETWEEN_CHANNELS_NS
        for event_ns in self._events:
            if event_ns >= end_ns or (self._ends_ns is not None and event_ns >= self._ends_ns):
                break
            for number, channel in enumerate(self.channels):
                sent_ns = event_ns + number * step_ns
                if begin_ns <= sent_ns and sent_ns + self.packet_ns <= end_ns:
                    yield Pdu(sent_ns, sent_ns + self.packet_ns, channel, self)

    def _advance(self, until_ns: int) -> None:
        events = self._events
        mean_ns = self.interval_ns + self._delay_ns_max // 2
        missed = (until_ns - _KEPT_NS - events[-1]) // mean_ns
        if missed > _WORTH_A_LEAP:
            events.append(events[-1] + missed * mean_ns)
        while events[-1] < until_ns:
            events.append(events[-1] + self.interval_ns + self._rng.integer(0, self._delay_ns_max))
        while len(events) > 1 and events[1] < until_ns - _KEPT_NS:
            events.popleft()
