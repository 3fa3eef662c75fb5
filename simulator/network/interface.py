"""What a board's TCP/IP stack offers: the one interface that the virtual network and the host's sockets implement.

Everything above it (the HTTP adapters, the device's handlers) is written against `NetworkInterface` and never asks
which one it has. The errors here are what the stack itself reports before a connection exists; after that a stream
speaks trio's words:

* `trio.ClosedResourceError`: this end was closed by us;
* `trio.BrokenResourceError`: the world did it (reset, link lost, gave up);
* `trio.BusyResourceError`: two tasks did the same thing to one stream at the same time.
"""

from __future__ import annotations

import ipaddress
from abc import abstractmethod
from collections import Counter
from collections.abc import Hashable
from contextlib import suppress
from typing import Final, Protocol, TypeAlias, TypeVar

import trio

from simulator.links import LinkQuality

Endpoint: TypeAlias = tuple[str, int]
"""An IPv4 address and a port."""

_Key = TypeVar("_Key", bound=Hashable)

HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443
"""Where a server is that speaks HTTP or HTTPS, unless another port is named."""

SYN_RETRY_S: Final = 3.0
"""Pause before an unanswered connection request is sent again: lwIP's first retransmission timeout
(``LWIP_TCP_RTO_TIME``), which ``tcp_slowtmr`` in lwIP's ``core/tcp.c`` does not double while the state is SYN_SENT."""

SYN_RETRIES: Final = 6
"""How often it is sent again (``CONFIG_TCP_SYNMAXRTX`` of the boards)."""

CONNECT_TIMEOUT_S: Final = SYN_RETRIES * SYN_RETRY_S + 0.5
"""After how long lwIP gives up: at the slow-timer tick (0.5 s) that follows the last retransmission."""


class NetworkError(Exception):
    """The stack could not do what it was asked. One of the subclasses below."""


class NameNotFoundError(NetworkError):
    """A name has no address, or there is nobody to ask because the link is down."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no address for {name!r}")
        self.name = name


class CannotConnectError(NetworkError):
    """No connection came about. ``address`` and ``port`` say to where."""

    _what = "cannot connect to"

    def __init__(self, address: str, port: int) -> None:
        super().__init__(f"{self._what} {address}:{port}")
        self.address = address
        self.port = port


class ConnectRefusedError(CannotConnectError):
    """The host answered that nobody listens on that port."""

    _what = "connection refused by"


class ConnectTimedOutError(CannotConnectError):
    """Nothing answered, `CONNECT_TIMEOUT_S` long."""

    _what = "no answer from"


class LinkDownError(CannotConnectError):
    """There is no link, so no route; or it went down during the attempt."""

    _what = "no link, no route to"


class PingNotPermittedError(NetworkError):
    """The host does not let us open a socket for ICMP (only on the real network)."""


INTERFACES: Final = ("STA", "ETH", "SPI_ETH", "AP")
"""What a board may have, the one first that lwIP sends by if nothing says otherwise."""

Segment: TypeAlias = Hashable
"""A network behind an access point or a cable. Only who is the same matters."""


class Connection(trio.abc.HalfCloseableStream):
    """A TCP connection."""

    __slots__ = ("keeps_alive",)

    keeps_alive: bool
    """Whether this end asks a silent peer whether it is there. It does, unless somebody says otherwise."""

    @property
    @abstractmethod
    def acknowledged_at(self) -> float:
        """When all that was sent so far will be acknowledged, by trio's clock; infinite if that gets lost.

        Long ago on the host's sockets, which do not tell.
        """

    @abstractmethod
    def reset_behind_data(self) -> None:
        """Close as a TCP reset does: the other end breaks when it has read what had left by now."""


class Datagrams(Protocol):
    """A UDP socket. It outlives the link: while that is down nothing is sent and nothing arrives."""

    @property
    def port(self) -> int:
        """The own port."""

    async def send_to(self, data: bytes, target: Endpoint) -> None:
        """Send one datagram and hear no more of it. Raises `LinkDownError`, `trio.ClosedResourceError`."""

    def send_groups_by(self, address: str, *, loop: bool) -> None:
        """Send what is for a group over the link where the own address is ``address`` (else: the usual one).

        ``loop``: whoever is in the group here hears it, too. Without a choice he does not.
        """

    async def receive_from(self) -> tuple[bytes, Endpoint]:
        """Return the next datagram and its sender. Raises `trio.ClosedResourceError`, also while it waits."""

    def close(self) -> None:
        """Give the port back."""


class LinkDatagrams(Datagrams, Protocol):
    """A UDP socket on one link."""

    def set_quality(self, quality: LinkQuality) -> None:
        """The link is as good as that from now on."""


class NetworkInterface(Protocol):
    """One network interface of one board: a station or a cable, with an address while its link is up.

    All methods that wait may be cancelled at any time. Durations are seconds.
    """

    @property
    def is_up(self) -> bool:
        """Whether the link is up and has an address."""

    @property
    def address(self) -> str:
        """The own IPv4 address; ``""`` while the link is down."""

    def link_up(
        self,
        quality: LinkQuality,
        address: str,
        *,
        segment: Segment | None = None,
        uplink: bool = True,
        name_servers: tuple[str, ...] = (),
    ) -> None:
        """The link is there and the board has ``address``; on a link that is up, its quality or address changed.

        ``segment`` is the network that it leads to, whose members reach each other; ``uplink`` says whether there is
        a way out of it, and to the world's names; without, ``name_servers`` in it are asked. Another address or network
        than before ends what uses the old one, as `link_down` does.
        """

    def link_down(self) -> None:
        """The link or its address is gone: every open stream of this interface breaks at once, as lwIP aborts the
        connections of an address that disappears. What waits in `connect` gets `LinkDownError`.
        """

    def serve_up(self, address: str, segment: Segment) -> None:
        """The board has become an access point with ``address`` in a network of its own."""

    def serve_down(self) -> None:
        """It is none any more, and what used that address breaks."""

    async def resolve(self, name: str) -> list[str]:
        """Return the IPv4 addresses of ``name``, best first; an address is its own name. One attempt.

        Raises `NameNotFoundError`.
        """

    async def connect(self, address: str, port: int) -> Connection:
        """Return a connected TCP stream. Raises a `CannotConnectError`."""

    @property
    def speaks_ip6(self) -> bool:
        """Whether there is an IPv6 address."""

    def set_link_local(self, interface: str, address: str, segment: Segment, quality: LinkQuality) -> None:
        """The board's ``interface``, STA, AP, ETH or SPI_ETH, has the IPv6 address ``address`` in ``segment``.

        Empty: it has none any more, and what used it breaks. Nobody of the real network is reached by IPv6.
        """

    def listen(
        self, port: int, backlog: int | None = None, *, ip6: bool | None = False
    ) -> trio.abc.Listener[Connection]:
        """Accept connections to ``port`` from now on, whether the link is up or not; None: by IPv4 and by IPv6.

        ``backlog`` of them may wait to be accepted, but no more than the stack has room for, which None stands for.
        Raises `OSError`: EADDRINUSE if somebody already does, EACCES where the host keeps low ports to itself,
        EOPNOTSUPP where a board can only be a client (datagrams on the host's sockets).
        """

    def open_datagrams(self, port: int = 0, *, ip6: bool | None = False) -> Datagrams:
        """Return a UDP socket on ``port``, or on one that is free; None: for both protocols. Raises as `listen`."""

    def open_on_link(self, port: int, *, address: str, segment: Segment, quality: LinkQuality) -> LinkDatagrams:
        """Return a UDP socket on ``port`` that knows only one of the board's links, where it has ``address``.

        It takes what comes there for that address or for a group, and reaches who is there, beside the link that all
        else uses. With an IPv6 address it speaks IPv6. Raises `OSError` EOPNOTSUPP on the host's sockets.
        """

    def join_group(self, group: str, *, as_access_point: bool) -> None:
        """Hear what is sent to ``group`` (an IPv4 address), on the link or in the network of the own access point.

        Who has joined so often has to leave so often. Nothing happens on the host's sockets, which hear no group.
        """

    def leave_group(self, group: str, *, as_access_point: bool) -> bool:
        """Take back one `join_group`; returns whether there was one."""

    async def ping(self, address: str, size_bytes: int, timeout_s: float) -> float | None:
        """Send one ICMP echo request with ``size_bytes`` of data and return the round trip in seconds.

        None: no answer within ``timeout_s``. Raises `PingNotPermittedError` where the host forbids it.
        """


def is_ipv4_address(text: str) -> bool:
    """Return whether ``text`` is a dotted IPv4 address, which needs no name server."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


async def connect_by_name(interface: NetworkInterface, name: str, port: int) -> Connection:
    """Return a TCP stream to the first address of ``name`` that accepts.

    Raises `NameNotFoundError`, or the `CannotConnectError` of the last address.
    """
    *others, last = await interface.resolve(name)
    for address in others:
        with suppress(CannotConnectError):
            return await interface.connect(address, port)
    return await interface.connect(last, port)


def vanish(interface: NetworkInterface) -> None:
    """The board has lost its power or is reset: whoever is connected to it hears nothing, not even a goodbye."""
    interface.link_down()
    interface.serve_down()
    for name in INTERFACES:
        interface.set_link_local(name, "", None, LinkQuality())


def take_back(counted: Counter[_Key], key: _Key) -> bool:
    """Count one ``key`` less; returns whether there was one."""
    if not counted[key]:
        return False
    counted[key] -= 1
    return True
