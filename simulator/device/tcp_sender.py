"""How a TCP socket of lwIP sends: small pieces wait for each other (``tcp_do_output_nagle`` in ``tcp_priv.h``)."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite
from typing import Final

import trio

from simulator.network import Connection

SEGMENT_BYTES: Final = 1436
"""``CONFIG_TCP_MSS`` of the boards."""


class TcpSender:
    """The sending end of ``connection``. ``nursery`` holds what goes on while no script waits for it.

    What fills no segment is held back while something is not acknowledged yet, unless there is ``no_delay``.
    """

    def __init__(self, connection: Connection, nursery: trio.Nursery) -> None:
        self.no_delay = False
        self._connection = connection
        self._nursery = nursery
        self._held = bytearray()
        self._lock = trio.Lock()
        self._is_waiting = False

    @property
    def has_unacknowledged(self) -> bool:
        """Whether something is held back or under way."""
        return bool(self._held) or self._connection.acknowledged_at > trio.current_time()

    async def send(self, data: bytes) -> None:
        """Send ``data``, or keep it for later. Raises as trio's streams. If it is cancelled, nothing was taken."""
        async with self._lock:
            await self._connection.wait_send_all_might_not_block()
            self._held += data
            if self.no_delay or self._connection.acknowledged_at <= trio.current_time():
                await self._send_held(len(self._held))
            else:
                await self._send_held(len(self._held) - len(self._held) % SEGMENT_BYTES)
            if self._held and not self._is_waiting:
                self._is_waiting = True
                self._nursery.start_soon(self._wait, name="unsent")

    async def flush(self) -> None:
        """Send what is held back, as the end of the stream does. Raises as trio's streams."""
        async with self._lock:
            await self._connection.wait_send_all_might_not_block()
            await self._send_held(len(self._held))

    async def wait_writable(self) -> None:
        """Return when there is room for more, or there never will be."""
        async with self._lock:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._connection.wait_send_all_might_not_block()

    async def _send_held(self, size_bytes: int) -> None:
        if size_bytes:
            data = bytes(self._held[:size_bytes])
            del self._held[:size_bytes]
            with trio.CancelScope(shield=True):  # there is room for it
                await self._connection.send_all(data)

    async def _wait(self) -> None:
        """Send what is held back as soon as everything before it is acknowledged; what got lost never is."""
        while self._held and isfinite(at := self._connection.acknowledged_at) and at > trio.current_time():
            await trio.sleep_until(at)
        self._is_waiting = False
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.flush()
