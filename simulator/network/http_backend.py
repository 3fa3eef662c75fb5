"""httpx on a `NetworkInterface`: the client of the hardened profile and of ``net.curl``.

`InterfaceBackend` is httpcore's seam for networks; errors are translated here and nowhere else. httpcore leaves
timeouts to its backend, so each call carries out its own, on trio's clock. Connections are not kept alive: httpcore
lets idle ones expire by the wall clock, which has no meaning in virtual time.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from typing import Any, Final

import httpcore
import httpx
import trio

from simulator.network.interface import NetworkError, NetworkInterface, connect_by_name

_CONNECT_ERRORS: Final = {
    trio.TooSlowError: httpcore.ConnectTimeout,
    trio.BrokenResourceError: httpcore.ConnectError,
    NetworkError: httpcore.ConnectError,
}
_READ_ERRORS: Final = {
    trio.TooSlowError: httpcore.ReadTimeout,
    trio.BrokenResourceError: httpcore.ReadError,
    trio.ClosedResourceError: httpcore.ReadError,
}
_HTTPCORE_ERRORS: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)
_WRITE_ERRORS: Final = {
    trio.TooSlowError: httpcore.WriteTimeout,
    trio.BrokenResourceError: httpcore.WriteError,
    trio.ClosedResourceError: httpcore.WriteError,
}


def http_client(interface: NetworkInterface, ssl_context: ssl.SSLContext) -> httpx.AsyncClient:
    """Return an httpx client that reaches the world through ``interface`` only, whatever the host's environment says.

    It follows no redirects and uses each connection once. ``timeout`` may be given with each request.
    """
    return httpx.AsyncClient(transport=InterfaceTransport(interface, ssl_context), trust_env=False)


class InterfaceTransport(httpx.AsyncBaseTransport):
    """httpcore's connection pool on a `NetworkInterface`, for ``httpx.AsyncClient(transport=...)``."""

    def __init__(self, interface: NetworkInterface, ssl_context: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context, max_keepalive_connections=0, network_backend=InterfaceBackend(interface)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx's own transport; raises httpx's errors."""
        assert isinstance(request.stream, AsyncIterable)
        with _httpx_errors(request):
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_ResponseStream(response, request),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the pool."""
        await self._pool.aclose()


class InterfaceBackend(httpcore.AsyncNetworkBackend):
    """httpcore's network backend on a `NetworkInterface`."""

    def __init__(self, interface: NetworkInterface) -> None:
        self._interface = interface

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve ``host`` and connect. A board has one address and no socket options: those two are not used."""
        with _translated(_CONNECT_ERRORS), trio.fail_after(_or_inf(timeout)):
            return _BackendStream(await connect_by_name(self._interface, host, port))

    async def sleep(self, seconds: float) -> None:
        """Sleep on the world's clock."""
        await trio.sleep(seconds)


class _BackendStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _translated(_READ_ERRORS), trio.fail_after(_or_inf(timeout)):
            return bytes(await self._stream.receive_some(max_bytes))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _translated(_WRITE_ERRORS), trio.fail_after(_or_inf(timeout)):
            await self._stream.send_all(buffer)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        # HTTP says itself how long a body is, and many servers close without close_notify.
        tls = trio.SSLStream(self._stream, ssl_context, server_hostname=server_hostname, https_compatible=True)
        try:
            with _translated(_CONNECT_ERRORS), trio.fail_after(_or_inf(timeout)):
                await tls.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(self._stream)
            raise
        return _BackendStream(tls)

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object" and isinstance(self._stream, trio.SSLStream):
            return self._stream
        return None


class _ResponseStream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors(self._request):
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _translated(errors: Mapping[type[Exception], type[Exception]]) -> Iterator[None]:
    try:
        yield
    except tuple(errors) as error:
        translated = next(errors[kind] for kind in errors if isinstance(error, kind))
        raise translated(str(error.__cause__ or error)) from error


@contextmanager
def _httpx_errors(request: httpx.Request) -> Iterator[None]:
    """Turn httpcore's errors into those of httpx, which have the same names."""
    try:
        yield
    except _HTTPCORE_ERRORS as error:
        raise getattr(httpx, type(error).__name__)(str(error), request=request) from error


def _or_inf(timeout: float | None) -> float:
    return inf if timeout is None else timeout
