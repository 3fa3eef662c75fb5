"""Ports of this host that a command listens on: which one was asked for, taking it, and saying where it is."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Final

import trio

from simulator.errors import UsageError

_PORT_MAX: Final = 65535
_THIS_HOST: Final = "127.0.0.1"


def parse_address(option: str, text: str) -> tuple[str, int]:
    """Take ``HOST:PORT`` apart; without a host it is this one. Raises `UsageError`."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > _PORT_MAX:
        raise UsageError(f"{option} {text!r}: write HOST:PORT, such as {_THIS_HOST}:2217; port 0 takes a free one")
    return host.removeprefix("[").removesuffix("]") or _THIS_HOST, int(port)


async def listen(host: str, port: int) -> Sequence[trio.SocketListener]:
    """Listen on a TCP port. Raises `UsageError` if that cannot be."""
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror or error}"
        raise UsageError(f"port {port} of {host} {why}") from error


def address_of(host: str, listeners: Sequence[trio.SocketListener]) -> str:
    """Return ``HOST:PORT`` as a URL has it, with the port that was taken."""
    port = listeners[0].socket.getsockname()[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
