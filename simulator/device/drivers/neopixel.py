"""neopixel: chains of WS2812B lights (``components/sys/drivers/neopixel.c``, ``nzr.c``).

A chain is sent by the remote control peripheral as long as that has a channel for its pin, else bit by bit.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from simulator.c_numbers import single
from simulator.device.calls import call
from simulator.device.drivers.pio import check_direction
from simulator.device.drivers.shared import Driver
from simulator.device.heap import heap_bytes
from simulator.hardware import OUTPUTS, LockedError, Unit
from simulator.hardware.wire import BitTiming
from simulator.units import NS_PER_US
from simulator.vm.exceptions import DriverError

WS2812B: Final = BitTiming(350, 900, 900, 350)
_RESET_NS: Final = 50 * NS_PER_US
_FIRST_BRIGHTNESS: Final = single(0.2)
_CONTROLLER_MAX: Final = 1
"""One too many: the device lets it through, and takes as its timing whatever comes behind that of WS2812B."""
_COLOURS: Final = 3
_BYTES_PER_BIT: Final = 4
"""The peripheral's item for a bit; those of the whole chain are in memory while it is sent."""
_UINT32: Final = 0xFFFFFFFF


@dataclass(slots=True)
class _Chain:
    gpio: int
    has_channel: bool
    pixels: bytearray
    """Green, red and blue of each."""
    brightness: float = _FIRST_BRIGHTNESS


class NeopixelDriver(Driver):
    """The chains. They are never given up."""

    name: ClassVar[str] = "neopixel"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._chains: list[_Chain] = []
        self._senders = 0
        """Units of the sender below (nzr), of which one without a chain remains when there was no memory for that."""

    @call("neopixel.attach")
    def _attach(self, controller: int, gpio: int, count: int) -> tuple[Any, ...]:
        self.shared.pay()
        if not 0 <= controller <= _CONTROLLER_MAX:
            raise DriverError("neopixel", "InvalidController")
        has_channel = self._set_sender_up(gpio & 0xFF)
        size = _COLOURS * count & _UINT32
        if not 0 < size < heap_bytes(self.shared.board):
            raise DriverError("neopixel", "NotEnoughtMemory")
        self._chains.append(_Chain(gpio & 0xFF, has_channel, bytearray(size)))
        return (len(self._chains),)

    def _set_sender_up(self, gpio: int) -> bool:
        """Let a pin send, and return whether the peripheral does it (``nzr_setup``)."""
        channel = None
        with suppress(LockedError):
            channel = self.shared.rmt.take(self.shared.locks, gpio)
        if channel is None:
            self.shared.locks.take_gpio(Unit("nzr", self._senders), gpio)
            check_direction(gpio, output=True)
        self._senders += 1
        if gpio in OUTPUTS:
            self.shared.gpio.route(gpio, output=True)
            self.shared.gpio.drive(gpio, 0)
        return channel is not None

    @call("neopixel.pixel")
    def _pixel(self, number: int, index: int, red: int, green: int, blue: int) -> None:
        chain = self._chains[number - 1]
        if index < 0:
            raise DriverError("neopixel", "InvalidPixel")
        for letter, level in (("r", red), ("g", green), ("b", blue)):
            if not 0 <= level <= 0xFF:
                raise DriverError("neopixel", "InvalidRGBComponent", letter)
        first = _COLOURS * index
        if first > len(chain.pixels):
            raise DriverError("neopixel", "InvalidPixel")
        if first < len(chain.pixels):  # the one behind the last goes into memory that is somebody else's
            chain.pixels[first : first + _COLOURS] = (int(level * chain.brightness) for level in (green, red, blue))

    @call("neopixel.update")
    def _update(self, number: int) -> None:
        chain = self._chains[number - 1]
        data = bytes(chain.pixels)
        self.shared.pay()
        if chain.has_channel and 8 * len(data) * _BYTES_PER_BIT > heap_bytes(self.shared.board):
            raise DriverError("nzr", "NotEnoughtMemory")
        if chain.gpio in OUTPUTS:
            self.shared.bench.wire(chain.gpio).send_bits(data, WS2812B, self.shared.now_ns())
        self.shared.pay(WS2812B.duration_ns(data) + _RESET_NS)

    @call("neopixel.brightness")
    def _brightness(self, number: int, brightness: int) -> None:
        if brightness not in (0, 1):
            raise DriverError("neopixel", "InvalidBrightness")
        self._chains[number - 1].brightness = float(brightness)
