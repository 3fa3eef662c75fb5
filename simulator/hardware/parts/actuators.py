"""What a board moves and lights up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from simulator.hardware.parts.part import Amount, Count, Part, Pin
from simulator.hardware.wire import Wave
from simulator.units import NS_PER_US

_PULSES_PER_S_MAX: Final = 400
_NS_PER_S: Final = 1_000_000_000


@dataclass(kw_only=True, eq=False)
class Servo(Part):
    """A servo motor. Its state has ``angle`` in degrees, None without pulses.

    Lua RTOS takes pulses of 544 to 2344 us for 0 to 180 degrees; other servos have other limits.
    """

    type_name: ClassVar[str] = "servo"

    pin: Pin
    min_pulse_us: Amount = 544
    max_pulse_us: Amount = 2344

    def connect(self) -> None:
        """Listen to the pulses."""
        self.wire(self.pin).on_wave.append(self._wave_changed)
        self.show(angle=None)

    def _wave_changed(self, wave: Wave | None, at_ns: int) -> None:
        del at_ns
        if wave is None or wave.period_ns < _NS_PER_S // _PULSES_PER_S_MAX:
            self.show(angle=None)
            return
        span = self.max_pulse_us - self.min_pulse_us
        angle = 180 * (wave.high_ns / NS_PER_US - self.min_pulse_us) / span
        self.show(angle=round(min(max(angle, 0), 180), 1))


@dataclass(kw_only=True, eq=False)
class StepperDriver(Part):
    """A driver such as A4988 with a motor: it makes a step at every rising edge of ``step``.

    Its state has ``steps``, which grow while ``dir`` is high.
    """

    type_name: ClassVar[str] = "a4988"

    step: Pin
    dir: Pin

    def connect(self) -> None:
        """Listen to the steps."""
        wire = self.wire(self.step)
        wire.on_pulses.append(self._pulsed)
        wire.on_level.append(self._level_changed)
        self.show(steps=0)

    def _level_changed(self, level: int, at_ns: int) -> None:
        if level:
            self._pulsed([at_ns])

    def _pulsed(self, times_ns: Sequence[int]) -> None:
        if times_ns:
            forward = self.wire(self.dir).level(times_ns[-1])
            self.show(steps=self.state["steps"] + (len(times_ns) if forward else -len(times_ns)))


@dataclass(kw_only=True, eq=False)
class NeoPixels(Part):
    """A chain of WS2812B lights. Its state has ``pixels``, each ``#rrggbb``."""

    type_name: ClassVar[str] = "neopixel"

    pin: Pin
    count: Count = 1
    frames: list[tuple[str, ...]] = field(init=False, default_factory=list, repr=False)
    """Every picture that it has shown, in order."""

    def connect(self) -> None:
        """Wait for data."""
        self.wire(self.pin).on_bits.append(self._received)
        self.show(pixels=["#000000"] * self.count)

    def _received(self, data: bytes, at_ns: int) -> None:
        del at_ns
        pixels = list(self.state["pixels"])
        for number in range(min(self.count, len(data) // 3)):
            green, red, blue = data[3 * number : 3 * number + 3]
            pixels[number] = f"#{red:02x}{green:02x}{blue:02x}"
        self.frames.append(tuple(pixels))
        self.show(pixels=pixels)
