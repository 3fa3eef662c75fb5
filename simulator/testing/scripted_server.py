r"""A TLS server that does exactly what a test tells it, for boards that must get along with any server.

A script is an async function that is called with each client::

    async def breaks_off(client: Client) -> None:
        await client.receive_request()
        await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"only this")
        await client.drop()


    world.add_server("ota.whitecatboard.org", scripted(breaks_off))
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

import trio

from simulator.network import VirtualStream
from simulator.ota_server.tls import made_credentials, server_context

_HEAD_END = b"\r\n\r\n"


class Client:
    """One connection, as a script sees it. What does not say otherwise raises trio's errors of streams."""

    def __init__(self, stream: VirtualStream, context: ssl.SSLContext) -> None:
        self.stream = stream
        """The connection under TLS."""
        self._tls = trio.SSLStream(stream, context, server_side=True)

    async def shake_hands(self) -> None:
        """Do the handshake; the other methods do it too if need be."""
        await self._tls.do_handshake()

    async def receive_request(self) -> bytes:
        """Return the head of a request, up to its empty line; less if the client sends no more."""
        request = b""
        while _HEAD_END not in request:
            data = await self._tls.receive_some()
            if not data:
                break
            request += data
        return request

    async def send(self, *records: bytes) -> None:
        """Send each of ``records`` as one TLS record."""
        for record in records:
            await self._tls.send_all(record)

    async def close(self) -> None:
        """Say goodbye (close_notify) and close."""
        await self._tls.aclose()

    async def drop(self) -> None:
        """Close TCP without a word from TLS, as a server does that crashes."""
        await self.stream.aclose()

    def reset(self) -> None:
        """Reset the TCP connection."""
        self.stream.reset()


Script: TypeAlias = Callable[[Client], Awaitable[None]]
"""What a server does with one client. When it returns, a connection that is still open stays so, silent for ever."""


def scripted(*scripts: Script, context: ssl.SSLContext | None = None) -> Callable[[VirtualStream], Awaitable[None]]:
    """Return the handler of a server that follows the next of ``scripts`` with each client, the last one from then on.

    ``context`` is its side of TLS, by default one that stock boards can connect to. That a client fails or vanishes
    is no error.
    """
    waiting = list(scripts)
    tls = context or server_context(made_credentials())

    async def serve(stream: VirtualStream) -> None:
        script = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await script(Client(stream, tls))
            await trio.sleep_forever()

    return serve
