"""Debouncing: a level counts once it has been different for long enough (``drivers/gpio_debouncing.c``).

The first edge starts a timer; at each of its ticks, every 20 us, a level that differs from the last accepted one is
counted, and above the threshold it is accepted. A level that bounces back stops the count and does not clear it.
Nothing is done tick by tick here: the tick that decides is worked out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.device.drivers.shared import Shared
from simulator.hardware.bench import Appointment
from simulator.hardware.gpio import Interrupt
from simulator.units import NS_PER_US

_TICK_NS: Final = 20 * NS_PER_US
_THRESHOLD_US_MAX: Final = 0xFFFF  # of a longer one the upper bits are lost


@dataclass(slots=True)
class _Pin:
    threshold: int
    """In ticks."""
    changed: Callable[[int], None]
    accepted: int
    count: int = 0
    timer_from_ns: int | None = None
    """When the timer began to tick for this pin; None while it does not."""
    counts_from_ns: int | None = None
    """Since when the level differs; None while it does not."""
    due: Appointment | None = None


class Debouncer:
    """The pins that are debounced."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._pins: dict[int, _Pin] = {}

    def register(self, gpio: int, threshold_us: int, changed: Callable[[int], None]) -> None:
        """Make a pin an input that is pulled up, and tell of each level that it keeps for so long."""
        self.unregister(gpio)
        pins = self._shared.gpio
        pins.configure(gpio, output=False)
        pins.set_pull(gpio, 1)
        ticks = -(-(threshold_us & _THRESHOLD_US_MAX) // (_TICK_NS // NS_PER_US))
        pin = self._pins[gpio] = _Pin(ticks, changed, accepted=pins.read(gpio))
        pins.attach_interrupt(gpio, Interrupt.ANYEDGE, lambda level, at_ns: self._edge(pin, level, at_ns))

    def unregister(self, gpio: int) -> None:
        """Forget a pin. Harmless if it is not known."""
        pin = self._pins.pop(gpio, None)
        if pin is not None:
            self._shared.gpio.detach_interrupt(gpio)
            if pin.due is not None:
                pin.due.cancelled = True

    def close(self) -> None:
        """The chip is reset."""
        for gpio in list(self._pins):
            self.unregister(gpio)

    def _edge(self, pin: _Pin, level: int, at_ns: int) -> None:
        if pin.timer_from_ns is None:
            pin.timer_from_ns = at_ns
        if pin.due is not None:
            pin.due.cancelled = True
            pin.due = None
        if pin.counts_from_ns is not None:
            pin.count += self._ticks(pin, at_ns) - self._ticks(pin, pin.counts_from_ns)
            pin.counts_from_ns = None
        if level != pin.accepted:
            pin.counts_from_ns = at_ns
            # So many more ticks only count; the one after them accepts.
            decides = self._ticks(pin, at_ns) + 1 + max(0, pin.threshold + 1 - pin.count)
            due_ns = pin.timer_from_ns + decides * _TICK_NS
            pin.due = self._shared.bench.at(due_ns, lambda _now_ns: self._accept(pin, level))

    def _ticks(self, pin: _Pin, at_ns: int) -> int:
        assert pin.timer_from_ns is not None
        return (at_ns - pin.timer_from_ns) // _TICK_NS

    def _accept(self, pin: _Pin, level: int) -> None:
        pin.accepted, pin.count = level, 0
        pin.timer_from_ns = pin.counts_from_ns = pin.due = None
        pin.changed(level)
