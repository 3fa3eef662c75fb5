"""A TCP socket that does not block, with TLS on it if asked: what libcurl sees of lwIP and mbedTLS.

Two tasks do the waiting; what arrived and what is to be sent stands in buffers as large as lwIP's.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import trio

from simulator.libcurl.easy import Easy
from simulator.libcurl.failure import CurlError, Failure
from simulator.libcurl.handshake import HandshakeFailed, shake_hands
from simulator.network import (
    CannotConnectError,
    ConnectRefusedError,
    LinkDownError,
)

WINDOW_BYTES: Final = 5744
"""``CONFIG_TCP_WND_DEFAULT`` and ``CONFIG_TCP_SND_BUF_DEFAULT`` of the boards."""
SEND_LOW_BYTES: Final = 2873
"""``TCP_SNDLOWAT``: with less room a socket does not count as ready to be written to."""

RESET: Final = "Connection reset by peer"
ABORTED: Final = "Software caused connection abort"
UNREACHABLE: Final = "Host is unreachable"
"""What newlib's ``strerror`` says of ECONNRESET, ECONNABORTED and EHOSTUNREACH, as which lwIP reports a refusal or a
reset, a peer that does not answer or a link that goes down, and a link that is down."""


class Wire:
    """One socket. ``number`` is its descriptor."""

    def __init__(self, easy: Easy, nursery: trio.Nursery, number: int) -> None:
        self.number = number
        self.is_connected = False
        self.trouble: str | None = None
        """Why there is no connection, or none any more."""
        self.tls_ended: bool | None = None
        """With TLS on it: whether the handshake is over."""
        self._easy = easy
        self._nursery = nursery
        self._stream: trio.abc.Stream | None = None
        self._transport: trio.abc.Stream | None = None
        self._scopes: list[trio.CancelScope] = []
        self._reading = trio.CancelScope()
        self._is_reading = False
        self._received = bytearray()
        self._is_at_end = False
        self._sending = bytearray()
        self._changed = trio.Event()
        self._handshake_error: HandshakeFailed | None = None
        self._is_open = True
        easy.say_socket(f"OPEN socket {number}: 2,1,0")

    @property
    def has_failed_at_once(self) -> bool:
        """Whether there was no way to the address when the connection was asked for."""
        return self.trouble == UNREACHABLE

    # -- connecting -----------------------------------------------------------------------------------------------

    async def begin(self, address: str, port: int) -> None:
        """Ask for a connection, and see whether that is refused at once."""
        if not self._easy.surroundings.interface.is_up:
            self.trouble = UNREACHABLE
        else:
            self._nursery.start_soon(self._connect, address, port)
        await trio.lowlevel.checkpoint()

    async def _connect(self, address: str, port: int) -> None:
        with self._cancelled_with_it():
            try:
                self._stream = self._transport = await self._easy.surroundings.interface.connect(address, port)
            except CannotConnectError as error:
                self.trouble = _trouble_of(error)
            else:
                self.is_connected = True
                self._nursery.start_soon(self._write)
                self._start_reading()
            self._easy.ring()

    # -- TLS ------------------------------------------------------------------------------------------------------

    async def begin_tls(self, context: ssl.SSLContext, host: str, session: ssl.SSLSession | None) -> None:
        """Begin a handshake; nothing may be on its way on the connection. `tls_ended` turns true when it is over."""
        await self._stop_reading()
        assert self._transport is not None
        self.tls_ended = False
        tls = trio.SSLStream(self._transport, context, server_hostname=host)
        if session is not None:
            tls.session = session
        self._nursery.start_soon(self._shake_hands, tls)

    async def _shake_hands(self, tls: trio.SSLStream[trio.abc.Stream]) -> None:
        with self._cancelled_with_it():
            try:
                await shake_hands(tls)
            except HandshakeFailed as error:
                self._handshake_error = error
            else:
                self._stream = tls
                self._start_reading()
            self.tls_ended = True
            self._easy.ring()

    @property
    def tls(self) -> trio.SSLStream[trio.abc.Stream]:
        """The connection after a handshake. Raises `HandshakeFailed`."""
        if self._handshake_error is not None:
            raise self._handshake_error
        assert isinstance(self._stream, trio.SSLStream)
        return self._stream

    # -- reading --------------------------------------------------------------------------------------------------

    def _start_reading(self) -> None:
        self._is_reading = True
        self._reading = trio.CancelScope()
        self._nursery.start_soon(self._read, self._reading)

    async def _stop_reading(self) -> None:
        self._reading.cancel()
        while self._is_reading:
            await self._changed.wait()

    @property
    def is_readable(self) -> bool:
        """Whether a read would not have to wait, be it for an end or an error."""
        return bool(self._received) or self._is_at_end or self.trouble is not None

    def read(self, size_max: int) -> bytes | None:
        """Return what is there, ``b""`` at the end, None if nothing is. Raises `CurlError`."""
        if self._received:
            data = bytes(self._received[:size_max])
            del self._received[:size_max]
            self._change()
            return data
        if self.trouble is not None:
            if self.tls_ended is None:
                raise self._easy.fail(Failure.RECV_ERROR, f"Recv failure: {self.trouble}")
            raise CurlError(Failure.RECV_ERROR)
        return b"" if self._is_at_end else None

    async def _read(self, scope: trio.CancelScope) -> None:
        assert self._stream is not None
        with self._cancelled_with_it(), scope:
            try:
                while not self._is_at_end:
                    while len(self._received) >= WINDOW_BYTES:
                        await self._changed.wait()
                    data = await self._stream.receive_some(WINDOW_BYTES - len(self._received))
                    self._received += data
                    self._is_at_end = not data
                    self._easy.ring()
            except trio.BrokenResourceError:  # with TLS also an end that was not announced
                self._break()
            except trio.ClosedResourceError:
                pass  # by us, while data arrived
        self._is_reading = False
        self._change()

    # -- writing --------------------------------------------------------------------------------------------------

    @property
    def is_writable(self) -> bool:
        """Whether there is room for a good deal."""
        return WINDOW_BYTES - len(self._sending) >= SEND_LOW_BYTES or self.trouble is not None

    def write(self, data: bytes) -> int:
        """Send, and return how much of it there was room for. Raises `CurlError`."""
        if self.trouble is not None:
            if self.tls_ended is None:
                self._easy.info(f"Send failure: {self.trouble}")
            raise CurlError(Failure.SEND_ERROR)
        taken = data[: WINDOW_BYTES - len(self._sending)]
        self._sending += taken
        self._change()
        return len(taken)

    async def _write(self) -> None:
        with self._cancelled_with_it():
            try:
                while self._stream is not None:
                    while not self._sending:
                        await self._changed.wait()
                    data = bytes(self._sending)
                    await self._stream.send_all(data)
                    del self._sending[: len(data)]
                    self._change()
                    self._easy.ring()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._break()

    def _break(self) -> None:
        """The connection is gone; with the own address lwIP aborts it itself."""
        self.trouble = self.trouble or (RESET if self._easy.surroundings.interface.is_up else ABORTED)
        self._easy.ring()

    @contextmanager
    def _cancelled_with_it(self) -> Iterator[None]:
        """Run until the socket is closed, if that comes first."""
        with trio.CancelScope() as scope:
            self._scopes.append(scope)
            yield

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    # -- closing --------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Send what is to be sent, as lwIP does behind a closed socket, and close. TLS is not told (mbedTLS)."""
        if not self._is_open:
            return
        self._is_open = False
        with trio.move_on_after(1):
            while self._sending and self.trouble is None:
                await self._changed.wait()
        for scope in self._scopes:
            scope.cancel()
        if self._transport is not None:
            await trio.aclose_forcefully(self._transport)
            self._easy.surroundings.emit("net.close")
        self._easy.say_socket(f"CLOSE socket {self.number}, ret=0")


def _trouble_of(error: CannotConnectError) -> str:
    if isinstance(error, LinkDownError):
        return UNREACHABLE
    return RESET if isinstance(error, ConnectRefusedError) else ABORTED
