"""Which frequency the firmware's stack sends on next, and when it may: channels, bands, and their duty cycles.

From ``components/lora/node/lmic/lmic.c``, part EU868. Times are ticks of `simulator.lora.mac`. Two oddities: of the
bands the last one counts whose time differs from that of the one before it, not the one that is free first; and a
rate that no channel has goes out on the channel of the last frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from simulator.lora.phy import DataRate
from simulator.rng import Rng

CHANNELS_MAX: Final = 16
FREQUENCY_HZ_MIN, FREQUENCY_HZ_MAX = 863_000_000, 870_000_000
DEFAULT_HZ: Final = (868_100_000, 868_300_000, 868_500_000)
TICKS_PER_S: Final = 50_000

_LORA_RATES: Final = frozenset(range(DataRate.SF12, DataRate.SF7 + 1))
_HORIZON_TICKS: Final = 28_800 * TICKS_PER_S
_SETUP_HZ: Final = (*DEFAULT_HZ, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000)
_FSK_HZ: Final = 868_800_000
_CENTI_HZ: Final = ((868_000_000, 868_600_000), (869_700_000, 870_000_000))
_DECI_HZ: Final = (869_400_000, 869_650_000)


class Band(IntEnum):
    """Which share of the time one may send: a thousandth, a hundredth, a tenth."""

    MILLI = 0
    CENTI = 1
    DECI = 2
    AUX = 3


_SHARES: Final = {Band.MILLI: 1000, Band.CENTI: 100, Band.DECI: 10, Band.AUX: 0}


@dataclass(slots=True)
class _Channel:
    frequency_hz: int
    rates: frozenset[int]
    band: Band


class Channels:
    """The channels of one node. ``number`` is the one in use."""

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._channels: dict[int, _Channel] = {}
        self._enabled: set[int] = set()
        self._free_at = dict.fromkeys(Band, 0)
        self._last = dict.fromkeys(Band, 0)
        self.number = 0

    @classmethod
    def after_reset(cls, rng: Rng) -> Channels:
        """Return those that ``lora_init`` sets up."""
        made = cls(rng)
        for number, hz in enumerate(_SETUP_HZ):
            rates = _LORA_RATES | {DataRate.SF7B} if hz == DEFAULT_HZ[1] else _LORA_RATES
            made._set(number, _Channel(hz, rates, Band.CENTI))
        made._set(len(_SETUP_HZ), _Channel(_FSK_HZ, frozenset({DataRate.FSK}), Band.MILLI))
        return made

    def restart(self, now_ticks: int, *, joining: bool) -> None:
        """Go back to the three that every network has; for joining they may be used for a thousandth of the time."""
        self._channels.clear()
        self._enabled.clear()
        for number, hz in enumerate(DEFAULT_HZ):
            self._set(number, _Channel(hz, _LORA_RATES, Band.MILLI if joining else Band.CENTI))
        for band in (Band.MILLI, Band.CENTI, Band.DECI):
            self._last[band] = self._rng.integer(0, 255) % CHANNELS_MAX
            self._free_at[band] = now_ticks
        self._free_at[Band.AUX] = 0

    def add(self, number: int, frequency_hz: int, rates: frozenset[int] = _LORA_RATES) -> bool:
        """Set a channel up as the network says; returns False if there is none of that number."""
        if number >= CHANNELS_MAX:
            return False
        band = Band.MILLI
        if _DECI_HZ[0] <= frequency_hz <= _DECI_HZ[1]:
            band = Band.DECI
        elif any(low <= frequency_hz <= high for low, high in _CENTI_HZ):
            band = Band.CENTI
        self._set(number, _Channel(frequency_hz, rates, band))
        return True

    def enable_only(self, mask: int) -> bool:
        """Use only those of a mask; returns False, and changes nothing, if it has others or none."""
        wanted = {number for number in range(CHANNELS_MAX) if mask >> number & 1}
        if not wanted or wanted - self._enabled:
            return False
        self._enabled = wanted
        return True

    @property
    def joining_free_at(self) -> int:
        """When a node that joins may send."""
        return self._free_at[Band.MILLI]

    @property
    def frequency_hz(self) -> int:
        """Where the channel in use is."""
        channel = self._channels.get(self.number)
        return channel.frequency_hz if channel is not None else 0

    def choose(self, now_ticks: int, rate: int) -> int:
        """Take the next channel for a rate and return when it may be used."""
        bands = list(Band)
        while True:
            earliest, chosen = now_ticks + _HORIZON_TICKS, bands[0]
            for band in bands:
                if self._free_at[band] != earliest:
                    earliest, chosen = self._free_at[band], band
            number = self._next_in(chosen, rate)
            if number is not None:
                self.number = self._last[chosen] = number
                return earliest
            bands.remove(chosen)
            if not bands:
                return earliest

    def use(self, begin_ticks: int, airtime_ticks: int) -> None:
        """Take note that the channel in use is sent on for so long: its band is then closed for a while."""
        channel = self._channels.get(self.number)
        if channel is not None:
            self._free_at[channel.band] = begin_ticks + airtime_ticks * _SHARES[channel.band]

    def _set(self, number: int, channel: _Channel) -> None:
        self._channels[number] = channel
        self._enabled.add(number)

    def _next_in(self, band: Band, rate: int) -> int | None:
        for step in range(1, CHANNELS_MAX + 1):
            number = (self._last[band] + step) % CHANNELS_MAX
            channel = self._channels.get(number)
            if number in self._enabled and channel is not None and channel.band is band and rate in channel.rates:
                return number
        return None
