"""An httpx transport that says and hears on the wire exactly what the stock firmware does.

What httpcore would send (lower case, ``Accept``, no space behind the port) is not what Lua RTOS sends, and what it
forgives is not what Lua RTOS forgives; so ``net.ota`` and ``net.http`` of the stock profile use this transport, and
`simulator.network.stock_response` decides what is understood. One request is one connection:

1. resolve the name, try each address, one attempt each;
2. TLS by `simulator.network.tls`: one version, no server name, no certificate check;
3. one TLS record with ``GET <target> HTTP/1.1``, ``Host: <server>:<port> `` and nothing else;
4. the response up to the body, then the body in pieces of at most `PIECE_BYTES`, each from one TLS record, as one
   ``SSL_read`` returns them.

Every wait for data ends after `RECEIVE_TIMEOUT_S`; nothing else has a timeout.

The response carries in its extensions ``"stock"``, the `StockAnswer`, and ``"stock_body"``, the `StockBody` whose
``end`` says how reading ended. Of the request's extensions it honours ``"target"`` (bytes that go on the wire as
they are), ``"expected_type"`` and ``"trace"``, which is told the same event names as httpcore tells it.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, Final

import httpx
import trio

from simulator.network.interface import (
    HTTPS_PORT,
    CannotConnectError,
    NameNotFoundError,
    NetworkInterface,
    connect_by_name,
)
from simulator.network.stock_response import (
    OCTET_STREAM,
    StockAnswer,
    StockFailure,
    StockHttpError,
    StockResponseParser,
)
from simulator.network.tls import is_end_without_notice, stock_client_context
from simulator.network.trace import Trace

RECEIVE_TIMEOUT_S: Final = 10.0
"""``SO_RCVTIMEO`` that ``net_http_create_client`` sets on its socket."""
PIECE_BYTES: Final = 1024
"""Size of the buffers of ``net.ota`` and ``net.http``."""
_RECORD_BYTES: Final = 16384
"""The most plaintext that one TLS record carries (RFC 4346, section 6.2.1)."""


class ReadEnd(Enum):
    """Why there is nothing more to read. The value of the last two is what ``SSL_read`` returns from then on."""

    COMPLETE = "complete"
    """Everything that was announced has been read."""
    CLOSED = 0
    """The peer closed TCP without a close_notify."""
    ERROR = -1
    """close_notify, `RECEIVE_TIMEOUT_S` of silence, a reset, a lost link or a broken record."""


class StockTransport(httpx.AsyncBaseTransport):
    """For ``httpx.AsyncClient(transport=...)``. Raises `StockHttpError` and `StockPanicError`, no errors of httpx."""

    def __init__(self, interface: NetworkInterface, ssl_context: ssl.SSLContext | None = None) -> None:
        self._interface = interface
        self._ssl_context = ssl_context or stock_client_context()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Connect, send, read up to the body. Closing the response closes the connection."""
        if (request.method, request.url.scheme) != ("GET", "https"):
            raise httpx.UnsupportedProtocol("the stock firmware can only GET, and only by https", request=request)
        trace = _Tracer(request.extensions.get("trace"))
        port = request.url.port or HTTPS_PORT
        async with trace.step("connection.connect_tcp", host=request.url.host, port=port) as done:
            stream = await self._connect(request.url.host, port)
            done["return_value"] = stream
        connection = _Connection(stream, self._ssl_context, trace)
        try:
            async with trace.step("connection.start_tls") as done:
                await connection.handshake()
                done["return_value"] = connection.tls
            async with trace.step("http11.send_request_headers", request=request):
                sent = await connection.send(_request_bytes(request, port))
            parser = StockResponseParser(request.extensions.get("expected_type", OCTET_STREAM))
            async with trace.step("http11.receive_response_headers", request=request) as done:
                answer = await connection.receive_answer(parser) if sent else StockAnswer(code=None)
                done["return_value"] = (b"HTTP/1.1", answer.code or 0, b"", list(answer.headers))
        except BaseException:
            await connection.close()
            raise
        body = StockBody(connection, parser.leftover, answer)
        return httpx.Response(
            answer.code or 0,
            headers=list(answer.headers),
            stream=body,
            extensions={"http_version": b"HTTP/1.1", "stock": answer, "stock_body": body},
        )

    async def _connect(self, host: str, port: int) -> trio.abc.HalfCloseableStream:
        try:
            return await connect_by_name(self._interface, host, port)
        except NameNotFoundError as error:
            raise StockHttpError(StockFailure.NAME_CANNOT_BE_RESOLVED) from error
        except CannotConnectError as error:
            raise StockHttpError(StockFailure.CANNOT_CONNECT) from error


class StockBody(httpx.AsyncByteStream):
    """The body as the firmware's loop reads it: `read` until it returns nothing, or iterate.

    Ends where ``Content-Length`` says; without one, with the connection. ``end`` says why it ended, and is None before.
    """

    def __init__(self, connection: _Connection, leftover: bytes, answer: StockAnswer) -> None:
        self._connection = connection
        self._missing = answer.content_length if answer.code == 200 else 0
        self._pieces: list[bytes] = []  # what was received and not yet read, the next piece last
        self.end: ReadEnd | None = None
        self._cut(leftover)

    async def read(self) -> bytes:
        """Return the next 1 to `PIECE_BYTES` bytes, as one ``SSL_read`` does, or ``b""`` when ``end`` is set."""
        if not self._pieces and not self.end:
            await self._receive()
        return self._pieces.pop() if self._pieces else b""

    async def _receive(self) -> None:
        if self._missing is not None and self._missing <= 0:
            self.end = ReadEnd.COMPLETE
            return
        received = await self._connection.receive()
        if isinstance(received, ReadEnd):
            self.end = received
        else:
            self._cut(received)

    def _cut(self, record: bytes) -> None:
        """Cut the rest of a record into pieces; what goes beyond the announced length is never looked at."""
        if self._missing is not None:
            record = record[: max(self._missing, 0)]
            self._missing -= len(record)
        self._pieces = [record[start : start + PIECE_BYTES] for start in range(0, len(record), PIECE_BYTES)]
        self._pieces.reverse()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Send close_notify if that is possible, and close."""
        await self._connection.close()


class _Connection:
    """One TLS connection with the results of the firmware's ``SSL_read``."""

    def __init__(self, stream: trio.abc.Stream, ssl_context: ssl.SSLContext, trace: _Tracer) -> None:
        self.tls = trio.SSLStream(_ReceiveTimeoutStream(stream), ssl_context)
        self._trace = trace

    async def handshake(self) -> None:
        try:
            await self.tls.do_handshake()
        except (trio.BrokenResourceError, trio.TooSlowError) as error:
            raise StockHttpError(StockFailure.CANNOT_CONNECT_SSL) from error

    async def send(self, data: bytes) -> bool:
        """Send ``data`` as one record; return whether that worked."""
        try:
            await self.tls.send_all(data)
        except trio.BrokenResourceError:
            return False
        return True

    async def receive(self) -> bytes | ReadEnd:
        """Return the rest of the current record or the next one, or why there is none."""
        try:
            data = await self.tls.receive_some(_RECORD_BYTES)
        except trio.BrokenResourceError as error:
            return ReadEnd.CLOSED if is_end_without_notice(error.__cause__) else ReadEnd.ERROR
        except trio.TooSlowError:
            return ReadEnd.ERROR
        return bytes(data) if data else ReadEnd.ERROR

    async def receive_answer(self, parser: StockResponseParser) -> StockAnswer:
        while True:
            received = await self.receive()
            if isinstance(received, ReadEnd):
                return parser.feed_end()
            answer = parser.feed(received)
            if answer is not None:
                return answer

    async def close(self) -> None:
        async with self._trace.step("http11.response_closed"):
            await self.tls.aclose()


class _ReceiveTimeoutStream(trio.abc.Stream):
    """A stream whose `receive_some` raises `trio.TooSlowError` after `RECEIVE_TIMEOUT_S` without data."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        with trio.fail_after(RECEIVE_TIMEOUT_S):
            return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Tracer:
    """Tells an httpx trace function what happens, by httpcore's names."""

    def __init__(self, trace: Trace | None) -> None:
        self._trace = trace

    @asynccontextmanager
    async def step(self, name: str, **info: Any) -> AsyncIterator[dict[str, Any]]:
        """Report that ``name`` started with ``info``, and later that it is complete with what the block put in."""
        result: dict[str, Any] = {"return_value": None}
        await self._tell(f"{name}.started", info)
        try:
            yield result
        except BaseException as error:
            await self._tell(f"{name}.failed", {"exception": error})
            raise
        await self._tell(f"{name}.complete", result)

    async def _tell(self, name: str, info: dict[str, Any]) -> None:
        if self._trace is not None:
            with trio.CancelScope(shield=True):  # a cancelled request must still be able to close its connection
                await self._trace(name, info)


def _request_bytes(request: httpx.Request, port: int) -> bytes:
    """Return the firmware's request. The server's name is that of the ``Host`` header, where its case survives."""
    server = request.headers["Host"].partition(":")[0]
    target: bytes = request.extensions.get("target", request.url.raw_path)
    return b"GET %s HTTP/1.1\r\nHost: %s:%d \r\n\r\n" % (target, server.encode("latin-1"), port)
