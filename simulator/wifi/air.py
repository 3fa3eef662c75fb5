"""The air: every access point of the world, who is joined to which, and word of every change.

Access points are changed through the `Air` (`Air.switch_off`, `Air.set_rssi`, ...), never directly, so that the
stations that listen learn of it. The air knows no time: how long a station takes to notice is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.errors import UsageError
from simulator.wifi.lan import Lan
from simulator.wifi.radio import is_audible
from simulator.wifi.standard import (
    PASSPHRASE_BYTES_MIN,
    PASSWORD_BYTES_MAX,
    SSID_BYTES_MAX,
    AuthMode,
    SecondChannel,
)
from simulator.wifi.subscribers import Subscribers

if TYPE_CHECKING:
    from simulator.wifi.provisioning import SmartConfigMessage

CHANNEL_MAX: Final = 14

_BSSID_PREFIX: Final = "02:4c:54"
"""Locally administered, so that no real device has it."""


@dataclass(frozen=True, slots=True, eq=False)
class WpsOffer:
    """An access point lets somebody in by WPS: who has this PIN, or whoever comes, if the button was pressed."""

    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Enterprise:
    """What a station has for WPA2 Enterprise. Certificates and key are the contents of files, empty if there is none.

    ``epoch`` returns the time at which the certificate of the server has to be valid; None lets it not look at dates.
    """

    identity: str = ""
    username: str = ""
    password: str = ""
    ca_certificate: bytes = b""
    client_certificate: bytes = b""
    client_key: bytes = b""
    client_key_password: bytes = b""
    epoch: Callable[[], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """The server behind an access point with WPA2 Enterprise.

    ``users`` are names and passwords, ``client_certificates`` those of stations that need none. ``certificates`` is
    what it shows of itself, in PEM, its own first; without, a station that has a certificate of an authority does not
    trust it.
    """

    users: Mapping[str, str] = field(default_factory=dict)
    client_certificates: frozenset[bytes] = frozenset()
    certificates: bytes = b""

    def lets_in(self, station: Enterprise | None) -> bool:
        """Return whether both sides are content with each other."""
        if station is None or not self._is_trusted_by(station):
            return False
        if station.client_certificate:
            return station.client_certificate in self.client_certificates and _has_key(station)
        return station.username in self.users and self.users[station.username] == station.password

    def _is_trusted_by(self, station: Enterprise) -> bool:
        if not self.certificates:
            return not station.ca_certificate
        from simulator.wifi.certificates import is_trusted  # few networks have such a server

        return is_trusted(self.certificates, station.ca_certificate, station.epoch() if station.epoch else None)


def _has_key(station: Enterprise) -> bool:
    from simulator.wifi.certificates import is_key_of

    return is_key_of(station.client_certificate, station.client_key, station.client_key_password)


class AccessPoint:
    """An access point and the network behind it.

    ``auth`` is WPA2_ENTERPRISE with an ``authenticator``, OPEN without a password and WPA2_PSK with one, unless given.
    ``bssid`` and ``lan`` are given by the `Air` when it is added, unless given here: a number, and the network that all
    such access points share. Every station receives it with ``rssi_dbm``, or weaker while the `Air` dampens it.
    ``stations_max`` stations can join; ``stations`` holds the MAC addresses of those that have, in the order in which
    they came; ``wps`` says whether it lets somebody in that way. Everybody may read the attributes, only the `Air`
    changes them. Raises `UsageError` for values that no access point can have.
    """

    def __init__(
        self,
        ssid: str,
        password: str = "",
        *,
        auth: AuthMode | None = None,
        channel: int = 1,
        second: SecondChannel = SecondChannel.NONE,
        rssi_dbm: int = -50,
        hidden: bool = False,
        lan: Lan | None = None,
        bssid: str | None = None,
        stations_max: int = 32,
        authenticator: Authenticator | None = None,
    ) -> None:
        if auth is None and authenticator is not None:
            auth = AuthMode.WPA2_ENTERPRISE
        elif auth is None:
            auth = AuthMode.WPA2_PSK if password else AuthMode.OPEN
        if not 1 <= len(ssid.encode("utf-8", "surrogateescape")) <= SSID_BYTES_MAX:
            raise UsageError(f"SSID {ssid!r}: an SSID has 1 to {SSID_BYTES_MAX} bytes")
        if auth.uses_passphrase and not PASSPHRASE_BYTES_MIN <= len(password.encode()) <= PASSWORD_BYTES_MAX:
            raise UsageError(f"access point {ssid!r}: a password has {PASSPHRASE_BYTES_MIN} to 63 characters")
        if not 1 <= channel <= CHANNEL_MAX:
            raise UsageError(f"access point {ssid!r}: channel {channel} is not 1 to {CHANNEL_MAX}")
        self.ssid: Final = ssid
        self.password = password
        self.auth: Final = auth
        self.channel: Final = channel
        self.second: Final = second
        self.hidden: Final = hidden
        self.lan = lan
        self.stations_max: Final = stations_max
        self.authenticator: Final = authenticator if authenticator is not None else Authenticator()
        self.wps: WpsOffer | None = None
        self.bssid = bssid or ""
        self.strength_dbm = rssi_dbm
        self.ceiling_dbm: int | None = None
        self.is_on = True
        self.stations: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<AccessPoint {self.ssid!r} channel {self.channel} {self.rssi_dbm} dBm{'' if self.is_on else ' off'}>"

    @property
    def rssi_dbm(self) -> int:
        """How strong every station receives it: its strength, but no more than the ceiling."""
        return self.strength_dbm if self.ceiling_dbm is None else min(self.strength_dbm, self.ceiling_dbm)

    @property
    def is_full(self) -> bool:
        """Whether it takes no further station."""
        return len(self.stations) >= self.stations_max


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """One line of a scan, with the fields of the table that `net.wf.scan` returns, and the radio's address.

    ``ssid`` is empty for a hidden access point; ``auth`` and ``ch2`` are the numbers of `AuthMode` and
    `SecondChannel`.
    """

    ssid: str
    rssi: int
    auth: int
    ch1: int
    ch2: int
    bssid: str

    @classmethod
    def of(cls, point: AccessPoint) -> ScanRecord:
        """Return what a scan that hears ``point`` notes down."""
        ssid = "" if point.hidden else point.ssid
        return cls(ssid, point.rssi_dbm, int(point.auth), point.channel, int(point.second), point.bssid)


class Air:
    """The access points of the world. One thread of control, no time; iterating gives them in the order added.

    ``lan`` is the network behind every access point that has none of its own, as in a house with one router.
    """

    def __init__(self, lan: Lan | None = None) -> None:
        self.lan: Final = lan if lan is not None else Lan()
        self._points: dict[str, AccessPoint] = {}
        self._subscribers = Subscribers()
        self._numbered = 0
        self.smart_config: SmartConfigMessage | None = None
        """What a phone sends for stations that listen to SmartConfig."""

    def __iter__(self) -> Iterator[AccessPoint]:
        return iter(tuple(self._points.values()))

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call ``changed`` after every change; returns the function that ends it."""
        return self._subscribers.add(changed)

    def add(self, point: AccessPoint) -> AccessPoint:
        """Put ``point`` up, and return it. Raises `UsageError` if its BSSID is taken."""
        if not point.bssid:
            self._numbered += 1
            number = self._numbered.to_bytes(3, "big")
            point.bssid = f"{_BSSID_PREFIX}:{number.hex(':')}"
        if point.bssid in self._points:
            raise UsageError(f"two access points with the address {point.bssid}")
        if point.lan is None:
            point.lan = self.lan
        self._points[point.bssid] = point
        self._subscribers.tell()
        return point

    def remove(self, point: AccessPoint) -> None:
        """Take ``point`` away, with everybody who was joined to it."""
        self._points.pop(point.bssid, None)
        point.stations.clear()
        self._subscribers.tell()

    def switch_off(self, point: AccessPoint) -> None:
        """Cut the power of ``point``: it is silent at once and forgets its stations."""
        point.is_on = False
        point.stations.clear()
        self._subscribers.tell()

    def switch_on(self, point: AccessPoint) -> None:
        """Give ``point`` its power back."""
        point.is_on = True
        self._subscribers.tell()

    def set_rssi(self, point: AccessPoint, rssi_dbm: int) -> None:
        """Move ``point`` nearer or farther. Out of hearing it is silent but, unlike switched off, forgets nobody."""
        point.strength_dbm = rssi_dbm
        self._subscribers.tell()

    def dampen(self, point: AccessPoint, ceiling_dbm: int | None) -> None:
        """Let ``point`` be received with no more than ``ceiling_dbm``, whatever its strength does; None ends that."""
        point.ceiling_dbm = ceiling_dbm
        self._subscribers.tell()

    def set_password(self, point: AccessPoint, password: str) -> None:
        """Change the password of ``point``. Who is joined stays so; the next to join has to know it."""
        point.password = password
        self._subscribers.tell()

    def offer_wps(self, point: AccessPoint, pin: str | None = None) -> WpsOffer:
        """Press the WPS button of ``point``, or type the PIN of a station into it, until it is ended."""
        point.wps = offer = WpsOffer(pin)
        self._subscribers.tell()
        return offer

    def end_wps(self, point: AccessPoint) -> None:
        """Let nobody in by WPS any more."""
        point.wps = None
        self._subscribers.tell()

    def send_smart_config(self, message: SmartConfigMessage | None) -> None:
        """Let a phone send ``message`` from now on; None: it stops."""
        self.smart_config = message
        self._subscribers.tell()

    def hears(self, point: AccessPoint) -> bool:
        """Return whether a station receives ``point``."""
        return point.is_on and is_audible(point.rssi_dbm) and self._points.get(point.bssid) is point

    def on_channel(self, channel: int) -> list[AccessPoint]:
        """Return the access points that a station receives on ``channel``, the strongest first."""
        points = [point for point in self._points.values() if point.channel == channel and self.hears(point)]
        return sorted(points, key=lambda point: (-point.rssi_dbm, point.bssid))

    def associate(self, point: AccessPoint, mac: str) -> None:
        """Join the station ``mac`` to ``point``."""
        point.stations[mac] = None

    def dissociate(self, point: AccessPoint, mac: str) -> None:
        """Let the station ``mac`` leave ``point``; nothing happens if it is not joined."""
        point.stations.pop(mac, None)
