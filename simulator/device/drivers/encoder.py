"""encoder: rotary encoders (``components/sys/drivers/encoder.c``), also for the sensor of that kind.

A detent is reported when both contacts are open again after they closed and opened in order; any other order starts
over. All encoders hold their locks as one unit, so they never conflict with each other, and share one task for their
callbacks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from simulator.c_numbers import int8
from simulator.device.calls import call
from simulator.device.calls.timers import CallbackQueue
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import Kernel
from simulator.hardware import GPIOS, Unit
from simulator.hardware.gpio import Interrupt
from simulator.vm.exceptions import DriverError

_UNIT: Final = Unit("encoder", 0)
_QUEUE: Final = 10
_REST: Final = (1, 1)
_PATHS: Final = {1: ((0, 1), (0, 0), (1, 0)), -1: ((1, 0), (0, 0), (0, 1))}
"""Levels of the two contacts between rest and rest, by direction."""

OnTurn = Callable[[int, int, int], None]
"""Gets direction (0 for the button), counter, and button."""


@dataclass(slots=True)
class Encoder:
    """An encoder and where it is. ``sw`` is negative if it has no button."""

    a: int
    b: int
    sw: int
    on_turn: OnTurn | None = None
    is_attached: bool = True
    counter: int = 0
    button: int = 0
    direction: int = 0
    place: int = 0
    """How far on the path of its direction it is; 0: at rest."""

    @property
    def pins(self) -> tuple[int, ...]:
        """Return its pins."""
        return (self.a, self.b, self.sw) if self.sw >= 0 else (self.a, self.b)

    def follow(self, levels: tuple[int, int]) -> int:
        """Go on along a path; return the direction when it is complete, else 0."""
        if self.place == 0:
            self.direction = next((direction for direction, path in _PATHS.items() if path[0] == levels), 0)
            self.place = 1 if self.direction else 0
            return 0
        path = _PATHS[self.direction]
        if levels == path[self.place - 1]:
            return 0
        if levels == _REST:
            is_complete = self.place == len(path)
            self.place = 0
            return self.direction if is_complete else 0
        if self.place < len(path) and levels == path[self.place]:
            self.place += 1
        elif self.place > 1 and levels == path[self.place - 2]:
            self.place -= 1  # back again, as far as it had come
        else:
            self.place = 0
        return 0


class EncoderDriver(Driver):
    """The encoders."""

    name: ClassVar[str] = "encoder"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._encoders: dict[int, Encoder] = {}
        self._attached = 0
        self._queue: CallbackQueue | None = None

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: the callbacks are gone."""
        super().connect(kernel)
        self._queue = None
        for encoder in self._encoders.values():
            encoder.on_turn = None

    def setup(self, a: int, b: int, sw: int, on_turn: OnTurn | None) -> Encoder:
        """Set an encoder up (``encoder_setup``)."""
        if a < 0 and b < 0:
            raise DriverError("encoder", "InvalidPin", "a and b pins are required")
        for gpio, letter, is_checked in ((a, "A", True), (b, "B", True), (sw, "SW", sw > 0)):
            if is_checked and gpio not in GPIOS:
                raise DriverError("encoder", "InvalidPin", f"{letter}, must be an input PIN")
        encoder = Encoder(a, b, sw, on_turn)
        tags = zip(encoder.pins, ("A", "B", "SW"), strict=False)
        self.shared.locks.take(_UNIT, *((Unit("gpio", gpio), tag) for gpio, tag in tags))
        for gpio in encoder.pins:
            self.shared.gpio.configure(gpio, output=False)
            self.shared.gpio.set_pull(gpio, 1)
            self.shared.gpio.attach_interrupt(
                gpio, Interrupt.ANYEDGE, lambda _level, at_ns: self._changed(encoder, at_ns)
            )
        self._attached += 1
        return encoder

    def unsetup(self, encoder: Encoder) -> None:
        """Free an encoder; with the last one goes the task, and what waits for it (``encoder_unsetup``)."""
        if not encoder.is_attached:
            return  # the device frees it a second time
        encoder.is_attached = False
        encoder.on_turn = None
        for gpio in encoder.pins:
            self.shared.gpio.detach_interrupt(gpio)
            self.shared.locks.release_gpio(gpio)
        self._attached -= 1
        if not self._attached and self._queue is not None:
            self._queue.abandon()
            self._queue = None

    def _changed(self, encoder: Encoder, at_ns: int) -> None:
        seen = self.shared.gpio.seen
        direction = encoder.follow((seen(encoder.a, at_ns), seen(encoder.b, at_ns)))
        encoder.counter += direction
        button = 1 - seen(encoder.sw, at_ns) if encoder.sw >= 0 else 0
        has_news = direction or button != encoder.button
        encoder.button = button
        if has_news and encoder.on_turn is not None:
            encoder.on_turn(direction, encoder.counter, button)

    @call("encoder.attach")
    def _attach(self, a: int, b: int, sw: int, has_callback: bool) -> tuple[Any, ...]:
        self.shared.pay()
        number = self.shared.new_callback_id()
        encoder = self._encoders[number] = self.setup(int8(a), int8(b), int8(sw), None)
        if has_callback:
            if self._queue is None:
                self._queue = self.shared.new_queue("encoder", core=self.kernel.current.core, limit=_QUEUE)
            queue = self._queue
            encoder.on_turn = lambda direction, counter, button: queue.put(number, direction, counter, button)
        return (number,)

    @call("encoder.read")
    def _read(self, number: int) -> tuple[Any, ...]:
        self.shared.pay()
        encoder = self._encoders[number]
        return (encoder.counter, encoder.button)

    @call("encoder.detach")
    def _detach(self, number: int) -> None:
        self.shared.pay()
        self.unsetup(self._encoders[number])

    @call("encoder.collected")
    def _collected(self, number: int) -> None:
        self.unsetup(self._encoders.pop(number))
