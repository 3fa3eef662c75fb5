"""ESP-IDF's side of the network, with time: the tasks that drive the models of `simulator.wifi`.

What a script asks for is `simulator.device.net_driver`; what is decided about a message is `simulator.wifi.driver`.

Theory of operation
-------------------
Two tasks per board, begun by the first call that initialises TCP/IP:

* the *timer task* sleeps until the earliest deadline of the models and lets them do what is due;
* the *event task* is ESP-IDF's: it takes the messages that the models post, one after the other, and does for each
  the default handler, the flags, the pause and the reconnect, the callbacks, and last the event bits. While it pauses
  (200 ms before a reconnect) or a script's callback runs, later messages wait.

A call that makes the models post messages gives the event task its turn before it returns
(`NetStack.let_event_task_run`), because on the device that task is woken first and has the same priority. Only when
it is pausing or in a callback does the call go ahead.

The models know when things are true; nothing here polls. `NetStack.aclose`, or cancelling the nursery that was given,
makes the board vanish: its access point, its place at others', its subscriptions and its link are gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from typing import Final, Literal, NamedTuple, TypeAlias

import trio

from simulator.device.net_events import EventGroup
from simulator.links import LinkQuality
from simulator.network import NetworkInterface
from simulator.rng import Rng
from simulator.units import NS_PER_S
from simulator.wifi import (
    NO_ADDRESS,
    Air,
    Emac,
    EthernetPort,
    EventHandler,
    SpiEthernet,
    Status,
    StatusWord,
    SystemEvent,
)
from simulator.wifi.esp_wifi import SOFT_AP_ADDRESS, SOFT_AP_NETMASK, EspWifi, EspWifiError, WifiMemory
from simulator.wifi.events import Emit
from simulator.wifi.lan import Lan
from simulator.wifi.netif import ACCESS_POINT_NETIF, RMII_NETIF, SPI_NETIF, STATION_NETIF, IpInfo, Netif
from simulator.wifi.radio import SILENCE
from simulator.wifi.timed import Timed, earliest

Ethernet: TypeAlias = Literal["rmii", "spi"]
Handler: TypeAlias = Callable[[SystemEvent], Awaitable[None]]

_SPI_MAC_PREFIX: Final = bytes((0x00, 0x04, 0xA3))
"""The ENC424J600 brings an address of Microchip's; that the rest is the board's is our choice."""


class Attachment(NamedTuple):
    """An address, the link behind it, the network that it leads to, whether there is a way out of that, and who is
    asked for names.
    """

    address: str
    quality: LinkQuality
    lan: Lan | None
    uplink: bool
    name_servers: tuple[str, ...]


class NearNetwork(NamedTuple):
    """A network that the board is in with one of its interfaces, STA, AP, ETH or SPI_ETH, and as what.

    ``ip6`` is empty without an IPv6 address.
    """

    interface: str
    info: IpInfo
    ip6: str
    lan: Lan
    quality: LinkQuality


class Netifs(NamedTuple):
    """The interfaces of lwIP."""

    station: Netif
    access_point: Netif
    ethernet: Netif | None

    @property
    def all(self) -> list[Netif]:
        """Those that the firmware has."""
        return [netif for netif in self if netif is not None]


def interface_mac(base_mac: bytes, offset: int) -> str:
    """Return the address of an interface: station 0, access point 1, Bluetooth 2, Ethernet 3 added to the last byte."""
    return bytes([*base_mac[:5], (base_mac[5] + offset) & 0xFF]).hex(":")


def now_ns() -> int:
    """Return the time of the run, in nanoseconds, as the models count it."""
    return round(trio.current_time() * NS_PER_S)


class NetStack:
    """The network of one board, from its reset to the next. The arguments are those of `NetDriver`.

    ``handlers`` are called after every message, in order; ``status`` and ``events`` are the driver's flags and bits.
    """

    def __init__(
        self,
        *,
        nursery: trio.Nursery,
        air: Air,
        interface: NetworkInterface,
        rng: Rng,
        emit: Emit,
        base_mac: bytes,
        ethernet: Ethernet | None,
        port: EthernetPort,
        wifi_memory: WifiMemory | None = None,
    ) -> None:
        self.status = StatusWord()
        self.events = EventGroup()
        self.handlers: list[Handler] = []
        self.watchers: list[Callable[[], None]] = []
        """Called after every change of the models."""
        self.on_wps: Callable[[SystemEvent], None] = lambda _event: None
        """Told of every message before anything is done about it; it looks at those of WPS."""
        self.radio = EspWifi(
            air,
            station_mac=interface_mac(base_mac, 0),
            access_point_mac=interface_mac(base_mac, 1),
            rng=rng,
            post=self._post,
            emit=emit,
            memory=wifi_memory,
        )
        self.wire: Emac | SpiEthernet | None = None
        if ethernet is not None:
            self.wire = (Emac if ethernet == "rmii" else SpiEthernet)(port, post=self._post, emit=emit)
        self.netifs: Netifs | None = None
        self.initialised = trio.Event()
        self._nursery = nursery
        self._air = air
        self._interface = interface
        self._rng = rng
        self._emit = emit
        self._base_mac = base_mac
        self._port = port
        self._event_handler = EventHandler(self.status)
        self._queue: deque[SystemEvent] = deque()
        self._event_task_busy = False
        self._event_task_aside = False
        self._posted = trio.lowlevel.ParkingLot()
        self._turn_over = trio.lowlevel.ParkingLot()
        self._moved = trio.lowlevel.ParkingLot()
        self._unsubscribe: list[Callable[[], None]] = []
        self._scope = trio.CancelScope()
        self._gone = trio.Event()
        self._route: tuple[str, Attachment] | None = None
        self._served: Lan | None = None
        self._ip6: dict[str, NearNetwork] = {}

    @property
    def settled(self) -> bool:
        """See `NetDriver.settled`."""
        if self.netifs is None:
            return True
        station = self.radio.station
        return not (
            self._queue
            or self._event_task_busy
            or station.state.is_connecting
            or station.is_scanning
            or station.misses_beacons
            or self.radio.wps.is_answered
            or self.radio.smart_config.is_answered
            or any(netif.is_waiting for netif in self.netifs.all)
            or (self.wire is not None and self.wire.is_settling)
        )

    @property
    def ethernet_netif(self) -> Netif:
        """The interface of the Ethernet; only a firmware that has one may ask, after `initialise`."""
        assert self.netifs is not None
        assert self.netifs.ethernet is not None, "a firmware without Ethernet has no net.en"
        return self.netifs.ethernet

    @property
    def near_networks(self) -> list[NearNetwork]:
        """See `NetDriver.near_networks`."""
        if self.netifs is None:
            return []
        station = self.radio.station
        joined = None if station.last_joined is None else station.last_joined.lan
        found = [
            ("STA", self.netifs.station, joined, station.link),
            ("AP", self.netifs.access_point, self.radio.own_lan, LinkQuality()),
        ]
        if self.netifs.ethernet is not None and self.wire is not None:
            name = "SPI_ETH" if isinstance(self.wire, SpiEthernet) else "ETH"
            quality = self.wire.link if self.wire.passes_bytes else SILENCE
            found.append((name, self.netifs.ethernet, self.wire.last_lan, quality))
        return [
            NearNetwork(name, netif.info, netif.ip6, lan, quality)
            for name, netif, lan, quality in found
            if netif.is_up and lan is not None
        ]

    @property
    def dns_servers(self) -> tuple[str, ...]:
        """The name servers of the interface that is used now, else none."""
        if self.netifs is None or self._route is None:
            return ()
        return (self.netifs.station if self._route[0] == "wf" else self.ethernet_netif).dns

    def initialise(self) -> Netifs:
        """``net_init``: the first call starts the TCP/IP stack, whose timers run from now on."""
        if self.netifs is None:
            self.netifs = self._make_netifs(now_ns())
            self.status.change(set_=Status.TCPIP_INITED)
            self.initialised.set()
            self._unsubscribe = [self._air.subscribe(self._air_changed), self._port.subscribe(self._cable_changed)]
            self._nursery.start_soon(self._run, name="network")
        return self.netifs

    async def let_event_task_run(self) -> None:
        """Return when the event task has nothing more to do, or is busy with something that takes time."""
        await trio.lowlevel.checkpoint()
        while (self._queue or self._event_task_busy) and not self._event_task_aside:
            await self._turn_over.park()

    @contextmanager
    def event_task_goes_aside(self) -> Iterator[None]:
        """Let those who wait for the event task go on while it does something that takes time."""
        self._event_task_aside = True
        self._turn_over.unpark_all()
        try:
            yield
        finally:
            self._event_task_aside = False

    def models_changed(self) -> None:
        """Follow a change of the models: the link, and whoever waits for their deadline or for something of theirs."""
        self._refresh_link()
        self._refresh_service()
        self._refresh_ip6()
        for changed in self.watchers:
            changed()
        self._moved.unpark_all()

    async def wait_models_changed(self) -> None:
        """Return after the next change of the models."""
        await self._moved.park()

    async def aclose(self) -> None:
        """Stop both tasks and make the board vanish from the air, the wire and the network."""
        self._scope.cancel()
        self._vanish()
        if self.netifs is not None:
            await self._gone.wait()

    # The tasks ------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._run_timers, name="network timers")
                    await self._run_events()
        finally:
            self._vanish()
            self._gone.set()

    async def _run_timers(self) -> None:
        while True:
            deadline_ns = earliest(model.deadline_ns for model in self._models)
            with trio.move_on_at(inf if deadline_ns is None else deadline_ns / NS_PER_S) as sleep:
                await self._moved.park()
            if sleep.cancelled_caught:
                for model in self._models:
                    model.advance(now_ns())
                self.models_changed()

    async def _run_events(self) -> None:
        while True:
            while not self._queue:
                self._turn_over.unpark_all()
                await self._posted.park()
            self._event_task_busy = True
            await self._handle(self._queue.popleft())
            self._event_task_busy = False

    async def _handle(self, event: SystemEvent) -> None:
        self._do_default(event, now_ns())
        reaction = self._event_handler.react(event)
        self.on_wps(event)
        self._create_link_local(event, now_ns())
        self.models_changed()
        if reaction.pause_ns:
            with self.event_task_goes_aside():
                await trio.sleep(reaction.pause_ns / NS_PER_S)
        if reaction.connect:
            with suppress(EspWifiError):  # nobody looks at what esp_wifi_connect returns
                self.radio.connect(now_ns())
            self.models_changed()
        for handler in tuple(self.handlers):
            await handler(event)
        self.events.set(reaction.bits)

    def _post(self, event: SystemEvent) -> None:
        """``esp_event_send``: put a message into the queue of the event task."""
        self._queue.append(event)
        self._posted.unpark_all()

    def _do_default(self, event: SystemEvent, time_ns: int) -> None:
        """Do what ESP-IDF's own handler does about ``event`` (``event_default_handlers.c``)."""
        assert self.netifs is not None
        station, access_point, _ = self.netifs
        match event:
            case SystemEvent.STA_START:
                station.start()
            case SystemEvent.STA_STOP:
                station.stop()
            case SystemEvent.STA_CONNECTED:
                joined = self.radio.station.last_joined
                assert joined is not None
                assert joined.lan is not None, "an access point that is in no air"
                station.link_up(joined.lan, time_ns)
            case SystemEvent.STA_DISCONNECTED:
                station.link_down(time_ns)
            case SystemEvent.AP_START:
                access_point.serve()
            case SystemEvent.AP_STOP:
                access_point.cease()
            case SystemEvent.ETH_START:
                self.ethernet_netif.start()
            case SystemEvent.ETH_STOP:
                self.ethernet_netif.stop()
            case SystemEvent.SPI_ETH_START:
                if isinstance(self.wire, SpiEthernet) and not self.ethernet_netif.is_up:
                    self.wire.attach(time_ns)
                self.ethernet_netif.start()
            case SystemEvent.ETH_CONNECTED | SystemEvent.SPI_ETH_CONNECTED:
                assert self.wire is not None
                assert self.wire.last_lan is not None
                self.ethernet_netif.link_up(self.wire.last_lan, time_ns)
            case SystemEvent.ETH_DISCONNECTED | SystemEvent.SPI_ETH_DISCONNECTED:
                self.ethernet_netif.link_down(time_ns)

    def _create_link_local(self, event: SystemEvent, time_ns: int) -> None:
        """Do the one thing that Lua RTOS's handler asks of lwIP: an IPv6 address for an interface that came up."""
        assert self.netifs is not None
        match event:
            case SystemEvent.STA_CONNECTED:
                self.netifs.station.create_link_local(time_ns)
            case SystemEvent.AP_START:
                self.netifs.access_point.create_link_local(time_ns)
            case SystemEvent.ETH_CONNECTED | SystemEvent.SPI_ETH_CONNECTED:
                self.ethernet_netif.create_link_local(time_ns)

    # The models and the world ---------------------------------------------------------------------------------------

    @property
    def _models(self) -> Iterator[Timed]:
        yield from self.radio.models
        if self.netifs is not None:
            yield from self.netifs.all
        if self.wire is not None:
            yield self.wire

    def _make_netifs(self, epoch_ns: int) -> Netifs:
        station = Netif(
            STATION_NETIF,
            interface_mac(self._base_mac, 0),
            epoch_ns,
            post=self._post,
            emit=self._emit,
            delivers=self._station_delivers,
        )
        access_point = Netif(
            ACCESS_POINT_NETIF,
            interface_mac(self._base_mac, 1),
            epoch_ns,
            post=self._post,
            emit=self._emit,
            delivers=bool,
            stored=IpInfo(SOFT_AP_ADDRESS, SOFT_AP_NETMASK, SOFT_AP_ADDRESS),
        )
        if self.wire is None:
            return Netifs(station, access_point, None)
        wire = self.wire
        spi = isinstance(wire, SpiEthernet)
        ethernet = Netif(
            SPI_NETIF if spi else RMII_NETIF,
            (_SPI_MAC_PREFIX + self._base_mac[3:]).hex(":") if spi else interface_mac(self._base_mac, 3),
            epoch_ns,
            post=self._post,
            emit=self._emit,
            delivers=lambda: wire.passes_bytes,
        )
        return Netifs(station, access_point, ethernet)

    def _station_delivers(self) -> bool:
        loss = self.radio.station.link.loss
        return loss < 1 and (not loss or self._rng.uniform(0.0, 1.0) >= loss)

    def _air_changed(self) -> None:
        self.radio.air_changed(now_ns())
        self.models_changed()

    def _cable_changed(self) -> None:
        if self.wire is not None:
            self.wire.cable_changed(now_ns())
        self.models_changed()

    def _refresh_link(self) -> None:
        """Tell the interface by which link, how well and with which address it sends now, if that has changed."""
        routes = self._routes()
        before = self._route
        name = before[0] if before is not None and before[0] in routes else next(iter(routes), "")
        now = (name, routes[name]) if name else None
        if now == before:
            return
        self._route = now
        if before is not None and (now is None or now[0] != before[0]):
            self._interface.link_down()
        if now is not None:
            link = now[1]
            self._interface.link_up(
                link.quality, link.address, segment=link.lan, uplink=link.uplink, name_servers=link.name_servers
            )

    def _refresh_service(self) -> None:
        """Tell the interface of the access point that the board is, if that has changed."""
        is_up = self.netifs is not None and self.netifs.access_point.is_up
        lan = self.radio.own_lan if is_up else None
        if lan is self._served:
            return
        self._served = lan
        if lan is None:
            self._interface.serve_down()
        else:
            self._interface.serve_up(SOFT_AP_ADDRESS, lan)

    def _refresh_ip6(self) -> None:
        """Tell the interface of the IPv6 addresses, if they have changed."""
        now = {network.interface: network for network in self.near_networks if network.ip6}
        if now == self._ip6:
            return
        for name in self._ip6.keys() - now.keys():
            self._interface.set_link_local(name, "", None, LinkQuality())
        for name, network in now.items():
            self._interface.set_link_local(name, network.ip6, network.lan, network.quality)
        self._ip6 = now

    def _routes(self) -> dict[str, Attachment]:
        """Return the links that have an address, the one that lwIP prefers first.

        A link that is gone without the driver knowing is silent.
        """
        routes: dict[str, Attachment] = {}
        if self.netifs is None:
            return routes
        station = self.radio.station
        joined = station.last_joined
        candidates = [("wf", self.netifs.station, None if joined is None else joined.lan, station.link)]
        if self.netifs.ethernet is not None and self.wire is not None:
            quality = self.wire.link if self.wire.passes_bytes else SILENCE
            candidates.append(("en", self.netifs.ethernet, self.wire.last_lan, quality))
        for name, netif, lan, quality in candidates:
            if netif.address != NO_ADDRESS:
                uplink = lan is not None and lan.reaches(netif.address, netif.info.gateway)
                routes[name] = Attachment(netif.address, quality, lan, uplink, netif.dns)
        return routes

    def _vanish(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self.radio.vanish()
        if self._served is not None:
            self._served = None
            self._interface.serve_down()
        for name in self._ip6:
            self._interface.set_link_local(name, "", None, LinkQuality())
        self._ip6 = {}
        if self._route is not None:
            self._route = None
            self._interface.link_down()
