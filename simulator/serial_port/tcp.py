"""A program at the other end of a TCP connection: the bytes as they are, and no reset lines."""

from __future__ import annotations

from typing import Final

import trio

RECEIVE_BYTES: Final = 4096


class TcpHost:
    """A `Host` on a socket."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream

    async def receive(self) -> bytes:
        """See `Host.receive`."""
        return bytes(await self._stream.receive_some(RECEIVE_BYTES))

    async def send(self, data: bytes) -> None:
        """See `Host.send`."""
        await self._stream.send_all(data)
