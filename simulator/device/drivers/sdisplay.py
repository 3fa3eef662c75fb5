"""sdisplay: segment displays with a TM1637 or HT16K33 (``components/sdisplay/sdisplay.c`` and the drivers of both)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.i2c import MASTER, I2cDriver
from simulator.device.drivers.shared import Driver, Shared
from simulator.hardware import OUTPUTS, Unit
from simulator.hardware.two_wire import TwoWireBus
from simulator.units import NS_PER_MS
from simulator.vm.exceptions import DriverError

DIGITS_MAX: Final = 30

_OWNER: Final = Unit("sdisplay", 0)
"""Of every display; so two of them may have the same pins."""
_BLANK: Final = 0x7F
"""A character that the driver takes for none of its own."""


class _Display(ABC):
    """One display. ``digits`` is what the script says."""

    brightness_max: ClassVar[int]

    def __init__(self, shared: Shared, digits: int) -> None:
        if digits == 0:
            raise DriverError("sdisplay", "InvalidDigits", "must be at least 1")
        if digits > DIGITS_MAX:
            raise DriverError("sdisplay", "InvalidDigits", "must be less than 30")
        self.shared = shared
        self.digits = digits

    @abstractmethod
    def write(self, text: bytes) -> None:
        """Show a text."""

    @abstractmethod
    def clear(self) -> None:
        """Show nothing."""

    @abstractmethod
    def set_brightness(self, brightness: int) -> None:
        """Set the brightness, which is in range."""


class _Tm1637(_Display):
    """Seven segments, on two pins of its own (``drivers/tm1637.c``). The brightness goes with every digit."""

    brightness_max = 7

    _SEGMENTS: Final = dict(
        zip(
            b"0123456789AbCdEF",
            bytes.fromhex("3F 06 5B 4F 66 6D 7D 07 7F 6F 77 7C 39 5E 79 71"),
            strict=True,
        )
    )
    _POINT: Final = 0x80
    _FIXED_ADDRESS, _ADDRESS, _CONTROL = b"\x44", 0xC0, 0x88
    _TYPICAL_BRIGHTNESS: Final = 2
    _CLEARED_DIGITS: Final = 5
    _TIMEOUT_NS: Final = 27 * NS_PER_MS
    """27,200 looks at the pin, of 1 us each (our estimate)."""

    def __init__(self, shared: Shared, digits: int, clk: int, dio: int) -> None:
        super().__init__(shared, digits)
        shared.locks.take(_OWNER, (Unit("gpio", clk), "CLK"), (Unit("gpio", dio), "DIO"))
        self._bus: TwoWireBus | None = None
        if {clk, dio} <= OUTPUTS:
            for gpio in (clk, dio):
                shared.gpio.set_latch(gpio, 1)
                shared.gpio.configure(gpio, output=True)
            self._bus = TwoWireBus(shared.bench, clk, dio)
        self._brightness = self.brightness_max
        with suppress(DriverError):
            self.clear()

    def write(self, text: bytes) -> None:
        """Show a text, each character with the point that follows it, if any."""
        position = place = 0
        while place < len(text):
            has_point = text[place + 1 : place + 2] == b"."
            self._show(position, text[place], has_point, self._brightness)
            place += 1 + has_point
            position += 1

    def clear(self) -> None:
        """Show nothing, with the brightness that is typical."""
        for position in range(self._CLEARED_DIGITS):
            self._show(position, _BLANK, False, self._TYPICAL_BRIGHTNESS)

    def set_brightness(self, brightness: int) -> None:
        """Remember the brightness."""
        self._brightness = brightness

    def _show(self, position: int, code: int, has_point: bool, brightness: int) -> None:
        segments = self._SEGMENTS.get(code, 0) | (self._POINT if has_point else 0)
        self._send(self._FIXED_ADDRESS)
        self._send(bytes((position & 0xFF | self._ADDRESS, segments)))
        self._send(bytes((self._CONTROL + brightness,)))

    def _send(self, data: bytes) -> None:
        if self._bus is None:
            acknowledged = False
        else:
            self.shared.pay(0)
            acknowledged, duration_ns = self._bus.send(data, self.shared.now_ns())
            self.shared.pay(duration_ns)
        if not acknowledged:
            self.shared.pay(self._TIMEOUT_NS)
            raise DriverError("sdisplay", "TimeOut")


class _Ht16k33(_Display):
    """Fourteen segments, on the second I2C bus (``drivers/ht16k33.c``)."""

    brightness_max = 15

    _BUS, _SPEED_HZ, _ADDRESS = 1, 400_000, 0x71
    _OSCILLATOR_ON, _DISPLAY_ON, _BRIGHTNESS = 0x21, 0x81, 0xE0
    _FIRST_BRIGHTNESS: Final = 1
    _SETTLE_NS: Final = 100 * NS_PER_MS
    _FIRST: Final = ord(" ")
    _SEGMENTS: Final = (
        0x0000, 0x1200, 0x0202, 0x2D36, 0x12ED, 0x2424, 0x2909, 0x0200, 0x1E00, 0x3300,
        0x2DC0, 0x12C0, 0x4000, 0x00C0, 0x4000, 0x2400, 0x243F, 0x0006, 0x00DB, 0x00CF,
        0x00E6, 0x00ED, 0x00FD, 0x0007, 0x00FF, 0x00EF, 0x1200, 0x2200, 0x0C00, 0x00C8,
        0x2100, 0x10A3, 0x02BB, 0x00F7, 0x128F, 0x0039, 0x120F, 0x0079, 0x0071, 0x00BD,
        0x00F6, 0x1209, 0x001E, 0x0C70, 0x0038, 0x0536, 0x0936, 0x003F, 0x00F3, 0x083F,
        0x08F3, 0x00ED, 0x1201, 0x003E, 0x2430, 0x2836, 0x2D00, 0x1500, 0x2409, 0x7FFF,
    )  # fmt: skip
    """Of the characters from the blank to ``[``."""

    def __init__(self, shared: Shared, digits: int, address: int) -> None:
        super().__init__(shared, digits)
        self._i2c = shared.driver(I2cDriver)
        self._device = self._i2c.attach(self._BUS, MASTER, self._SPEED_HZ)
        self._address = address or self._ADDRESS
        self._command(self._OSCILLATOR_ON)
        self.set_brightness(self._FIRST_BRIGHTNESS)
        shared.pay(self._SETTLE_NS)
        self.clear()

    def write(self, text: bytes) -> None:
        """Show as many characters as there are digits; the rest is blank."""
        for position, code in enumerate(text[: self.digits]):
            self._show(position, code)
        for position in range(len(text), self.digits):
            with suppress(DriverError):
                self._show(position, self._FIRST)

    def clear(self) -> None:
        """Show nothing, and do not blink."""
        self.write(b"")
        self._command(self._DISPLAY_ON)

    def set_brightness(self, brightness: int) -> None:
        """Set the brightness."""
        self._command(self._BRIGHTNESS | brightness)

    def _show(self, position: int, code: int) -> None:
        # For a character that it does not have the device takes the 32nd of its table instead of a blank.
        index = code - self._FIRST
        segments = self._SEGMENTS[index if 0 <= index < len(self._SEGMENTS) else self._FIRST]
        self._command(position << 1, segments & 0xFF, segments >> 8)

    def _command(self, *data: int) -> None:
        self._i2c.write_to(self._device, self._address, *data)


class SdisplayDriver(Driver):
    """The displays; each goes by a number. None is ever detached."""

    name: ClassVar[str] = "sdisplay"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._displays: list[_Display] = []

    def _add(self, display: _Display) -> tuple[Any, ...]:
        self._displays.append(display)
        return (len(self._displays) - 1,)

    @call("sdisplay.tm1637")
    def _attach_tm1637(self, clk: int, dio: int, digits: int) -> tuple[Any, ...]:
        self.shared.pay()
        return self._add(_Tm1637(self.shared, digits, clk, dio))

    @call("sdisplay.ht16k33")
    def _attach_ht16k33(self, digits: int, address: int) -> tuple[Any, ...]:
        self.shared.pay()
        return self._add(_Ht16k33(self.shared, digits, address))

    @call("sdisplay.write")
    def _write(self, number: int, text: bytes) -> None:
        self._displays[number].write(text.partition(b"\0")[0])

    @call("sdisplay.clear")
    def _clear(self, number: int) -> None:
        self._displays[number].clear()

    @call("sdisplay.setbrightness")
    def _set_brightness(self, number: int, brightness: int) -> None:
        display = self._displays[number]
        if brightness > display.brightness_max:
            raise DriverError("sdisplay", "InvalidBrightness")
        display.set_brightness(brightness)
