"""When a board that scans listens, and what it then hears.

Lua RTOS listens for 1.875 ms in every 50 ms (``components/sys/drivers/bluetooth.c``: window 0x3, interval 0x50, in
units of 0.625 ms), and each time on the next of the three channels. So it misses most packets: a beacon that sends ten
times a second is heard about once in three seconds.
"""

from __future__ import annotations

from typing import Final

from simulator.bluetooth.advertiser import CHANNELS, Pdu
from simulator.bluetooth.air import BluetoothAir
from simulator.units import NS_PER_US

SCAN_UNIT_NS: Final = 625 * NS_PER_US
SCAN_INTERVAL_NS: Final = 0x50 * SCAN_UNIT_NS
SCAN_WINDOW_NS: Final = 0x3 * SCAN_UNIT_NS


class Scanner:
    """The receiver of one board, whose address is ``address``, from the moment when it begins to scan."""

    def __init__(self, air: BluetoothAir, address: str, begin_ns: int) -> None:
        self._air = air
        self._address = address
        self._begin_ns = begin_ns
        self._windows = 0

    @property
    def due_ns(self) -> int:
        """When the next window closes."""
        return self._begin_ns + self._windows * SCAN_INTERVAL_NS + SCAN_WINDOW_NS

    def close_window(self) -> list[Pdu]:
        """Return what was heard in the window that closes now, in the order in which it came."""
        end_ns, channel = self.due_ns, CHANNELS[self._windows % len(CHANNELS)]
        self._windows += 1
        heard = self._air.sent_between(end_ns - SCAN_WINDOW_NS, end_ns, channel)
        return [pdu for pdu in heard if self._hears(pdu)]

    def _hears(self, pdu: Pdu) -> bool:
        advertiser = pdu.advertiser
        if advertiser.address == self._address:
            return False  # it cannot listen while it sends
        return not advertiser.kind.is_directed or advertiser.peer == self._address
