"""UART0, the board's console: what is sent, when it is out, and who hears it.

A byte takes ten bit times. A writer waits only when the transmit FIFO is full, as on the chip, so a line costs no time
and a flood costs its length. Sending is synchronous here: `Uart.write` says how long the writer has to wait. One that
has not waited yet for what it did before is ahead of the world, and says by how much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.console import to_wire
from simulator.units import NS_PER_S

FIFO_BYTES: Final = 128
"""Transmit FIFO of the ESP32's UARTs (``UART_FIFO_LEN``)."""
_BITS_PER_BYTE: Final = 10  # 8N1: start, eight data, stop


class Uart:
    """The transmitting side. ``heard`` gets every byte on the wire, in order, at the moment it is written."""

    __slots__ = ("_busy_until_ns", "_fifo_ns", "_heard", "_now_ns", "byte_ns", "copy")

    def __init__(self, *, baud: int, now_ns: Callable[[], int], heard: Callable[[bytes], None]) -> None:
        self.set_baud(baud)
        self._busy_until_ns = 0
        self._now_ns = now_ns
        self._heard = heard
        self.copy: Callable[[bytes], object] | None = None
        """Gets what normal writes put on the wire, too (``os.stdout``)."""

    def set_baud(self, baud: int) -> None:
        """Send with ``baud`` bits a second from now on."""
        self.byte_ns = _BITS_PER_BYTE * NS_PER_S // baud
        self._fifo_ns = FIFO_BYTES * self.byte_ns

    def write(self, data: bytes, *, ahead_ns: int = 0) -> int:
        """Send ``data`` with each line feed as CR LF; return the nanoseconds that the writer has to wait (more)."""
        wire = to_wire(data)
        if self.copy is not None:
            self.copy(wire)
        return self.write_raw(wire, ahead_ns=ahead_ns)

    def write_raw(self, wire: bytes, *, ahead_ns: int = 0) -> int:
        """Send ``wire`` as it is; return the nanoseconds that the writer has to wait (more)."""
        if not wire:
            return 0
        now_ns = self._now_ns() + ahead_ns
        self._busy_until_ns = max(now_ns, self._busy_until_ns) + len(wire) * self.byte_ns
        self._heard(wire)
        return max(0, self._busy_until_ns - now_ns - self._fifo_ns)

    def drain_ns(self) -> int:
        """Return the nanoseconds until the last byte is out."""
        return max(0, self._busy_until_ns - self._now_ns())
