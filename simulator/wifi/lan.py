"""The network behind an access point or an Ethernet cable, as far as a device sees it: addresses and who gives them.

A `Lan` is its own DHCP server. It answers a client's messages (`Lan.offer`, `Lan.acknowledge`) at once; that an
answer takes time, or that none comes because `Lan.dhcp` is off, is the client's business (`wifi.dhcp_client`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from simulator.errors import UsageError
from simulator.units import NS_PER_MS, NS_PER_S

DHCP_REPLY_NS: Final = 20 * NS_PER_MS
"""How long a home router takes to answer a DHCP message. Our choice."""

LEASE_S: Final = 86_400
"""Seconds that an address is lent for, as most home routers do. Our choice."""

NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104 (an address that means "none", nothing listens on it)


def pack_ip(address: str) -> int:
    """Return ``address`` as `net.packip` does: the first octet in the low byte, as a signed 32-bit integer.

    Raises `ValueError` if ``address`` is not four decimal octets.
    """
    return int.from_bytes(IPv4Address(address).packed, "little", signed=True)


def unpack_ip(packed: int) -> str:
    """Return the dotted form of an integer made by `net.packip`; only its low 32 bits count."""
    return str(IPv4Address((packed & 0xFFFFFFFF).to_bytes(4, "little")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What a DHCP server grants: addresses in dotted form, and for how many seconds."""

    address: str
    netmask: str
    gateway: str
    dns: tuple[str, ...]
    lease_s: int


class Lan:
    """A network with one router, which is also the DHCP server.

    ``network`` is like ``192.168.1.0/24``; ``gateway`` is its first host unless given, ``pool`` the first and last
    address that DHCP lends (by default every host behind the gateway), ``dns`` the name servers it announces (by
    default the gateway). Without ``uplink`` there is nothing behind the router. `dhcp` may be switched at any time.
    Raises `UsageError` for addresses that do not fit together.
    """

    def __init__(
        self,
        network: str = "192.168.1.0/24",
        *,
        gateway: str | None = None,
        pool: tuple[str, str] | None = None,
        dns: Iterable[str] | None = None,
        lease_s: int = LEASE_S,
        dhcp: bool = True,
        dhcp_reply_ns: int = DHCP_REPLY_NS,
        uplink: bool = True,
    ) -> None:
        try:
            self._network = IPv4Network(network)
            self._gateway = IPv4Address(gateway) if gateway else self._network[1]
            first = IPv4Address(pool[0]) if pool else self._network[2]
            last = IPv4Address(pool[1]) if pool else self._network[-2]
        except (ValueError, IndexError) as error:
            raise UsageError(f"network {network!r}: {error}") from error
        for address in (self._gateway, first, last):
            if address not in self._network:
                raise UsageError(f"{address} is not in the network {network}")
        if first > last:
            raise UsageError(f"the pool of network {network} ends ({last}) before it begins ({first})")
        self._first, self._last = int(first), int(last)
        self._next = self._first
        self._dns = tuple(dns) if dns is not None else (str(self._gateway),)
        self._lease_s = lease_s
        self._by_mac: dict[str, int] = {}
        self._by_address: dict[int, tuple[str, int]] = {}
        self._occupied: set[int] = set()
        self._declined: set[int] = set()
        self.dhcp = dhcp
        self.dhcp_reply_ns = dhcp_reply_ns
        self.uplink: Final = uplink

    @property
    def network(self) -> str:
        """The network in the form ``192.168.1.0/24``."""
        return str(self._network)

    @property
    def gateway(self) -> str:
        """The router's address."""
        return str(self._gateway)

    def reaches(self, address: str, gateway: str) -> bool:
        """Return whether a host that calls itself ``address`` and sends by ``gateway`` gets out of this network."""
        return self.uplink and gateway == self.gateway and IPv4Address(address) in self._network

    def occupy(self, address: str) -> None:
        """Put a host at ``address`` that DHCP knows nothing of: it answers ARP, so clients decline that address."""
        self._occupied.add(int(IPv4Address(address)))

    def answers_arp(self, address: str) -> bool:
        """Return whether a host other than the client that asks sits at ``address``."""
        return int(IPv4Address(address)) in self._occupied or address == self.gateway

    def offer(self, mac: str, now_ns: int) -> Lease | None:
        """Return what the server offers to ``mac``: its old address if it had one; None if the pool is exhausted."""
        address = self._by_mac.get(mac)
        if address is None:
            address = self._free_address(now_ns)
        return None if address is None else self._lease(address)

    def acknowledge(self, mac: str, address: str, now_ns: int) -> Lease | None:
        """Lend ``address`` to ``mac``, or lend it on; None stands for a refusal (DHCPNAK)."""
        number = int(IPv4Address(address))
        owner, until_ns = self._by_address.get(number, (mac, 0))
        if not self._first <= number <= self._last or (owner != mac and until_ns > now_ns):
            return None
        self._forget(number)
        self._forget(self._by_mac.get(mac))
        self._by_mac[mac] = number
        self._by_address[number] = (mac, now_ns + self._lease_s * NS_PER_S)
        return self._lease(number)

    def release(self, mac: str) -> None:
        """Take the address of ``mac`` back into the pool; like one that ran out, it is remembered as its own."""
        address = self._by_mac.get(mac)
        if address is not None:
            self._by_address[address] = (mac, 0)

    def decline(self, mac: str) -> None:
        """Note that the client found the address that it was lent in use: it is never lent again."""
        address = self._by_mac.get(mac)
        if address is not None:
            self._forget(address)
            self._declined.add(address)

    def _forget(self, address: int | None) -> None:
        if address is not None and address in self._by_address:
            mac, _ = self._by_address.pop(address)
            del self._by_mac[mac]

    def _free_address(self, now_ns: int) -> int | None:
        """Return the next address in turn that is neither lent, declined nor the router's."""
        size = self._last - self._first + 1
        for step in range(size):
            address = self._first + (self._next - self._first + step) % size
            _, until_ns = self._by_address.get(address, ("", 0))
            if until_ns <= now_ns and address not in self._declined and address != int(self._gateway):
                self._next = address + 1
                return address
        return None

    def _lease(self, address: int) -> Lease:
        return Lease(
            address=str(IPv4Address(address)),
            netmask=str(self._network.netmask),
            gateway=self.gateway,
            dns=self._dns,
            lease_s=self._lease_s,
        )
