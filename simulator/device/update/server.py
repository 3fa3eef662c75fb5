"""Asking the update server, from a client that checks everything and forgives much.

Certificate and host name are checked against one authority; the answer is then held against what an update server
says: 200 or 206 with an image, 471 for nothing newer. What may pass (a broken connection, silence, a server in
trouble) is a `DownloadBrokenError`; what will not is an `UpdateRefusedError`.
"""

from __future__ import annotations

import re
import ssl
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import httpx
import trio

from simulator.device.update import DownloadBrokenError, UpdateRefusedError
from simulator.network import NetworkInterface
from simulator.network.http_backend import http_client
from simulator.network.trace import Trace
from simulator.ota_protocol import MISSING_OR_BAD_ARGUMENTS, NO_NEW_FIRMWARE, OK

PARTIAL_CONTENT: Final = 206
RANGE_NOT_SATISFIABLE: Final = 416
TIMEOUT_S: Final = 10.0
"""For connecting, and for each wait for data."""
STALL_S: Final = 15.0
STALL_BYTES: Final = 4096
"""A download that brings less than so much in that time is as good as broken."""

_TIMEOUTS: Final[Mapping[type[httpx.TransportError], str]] = {
    httpx.ConnectTimeout: f"no connection within {TIMEOUT_S:g} s",
    httpx.ReadTimeout: f"nothing came for {TIMEOUT_S:g} s",
    httpx.WriteTimeout: f"nothing could be sent for {TIMEOUT_S:g} s",
}
_OCTET_STREAM: Final = "application/octet-stream"
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_SHA_256: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


class StalePartError(DownloadBrokenError):
    """What was received so far is no beginning of what the server has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAnswer:
    """An image, or the rest of one. ``first`` is where it begins, ``size_bytes`` that of the whole, if it was said."""

    first: int
    size_bytes: int | None
    etag: str
    sha256: bytes | None
    response: httpx.Response

    async def parts(self) -> AsyncGenerator[bytes]:
        """Yield the bytes as they arrive. Raises `DownloadBrokenError`, also if they only trickle."""
        received = 0
        window_ends, window_bytes = trio.current_time() + STALL_S, 0
        raw = self.response.aiter_raw()
        try:
            with _broken_downloads():
                async for part in raw:
                    received += len(part)
                    window_bytes += len(part)
                    if trio.current_time() >= window_ends:
                        if window_bytes < STALL_BYTES:
                            raise DownloadBrokenError(f"only {window_bytes} bytes in {STALL_S:g} s")
                        window_ends, window_bytes = trio.current_time() + STALL_S, 0
                    yield part
        finally:
            # The generators inside httpx and httpcore end only by being read to an end, which a closed one has at once.
            await self.response.aclose()
            with suppress(httpx.TransportError, httpx.StreamError):
                async for _ in raw:
                    pass
        if self.size_bytes is not None and self.first + received < self.size_bytes:
            raise DownloadBrokenError(f"the server sent {self.first + received} of {self.size_bytes} bytes")


class UpdateServer:
    """The server ``host`` as seen through ``interface``, asked for what follows ``commit`` of ``firmware_id``."""

    def __init__(
        self, interface: NetworkInterface, context: ssl.SSLContext, *, host: str, firmware_id: str, commit: str
    ) -> None:
        self._interface = interface
        self._context = context
        self._url = f"https://{host}/?firmware={firmware_id}&commit={commit}"

    @asynccontextmanager
    async def ask(self, trace: Trace, *, first: int = 0, etag: str = "") -> AsyncIterator[ImageAnswer | None]:
        """Ask for the image, from its byte ``first`` on if it is still the one called ``etag``.

        None if there is nothing newer. Raises `DownloadBrokenError` and `UpdateRefusedError`.
        """
        headers = {"Accept": _OCTET_STREAM, "Accept-Encoding": "identity", "Want-Repr-Digest": "sha-256=1"}
        if first:
            headers |= {"Range": f"bytes={first}-", "If-Range": etag}
        async with http_client(self._interface, self._context) as client:
            request = client.build_request(
                "GET", self._url, headers=headers, timeout=TIMEOUT_S, extensions={"trace": trace}
            )
            with _broken_downloads():
                response = await client.send(request, stream=True)
            try:
                yield _answer(response)
            finally:
                await response.aclose()


def _answer(response: httpx.Response) -> ImageAnswer | None:
    status, headers = response.status_code, response.headers
    if status == NO_NEW_FIRMWARE:
        return None
    if status == RANGE_NOT_SATISFIABLE:
        raise StalePartError("the server has no such part of the firmware (416)")
    if status == MISSING_OR_BAD_ARGUMENTS:
        raise UpdateRefusedError("the server does not know this firmware (470)")
    if status >= 500:
        raise DownloadBrokenError(f"the server is in trouble ({status})")
    if 300 <= status < 400:
        target = headers.get("location", "nowhere")
        raise UpdateRefusedError(f"the server sends the board elsewhere ({status}): {target}")
    if status not in (OK, PARTIAL_CONTENT):
        raise UpdateRefusedError(f"the server answers {status}")
    content_type = headers.get("content-type", "nothing").partition(";")[0].strip().lower()
    if content_type != _OCTET_STREAM:
        raise UpdateRefusedError(f"the server sends {content_type}, not {_OCTET_STREAM}")
    first, size_bytes = 0, _number(headers.get("content-length"))
    if status == PARTIAL_CONTENT:
        match = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if match is None:
            raise UpdateRefusedError("the server sends a part and does not say which")
        first, size_bytes = int(match[1]), _number(match[2])
    digest = _SHA_256.search(headers.get("repr-digest", ""))
    return ImageAnswer(
        first=first,
        size_bytes=size_bytes,
        etag=headers.get("etag", ""),
        sha256=b64decode(digest[1]) if digest else None,
        response=response,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


@contextmanager
def _broken_downloads() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        bad_certificate = _certificate_error(error)
        if bad_certificate is not None:
            message = f"the server's certificate is no good: {bad_certificate.verify_message}"
            raise UpdateRefusedError(message) from error
        text = _TIMEOUTS.get(type(error)) or str(error) or type(error).__name__
        raise DownloadBrokenError(text[:1].lower() + text[1:]) from error


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
