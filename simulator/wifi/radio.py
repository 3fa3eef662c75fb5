"""How strong a signal is, and what that does to the bytes on it.

The receiver's limit is the chip's; the rest of the table is our choice, made to look like an ESP32: 20 Mbit/s close to
the access point (what ``docs/en/api-guides/wifi.rst`` of ESP-IDF cc9b06d4 says of TCP), and at the edge mostly
repetition.
"""

from __future__ import annotations

from typing import Final

from simulator.links import LinkQuality
from simulator.units import NS_PER_MS

SENSITIVITY_DBM: Final = -97
"""Below this an ESP32 hears nothing, not even 1 Mbit/s (Espressif's "ESP32 Specifications (WiFi Receive)", 2017)."""

_LINKS: Final = (
    (-60, LinkQuality(latency_ns=2 * NS_PER_MS, jitter_ns=0, bandwidth_bps=20_000_000, loss=0.0)),
    (-70, LinkQuality(latency_ns=2 * NS_PER_MS, jitter_ns=1 * NS_PER_MS, bandwidth_bps=12_000_000, loss=0.0)),
    (-78, LinkQuality(latency_ns=3 * NS_PER_MS, jitter_ns=3 * NS_PER_MS, bandwidth_bps=6_000_000, loss=0.01)),
    (-85, LinkQuality(latency_ns=4 * NS_PER_MS, jitter_ns=8 * NS_PER_MS, bandwidth_bps=2_000_000, loss=0.05)),
    (-91, LinkQuality(latency_ns=6 * NS_PER_MS, jitter_ns=20 * NS_PER_MS, bandwidth_bps=800_000, loss=0.15)),
    (
        SENSITIVITY_DBM,
        LinkQuality(latency_ns=10 * NS_PER_MS, jitter_ns=50 * NS_PER_MS, bandwidth_bps=300_000, loss=0.3),
    ),
)

SILENCE: Final = LinkQuality(loss=1.0)
"""A link that lets nothing through, although both ends believe that it is there."""


def is_audible(rssi_dbm: int) -> bool:
    """Return whether the chip receives anything at ``rssi_dbm``."""
    return rssi_dbm >= SENSITIVITY_DBM


def link_quality(rssi_dbm: int) -> LinkQuality:
    """Return what a link with signal strength ``rssi_dbm`` does to its bytes; `SILENCE` below the sensitivity."""
    for weakest_dbm, quality in _LINKS:
        if rssi_dbm >= weakest_dbm:
            return quality
    return SILENCE
