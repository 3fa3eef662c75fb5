"""LuaSocket's sockets: TCP and UDP, names, select (lwIP's sockets, for the C core of ``components/lua/.../luasocket``).

A socket is known to Lua by its descriptor. What a script can run into is answered as LuaSocket's word for it. Sockets
are not blocking; what waits here waits as LuaSocket does around them, and what a script does not wait for goes on.
"""

from __future__ import annotations

import errno
import ipaddress
from collections import deque
from contextlib import suppress
from math import inf
from typing import Any, Final, Protocol

import trio

from simulator.device.calls import CallGroup, call, text_of
from simulator.device.calls.system import DeviceClock
from simulator.device.kernel import Kernel
from simulator.device.memberships import Memberships
from simulator.device.net_driver import NetDriver
from simulator.device.tcp_sender import SEGMENT_BYTES, TcpSender
from simulator.network import (
    CannotConnectError,
    Connection,
    ConnectRefusedError,
    ConnectTimedOutError,
    Datagrams,
    Endpoint,
    LinkDownError,
    NameNotFoundError,
    NetworkError,
    NetworkInterface,
)
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.wifi import NO_ADDRESS

TIMEOUT: Final = b"timeout"
CLOSED: Final = b"closed"
REFUSED: Final = b"connection refused"
UNREACHABLE: Final = b"Host is unreachable"
IN_USE: Final = b"address already in use"
CONNECTED: Final = b"already connected"
CONNECTING: Final = b"Socket already connected"
"""What newlib says of EALREADY."""
NOT_CONNECTED: Final = b"Socket is not connected"
BAD_DESCRIPTOR: Final = b"Bad file number"
BAD_OPERATION: Final = b"Operation not supported on socket"
TOO_MANY: Final = b"Too many open files in system"

FIRST_DESCRIPTOR: Final = 54
SOCKETS_MAX: Final = 10
"""``CONFIG_LWIP_MAX_SOCKETS`` of the boards; their descriptors are the last of 64. Only those of scripts count here."""
SHORTEST_WAIT_S: Final = 0.001
"""What a look without a timeout takes: what has arrived is found."""
FIRST_EPHEMERAL_PORT: Final = 49152

_UDP_OPTIONS: Final = {
    b"broadcast": False,
    b"ip-multicast-if": NO_ADDRESS.encode(),
    b"ip-multicast-ttl": 255,
    b"ip-multicast-loop": False,
}
"""What can be set, and what it is if nobody does (``lwip_setsockopt_impl``). SO_REUSE is not in the boards' builds.

``broadcast`` and the TTL change nothing: lwIP sends to everybody anyhow (``IP_SOF_BROADCAST``), and groups never leave
their network.
"""
_SET_ONLY: Final = {b"ipv6-multicast-loop": b"ip-multicast-loop"}
"""What is the same as another option, but only for who sets it."""

_KEEPALIVE: Final = b"keepalive"
_NO_DELAY: Final = b"tcp-nodelay"
_LINGER: Final = b"linger"
_TCP_OPTIONS: Final = {_KEEPALIVE: False, _NO_DELAY: False, _LINGER: -1}

Result = tuple[Any, ...]


class Waitable(Protocol):
    """What can be read from. ``lock`` lets one Lua thread wait at a time, the next after it."""

    lock: trio.Lock

    @property
    def ready(self) -> bool:
        """Whether a read would not wait."""

    async def fill(self) -> None:
        """Wait until it is ready. May be cancelled without a loss."""


class _Tcp:
    """A TCP socket. It is nothing yet, connects, is connected, or listens."""

    def __init__(self, family: bytes) -> None:
        self.family = family
        self.port = 0
        self.options: dict[bytes, Any] = {**_TCP_OPTIONS, b"ipv6-v6only": family == b"inet6"}
        self.stream: Connection | None = None
        self.sender: TcpSender | None = None
        self.listener: trio.abc.Listener[Connection] | None = None
        self.peer: Endpoint | None = None
        self.attempt: trio.CancelScope | None = None
        """What tries to connect now."""
        self.attempt_ended = trio.Event()
        self.error: bytes | None = None
        self.lock, self.send_lock = trio.Lock(), trio.Lock()
        self.received = b""
        self.ended = False
        self.accepted: deque[Connection] = deque()

    def connected(self, stream: Connection, peer: Endpoint, nursery: trio.Nursery) -> None:
        self.stream = stream
        self.sender = TcpSender(stream, nursery)
        self.use_options()
        self.peer = getattr(stream, "remote", peer)
        self.port = getattr(stream, "local", ("", self.port))[1]

    def use_options(self) -> None:
        """Let what is set have its effect."""
        if self.stream is not None and self.sender is not None:
            self.stream.keeps_alive = bool(self.options[_KEEPALIVE])
            self.sender.no_delay = bool(self.options[_NO_DELAY])

    @property
    def cannot_close(self) -> bool:
        """Whether closing fails: it should linger, which no socket does that is not blocking."""
        return self.sender is not None and self.options[_LINGER] > 0 and self.sender.has_unacknowledged

    @property
    def ready(self) -> bool:
        return bool(self.received) or self.ended or bool(self.accepted) or self.error is not None

    async def fill(self) -> None:
        if self.stream is not None:
            try:
                self.received = bytes(await self.stream.receive_some())
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.received = b""
            self.ended = not self.received
        elif self.listener is not None:
            with suppress(trio.ClosedResourceError):
                self.accepted.append(await self.listener.accept())
        elif self.attempt is not None:
            await self.attempt_ended.wait()
        else:
            await trio.sleep_forever()

    async def wait_writable(self) -> None:
        """Return when it can be sent to, or has failed."""
        if self.attempt is not None:
            await self.attempt_ended.wait()
        elif self.sender is None:
            await trio.sleep_forever()
        else:
            await self.sender.wait_writable()

    async def aclose(self) -> None:
        if self.attempt is not None:
            self.attempt.cancel()
        if self.listener is not None:
            await self.listener.aclose()
        if self.sender is not None and self.stream is not None:
            if self.options[_LINGER] == 0 and self.sender.has_unacknowledged:
                self.stream.reset_behind_data()
            else:
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await self.sender.flush()
                await self.stream.aclose()
        for stream in self.accepted:
            await stream.aclose()
        self.ended = True


class _Udp:
    def __init__(self, family: bytes) -> None:
        self.family = family
        self.options: dict[bytes, Any] = {**_UDP_OPTIONS, b"ipv6-v6only": family == b"inet6"}
        self.datagrams: Datagrams | None = None
        self.opened = trio.Event()
        self.peer: Endpoint | None = None
        self.lock = trio.Lock()
        self.received: deque[tuple[bytes, Endpoint]] = deque()

    @property
    def port(self) -> int:
        return 0 if self.datagrams is None else self.datagrams.port

    def open(self, interface: NetworkInterface, port: int = 0) -> Datagrams:
        """Take a port, if it has none yet. Raises `OSError`."""
        if self.datagrams is None:
            self.datagrams = interface.open_datagrams(port, ip6=_protocols(self))
            self.use_options()
            self.opened.set()
        return self.datagrams

    def use_options(self) -> None:
        """Let what is set have its effect."""
        if self.datagrams is not None:
            address = text_of(self.options[b"ip-multicast-if"])
            self.datagrams.send_groups_by(address, loop=bool(self.options[b"ip-multicast-loop"]))

    @property
    def ready(self) -> bool:
        return bool(self.received)

    async def fill(self) -> None:
        await self.opened.wait()
        assert self.datagrams is not None
        with suppress(trio.ClosedResourceError):
            while not self.received:
                data, sender = await self.datagrams.receive_from()
                if self.peer in (None, sender):
                    self.received.append((data, sender))

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        if self.datagrams is not None:
            self.datagrams.close()
        await trio.lowlevel.checkpoint()


class SocketCalls(CallGroup):
    """The sockets of one run of the app. ``nursery`` holds what goes on while no script waits for it."""

    def __init__(
        self, interface: NetworkInterface, clock: DeviceClock, nursery: trio.Nursery, driver: NetDriver
    ) -> None:
        self._interface = interface
        self._memberships = Memberships(interface, driver)
        self._clock = clock
        self._nursery = nursery
        self._sockets: dict[int, _Tcp | _Udp] = {}

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts; the sockets of the one before went with its Lua state."""
        super().connect(kernel)
        for socket in self._sockets.values():
            self._memberships.forget(socket)
            self._nursery.start_soon(socket.aclose)
        self._sockets.clear()

    async def aclose(self) -> None:
        """Give everything back: the board is reset or has no power."""
        with trio.CancelScope(shield=True):
            for socket in self._sockets.values():
                self._memberships.forget(socket)
                await socket.aclose()
        self._sockets.clear()

    def _add(self, socket: _Tcp | _Udp) -> int | None:
        """Give a socket the first descriptor that is free; None if none is."""
        for descriptor in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + SOCKETS_MAX):
            if descriptor not in self._sockets:
                self._sockets[descriptor] = socket
                return descriptor
        return None

    def _tcp(self, descriptor: int | None) -> _Tcp | None:
        found = self._sockets.get(descriptor) if descriptor is not None else None
        return found if isinstance(found, _Tcp) else None

    def _udp(self, descriptor: int | None) -> _Udp | None:
        found = self._sockets.get(descriptor) if descriptor is not None else None
        return found if isinstance(found, _Udp) else None

    # -- time and names -------------------------------------------------------------------------------------------

    @call("socket.gettime")
    def _gettime(self) -> Result:
        """Answer with Unix seconds and milliseconds."""
        now_ns = self.kernel.now_ns()
        return (self._clock.epoch(now_ns), now_ns % NS_PER_S // NS_PER_MS)

    @call("socket.now_ms")
    def _now_ms(self) -> Result:
        return (self.kernel.now_ns() // NS_PER_MS & 0x7FFF_FFFF,)

    @call("socket.family_of")
    def _family_of(self, address: bytes) -> Result:
        """Answer with the family of an address, None for a name."""
        return (_family_of(text_of(address)),)

    @call("socket.resolve")
    async def _resolve(self, name: bytes, wanted: bytes | None) -> Result:
        """Answer with family and address of a name; None if it has none of the family. No name has an IPv6 one."""
        text = text_of(name)
        family = _family_of(text)
        if family is not None and wanted in (None, family):
            return (family, name)
        if wanted == b"inet6" or family is not None:
            await trio.sleep(0)
            return (None,)
        try:
            address, *_ = await self._interface.resolve(text)
        except NameNotFoundError:
            return (None,)
        return (b"inet", address.encode())

    # -- any socket -----------------------------------------------------------------------------------------------

    @call("socket.open")
    def _open(self, kind: bytes, family: bytes) -> Result:
        descriptor = self._add(_Tcp(family) if kind == b"tcp" else _Udp(family))
        return (descriptor,) if descriptor is not None else (None, TOO_MANY)

    @call("socket.close")
    async def _close(self, descriptor: int) -> None:
        socket = self._sockets.get(descriptor)
        if isinstance(socket, _Tcp) and socket.cannot_close:
            return  # nobody looks at that, and the descriptor is lost
        self._sockets.pop(descriptor, None)
        if socket is not None:
            self._memberships.forget(socket)
            await socket.aclose()

    @call("socket.set_option")
    def _set_option(self, descriptor: int | None, name: bytes, value: Any) -> Result:
        """Set an option. Answer with whether there is such a one."""
        socket = self._sockets.get(descriptor or 0)
        name = _SET_ONLY.get(name, name)
        if socket is None or name not in socket.options or _is_listening_for(socket, name):
            return (False,)
        socket.options[name] = value
        socket.use_options()
        return (True,)

    @call("socket.set_membership")
    def _set_membership(self, descriptor: int | None, joins: bool, group: bytes, address: bytes) -> Result:
        """Join or leave a group. Answer with whether that works."""
        socket = self._udp(descriptor)
        if socket is None:
            return (False,)
        change = self._memberships.join if joins else self._memberships.drop
        return (change(socket, text_of(address), text_of(group)),)

    @call("socket.get_option")
    def _get_option(self, descriptor: int | None, name: bytes) -> Result:
        socket = self._sockets.get(descriptor or 0)
        if socket is not None and name == b"error":
            error = None
            if isinstance(socket, _Tcp):
                error, socket.error = socket.error, None
            return (True, error)
        if socket is None or name not in socket.options or _is_listening_for(socket, name):
            return (False,)
        return (True, socket.options[name])

    @call("socket.name")
    def _name(self, descriptor: int | None, peer: bool) -> Result:
        """Answer with an address and a port, or with False and why not."""
        socket = self._sockets.get(descriptor or 0)
        if socket is None:
            return (False, BAD_DESCRIPTOR)
        if peer and socket.peer is None:
            return (False, NOT_CONNECTED)
        if socket.family == b"inet6":
            return (True, b"", 0)  # on the device what was in memory, since there are no names for IPv6 addresses
        address = NO_ADDRESS.encode()
        if isinstance(socket, _Tcp) and socket.stream is not None:
            address = getattr(socket.stream, "local", (self._interface.address,))[0].encode()
        if peer and socket.peer is not None:
            return (True, socket.peer[0].encode(), socket.peer[1])
        return (True, address, socket.port)

    @call("socket.bind")
    def _bind(self, descriptor: int, _address: bytes, port: int) -> Result:
        """Choose the own port. A socket hears what comes by its protocol, whatever address it is bound to."""
        socket = self._sockets[descriptor]
        try:
            if isinstance(socket, _Udp):
                socket.open(self._interface, port)
                return (None,)
        except OSError as error:
            return (_word_for_port(error),)
        others = (other for other in self._sockets.values() if isinstance(other, _Tcp) and other is not socket)
        taken = {other.port for other in others if other.family == socket.family}
        if port in taken - {0}:
            return (IN_USE,)
        while not port or port in taken:
            port = max(port, FIRST_EPHEMERAL_PORT - 1) + 1
        socket.port = port
        return (None,)

    @call("socket.connect")
    async def _connect(
        self, descriptor: int, address: bytes | None, port: int, timeout_s: float | None = None
    ) -> Result:
        """Connect; answer with why that is not, or not yet. It goes on when the time is over. None disconnects."""
        socket = self._sockets.get(descriptor)
        if isinstance(socket, _Udp):
            return self._choose_peer(socket, address, port)
        if socket is None or address is None:
            return (CLOSED,)
        if socket.stream is not None:
            return (CONNECTED,)
        if socket.listener is not None:
            return (BAD_OPERATION,)
        if socket.attempt is not None:
            return (CONNECTING,)
        if not (self._interface.speaks_ip6 if socket.family == b"inet6" else self._interface.is_up):
            return (UNREACHABLE,)
        socket.attempt, socket.attempt_ended, socket.error = trio.CancelScope(), trio.Event(), None
        self._nursery.start_soon(self._attempt, socket, socket.attempt, (_canonical(address), port))
        with _limit(timeout_s):
            await socket.attempt_ended.wait()
            error, socket.error = socket.error, None
            return (error,)
        return (TIMEOUT,)

    def _choose_peer(self, socket: _Udp, address: bytes | None, port: int) -> Result:
        if address is None:
            socket.peer = None
            return (None,)
        try:
            socket.open(self._interface)
        except OSError:
            return (IN_USE,)
        socket.peer = (_canonical(address), port)
        return (None,)

    async def _attempt(self, socket: _Tcp, attempt: trio.CancelScope, peer: Endpoint) -> None:
        """Try to connect, whoever waits for it."""
        with attempt:
            try:
                stream = await self._interface.connect(*peer)
            except NetworkError as error:
                socket.error = _word_for(error)
            else:
                if attempt.cancel_called:
                    await stream.aclose()
                else:
                    socket.connected(stream, peer, self._nursery)
        socket.attempt = None
        socket.attempt_ended.set()

    # -- TCP ------------------------------------------------------------------------------------------------------

    @call("socket.listen")
    def _listen(self, descriptor: int | None, backlog: int) -> Result:
        socket = self._tcp(descriptor)
        if socket is None:
            return (BAD_DESCRIPTOR,)
        if not socket.port:
            self._bind(descriptor or 0, b"", 0)
        try:
            socket.listener = self._interface.listen(socket.port, backlog, ip6=_protocols(socket))
        except OSError as error:
            return (_word_for_port(error),)
        return (None,)

    @call("socket.accept")
    async def _accept(self, descriptor: int | None, timeout_s: float | None) -> Result:
        server = self._tcp(descriptor)
        if server is None:
            return (None, CLOSED)
        if not await _wait(server, timeout_s):
            return (None, TIMEOUT)
        if not server.accepted:
            return (None, CLOSED)
        accepted = _Tcp(server.family)
        accepted.options[_KEEPALIVE] = server.options[_KEEPALIVE]
        accepted.connected(server.accepted.popleft(), ("", 0), self._nursery)
        new = self._add(accepted)
        if new is None:
            await accepted.aclose()
            return (None, TOO_MANY)
        return (new,)

    @call("socket.receive")
    async def _receive(self, descriptor: int | None, timeout_s: float | None) -> Result:
        socket = self._tcp(descriptor)
        if socket is None:
            return (None, CLOSED)
        if socket.stream is None:
            return (None, NOT_CONNECTED)
        if not await _wait(socket, timeout_s):
            return (None, TIMEOUT)
        data, socket.received = socket.received, b""
        return (data,) if data else (None, CLOSED)

    @call("socket.send")
    async def _send(self, descriptor: int | None, data: bytes, timeout_s: float | None) -> Result:
        """Answer with how much was sent, and with the error if that is not all."""
        socket = self._tcp(descriptor)
        sent = 0
        if socket is None:
            return (sent, CLOSED)
        if socket.sender is None:
            return (sent, NOT_CONNECTED)
        with _limit(timeout_s):
            async with socket.send_lock:
                while sent < len(data):
                    piece = data[sent : sent + SEGMENT_BYTES]
                    try:
                        await socket.sender.send(piece)
                    except (trio.BrokenResourceError, trio.ClosedResourceError):
                        return (sent, CLOSED)
                    sent += len(piece)
            return (sent,)
        return (sent, TIMEOUT)

    @call("socket.shutdown")
    async def _shutdown(self, descriptor: int | None, how: bytes) -> None:
        """Send the end of the stream, or take no notice any more of what comes."""
        socket = self._tcp(descriptor)
        if socket is None or socket.stream is None or socket.sender is None:
            return
        if how != b"receive":
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await socket.sender.flush()
                await socket.stream.send_eof()
        if how != b"send":
            socket.received, socket.ended = b"", True

    # -- UDP ------------------------------------------------------------------------------------------------------

    @call("socket.send_to")
    async def _send_to(self, descriptor: int | None, data: bytes, address: bytes | None, port: int | None) -> Result:
        """Send a datagram to an address or to the peer; answer with why that cannot be."""
        socket = self._udp(descriptor)
        if socket is None:
            return (CLOSED,)
        peer = socket.peer if address is None else (_canonical(address), port or 0)
        if peer is None or (":" in peer[0] and not self._interface.speaks_ip6):
            return (UNREACHABLE,)
        try:
            await socket.open(self._interface).send_to(data, peer)
        except LinkDownError:
            return (UNREACHABLE,)
        except OSError:
            return (IN_USE,)
        return (None,)

    @call("socket.receive_from")
    async def _receive_from(self, descriptor: int | None, timeout_s: float | None) -> Result:
        socket = self._udp(descriptor)
        if socket is None:
            return (None, CLOSED)
        if not await _wait(socket, timeout_s):
            return (None, TIMEOUT)
        data, (address, port) = socket.received.popleft()
        return (data, b"", 0) if ":" in address else (data, address.encode(), port)

    # -- select ---------------------------------------------------------------------------------------------------

    @call("socket.select")
    async def _select(self, timeout_s: float, *wanted: int) -> Result:
        """Answer with those of ``wanted`` that are ready, when one is or the time is over.

        A descriptor stands for reading from it, and what is negative, its complement, for sending to it.
        """
        ready: set[int] = set()
        with _limit(timeout_s):
            async with trio.open_nursery() as nursery:

                async def watch(number: int) -> None:
                    socket = self._sockets.get(number if number >= 0 else ~number)
                    if socket is None:
                        return
                    await (_wait(socket, None) if number >= 0 else socket.wait_writable())
                    ready.add(number)
                    nursery.cancel_scope.cancel()

                for number in wanted:
                    nursery.start_soon(watch, number)
                if not wanted:
                    nursery.start_soon(trio.sleep_forever)
        ready |= {number for number in wanted if number in self._sockets and self._sockets[number].ready}
        return tuple(number for number in wanted if number in ready)


def _limit(timeout_s: float | None) -> trio.CancelScope:
    return trio.move_on_after(inf if timeout_s is None or timeout_s < 0 else max(timeout_s, SHORTEST_WAIT_S))


async def _wait(socket: Waitable, timeout_s: float | None) -> bool:
    """Wait until ``socket`` is ready, but no longer than that; return whether it is."""
    with _limit(timeout_s):
        async with socket.lock:
            if not socket.ready:
                await socket.fill()
    return socket.ready


def _protocols(socket: _Tcp | _Udp) -> bool | None:
    """Return whether ``socket`` speaks IPv6, None for both."""
    if socket.family != b"inet6":
        return False
    return True if socket.options[b"ipv6-v6only"] else None


def _is_listening_for(socket: _Tcp | _Udp, name: bytes) -> bool:
    """Whether ``socket`` listens, and so has no options of TCP itself."""
    return name == _NO_DELAY and isinstance(socket, _Tcp) and socket.listener is not None


def _canonical(address: bytes) -> str:
    """Return an address as interfaces have it."""
    text = text_of(address)
    return ipaddress.IPv6Address(text).exploded if ":" in text else text


def _word_for_port(error: OSError) -> bytes | None:
    """Return why a port cannot be had. That nobody of the host's network comes by IPv6 is no reason."""
    return None if error.errno == errno.EOPNOTSUPP else IN_USE


def _family_of(text: str) -> bytes | None:
    try:
        return b"inet" if ipaddress.ip_address(text).version == 4 else b"inet6"
    except ValueError:
        return None


def _word_for(error: NetworkError) -> bytes:
    match error:
        case ConnectRefusedError():
            return REFUSED
        case ConnectTimedOutError():
            return TIMEOUT
        case CannotConnectError():
            return UNREACHABLE
        case _:
            return CLOSED
