"""A beacon that hangs on a wall: what it advertises, as the world is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from simulator.bluetooth import eddystone
from simulator.bluetooth.advertiser import DATA_BYTES_MAX, Advertiser
from simulator.errors import UsageError
from simulator.rng import Rng
from simulator.units import NS_PER_MS

INTERVAL_MS: Final = 100.0
"""Apple asks beacons to advertise so often ("Getting Started with iBeacon", 2014)."""
INTERVAL_MS_MIN: Final = 20.0
INTERVAL_MS_MAX: Final = 10_240.0

_IBEACON_HEADER: Final = bytes((2, 0x01, 0x06, 26, 0xFF, 0x4C, 0x00, 2, 21))
"""Flags; manufacturer data of Apple, type 2 with 21 bytes ("Proximity Beacon Specification", release R1)."""


@dataclass(frozen=True, slots=True)
class Beacon:
    """What a beacon sends, how often, and how strong it arrives. Raises `UsageError` for what no beacon can be."""

    data: bytes
    rssi_dbm: int = -60
    interval_ms: float = INTERVAL_MS

    def __post_init__(self) -> None:
        if len(self.data) > DATA_BYTES_MAX:
            raise UsageError(f"a beacon advertises at most {DATA_BYTES_MAX} bytes, not {len(self.data)}")
        if not INTERVAL_MS_MIN <= self.interval_ms <= INTERVAL_MS_MAX:
            limits = f"{INTERVAL_MS_MIN:g} to {INTERVAL_MS_MAX:g} ms"
            raise UsageError(f"a beacon's interval is {limits}, not {self.interval_ms:g}")

    def advertiser(self, number: int, begin_ns: int, rng: Rng) -> Advertiser:
        """Return the beacon as it begins to advertise. ``number`` tells it from others."""
        address = bytes((0xC0, 0x4C, 0x54)) + number.to_bytes(3, "big")  # a static random one (the top bits are set)
        return Advertiser(
            address.hex(":"),
            self.data,
            interval_ns=round(self.interval_ms * NS_PER_MS),
            begin_ns=begin_ns,
            rng=rng,
            rssi_dbm=self.rssi_dbm,
        )

    @classmethod
    def ibeacon(
        cls, uuid: str, major: int, minor: int, *, power_dbm: int = -59, rssi_dbm: int = -60,
        interval_ms: float = INTERVAL_MS,
    ) -> Beacon:  # fmt: skip
        """Return an iBeacon; ``power_dbm`` is what is received at 1 m."""
        try:
            value = UUID(uuid).bytes + major.to_bytes(2, "big") + minor.to_bytes(2, "big")
            value += power_dbm.to_bytes(1, "big", signed=True)
        except (ValueError, OverflowError) as error:
            raise UsageError(f"iBeacon {uuid} {major} {minor} {power_dbm}: {error}") from error
        return cls(_IBEACON_HEADER + value, rssi_dbm, interval_ms)

    @classmethod
    def eddystone_uid(
        cls, namespace: str, instance: str, *, power_dbm: int = -20, rssi_dbm: int = -60,
        interval_ms: float = INTERVAL_MS,
    ) -> Beacon:  # fmt: skip
        """Return a beacon with an id in hexadecimal; ``power_dbm`` is what is received at 0 m."""
        try:
            ids = bytes.fromhex(namespace), bytes.fromhex(instance)
        except ValueError as error:
            raise UsageError(f"Eddystone-UID {namespace} {instance}: {error}") from error
        if tuple(map(len, ids)) != (eddystone.NAMESPACE_BYTES, eddystone.INSTANCE_BYTES):
            raise UsageError(
                f"Eddystone-UID {namespace} {instance}: a namespace has {eddystone.NAMESPACE_BYTES} bytes, "
                f"an instance {eddystone.INSTANCE_BYTES}"
            )
        return cls(eddystone.uid_frame(power_dbm, *ids), rssi_dbm, interval_ms)

    @classmethod
    def eddystone_url(
        cls, url: str, *, power_dbm: int = -20, rssi_dbm: int = -60, interval_ms: float = INTERVAL_MS
    ) -> Beacon:
        """Return a beacon with a URL; ``power_dbm`` is what is received at 0 m."""
        prefix, encoded = eddystone.encode_url(url.encode())
        if not 1 <= len(encoded) <= eddystone.URL_BYTES_MAX or not url.startswith(("http://", "https://")):
            raise UsageError(f"Eddystone-URL {url!r}: not http:// or https://, or too long for a beacon")
        return cls(eddystone.url_frame(power_dbm, prefix, encoded), rssi_dbm, interval_ms)
