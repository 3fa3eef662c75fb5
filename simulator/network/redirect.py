"""Sends what a board wants from its update server to another one: ``--server https://localhost:8443``."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

import trio

from simulator.errors import UsageError
from simulator.links import LinkQuality
from simulator.network.interface import HTTPS_PORT, Connection, Datagrams, LinkDatagrams, NetworkInterface, Segment


class ServerAddress(NamedTuple):
    """Where a server is: a host name or address, and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, url: str, *, option: str = "--server ") -> ServerAddress:
        """Take apart ``https://HOST[:PORT]``, the value of ``option``. Raises `UsageError`: a board speaks only TLS."""
        parts = urlsplit(url)
        try:
            port = parts.port or HTTPS_PORT
        except ValueError as error:
            raise UsageError(f"{option}{url!r}: {error}") from error
        if parts.scheme != "https" or not parts.hostname:
            raise UsageError(
                f"{option}{url!r}: write https://HOST[:PORT]; a board speaks only TLS to its update server"
            )
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise UsageError(f"{option}{url!r}: write https://HOST[:PORT] alone; the board itself asks for the rest")
        return cls(parts.hostname, port)


class RedirectedInterface:
    """A `NetworkInterface` on which the name ``server_name`` leads to ``target``, port 443 included."""

    def __init__(self, interface: NetworkInterface, server_name: str, target: ServerAddress) -> None:
        self._interface = interface
        self._server_name = server_name.lower()
        self._target = target
        self._addresses: set[str] = set()

    @property
    def is_up(self) -> bool:
        """See `NetworkInterface.is_up`."""
        return self._interface.is_up

    @property
    def address(self) -> str:
        """See `NetworkInterface.address`."""
        return self._interface.address

    def link_up(
        self,
        quality: LinkQuality,
        address: str,
        *,
        segment: Segment | None = None,
        uplink: bool = True,
        name_servers: tuple[str, ...] = (),
    ) -> None:
        """See `NetworkInterface.link_up`."""
        self._interface.link_up(quality, address, segment=segment, uplink=uplink, name_servers=name_servers)

    def link_down(self) -> None:
        """See `NetworkInterface.link_down`."""
        self._interface.link_down()

    def serve_up(self, address: str, segment: Segment) -> None:
        """See `NetworkInterface.serve_up`."""
        self._interface.serve_up(address, segment)

    def serve_down(self) -> None:
        """See `NetworkInterface.serve_down`."""
        self._interface.serve_down()

    async def resolve(self, name: str) -> list[str]:
        """See `NetworkInterface.resolve`."""
        if name.lower() != self._server_name:
            return await self._interface.resolve(name)
        found = await self._interface.resolve(self._target.host)
        self._addresses.update(found)
        return found

    async def connect(self, address: str, port: int) -> Connection:
        """See `NetworkInterface.connect`."""
        if port == HTTPS_PORT and address in self._addresses:
            port = self._target.port
        return await self._interface.connect(address, port)

    @property
    def speaks_ip6(self) -> bool:
        """See `NetworkInterface.speaks_ip6`."""
        return self._interface.speaks_ip6

    def set_link_local(self, interface: str, address: str, segment: Segment, quality: LinkQuality) -> None:
        """See `NetworkInterface.set_link_local`."""
        self._interface.set_link_local(interface, address, segment, quality)

    def listen(
        self, port: int, backlog: int | None = None, *, ip6: bool | None = False
    ) -> trio.abc.Listener[Connection]:
        """See `NetworkInterface.listen`."""
        return self._interface.listen(port, backlog, ip6=ip6)

    def open_datagrams(self, port: int = 0, *, ip6: bool | None = False) -> Datagrams:
        """See `NetworkInterface.open_datagrams`."""
        return self._interface.open_datagrams(port, ip6=ip6)

    def open_on_link(self, port: int, *, address: str, segment: Segment, quality: LinkQuality) -> LinkDatagrams:
        """See `NetworkInterface.open_on_link`."""
        return self._interface.open_on_link(port, address=address, segment=segment, quality=quality)

    def join_group(self, group: str, *, as_access_point: bool) -> None:
        """See `NetworkInterface.join_group`."""
        self._interface.join_group(group, as_access_point=as_access_point)

    def leave_group(self, group: str, *, as_access_point: bool) -> bool:
        """See `NetworkInterface.leave_group`."""
        return self._interface.leave_group(group, as_access_point=as_access_point)

    async def ping(self, address: str, size_bytes: int, timeout_s: float) -> float | None:
        """See `NetworkInterface.ping`."""
        return await self._interface.ping(address, size_bytes, timeout_s)
