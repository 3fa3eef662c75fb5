"""Sensors at an analogue input, and the one in the chip: formulas (``sensors/*.c``), to single precision.

``VDD_MV`` is what the firmware takes the supply to be, whatever it is.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

from simulator.c_numbers import divided, logarithm, power, rounded, single, whole
from simulator.device.drivers.adc import AdcDriver
from simulator.device.drivers.pio import check_direction
from simulator.device.drivers.sensors.sensor import Interface, Kind, Sensor, Value, Work, ms
from simulator.hardware.adc import WIDTH_MAX
from simulator.units import NS_PER_US
from simulator.vm.exceptions import DriverError

VDD_MV: Final = 3332
"""CONFIG_LUA_RTOS_VDD."""
_SAMPLES: Final = 10
_KELVIN_AT_0: Final = 273.15


class AnalogSensor(Sensor):
    """A sensor that is the average of ten conversions, put into a formula."""

    interfaces: ClassVar = (Interface(Kind.ADC),)

    def measure(self) -> Work[list[float]]:
        """Convert and calculate."""
        yield from ()
        millivolts = self.shared.driver(AdcDriver).average(self.handles[0], _SAMPLES)
        return [single(self.value_of(millivolts))]

    def value_of(self, millivolts: float) -> float:
        """Return what a voltage means."""
        raise NotImplementedError


class Tuned(AnalogSensor):
    """A sensor with settings that are just kept."""

    def change(self, setting: str, value: float) -> Work[None]:
        """Keep the value."""
        yield from ()
        index = self.setting_index(setting)
        self.set_to[index] = value if self.settings[index].type == "int" else single(value)


class Sharp2Y0A21(Sensor):
    """Infrared distance. Of its 25 samples one counts if it is at least 93 times the one that counted before."""

    id: ClassVar = "2Y0A21"
    interfaces: ClassVar = (Interface(Kind.ADC),)
    provides: ClassVar = (Value("distance", "float"),)

    def measure(self) -> Work[list[float]]:
        """Sample."""
        yield from ()
        total = counted = previous = 0
        for _ in range(25):
            _, millivolts = self.shared.driver(AdcDriver).read(self.handles[0])
            centimetres = whole(27.728 * power(millivolts / 1000, -1.2045))
            if centimetres >= 93 * previous:
                previous = centimetres
                total += centimetres
                counted += 1
        return [float(total // counted)]


class A49E(AnalogSensor):
    """A linear Hall sensor."""

    id: ClassVar = "A49E"
    provides: ClassVar = (Value("magnetic field", "float"),)

    def value_of(self, millivolts: float) -> float:
        """Return gauss."""
        return (millivolts - (0.5083158 * VDD_MV + 47.05263)) / (5 / 3)


class Bde0600G(Tuned):
    """A temperature sensor of -10.68 mV per degree."""

    id: ClassVar = "BDE0600G"
    provides: ClassVar = (Value("temperature", "float"),)
    settings: ClassVar = (Value("calibration", "float"),)
    adc_max_mv: ClassVar = VDD_MV

    def value_of(self, millivolts: float) -> float:
        """Return degrees."""
        return rounded((millivolts / 1000 - 1.753) / -0.01068 + 30, 2) + self.set_to[0]


class Bh1620Fvc(Tuned):
    """A light sensor that gives a current, through a resistor ``r1``."""

    id: ClassVar = "BH1620FVC"
    provides: ClassVar = (Value("illuminance", "float"),)
    settings: ClassVar = (Value("gain", "int"), Value("r1", "int"), Value("calibration", "float"))
    adc_max_mv: ClassVar = VDD_MV

    def before_setup(self) -> None:
        """High gain, 5.6 kOhm."""
        self.set_to[:] = [0, 5600, 0.0]

    def change(self, setting: str, value: float) -> Work[None]:
        """Refuse a gain that there is not, without a word."""
        if setting == "gain" and not 0 <= value <= 2:
            return
        yield from super().change(setting, value)

    def value_of(self, millivolts: float) -> float:
        """Return lux."""
        gain, ohms, calibration = self.set_to
        microamperes = (0.57, 0.057, 0.0057)[int(gain)]
        return rounded(divided(millivolts / 1000, microamperes * 0.000001 * ohms), 2) + calibration


class GuvaS12Sd(AnalogSensor):
    """An ultraviolet sensor with a table."""

    id: ClassVar = "GUVA-S12SD"
    provides: ClassVar = (Value("UV Index", "float"),)
    adc_max_mv: ClassVar = 1100
    _LEVELS: ClassVar = (50, 227, 318, 408, 503, 606, 696, 795, 881, 976, 1079, 1170)

    def value_of(self, millivolts: float) -> float:
        """Return the index. Above its table the device takes what follows that in memory; this is the top of it."""
        index = next((number for number, level in enumerate(self._LEVELS) if millivolts <= level), None)
        if index is None:
            return len(self._LEVELS) - 1
        uv = float(index)
        if index > 0:
            below = self._LEVELS[index - 1]
            uv = single(uv + (1 / single(self._LEVELS[index] - below) * single(millivolts - below) - 1))
        return rounded(uv, 1)


class LightResistor(Tuned):
    """A light-dependent resistor in a divider: ``R1`` pulls up, or if that is 0 ``R2`` pulls down."""

    id: ClassVar = "LDR"
    provides: ClassVar = (Value("illuminance", "float"),)
    settings: ClassVar = (Value("R1", "int"), Value("R2", "int"))

    def before_setup(self) -> None:
        """Pulled up by 10 kOhm."""
        self.set_to[:] = [10_000, 0]

    def value_of(self, millivolts: float) -> float:
        """Return lux."""
        up, down = self.set_to
        if up:
            ohms = divided(millivolts * up, VDD_MV - millivolts)
        else:
            ohms = divided(down * (VDD_MV - millivolts), millivolts)
        return rounded(12_500_000 * power(single(ohms), -1.406), 2)


class LinearPotentiometer(AnalogSensor):
    """A potentiometer."""

    id: ClassVar = "LINEAR_POT"
    provides: ClassVar = (Value("val", "float"),)

    def value_of(self, millivolts: float) -> float:
        """Return its share of the supply."""
        return min(rounded(millivolts / VDD_MV, 2), 1.0)


class Lm35(AnalogSensor):
    """10 mV per degree."""

    id: ClassVar = "LM35"
    provides: ClassVar = (Value("temperature", "float"),)
    adc_max_mv: ClassVar = 1500

    def value_of(self, millivolts: float) -> float:
        """Return degrees, rounded down."""
        return math.floor(single(10 * single(single(millivolts) / 10))) / 10


class Ml8511(Tuned):
    """An ultraviolet sensor, which a pin can switch on. What it is calibrated to is kept and not used."""

    id: ClassVar = "ML8511"
    provides: ClassVar = (Value("intensity", "float"),)
    settings: ClassVar = (Value("calibration", "float"), Value("enable signal", "int"))
    adc_max_mv: ClassVar = VDD_MV

    def before_setup(self) -> None:
        """No pin switches it."""
        self.set_to[:] = [0.0, -1]

    @property
    def _enable(self) -> int:
        return int(self.set_to[1])

    def change(self, setting: str, value: float) -> Work[None]:
        """Keep it; a pin becomes an output and low, if it can."""
        yield from super().change(setting, value)
        if setting == "enable signal" and self._enable >= 0:
            try:
                check_direction(self._enable & 0xFF, output=True)
            except DriverError:
                return
            self.shared.gpio.configure(self._enable, output=True)
            self.shared.gpio.set_latch(self._enable, 0)

    def measure(self) -> Work[list[float]]:
        """Switch it on for a millisecond before."""
        if self._enable < 0:
            return (yield from super().measure())
        check_direction(self._enable & 0xFF, output=True)
        self.shared.gpio.set_latch(self._enable, 1)
        yield ms(1)
        values = yield from super().measure()
        self.shared.gpio.set_latch(self._enable, 0)
        return values

    def value_of(self, millivolts: float) -> float:
        """Return mW/cm2."""
        return rounded((millivolts / 1000 - 2.2) / 0.129 + 10, 2)


class Mpxv6115V(Tuned):
    """A pressure sensor at ``vs`` millivolts, behind a divider."""

    id: ClassVar = "MPXV6115V"
    provides: ClassVar = (Value("pressure", "float"),)
    settings: ClassVar = (Value("vs", "float"), Value("v_div", "float"))

    def before_setup(self) -> None:
        """5 V, and no divider."""
        self.set_to[:] = [5000.0, 1.0]

    def value_of(self, millivolts: float) -> float:
        """Return kPa."""
        supply_mv, factor = self.set_to
        return divided(
            millivolts * factor - supply_mv * 0.92 - 1.725 * 0.007652 * supply_mv, supply_mv * 0.007652
        )  # fmt: skip


class Thermistor(Sensor):
    """10 kOhm at 25 degrees, to ground, with as much to the supply. It takes the readings and no voltages."""

    id: ClassVar = "THERMISTOR"
    interfaces: ClassVar = (Interface(Kind.ADC),)
    provides: ClassVar = (Value("temperature", "float"),)
    _OHMS, _BETA, _NOMINAL = 10_000, 3950, 25 + _KELVIN_AT_0

    def measure(self) -> Work[list[float]]:
        """Take five samples."""
        yield from ()
        adc = self.shared.driver(AdcDriver)
        mean = 0.0
        for number in range(1, 6):
            mean = ((number - 1) * mean + adc.read(self.handles[0])[0]) / number
        ohms = divided(self._OHMS, divided(adc.channel(self.handles[0]).count_max, mean) - 1)
        inverse = logarithm(ohms / self._OHMS) / self._BETA + 1 / self._NOMINAL
        return [single(divided(1, inverse) - _KELVIN_AT_0)]


class Tmp36(AnalogSensor):
    """10 mV per degree, 500 mV at 0 degrees."""

    id: ClassVar = "TMP36"
    provides: ClassVar = (Value("temperature", "float"),)

    def value_of(self, millivolts: float) -> float:
        """Return degrees, rounded down."""
        return math.floor(single(10 * single((single(millivolts) - 500) / 10))) / 10


class Vh400(AnalogSensor):
    """A soil moisture probe, by the pieces of its curve."""

    id: ClassVar = "VH400"
    provides: ClassVar = (Value("vwc", "float"),)
    adc_max_mv: ClassVar = 3000
    _PIECES: ClassVar = ((1100, 10, 1), (1300, 25, 17.5), (1820, 48.08, 47.5), (2200, 26.32, 7.89))

    def value_of(self, millivolts: float) -> float:
        """Return percent."""
        slope, offset = next(((a, b) for top, a, b in self._PIECES if millivolts <= top), (62.5, 87.5))
        return rounded(slope * single(single(millivolts) / 1000) - offset, 2)


class InternalHall(Sensor):
    """The Hall sensor in the chip."""

    id: ClassVar = "INTERNAL_HALL"
    interfaces: ClassVar = (Interface(Kind.INTERNAL),)
    provides: ClassVar = (Value("raw", "int"),)
    _READING_NS: ClassVar = 100 * NS_PER_US  # our estimate of four conversions and their set-up

    def setup(self) -> Work[None]:
        """Convert with 12 bits from now on, whatever channels were attached with."""
        yield from ()
        self.shared.driver(AdcDriver).width = WIDTH_MAX

    def measure(self) -> Work[list[float]]:
        """Return the mean of ten readings, without its fraction."""
        yield from ()
        mean = 0.0
        for number in range(1, _SAMPLES + 1):
            mean = single(((number - 1) * mean + self.shared.bench.hall_reading()) / number)
            self.shared.pay(self._READING_NS)
        return [int(mean)]


SENSORS: Final = (
    Sharp2Y0A21, Bde0600G, Bh1620Fvc, GuvaS12Sd, Ml8511, Mpxv6115V, A49E, InternalHall, LightResistor,
    LinearPotentiometer, Lm35, Thermistor, Tmp36, Vh400,
)  # fmt: skip
