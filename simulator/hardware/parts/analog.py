"""Sensors that answer with a voltage: each says what it puts on its pin at a temperature, a brightness and so on.

The curves are those that Lua RTOS turns round in its drivers (``components/sys/sensors``), so that what a script reads
is what the control was set to, as exactly as the converter allows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from simulator.hardware.parts.basic import AnalogPart
from simulator.hardware.parts.part import Amount, Control, Limits, Part, Pin, switch
from simulator.hardware.wire import SUPPLY_MV, Strength

_TEMPERATURE: Final = Control("degrees Celsius", 24, -40, 125)


def _interpolated(table: tuple[tuple[float, float], ...], value: float) -> float:
    """Return what a table of rising pairs says, with straight lines between its points."""
    for (x0, y0), (x1, y1) in itertools.pairwise(table):
        if value <= x1:
            return y0 + (value - x0) * (y1 - y0) / (x1 - x0)
    return table[-1][1]


@dataclass(kw_only=True, eq=False)
class Tmp36(AnalogPart):
    """A temperature sensor TMP36: 10 mV per degree, 500 mV at 0 degrees."""

    type_name: ClassVar[str] = "tmp36"
    controls: ClassVar[Mapping[str, Control]] = {"temperature": _TEMPERATURE}

    def millivolts(self) -> float:
        """Return its output."""
        return 500 + 10 * self.values["temperature"]


@dataclass(kw_only=True, eq=False)
class Lm35(AnalogPart):
    """A temperature sensor LM35: 10 mV per degree."""

    type_name: ClassVar[str] = "lm35"
    controls: ClassVar[Mapping[str, Control]] = {"temperature": Control("degrees Celsius", 24, 0, 150)}

    def millivolts(self) -> float:
        """Return its output."""
        return 10 * self.values["temperature"]


@dataclass(kw_only=True, eq=False)
class Bde0600g(AnalogPart):
    """A temperature sensor BDE0600G: -10.68 mV per degree, 1.753 V at 30 degrees."""

    type_name: ClassVar[str] = "bde0600g"
    controls: ClassVar[Mapping[str, Control]] = {"temperature": Control("degrees Celsius", 24, -30, 100)}

    def millivolts(self) -> float:
        """Return its output."""
        return 1753 - 10.68 * (self.values["temperature"] - 30)


@dataclass(kw_only=True, eq=False)
class Thermistor(AnalogPart):
    """A thermistor to ground, 10 kOhm at 25 degrees and less when it is warmer, and 10 kOhm to the supply."""

    type_name: ClassVar[str] = "ntc-temperature-sensor"
    controls: ClassVar[Mapping[str, Control]] = {"temperature": _TEMPERATURE}

    beta: Amount = 3950

    def millivolts(self) -> float:
        """Return the voltage of the divider."""
        kelvin = self.values["temperature"] + 273.15
        ratio = math.exp(self.beta * (1 / kelvin - 1 / 298.15))
        return SUPPLY_MV * ratio / (ratio + 1)


@dataclass(kw_only=True, eq=False)
class LightResistor(AnalogPart):
    """A light-dependent resistor to ground and a fixed one to the supply; ``swapped``: the other way round."""

    type_name: ClassVar[str] = "photoresistor-sensor"
    controls: ClassVar[Mapping[str, Control]] = {"lux": Control("lux", 500, 0.1, 100_000)}

    fixed_ohms: Amount = 10_000
    swapped: bool = False

    def millivolts(self) -> float:
        """Return the voltage of the divider."""
        ohms: float = (12_500_000 / self.values["lux"]) ** (1 / 1.406)
        share = (self.fixed_ohms if self.swapped else ohms) / (ohms + self.fixed_ohms)
        return SUPPLY_MV * share


@dataclass(kw_only=True, eq=False)
class Bh1620fvc(AnalogPart):
    """A light sensor BH1620FVC: a current through ``resistor_ohms``; ``gain`` is 0 (high), 1 or 2 (low)."""

    type_name: ClassVar[str] = "bh1620fvc"
    controls: ClassVar[Mapping[str, Control]] = {"lux": Control("lux", 500, 0, 100_000)}

    resistor_ohms: Amount = 5600
    gain: Literal[0, 1, 2] = 0

    def millivolts(self) -> float:
        """Return its output."""
        microamperes = (0.57, 0.057, 0.0057)[self.gain] * self.values["lux"]
        return microamperes * self.resistor_ohms / 1000


@dataclass(kw_only=True, eq=False)
class Guva(AnalogPart):
    """An ultraviolet sensor GUVA-S12SD."""

    type_name: ClassVar[str] = "guva-s12sd"
    controls: ClassVar[Mapping[str, Control]] = {"uv-index": Control("UV index", 3, 0, 11)}

    def millivolts(self) -> float:
        """Return its output."""
        levels = (50, 227, 318, 408, 503, 606, 696, 795, 881, 976, 1079, 1170)
        return _interpolated(tuple(enumerate(levels)), self.values["uv-index"])


@dataclass(kw_only=True, eq=False)
class Ml8511(AnalogPart):
    """An ultraviolet sensor ML8511: 1 V in the dark, 0.129 V per mW/cm2."""

    type_name: ClassVar[str] = "ml8511"
    controls: ClassVar[Mapping[str, Control]] = {"intensity": Control("mW/cm2", 3, 0, 15)}

    def millivolts(self) -> float:
        """Return its output."""
        return 2200 + 129 * (self.values["intensity"] - 10)


@dataclass(kw_only=True, eq=False)
class Vh400(AnalogPart):
    """A soil moisture probe VH400."""

    type_name: ClassVar[str] = "vh400"
    controls: ClassVar[Mapping[str, Control]] = {"moisture": Control("volumetric water content, percent", 20, 0, 60)}

    def millivolts(self) -> float:
        """Return its output."""
        vwc = self.values["moisture"]
        for top, slope, offset in ((10, 10, 1), (15, 25, 17.5), (40, 48.08, 47.5), (50, 26.32, 7.89)):
            if vwc <= top:
                return 1000 * (vwc + offset) / slope
        return 1000 * (vwc + 87.5) / 62.5


@dataclass(kw_only=True, eq=False)
class DistanceSensor(AnalogPart):
    """An infrared distance sensor 2Y0A21."""

    type_name: ClassVar[str] = "2y0a21"
    controls: ClassVar[Mapping[str, Control]] = {"distance": Control("centimetres", 30, 8, 80)}

    def millivolts(self) -> float:
        """Return its output."""
        volts: float = (27.728 / (self.values["distance"] + 0.5)) ** (1 / 1.2045)
        return 1000 * volts


@dataclass(kw_only=True, eq=False)
class MagneticSensor(AnalogPart):
    """A linear Hall sensor A49E: half the supply without a field."""

    type_name: ClassVar[str] = "a49e"
    controls: ClassVar[Mapping[str, Control]] = {"field": Control("gauss", 0, -900, 900)}

    def millivolts(self) -> float:
        """Return its output."""
        return self.values["field"] * 5 / 3 + 0.5083158 * 3332 + 47.05263


@dataclass(kw_only=True, eq=False)
class PressureSensor(AnalogPart):
    """A pressure sensor MPXV6115V at ``supply_mv``, behind a divider by ``divider``."""

    type_name: ClassVar[str] = "mpxv6115v"
    controls: ClassVar[Mapping[str, Control]] = {"pressure": Control("kPa, negative: vacuum", -50, -115, 0)}

    supply_mv: Amount = 5000
    divider: Annotated[float, Limits(0.001)] = 1

    def millivolts(self) -> float:
        """Return its output."""
        factor = 0.007652 * self.supply_mv
        return (self.values["pressure"] * factor + 0.92 * self.supply_mv + 1.725 * factor) / self.divider


@dataclass(kw_only=True, eq=False)
class Joystick(Part):
    """Two potentiometers, ``horz`` for x and ``vert`` for y, and a button ``sel`` to ground."""

    type_name: ClassVar[str] = "analog-joystick"
    controls: ClassVar[Mapping[str, Control]] = {
        "x": Control("0 in the middle, 1 at the supply", 0, -1, 1),
        "y": Control("0 in the middle, 1 at the supply", 0, -1, 1),
        "pressed": switch("1 while it is pushed down"),
    }

    horz: Pin
    vert: Pin
    sel: Pin

    def connect(self) -> None:
        """Put the voltages on the pins."""
        for name in self.controls:
            self.control_changed(name, self.bench.now_ns())

    def control_changed(self, name: str, at_ns: int) -> None:
        """Change one of the voltages, or press."""
        if name == "pressed":
            self.wire(self.sel).drive(self.name, 0 if self.values[name] else None, at_ns)
        else:
            millivolts = SUPPLY_MV * (self.values[name] + 1) / 2
            pin = self.horz if name == "x" else self.vert
            self.wire(pin).drive(self.name, millivolts, at_ns, strength=Strength.RESISTOR)
