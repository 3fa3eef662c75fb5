"""The pins of the chip: direction, latches, pulls, interrupts, and which peripheral has which pin.

What is set here acts on the wires of the `Bench`. A pin that is no input reads 0 whatever is on its wire, and a pin
that a peripheral has does not show its latch, as on the chip (ESP32 technical reference manual, IO_MUX and GPIO
matrix).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final

from simulator.hardware.bench import OUTPUTS, Bench
from simulator.hardware.wire import SUPPLY_MV, Strength, Wave, Wire, output_of, pull_of

_PULLED_AT_RESET: Final = {0: 1, 2: 0, 4: 0, 5: 1, 12: 0, 15: 1}
"""The strapping pins, and GPIO4, have a pull until somebody changes it (ESP32 datasheet, IO_MUX table)."""
_INPUTS_AT_RESET: Final = frozenset(range(24))
"""Pins with digital functions are inputs after a reset; those of the RTC are off."""


class Interrupt(IntEnum):
    """What makes a pin interrupt (``gpio_int_type_t``)."""

    DISABLE = 0
    POSEDGE = 1
    NEGEDGE = 2
    ANYEDGE = 3
    LOW_LEVEL = 4
    HIGH_LEVEL = 5


OnInterrupt = Callable[[int, int], None]
"""Gets the level, and when."""


class _Pin:
    __slots__ = (
        "handler",
        "interrupt",
        "is_input",
        "is_latched",
        "is_masked",
        "is_output",
        "is_routed",
        "latch",
        "listener",
        "open_drain",
        "pull",
    )

    def __init__(self, gpio: int) -> None:
        self.is_output = False
        self.is_input = gpio in _INPUTS_AT_RESET
        self.open_drain = False
        self.latch = 0
        self.pull: int | None = _PULLED_AT_RESET.get(gpio)
        self.is_routed = False
        self.interrupt = Interrupt.DISABLE
        self.handler: OnInterrupt | None = None
        self.is_masked = False
        self.is_latched = False
        self.listener: Callable[[int, int], None] | None = None


class Gpio:
    """The pins of one run of the chip. Give it up with `close` when the chip is reset."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._pins: dict[int, _Pin] = {}
        for gpio in _PULLED_AT_RESET:
            self._apply_pull(gpio)

    def close(self) -> None:
        """Reset: no pin drives or listens any more."""
        for gpio, pin in self._pins.items():
            if pin.listener is not None:
                self._bench.wire(gpio).on_level.remove(pin.listener)
        self._pins.clear()
        self._bench.reset(self._bench.now_ns())

    def _pin(self, gpio: int) -> _Pin:
        pin = self._pins.get(gpio)
        if pin is None:
            pin = self._pins[gpio] = _Pin(gpio)
        return pin

    def _wire(self, gpio: int) -> Wire:
        """Return the wire, on which everything has happened that was due by now."""
        self._bench.advance(self._bench.now_ns())
        return self._bench.wire(gpio)

    # -- configuration --------------------------------------------------------------------------------------------

    def configure(self, gpio: int, *, output: bool) -> None:
        """Make it an output or an input, take it from a peripheral, and switch off pulls and interrupt."""
        pin = self._pin(gpio)
        pin.is_output, pin.is_input, pin.open_drain = output, not output, False
        pin.is_routed = False
        pin.pull = None
        pin.interrupt = Interrupt.DISABLE
        self._wire(gpio).play(None, self._bench.now_ns())
        self._apply(gpio)
        self._apply_pull(gpio)

    def set_pull(self, gpio: int, level: int | None) -> None:
        """Switch on the pull-up (1), the pull-down (0) or none. GPIO34 to 39 have none."""
        if gpio in OUTPUTS:
            self._pin(gpio).pull = level
            self._apply_pull(gpio)

    def route(self, gpio: int, *, output: bool, open_drain: bool = False, keeps_input: bool = False) -> None:
        """Give the pin to a peripheral, which drives it with `drive` and `play`, or reads it."""
        pin = self._pin(gpio)
        pin.is_routed = output
        pin.is_output = output
        pin.is_input = keeps_input or not output
        pin.open_drain = open_drain
        if not output:
            self._apply(gpio)

    # -- levels ---------------------------------------------------------------------------------------------------

    def set_latch(self, gpio: int, level: int) -> None:
        """Set what the pin drives when it is an output and no peripheral has it."""
        self._pin(gpio).latch = level
        self._apply(gpio)

    def latch(self, gpio: int) -> int:
        """Return the latch."""
        return self._pin(gpio).latch

    def read(self, gpio: int) -> int:
        """Return the level that the chip sees: 0 if the pin is no input."""
        if not self._pin(gpio).is_input:
            return 0
        return self._wire(gpio).level(self._bench.now_ns())

    def seen(self, gpio: int, at_ns: int) -> int:
        """Return the level that an interrupt handler sees at the moment of an edge, however far ahead the caller is."""
        return self._bench.wire(gpio).level(at_ns) if self._pin(gpio).is_input else 0

    def pull(self, gpio: int) -> int | None:
        """Return which pull is on: that to 1, to 0, or None."""
        return self._pin(gpio).pull

    def drive(self, gpio: int, level: int) -> None:
        """Let the peripheral that has the pin drive it."""
        self._put(gpio, level)

    def play(self, gpio: int, wave: Wave | None) -> None:
        """Let the peripheral that has the pin send a pulse train, or end it."""
        self._wire(gpio).play(wave, self._bench.now_ns())

    def _apply(self, gpio: int) -> None:
        pin = self._pin(gpio)
        if not pin.is_routed:
            self._put(gpio, pin.latch if pin.is_output else None)

    def _put(self, gpio: int, level: int | None) -> None:
        if level and self._pin(gpio).open_drain:
            level = None
        millivolts = None if level is None else SUPPLY_MV * level
        self._wire(gpio).drive(output_of(gpio), millivolts, self._bench.now_ns())

    def _apply_pull(self, gpio: int) -> None:
        level = self._pin(gpio).pull
        millivolts = None if level is None else SUPPLY_MV * level
        self._wire(gpio).drive(pull_of(gpio), millivolts, self._bench.now_ns(), strength=Strength.PULL)

    # -- interrupts -----------------------------------------------------------------------------------------------

    def attach_interrupt(self, gpio: int, kind: Interrupt, handler: OnInterrupt) -> None:
        """Call ``handler`` at edges or levels of the pin; it takes the place of the one before."""
        pin = self._pin(gpio)
        pin.interrupt, pin.handler = kind, handler
        pin.is_masked = pin.is_latched = False
        if pin.listener is None:
            pin.listener = lambda level, at_ns: self._level_changed(pin, level, at_ns)
            self._wire(gpio).on_level.append(pin.listener)
        self._check_level(pin, self.read(gpio), self._bench.now_ns())

    def detach_interrupt(self, gpio: int) -> None:
        """Call nobody any more."""
        self._pin(gpio).handler = None

    def mask_interrupt(self, gpio: int) -> None:
        """Hold interrupts back; the first one is latched."""
        self._pin(gpio).is_masked = True

    def unmask_interrupt(self, gpio: int) -> None:
        """Let interrupts through again, and first the one that was latched, if any."""
        pin = self._pin(gpio)
        pin.is_masked = False
        if pin.is_latched:
            pin.is_latched = False
            self._call(pin, self.read(gpio), self._bench.now_ns())
        else:
            self._check_level(pin, self.read(gpio), self._bench.now_ns())

    def _level_changed(self, pin: _Pin, level: int, at_ns: int) -> None:
        wanted = {
            Interrupt.POSEDGE: level == 1,
            Interrupt.NEGEDGE: level == 0,
            Interrupt.ANYEDGE: True,
        }.get(pin.interrupt, False)
        if wanted and pin.is_input:
            if pin.is_masked:
                pin.is_latched = True
            else:
                self._call(pin, level, at_ns)
        else:
            self._check_level(pin, level, at_ns)

    def _check_level(self, pin: _Pin, level: int, at_ns: int) -> None:
        """A level interrupts as long as it lasts, so whoever serves it masks it meanwhile."""
        if pin.is_input and not pin.is_masked and pin.interrupt == (Interrupt.LOW_LEVEL, Interrupt.HIGH_LEVEL)[level]:
            self._call(pin, level, at_ns)

    def _call(self, pin: _Pin, level: int, at_ns: int) -> None:
        if pin.handler is not None:
            pin.handler(level, at_ns)
