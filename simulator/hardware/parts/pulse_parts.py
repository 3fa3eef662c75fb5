"""Sensors that answer with pulses on a pin: how long, how many, or in which order of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from simulator.hardware.bench import Appointment
from simulator.hardware.parts.part import NO_PIN, Amount, Control, Count, OptionalPin, Part, Pin, switch
from simulator.hardware.wire import SUPPLY_MV, Strength
from simulator.units import NS_PER_MS, NS_PER_S, NS_PER_US

_DHT_ANSWERS_AFTER_US: Final = 45  # 20 to 40 after the controller lets go, which drives high for as long at first
_SOUND_MM_PER_US_AT_0: Final = 0.3315
_SOUND_MM_PER_US_PER_DEGREE: Final = 0.0006


@dataclass(kw_only=True, eq=False)
class PulsePart(Part):
    """A part that sends edges at given moments."""

    def send(self, pin: int, at_ns: int, *edges: tuple[int, int | None]) -> int:
        """Drive a pin: each edge is microseconds after the one before, and a level or None to let go of it.

        Returns the moment of the last one.
        """
        for after_us, level in edges:
            at_ns += after_us * NS_PER_US

            def drive(now_ns: int, level: int | None = level) -> None:
                self.wire(pin).drive(self.name, None if level is None else SUPPLY_MV * level, now_ns)

            self.bench.at(at_ns, drive)
        return at_ns


@dataclass(kw_only=True, eq=False)
class Dht(PulsePart):
    """A temperature and humidity sensor of the DHT family: 40 bits when the controller has held the line low.

    Timing is that of Aosong's data sheets: a bit is 50 us low and 26 or 70 us high.
    """

    pin: Pin
    _busy_until_ns: int = field(init=False, default=0, repr=False)
    _low_since_ns: int | None = field(init=False, default=None, repr=False)

    def connect(self) -> None:
        """Pull the line up and wait to be asked."""
        wire = self.wire(self.pin)
        wire.drive(f"{self.name} pull", SUPPLY_MV, self.bench.now_ns(), strength=Strength.RESISTOR)
        wire.on_level.append(self._level_changed)

    def _level_changed(self, level: int, at_ns: int) -> None:
        if at_ns < self._busy_until_ns:
            return
        if not level:
            self._low_since_ns = at_ns
        elif self._low_since_ns is not None:
            asked = at_ns - self._low_since_ns >= NS_PER_MS
            self._low_since_ns = None
            if asked:
                self._answer(at_ns)

    def _answer(self, at_ns: int) -> None:
        data = self.data()
        data += bytes([sum(data) & 0xFF])
        edges: list[tuple[int, int | None]] = [(_DHT_ANSWERS_AFTER_US, 0), (80, 1), (80, 0)]
        for byte in data:
            for bit in range(7, -1, -1):
                edges += [(50, 1), (70 if byte >> bit & 1 else 26, 0)]
        edges.append((50, None))
        self._busy_until_ns = self.send(self.pin, at_ns, *edges) + 1

    def data(self) -> bytes:
        """Return the four bytes in front of the checksum."""
        raise NotImplementedError


@dataclass(kw_only=True, eq=False)
class Dht11(Dht):
    """A temperature and humidity sensor DHT11: whole degrees and percent."""

    type_name: ClassVar[str] = "dht11"
    controls: ClassVar[Mapping[str, Control]] = {
        "temperature": Control("degrees Celsius", 24, 0, 50),
        "humidity": Control("percent", 40, 20, 90),
    }

    def data(self) -> bytes:
        """Return humidity and temperature."""
        return bytes([round(self.values["humidity"]), 0, round(self.values["temperature"]), 0])


@dataclass(kw_only=True, eq=False)
class Dht22(Dht):
    """A temperature and humidity sensor DHT22, in tenths; the DHT23 speaks alike."""

    type_name: ClassVar[str] = "dht22"
    controls: ClassVar[Mapping[str, Control]] = {
        "temperature": Control("degrees Celsius", 24, -40, 80),
        "humidity": Control("percent", 40, 0, 100),
    }

    def data(self) -> bytes:
        """Return humidity and temperature."""
        tenths = round(abs(self.values["temperature"]) * 10)
        sign = 0x8000 if self.values["temperature"] < 0 and tenths else 0
        return round(self.values["humidity"] * 10).to_bytes(2, "big") + (tenths | sign).to_bytes(2, "big")


@dataclass(kw_only=True, eq=False)
class Ultrasonic(PulsePart):
    """A distance sensor such as HC-SR04 or US-015: a pulse on ``trig`` is answered by one as long as the sound takes.

    A sensor with one pin (PING))) 28015) has ``trig`` and ``echo`` at the same.
    """

    type_name: ClassVar[str] = "hc-sr04"
    controls: ClassVar[Mapping[str, Control]] = {
        "distance": Control("centimetres", 100, 2, 400),
        "temperature": Control("of the air, degrees Celsius", 20, -40, 85),
    }

    trig: Pin
    echo: Pin
    _HOLD_OFF_US: ClassVar[int] = 450
    _triggered_ns: int = field(init=False, default=-1, repr=False)
    _busy_until_ns: int = field(init=False, default=-1, repr=False)

    def connect(self) -> None:
        """Wait to be triggered."""
        self.wire(self.trig).on_level.append(self._level_changed)
        if self.trig != self.echo:
            self.wire(self.echo).set_level(self.name, 0, self.bench.now_ns())

    def _level_changed(self, level: int, at_ns: int) -> None:
        if at_ns <= self._busy_until_ns:
            return
        if level:
            self._triggered_ns = at_ns
        elif self._triggered_ns >= 0:
            long_enough = at_ns - self._triggered_ns >= 2 * NS_PER_US
            self._triggered_ns = -1
            if long_enough:
                last = None if self.trig == self.echo else 0
                self._busy_until_ns = self.send(
                    self.echo, at_ns, (self._HOLD_OFF_US, 1), (self.echo_us, 0), (1, last)
                )  # fmt: skip

    @property
    def echo_us(self) -> int:
        """Return how long the sound takes there and back."""
        speed = _SOUND_MM_PER_US_AT_0 + _SOUND_MM_PER_US_PER_DEGREE * self.values["temperature"]
        return round(20 * self.values["distance"] / speed)


@dataclass(kw_only=True, eq=False)
class FlowMeter(PulsePart):
    """A water meter with a Hall sensor: ``k`` pulses per second for each litre per minute."""

    type_name: ClassVar[str] = "hall-flow"
    controls: ClassVar[Mapping[str, Control]] = {"flow": Control("litres per minute", 0, 0, 60)}

    pin: Pin
    k: Amount = 7.5
    _next: Appointment | None = field(init=False, default=None, repr=False)

    def connect(self) -> None:
        """Stand still or turn."""
        self.wire(self.pin).set_level(self.name, 0, self.bench.now_ns())
        self.control_changed("flow", self.bench.now_ns())

    def control_changed(self, name: str, at_ns: int) -> None:
        """Turn at another speed from now on."""
        if self._next is not None:
            self._next.cancelled = True
            self._next = None
        hertz = self.k * self.values[name]
        if hertz:
            half_ns = round(NS_PER_S / hertz / 2)
            self._turn(at_ns, 1, half_ns)

    def _turn(self, at_ns: int, level: int, half_ns: int) -> None:
        def edge(now_ns: int) -> None:
            self.wire(self.pin).set_level(self.name, level, now_ns)
            self._turn(now_ns, 1 - level, half_ns)

        self._next = self.bench.at(at_ns + half_ns, edge, in_background=True)


@dataclass(kw_only=True, eq=False)
class RotaryEncoder(PulsePart):
    """An encoder such as KY-040: one detent is four edges of its two contacts; and a button. All go to ground."""

    type_name: ClassVar[str] = "ky-040"
    controls: ClassVar[Mapping[str, Control]] = {
        "rotate": Control("detents to turn now, clockwise if positive", 0, -100, 100),
        "pressed": switch("1 while the button is held down"),
    }

    clk: Pin
    dt: Pin
    sw: OptionalPin = NO_PIN
    edge_us: Count = 1000
    _busy_until_ns: int = field(init=False, default=0, repr=False)

    def connect(self) -> None:
        """Add the resistors of the module."""
        for pin in (self.clk, self.dt, *([self.sw] if self.sw >= 0 else [])):
            name = f"{self.name} pull"
            self.wire(pin).drive(name, SUPPLY_MV, self.bench.now_ns(), strength=Strength.RESISTOR)

    def control_changed(self, name: str, at_ns: int) -> None:
        """Turn or press. What is turned while it still turns is added."""
        if name == "pressed":
            if self.sw >= 0:
                self.wire(self.sw).drive(self.name, 0 if self.values[name] else None, at_ns)
            return
        detents = int(self.values[name])
        first, second = (self.clk, self.dt) if detents > 0 else (self.dt, self.clk)
        start_ns = max(at_ns, self._busy_until_ns)
        edges = ((first, 0), (second, 0), (first, None), (second, None))
        for number in range(abs(detents)):
            for index, (pin, level) in enumerate(edges):
                due_us = (4 * number + index + 1) * self.edge_us
                self._busy_until_ns = self.send(pin, start_ns, (due_us, level))


@dataclass(kw_only=True, eq=False)
class Keypad(Part):
    """A matrix of 16 keys: key ``4 * row + column + 1`` connects a pin of ``columns`` to one of ``rows``.

    Controls are ``key1`` to ``key16``.
    """

    type_name: ClassVar[str] = "membrane-keypad"
    controls: ClassVar[Mapping[str, Control]] = {
        f"key{number}": switch("1 while it is held down") for number in range(1, 17)
    }  # fmt: skip

    columns: tuple[Pin, Pin, Pin, Pin]
    rows: tuple[Pin, Pin, Pin, Pin]

    def connect(self) -> None:
        """Watch the columns."""
        for column in self.columns:
            self.wire(column).on_level.append(lambda _level, at_ns: self._update(at_ns))

    def control_changed(self, name: str, at_ns: int) -> None:
        """A key connects two pins, or does not any more."""
        del name
        self._update(at_ns)

    def _update(self, at_ns: int) -> None:
        """A pressed key pulls its row down while its column is low."""
        for number, row in enumerate(self.rows):
            pulled = any(
                self.values[f"key{4 * number + index + 1}"] and self._is_low(column, at_ns)
                for index, column in enumerate(self.columns)
            )
            self.wire(row).drive(self.name, 0 if pulled else None, at_ns)

    def _is_low(self, pin: int, at_ns: int) -> bool:
        wire = self.wire(pin)
        return wire.driver is not None and not wire.level(at_ns)
