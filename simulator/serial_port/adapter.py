"""The adapter between a program on the host and the board's UART0.

Bytes for the board arrive at the pace of the wire, one after the other, so that a program that sends faster than the
UART takes is held up and nothing of what it sends is lost. The lines do not queue behind them. What the board sends
while no program is connected is gone, as on a real port.
"""

from __future__ import annotations

from typing import Final, Protocol

import trio

from simulator.device.device import Device
from simulator.serial_port.auto_reset import AutoReset
from simulator.units import KIB, NS_PER_MS, NS_PER_S

_BUFFER_BYTES: Final = 64 * KIB
"""What is kept for a program that does not read (the rest is lost), and for the wire (the program has to wait)."""

_LINGER_S: Final = 1.0
"""How long a program that has stopped sending still gets what the board sends: netcat at the end of its input."""

_RECEIVE_INTERRUPT_NS: Final = 1 * NS_PER_MS
"""So much of the wire at most is handed over at a time."""


class Host(Protocol):
    """A program that is connected. Both methods raise `trio.BrokenResourceError` when it has gone for good."""

    async def receive(self) -> bytes:
        """Return the next bytes for the board; ``b""`` when it will send no more."""

    async def send(self, data: bytes) -> None:
        """Hand over what the board has sent."""


class Adapter:
    """The adapter of one board, which hears its console from now on. ``lines`` is its reset circuit."""

    def __init__(self, device: Device) -> None:
        self.lines = AutoReset(device)
        self._device = device
        self._is_connected = False
        self._to_host = bytearray()
        self._to_board = bytearray()
        self._for_host, self._for_board, self._has_room = (trio.lowlevel.ParkingLot() for _ in range(3))
        device.on_console = self._hear

    def _hear(self, wire: bytes) -> None:
        if self._is_connected and len(self._to_host) < _BUFFER_BYTES:
            self._to_host += wire
            self._for_host.unpark_all()

    def purge_to_host(self) -> None:
        """Forget what the board has sent and the program has not yet got."""
        self._to_host.clear()

    def purge_to_board(self) -> None:
        """Forget what the program has sent and is not yet on the wire."""
        self._to_board.clear()
        self._has_room.unpark_all()

    async def serve(self, host: Host) -> None:
        """Connect a program to the board until it goes. The lines go off with it."""
        self._to_host.clear()
        self._is_connected = True
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._drive_wire)
                nursery.start_soon(self._hand_over, host)
                while data := await host.receive():
                    self._to_board += data
                    self._for_board.unpark_all()
                    while len(self._to_board) >= _BUFFER_BYTES:
                        await self._has_room.park()
                nursery.cancel_scope.deadline = trio.current_time() + _LINGER_S
        except* trio.BrokenResourceError:
            pass
        finally:
            self._is_connected = False
            self.purge_to_board()
            self.lines.let_go()

    async def _hand_over(self, host: Host) -> None:
        while True:
            while not self._to_host:
                await self._for_host.park()
            data = bytes(self._to_host)
            self._to_host.clear()
            await host.send(data)

    async def _drive_wire(self) -> None:
        while True:
            while not self._to_board:
                await self._for_board.park()
            free_s = trio.current_time()
            while self._to_board:
                byte_ns = self._device.byte_ns
                count = max(1, _RECEIVE_INTERRUPT_NS // byte_ns)
                piece = bytes(self._to_board[:count])
                del self._to_board[:count]
                self._has_room.unpark_all()
                free_s += len(piece) * byte_ns / NS_PER_S
                await trio.sleep_until(free_s)
                self._device.receive(piece)
