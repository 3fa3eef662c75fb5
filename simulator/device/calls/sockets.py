"""LuaSocket's sockets: TCP clients and servers, UDP, names (the C core of ``components/lua/modules/luasocket``).

A socket is known to Lua by a number. What a script can run into is answered as nil and LuaSocket's word for it.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from math import inf
from typing import Any, Final, Protocol

import trio

from simulator.device.calls import CallGroup, call, text_of
from simulator.device.calls.system import DeviceClock
from simulator.device.kernel import Kernel
from simulator.network import (
    CannotConnectError,
    ConnectRefusedError,
    ConnectTimedOutError,
    Datagrams,
    Endpoint,
    LinkDownError,
    NameNotFoundError,
    NetworkInterface,
)
from simulator.units import NS_PER_MS, NS_PER_S

TIMEOUT: Final = b"timeout"
CLOSED: Final = b"closed"
REFUSED: Final = b"connection refused"
UNREACHABLE: Final = b"Host is unreachable"
IN_USE: Final = b"address already in use"
NO_NAME: Final = b"non-recoverable failure in name resolution"
"""lwIP's ``getaddrinfo`` says ``EAI_FAIL`` of every name that it cannot resolve."""
NO_HOST: Final = b"host not found"

SHORTEST_WAIT_S: Final = 0.001
"""What a look without a timeout takes: what has arrived is found."""
SEGMENT_BYTES: Final = 1436  # CONFIG_TCP_MSS of the boards: after how many bytes sending may time out

Result = tuple[Any, ...]


class _Socket(Protocol):
    """What can be waited for. ``lock`` lets one Lua thread wait at a time, the next after it."""

    lock: trio.Lock

    @property
    def ready(self) -> bool:
        """Whether a read would not wait."""

    async def fill(self) -> None:
        """Wait until it is ready. May be cancelled without a loss."""

    async def aclose(self) -> None:
        """Close it."""


class _Stream:
    def __init__(self, stream: trio.abc.HalfCloseableStream, local: Endpoint, remote: Endpoint) -> None:
        self.stream = stream
        self.local: Endpoint = getattr(stream, "local", local)
        self.remote: Endpoint = getattr(stream, "remote", remote)
        self.lock, self.send_lock = trio.Lock(), trio.Lock()
        self.received = b""
        self.ended = False

    @property
    def ready(self) -> bool:
        return bool(self.received) or self.ended

    async def fill(self) -> None:
        try:
            self.received = bytes(await self.stream.receive_some())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.received = b""
        self.ended = not self.received

    async def aclose(self) -> None:
        await self.stream.aclose()


class _Server:
    def __init__(self, listener: trio.abc.Listener[trio.abc.HalfCloseableStream], local: Endpoint) -> None:
        self.listener = listener
        self.local = local
        self.lock = trio.Lock()
        self.accepted: deque[trio.abc.HalfCloseableStream] = deque()

    @property
    def ready(self) -> bool:
        return bool(self.accepted)

    async def fill(self) -> None:
        with suppress(trio.ClosedResourceError):
            self.accepted.append(await self.listener.accept())

    async def aclose(self) -> None:
        await self.listener.aclose()
        for stream in self.accepted:
            await stream.aclose()


class _Udp:
    def __init__(self, datagrams: Datagrams) -> None:
        self.datagrams = datagrams
        self.peer: Endpoint | None = None
        self.lock = trio.Lock()
        self.received: deque[tuple[bytes, Endpoint]] = deque()

    @property
    def ready(self) -> bool:
        return bool(self.received)

    async def fill(self) -> None:
        with suppress(trio.ClosedResourceError):
            while not self.received:
                data, sender = await self.datagrams.receive_from()
                if self.peer in (None, sender):
                    self.received.append((data, sender))

    async def aclose(self) -> None:
        self.datagrams.close()
        await trio.lowlevel.checkpoint()


class SocketCalls(CallGroup):
    """The sockets of one run of the app. ``nursery`` closes what an interpreter leaves open."""

    def __init__(self, interface: NetworkInterface, clock: DeviceClock, nursery: trio.Nursery) -> None:
        self._interface = interface
        self._clock = clock
        self._nursery = nursery
        self._sockets: dict[int, Any] = {}
        self._next_handle = 1

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts; the sockets of the one before went with its Lua state."""
        super().connect(kernel)
        for socket in self._sockets.values():
            self._nursery.start_soon(socket.aclose)
        self._sockets.clear()

    async def aclose(self) -> None:
        """Give everything back: the board is reset or has no power."""
        with trio.CancelScope(shield=True):
            for socket in self._sockets.values():
                await socket.aclose()
        self._sockets.clear()

    def _add(self, socket: _Socket) -> int:
        handle = self._next_handle
        self._next_handle += 1
        self._sockets[handle] = socket
        return handle

    # -- time -----------------------------------------------------------------------------------------------------

    @call("socket.gettime")
    def _gettime(self) -> Result:
        """Answer with Unix seconds and milliseconds."""
        now_ns = self.kernel.now_ns()
        return (self._clock.epoch(now_ns), now_ns % NS_PER_S // NS_PER_MS)

    @call("socket.now_ms")
    def _now_ms(self) -> Result:
        return (self.kernel.now_ns() // NS_PER_MS & 0x7FFF_FFFF,)

    # -- names ----------------------------------------------------------------------------------------------------

    @call("socket.resolve")
    async def _resolve(self, name: bytes) -> Result:
        try:
            found = await self._interface.resolve(text_of(name))
        except NameNotFoundError:
            return (None, NO_HOST)
        return tuple(address.encode() for address in found)

    # -- TCP ------------------------------------------------------------------------------------------------------

    @call("socket.connect")
    async def _connect(self, name: bytes, port: int, timeout_s: float | None) -> Result:
        with _limit(timeout_s):
            try:
                address, *_ = await self._interface.resolve(text_of(name))
                stream = await self._interface.connect(address, port)
            except NameNotFoundError:
                return (None, NO_NAME)
            except ConnectRefusedError:
                return (None, REFUSED)
            except ConnectTimedOutError:
                return (None, TIMEOUT)
            except CannotConnectError:
                return (None, UNREACHABLE)
            return (self._add(_Stream(stream, (self._interface.address, 0), (address, port))),)
        return (None, TIMEOUT)

    @call("socket.listen")
    def _listen(self, port: int) -> Result:
        try:
            listener = self._interface.listen(port)
        except OSError:
            return (None, IN_USE)
        return (self._add(_Server(listener, ("0.0.0.0", port))),)  # noqa: S104 (what the stack shows)

    @call("socket.accept")
    async def _accept(self, handle: int, timeout_s: float | None) -> Result:
        server = self._sockets.get(handle)
        if server is None:
            return (None, CLOSED)
        if not await _wait(server, timeout_s):
            return (None, TIMEOUT)
        return (self._add(_Stream(server.accepted.popleft(), server.local, ("", 0))),)

    @call("socket.receive")
    async def _receive(self, handle: int, timeout_s: float | None) -> Result:
        stream = self._sockets.get(handle)
        if stream is None:
            return (None, CLOSED)
        if not await _wait(stream, timeout_s):
            return (None, TIMEOUT)
        data, stream.received = stream.received, b""
        return (data,) if data else (None, CLOSED)

    @call("socket.send")
    async def _send(self, handle: int, data: bytes, timeout_s: float | None) -> Result:
        """Answer with how much was sent, and with the error if that is not all."""
        stream = self._sockets.get(handle)
        sent = 0
        if stream is None:
            return (sent, CLOSED)
        with _limit(timeout_s):
            async with stream.send_lock:
                while sent < len(data):
                    piece = data[sent : sent + SEGMENT_BYTES]
                    try:
                        await stream.stream.send_all(piece)
                    except (trio.BrokenResourceError, trio.ClosedResourceError):
                        return (sent, CLOSED)
                    sent += len(piece)
            return (sent,)
        return (sent, TIMEOUT)

    @call("socket.shutdown")
    async def _shutdown(self, handle: int) -> None:
        """Send the end of the stream."""
        with suppress(KeyError, trio.BrokenResourceError, trio.ClosedResourceError):
            await self._sockets[handle].stream.send_eof()

    @call("socket.close")
    async def _close(self, handle: int) -> None:
        socket = self._sockets.pop(handle, None)
        if socket is not None:
            await socket.aclose()

    @call("socket.names")
    def _names(self, handle: int) -> Result:
        socket = self._sockets[handle]
        if isinstance(socket, _Server):
            return (socket.local[0].encode(), socket.local[1])
        if isinstance(socket, _Udp):
            return (b"0.0.0.0", socket.datagrams.port)
        return (socket.local[0].encode(), socket.local[1], socket.remote[0].encode(), socket.remote[1])

    @call("socket.select")
    async def _select(self, timeout_s: float | None, *handles: int) -> Result:
        """Answer with those of the sockets that are ready, when one is or the time is over."""
        sockets = {handle: self._sockets[handle] for handle in handles if handle in self._sockets}
        if not any(socket.ready for socket in sockets.values()):
            with _limit(timeout_s):
                async with trio.open_nursery() as nursery:

                    async def watch(socket: _Socket) -> None:
                        await _wait(socket, None)
                        nursery.cancel_scope.cancel()

                    for socket in sockets.values():
                        nursery.start_soon(watch, socket)
                    if not sockets:
                        nursery.start_soon(trio.sleep_forever)
        return tuple(handle for handle, socket in sockets.items() if socket.ready)

    # -- UDP ------------------------------------------------------------------------------------------------------

    @call("socket.udp")
    def _udp(self, port: int) -> Result:
        try:
            datagrams = self._interface.open_datagrams(port)
        except OSError:
            return (None, IN_USE)
        return (self._add(_Udp(datagrams)),)

    @call("socket.udp_peer")
    def _udp_peer(self, handle: int, address: bytes | None, port: int) -> None:
        self._sockets[handle].peer = None if address is None else (address.decode(), port)

    @call("socket.send_to")
    async def _send_to(self, handle: int, data: bytes, address: bytes, port: int) -> Result:
        try:
            await self._sockets[handle].datagrams.send_to(data, (address.decode("latin-1"), port))
        except LinkDownError:
            return (None, UNREACHABLE)
        return (1,)

    @call("socket.receive_from")
    async def _receive_from(self, handle: int, timeout_s: float | None) -> Result:
        udp = self._sockets.get(handle)
        if udp is None:
            return (None, CLOSED)
        if not await _wait(udp, timeout_s):
            return (None, TIMEOUT)
        data, (address, port) = udp.received.popleft()
        return (data, address.encode(), port)


def _limit(timeout_s: float | None) -> trio.CancelScope:
    return trio.move_on_after(inf if timeout_s is None or timeout_s < 0 else max(timeout_s, SHORTEST_WAIT_S))


async def _wait(socket: _Socket, timeout_s: float | None) -> bool:
    """Wait until ``socket`` is ready, but no longer than that; return whether it is."""
    with _limit(timeout_s):
        async with socket.lock:
            if not socket.ready:
                await socket.fill()
    return socket.ready
