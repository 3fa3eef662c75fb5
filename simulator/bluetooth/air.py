"""The air of a world as Bluetooth has it: everybody who advertises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulator.bluetooth.advertiser import Advertiser, Pdu

SENSITIVITY_DBM: Final = -94
"""Below this an ESP32 hears nothing (ESP32 datasheet, "Receiver" of Bluetooth LE)."""

SAME_DESK_RSSI_DBM: Final = -50
"""How boards receive each other. Our choice."""


class BluetoothAir:
    """The advertisers of a world, in the order in which they came."""

    def __init__(self) -> None:
        self._advertisers: dict[Advertiser, None] = {}

    def __iter__(self) -> Iterator[Advertiser]:
        return iter(tuple(self._advertisers))

    def add(self, advertiser: Advertiser) -> Advertiser:
        """Let ``advertiser`` be heard, and return it."""
        self._advertisers[advertiser] = None
        return advertiser

    def remove(self, advertiser: Advertiser) -> None:
        """Silence ``advertiser``; nothing happens if it is not there."""
        self._advertisers.pop(advertiser, None)

    def sent_between(self, begin_ns: int, end_ns: int, channel: int) -> list[Pdu]:
        """Return the packets that a receiver on ``channel`` gets whole in that time, in the order of their ends."""
        packets = [
            pdu
            for advertiser in self._advertisers
            if advertiser.rssi_dbm >= SENSITIVITY_DBM
            for pdu in advertiser.sent_between(begin_ns, end_ns)
            if pdu.channel == channel
        ]
        return sorted(packets, key=lambda pdu: pdu.end_ns)
