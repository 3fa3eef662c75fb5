"""One network interface of a device: its addresses, and when it gets and loses them.

Source: ``components/tcpip_adapter/tcpip_adapter_lwip.c`` and the default handlers of
``components/esp32/event_default_handlers.c`` (ESP-IDF cc9b06d4), with lwIP's ``src/core/ipv6/nd6.c`` for the IPv6
address. Three addresses are easily confused, and the device's oddities come from there being three:

``address``  what lwIP uses now; none while the interface is down
``stored``   what ``tcpip_adapter`` remembers: the static address, or the lease (``esp_ip``)
``old``      the last one that was announced (``esp_ip_old``); only the timer of the lost address forgets it

Losing the link clears ``address``, and ``stored`` too if it was a lease. Whoever then takes longer than 120 s to get
an address again is told that it is lost. How it takes part in time is `wifi.timed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from simulator.units import NS_PER_S
from simulator.wifi.dhcp_client import DhcpClient
from simulator.wifi.events import Emit, Post, SystemEvent
from simulator.wifi.lan import NO_ADDRESS, Lan, Lease
from simulator.wifi.timed import earliest

IP_LOST_NS: Final = 120 * NS_PER_S
"""``CONFIG_IP_LOST_TIMER_INTERVAL`` of every Lua RTOS board."""

ND6_TICK_NS: Final = NS_PER_S
"""``ND6_TMR_INTERVAL``, a timer that runs since the TCP/IP stack was initialised. An IPv6 address is asked for at the
first tick (``LWIP_IPV6_DUP_DETECT_ATTEMPTS`` 1) and valid at the second."""

_ND6_TICKS: Final = 2


@dataclass(frozen=True, slots=True)
class IpInfo:
    """``tcpip_adapter_ip_info_t``: address, netmask and gateway in dotted form."""

    address: str = NO_ADDRESS
    netmask: str = NO_ADDRESS
    gateway: str = NO_ADDRESS


NO_IP: Final = IpInfo()


class DhcpStatus(Enum):
    """``tcpip_adapter_dhcp_status_t``. STOPPED means that the address is static."""

    INIT = auto()
    STARTED = auto()
    STOPPED = auto()


@dataclass(frozen=True, slots=True)
class NetifKind:
    """What differs between the interfaces: the message for an address, the event's prefix, and two abilities.

    ``loses_ip`` interfaces start the timer of the lost address; ``announces_ip6`` ones tell when IPv6 works.
    """

    got_ip: SystemEvent | None
    events: str
    loses_ip: bool = False
    announces_ip6: bool = True


STATION_NETIF: Final = NetifKind(SystemEvent.STA_GOT_IP, "wifi", loses_ip=True)
ACCESS_POINT_NETIF: Final = NetifKind(None, "wifi")
RMII_NETIF: Final = NetifKind(SystemEvent.ETH_GOT_IP, "eth")
SPI_NETIF: Final = NetifKind(SystemEvent.SPI_ETH_GOT_IP, "eth", announces_ip6=False)


def link_local_address(mac: str) -> str:
    """Return the IPv6 address that an interface gives itself, eight groups of four digits (RFC 4291, EUI-64)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    host = bytes([octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]])
    return ":".join(["fe80", "0000", "0000", "0000", *(host[i : i + 2].hex() for i in range(0, 8, 2))])


class Netif:
    """An interface with the address ``mac``; ``epoch_ns`` is when the TCP/IP stack was initialised.

    ``delivers`` says, each time it is asked, whether a DHCP exchange gets through the link. ``stored`` is what
    the interface has before anybody gives it an address.
    """

    def __init__(
        self,
        kind: NetifKind,
        mac: str,
        epoch_ns: int,
        *,
        post: Post,
        emit: Emit,
        delivers: Callable[[], bool],
        stored: IpInfo = NO_IP,
    ) -> None:
        self._kind = kind
        self._epoch_ns = epoch_ns
        self._post = post
        self._emit = emit
        self._now_ns = epoch_ns
        self._address = NO_IP
        self._stored = stored
        self._old = NO_IP
        self._static_dns: tuple[str, ...] = ()
        self._lease_dns: tuple[str, ...] = ()
        self._ip6_due_ns: int | None = None
        self._ip6_valid = False
        self._lost_due_ns: int | None = None
        self._dhcp = DhcpClient(mac, epoch_ns, bound=self._bound, released=self._released, delivers=delivers)
        self.mac: Final = mac
        self.dhcp_status = DhcpStatus.INIT
        self.exists = False
        self.is_up = False

    @property
    def info(self) -> IpInfo:
        """``tcpip_adapter_get_ip_info``: what lwIP uses while the interface is up, else what is stored."""
        return self._address if self.is_up else self._stored

    @property
    def address(self) -> str:
        """The address that packets leave with now; 0.0.0.0 if there is none."""
        return self._address.address

    @property
    def ip6(self) -> str:
        """``tcpip_adapter_get_ip6_linklocal``: the link-local address; empty if there is none yet."""
        return link_local_address(self.mac) if self.is_up and self._ip6_valid else ""

    @property
    def dns(self) -> tuple[str, ...]:
        """The name servers: those given with a static address, or those of the lease."""
        return self._static_dns if self.dhcp_status is DhcpStatus.STOPPED else self._lease_dns

    @property
    def is_waiting(self) -> bool:
        """Whether an address may come soon: by DHCP, or IPv6. A lease that is only prolonged does not count."""
        return self._ip6_due_ns is not None or (
            self.dhcp_status is DhcpStatus.STARTED and not self._dhcp.state.holds_address
        )

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do, if nothing else happens before."""
        return earliest((self._dhcp.deadline_ns, self._ip6_due_ns, self._lost_due_ns))

    def start(self) -> None:
        """Make the interface known to lwIP (``tcpip_adapter_start``). An access point's is up from here on."""
        self.exists = True

    def stop(self) -> None:
        """Remove it from lwIP (``tcpip_adapter_stop``). It is down by now; a static address stays stored."""
        self._ip6_due_ns = None

    def serve(self) -> None:
        """Come up as the interface of an access point, with the address that is stored."""
        self.start()
        self.is_up = True
        self._address = self._stored

    def cease(self) -> None:
        """Go down and be removed as the interface of an access point; the address stays stored."""
        self._take_down()
        self.stop()

    def link_up(self, lan: Lan, now_ns: int) -> None:
        """Come up with the stored address, then get one by DHCP or announce the static one."""
        self._now_ns = now_ns
        self.is_up = True
        self._address = self._stored
        if self.dhcp_status is DhcpStatus.INIT:
            self._stored = NO_IP
            self._address = NO_IP
            self._start_lost_timer()
            self.dhcp_status = DhcpStatus.STARTED
            self._dhcp.start(lan, now_ns)
        elif self.dhcp_status is DhcpStatus.STOPPED and self._stored.address != NO_ADDRESS:
            self._announce()

    def link_down(self, now_ns: int) -> None:
        """Go down (``tcpip_adapter_down``): a lease is forgotten, a static address stays stored."""
        self._now_ns = now_ns
        if self.dhcp_status is DhcpStatus.STARTED:
            self._dhcp.stop()
            self.dhcp_status = DhcpStatus.INIT
            self._stored = NO_IP
        self._take_down()
        self._start_lost_timer()

    def set_static(self, info: IpInfo, dns: tuple[str, ...], now_ns: int) -> None:
        """Stop DHCP for good and use ``info``; announced at once if the interface is up."""
        self._now_ns = now_ns
        if self.dhcp_status is DhcpStatus.STARTED:
            self._dhcp.stop()
            self._start_lost_timer()
        self.dhcp_status = DhcpStatus.STOPPED
        self._static_dns = dns
        self._stored = info
        if self.is_up:
            self._address = info
            self._announce()

    def create_link_local(self, now_ns: int) -> None:
        """Give the interface an IPv6 address, valid after the neighbours were asked; nothing happens while down."""
        self._now_ns = now_ns
        if self.is_up:
            self._ip6_valid = False
            ticks = (now_ns - self._epoch_ns) // ND6_TICK_NS + _ND6_TICKS
            self._ip6_due_ns = self._epoch_ns + ticks * ND6_TICK_NS

    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""
        while (due_ns := self.deadline_ns) is not None and due_ns <= now_ns:
            self._now_ns = due_ns
            if self._ip6_due_ns == due_ns:
                self._ip6_due_ns = None
                self._ip6_valid = True
                if self._kind.announces_ip6:
                    self._post(SystemEvent.GOT_IP6)
            elif self._lost_due_ns == due_ns:
                self._lost_due_ns = None
                if self.address == NO_ADDRESS:
                    self._old = NO_IP
                    self._emit(f"{self._kind.events}.lost_ip")
                    self._post(SystemEvent.STA_LOST_IP)
            else:
                self._dhcp.advance(due_ns)

    def _take_down(self) -> None:
        """Go down. An IPv6 address that has been asked for becomes valid all the same, one that has not does not."""
        self.is_up = False
        self._address = NO_IP
        if self._ip6_due_ns is not None and self._now_ns < self._ip6_due_ns - ND6_TICK_NS:
            self._ip6_due_ns = None

    def _bound(self, lease: Lease) -> None:
        info = IpInfo(lease.address, lease.netmask, lease.gateway)
        self._address = info
        self._lease_dns = lease.dns
        if info != self._stored:
            self._stored = info
            self._announce()

    def _released(self) -> None:
        self._address = NO_IP
        if self._stored.address != NO_ADDRESS:
            self._start_lost_timer()

    def _announce(self) -> None:
        self._old = self._stored
        assert self._kind.got_ip is not None, "an access point's interface does not look for an address"
        self._emit(
            f"{self._kind.events}.got_ip",
            ip=self._stored.address,
            netmask=self._stored.netmask,
            gw=self._stored.gateway,
        )
        self._post(self._kind.got_ip)

    def _start_lost_timer(self) -> None:
        if self._kind.loses_ip and self._lost_due_ns is None and self._old.address != NO_ADDRESS:
            self._lost_due_ns = self._now_ns + IP_LOST_NS
