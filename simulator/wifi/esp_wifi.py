"""``esp_wifi_*``: the closed driver of Espressif, as its header and guide describe it.

It holds the mode and the two configurations, runs the `Station`, and puts the board's own access point into the air.
Every call either works or raises `EspWifiError` with the code that ``components/esp32/include/esp_wifi.h`` (ESP-IDF
cc9b06d4) names for it.

What the header leaves open and we chose: installing the driver twice is no error and keeps its configuration; an
access point without an SSID is an invalid SSID; a second scan while one is under way is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from simulator.rng import Rng
from simulator.wifi.air import CHANNEL_MAX, AccessPoint, Air
from simulator.wifi.events import Emit, Post, SystemEvent
from simulator.wifi.lan import Lan
from simulator.wifi.provisioning import SmartConfigMessage, SmartConfigReceiver, WpsEnrollee
from simulator.wifi.standard import AuthMode, WifiMode
from simulator.wifi.station import Station, StationConfig
from simulator.wifi.station_states import StationState
from simulator.wifi.timed import Timed

SOFT_AP_ADDRESS: Final = "192.168.4.1"
SOFT_AP_NETMASK: Final = "255.255.255.0"
SOFT_AP_NETWORK: Final = "192.168.4.0/24"
"""What ``tcpip_adapter_init`` gives the access point (``components/tcpip_adapter/tcpip_adapter_lwip.c``)."""

SOFT_AP_RSSI_DBM: Final = -45
"""How other boards receive a board's access point. Our choice: on the same desk."""


class EspWifiCode(Enum):
    """The ``ESP_ERR_WIFI_*`` codes that can happen here."""

    NOT_INIT = "driver not installed"
    NOT_STARTED = "driver not started"
    NOT_STOPPED = "driver not stopped"
    STATE = "station is connecting"
    CONN = "station has no control block"
    SSID = "invalid SSID"
    NVS = "NVS error"


class EspWifiError(Exception):
    """A call of the driver failed; ``code`` says how."""

    def __init__(self, code: EspWifiCode) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True, slots=True)
class AccessPointConfig:
    """``wifi_ap_config_t``: the board's own access point. ``stations_max`` is how many may join it."""

    ssid: str = ""
    password: str = ""
    channel: int = 1
    auth: AuthMode = AuthMode.OPEN
    hidden: bool = False
    stations_max: int = 4


class WifiMemory(Protocol):
    """Where the driver keeps its configurations, with ``WIFI_STORAGE_FLASH``."""

    def load(self) -> tuple[StationConfig, AccessPointConfig]:
        """Return what was kept last; what was not is empty."""

    def keep(self, config: StationConfig | AccessPointConfig) -> None:
        """Keep a configuration over every reset. Raises `EspWifiError` NVS."""


class EspWifi:
    """The driver of one board. ``station_mac`` and ``access_point_mac`` are the addresses of its two interfaces.

    Without a ``memory`` it keeps its configurations as long as it is installed (``WIFI_STORAGE_RAM``).
    """

    def __init__(
        self,
        air: Air,
        *,
        station_mac: str,
        access_point_mac: str,
        rng: Rng,
        post: Post,
        emit: Emit,
        memory: WifiMemory | None = None,
    ) -> None:
        self._air = air
        self._memory = memory
        self._access_point_mac = access_point_mac
        self._post = post
        self._emit = emit
        self._installed = False
        self._mode = WifiMode.NULL
        self._started = False
        self._access_point_config = AccessPointConfig()
        self._access_point: AccessPoint | None = None
        self.station = Station(air, station_mac, rng=rng, post=post, emit=emit, ignore_bssid=access_point_mac)
        self.wps = WpsEnrollee(air, found=self._configure_from, post=post, emit=emit)
        self.smart_config = SmartConfigReceiver(air, found=lambda message: self.on_smart_config(message), emit=emit)
        self.on_smart_config: Callable[[SmartConfigMessage], None] = lambda _message: None
        """Told when a phone has been understood."""

    @property
    def mode(self) -> WifiMode:
        """The operating mode; NULL before the driver is installed."""
        return self._mode

    @property
    def own_lan(self) -> Lan | None:
        """The network of the board's own access point, None if it is none."""
        return self._access_point.lan if self._access_point is not None else None

    @property
    def is_started(self) -> bool:
        """Whether the radio is on."""
        return self._started

    def install(self, mode: WifiMode) -> None:
        """``esp_wifi_init``, ``esp_wifi_set_storage`` and ``esp_wifi_set_mode``."""
        if self._memory is not None and not self._installed:
            station, self._access_point_config = self._memory.load()
            self.station.configure(station)
        self._installed = True
        self._mode = mode

    def uninstall(self) -> None:
        """``esp_wifi_deinit``. Raises NOT_INIT, or NOT_STOPPED while the radio is on."""
        self._check_installed()
        if self._started:
            raise EspWifiError(EspWifiCode.NOT_STOPPED)
        self._installed = False
        self._access_point_config = AccessPointConfig()
        self.station.forget()

    def configure_station(self, config: StationConfig) -> None:
        """``esp_wifi_set_config`` for the station. Raises NOT_INIT, NVS."""
        self._check_installed()
        self.station.configure(config)
        self._keep(config)

    def configure_access_point(self, config: AccessPointConfig) -> None:
        """``esp_wifi_set_config`` for the access point; one that is up changes at once. Raises NOT_INIT, SSID,
        NVS.
        """
        self._check_installed()
        if not config.ssid:
            raise EspWifiError(EspWifiCode.SSID)
        self._access_point_config = config
        if self._access_point is not None:
            self._take_down()
            self._put_up()
        self._keep(config)

    def _keep(self, config: StationConfig | AccessPointConfig) -> None:
        if self._memory is not None:
            self._memory.keep(config)

    def start(self) -> None:
        """``esp_wifi_start``: the radio goes on; nothing happens if it is. Raises NOT_INIT."""
        self._check_installed()
        if self._started:
            return
        self._started = True
        if self._mode.has_station:
            self._emit("wifi.start", mode=self._mode.name, ssid=self.station.config.ssid)
            self.station.start()
        if self._mode.has_access_point:
            if not self._mode.has_station:
                self._emit("wifi.start", mode=self._mode.name, ssid=self._access_point_config.ssid)
            self._put_up()
            self._post(SystemEvent.AP_START)

    def stop(self) -> None:
        """``esp_wifi_stop``: the radio goes off; nothing happens if it is. Raises NOT_INIT."""
        self._check_installed()
        if not self._started:
            return
        self._started = False
        self.wps.stop()
        self.smart_config.stop()
        if self.station.state is not StationState.OFF:
            self.station.stop()
        if self._access_point is not None:
            self._take_down()
            self._post(SystemEvent.AP_STOP)
        self._emit("wifi.stop")

    def connect(self, now_ns: int) -> None:
        """``esp_wifi_connect``: begin an attempt. Raises NOT_INIT, NOT_STARTED, CONN (attempt or connection), SSID.

        While WPS has the station there is no connection either (our choice).
        """
        self._check_started()
        if self.station.state is not StationState.IDLE or self.wps.is_active:
            raise EspWifiError(EspWifiCode.CONN)
        if not self.station.config.ssid:
            raise EspWifiError(EspWifiCode.SSID)
        self.station.connect(now_ns)

    def disconnect(self) -> None:
        """``esp_wifi_disconnect``. Raises NOT_INIT, NOT_STARTED."""
        self._check_started()
        self.station.disconnect()

    def start_wps(self, pin: str | None, now_ns: int) -> None:
        """``esp_wifi_wps_enable`` and ``esp_wifi_wps_start``, with a PIN or by the button. Raises NOT_STARTED."""
        self._check_started()
        self.station.disconnect()
        self.wps.start(pin, now_ns)

    def start_smart_config(self, now_ns: int) -> None:
        """``esp_smartconfig_start``. Raises NOT_STARTED."""
        self._check_started()
        self.smart_config.start(now_ns)

    def _configure_from(self, point: AccessPoint) -> None:
        with suppress(EspWifiError):  # nobody hears of it
            self.configure_station(StationConfig(point.ssid, point.password, point.channel))

    def air_changed(self, now_ns: int) -> None:
        """Look again at who is there."""
        self.station.air_changed(now_ns)
        self.smart_config.air_changed(now_ns)

    @property
    def models(self) -> tuple[Timed, ...]:
        """What does things by itself."""
        return (self.station, self.wps, self.smart_config)

    def scan(self, now_ns: int) -> None:
        """``esp_wifi_scan_start``. Raises NOT_INIT, NOT_STARTED, or STATE while an attempt or a scan is under way."""
        self._check_started()
        if self.station.state.is_connecting or self.station.is_scanning:
            raise EspWifiError(EspWifiCode.STATE)
        self.station.scan(now_ns)

    def vanish(self) -> None:
        """Be gone from one moment to the next, as when the power is cut."""
        self.station.vanish()
        self.wps.stop()
        self.smart_config.stop()
        if self._access_point is not None:
            self._take_down()
        self._started = self._installed = False

    def _check_installed(self) -> None:
        if not self._installed:
            raise EspWifiError(EspWifiCode.NOT_INIT)

    def _check_started(self) -> None:
        self._check_installed()
        if not self._started:
            raise EspWifiError(EspWifiCode.NOT_STARTED)

    def _put_up(self) -> None:
        """Put the access point up; a channel that does not exist becomes 1, a bad SSID was refused before."""
        config = self._access_point_config
        if not config.ssid:
            return
        self._access_point = self._air.add(
            AccessPoint(
                config.ssid,
                config.password,
                auth=config.auth,
                channel=config.channel if 1 <= config.channel <= CHANNEL_MAX - 1 else 1,
                rssi_dbm=SOFT_AP_RSSI_DBM,
                hidden=config.hidden,
                lan=Lan(SOFT_AP_NETWORK, gateway=SOFT_AP_ADDRESS, uplink=False),
                bssid=self._access_point_mac,
                stations_max=config.stations_max,
            )
        )

    def _take_down(self) -> None:
        if self._access_point is not None:
            self._air.remove(self._access_point)
            self._access_point = None
