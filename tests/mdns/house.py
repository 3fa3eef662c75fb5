"""Boards with multicast DNS in one network without delays, and the time."""

from __future__ import annotations

from simulator.mdns import PORT, Finding, Link, MdnsServer, Search, Service
from simulator.mdns.packets import Kind, Name, Packet, decode
from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_S

PROBING_S = 2.0
"""By then names are announced once: three probes, at ticks."""
SETTLED_S = 5.0
"""By then nothing more is said of new names."""


STATION, STATION_6, CABLE, CABLE_6 = Link("STA"), Link("STA", True), Link("ETH"), Link("ETH", True)


class House:
    """Servers by their addresses, most of them with one link.

    ``said`` is what each has sent: when, who, the packet, and to whom.
    """

    def __init__(self) -> None:
        self.now_ns = 0
        self.servers: dict[str, MdnsServer] = {}
        self.said: list[tuple[float, str, Packet, tuple[str, int] | None]] = []
        self.renamed: list[tuple[str, str]] = []
        self._under_way: list[tuple[bytes, str, tuple[str, int] | None]] = []
        self._links: dict[str, Link] = {}

    def server(self, address: str, host: str = "", link: Link = STATION) -> MdnsServer:
        def send(link: Link, data: bytes, target: tuple[str, int] | None) -> None:
            packet = decode(data)
            assert packet is not None
            own = next(own for own, other in self.servers.items() if other is server and self._links[own] == link)
            self.said.append((self.now_ns / NS_PER_S, own, packet, target))
            self._under_way.append((data, own, target))

        server = MdnsServer(
            self.now_ns, rng=Rng(0).child(address), send=send, renamed=lambda *names: self.renamed.append(names)
        )
        self.plug(server, address, link)
        if host:
            server.set_host(host, self.now_ns)
        self.deliver()
        return server

    def plug(self, server: MdnsServer, address: str, link: Link) -> None:
        """Give a server another link into the house."""
        self.servers[address] = server
        self._links[address] = link
        server.link_up(link, address, self.now_ns)

    def unplug(self, address: str) -> None:
        self.servers.pop(address).link_down(self._links.pop(address), self.now_ns)

    def deliver(self) -> None:
        while self._under_way:
            data, source, target = self._under_way.pop(0)
            for address, server in list(self.servers.items()):
                is_heard = (":" in address) == (":" in source) and address != source
                if is_heard and (target is None or target[0] == address):
                    server.receive(self._links[address], data, (source, PORT), self.now_ns)

    def run(self, seconds: float) -> None:
        end_ns = self.now_ns + round(seconds * NS_PER_S)
        while True:
            deadlines = [server.deadline_ns for server in self.servers.values() if server.deadline_ns is not None]
            if not deadlines or min(deadlines) > end_ns:
                break
            self.now_ns = min(deadlines)
            for server in dict.fromkeys(self.servers.values()):
                server.advance(self.now_ns)
                self.deliver()
        self.now_ns = end_ns

    def find(
        self, server: MdnsServer, name: Name, kind: Kind, *, seconds: float = 3, results_max: int = 20
    ) -> tuple[list[Finding], float]:
        """Let ``server`` look for something; return what it found, and after how many seconds."""
        began_ns = self.now_ns
        timeout_ns = round(seconds * NS_PER_S)
        search = Search(name, kind, timeout_ns=timeout_ns, results_max=results_max, began_ns=began_ns)
        server.search(search)
        while not search.is_over:
            self.run(0.01)
        return search.findings, (self.now_ns - began_ns) / NS_PER_S

    def address_of(self, server: MdnsServer, host: str) -> list[str]:
        findings, _ = self.find(server, Name(host), Kind.A, results_max=1)
        return findings[0].addresses if findings else []

    def heard_from(self, address: str) -> list[Packet]:
        return [packet for _, who, packet, _ in self.said if who == address]


def web(port: int = 80, instance: str = "", **txt: str) -> Service:
    return Service("_http", "_tcp", port, instance, [(key.encode(), value.encode()) for key, value in txt.items()])


WEB = Name("", "_http", "_tcp")
TICK_S = 100 * NS_PER_MS / NS_PER_S
