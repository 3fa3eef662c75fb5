"""The radio in numbers: data rates of EU868, how long a frame is on the air, and how weak a signal may be.

Data rates: LoRaWAN 1.0.2 Regional Parameters, table 2. Air time: Semtech's SX1276 data sheet, 4.1.1.7. Sensitivity: as
the firmware has it (``components/lora/node/lmic/lmic.c``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from simulator.units import NS_PER_S

FSK_SPREADING: Final = 0
PREAMBLE_SYMBOLS: Final = 8
PREAMBLE_QUARTERS: Final = 4 * PREAMBLE_SYMBOLS + 17
"""Quarters of symbols that go before the header: the preamble and 4.25 more."""

_FSK_BPS: Final = 50_000
_FSK_OVERHEAD_BYTES: Final = 5 + 3 + 1 + 2
"""Preamble, sync word, length, CRC."""
_CODING: Final = 5  # of four bits, so 4/5
_LOW_RATE_SPREADING: Final = 11
"""From here on at 125 kHz two bits of each symbol are left out."""
_FSK_SENSITIVITY_DBM: Final = -109
_SENSITIVITY_DBM: Final = {7: -127, 8: -129, 9: -132, 10: -135, 11: -138, 12: -141}
"""At 125 kHz; each doubling of the bandwidth costs 3 dB."""
_BANDWIDTH_HZ: Final = 125_000


class Modulation(NamedTuple):
    """How a frame is sent. ``spreading`` is 7 to 12, or `FSK_SPREADING`."""

    spreading: int
    bandwidth_hz: int

    @property
    def symbol_ns(self) -> int:
        """How long a symbol takes, of FSK a byte."""
        if self.spreading == FSK_SPREADING:
            return 8 * NS_PER_S // _FSK_BPS
        return (1 << self.spreading) * NS_PER_S // self.bandwidth_hz

    @property
    def sensitivity_dbm(self) -> int:
        """Below this a frame is not received."""
        if self.spreading == FSK_SPREADING:
            return _FSK_SENSITIVITY_DBM
        return _SENSITIVITY_DBM[self.spreading] + 3 * (self.bandwidth_hz // _BANDWIDTH_HZ - 1)

    def __str__(self) -> str:
        return "FSK" if self.spreading == FSK_SPREADING else f"SF{self.spreading}BW{self.bandwidth_hz // 1000}"


class DataRate(IntEnum):
    """The data rates of EU868, slow to fast."""

    SF12 = 0
    SF11 = 1
    SF10 = 2
    SF9 = 3
    SF8 = 4
    SF7 = 5
    SF7B = 6
    FSK = 7

    @property
    def modulation(self) -> Modulation:
        """How frames of this rate are sent."""
        return _MODULATIONS[self]

    def slower(self, steps: int = 1) -> DataRate:
        """Return the rate that is so many steps slower; there is none below SF12."""
        return DataRate(max(0, self - steps))


_MODULATIONS: Final[Mapping[DataRate, Modulation]] = {
    DataRate.SF12: Modulation(12, _BANDWIDTH_HZ),
    DataRate.SF11: Modulation(11, _BANDWIDTH_HZ),
    DataRate.SF10: Modulation(10, _BANDWIDTH_HZ),
    DataRate.SF9: Modulation(9, _BANDWIDTH_HZ),
    DataRate.SF8: Modulation(8, _BANDWIDTH_HZ),
    DataRate.SF7: Modulation(7, _BANDWIDTH_HZ),
    DataRate.SF7B: Modulation(7, 2 * _BANDWIDTH_HZ),
    DataRate.FSK: Modulation(FSK_SPREADING, _BANDWIDTH_HZ),
}


def airtime_ns(modulation: Modulation, length: int, *, crc: bool = True) -> int:
    """Return how long a frame of ``length`` bytes is on the air, preamble included. Downlinks have no CRC."""
    spreading = modulation.spreading
    if spreading == FSK_SPREADING:
        return (_FSK_OVERHEAD_BYTES + length) * modulation.symbol_ns
    low_rate = spreading >= _LOW_RATE_SPREADING and modulation.bandwidth_hz == _BANDWIDTH_HZ
    bits = 8 * length - 4 * spreading + 28 + (16 if crc else 0)
    bits_a_block = 4 * (spreading - (2 if low_rate else 0))
    symbols = 8 + max(0, -(-bits // bits_a_block)) * _CODING
    return (4 * symbols + PREAMBLE_QUARTERS) * modulation.symbol_ns // 4
