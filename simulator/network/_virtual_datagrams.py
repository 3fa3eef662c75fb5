"""UDP inside the virtual network: datagrams with a time at which they arrive, each on its own.

Sending looks up who is there, draws whether the datagram gets lost, and puts it among those that wait for the receiver,
with its time. Jitter may let one overtake another. Nobody is told of a datagram that reaches no one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from math import inf

import trio

from simulator.network.interface import Endpoint


class VirtualDatagrams:
    """A UDP socket of a `VirtualInterface`; see `simulator.network.interface.Datagrams`.

    ``send`` is called with the data, the port it is from and the target.
    """

    def __init__(self, port: int, send: Callable[[bytes, int, Endpoint], None], on_close: Callable[[], object]) -> None:
        self.port = port
        self._send = send
        self._on_close = on_close
        self._arrivals: list[tuple[float, int, bytes, Endpoint]] = []
        self._count = 0
        self._closed = False
        self._receiver = trio.lowlevel.ParkingLot()

    async def send_to(self, data: bytes, target: Endpoint) -> None:
        """See `Datagrams.send_to`."""
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise trio.ClosedResourceError
        self._send(data, self.port, target)

    async def receive_from(self) -> tuple[bytes, Endpoint]:
        """See `Datagrams.receive_from`."""
        await trio.lowlevel.checkpoint()
        while not self._closed:
            next_at = self._arrivals[0][0] if self._arrivals else inf
            if next_at <= trio.current_time():
                _, _, data, sender = heapq.heappop(self._arrivals)
                return data, sender
            with trio.move_on_at(next_at):
                await self._receiver.park()
        raise trio.ClosedResourceError

    def deliver(self, data: bytes, sender: Endpoint, at: float) -> None:
        """Let ``data`` arrive ``at`` that time."""
        self._count += 1
        heapq.heappush(self._arrivals, (at, self._count, data, sender))
        self._receiver.unpark_all()

    def close(self) -> None:
        """See `Datagrams.close`."""
        if not self._closed:
            self._closed = True
            self._on_close()
            self._receiver.unpark_all()
