"""The network of a simulated world: hosts with addresses, a name server, TCP and UDP between them, all in memory.

A host that is always there (a server) is made by `VirtualNetwork.add_host`; a board gets its interface from
`VirtualNetwork.interface` and its driver calls ``link_up`` and ``link_down`` on it, and ``serve_up`` and ``serve_down``
for the access point that it is itself. Whoever is in one *segment* (behind one access point, or that access point)
reaches the others there; beyond it, everybody with an uplink reaches everybody else with one. Randomness (jitter, loss)
comes from a child generator per interface, so that the traffic of one board does not change what another sees.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_address
from typing import Final, NamedTuple, TypeAlias

import trio

from simulator.links import LinkQuality
from simulator.network._route import Link, Route
from simulator.network._virtual_datagrams import VirtualDatagrams
from simulator.network._virtual_stream import Pipe, VirtualStream
from simulator.network.dns import DNS_PORT, addresses_in, query
from simulator.network.interface import (
    CONNECT_TIMEOUT_S,
    INTERFACES,
    SYN_RETRIES,
    SYN_RETRY_S,
    ConnectRefusedError,
    ConnectTimedOutError,
    Endpoint,
    LinkDownError,
    NameNotFoundError,
    Segment,
    is_ipv4_address,
    take_back,
)
from simulator.network.stacks import LINUX, Stack
from simulator.network.tap import Tap
from simulator.rng import Rng

_Port: TypeAlias = tuple[int, bool]
"""A port, and whether by IPv6."""

_EVERYBODY: Final = "255.255.255.255"
_ALL_NODES: Final = "ff02:0000:0000:0000:0000:0000:0000:0001"
"""Of IPv6 (RFC 4291)."""
ALL_SYSTEMS: Final = "224.0.0.1"
"""The group that every host is in (RFC 1112)."""
FIRST_EPHEMERAL_PORT: Final = 49152
EPHEMERAL_PORTS: Final = 65536 - FIRST_EPHEMERAL_PORT
DNS_TRIES: Final = 4
DNS_RETRY_S: Final = 1.0
"""lwIP asks a name server so often, and so long apart (``DNS_MAX_RETRIES``, ``DNS_TMR_INTERVAL``)."""
ICMP_OVERHEAD_BYTES: Final = 28
"""IPv4 header and ICMP header of an echo request."""
UDP_OVERHEAD_BYTES: Final = 28
"""IPv4 header and UDP header."""
WIRED: Final = LinkQuality(latency_ns=10_000_000, bandwidth_bps=1_000_000_000)
"""The default link of a host that is always there: a server somewhere on the Internet."""


class VirtualNetwork:
    """All interfaces of one world and what joins them.

    ``names`` is the name server: name in lower case to addresses, best first; it may be changed at any time.
    ``portals`` are the addresses to which every name leads in a segment whose name server lies.
    ``by_address`` holds who is up and has an uplink, ``by_segment`` who is up in which segment; both are the
    interfaces' to change.
    """

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._interfaces: dict[str, VirtualInterface] = {}
        self.names: dict[str, list[str]] = {}
        self.portals: dict[Segment, str] = {}
        self.by_address: dict[str, VirtualInterface] = {}
        self.by_segment: dict[tuple[Segment, str], VirtualInterface] = {}
        self.on_links: list[VirtualLinkDatagrams] = []
        """The sockets that belong to one link, in the order in which they were opened."""
        self.tap: Tap | None = None
        """Who listens to everything."""

    def interface(self, name: str, stack: Stack = LINUX) -> VirtualInterface:
        """Return the interface called ``name``; the first call makes it, with its link down and ``stack`` behind it."""
        found = self._interfaces.get(name)
        if found is None:
            found = self._interfaces[name] = VirtualInterface(self, self._rng.child(name), stack)
        return found

    def add_host(self, name: str, address: str, quality: LinkQuality = WIRED) -> VirtualInterface:
        """Add a host that is always up and that the name server knows, and return its interface."""
        host = self.interface(name)
        host.link_up(quality, address)
        self.names[name.lower()] = [address]
        return host

    def lookup(self, name: str, segment: Segment | None) -> list[str]:
        """Return what the name server of a segment says of ``name``."""
        portal = self.portals.get(segment)
        return list(self.names.get(name.lower(), ())) if portal is None else [portal]

    def deliver_on_links(
        self, data: bytes, target: Endpoint, sender: Endpoint, segment: Segment, link: Link, stack: Stack
    ) -> float | None:
        """Let a datagram arrive at the sockets in ``segment`` that belong to one link, but for one that has sent it.

        Returns when it arrives, None if nowhere.
        """
        arrival = None
        for socket in self.on_links:
            if socket.takes(target, sender[0], segment):
                route, size_bytes = Route(link, socket.link), len(data) + UDP_OVERHEAD_BYTES
                if not route.loses(size_bytes, stack, socket.interface.stack):
                    arrival = trio.current_time() + route.datagram_delay(size_bytes)
                    socket.deliver(data, sender, arrival)
        return arrival


class Path(NamedTuple):
    """The way from an interface to a host: both ends, their addresses and their links."""

    own: VirtualInterface
    host: VirtualInterface
    host_address: str
    host_link: Link
    own_address: str
    own_link: Link

    @property
    def there(self) -> Route:
        """The direction to the host."""
        return Route(self.own_link, self.host_link)

    @property
    def back(self) -> Route:
        """The direction from the host."""
        return Route(self.host_link, self.own_link)

    def round_trip(self, size_bytes: int) -> float | None:
        """Send a packet there and one of the same size back; return the seconds, or None if one gets lost."""
        there, back, own, host = self.there, self.back, self.own.stack, self.host.stack
        if there.loses(size_bytes, own, host) or back.loses(size_bytes, host, own):
            return None
        return there.datagram_delay(size_bytes) + back.datagram_delay(size_bytes)


class VirtualInterface:
    """A `NetworkInterface` of a `VirtualNetwork`; see there for what each method promises. It can also listen.

    Two interfaces with one address: the later takes it over, and the other is not found any more.
    """

    def __init__(self, network: VirtualNetwork, rng: Rng, stack: Stack) -> None:
        self._network = network
        self.stack: Final = stack
        self._address = ""
        self._listeners: dict[_Port, VirtualListener] = {}
        self._datagrams: dict[_Port, VirtualDatagrams] = {}
        self._link_locals: dict[str, tuple[Segment, str, Link]] = {}
        self._streams: dict[VirtualStream, None] = {}  # a dict because its order is that of insertion
        self._half_open: list[VirtualStream] = []
        self._attempts: list[trio.CancelScope] = []
        self._next_port = FIRST_EPHEMERAL_PORT
        self.refuses = False
        """Whether connections are refused as if nobody listened."""
        self._segment: Segment | None = None
        self._has_uplink = False
        self._name_servers: tuple[str, ...] = ()
        self._own: tuple[Segment, str] | None = None  # the network of its own access point, and its address there
        self._rng = rng
        self.link = Link(rng)
        self._own_link = Link(rng)
        self._groups: Counter[tuple[str, bool]] = Counter()

    @property
    def is_up(self) -> bool:
        """Whether the link is up and has an address."""
        return bool(self._address)

    @property
    def address(self) -> str:
        """The own IPv4 address; ``""`` while the link is down."""
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
        """See `NetworkInterface.link_up`. Raises `ValueError` for what is not an IPv4 address."""
        if not is_ipv4_address(address):
            raise ValueError(f"{address!r} is not an IPv4 address")
        if (self._address, self._segment, self._has_uplink) != (address, segment, uplink):
            self.link_down()
            self._address, self._segment, self._has_uplink = address, segment, uplink
            self._deny_half_open(address)
            if uplink:
                self._network.by_address[address] = self
            if segment is not None:
                self._network.by_segment[segment, address] = self
        self._name_servers = name_servers
        self.link.set_quality(quality)

    def link_down(self) -> None:
        """See `NetworkInterface.link_down`."""
        if self._network.by_address.get(self._address) is self:
            del self._network.by_address[self._address]
        if self._segment is not None:
            self._network.by_segment.pop((self._segment, self._address), None)
        self._lose_streams(self._address)
        self._address, self._segment, self._has_uplink = "", None, False
        for attempt in self._attempts:
            attempt.cancel()

    def serve_up(self, address: str, segment: Segment) -> None:
        """See `NetworkInterface.serve_up`."""
        if self._own != (segment, address):
            self.serve_down()
            self._own = (segment, address)
            self._deny_half_open(address)
            self._network.by_segment[segment, address] = self

    def serve_down(self) -> None:
        """See `NetworkInterface.serve_down`."""
        if self._own is not None:
            self._network.by_segment.pop(self._own, None)
            self._lose_streams(self.own_address)
            self._own = None

    def _lose_streams(self, address: str) -> None:
        """Break this end of all connections of ``address``; the other ends are not told."""
        for stream in [stream for stream in self._streams if stream.local[0] == address]:
            stream.vanish()
            self._half_open.append(stream)

    def _deny_half_open(self, address: str) -> None:
        """Know nothing of the connections that ``address`` had before: whoever sends on one of them hears so."""
        half_open, self._half_open = self._half_open, []
        for stream in half_open:
            if stream.local[0] == address:
                stream.deny()
            elif not stream.is_ended:
                self._half_open.append(stream)

    @property
    def speaks_ip6(self) -> bool:
        """See `NetworkInterface.speaks_ip6`."""
        return bool(self._link_locals)

    def set_link_local(self, interface: str, address: str, segment: Segment, quality: LinkQuality) -> None:
        """See `NetworkInterface.set_link_local`."""
        before = self._link_locals.get(interface)
        if before is not None and before[:2] == (segment, address):
            before[2].set_quality(quality)
            return
        if before is not None:
            self._network.by_segment.pop(before[:2], None)
            self._lose_streams(before[1])
            del self._link_locals[interface]
        if address:
            link = Link(self._rng)
            link.set_quality(quality)
            self._link_locals[interface] = segment, address, link
            self._network.by_segment[segment, address] = self
            self._deny_half_open(address)

    @property
    def own_address(self) -> str:
        """The address in the network of its own access point; ``""`` if it is none."""
        return self._own[1] if self._own is not None else ""

    async def resolve(self, name: str) -> list[str]:
        """See `NetworkInterface.resolve`. Fails at once while the link is down."""
        addresses = [name] if is_ipv4_address(name) else []
        if not addresses and self.is_up:
            with self._until_link_is_down():
                addresses = await (self._ask_world(name) if self._has_uplink else self._ask_name_servers(name))
        await trio.lowlevel.checkpoint()
        if not addresses:
            raise NameNotFoundError(name)
        return addresses

    async def connect(self, address: str, port: int) -> VirtualStream:
        """See `NetworkInterface.connect`."""
        if self._link_locals if ":" in address else self.is_up or self._own is not None:
            with self._until_link_is_down():
                return await self._connect(address, port)
        await trio.lowlevel.checkpoint()
        raise LinkDownError(address, port)

    async def ping(self, address: str, size_bytes: int, timeout_s: float) -> float | None:
        """See `NetworkInterface.ping`. While the link is down nothing answers."""
        with trio.move_on_after(timeout_s):
            path = self._path(address)
            round_trip = path.round_trip(size_bytes + ICMP_OVERHEAD_BYTES) if path else None
            if self._network.tap is not None and self.is_up:
                now = trio.current_time()
                answered = None if round_trip is None else now + round_trip
                own = path.own_address if path else self._address
                self._network.tap.pinged(own, address, size_bytes, now, answered)
            if round_trip is not None:
                await trio.sleep(round_trip)
                return round_trip
            await trio.sleep_forever()
        return None

    def listen(self, port: int, backlog: int | None = None, *, ip6: bool | None = False) -> VirtualListener:
        """See `NetworkInterface.listen`. Raises `OSError` (EADDRINUSE) if somebody already listens."""
        ports = _ports(port, ip6)
        if not self._listeners.keys().isdisjoint(ports):
            raise OSError(errno.EADDRINUSE, f"port {port} is in use")
        room = self.stack.backlog_max
        backlog = room if backlog is None else min(max(backlog, 1), room)
        listener = VirtualListener(backlog, on_close=lambda: [self._listeners.pop(port) for port in ports])
        self._listeners.update(dict.fromkeys(ports, listener))
        return listener

    def open_datagrams(self, port: int = 0, *, ip6: bool | None = False) -> VirtualDatagrams:
        """See `NetworkInterface.open_datagrams`."""
        while not port:
            port = self._free_port()
            port = port if self._datagrams.keys().isdisjoint(_ports(port, ip6)) else 0
        ports = _ports(port, ip6)
        if not self._datagrams.keys().isdisjoint(ports):
            raise OSError(errno.EADDRINUSE, f"port {port} is in use")
        opened = VirtualDatagrams(
            port,
            self._send_datagram,
            on_close=lambda: [self._datagrams.pop(port) for port in ports],
            waiting_max=self.stack.datagrams_max,
        )
        self._datagrams.update(dict.fromkeys(ports, opened))
        return opened

    def _send_datagram(self, data: bytes, port: int, target: Endpoint) -> None:
        """Send from ``port``. Who listens when it leaves gets it, if it does not get lost; all in the own segments do
        if the target is the address of a group, or of everybody.
        """
        ip6 = ":" in target[0]
        networks = list(self._networks_of_ip6() if ip6 else self._networks())
        if not networks and (ip6 or not self.is_up):
            raise LinkDownError(*target)
        if _is_group(target[0]):
            socket = self._datagrams[port, ip6]
            if self.stack.joins_groups:
                networks = self._group_networks(networks, socket.groups_by)
            paths = self._paths_to_group(networks, target[0])
            if socket.loops_groups and networks:
                self._loop(data, target, (networks[0][1], port))
        else:
            path = self._path(target[0])
            paths = [path] if path else []
        arrival = None
        for segment, own, link in networks:
            sender = (own, port)
            arrival = self._network.deliver_on_links(data, target, sender, segment, link, self.stack) or arrival
        for path in paths:
            route, size_bytes = path.there, len(data) + UDP_OVERHEAD_BYTES
            if not route.loses(size_bytes, self.stack, path.host.stack):
                arrival = trio.current_time() + route.datagram_delay(size_bytes)
                path.host.deliver(data, target[1], (path.own_address, port), arrival)
        if self._network.tap is not None:
            own = paths[0].own_address if paths else self._address or self.own_address
            self._network.tap.datagram((own, port), target, data, trio.current_time(), arrival)

    def open_on_link(self, port: int, *, address: str, segment: Segment, quality: LinkQuality) -> VirtualLinkDatagrams:
        """See `NetworkInterface.open_on_link`."""
        link = Link(self._rng)
        link.set_quality(quality)
        opened = VirtualLinkDatagrams(self, self._network, port, address, segment, link)
        self._network.on_links.append(opened)
        return opened

    def deliver(self, data: bytes, port: int, sender: Endpoint, at: float) -> None:
        """Let a datagram for ``port`` arrive ``at`` that time, if somebody has the port."""
        receiver = self._datagrams.get((port, ":" in sender[0]))
        if receiver is not None:
            receiver.deliver(data, sender, at)

    def answer(
        self, caller: VirtualInterface, caller_address: tuple[str, int], path: Path, port: int, asked: float
    ) -> VirtualStream | None:
        """Answer a connection request that ``caller`` made at ``asked`` over ``path``: return the stream for it, or
        None to let it try again.

        Raises `ConnectRefusedError` if nobody listens.
        """
        listener = None if self.refuses else self._listeners.get((port, ":" in path.host_address))
        here, tap = (path.host_address, port), self._network.tap
        if listener is None:
            if tap is not None:
                tap.refused(caller_address, here, asked, trio.current_time())
            raise ConnectRefusedError(path.host_address, port)
        if listener.is_full:
            return None
        flows = (None, None) if tap is None else tap.connected(caller_address, here, asked, trio.current_time())
        to_here = Pipe(path.there, flows[0])
        to_caller = Pipe(path.back, flows[1])
        near = self.add_stream(to_here, to_caller, local=here, remote=caller_address)
        far = caller.add_stream(to_caller, to_here, local=caller_address, remote=here)
        if self.stack.accept_max is not None and listener.waiting >= self.stack.accept_max:
            near.reset()
        else:
            listener.offer(near)
        return far

    def add_stream(
        self, incoming: Pipe, outgoing: Pipe, *, local: tuple[str, int], remote: tuple[str, int]
    ) -> VirtualStream:
        """Return this interface's end of a connection; it breaks when the link goes down."""
        stream = VirtualStream(incoming, outgoing, local=local, remote=remote, on_end=self._forget)
        self._streams[stream] = None
        return stream

    def _forget(self, stream: VirtualStream) -> None:
        self._streams.pop(stream, None)

    async def _ask_world(self, name: str) -> list[str]:
        for _ in range(DNS_TRIES):
            if not self.link.loses_packet():
                asked = trio.current_time()
                await trio.sleep(2 * self.link.latency_s)
                found = self._network.lookup(name, self._segment)
                if self._network.tap is not None:
                    self._network.tap.resolved(self._address, name, found, asked, trio.current_time())
                return found
            await trio.sleep(DNS_RETRY_S)
        return []

    async def _ask_name_servers(self, name: str) -> list[str]:
        number = self._rng.integer(0, 0xFFFF)
        question = query(number, name)
        if question is None:
            return []
        with closing(self.open_datagrams()) as socket:
            for server in self._name_servers:
                for _ in range(DNS_TRIES):
                    await socket.send_to(question, (server, DNS_PORT))
                    with trio.move_on_after(DNS_RETRY_S):
                        return await _answer(socket, (server, DNS_PORT), number)
        return []

    async def _connect(self, address: str, port: int) -> VirtualStream:
        started_at = trio.current_time()
        own_port = self._free_port()
        for attempt in range(1 + SYN_RETRIES):
            asked = trio.current_time()
            path = self._path(address)
            round_trip = path.round_trip(0) if path else None
            if path and round_trip is not None:
                await trio.sleep(round_trip)
                if self._path(address) == path:  # it is still there, and so is this end
                    stream = path.host.answer(self, (path.own_address, own_port), path, port, asked)
                    if stream is not None:
                        return stream
            elif self._network.tap is not None:
                own = path.own_address if path else self._address_for(address)
                self._network.tap.unanswered((own, own_port), (address, port), asked)
            await trio.sleep_until(started_at + min((attempt + 1) * SYN_RETRY_S, CONNECT_TIMEOUT_S))
        raise ConnectTimedOutError(address, port)

    def _address_for(self, address: str) -> str:
        """Return the own address that what nobody answers is sent from."""
        if ":" in address:
            return next(own for _, own, _ in self._networks_of_ip6())
        return self._address or self.own_address

    def _free_port(self) -> int:
        port = self._next_port
        self._next_port = FIRST_EPHEMERAL_PORT + (port + 1 - FIRST_EPHEMERAL_PORT) % EPHEMERAL_PORTS
        return port

    def _path(self, address: str) -> Path | None:
        """Return the way to whoever has ``address``, None if there is none from here."""
        ip6 = ":" in address
        for segment, own, link in self._networks_of_ip6() if ip6 else self._networks():
            host = self._network.by_segment.get((segment, address))
            if host is not None:
                return Path(self, host, address, host.link_in(segment, ip6=ip6), own, link)
        host = self._network.by_address.get(address) if self._has_uplink else None
        return Path(self, host, address, host.link, self._address, self.link) if host else None

    @staticmethod
    def _group_networks(networks: list[tuple[Segment, str, Link]], address: str) -> list[tuple[Segment, str, Link]]:
        """Return the one network that lwIP sends to a group in: where the own address is ``address``, or the first."""
        return [network for network in networks if network[1] == address][:1] or networks[:1]

    def _paths_to_group(self, networks: list[tuple[Segment, str, Link]], group: str) -> list[Path]:
        """Return the ways to all others in ``networks`` who hear ``group``."""
        return [
            Path(self, host, address, host.link_in(segment, ip6=":" in group), own, link)
            for segment, own, link in networks
            for (other, address), host in self._network.by_segment.items()
            if other is segment
            and (":" in address) == (":" in group)
            and host is not self
            and host.hears(group, segment)
        ]

    def _loop(self, data: bytes, target: Endpoint, sender: Endpoint) -> None:
        """Let what is sent to a group be heard by who is in it here."""
        if self._groups[target[0], sender[0] == self.own_address]:
            self.deliver(data, target[1], sender, trio.current_time())

    def join_group(self, group: str, *, as_access_point: bool) -> None:
        """See `NetworkInterface.join_group`."""
        self._groups[group, as_access_point] += 1

    def leave_group(self, group: str, *, as_access_point: bool) -> bool:
        """See `NetworkInterface.leave_group`."""
        return take_back(self._groups, (group, as_access_point))

    def hears(self, group: str, segment: Segment) -> bool:
        """Whether what is sent to ``group`` in ``segment`` gets any further than the link."""
        if not self.stack.joins_groups or group in (_EVERYBODY, ALL_SYSTEMS, _ALL_NODES):
            return True
        return self._groups[group, self._own is not None and self._own[0] is segment] > 0

    def _networks(self) -> Iterator[tuple[Segment, str, Link]]:
        """Yield the segments that this interface is in, its address there and its link to it."""
        if self._segment is not None:
            yield self._segment, self._address, self.link
        if self._own is not None:
            yield *self._own, self._own_link

    def _networks_of_ip6(self) -> Iterator[tuple[Segment, str, Link]]:
        """Yield where this interface sends by IPv6: over the first of its links, since nothing says otherwise."""
        yield from [self._link_locals[name] for name in INTERFACES if name in self._link_locals][:1]

    def link_in(self, segment: Segment, *, ip6: bool = False) -> Link:
        """Return the link to a segment that this interface is in."""
        if ip6:
            return next(link for other, _, link in self._link_locals.values() if other is segment)
        return self._own_link if self._own is not None and self._own[0] is segment else self.link

    @contextmanager
    def _until_link_is_down(self) -> Iterator[None]:
        """Leave the block at once when the link goes down."""
        with trio.CancelScope() as attempt:
            self._attempts.append(attempt)
            try:
                yield
            finally:
                self._attempts.remove(attempt)


class VirtualLinkDatagrams(VirtualDatagrams):
    """A UDP socket on one link of ``interface``, in ``segment``."""

    def __init__(
        self,
        interface: VirtualInterface,
        network: VirtualNetwork,
        port: int,
        address: str,
        segment: Segment,
        link: Link,
    ) -> None:
        super().__init__(
            port,
            self._send_on_link,
            on_close=lambda: network.on_links.remove(self),
            waiting_max=interface.stack.datagrams_max,
        )
        self.interface: Final = interface
        self.link: Final = link
        self._network = network
        self._address = address
        self._segment = segment

    def set_quality(self, quality: LinkQuality) -> None:
        """See `LinkDatagrams.set_quality`."""
        self.link.set_quality(quality)

    def takes(self, target: Endpoint, source: str, segment: Segment) -> bool:
        """Whether what ``source`` sends to ``target`` in ``segment`` is for this socket."""
        return (
            target[1] == self.port
            and segment is self._segment
            and source != self._address
            and (":" in source) == (":" in self._address)
            and (target[0] == self._address or _is_group(target[0]))
        )

    def _send_on_link(self, data: bytes, port: int, target: Endpoint) -> None:
        sender, network = (self._address, port), self._network
        arrival = network.deliver_on_links(data, target, sender, self._segment, self.link, self.interface.stack)
        for (segment, address), host in network.by_segment.items():
            if segment is not self._segment or host is self.interface or ":" in self._address + address:
                continue
            if host.hears(target[0], segment) if _is_group(target[0]) else address == target[0]:
                route, size_bytes = Route(self.link, host.link_in(segment)), len(data) + UDP_OVERHEAD_BYTES
                if not route.loses(size_bytes, self.interface.stack, host.stack):
                    arrival = trio.current_time() + route.datagram_delay(size_bytes)
                    host.deliver(data, target[1], sender, arrival)
        if network.tap is not None:
            network.tap.datagram(sender, target, data, trio.current_time(), arrival)


def _ports(port: int, ip6: bool | None) -> tuple[_Port, ...]:
    return ((port, False), (port, True)) if ip6 is None else ((port, ip6),)


def _is_group(address: str) -> bool:
    return address == _EVERYBODY or ip_address(address).is_multicast


async def _answer(socket: VirtualDatagrams, server: Endpoint, number: int) -> list[str]:
    """Wait for the answer of ``server`` to question ``number``, and return the addresses in it."""
    while True:
        data, sender = await socket.receive_from()
        found = addresses_in(data, number) if sender == server else None
        if found is not None:
            return found


class VirtualListener(trio.abc.Listener[VirtualStream]):
    """Connections to one port of a virtual host, for `trio.serve_listeners`. ``backlog`` of them may wait."""

    def __init__(self, backlog: int, on_close: Callable[[], object]) -> None:
        self._backlog = backlog
        self._on_close = on_close
        self._closed = False
        self._offer, self._offered = trio.open_memory_channel[VirtualStream](backlog)

    @property
    def waiting(self) -> int:
        """How many connections wait."""
        return self._offer.statistics().current_buffer_used

    @property
    def is_full(self) -> bool:
        """Whether as many connections wait as may."""
        return self.waiting >= self._backlog

    def offer(self, stream: VirtualStream) -> None:
        """Let ``stream`` wait for being accepted."""
        self._offer.send_nowait(stream)

    async def accept(self) -> VirtualStream:
        """As trio's."""
        return await self._offered.receive()

    async def aclose(self) -> None:
        """Stop listening; connections that wait are reset."""
        if not self._closed:
            self._closed = True
            self._on_close()
            with suppress(trio.WouldBlock):
                while True:
                    self._offered.receive_nowait().reset()
            self._offered.close()
        await trio.lowlevel.checkpoint()
