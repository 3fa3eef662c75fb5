"""The network drivers of Lua RTOS: `net.wf`, `net.en` and what `net` itself asks of them.

Sources: ``components/sys/drivers/net.c``, ``wifi.c``, ``eth.c``, ``spi_eth.c`` (Lua RTOS 6b455df4). One method here
is one function there; everything that goes on by itself is `simulator.device.net_stack`'s. Arguments are checked, and
results printed, by whoever calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

import trio

from simulator.device.net_ping import Ping
from simulator.device.net_stack import Ethernet, Handler, NearNetwork, Netifs, NetStack, now_ns
from simulator.device.state import NetworkState
from simulator.network import NameNotFoundError, NetworkInterface
from simulator.rng import Rng
from simulator.vm.exceptions import DriverError
from simulator.wifi import (
    NO_ADDRESS,
    Air,
    AuthMode,
    Emac,
    Enterprise,
    EthernetPort,
    NetEvent,
    ScanRecord,
    SpiEthernet,
    StationConfig,
    Status,
    SystemEvent,
    WifiMode,
    unpack_ip,
)
from simulator.wifi.driver import ANY_CANT_CONNECT, ANY_CONNECTED, CALLBACKS_MAX, callback_of
from simulator.wifi.esp_wifi import AccessPointConfig, EspWifiCode, EspWifiError, WifiMemory
from simulator.wifi.events import Emit
from simulator.wifi.netif import IpInfo, Netif
from simulator.wifi.provisioning import SmartConfigMessage, wps_pin
from simulator.wifi.standard import PASSPHRASE_BYTES_MIN, PASSWORD_BYTES_MAX, SSID_BYTES_MAX, c_string

Callback: TypeAlias = Callable[[str, str], Awaitable[None]]
"""Gets an interface (``wf``, ``en``) and ``up`` or ``down``."""

SCAN_WARM_UP_S: Final = 0.010
ETHERNET_START_TIMEOUT_S: Final = 10.0
NETWORK_WAIT_S: Final = 20.0
LOOKUP_TRIES: Final = 4
LOOKUP_PAUSE_S: Final = 0.5

DEFAULT_DNS: Final = ("8.8.8.8", "8.8.4.4")
"""What a static address without name servers gets."""

SMART_CONFIG_ACK_S: Final = 0.5
"""How often a board looks whether it has an address, and how long it then tells the phone (our choice)."""
ENTERPRISE_NAME_BYTES_MAX: Final = 128
"""``ANONYMOUS_ID_LEN_MAX`` and ``USERNAME_LEN_MAX`` of ESP-IDF (``eap.c``)."""
_PIN_MAX: Final = 9_999_999

NO_MAC: Final = "00:00:00:00:00:00"

_TOO_SHORT: Final = "if provided the password must have more than 7 characters"

_WIFI_ERRORS: Final = {
    EspWifiCode.NOT_INIT: "NotSetup",
    EspWifiCode.NOT_STARTED: "NotStarted",
    EspWifiCode.NOT_STOPPED: "NotStopped",
    EspWifiCode.STATE: "InternalError",
    EspWifiCode.CONN: "InternalControlBlockError",
    EspWifiCode.SSID: "InvalidSSID",
    EspWifiCode.NVS: "InternalNVSError",
}
"""``wifi_check_error``: ESP-IDF's codes to the exceptions of the driver ``wifi``."""


class WpsKind(IntEnum):
    """``wps_type_t``."""

    DISABLE = 0
    PBC = 1
    PIN = 2


@dataclass(frozen=True, slots=True)
class InterfaceStat:
    """What `net.wf.stat` and `net.en.stat` show. ``ip6`` is empty if there is no link-local address yet."""

    mac: str = NO_MAC
    ip: str = NO_ADDRESS
    netmask: str = NO_ADDRESS
    gw: str = NO_ADDRESS
    ip6: str = ""

    @classmethod
    def of(cls, netif: Netif, mac: str) -> InterfaceStat:
        """Return the figures of ``netif``, with the address ``mac``."""
        info = netif.info
        return cls(mac, info.address, info.netmask, info.gateway, netif.ip6)


class StaticAddress(NamedTuple):
    """The address arguments of a set-up, as integers of `net.packip`; 0 means unset."""

    ip: int
    mask: int
    gw: int
    dns1: int
    dns2: int

    def apply(self, netif: Netif) -> None:
        """Make ``netif`` static if address, mask and gateway are all given; nothing turns DHCP on again."""
        if self.ip and self.mask and self.gw:
            servers = zip((self.dns1, self.dns2), DEFAULT_DNS, strict=True)
            dns = tuple(unpack_ip(given) if given else default for given, default in servers)
            info = IpInfo(unpack_ip(self.ip), unpack_ip(self.mask), unpack_ip(self.gw))
            netif.set_static(info, dns, now_ns())


@contextmanager
def _wifi_errors() -> Iterator[None]:
    """Turn an error of the radio into the exception that a script gets."""
    try:
        yield
    except EspWifiError as error:
        raise DriverError("wifi", _WIFI_ERRORS[error.code]) from error


class NetDriver:
    """The network drivers of one board, from its reset to the next.

    The tasks run in ``nursery`` from the first call that initialises TCP/IP; `aclose` or cancelling it makes the
    board vanish. ``interface`` is told when there is an address to send from; Wi-Fi and Ethernet share it, and
    whichever came first keeps it until it is lost. ``emit`` writes the board's events. ``ethernet`` is the hardware
    that the firmware was built for, ``port`` its socket (without one: no cable).

    Text is UTF-8, with lone surrogates for other bytes. A method that raises `DriverError` says which.
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
        ethernet: Ethernet | None = None,
        port: EthernetPort | None = None,
        wifi_memory: WifiMemory | None = None,
    ) -> None:
        self._interface = interface
        self._stack = NetStack(
            nursery=nursery,
            air=air,
            interface=interface,
            rng=rng,
            emit=emit,
            base_mac=base_mac,
            ethernet=ethernet,
            port=port if port is not None else EthernetPort(),
            wifi_memory=wifi_memory,
        )
        self._status = self._stack.status
        self._events = self._stack.events
        self._radio = self._stack.radio
        self._wire = self._stack.wire
        self._nursery = nursery
        self._rng = rng.child("wifi provisioning")
        self._lua_callback: Callback | None = None
        self._wps_kind: int = WpsKind.DISABLE
        self._wps_pin: str | None = None
        self._on_wps_pin: Callable[[str], None] = lambda _pin: None
        self._linking = trio.CancelScope()
        self._is_linked = False
        self._stack.on_wps = self._do_about_wps

    @property
    def status(self) -> Status:
        """The flags."""
        return self._status.flags

    @property
    def event_bits(self) -> NetEvent:
        """The event bits that nobody has taken yet."""
        return self._events.bits

    @property
    def dns_servers(self) -> tuple[str, ...]:
        """The name servers of the interface that is used now, else none."""
        return self._stack.dns_servers

    @property
    def settled(self) -> bool:
        """Whether nothing is under way that would change the state of the network soon by itself.

        Not settled: an attempt to join, the pause before the next, a scan, the search for an address, a cable that
        has not been noticed, a lost access point that has not been missed. An endless reconnect never settles.
        """
        return self._stack.settled and not (self._is_linked and self.connected())

    @property
    def is_provisioning(self) -> bool:
        """Whether WPS or SmartConfig look for an access point, or SmartConfig joins it."""
        return self._wps_kind != WpsKind.DISABLE or self._radio.smart_config.is_active

    async def aclose(self) -> None:
        """Cut the power: everything stops, and the board is gone from the air, the wire and the network."""
        await self._stack.aclose()

    # net.wf ---------------------------------------------------------------------------------------------------------

    async def wf_setup_station(
        self,
        ssid: str,
        password: str,
        ip: int = 0,
        mask: int = 0,
        gw: int = 0,
        dns1: int = 0,
        dns2: int = 0,
        powersave: int = 0,
        channel: int = 0,
    ) -> None:
        """``net.wf.setup(net.wf.mode.STA, ...)``; addresses as `net.packip` makes them, 0 for unset.

        ``powersave`` changes nothing here: no link of ours saves power. An attempt that is under way goes on as is.
        """
        self._status.change(clear=Status.WIFI_SETUP)
        netifs = await self._prepare_radio(WifiMode.STA)
        config = StationConfig(c_string(ssid, SSID_BYTES_MAX), c_string(password, PASSWORD_BYTES_MAX), channel)
        with _wifi_errors():
            self._radio.configure_station(config)
        self._radio.station.enterprise = None
        self._status.change(set_=Status.WIFI_SETUP)
        StaticAddress(ip, mask, gw, dns1, dns2).apply(netifs.station)
        await self._stack.let_event_task_run()

    async def wf_setup_ap(
        self, mode: WifiMode, ssid: str, password: str, powersave: int = 0, channel: int = 0, hidden: bool = False
    ) -> None:
        """``net.wf.setup`` for the modes AP and APSTA; the station side of APSTA keeps what it was set to before.

        Raises `DriverError` ``wifi`` InvalidPassword for 1 to 7 characters, InvalidSSID for none.
        """
        self._status.change(clear=Status.WIFI_SETUP)
        ssid, password = c_string(ssid, SSID_BYTES_MAX), c_string(password, PASSWORD_BYTES_MAX)
        if password and len(password.encode("utf-8", "surrogateescape")) < PASSPHRASE_BYTES_MIN:
            raise DriverError("wifi", "InvalidPassword", _TOO_SHORT)
        await self._prepare_radio(mode)
        auth = AuthMode.WPA_WPA2_PSK if password else AuthMode.OPEN
        with _wifi_errors():
            self._radio.configure_access_point(AccessPointConfig(ssid, password, channel or 1, auth, hidden))
        self._status.change(set_=Status.WIFI_SETUP)

    async def wf_setup_enterprise(
        self,
        ssid: str,
        enterprise: Enterprise,
        ip: int = 0,
        mask: int = 0,
        gw: int = 0,
        dns1: int = 0,
        dns2: int = 0,
        powersave: int = 0,
        channel: int = 0,
    ) -> None:
        """``net.wf.setup(net.wf.mode.STAENT, ...)``: as `wf_setup_station`, for WPA2 Enterprise. APSTA stays APSTA.

        Raises `DriverError` ``wifi`` InvalidArg if identity or user name have more than `ENTERPRISE_NAME_BYTES_MAX`.
        """
        self._status.change(clear=Status.WIFI_SETUP)
        if self._status.has(Status.WIFI_INITED) and self._radio.mode is WifiMode.AP:
            await self._leave_mode()
        netifs = self._install_radio(WifiMode.STA)
        with _wifi_errors():
            self._radio.configure_station(StationConfig(c_string(ssid, SSID_BYTES_MAX), channel=channel))
        if max(len(name.encode()) for name in (enterprise.identity, enterprise.username)) > ENTERPRISE_NAME_BYTES_MAX:
            raise DriverError("wifi", "InvalidArg")
        self._radio.station.enterprise = enterprise
        self._status.change(set_=Status.WIFI_SETUP)
        StaticAddress(ip, mask, gw, dns1, dns2).apply(netifs.station)
        await self._stack.let_event_task_run()

    async def wf_start(self, sync: bool = False) -> None:
        """``net.wf.start``: switch the radio on; with ``sync``, as a station, wait until it is connected or cannot.

        Returns at once if the driver is marked as started, whatever is true. Raises `DriverError` ``wifi`` NotSetup,
        or CannotConnect at the fourth disconnect; the driver is then stopped but still marked as started.
        """
        self._set_flag(Status.WIFI_SYNC, sync)
        if not self._status.has(Status.WIFI_SETUP):
            raise DriverError("wifi", "NotSetup")
        if self._status.has(Status.WIFI_STARTED):
            await trio.lowlevel.checkpoint()
            return
        with _wifi_errors():
            self._radio.start()
        await self._stack.let_event_task_run()
        self._status.change(set_=Status.WIFI_STARTED)
        if not sync or self._radio.mode.has_access_point:
            return
        bits = await self._events.wait(NetEvent.WIFI_CONNECTED | NetEvent.WIFI_CANT_CONNECT)
        if bits & NetEvent.WIFI_CONNECTED:
            self._status.change(clear=Status.WIFI_SYNC)
            return
        self._radio.stop()
        await self._stack.let_event_task_run()
        raise DriverError("wifi", "CannotConnect")

    async def wf_stop(self) -> None:
        """``net.wf.stop``: switch the radio off. Raises `DriverError` ``wifi`` NotSetup."""
        if not self._status.has(Status.WIFI_SETUP):
            raise DriverError("wifi", "NotSetup")
        self._radio.station.enterprise = None  # also for the next start
        self._wps_kind = WpsKind.DISABLE
        self._radio.wps.stop()
        self._stop_smart_config()
        if self._status.has(Status.WIFI_STARTED):
            self._status.change(clear=Status.WIFI_STARTED)
            with _wifi_errors():
                self._radio.stop()
        await self._stack.let_event_task_run()

    async def wf_scan(self) -> list[ScanRecord]:
        """``net.wf.scan``: what is heard, the strongest first. As an access point the driver becomes a station.

        Raises `DriverError` ``wifi`` InternalError while the station is connecting, or when it begins to connect in
        the middle. With a driver that is set up but not started that is always so: starting it for the scan makes it
        connect, and the radio then stays on. (Derived from ``wifi.c`` and from what ``esp_wifi.h`` says of scans.)
        """
        if self._status.has(Status.WIFI_INITED) and self._radio.mode is WifiMode.AP:
            await self._leave_mode()
        self._install_radio(WifiMode.STA)
        station = self._radio.station
        with _wifi_errors():
            if not self._status.has(Status.WIFI_STARTED):
                self._radio.start()
                await self._stack.let_event_task_run()
                await trio.sleep(SCAN_WARM_UP_S)
            self._radio.scan(now_ns())
        self._stack.models_changed()
        while station.is_scanning:
            await self._stack.wait_models_changed()
        if station.scan_was_aborted:
            raise DriverError("wifi", "InternalError")
        await self._events.wait(NetEvent.WIFI_SCAN_END)
        records = list(station.records)
        with _wifi_errors():
            if not self._status.has(Status.WIFI_STARTED):
                self._radio.stop()
                await self._stack.let_event_task_run()
            if not self._status.has(Status.WIFI_SETUP):
                self._radio.uninstall()
                self._status.change(clear=Status.WIFI_INITED)
        return records

    async def wf_start_wps(self, kind: int, pin_made: Callable[[str], None]) -> None:
        """``wifi_wps``: start the station and let it look for an access point, again and again until one lets it in.

        ``pin_made`` is told the PIN that somebody has to type into the access point. With DISABLE it only starts.
        """
        self._status.change(clear=Status.WIFI_SETUP)
        await self._stop_for_good()
        self._wps_kind, self._on_wps_pin = kind, pin_made
        await self._start_anew(WifiMode.STA)
        if kind != WpsKind.DISABLE:
            self._search_by_wps()

    def _search_by_wps(self) -> None:
        self._wps_pin = wps_pin(self._rng.integer(0, _PIN_MAX)) if self._wps_kind == WpsKind.PIN else None
        with _wifi_errors():
            self._radio.start_wps(self._wps_pin, now_ns())
        self._stack.models_changed()

    def _do_about_wps(self, event: SystemEvent) -> None:
        """What ``event_handler`` does about the messages of WPS before it connects."""
        match event:
            case SystemEvent.STA_WPS_ER_SUCCESS:
                self._wps_kind = WpsKind.DISABLE
            case SystemEvent.STA_WPS_ER_FAILED | SystemEvent.STA_WPS_ER_TIMEOUT:
                if self._wps_kind != WpsKind.DISABLE:
                    self._search_by_wps()
            case SystemEvent.STA_WPS_ER_PIN:
                assert self._wps_pin is not None
                self._on_wps_pin(self._wps_pin)

    async def wf_start_smart_config(self, found: Callable[[str, str], None], done: Callable[[str], None]) -> None:
        """``wifi_smartconfig``: start the station and let it listen for a phone.

        ``found`` is told name and password of the access point that it shall join, ``done`` the phone's address when it
        has joined and told the phone so.
        """
        self._status.change(clear=Status.WIFI_SETUP)
        mode = self._radio.mode if self._status.has(Status.WIFI_INITED) else WifiMode.STA
        await self._stop_for_good()
        self._stop_smart_config()
        self._radio.on_smart_config = lambda message: self._nursery.start_soon(self._link, message, found, done)
        await self._start_anew(WifiMode.APSTA if mode.has_access_point else WifiMode.STA)
        await trio.sleep(SCAN_WARM_UP_S)
        with _wifi_errors():
            self._radio.disconnect()
            self._radio.start_smart_config(now_ns())
        self._stack.models_changed()

    async def _link(
        self, message: SmartConfigMessage, found: Callable[[str, str], None], done: Callable[[str], None]
    ) -> None:
        with self._linking:
            self._radio.disconnect()
            self._radio.configure_station(StationConfig(message.ssid, message.password))
            with suppress(EspWifiError):  # nobody looks at what esp_wifi_connect returns
                self._radio.connect(now_ns())
            self._stack.models_changed()
            found(message.ssid, message.password)
            self._is_linked = True
            while not self.connected():
                await trio.sleep(SMART_CONFIG_ACK_S)
            await trio.sleep(SMART_CONFIG_ACK_S)
            done(message.phone_address)
            self._stop_smart_config()

    def _stop_smart_config(self) -> None:
        self._linking.cancel()
        self._linking = trio.CancelScope()
        self._is_linked = False
        self._radio.smart_config.stop()

    async def _stop_for_good(self) -> None:
        if self._status.has(Status.WIFI_INITED):
            await self._leave_mode()

    async def _start_anew(self, mode: WifiMode) -> None:
        self._install_radio(mode)
        self._status.change(set_=Status.WIFI_SETUP)
        with _wifi_errors():
            self._radio.start()
        await self._stack.let_event_task_run()
        self._status.change(set_=Status.WIFI_STARTED)

    @property
    def wf_mode(self) -> WifiMode:
        """``esp_wifi_get_mode``: NULL before anything was set up."""
        return self._radio.mode

    @property
    def access_point_address(self) -> str:
        """``tcpip_adapter_get_ip_info`` of the own access point: its address, also before it is up."""
        return self._stack.initialise().access_point.info.address

    def state(self) -> NetworkState:
        """Return what is to be told of WiFi and Ethernet at a moment."""
        netifs, station = self._stack.netifs, self._radio.station
        names = netifs._asdict() if netifs is not None else {}
        point = station.access_point
        return NetworkState(
            wifi_mode=self._radio.mode.name,
            station=station.state.value,
            ssid=station.config.ssid,
            rssi_dbm=None if point is None else point.rssi_dbm,
            addresses={
                name.replace("_", " "): netif.address
                for name, netif in names.items()
                if netif is not None and netif.address != NO_ADDRESS
            },
        )

    def wf_stat(self) -> InterfaceStat:
        """``net.wf.stat``: the station's interface, or in the mode AP the access point's. No MAC unless started."""
        netifs = self._stack.netifs
        if netifs is None:
            return InterfaceStat()
        as_access_point = self._status.has(Status.WIFI_INITED) and self._radio.mode is WifiMode.AP
        netif = netifs.access_point if as_access_point else netifs.station
        return InterfaceStat.of(netif, netif.mac if self._status.has(Status.WIFI_STARTED) else NO_MAC)

    async def _prepare_radio(self, mode: WifiMode) -> Netifs:
        """Install the radio for ``mode``; if it has another one it is stopped first."""
        if self._status.has(Status.WIFI_INITED) and self._radio.mode is not mode:
            await self._leave_mode()
        return self._install_radio(mode)

    async def _leave_mode(self) -> None:
        if self._status.has(Status.WIFI_STARTED):
            with _wifi_errors():
                self._radio.stop()
            await self._stack.let_event_task_run()
            self._status.change(clear=Status.WIFI_STARTED)
        self._status.change(clear=Status.WIFI_INITED)

    def _install_radio(self, mode: WifiMode) -> Netifs:
        """``wifi_init``."""
        netifs = self._stack.initialise()
        if not self._status.has(Status.WIFI_INITED):
            self._radio.install(mode)
            self._status.change(set_=Status.WIFI_INITED)
        return netifs

    def _set_flag(self, flag: Status, value: bool) -> None:
        self._status.change(set_=flag if value else Status.NONE, clear=Status.NONE if value else flag)

    # net.en ---------------------------------------------------------------------------------------------------------

    async def en_setup(self, ip: int = 0, mask: int = 0, gw: int = 0, dns1: int = 0, dns2: int = 0) -> None:
        """``net.en.setup``. RMII: only the first call does anything, and nobody is told if there is no hardware."""
        self._stack.initialise()
        assert self._wire is not None, "a firmware without Ethernet has no net.en"
        is_setup = Status.ETH_SETUP if isinstance(self._wire, Emac) else Status.SPI_ETH_SETUP
        first = not self._status.has(is_setup)
        if first:
            self._status.change(set_=is_setup)
        installed = first and self._wire.install() if isinstance(self._wire, Emac) else True
        if installed:
            StaticAddress(ip, mask, gw, dns1, dns2).apply(self._stack.ethernet_netif)
        await self._stack.let_event_task_run()

    async def en_start(self, sync: bool = False) -> None:
        """``net.en.start``. RMII waits with ``sync`` up to 10 s for an address; SPI never waits.

        Raises `DriverError` ``eth`` or ``spi_eth`` NotSetup, ``eth`` CannotConnect.
        """
        self._set_flag(Status.ETH_SYNC, sync)
        wire = self._check_ethernet_setup()
        if not self._status.has(Status.ETH_STARTED if isinstance(wire, Emac) else Status.SPI_ETH_STARTED):
            wire.start(now_ns())
            await self._stack.let_event_task_run()
            if sync and isinstance(wire, Emac):
                mask = NetEvent.ETH_CONNECTED | NetEvent.ETH_CANT_CONNECT
                if not await self._events.wait(mask, ETHERNET_START_TIMEOUT_S) & NetEvent.ETH_CONNECTED:
                    raise DriverError("eth", "CannotConnect")
        await trio.lowlevel.checkpoint()

    async def en_stop(self) -> None:
        """``net.en.stop``. RMII: the MAC stops; SPI: only the flag is cleared. Raises `DriverError` NotSetup."""
        wire = self._check_ethernet_setup()
        started = Status.ETH_STARTED if isinstance(wire, Emac) else Status.SPI_ETH_STARTED
        if self._status.has(started):
            self._status.change(clear=started)
        if isinstance(wire, Emac):
            wire.stop()
        await self._stack.let_event_task_run()

    def en_stat(self) -> InterfaceStat:
        """``net.en.stat``; no MAC before the first start."""
        if self._stack.netifs is None:
            return InterfaceStat()
        netif = self._stack.ethernet_netif
        return InterfaceStat.of(netif, netif.mac if netif.exists else NO_MAC)

    def _check_ethernet_setup(self) -> Emac | SpiEthernet:
        spi = isinstance(self._wire, SpiEthernet)
        if self._wire is None or not self._status.has(Status.SPI_ETH_SETUP if spi else Status.ETH_SETUP):
            raise DriverError("spi_eth" if spi else "eth", "NotSetup")
        return self._wire

    # net ------------------------------------------------------------------------------------------------------------

    def connected(self) -> bool:
        """``NETWORK_AVAILABLE``: connected with an address, by any interface. An access point never counts."""
        return self._status.network_available

    def check_available(self) -> None:
        """Raise `DriverError` ``net`` NotAvailable unless the network is available (``net_check_connectivity``)."""
        if not self.connected():
            raise DriverError("net", "NotAvailable")

    def initialise(self) -> None:
        """``net_init``: start TCP/IP, unless that was done."""
        self._stack.initialise()

    async def wait_for_initialisation(self, timeout_s: float) -> bool:
        """``wait_for_network_init``: whether TCP/IP is initialised, or is so before the time is over."""
        with trio.move_on_after(timeout_s):
            await self._stack.initialised.wait()
        return self._status.has(Status.TCPIP_INITED)

    async def wait_for_network(self, timeout_s: float = NETWORK_WAIT_S) -> bool:
        """``wait_for_network``: False if TCP/IP is not initialised in time, or a start fails meanwhile; else True.

        True says less than it seems: also when the time is over without anything, and when a bit is pending from
        earlier; that bit is then taken.
        """
        if not await self.wait_for_initialisation(timeout_s):
            return False
        if self.connected():
            return True
        bits = await self._events.wait(ANY_CONNECTED | ANY_CANT_CONNECT, timeout_s)
        return bool(bits & ANY_CONNECTED) or not bits & ANY_CANT_CONNECT

    async def lookup(self, name: str) -> str:
        """``net_lookup``: return an IPv4 address of ``name`` in dotted form.

        Raises `DriverError` ``net`` NotAvailable if a wait for the network fails, NameCannotBeResolved when the
        fourth attempt has failed.
        """
        for attempt in range(LOOKUP_TRIES):
            if attempt:
                await trio.sleep(LOOKUP_PAUSE_S)
            if not await self.wait_for_network():
                raise DriverError("net", "NotAvailable")
            with suppress(NameNotFoundError):
                return (await self._interface.resolve(name))[0]
        raise DriverError("net", "NameCannotBeResolved")

    async def ping(
        self, name: str, count: int = 0, interval_s: int = 0, size_bytes: int = 0, timeout_s: int = 0
    ) -> Ping:
        """``net_ping`` up to its first line; iterate what it returns. 0 stands for a default.

        Raises `DriverError` ``net`` NotAvailable, or NameCannotBeResolved for any failure of the lookup.
        """
        self.check_available()
        try:
            address = await self.lookup(name)
        except DriverError as error:
            raise DriverError("net", "NameCannotBeResolved") from error
        return Ping(
            self._interface,
            address,
            count=count,
            interval_s=interval_s,
            size_bytes=size_bytes,
            timeout_s=timeout_s,
        )

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever something about the interfaces may have changed."""
        self._stack.watchers.append(changed)

    @property
    def own_interfaces(self) -> list[tuple[str, bool]]:
        """The interfaces that lwIP knows, up or not: their address, and whether it is that of the own access point."""
        netifs = self._stack.netifs
        if netifs is None:
            return []
        return [(netif.address, netif is netifs.access_point) for netif in netifs.all if netif.exists]

    @property
    def near_networks(self) -> list[NearNetwork]:
        """The networks that the board is in, each with one of its interfaces that are up."""
        return self._stack.near_networks

    def register_callback(self, handler: Handler) -> None:
        """``net_event_register_callback``: have ``handler`` called after every message, also if it is already.

        Raises `DriverError` ``net`` NoMoreCallbacksAvailable.
        """
        if len(self._stack.handlers) >= CALLBACKS_MAX:
            raise DriverError("net", "NoMoreCallbacksAvailable")
        self._stack.handlers.append(handler)

    def set_lua_callback(self, callback: Callback) -> None:
        """``net.callback``: from now on call ``callback``, once per change for every call of this method so far.

        The event task waits for it. Raises `DriverError` ``net`` NoMoreCallbacksAvailable; ``callback`` has then
        replaced the one before all the same.
        """
        self._lua_callback = callback
        self.register_callback(self._call_lua)

    async def _call_lua(self, event: SystemEvent) -> None:
        change = callback_of(event, self._status)
        if change is not None and self._lua_callback is not None:
            with self._stack.event_task_goes_aside():
                await self._lua_callback(*change)
