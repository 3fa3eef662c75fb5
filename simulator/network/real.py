"""`NetworkInterface` on the sockets of this host, so that a virtual board can talk to a real server.

The board's link is still the radio's or the cable's business: while it is down nothing gets out. Every operation that
waits for the host does so under `WorldClock.real_io`.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Final

import trio

from simulator.links import LinkQuality
from simulator.network.clock import WorldClock
from simulator.network.interface import (
    CONNECT_TIMEOUT_S,
    CannotConnectError,
    Connection,
    ConnectRefusedError,
    ConnectTimedOutError,
    Endpoint,
    LinkDatagrams,
    LinkDownError,
    NameNotFoundError,
    PingNotPermittedError,
    Segment,
    is_ipv4_address,
    take_back,
)

_ICMP_HEADER: Final = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence number."""
_ECHO_REQUEST: Final = 8
_ECHO_REPLY: Final = 0
LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 128
_PACKET_BYTES_MAX: Final = 65535
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""``struct linger`` that makes closing a socket a reset."""


class RealStream(Connection):
    """A `trio.SocketStream` that the world's clock waits for and that breaks when the board's link goes down."""

    def __init__(self, stream: trio.SocketStream, interface: RealInterface) -> None:
        self._stream = stream
        self._interface = interface
        self._vanished = False
        self.keeps_alive = True
        self.local: Endpoint = stream.socket.getsockname()
        self.remote: Endpoint = stream.socket.getpeername()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As trio's."""
        with self._operation():
            await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """As trio's."""
        with self._operation():
            await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """As trio's."""
        with self._operation():
            await self._stream.send_eof()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """As trio's."""
        with self._operation():
            return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """As trio's."""
        self._vanished = False
        self._interface.forget(self)
        await self._stream.aclose()

    @property
    def acknowledged_at(self) -> float:
        """See `Connection.acknowledged_at`."""
        return -inf

    def reset_behind_data(self) -> None:
        """See `Connection.reset_behind_data`; the host may lose what the other end has not acknowledged."""
        self._interface.forget(self)
        self._close_with_reset()

    def vanish(self) -> None:
        """Break because the link is gone. The host's own link is not, so the far end gets a reset."""
        self._vanished = True
        self._close_with_reset()

    def _close_with_reset(self) -> None:
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._stream.socket.close()

    @contextmanager
    def _operation(self) -> Iterator[None]:
        try:
            with self._interface.clock.real_io():
                yield
        except trio.ClosedResourceError as error:
            if self._vanished:
                raise trio.BrokenResourceError from error
            raise


class RealListener(trio.abc.Listener[RealStream]):
    """A port of this host's loopback that leads to a board, as long as the board's link is up."""

    def __init__(self, listener: trio.SocketListener, interface: RealInterface) -> None:
        self._listener = listener
        self._interface = interface

    async def accept(self) -> RealStream:
        """As trio's."""
        while True:
            with self._interface.clock.real_io():
                stream = await self._listener.accept()
            if self._interface.is_up:
                return self._interface.new_stream(stream)
            await stream.aclose()

    async def aclose(self) -> None:
        """As trio's."""
        await self._listener.aclose()


class RealDatagrams:
    """A UDP socket of the host on a port that is free."""

    def __init__(self, interface: RealInterface) -> None:
        self._interface = interface
        self._socket = trio.socket.from_stdlib_socket(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    @property
    def port(self) -> int:
        """The own port; 0 before the first datagram was sent."""
        port: int = self._socket.getsockname()[1]
        return port

    async def send_to(self, data: bytes, target: Endpoint) -> None:
        """See `Datagrams.send_to`."""
        if not self._interface.is_up:
            raise LinkDownError(*target)
        with self._interface.clock.real_io():
            await self._socket.sendto(data, target)

    def send_groups_by(self, address: str, *, loop: bool) -> None:
        """See `Datagrams.send_groups_by`. The host sends groups by whatever way it likes."""

    async def receive_from(self) -> tuple[bytes, Endpoint]:
        """See `Datagrams.receive_from`."""
        with self._interface.clock.real_io():
            data, (address, port, *_) = await self._socket.recvfrom(_PACKET_BYTES_MAX)
        return data, (address, port)

    def close(self) -> None:
        """See `Datagrams.close`."""
        self._socket.close()


class RealInterface:
    """A `NetworkInterface` on the host's sockets; see there for what each method promises."""

    def __init__(self, clock: WorldClock) -> None:
        self.clock = clock
        self._address = ""
        self._streams: set[RealStream] = set()
        self._attempts: set[trio.CancelScope] = set()
        self._groups: Counter[tuple[str, bool]] = Counter()

    @property
    def is_up(self) -> bool:
        """Whether the link is up and has an address."""
        return bool(self._address)

    @property
    def address(self) -> str:
        """The address the board believes to have; the host's sockets have the host's."""
        return self._address

    def link_up(
        self,
        quality: LinkQuality,
        address: str,
        *,
        segment: Segment | None = None,
        uplink: bool = True,
        name_servers: tuple[str, ...] = (),
    ) -> None:
        """See `NetworkInterface.link_up`. The quality of a real link is what it is, and so is where it leads."""
        if address != self._address:
            self.link_down()
            self._address = address

    def link_down(self) -> None:
        """See `NetworkInterface.link_down`."""
        self._address = ""
        for stream in self._streams:
            stream.vanish()
        self._streams.clear()
        for attempt in self._attempts:
            attempt.cancel()

    def serve_up(self, address: str, segment: Segment) -> None:
        """See `NetworkInterface.serve_up`. Nobody of the real network can join a virtual access point."""

    def serve_down(self) -> None:
        """See `NetworkInterface.serve_down`."""

    async def resolve(self, name: str) -> list[str]:
        """See `NetworkInterface.resolve`; the host's resolver answers."""
        if is_ipv4_address(name):
            await trio.lowlevel.checkpoint()
            return [name]
        if self.is_up:
            with self._attempt():
                try:
                    found = await trio.socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
                except (OSError, UnicodeError) as error:
                    raise NameNotFoundError(name) from error
                # Debian's /etc/hosts has localhost twice, and then the resolver answers 127.0.0.1 twice.
                return list(dict.fromkeys(str(address[0]) for *_, address in found))
        await trio.lowlevel.checkpoint()
        raise NameNotFoundError(name)

    async def connect(self, address: str, port: int) -> RealStream:
        """See `NetworkInterface.connect`. Gives up when lwIP would, which is earlier than the host."""
        if self.is_up:
            with self._attempt():
                return self.new_stream(trio.SocketStream(await _connected_socket(address, port)))
        await trio.lowlevel.checkpoint()
        raise LinkDownError(address, port)

    @property
    def speaks_ip6(self) -> bool:
        """See `NetworkInterface.speaks_ip6`."""
        return False

    def set_link_local(self, interface: str, address: str, segment: Segment, quality: LinkQuality) -> None:
        """See `NetworkInterface.set_link_local`."""

    def listen(self, port: int, backlog: int | None = None, *, ip6: bool | None = False) -> RealListener:
        """See `NetworkInterface.listen`. Only this host can reach it; the host may refuse low ports (EACCES)."""
        _refuse_ip6(ip6)
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, port))
            listening.listen(BACKLOG if backlog is None else backlog)
        except OSError:
            listening.close()
            raise
        return RealListener(trio.SocketListener(trio.socket.from_stdlib_socket(listening)), self)

    def open_datagrams(self, port: int = 0, *, ip6: bool | None = False) -> RealDatagrams:
        """See `NetworkInterface.open_datagrams`."""
        _refuse_ip6(ip6)
        if port:
            raise OSError(errno.EOPNOTSUPP, f"a board does not listen on port {port} of this host")
        return RealDatagrams(self)

    def open_on_link(self, port: int, *, address: str, segment: Segment, quality: LinkQuality) -> LinkDatagrams:
        """See `NetworkInterface.open_on_link`. A link of the board is none of the host's."""
        raise OSError(errno.EOPNOTSUPP, f"a board does not listen on port {port} of this host")

    def join_group(self, group: str, *, as_access_point: bool) -> None:
        """See `NetworkInterface.join_group`."""
        self._groups[group, as_access_point] += 1

    def leave_group(self, group: str, *, as_access_point: bool) -> bool:
        """See `NetworkInterface.leave_group`."""
        return take_back(self._groups, (group, as_access_point))

    async def ping(self, address: str, size_bytes: int, timeout_s: float) -> float | None:
        """See `NetworkInterface.ping`."""
        if not self.is_up:
            await trio.sleep(timeout_s)
            return None
        with self.clock.real_io():
            return await _ping(address, size_bytes, timeout_s)

    def new_stream(self, stream: trio.SocketStream) -> RealStream:
        """Return a connection of the board's; it breaks when the link goes down."""
        made = RealStream(stream, self)
        self._streams.add(made)
        return made

    def forget(self, stream: RealStream) -> None:
        """``stream`` was closed."""
        self._streams.discard(stream)

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Wait for the host; leave the block at once when the link goes down."""
        with self.clock.real_io(), trio.CancelScope() as attempt:
            self._attempts.add(attempt)
            try:
                yield
            finally:
                self._attempts.discard(attempt)


def _refuse_ip6(ip6: bool | None) -> None:
    if ip6:
        raise OSError(errno.EOPNOTSUPP, "a board does not speak IPv6 with this host")


async def _connected_socket(address: str, port: int) -> trio.socket.SocketType:
    connected = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        with trio.fail_after(CONNECT_TIMEOUT_S):
            await connected.connect((address, port))
    except BaseException as error:
        connected.close()
        match error:
            case ConnectionRefusedError():
                raise ConnectRefusedError(address, port) from error
            case trio.TooSlowError() | TimeoutError():
                raise ConnectTimedOutError(address, port) from error
            case OSError():
                raise CannotConnectError(address, port) from error
        raise
    return connected


async def _ping(address: str, size_bytes: int, timeout_s: float) -> float | None:
    with _icmp_socket() as icmp:
        await icmp.connect((address, 0))
        request = _echo_request(sequence=1, data=bytes(size_bytes))
        started_at = trio.current_time()
        with trio.move_on_after(timeout_s):
            await icmp.send(request)
            while True:
                if _is_echo_reply(await icmp.recv(_PACKET_BYTES_MAX), to=request):
                    return trio.current_time() - started_at
    return None


def _icmp_socket() -> trio.socket.SocketType:
    """Return a socket for ICMP: of the kind that needs no rights where the host allows it, else a raw one."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return trio.socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
        except PermissionError:
            continue
    raise PingNotPermittedError("this host lets only the administrator send ICMP echo requests")


def _echo_request(sequence: int, data: bytes) -> bytes:
    """Return an ICMP echo request (RFC 792). A host's datagram socket puts its own identifier in."""
    unchecked = _ICMP_HEADER.pack(_ECHO_REQUEST, 0, 0, os.getpid() & 0xFFFF, sequence) + data
    padded = unchecked + b"\0" * (len(unchecked) % 2)
    total = sum(word for (word,) in struct.iter_unpack("!H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return unchecked[:2] + struct.pack("!H", ~total & 0xFFFF) + unchecked[4:]


def _is_echo_reply(packet: bytes, to: bytes) -> bool:
    if packet[0] >> 4 == 4:  # raw sockets, and datagram sockets of some hosts, deliver the IPv4 header too
        packet = packet[(packet[0] & 0xF) * 4 :]
    return packet[:1] == bytes([_ECHO_REPLY]) and packet[6:] == to[6:]
