"""One connection to a server as a board makes it, and everything that could be seen of it."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from enum import Enum
from typing import Final

import trio

from simulator.network.redirect import ServerAddress
from simulator.network.tls import is_end_without_notice, reason_of

TIMEOUT_S: Final = 15.0
BODY_BYTES_MAX: Final = 32 * 1024 * 1024
_HEAD_BYTES_MAX: Final = 64 * 1024
_RECORD: Final = 5
_HANDSHAKE: Final = 22
_CERTIFICATE: Final = 11


class BodyEnd(Enum):
    """How the body ended."""

    COMPLETE = "complete"
    """With the last byte that was announced."""
    NOTICE = "close_notify"
    CUT = "closed without close_notify"
    BROKEN = "broken"
    SILENCE = "silence"
    TOO_LONG = "longer than any flash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shake:
    """A TLS handshake: what was agreed on, or why nothing was. ``certificate`` is the server's own, in DER."""

    error: str = ""
    version: str = ""
    cipher: str = ""
    certificate: bytes = b""
    chain_bytes: int = 0
    """Length of the message with the certificate chain; 0 if it was encrypted (TLS 1.3)."""

    @property
    def worked(self) -> bool:
        """Whether there was a connection."""
        return not self.error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it stood on the wire. ``head`` is without its empty line; ``body`` up to what was announced."""

    head: bytes
    body: bytes
    end: BodyEnd

    @property
    def status(self) -> int | None:
        """The status code; None if the first line has none."""
        match = re.match(rb"HTTP/\d(?:\.\d)? +(\d{3})(?: |\r|$)", self.head)
        return int(match[1]) if match else None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names and values as they are."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]

    def header(self, name: str) -> str | None:
        """Return the value of a header, whatever the case of its name."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), None)


async def shake_hands(server: ServerAddress, context: ssl.SSLContext, *, name: str | None = None) -> Shake:
    """Connect and say goodbye. ``name`` is sent as the server's name (SNI); a board sends none. Raises `OSError`."""
    with trio.move_on_after(TIMEOUT_S):
        recorder = _Recorder(await trio.open_tcp_stream(server.host, server.port))
        tls = trio.SSLStream(recorder, context, server_hostname=name)
        try:
            return await _shake(tls, recorder)
        finally:
            await trio.aclose_forcefully(tls)
    return Shake(error=f"no answer for {TIMEOUT_S:g} s")


async def ask(server: ServerAddress, context: ssl.SSLContext, target: str, *, name: str | None = None) -> Answer:
    """Ask for ``target`` in the words of a board, and read the answer. Raises `OSError` and `trio.BrokenResourceError`.

    ``trio.TooSlowError`` if nothing comes at all.
    """
    with trio.fail_after(TIMEOUT_S):
        stream = await trio.open_tcp_stream(server.host, server.port)
    tls = trio.SSLStream(stream, context, server_hostname=name)
    try:
        with trio.fail_after(TIMEOUT_S):
            await tls.do_handshake()
            await tls.send_all(f"GET {target} HTTP/1.1\r\nHost: {server.host}:{server.port} \r\n\r\n".encode())
        return await _read(tls)
    finally:
        await trio.aclose_forcefully(tls)


class _Recorder(trio.abc.Stream):
    """Keeps what arrives, in which the handshake can be read: until TLS 1.2 it is not encrypted."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self.received = bytearray()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        self.received += data
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _shake(tls: trio.SSLStream[_Recorder], recorder: _Recorder) -> Shake:
    try:
        await tls.do_handshake()
    except trio.BrokenResourceError as error:
        return Shake(error=reason_of(error))
    cipher = tls.cipher()
    return Shake(
        version=tls.version() or "",
        cipher=cipher[0] if cipher else "",
        certificate=tls.getpeercert(binary_form=True) or b"",
        chain_bytes=_chain_bytes(bytes(recorder.received)),
    )


def _chain_bytes(received: bytes) -> int:
    """Return the length of the Certificate message among TLS records, 0 if there is none in clear."""
    messages = bytearray()
    while len(received) >= _RECORD and received[0] == _HANDSHAKE:
        length = int.from_bytes(received[3:5], "big")
        messages += received[_RECORD : _RECORD + length]
        received = received[_RECORD + length :]
    while len(messages) >= 4:
        length = int.from_bytes(messages[1:4], "big")
        if messages[0] == _CERTIFICATE:
            return length
        del messages[: 4 + length]
    return 0


async def _read(tls: trio.SSLStream[trio.SocketStream]) -> Answer:
    data = bytearray()
    end: BodyEnd | None = None
    while b"\r\n\r\n" not in data and end is None and len(data) < _HEAD_BYTES_MAX:
        end = await _receive(tls, data)
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    answer = Answer(head=head, body=b"", end=end or BodyEnd.COMPLETE)
    announced = answer.header("content-length")
    wanted = int(announced) if announced is not None and announced.isdecimal() else BODY_BYTES_MAX
    rest = bytearray(body)
    while end is None and len(rest) < min(wanted, BODY_BYTES_MAX):
        end = await _receive(tls, rest)
    if end is None:
        end = BodyEnd.COMPLETE if announced is not None and wanted <= BODY_BYTES_MAX else BodyEnd.TOO_LONG
    return Answer(head=head, body=bytes(rest[:wanted]), end=end)


async def _receive(tls: trio.SSLStream[trio.SocketStream], into: bytearray) -> BodyEnd | None:
    """Add what comes next to ``into``; return how it ended, if it did."""
    try:
        with trio.fail_after(TIMEOUT_S):
            data = await tls.receive_some()
    except trio.TooSlowError:
        return BodyEnd.SILENCE
    except trio.BrokenResourceError as error:
        return BodyEnd.CUT if is_end_without_notice(error.__cause__) else BodyEnd.BROKEN
    into += data
    return None if data else BodyEnd.NOTICE
