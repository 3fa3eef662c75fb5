"""The ESP32's first analogue-to-digital converter, and what ESP-IDF's calibration makes of its readings.

A reading is the one whose calibrated voltage comes nearest to that at the pin: what the curve says is taken for true.
Noise is not simulated. The curve is that of a chip without calibration values in its eFuses: it is scaled with the
reference voltage that was configured (ESP-IDF v3.3, ``components/esp_adc_cal/esp_adc_cal.c``).
"""

from __future__ import annotations

from bisect import bisect_left
from enum import IntEnum
from functools import cache
from typing import Final

WIDTH_MAX: Final = 12
"""Bits of a reading; fewer are the upper ones of these."""

_READING_MAX: Final = (1 << WIDTH_MAX) - 1
_CURVE_SCALE: Final = 65536
_CURVE_ROUND: Final = _CURVE_SCALE // 2

# At 11 dB the upper part is no line but interpolated between two tables, for two reference voltages.
_TABLE_FROM: Final = 2880
_TABLE_STEP: Final = 64
_TABLE_LOW_VREF_MV: Final = 1000
_TABLE_HIGH_VREF_MV: Final = 1200
_TABLE_LOW: Final = (
    2240, 2297, 2352, 2405, 2457, 2512, 2564, 2616, 2664, 2709,
    2754, 2795, 2832, 2868, 2903, 2937, 2969, 3000, 3030, 3060,
)  # fmt: skip
_TABLE_HIGH: Final = (
    2667, 2706, 2745, 2780, 2813, 2844, 2873, 2901, 2928, 2956,
    2982, 3006, 3032, 3059, 3084, 3110, 3135, 3160, 3184, 3209,
)  # fmt: skip


class Attenuation(IntEnum):
    """What is taken off the voltage in front of the converter (``adc_atten_t``)."""

    DB_0 = 0
    DB_2_5 = 1
    DB_6 = 2
    DB_11 = 3

    @property
    def text(self) -> str:
        """Return it as the driver logs it."""
        return self.name.removeprefix("DB_").replace("_", ".") + "db"


_SLOPE: Final = (57431, 76236, 105481, 196602)
"""Of each attenuation, in microvolts per reading and per volt of reference, scaled (``adc1_vref_atten_scale``)."""
_OFFSET_MV: Final = (75, 78, 107, 142)
"""What a reading of 0 stands for (``adc1_vref_atten_offset``)."""


def millivolts(reading: int, *, width: int, attenuation: Attenuation, vref_mv: int) -> int:
    """Return the calibrated voltage of a reading of ``width`` bits (``esp_adc_cal_raw_to_voltage``)."""
    reading = min(reading << WIDTH_MAX - width, _READING_MAX)
    line_mv = _line(reading, attenuation, vref_mv)
    if attenuation is not Attenuation.DB_11 or reading < _TABLE_FROM:
        return line_mv
    table_mv = _table(reading, vref_mv)
    if reading <= _TABLE_FROM + _TABLE_STEP:  # from the line to the table
        return _between(line_mv, table_mv, reading - _TABLE_FROM)
    return table_mv


def _line(reading: int, attenuation: Attenuation, vref_mv: int) -> int:
    slope = vref_mv * _SLOPE[attenuation] // 4096
    return (slope * reading + _CURVE_ROUND) // _CURVE_SCALE + _OFFSET_MV[attenuation]


def _table(reading: int, vref_mv: int) -> int:
    index, rest = divmod(reading - _TABLE_FROM, _TABLE_STEP)
    low = _TABLE_LOW[index], _TABLE_LOW[index + 1]
    high = _TABLE_HIGH[index], _TABLE_HIGH[index + 1]
    span = _TABLE_HIGH_VREF_MV - _TABLE_LOW_VREF_MV
    share = vref_mv - _TABLE_LOW_VREF_MV
    scaled = [low[i] * (span - share) + high[i] * share for i in (0, 1)]
    total = scaled[0] * (_TABLE_STEP - rest) + scaled[1] * rest
    return (total + span * _TABLE_STEP // 2) // (span * _TABLE_STEP)


def _between(first: int, second: int, step: int) -> int:
    return (first * _TABLE_STEP - first * step + second * step + _TABLE_STEP // 2) // _TABLE_STEP


@cache
def _curve(attenuation: Attenuation, vref_mv: int) -> tuple[int, ...]:
    return tuple(
        millivolts(reading, width=WIDTH_MAX, attenuation=attenuation, vref_mv=vref_mv)
        for reading in range(_READING_MAX + 1)
    )


def reading(pin_mv: float, *, width: int, attenuation: Attenuation, vref_mv: int) -> int:
    """Return what the converter reads at a pin with ``pin_mv``."""
    curve = _curve(attenuation, vref_mv)
    above = bisect_left(curve, pin_mv)
    if above > _READING_MAX:
        full = _READING_MAX
    elif above and pin_mv - curve[above - 1] <= curve[above] - pin_mv:
        full = above - 1
    else:
        full = above
    return full >> WIDTH_MAX - width
