"""A station: finds its access point, joins it, and notices when it is gone.

How it takes part in time is `wifi.timed`. What happens is told through the two callables given to it: ``post`` for the
driver, ``emit`` for the event log.

How long things take, and where that is from:

- Scanning: `wifi.scan`. An attempt ends its scan on the first channel where the target is heard (WIFI_FAST_SCAN,
  which Lua RTOS leaves at its default). It begins with the configured channel or with the one of the last join
  ("the Wi-Fi driver optimizes the scanning sequence", ``docs/en/api-guides/wifi.rst``, ESP-IDF cc9b06d4).
- The rest of an attempt is inside Espressif's closed library. The figures are read off the time stamps of public
  logs of that time: key derivation, authentication, association and handshake in
  github.com/micropython/micropython pull request 4842; one second until an unanswered authentication is given up in
  github.com/espressif/esp-idf issue 2359. An unanswered association is given the same second: our choice.
- A wrong password shows in the handshake: the access point repeats its first message four times, after 100 ms and
  three times 1 s, and gives up (hostapd, ``src/ap/wpa_auth.c``); logs show 3.1 s.
- Loss: 60 beacons missed, then five probes (``docs/en/api-guides/wifi.rst``, "Wi-Fi Beacon Timeout"); a beacon
  every 102.4 ms, a probe every 0.5 s (2.5 s between the two log lines in github.com/espressif/esp-idf issue 12454).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulator.links import LinkQuality
from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_S, NS_PER_US
from simulator.wifi.air import AccessPoint, Air, Enterprise, ScanRecord
from simulator.wifi.events import Emit, Post, SystemEvent
from simulator.wifi.radio import SILENCE, link_quality
from simulator.wifi.scan import Sweep, scan_plan
from simulator.wifi.standard import AuthMode, DisconnectReason
from simulator.wifi.station_states import StationInput, StationState, next_state
from simulator.wifi.timed import earliest

KEY_DERIVATION_NS: Final = 560 * NS_PER_MS
"""Passphrase to key, 4096 rounds of SHA-1 in software; done once for each pair of SSID and passphrase."""

ENTERPRISE_NS: Final = NS_PER_S
"""What 802.1X takes on top of the handshake: TLS on this chip, and a server. Our choice."""

BEACON_INTERVAL_NS: Final = 102_400 * NS_PER_US
BEACONS_MISSED_MAX: Final = 60
PROBES_MAX: Final = 5
PROBE_INTERVAL_NS: Final = 500 * NS_PER_MS
BEACON_TIMEOUT_NS: Final = BEACONS_MISSED_MAX * BEACON_INTERVAL_NS + PROBES_MAX * PROBE_INTERVAL_NS
"""From the last beacon until the station gives its access point up: 8.644 s."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One exchange of an attempt: how long it takes, how long it is waited for, and what it is called if in vain."""

    takes_ns: int
    timeout_ns: int
    timeout_reason: DisconnectReason


PHASES: Final[Mapping[StationState, Phase]] = {
    StationState.AUTHENTICATING: Phase(10 * NS_PER_MS, NS_PER_S, DisconnectReason.AUTH_EXPIRE),
    StationState.ASSOCIATING: Phase(10 * NS_PER_MS, NS_PER_S, DisconnectReason.ASSOC_EXPIRE),
    StationState.HANDSHAKING: Phase(30 * NS_PER_MS, 3_100 * NS_PER_MS, DisconnectReason.FOURWAY_HANDSHAKE_TIMEOUT),
}


@dataclass(frozen=True, slots=True)
class StationConfig:
    """``wifi_sta_config_t``: the access point to join; ``channel`` 0 means unknown. Without an SSID there is none."""

    ssid: str = ""
    password: str = ""
    channel: int = 0


def refusal(
    state: StationState, point: AccessPoint, password: str, enterprise: Enterprise | None = None
) -> DisconnectReason | None:
    """Return why ``point`` turns a station down in the phase ``state``, or None if it lets it go on.

    A key that is wrong is not among the reasons in the handshake: the access point just stays silent. That a WEP
    access point checks its key while authenticating (shared key), and that a protected one turns a station without
    a password down while associating, is our choice.
    """
    if state is StationState.AUTHENTICATING and point.auth is AuthMode.WEP and password != point.password:
        return DisconnectReason.AUTH_FAIL
    if state is StationState.ASSOCIATING:
        if point.is_full:
            return DisconnectReason.ASSOC_TOOMANY
        if point.auth.uses_passphrase and not password:
            return DisconnectReason.ASSOC_FAIL
    is_enterprise = state is StationState.HANDSHAKING and point.auth is AuthMode.WPA2_ENTERPRISE
    if is_enterprise and not point.authenticator.lets_in(enterprise):
        return DisconnectReason.IEEE_802_1X_AUTH_FAILED
    return None


class Station:
    """The station of one board, ``mac`` its address. ``ignore_bssid`` is the board's own access point, if it has one.

    ``rng`` decides which exchanges a weak signal swallows; a strong one draws nothing.
    """

    def __init__(self, air: Air, mac: str, *, rng: Rng, post: Post, emit: Emit, ignore_bssid: str = "") -> None:
        self._air = air
        self._mac = mac
        self._rng = rng
        self._post = post
        self._emit = emit
        self._ignore_bssid = ignore_bssid
        self._state = StationState.OFF
        self._config = StationConfig()
        self._attempt = StationConfig()
        self._derived: StationConfig | None = None
        self._channel = 0
        self._point: AccessPoint | None = None
        self._last_joined: AccessPoint | None = None
        self._search: Sweep | None = None
        self._scan: Sweep | None = None
        self._heard: list[AccessPoint] = []
        self._phase_began_ns = 0
        self._due_ns: int | None = None
        self._failure: DisconnectReason | None = None
        self.records: tuple[ScanRecord, ...] = ()
        self.scan_was_aborted = False
        self.enterprise: Enterprise | None = None
        """What it has for WPA2 Enterprise, if that is enabled."""

    @property
    def state(self) -> StationState:
        """Where the station stands."""
        return self._state

    @property
    def config(self) -> StationConfig:
        """What the next attempt looks for."""
        return self._config

    @property
    def is_scanning(self) -> bool:
        """Whether a scan that was asked for is under way (the one inside an attempt does not count)."""
        return self._scan is not None

    @property
    def access_point(self) -> AccessPoint | None:
        """The access point it is joined to."""
        return self._point if self._state is StationState.CONNECTED else None

    @property
    def last_joined(self) -> AccessPoint | None:
        """The access point it is joined to, or was joined to last."""
        return self._last_joined

    @property
    def misses_beacons(self) -> bool:
        """Whether it believes to be joined although it hears nothing."""
        return self._state is StationState.CONNECTED and self._due_ns is not None

    @property
    def link(self) -> LinkQuality:
        """What the radio link does to bytes now."""
        point = self.access_point
        return link_quality(point.rssi_dbm) if point is not None and self._air.hears(point) else SILENCE

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do, if nothing else happens before."""
        sweeps = (sweep.due_ns for sweep in (self._search, self._scan) if sweep is not None)
        return earliest((self._due_ns, *sweeps))

    def configure(self, config: StationConfig) -> None:
        """Set what the next attempt looks for; one that is under way, or a connection, goes on as it is."""
        self._config = config

    def start(self) -> None:
        """Switch the radio on."""
        self._move(StationInput.START)
        self._post(SystemEvent.STA_START)

    def stop(self) -> None:
        """Switch the radio off, leaving the access point in due form and aborting what is under way."""
        if self._scan is not None:
            self._end_scan(aborted=True)
        if self._state is StationState.CONNECTED:
            self._fail(DisconnectReason.ASSOC_LEAVE)
        self._point = None
        self._search = None
        self._due_ns = None
        self._move(StationInput.STOP)
        self._post(SystemEvent.STA_STOP)

    def forget(self) -> None:
        """Lose what the driver keeps in memory while it is installed."""
        self._config = StationConfig()
        self._derived = None
        self._channel = 0

    def vanish(self) -> None:
        """Be gone from one moment to the next, as when the power is cut: nothing is posted, nobody is told."""
        if self._point is not None:
            self._air.dissociate(self._point, self._mac)
        self._state = StationState.OFF
        self._point = self._search = self._scan = self._due_ns = None

    def connect(self, now_ns: int) -> None:
        """Begin an attempt. The station must be idle; a scan that was asked for is aborted."""
        if self._scan is not None:
            self._end_scan(aborted=True)
        self._move(StationInput.CONNECT)
        self._attempt = self._config
        self._search = Sweep(scan_plan(joined=False, first_channel=self._attempt.channel or self._channel), now_ns)

    def disconnect(self) -> None:
        """Leave the access point, or give up the attempt that is under way."""
        if self._state is StationState.CONNECTED or self._state.is_connecting:
            self._search = None
            self._fail(DisconnectReason.ASSOC_LEAVE)

    def scan(self, now_ns: int) -> None:
        """Begin a scan of all channels; SCAN_DONE is posted when it ends and the result is in `records`."""
        self.scan_was_aborted = False
        self._heard = []
        self._scan = Sweep(scan_plan(joined=self._state is StationState.CONNECTED), now_ns)

    def air_changed(self, now_ns: int) -> None:
        """Look again: the access points are not what they were. Time matters only to a station that is joined."""
        point = self.access_point
        if point is None:
            return
        if not self._air.hears(point):
            if self._due_ns is None:
                self._due_ns = now_ns + BEACON_TIMEOUT_NS
        elif self._mac not in point.stations:
            self._fail(DisconnectReason.NOT_ASSOCED)
        else:
            self._due_ns = None

    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""
        while (due_ns := self.deadline_ns) is not None and due_ns <= now_ns:
            if self._search is not None and self._search.due_ns == due_ns:
                self._search_channel(self._search, due_ns)
            elif self._scan is not None and self._scan.due_ns == due_ns:
                self._scan_channel(self._scan)
            elif self._state is StationState.CONNECTED:
                self._fail(DisconnectReason.BEACON_TIMEOUT)
            else:
                self._end_phase(due_ns)

    def _move(self, happened: StationInput) -> None:
        self._state = next_state(self._state, happened)

    def _search_channel(self, sweep: Sweep, now_ns: int) -> None:
        visit, last = sweep.leave()
        for point in self._air.on_channel(visit.channel):
            if point.ssid == self._attempt.ssid and visit.finds(point) and point.bssid != self._ignore_bssid:
                self._search = None
                self._point = point
                self._channel = point.channel
                self._begin_phase(StationInput.FOUND, now_ns)
                return
        if last:
            self._search = None
            self._fail(DisconnectReason.NO_AP_FOUND)

    def _scan_channel(self, sweep: Sweep) -> None:
        visit, last = sweep.leave()
        self._heard += [
            point
            for point in self._air.on_channel(visit.channel)
            if visit.finds(point) and point.bssid != self._ignore_bssid
        ]
        if last:
            self._end_scan(aborted=False)

    def _end_scan(self, *, aborted: bool) -> None:
        self._scan = None
        self.scan_was_aborted = aborted
        heard = sorted(self._heard, key=lambda point: (-point.rssi_dbm, point.channel, point.bssid))
        self.records = () if aborted else tuple(map(ScanRecord.of, heard))
        self._emit("wifi.scan", found=len(self.records), aborted=aborted)
        self._post(SystemEvent.SCAN_DONE)

    def _begin_phase(self, happened: StationInput, now_ns: int) -> None:
        """Enter the next phase and decide how it will end, so that its end is known to `deadline_ns`."""
        self._move(happened)
        point = self._target
        begin_ns = now_ns
        if self._state is StationState.AUTHENTICATING:
            self._emit("wifi.auth", ssid=point.ssid, bssid=point.bssid, channel=point.channel, mode=point.auth.name)
            key = StationConfig(self._attempt.ssid, self._attempt.password)
            if point.auth.uses_passphrase and key.password and key != self._derived:
                self._derived = key
                begin_ns += KEY_DERIVATION_NS
        phase = PHASES[self._state]
        self._phase_began_ns = begin_ns
        self._failure = refusal(self._state, point, self._attempt.password, self.enterprise)
        if self._failure is None and not self._is_answered(point):
            self._failure = phase.timeout_reason
            self._due_ns = begin_ns + phase.timeout_ns
        else:
            self._due_ns = begin_ns + phase.takes_ns
            if self._state is StationState.HANDSHAKING and self.enterprise and point.auth is AuthMode.WPA2_ENTERPRISE:
                self._due_ns += ENTERPRISE_NS

    def _is_answered(self, point: AccessPoint) -> bool:
        """Whether the access point's answer in this phase reaches the station."""
        if self._state is StationState.HANDSHAKING and self._attempt.password != point.password:
            return False
        loss = link_quality(point.rssi_dbm).loss
        return not loss or self._rng.uniform(0.0, 1.0) >= loss

    def _end_phase(self, now_ns: int) -> None:
        phase = PHASES[self._state]
        point = self._target
        if self._failure is not phase.timeout_reason and not self._air.hears(point):
            self._failure = phase.timeout_reason
            self._due_ns = self._phase_began_ns + phase.timeout_ns
        elif self._failure is not None:
            self._fail(self._failure)
        elif self._state is StationState.AUTHENTICATING or (
            self._state is StationState.ASSOCIATING and point.auth.has_handshake
        ):
            self._begin_phase(StationInput.ACCEPTED, now_ns)
        else:
            self._join(point)

    def _join(self, point: AccessPoint) -> None:
        self._due_ns = None
        self._last_joined = point
        self._move(StationInput.JOINED)
        self._air.associate(point, self._mac)
        self._emit("wifi.connected", ssid=point.ssid, bssid=point.bssid, channel=point.channel, rssi=point.rssi_dbm)
        self._post(SystemEvent.STA_CONNECTED)

    def _fail(self, reason: DisconnectReason) -> None:
        point = self._point
        if point is not None:
            self._air.dissociate(point, self._mac)
        self._point = None
        self._due_ns = None
        self._move(StationInput.FAILED)
        self._emit(
            "wifi.disconnected",
            ssid=self._attempt.ssid if point is None else point.ssid,
            bssid="" if point is None else point.bssid,
            reason=int(reason),
            reason_name=reason.label,
        )
        self._post(SystemEvent.STA_DISCONNECTED)

    @property
    def _target(self) -> AccessPoint:
        assert self._point is not None, "a phase of an attempt without an access point"
        return self._point
