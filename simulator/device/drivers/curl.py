"""net.curl: libcurl 7.54.1 for HTTP (``components/lua/modules/net/net_service_curl.inc``, ``components/curl``).

A request is what libcurl sends, byte for byte but for the boundary's random digits; it leaves by httpx on the board's
interface. Two things of libcurl's are not done: it waits for ``100 Continue`` before it sends a form, for a second at
most, and it accepts answers that are hardly HTTP.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Final, NamedTuple

import httpx
import trio

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver, Shared
from simulator.filesystem import FileSystemError
from simulator.network import NameNotFoundError, NetworkError
from simulator.network.http_backend import http_client
from simulator.network.tls import library_client_context
from simulator.network.trace import event_trace

BUFFER_BYTES: Final = 4096
"""``CURL_MAX_WRITE_SIZE``, which is also what is sent at once."""
HEADER_BYTES_MAX: Final = 512
BODY_BYTES_MAX: Final = 2048
PROGRESS_S: Final = 0.1
"""The delay in the callback for the progress."""
MUCH_BYTES: Final = 1_000_000
MUCH_PERIOD_S: Final = 5
"""Of more than so much the progress is printed only so often."""
SOCKET: Final = 54
"""The first descriptor of lwIP (``LWIP_SOCKET_OFFSET``)."""

_PACKINGS: Final = ("deflate", "gzip", "x-gzip")
_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS

_FILE, _JSON = b"_FILE_", b"_JSON_"
_TYPES: Final = {
    b".gif": b"image/gif",
    b".jpg": b"image/jpeg",
    b".jpeg": b"image/jpeg",
    b".txt": b"text/plain",
    b".html": b"text/html",
    b".xml": b"application/xml",
}


class _Options(NamedTuple):
    """What a script can set. 0 seconds are no limit and no progress."""

    is_verbose: bool
    progress_s: int
    timeout_s: int
    bytes_max: int


class _Failed(Exception):  # noqa: N818 (it is an outcome)
    """A transfer did not succeed; its text is that of ``curl_easy_strerror``."""


class CurlDriver(Driver):
    """Carries out the requests; what scripts set is kept by Lua and comes with each."""

    name: ClassVar[str] = "curl"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._rng = shared.radio.rng.child("curl")

    @call("curl.get")
    async def _get(self, url: bytes, path: bytes | None, *options: int) -> tuple[Any, ...]:
        """Answer with success, header and body, or with nothing if there can be no file."""
        if path is not None and not self._write(path, b""):
            return ()
        transfer = _Transfer(self.shared, _Options(bool(options[0]), *options[1:]))
        answer = await transfer.run("GET", url)
        if path is not None:
            self._write(path, bytes(transfer.body))
            await self.shared.network.files.settle()
        return answer

    @call("curl.post")
    async def _post(self, url: bytes, *values: Any) -> tuple[Any, ...]:
        """Send a form; its names and values follow the options. Answers with success, header and body."""
        options, fields = values[:4], values[4:]
        transfer = _Transfer(self.shared, _Options(bool(options[0]), *options[1:]))
        boundary = b"-" * 24 + self._rng.bytes(8).hex().encode()
        content = self._form(boundary, dict(zip(fields[::2], fields[1::2], strict=True)))
        await self.shared.network.files.settle()
        return await transfer.run("POST", url, content, boundary)

    def _write(self, path: bytes, data: bytes) -> bool:
        try:
            file_system, inner = self.shared.network.files.locate(path)
            file_system.write_file(inner, data)
        except FileSystemError:
            return False
        return True

    def _form(self, boundary: bytes, fields: dict[bytes, bytes]) -> bytes:
        """Return ``multipart/form-data``. Files that are empty or not there are left out."""
        parts = []
        for key, value in fields.items():
            content, extra = value, b""
            if key.startswith(_FILE):
                try:
                    content = self.shared.network.files.load(value)
                except FileSystemError:
                    continue
                if not content:
                    continue
                key = key[len(_FILE) :] or b"file"
                name = value.rstrip(b"/").rpartition(b"/")[2]
                shown = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
                extra = b'; filename="%s"\r\nContent-Type: %s' % (shown, _type_of(value))
            elif key.startswith(_JSON):
                key = key[len(_JSON) :] or b"json"
                extra = b"\r\nContent-Type: application/json"
            head = b'Content-Disposition: form-data; name="%s"%s\r\n\r\n' % (key, extra)
            parts.append(b"--%s\r\n%s%s\r\n" % (boundary, head, content))
        return b"".join([*parts, b"--%s--\r\n" % boundary]) if parts else b""


def _type_of(path: bytes) -> bytes:
    lower = path.lower()
    return next((type_ for ending, type_ in _TYPES.items() if lower.endswith(ending)), b"application/octet-stream")


@dataclass(slots=True)
class _Progress:
    """What is told of a transfer while it goes on (``xferinfo``)."""

    shared: Shared
    period_s: float
    bytes_max: int
    began_at: float
    told_s: float = 0.0
    told: tuple[int, int] = (0, 0)
    is_over: bool = False

    async def update(self, up: int, up_total: int, down: int, down_total: int) -> None:
        """Take note of what was sent and received, and of what there is in all; 0 if that is not known.

        Raises `_Failed` if that is more than may be received.
        """
        now_s = trio.current_time() - self.began_at
        if not self.is_over and now_s - self.told_s >= self.period_s and (up or down):
            text = "" if self.told_s else "\r\n"
            self.told_s = now_s
            if max(up_total, down_total) > MUCH_BYTES:
                self.period_s = max(self.period_s, MUCH_PERIOD_S)
            text += f"* TIME: {now_s:0.1f}"
            if up and up != self.told[0]:
                text += f" UP: {up}" + (f" of {up_total}" if up_total else "")
            if down and down != self.told[1]:
                text += f"  DOWN: {down}" + (f" of {down_total}" if down_total else "")
            self.told = (up, down)
            self.shared.write(f"{text}\r\n")
            self.is_over = (up and up == up_total) or (down and down == down_total) or False
        await trio.sleep(PROGRESS_S)
        if down > self.bytes_max:
            raise _Failed("Operation was aborted by an application callback")


class _Transfer:
    """One request and its answer."""

    def __init__(self, shared: Shared, options: _Options) -> None:
        self._shared = shared
        self._options = options
        self._progress = _Progress(shared, options.progress_s, options.bytes_max, trio.current_time())
        self._events = event_trace(shared.network.emit)
        self._is_open = False
        self.body = bytearray()

    async def run(self, method: str, url: bytes, content: bytes = b"", boundary: bytes = b"") -> tuple[Any, ...]:
        """Return success, header and body, as a script gets them."""
        try:
            with trio.fail_after(self._options.timeout_s or inf):
                header = await self._perform(_request(method, url, content, boundary, self._pieces(content)))
        except trio.TooSlowError:
            failure = "Timeout was reached"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = _text_of_error(error)
        except zlib.error:
            failure = "Unrecognized or bad HTTP Content or Transfer-Encoding"
        except _Failed as error:
            failure = str(error)
        else:
            failure = ""
        if self._is_open:
            self._say(f"== CLOSE socket {SOCKET}, ret=0\r\n")
        if self._options.progress_s:
            self._shared.write("\r\n")
        if failure:
            self._say(f"curl_easy_perform failed: {failure}\r\n")
            return False, failure.encode(), b"error"
        return True, _text(header[:HEADER_BYTES_MAX]), _text(bytes(self.body[:BODY_BYTES_MAX]))

    async def _perform(self, request: httpx.Request) -> bytes:
        request.extensions.update(trace=self._trace, timeout={})
        sent = int(request.headers.get("content-length", 0))
        async with http_client(self._shared.network.interface, library_client_context()) as client:
            response = await client.send(request, stream=True)
            raw = response.aiter_raw(BUFFER_BYTES)
            try:
                total = int(response.headers.get("content-length", 0))
                if self._options.bytes_max and total > self._options.bytes_max:
                    raise _Failed("Maximum file size exceeded")
                is_packed = response.headers.get("content-encoding", "").lower() in _PACKINGS
                unpack = zlib.decompressobj(_ZLIB_OR_GZIP).decompress if is_packed else bytes
                async for piece in raw:
                    self.body += unpack(piece)
                    await self._update(sent, sent, response.num_bytes_downloaded, total)
            finally:
                # The generators inside httpx and httpcore end only by being read to an end, which a closed one has.
                await response.aclose()
                with suppress(httpx.TransportError, httpx.StreamError):
                    async for _ in raw:
                        pass
        return _header(response)

    async def _pieces(self, content: bytes) -> AsyncIterator[bytes]:
        for first in range(0, len(content), BUFFER_BYTES):
            piece = content[first : first + BUFFER_BYTES]
            yield piece
            await self._update(first + len(piece), len(content), 0, 0)

    async def _update(self, *amounts: int) -> None:
        if self._options.progress_s:
            await self._progress.update(*amounts)

    async def _trace(self, name: str, info: dict[str, Any]) -> None:
        await self._events(name, info)
        step, _, state = name.rpartition(".")
        if step == "connection.connect_tcp" and state != "started":
            self._is_open = state == "complete" or not _is_from(info["exception"], NameNotFoundError)
            if self._is_open:
                self._say(f"== OPEN socket {SOCKET}: 2,1,0\r\n")

    def _say(self, text: str) -> None:
        if self._options.is_verbose:
            self._shared.write(text)


def _request(method: str, url: bytes, content: bytes, boundary: bytes, pieces: AsyncIterator[bytes]) -> httpx.Request:
    """Return a request with the headers that libcurl writes, in its order."""
    address = url.decode("utf-8", "replace").partition("#")[0]
    parsed = httpx.URL(address if "://" in address else f"http://{address}")
    if not parsed.host:
        raise httpx.InvalidURL(address)
    headers = [(b"Host", parsed.netloc), (b"Accept", b"*/*"), (b"Accept-Encoding", b"deflate, gzip")]
    if method == "POST":
        headers.append((b"Content-Length", str(len(content)).encode()))
        if content:
            headers.append((b"Expect", b"100-continue"))
            headers.append((b"Content-Type", b"multipart/form-data; boundary=" + boundary))
    return httpx.Request(method, parsed, headers=headers, content=pieces if content else None)


def _header(response: httpx.Response) -> bytes:
    """Return the lines of the header, as far as they are known."""
    first = b"%s %d %s" % (
        response.extensions["http_version"], response.status_code, response.extensions["reason_phrase"],
    )  # fmt: skip
    return b"".join([b"%s\r\n" % line for line in (first, *map(b": ".join, response.headers.raw), b"")])


def _text(data: bytes) -> bytes:
    """Return what of it is a text for C."""
    return data.partition(b"\0")[0]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__  # httpcore drops the causes


def _is_from(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in _causes(error))


def _text_of_error(error: Exception) -> str:
    """Return what libcurl calls it (``lib/strerror.c``)."""
    if _is_from(error, NameNotFoundError):
        return "Couldn't resolve host name"
    if _is_from(error, NetworkError):
        return "Couldn't connect to server"
    if _is_from(error, ssl.SSLError):
        return "SSL connect error"
    if isinstance(error, httpx.RemoteProtocolError):
        if "without sending a response" in str(error):
            return "Server returned nothing (no headers, no data)"
        if "without sending complete" in str(error) or "incomplete" in str(error):
            return "Transferred a partial file"
    for kind, text in _ERRORS.items():
        if isinstance(error, kind):
            return text
    return "Failure when receiving data from the peer"


_ERRORS: Final = {
    httpx.InvalidURL: "URL using bad/illegal format or missing URL",
    httpx.UnsupportedProtocol: "Unsupported protocol",
    httpx.WriteError: "Failed sending data to the peer",
}
