"""mdns: names and services of the local network (``net_service_mdns.inc``), on `simulator.mdns`.

All interfaces that are up take part, by IPv4 and by IPv6 as soon as they have such an address; a real network none.
Like the component it goes on, and keeps its names, until it is stopped or the chip is reset.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from math import inf
from typing import Any, ClassVar, Final, NamedTuple

import trio

from simulator.console import Level
from simulator.device.calls import bytes_of, call, text_of
from simulator.device.drivers.shared import Driver
from simulator.device.net_stack import NearNetwork, now_ns
from simulator.mdns import PORT, Link, MdnsServer, Search, Service
from simulator.mdns.packets import Kind, Name
from simulator.mdns.server import SERVICES_MAX
from simulator.network import Datagrams, LinkDatagrams
from simulator.network.interface import Endpoint
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import DriverError
from simulator.wifi import NO_ADDRESS
from simulator.wifi.netif import IpInfo

NAME_BYTES_MAX: Final = 64
"""``MDNS_NAME_MAX_LEN``."""
SERVICE_ADDED_S: Final = 0.001
"""``mdns_service_add`` looks every millisecond whether its task has the service."""
_MS_PER_S: Final = 1000
_MS_MASK: Final = 0xFFFF_FFFF
_RESULTS_MASK: Final = 0xFF
_PORT_MASK: Final = 0xFFFF


class _Socket(NamedTuple):
    """A link that the component speaks over."""

    datagrams: LinkDatagrams
    network: NearNetwork
    address: str


class MdnsDriver(Driver):
    """The component, of which there is one."""

    name: ClassVar[str] = "mdns"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._server: MdnsServer | None = None
        self._sockets: dict[Link, _Socket] = {}
        self._port: Datagrams | None = None
        """Keeps the port from scripts, as long as there is a link."""
        self._unsent: deque[tuple[Link, bytes, Endpoint]] = deque()
        self._is_running = False
        self._is_watching = False
        self._changed = trio.lowlevel.ParkingLot()

    def close(self) -> None:
        """The chip is reset: nobody is told."""
        self._server = None
        for opened in self._sockets.values():
            opened.datagrams.close()
        self._give_port_back()

    # -- what scripts ask for -------------------------------------------------------------------------------------

    @call("mdns.start")
    async def _start(self, host: bytes, instance: bytes | None) -> None:
        server = self._initialise()
        if host:
            server.set_host(text_of(host), now_ns())
        else:
            self._log(Level.ERR, "could not set hostname")
        if instance is not None and 0 < len(instance) <= NAME_BYTES_MAX:
            server.set_instance(text_of(instance), now_ns())
        elif instance is not None:
            self._log(Level.ERR, "could not set instance name")
        self._is_running = True
        self.shared.network.emit("mdns.start", host=server.host, instance=server.instance)
        await self._flush()

    @call("mdns.stop")
    async def _stop(self) -> None:
        self._is_running = False
        server = self._server
        if server is None:
            raise DriverError("mdns", "CannotStop")
        server.close()
        await self._flush()
        self._server = None
        self._follow_interfaces()

    @call("mdns.running")
    def _running(self) -> tuple[bool]:
        return (self._is_running,)

    @call("mdns.resolve_host")
    async def _resolve_host(self, host: bytes, seconds: int, ipv6: bool) -> tuple[bytes] | None:
        """Return the address of a host, if one answers in time."""
        if not host:
            raise DriverError("mdns", "CannotResolveHost")
        search = await self._search(Name(text_of(host)), Kind.AAAA if ipv6 else Kind.A, seconds, 1)
        return (search.findings[0].addresses[0].encode(),) if search.findings else None

    @call("mdns.find_service")
    async def _find_service(self, service: bytes, protocol: bytes, seconds: int, results_max: int) -> tuple[Any, ...]:
        """Return for each finding where and what it is, how many texts it has, and their keys and values."""
        if not service or not protocol:
            raise DriverError("mdns", "CannotFindService")
        name = Name("", text_of(service), text_of(protocol))
        search = await self._search(name, Kind.PTR, seconds, results_max & _RESULTS_MASK)
        values: list[Any] = []
        for finding in search.findings:
            address = finding.addresses[-1] if finding.addresses else ""
            values += [finding.link.interface.encode(), finding.link.protocol.encode()]
            values += [bytes_of(finding.instance), bytes_of(finding.host), finding.port, address.encode()]
            values.append(len(finding.txt))
            for key, value in finding.txt:
                values += [key, value]
        return tuple(values)

    @call("mdns.add_service")
    async def _add_service(
        self, service: bytes, protocol: bytes, port: int, instance: bytes | None, ignored: int, *texts: bytes
    ) -> None:
        for _ in range(ignored):
            self._log(Level.WARNING, "ignoring txt entry with non-string key and/or value")
        self._check_running("CannotAddService")
        server = self._initialise()
        port &= _PORT_MASK
        name = text_of(service), text_of(protocol)
        if not all(name) or not port:
            self._refuse_service("ESP_ERR_INVALID_ARG")
        if len(server.services) >= SERVICES_MAX:
            self._refuse_service("ESP_ERR_NO_MEM")
        if server.find(*name) is not None:
            self._refuse_service("ESP_ERR_INVALID_ARG")
        txt = list(zip(texts[::2], texts[1::2], strict=True))
        server.add_service(Service(*name, port, text_of(instance or b""), txt), now_ns())
        await self._flush()
        await trio.sleep(SERVICE_ADDED_S)

    @call("mdns.remove_service")
    async def _remove_service(self, service: bytes, protocol: bytes) -> None:
        self._check_running("CannotRemoveService")
        server = self._initialise()
        found = server.find(text_of(service), text_of(protocol))
        if found is None:
            raise DriverError("mdns", "CannotRemoveService")
        server.remove_service(found)
        await self._flush()

    def _check_running(self, error: str) -> None:
        if not self._is_running:
            raise DriverError("mdns", error)

    def _refuse_service(self, code: str) -> None:
        self._log(Level.ERR, f"mdns_service_add returned {code}")
        raise DriverError("mdns", "CannotAddService")

    async def _search(self, name: Name, kind: Kind, seconds: int, results_max: int) -> Search:
        server = self._initialise()
        timeout_ns = (seconds * _MS_PER_S & _MS_MASK) * NS_PER_MS
        search = Search(name, kind, timeout_ns=timeout_ns, results_max=results_max, began_ns=now_ns())
        server.search(search)
        await self._flush()
        while not search.is_over:
            await self._changed.park()
        return search

    def _log(self, level: Level, text: str) -> None:
        self.shared.console.log(level, f"mdns: {text}\n".encode())

    # -- the task -------------------------------------------------------------------------------------------------

    def _initialise(self) -> MdnsServer:
        """``mdns_init``: the first call starts the task."""
        if self._server is not None:
            return self._server
        network = self.shared.network
        self._server = server = MdnsServer(
            now_ns(),
            rng=self.shared.radio.rng.child("mdns"),
            send=lambda link, data, target: self._unsent.append((link, data, target or (link.group, PORT))),
            renamed=self._tell_renamed,
        )
        self._unsent.clear()
        network.nursery.start_soon(self._run, server, name="mdns")
        if not self._is_watching:
            self._is_watching = True
            network.driver.watch(self._follow_interfaces)
        self._follow_interfaces()
        return server

    async def _flush(self) -> None:
        """Send what there is to be sent, and let everybody look at what has changed."""
        self._changed.unpark_all()
        while self._unsent:
            link, data, target = self._unsent.popleft()
            opened = self._sockets.get(link)
            if opened is not None:
                with suppress(trio.ClosedResourceError):
                    await opened.datagrams.send_to(data, target)

    def _tell_renamed(self, lost: str, name: str) -> None:
        self.shared.network.emit("mdns.rename", lost=lost, name=name)

    def _follow_interfaces(self) -> None:
        """Speak over the links that there are, and close those that are gone (``_mdns_handle_system_event``)."""
        now = self._links() if self._server is not None else {}
        for link, opened in tuple(self._sockets.items()):
            network = now.get(link)
            if network is None or (network.lan, _address(network, link)) != (opened.network.lan, opened.address):
                opened.datagrams.close()
                del self._sockets[link]
                if network is None and self._server is not None:
                    self._server.link_down(link, now_ns())
        for link, network in now.items():
            if link in self._sockets:
                self._sockets[link].datagrams.set_quality(network.quality)
            else:
                self._open(link, network)
        if not self._sockets:
            self._give_port_back()
        self._changed.unpark_all()

    def _links(self) -> dict[Link, NearNetwork]:
        found: dict[Link, NearNetwork] = {}
        for network in self.shared.network.driver.near_networks:
            for link in (Link(network.interface), Link(network.interface, True)):
                if _address(network, link) not in ("", NO_ADDRESS):
                    found[link] = network
        return found

    def _open(self, link: Link, network: NearNetwork) -> None:
        """Open a link, unless somebody else has the port; nobody is told of that."""
        assert self._server is not None
        interface, address = self.shared.network.interface, _address(network, link)
        with suppress(OSError):
            self._port = self._port or interface.open_datagrams(PORT)
            datagrams = interface.open_on_link(PORT, address=address, segment=network.lan, quality=network.quality)
            opened = self._sockets[link] = _Socket(datagrams, network, address)
            self._server.link_up(link, address, now_ns())
            self.shared.network.nursery.start_soon(self._receive_all, link, opened, self._server, name="mdns receiver")

    async def _run(self, server: MdnsServer) -> None:
        while server is self._server:
            deadline_ns = server.deadline_ns
            with trio.move_on_at(inf if deadline_ns is None else deadline_ns / NS_PER_S) as sleep:
                await self._changed.park()
            if sleep.cancelled_caught:
                server.advance(now_ns())
                await self._flush()

    def _give_port_back(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    async def _receive_all(self, link: Link, opened: _Socket, server: MdnsServer) -> None:
        with suppress(trio.ClosedResourceError):
            while True:
                data, sender = await opened.datagrams.receive_from()
                if link.is_ip6 or _is_near(sender[0], opened.network.info):
                    server.receive(link, data, sender, now_ns())
                    await self._flush()


def _address(network: NearNetwork, link: Link) -> str:
    return network.ip6 if link.is_ip6 else network.info.address


def _is_near(address: str, info: IpInfo) -> bool:
    return IPv4Address(address) in IPv4Network(f"{info.address}/{info.netmask}", strict=False)
