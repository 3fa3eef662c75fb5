"""One request and one response on one stream.

Theory of operation. `serve_connection` moves bytes between the stream and h11, and calls the handler when a request
is complete. Every connection serves one request and says ``Connection: close``. Each thing a client can make us wait
for has a limit in `Limits`: the time until its request is complete (with the TLS handshake, which happens at the first
read), the sizes of head and body, and the time it takes to accept a part of the response.

Error policy: what the client does wrong is answered if an answer is still possible, and ends the connection, nothing
else. A client that goes away ends it silently. What the handler raises, and what h11 says of our own responses, is a
bug of ours: it is not caught here.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

import h11
import trio

_PIECE_BYTES: Final = 64 * 1024
"""How much of a body is handed to the stream at once: four TLS records."""

_FLUSH_S: Final = 0.2

#: What h11 and we refuse requests with, in the words of RFC 9110; those of `http.HTTPStatus` change with Python.
_REFUSALS: Final = {
    400: "Bad Request",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may cost. The defaults let a board on a bad link through: 1 KiB/s is enough for a download."""

    head_bytes: int = 16 * 1024
    body_bytes: int = 64 * 1024
    receive_s: float = 30.0
    send_s: float = 90.0
    """For each 64 KiB of the response."""
    drain_s: float = 2.0
    """How long a body that nobody wants is read, so that the client sees the answer and not a reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A complete request. Names of headers are in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of the first header called ``name`` (lower case), or None."""
        return next((value for found, value in self.headers if found == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete response. Headers go on the wire with the names as they are written here, and in this order.

    ``Content-Length`` and ``Connection`` are added.
    """

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Ending(Enum):
    """How a connection ends after a `RawResponse`."""

    CLOSE = "close"
    """In due form."""
    CUT = "cut"
    """TCP is closed and TLS is not: no close_notify."""
    RESET = "reset"
    SILENCE = "silence"
    """Not at all: nothing more is sent, until the client gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResponse:
    """What goes on the wire as it is, for a server that does not do what it should.

    ``chunks`` are bytes, each with the seconds to wait before it is sent; an `Ending` among them is where it ends. They
    are asked for one by one, as they are sent.
    """

    chunks: Iterable[tuple[float, bytes] | Ending]


Handler: TypeAlias = Callable[[Request], Awaitable[Response | RawResponse]]


class _BadRequestError(Exception):
    """The request cannot be served; ``status`` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


DEFAULT_LIMITS: Final = Limits()


@dataclass(slots=True)
class Exchange:
    """What came of one connection. Whoever serves may look at it while it goes on."""

    request: Request | None = None
    """None until there is a whole one."""
    status: int | None = None
    """Of the answer, None until there is one."""
    sent_bytes: int = 0
    """Of the body, as far as the stream took them."""
    complete: bool = False
    """Whether the answer was sent to its end."""


async def serve_connection(
    stream: trio.abc.Stream, handler: Handler, limits: Limits = DEFAULT_LIMITS, exchange: Exchange | None = None
) -> None:
    """Serve one request on ``stream`` and close it. Returns when the connection is over, however it ended.

    ``exchange`` is kept up to date meanwhile.
    """
    exchange = Exchange() if exchange is None else exchange
    try:
        await _serve_request(stream, h11.Connection(h11.SERVER, limits.head_bytes), handler, limits, exchange)
    except trio.BrokenResourceError:
        pass  # the client is gone
    finally:
        with trio.move_on_after(limits.send_s), suppress(trio.BrokenResourceError):
            await stream.aclose()


async def _serve_request(
    stream: trio.abc.Stream, http: h11.Connection, handler: Handler, limits: Limits, exchange: Exchange
) -> None:
    try:
        with trio.fail_after(limits.receive_s):
            request = await _receive_request(stream, http, limits)
    except trio.TooSlowError:
        return  # who takes this long to ask does not wait for an answer
    except _BadRequestError as error:
        await _refuse(stream, http, error.status, limits, exchange)
    except h11.RemoteProtocolError as error:
        await _refuse(stream, http, error.error_status_hint, limits, exchange)
    else:
        if request is not None:
            exchange.request = request
            response = await handler(request)
            if isinstance(response, RawResponse):
                await _send_raw(stream, response, limits)
            else:
                await _send(stream, http, response, limits, exchange, with_body=request.method != "HEAD")


async def _receive_request(stream: trio.abc.Stream, http: h11.Connection, limits: Limits) -> Request | None:
    """Return the request, or None if the client closed without one."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = http.next_event()
        match event:
            case h11.NEED_DATA:
                if http.they_are_waiting_for_100_continue:
                    await _send_event(stream, http, h11.InformationalResponse(status_code=100, headers=[]))
                http.receive_data(bytes(await stream.receive_some()))
            case h11.Request():
                head = event
            case h11.Data():
                body += event.data
                if len(body) > limits.body_bytes:
                    raise _BadRequestError(413)
            case h11.EndOfMessage():
                assert head is not None, "h11 ends no message that it has not begun"
                return Request(
                    method=head.method.decode("ascii"),
                    target=head.target.decode("latin-1"),
                    headers=tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers),
                    body=bytes(body),
                )
            case _:
                return None


async def _refuse(
    stream: trio.abc.Stream, http: h11.Connection, status: int, limits: Limits, exchange: Exchange
) -> None:
    """Answer a request that cannot be served, and read for a moment what the client is still sending."""
    reason = _REFUSALS[status]
    headers = (("Content-Type", "text/plain; charset=utf-8"),)
    body = f"{status} {reason}\n".encode()
    await _send(stream, http, Response(status=status, reason=reason, headers=headers, body=body), limits, exchange)
    with trio.move_on_after(limits.drain_s):
        while await stream.receive_some():
            pass


async def _send(
    stream: trio.abc.Stream,
    http: h11.Connection,
    response: Response,
    limits: Limits,
    exchange: Exchange,
    *,
    with_body: bool = True,
) -> None:
    exchange.status = response.status
    body, length = response.body, len(response.body)
    headers = [*response.headers, ("Content-Length", str(length)), ("Connection", "close")]
    events: list[h11.Event] = [h11.Response(status_code=response.status, reason=response.reason, headers=headers)]
    if with_body:
        events += [h11.Data(data=body[start : start + _PIECE_BYTES]) for start in range(0, length, _PIECE_BYTES)]
    try:
        for event in [*events, h11.EndOfMessage()]:
            with trio.fail_after(limits.send_s):
                await _send_event(stream, http, event)
            if isinstance(event, h11.Data):
                exchange.sent_bytes += len(event.data)
        exchange.complete = True
    except trio.TooSlowError:
        raise trio.BrokenResourceError from None  # a client that takes nothing is as good as gone


async def _send_raw(stream: trio.abc.Stream, response: RawResponse, limits: Limits) -> None:
    for chunk in response.chunks:
        if isinstance(chunk, Ending):
            await _end(stream, chunk)
            return
        pause_s, data = chunk
        if pause_s:
            await trio.sleep(pause_s)
        try:
            with trio.fail_after(limits.send_s):
                await stream.send_all(data)
        except trio.TooSlowError:
            raise trio.BrokenResourceError from None


async def _end(stream: trio.abc.Stream, ending: Ending) -> None:
    """End the connection in a way that a good server does not. Closing in due form is the caller's."""
    if ending is Ending.SILENCE:
        while await stream.receive_some():
            pass
    elif ending is not Ending.CLOSE:
        if ending is Ending.RESET:
            await reset(stream.transport_stream if isinstance(stream, trio.SSLStream) else stream)
        await trio.aclose_forcefully(stream)


async def reset(transport: trio.abc.Stream) -> None:
    """Reset a TCP connection, of the virtual network or of the host, once what was sent is on its way."""
    if isinstance(transport, trio.SocketStream):
        await trio.sleep(_FLUSH_S)  # a reset drops what the host has not sent yet
        transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.socket.close()
    else:
        transport.reset_behind_data()  # type: ignore[attr-defined]


async def _send_event(stream: trio.abc.Stream, http: h11.Connection, event: h11.Event) -> None:
    await stream.send_all(http.send(event) or b"")
