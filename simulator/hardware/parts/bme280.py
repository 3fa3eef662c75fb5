"""The pressure, humidity and temperature sensor BME280 of Bosch Sensortec.

What it measures are counts; the formulas of its data sheet (chapter 4.2.3 and appendix 8.1) turn these into degrees,
percent and pascals with the calibration values that each sensor has. This one turns them round: it looks for the
counts that come nearest to what its controls are set to.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple

from simulator.hardware.i2c import I2cDevice
from simulator.hardware.parts.i2c_parts import I2cPart, RegisterDevice
from simulator.hardware.parts.part import Control
from simulator.units import NS_PER_US

CHIP_ID: Final = 0x60
_ID, _RESET, _CTRL_HUM, _STATUS, _CTRL_MEAS, _DATA = 0xD0, 0xE0, 0xF2, 0xF3, 0xF4, 0xF7
_CALIBRATION_1, _CALIBRATION_2 = 0x88, 0xE1
_MEASURING: Final = 8
"""The bit of the status register that says so."""
_MEASURE_US: Final = 1250
_SAMPLE_US: Final = 2300
_SETTLE_US: Final = 575
"""How long a measurement takes at most (data sheet, appendix B): in any case, for each sample, and for two of three."""


class Calibration(NamedTuple):
    """The trimming values of one sensor, as `pack` lays them out in its registers. The defaults are the example of the
    data sheet of the BMP280, and humidity values that a real sensor had.
    """

    t1: int = 27504
    t2: int = 26435
    t3: int = -1000
    p1: int = 36477
    p2: int = -10685
    p3: int = 3024
    p4: int = 2855
    p5: int = 140
    p6: int = -7
    p7: int = 15500
    p8: int = -14600
    p9: int = 6000
    h1: int = 75
    h2: int = 362
    h3: int = 0
    h4: int = 313
    h5: int = 50
    h6: int = 30

    def pack(self) -> tuple[bytes, bytes]:
        """Return the registers from 0x88 and those from 0xE1 on."""
        first = struct.pack(
            "<HhhHhhhhhhhhxB",
            *(self.t1, self.t2, self.t3),
            *(self.p1, self.p2, self.p3, self.p4, self.p5, self.p6, self.p7, self.p8, self.p9),
            self.h1,
        )
        shared = self.h4 & 0x0F | (self.h5 & 0x0F) << 4
        second = struct.pack("<hBBBBb", self.h2, self.h3, self.h4 >> 4 & 0xFF, shared, self.h5 >> 4 & 0xFF, self.h6)
        return first, second

    @classmethod
    def unpack(cls, first: bytes, second: bytes) -> Calibration:
        """Return what `pack` laid out."""
        early = struct.unpack("<HhhHhhhhhhhhxB", first)
        h2, h3, h4_high, shared, h5_high, h6 = struct.unpack("<hBbBbb", second)
        return cls._make((*early, h2, h3, h4_high << 4 | shared & 0x0F, h5_high << 4 | shared >> 4, h6))

    def fine(self, count: int) -> float:
        """Return the fine temperature that the other two formulas need."""
        var1 = (count / 16384 - self.t1 / 1024) * self.t2
        var2 = (count / 131072 - self.t1 / 8192) ** 2 * self.t3
        return var1 + var2

    def celsius(self, count: int) -> float:
        """Return degrees."""
        return self.fine(count) / 5120

    def pascals(self, count: int, fine: float) -> float:
        """Return the pressure; 0 where the formula would divide by zero."""
        var1 = fine / 2 - 64000
        var2 = var1 * var1 * self.p6 / 32768
        var2 = (var2 + var1 * self.p5 * 2) / 4 + self.p4 * 65536
        var1 = (self.p3 * var1 * var1 / 524288 + self.p2 * var1) / 524288
        var1 = (1 + var1 / 32768) * self.p1
        if var1 == 0:
            return 0
        pressure = (1048576 - count - var2 / 4096) * 6250 / var1
        var1 = self.p9 * pressure * pressure / 2147483648
        var2 = pressure * self.p8 / 32768
        return pressure + (var1 + var2 + self.p7) / 16

    def percent(self, count: int, fine: float) -> float:
        """Return the relative humidity."""
        h = fine - 76800
        h = (count - (self.h4 * 64 + self.h5 / 16384 * h)) * (
            self.h2 / 65536 * (1 + self.h6 / 67108864 * h * (1 + self.h3 / 67108864 * h))
        )
        h *= 1 - self.h1 * h / 524288
        return min(max(h, 0), 100)


def _count_for(wanted: float, formula: Callable[[int], float], bits: int) -> int:
    """Return the count for which a monotonic formula comes nearest to ``wanted``."""
    low, high = 0, (1 << bits) - 1
    rises = formula(high) > formula(low)
    while low < high:
        middle = (low + high) // 2
        if (formula(middle) < wanted) == rises:
            low = middle + 1
        else:
            high = middle
    return min((max(low - 1, 0), low), key=lambda count: abs(formula(count) - wanted))


@dataclass(kw_only=True, eq=False)
class Bme280(I2cPart):
    """A temperature, humidity and pressure sensor BME280."""

    type_name: ClassVar[str] = "bme280"
    controls: ClassVar[Mapping[str, Control]] = {
        "temperature": Control("degrees Celsius", 24, -40, 85),
        "humidity": Control("percent", 40, 0, 100),
        "pressure": Control("hPa", 1013.25, 300, 1100),
    }

    address: Literal[0x76, 0x77] = 0x76

    def device(self) -> I2cDevice:
        """Return the sensor."""
        return _Bme280Device(self)


class _Bme280Device(RegisterDevice):
    def __init__(self, part: Bme280) -> None:
        super().__init__(part.address)
        self._part = part
        self._calibration = Calibration()
        self._measured: tuple[float, ...] = ()
        self._ready_ns: int | None = None
        """When the measurement is over that is going on."""
        self._reset()

    def _reset(self) -> None:
        first, second = self._calibration.pack()
        self.registers[:] = bytes(256)
        self.registers[_CALIBRATION_1 : _CALIBRATION_1 + len(first)] = first
        self.registers[_CALIBRATION_2 : _CALIBRATION_2 + len(second)] = second
        self.registers[_ID] = CHIP_ID
        self.registers[_DATA : _DATA + 8] = b"\x80\x00\x00\x80\x00\x00\x80\x00"
        self._measured = ()
        self._ready_ns = None

    def written(self, register: int, value: int, at_ns: int) -> None:
        if register == _RESET:
            self._reset()
        elif register == _CTRL_MEAS and value & 3 in (1, 2):
            self._ready_ns = at_ns + self._duration_ns
            self.registers[_STATUS] |= _MEASURING

    @property
    def _duration_ns(self) -> int:
        settings = (self.registers[_CTRL_MEAS] >> 5, self.registers[_CTRL_MEAS] >> 2 & 7, self.registers[_CTRL_HUM] & 7)
        samples = [1 << setting - 1 if setting else 0 for setting in settings]
        settling = sum(bool(count) for count in samples[1:])
        return (_MEASURE_US + _SAMPLE_US * sum(samples) + _SETTLE_US * settling) * NS_PER_US

    def refresh(self, at_ns: int) -> None:
        if self.registers[_CTRL_MEAS] & 3 == 3:
            self._measure()
        elif self._ready_ns is not None and at_ns >= self._ready_ns:
            self._ready_ns = None
            self._measure()
            self.registers[_CTRL_MEAS] &= ~3  # a forced measurement, after which it sleeps again
            self.registers[_STATUS] &= ~_MEASURING

    def _measure(self) -> None:
        """Fill the data registers; a value that is switched off reads as the middle of the scale."""
        values = self._part.values
        wanted = (values["temperature"], values["humidity"], values["pressure"])
        settings = (*wanted, self.registers[_CTRL_MEAS] >> 2, self.registers[_CTRL_HUM])
        if settings == self._measured:
            return
        self._measured = settings
        calibration = self._calibration
        temperature = _count_for(wanted[0], calibration.celsius, 20)
        fine = calibration.fine(temperature)
        humidity = _count_for(wanted[1], lambda count: calibration.percent(count, fine), 16)
        pressure = _count_for(100 * wanted[2], lambda count: calibration.pascals(count, fine), 20)
        if not self.registers[_CTRL_MEAS] >> 5:
            temperature = 0x80000
        if not self.registers[_CTRL_MEAS] >> 2 & 7:
            pressure = 0x80000
        if not self.registers[_CTRL_HUM] & 7:
            humidity = 0x8000
        data = (pressure << 4).to_bytes(3, "big") + (temperature << 4).to_bytes(3, "big") + humidity.to_bytes(2, "big")
        self.registers[_DATA : _DATA + 8] = data
