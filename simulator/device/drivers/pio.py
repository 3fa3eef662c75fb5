"""pio: pins one by one and as a port (``components/lua/modules/hw/pio.c``, ``components/sys/drivers/gpio.c``).

It neither takes locks nor looks at them. Pins come as the bits of two masks, those from 32 on in the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from simulator.c_numbers import int32
from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.hardware import GPIOS, OUTPUTS
from simulator.hardware.gpio import Interrupt
from simulator.vm.exceptions import DriverError

INPUT, OUTPUT = 1, 0
_PULL_LEVELS = {5: 1, 6: 0, 7: None}

_EDGE_LEVELS = {
    Interrupt.POSEDGE: 1,
    Interrupt.NEGEDGE: 0,
    Interrupt.LOW_LEVEL: 0,
    Interrupt.HIGH_LEVEL: 1,
}
"""What a callback is told; at any edge it is the level of the pin."""


def check_direction(gpio: int, *, output: bool) -> None:
    """Raise what ``gpio_pin_output`` and ``gpio_pin_input`` do for a pin that cannot be that."""
    if not 0 <= gpio < 40:
        raise DriverError("gpio", "InvalidPin")
    if gpio not in (OUTPUTS if output else GPIOS):
        raise DriverError("gpio", "InvalidPinDirection")


class PioDriver(Driver):
    """The pins."""

    name: ClassVar[str] = "pio"

    def _pins(self, low: int, high: int) -> Iterator[int]:
        mask = (low & 0xFFFFFFFF) | high << 32
        return (gpio for gpio in range(mask.bit_length()) if mask >> gpio & 1)

    @call("pio.direction")
    def _direction(self, direction: int, low: int, high: int) -> None:
        self.shared.pay()
        pins = list(self._pins(low, high))
        if direction == OUTPUT:
            if not OUTPUTS.intersection(pins):
                raise DriverError("gpio", "InvalidPinDirection")
            if not OUTPUTS.issuperset(pins):
                return  # gpio_config() refuses the whole list, and nobody looks
        for gpio in pins:
            self.shared.gpio.configure(gpio, output=direction == OUTPUT)

    @call("pio.pull")
    def _pull(self, kind: int, low: int, high: int) -> None:
        self.shared.pay()
        for gpio in self._pins(low, high):
            self.shared.gpio.set_pull(gpio, _PULL_LEVELS[kind])

    @call("pio.set")
    def _set(self, level: int, low: int, high: int) -> None:
        self.shared.pay()
        for gpio in self._pins(low, high):
            check_direction(gpio, output=True)
            self.shared.gpio.set_latch(gpio, level)

    @call("pio.invert")
    def _invert(self, low: int, high: int) -> None:
        self.shared.pay()
        for gpio in self._pins(low, high):
            check_direction(gpio, output=True)
            self.shared.gpio.set_latch(gpio, 1 - self.shared.gpio.latch(gpio))

    @call("pio.get")
    def _get(self, low: int, high: int) -> tuple[Any, ...]:
        self.shared.pay()
        return tuple(self.shared.gpio.read(gpio) for gpio in self._pins(low, high))

    @call("pio.port")
    def _port(self) -> tuple[Any, ...]:
        self.shared.pay()
        mask = sum(self.shared.gpio.read(gpio) << gpio for gpio in range(32) if gpio in GPIOS)
        return (int32(mask),)

    @call("pio.invalid_pin")
    def _invalid_pin(self) -> None:
        raise DriverError("gpio", "InvalidPin")

    @call("pio.interrupt")
    def _interrupt(self, gpio: int, kind: int, stack: int, priority: int) -> tuple[Any, ...]:
        """Make the task that runs the callback, and return its number. What goes wrong later is not reported."""
        self.shared.pay()
        number = self.shared.new_callback_id()
        pins = self.shared.gpio
        queue = self.shared.new_queue(
            "lpio",
            stack_bytes=None if stack < 0 else stack,
            priority=None if priority < 0 else priority,
            core=self.kernel.current.core,
            returned=lambda: pins.unmask_interrupt(gpio),
        )

        def interrupted(level: int, _at_ns: int) -> None:
            pins.mask_interrupt(gpio)
            queue.put(number, _EDGE_LEVELS.get(edge, level))

        try:
            check_direction(gpio, output=False)
            edge = Interrupt(kind)
        except (DriverError, ValueError):
            return (number,)
        pins.configure(gpio, output=False)
        pins.set_pull(gpio, 1)
        pins.attach_interrupt(gpio, edge, interrupted)
        return (number,)
