"""Buttons, switches, lights, voltages and jumpers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from simulator.hardware.parts.part import Amount, Control, Count, Part, Pin, switch
from simulator.hardware.wire import SUPPLY_MV, Strength, Wave
from simulator.units import NS_PER_MS

_BOUNCE_SHARES: Final = (0.08, 0.2, 0.38, 0.55, 0.8, 1.0)
"""When a contact opens and closes again, as shares of the time that it bounces; it ends as it began."""


@dataclass(kw_only=True, eq=False)
class Contact(Part):
    """A contact between a pin and ground, or the supply if ``active_high``. ``pull`` adds a resistor to the other."""

    pin: Pin
    active_high: bool = False
    pull: bool = False
    bounce_ms: Amount = 0

    def connect(self) -> None:
        """Connect the resistor and the contact."""
        if self.pull:
            rest_mv = 0 if self.active_high else SUPPLY_MV
            name = f"{self.name} pull"
            self.wire(self.pin).drive(name, rest_mv, self.bench.now_ns(), strength=Strength.RESISTOR)
        self._set(self.is_closed, self.bench.now_ns())

    @property
    def is_closed(self) -> bool:
        """Whether the contact is to be closed."""
        raise NotImplementedError

    def control_changed(self, name: str, at_ns: int) -> None:
        """Close or open, and bounce."""
        del name
        closed = self.is_closed
        self._set(closed, at_ns)
        if self.bounce_ms:
            for number, share in enumerate(_BOUNCE_SHARES):
                self._set_later(closed if number % 2 else not closed, at_ns + round(share * self.bounce_ms * NS_PER_MS))

    def _set_later(self, closed: bool, due_ns: int) -> None:
        self.bench.at(due_ns, lambda now_ns: self._set(closed, now_ns))

    def _set(self, closed: bool, at_ns: int) -> None:
        millivolts = (SUPPLY_MV if self.active_high else 0) if closed else None
        self.wire(self.pin).drive(self.name, millivolts, at_ns)


@dataclass(kw_only=True, eq=False)
class PushButton(Contact):
    """A button: closed while it is pressed."""

    type_name: ClassVar[str] = "pushbutton"
    controls: ClassVar[Mapping[str, Control]] = {"pressed": switch("1 while it is held down")}

    @property
    def is_closed(self) -> bool:
        """Whether it is pressed."""
        return self.values["pressed"] == 1


@dataclass(kw_only=True, eq=False)
class ToggleSwitch(Contact):
    """A switch with two positions; closed in position 1."""

    type_name: ClassVar[str] = "slide-switch"
    controls: ClassVar[Mapping[str, Control]] = {"value": switch("the position")}

    @property
    def is_closed(self) -> bool:
        """Whether it is in position 1."""
        return self.values["value"] == 1


@dataclass(kw_only=True, eq=False)
class TiltSwitch(Contact):
    """A ball in a tube; closed while it is tilted."""

    type_name: ClassVar[str] = "tilt-switch"
    controls: ClassVar[Mapping[str, Control]] = {"tilted": switch("1 while it is tilted")}

    @property
    def is_closed(self) -> bool:
        """Whether it is tilted."""
        return self.values["tilted"] == 1


@dataclass(kw_only=True, eq=False)
class HallSwitch(Contact):
    """A switch that a magnet closes."""

    type_name: ClassVar[str] = "hall-switch"
    controls: ClassVar[Mapping[str, Control]] = {"magnet": switch("1 while a magnet is near")}

    @property
    def is_closed(self) -> bool:
        """Whether a magnet is near."""
        return self.values["magnet"] == 1


@dataclass(kw_only=True, eq=False)
class ThreeWaySwitch(Part):
    """A switch with a middle position: it connects ``pin1`` to ground in position 1, ``pin2`` in position 2."""

    type_name: ClassVar[str] = "three-way-switch"
    controls: ClassVar[Mapping[str, Control]] = {"value": Control("the position, 0 in the middle", 0, 0, 2)}

    pin1: Pin
    pin2: Pin

    def connect(self) -> None:
        """Connect the contact of the position."""
        self.control_changed("value", self.bench.now_ns())

    def control_changed(self, name: str, at_ns: int) -> None:
        """Leave one contact and reach the other."""
        position = self.values[name]
        for contact, pin in ((1, self.pin1), (2, self.pin2)):
            self.wire(pin).drive(self.name, 0 if position == contact else None, at_ns)


@dataclass(kw_only=True, eq=False)
class MotionSensor(Part):
    """A passive infrared sensor: its output is high while something moves."""

    type_name: ClassVar[str] = "pir-motion-sensor"
    controls: ClassVar[Mapping[str, Control]] = {"motion": switch("1 while something moves")}

    pin: Pin

    def connect(self) -> None:
        """Drive the output."""
        self.control_changed("motion", self.bench.now_ns())

    def control_changed(self, name: str, at_ns: int) -> None:
        """Drive the output."""
        self.wire(self.pin).set_level(self.name, int(self.values[name]), at_ns)


@dataclass(kw_only=True, eq=False)
class Led(Part):
    """A light between a pin and ground, or the supply if ``active_low``.

    Its state has ``on``, and with PWM ``brightness`` from 0 to 1.
    """

    type_name: ClassVar[str] = "led"

    pin: Pin
    active_low: bool = False
    colour: str = "red"

    def connect(self) -> None:
        """Look at the wire."""
        wire = self.wire(self.pin)
        wire.on_level.append(self._level_changed)
        wire.on_wave.append(self._wave_changed)
        self._level_changed(wire.level(self.bench.now_ns()), self.bench.now_ns())

    def _level_changed(self, level: int, at_ns: int) -> None:
        del at_ns
        if self.wire(self.pin).wave is None:
            is_driven = self.wire(self.pin).driver is not None
            lit = (not level if self.active_low else level == 1) and is_driven
            self.show(on=lit, brightness=float(lit))

    def _wave_changed(self, wave: Wave | None, at_ns: int) -> None:
        if wave is None:
            self._level_changed(self.wire(self.pin).level(at_ns), at_ns)
        else:
            brightness = 1 - wave.duty if self.active_low else wave.duty
            self.show(on=brightness > 0, brightness=round(brightness, 4))


@dataclass(kw_only=True, eq=False)
class Relay(Part):
    """A relay that a high level closes, or a low one if ``active_low``. Its state has ``closed``."""

    type_name: ClassVar[str] = "relay"

    pin: Pin
    active_low: bool = False

    def connect(self) -> None:
        """Look at the wire."""
        wire = self.wire(self.pin)
        wire.on_level.append(self._level_changed)
        self._level_changed(wire.level(self.bench.now_ns()), self.bench.now_ns())

    def _level_changed(self, level: int, at_ns: int) -> None:
        del at_ns
        self.show(closed=level != self.active_low and self.wire(self.pin).driver is not None)


@dataclass(kw_only=True, eq=False)
class Buzzer(Part):
    """A loudspeaker at a pin. Its state has ``hertz``, 0 when it is silent."""

    type_name: ClassVar[str] = "buzzer"

    pin: Pin

    def connect(self) -> None:
        """Listen to the wire."""
        self.wire(self.pin).on_wave.append(self._wave_changed)
        self.show(hertz=0)

    def _wave_changed(self, wave: Wave | None, at_ns: int) -> None:
        del at_ns
        self.show(hertz=0 if wave is None else round(1_000_000_000 / wave.period_ns))


@dataclass(kw_only=True, eq=False)
class Resistor(Part):
    """A resistor from a pin to the supply, or to ground if ``down``."""

    type_name: ClassVar[str] = "resistor"

    pin: Pin
    down: bool = False

    def connect(self) -> None:
        """Pull for ever."""
        millivolts = 0 if self.down else SUPPLY_MV
        self.wire(self.pin).drive(self.name, millivolts, self.bench.now_ns(), strength=Strength.RESISTOR)


@dataclass(kw_only=True, eq=False)
class Jumper(Part):
    """A wire between two pins."""

    type_name: ClassVar[str] = "jumper"

    pin: Pin
    to: Pin

    def connect(self) -> None:
        """Connect them."""
        self.bench.join(self.pin, self.to)


@dataclass(kw_only=True, eq=False)
class AnalogPart(Part):
    """Something that puts a voltage on a pin, which an output of the chip overrides."""

    pin: Pin

    def connect(self) -> None:
        """Put the voltage on the pin."""
        self._apply(self.bench.now_ns())

    def control_changed(self, name: str, at_ns: int) -> None:
        """Put the new voltage on the pin."""
        del name
        self._apply(at_ns)

    def _apply(self, at_ns: int) -> None:
        millivolts = min(max(self.millivolts(), 0.0), SUPPLY_MV)
        self.wire(self.pin).drive(self.name, millivolts, at_ns, strength=Strength.RESISTOR)

    def millivolts(self) -> float:
        """Return the voltage that the controls mean."""
        raise NotImplementedError


@dataclass(kw_only=True, eq=False)
class Potentiometer(AnalogPart):
    """A divider between ground and the supply."""

    type_name: ClassVar[str] = "potentiometer"
    controls: ClassVar[Mapping[str, Control]] = {"position": Control("0 to 1", 0, 0, 1)}

    def millivolts(self) -> float:
        """Return its share of the supply."""
        return SUPPLY_MV * self.values["position"]


@dataclass(kw_only=True, eq=False)
class VoltageSource(AnalogPart):
    """A laboratory supply."""

    type_name: ClassVar[str] = "voltage"
    controls: ClassVar[Mapping[str, Control]] = {"volts": Control("volts", 0, 0, 3.3)}

    def millivolts(self) -> float:
        """Return what it is set to."""
        return 1000 * self.values["volts"]


@dataclass(kw_only=True, eq=False)
class TouchPad(Part):
    """A piece of metal at a pin with touch function: the chip counts fewer oscillations while it is touched."""

    type_name: ClassVar[str] = "touch-pad"
    controls: ClassVar[Mapping[str, Control]] = {"touched": switch("1 while it is touched")}

    pin: Pin
    count: Count = 500
    touched_count: Count = 100

    def connect(self) -> None:
        """Let the chip count."""
        self.wire(self.pin)
        self.bench.touch_counts[self.pin] = lambda: self.touched_count if self.values["touched"] else self.count

    def control_changed(self, name: str, at_ns: int) -> None:
        """Let the chip notice."""
        del name
        for listener in tuple(self.bench.on_touch):
            listener(at_ns)


@dataclass(kw_only=True, eq=False)
class Magnet(Part):
    """A magnet near the chip, which has a Hall sensor of its own."""

    type_name: ClassVar[str] = "magnet"
    controls: ClassVar[Mapping[str, Control]] = {"raw": Control("what the sensor reads, 0 without it", 0, -2048, 2047)}

    def connect(self) -> None:
        """Let the chip feel it."""
        self.bench.hall_reading = lambda: round(self.values["raw"])
