"""UDP inside the virtual network: datagrams with a time at which they arrive, each on its own.

Sending looks up who is there, draws whether the datagram gets lost, and puts it among those that wait for the receiver,
with its time. Jitter may let one overtake another. Nobody is told of a datagram that reaches no one.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from math import inf

import trio

from simulator.network.interface import Endpoint


class VirtualDatagrams:
    """A UDP socket of a `VirtualInterface`; see `simulator.network.interface.Datagrams`.

    ``send`` is called with the data, the port it is from and the target. No more than ``waiting_max`` datagrams that
    have arrived wait to be received; those that come then are lost.
    """

    def __init__(
        self,
        port: int,
        send: Callable[[bytes, int, Endpoint], None],
        on_close: Callable[[], object],
        waiting_max: int | None = None,
    ) -> None:
        self.port = port
        self._send = send
        self._on_close = on_close
        self._arrivals: list[tuple[float, int, bytes, Endpoint]] = []
        self._waiting: deque[tuple[bytes, Endpoint]] = deque()
        self._waiting_max = waiting_max
        self._count = 0
        self._closed = False
        self._receiver = trio.lowlevel.ParkingLot()
        self.groups_by = ""
        """The own address on the link by which groups are sent to; empty for the usual one."""
        self.loops_groups = False

    def send_groups_by(self, address: str, *, loop: bool) -> None:
        """See `Datagrams.send_groups_by`."""
        self.groups_by, self.loops_groups = address, loop

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
            self._take_in()
            if self._waiting:
                return self._waiting.popleft()
            with trio.move_on_at(self._arrivals[0][0] if self._arrivals else inf):
                await self._receiver.park()
        raise trio.ClosedResourceError

    def deliver(self, data: bytes, sender: Endpoint, at: float) -> None:
        """Let ``data`` arrive ``at`` that time."""
        self._take_in()
        self._count += 1
        heapq.heappush(self._arrivals, (at, self._count, data, sender))
        self._receiver.unpark_all()

    def _take_in(self) -> None:
        """Let what has arrived by now wait, as far as there is room."""
        now = trio.current_time()
        while self._arrivals and self._arrivals[0][0] <= now:
            _, _, data, sender = heapq.heappop(self._arrivals)
            if self._waiting_max is None or len(self._waiting) < self._waiting_max:
                self._waiting.append((data, sender))

    def close(self) -> None:
        """See `Datagrams.close`."""
        if not self._closed:
            self._closed = True
            self._on_close()
            self._receiver.unpark_all()
