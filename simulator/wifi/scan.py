"""In which order, how long and how a station listens to the channels.

Source for all of it: ``docs/en/api-guides/wifi.rst`` of ESP-IDF cc9b06d4, sections "Scan Configuration", "Scan in
Wi-Fi Connect", "Scan All APs on All Channels (background)" and "Wi-Fi Country Code": active scans dwell 120 ms on a
channel; with the default country (CN, 13 channels, policy AUTO), which Lua RTOS never changes, a station that is not
joined scans 1 to 11 actively and 12 to 14 passively, one that is joined 1 to 13 and 14, and returns to its home
channel for 30 ms after each. A passive scan does not find a hidden access point. The default of a passive dwell is
documented only later, in ``components/esp_wifi/include/esp_wifi.h`` of ESP-IDF 10212290: 360 ms. Together that is
2.4 s for all channels, which is what public logs show between two attempts to join an access point that is not there
(2.42 s in github.com/espressif/esp-idf issue 2359).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.units import NS_PER_MS
from simulator.wifi.air import CHANNEL_MAX, AccessPoint

ACTIVE_DWELL_NS: Final = 120 * NS_PER_MS
PASSIVE_DWELL_NS: Final = 360 * NS_PER_MS
HOME_DWELL_NS: Final = 30 * NS_PER_MS

_ACTIVE_CHANNELS_UNJOINED: Final = 11
_ACTIVE_CHANNELS_JOINED: Final = 13


@dataclass(frozen=True, slots=True)
class ChannelVisit:
    """One stop of a scan: ``duration_ns`` on ``channel``, the way back home included."""

    channel: int
    active: bool
    duration_ns: int

    def finds(self, point: AccessPoint) -> bool:
        """Return whether ``point``, which is received on this channel, is noticed: hidden ones answer only probes."""
        return self.active or not point.hidden


def scan_plan(*, joined: bool, first_channel: int = 0) -> tuple[ChannelVisit, ...]:
    """Return the stops of a scan of all channels, ``first_channel`` first (0: in ascending order)."""
    active_channels = _ACTIVE_CHANNELS_JOINED if joined else _ACTIVE_CHANNELS_UNJOINED
    home_ns = HOME_DWELL_NS if joined else 0
    order = sorted(range(1, CHANNEL_MAX + 1), key=lambda channel: (channel != first_channel, channel))
    return tuple(
        ChannelVisit(channel, True, ACTIVE_DWELL_NS + home_ns)
        if channel <= active_channels
        else ChannelVisit(channel, False, PASSIVE_DWELL_NS + home_ns)
        for channel in order
    )


SCAN_NS: Final = sum(visit.duration_ns for visit in scan_plan(joined=False))
"""How long a station that is not joined takes for all channels: 2.4 s."""


class Sweep:
    """A scan under way. ``due_ns`` is when the current stop ends; `leave` goes on from there."""

    __slots__ = ("_index", "_plan", "due_ns")

    def __init__(self, plan: tuple[ChannelVisit, ...], now_ns: int) -> None:
        self._plan = plan
        self._index = 0
        self.due_ns = now_ns + plan[0].duration_ns

    def leave(self) -> tuple[ChannelVisit, bool]:
        """End the current stop; returns it, and whether it was the last."""
        visit = self._plan[self._index]
        self._index += 1
        last = self._index == len(self._plan)
        if not last:
            self.due_ns += self._plan[self._index].duration_ns
        return visit, last
