"""The displays that gdisplay can drive: what each takes on the board, and how pixels get there
(``components/sys/drivers``: ``st7735.c``, ``ili9341.c``, ``pcd8544.c``, ``ssd1306.c``).

On SPI the bytes are not shifted one by one: pins are taken and time passes, and the panel gets windows of pixels. A
display that nobody has put on the bench is there when it is started, since a board cannot tell. On I2C it can, and the
bytes are sent as they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from contextlib import suppress
from typing import ClassVar, Final

from simulator.boards.schema import Display
from simulator.c_numbers import quotient
from simulator.device.drivers.i2c import MASTER, I2cDriver
from simulator.device.drivers.shared import Shared
from simulator.device.drivers.spi import READ, WRITE, SpiDriver
from simulator.graphics.panel import MonoPanel, Panel
from simulator.graphics.screen import (
    DIRECT_PIXELS_MAX,
    LANDSCAPE_FLIP,
    PORTRAIT,
    PORTRAIT_FLIP,
    BufferedScreen,
    DirectScreen,
    MonoScreen,
    Screen,
    mono_size,
)
from simulator.hardware import Unit
from simulator.hardware.parts.display_parts import SpiDisplay, TouchPanel
from simulator.units import NS_PER_MS, NS_PER_US
from simulator.vm.exceptions import DriverError

ST7735, ST7735B, ST7735G, ST7735G_144, ST7735_096, ILI9341, PCD8544 = range(1, 8)
SSD1306_128_32, SSD1306_128_64, SSD1306_96_16 = range(8, 11)

_OWNER: Final = Unit("gdisplay", 0)
_TRANSACTION_NS: Final = 25 * NS_PER_US
"""What an SPI transaction of ESP-IDF's driver takes besides its bytes (our estimate)."""
_WINDOW_TRANSACTIONS, _WINDOW_BYTES = 5, 11
"""To choose a window: two commands with four bytes each, and the one that pixels follow."""


class Controller(ABC):
    """A display. `start` it before anything else."""

    has_two_colours: ClassVar[bool] = False
    has_touch_panel: ClassVar[bool] = False

    def __init__(self, shared: Shared, chipset: int, display: Display) -> None:
        self.shared = shared
        self.chipset = chipset
        self.display = display

    @abstractmethod
    def start(self, orientation: int, address: int, *, buffered: bool) -> Screen:
        """Take pins and bus, start the controller, and return what to draw on. Raises `DriverError`, `LockedError`."""

    @abstractmethod
    def size(self, orientation: int) -> tuple[int, int]:
        """Return width and height in an orientation."""

    @abstractmethod
    def turn(self, orientation: int) -> None:
        """Address the panel in another orientation."""

    @abstractmethod
    def switch(self, *, on: bool) -> None:
        """Switch the panel on or off."""

    @abstractmethod
    def invert(self, *, inverted: bool) -> None:
        """Invert the panel."""

    def touch(self, *, raw: bool) -> tuple[int, int, int]:
        """Return pressure, x and y of the touch panel. Raises `DriverError` if there is none."""
        raise DriverError("gdisplay", "TouchNotSupported")

    def calibrate(self, x: int, y: int) -> None:
        """Tell the edges of the touch panel. Raises `DriverError` if there is none."""
        raise DriverError("gdisplay", "TouchNotSupported")


class _OnSpi(Controller):
    """What displays on SPI have in common."""

    name: ClassVar[str]
    device: int | None = None

    def take_pins(self, bus: int, speed_hz: int, flags: int) -> None:
        """Attach to a bus, and lock what else belongs to the display."""
        shared, display = self.shared, self.display
        spi = shared.driver(SpiDriver)
        if self.device is None:
            self.device = spi.setup(bus, display.cs, speed_hz, flags=flags)
        spi.lock_bus(display.spi)
        tag = f"gdisplay - {self.name}"
        shared.locks.take_gpio(_OWNER, display.command, tag)
        shared.gpio.configure(display.command, output=True)
        if display.reset is not None:
            shared.locks.take_gpio(_OWNER, display.reset, tag)
            shared.gpio.configure(display.reset, output=True)

    def reset(self, *steps_ms: int, without_pin_ms: int) -> None:
        """Reset the controller: high, low and high again for so long, or with a command if it has no pin for it."""
        shared, reset = self.shared, self.display.reset
        if reset is None:
            shared.pay(without_pin_ms * NS_PER_MS)
            return
        for level, duration_ms in zip((1, 0, 1), steps_ms, strict=True):
            shared.gpio.set_latch(reset, level)
            shared.pay(duration_ms * NS_PER_MS)

    def part(self) -> SpiDisplay:
        """Return the display on the bench, which is put there if it is missing."""
        bench, cs = self.shared.bench, self.display.cs
        wire = bench.wire(cs)
        for part in bench.parts.values():
            if isinstance(part, SpiDisplay) and bench.wire(part.cs) is wire:
                return part
        made = SpiDisplay(name=self._free_name("display"), cs=cs)
        bench.attach(made)
        return made

    def _free_name(self, name: str) -> str:
        taken = self.shared.bench.parts
        return next(free for free in (name, *(f"{name}-{number}" for number in range(2, 99))) if free not in taken)

    def pay_for(self, transactions: int, byte_count: int) -> None:
        """Let a transfer take its time."""
        assert self.device is not None
        byte_ns = self.shared.driver(SpiDriver).byte_ns(self.device)
        self.shared.pay(round(transactions * _TRANSACTION_NS + byte_count * byte_ns))


class _Colours(_OnSpi):
    """A display of 16-bit colours."""

    _SPEED_HZ: ClassVar[int]
    _FLAGS: ClassVar[int] = WRITE

    def start(self, orientation: int, address: int, *, buffered: bool) -> Screen:
        """Start it, all black."""
        del address
        self.take_pins(self.display.spi, self._SPEED_HZ, self._FLAGS)
        self._set_up()
        width, height = self.size(orientation)
        self._part = self.part()
        self._panel = self._part.panel = Panel()
        self._panel.start(orientation, width, height)
        self.pay_for(_WINDOW_TRANSACTIONS + -(-width * height // DIRECT_PIXELS_MAX), 2 * width * height)
        self._part.redrawn()
        kind = BufferedScreen if buffered else DirectScreen
        return kind(width, height, self._send)

    @abstractmethod
    def _set_up(self) -> None:
        """Reset the controller and send it what it wants at first."""

    def _send(self, x0: int, y0: int, x1: int, y1: int, colours: array[int]) -> None:
        self._panel.write(x0, y0, x1, y1, colours)
        self._part.redrawn()
        count = len(colours)
        self.pay_for(_WINDOW_TRANSACTIONS + -(-count // DIRECT_PIXELS_MAX), _WINDOW_BYTES + 2 * count)

    def turn(self, orientation: int) -> None:
        """Let the controller count rows and columns in another way."""
        self._panel.turn(orientation)
        self.pay_for(2, 2)

    def invert(self, *, inverted: bool) -> None:
        """Send the command for it."""
        self._panel.is_inverted = inverted
        self._part.redrawn()
        self.pay_for(1, 1)


class _St7735(_Colours):
    name = "ST7735"
    _SPEED_HZ = 30_000_000
    _SIZES: Final = {ST7735G_144: (128, 128), ST7735_096: (160, 80)}
    _SIZE: Final = (128, 160)
    _COMMANDS_MS: Final = {ST7735B: 50 + 500 + 10 + 10 + 10 + 10 + 10 + 10 + 500, ST7735_096: 150 + 500 + 10}
    _COMMAND_MS: Final = 150 + 500 + 10 + 10 + 100
    """The waits in the lists of commands."""

    def size(self, orientation: int) -> tuple[int, int]:
        width, height = self._SIZES.get(self.chipset, self._SIZE)
        return (height, width) if orientation & 1 else (width, height)

    def _set_up(self) -> None:
        self.reset(10, 50, 130, without_pin_ms=130)
        self.shared.pay(self._COMMANDS_MS.get(self.chipset, self._COMMAND_MS) * NS_PER_MS)

    def switch(self, *, on: bool) -> None:
        """Do nothing: this driver only has the backlight."""


class _Ili9341(_Colours):
    """It has a touch panel with an XPT2046, on boards that have a bus for it."""

    name = "ILI9341"
    has_touch_panel = True
    _SPEED_HZ = 48_000_000
    _FLAGS = WRITE | READ
    _WIDTH, _HEIGHT = 240, 320
    _COMMANDS_MS: Final = 200 + 120

    _TOUCH_SPEED_HZ: Final = 2_500_000
    _PRESSURE, _X, _Y = 0xB0, 0xD0, 0x90
    _PRESSED_MIN: Final = 50
    _SPREAD_MAX, _ATTEMPTS = 40, 10

    def __init__(self, shared: Shared, chipset: int, display: Display) -> None:
        super().__init__(shared, chipset, display)
        self._touch_device: int | None = None
        self._edges_x = self._edges_y = (0, 0)
        self._turned_to = PORTRAIT
        """The orientation that touches are converted to; what a display is started with does not count."""

    def size(self, orientation: int) -> tuple[int, int]:
        return (self._HEIGHT, self._WIDTH) if orientation & 1 else (self._WIDTH, self._HEIGHT)

    def take_pins(self, bus: int, speed_hz: int, flags: int) -> None:
        spi = self.shared.driver(SpiDriver)
        if self.device is None:
            self.device = spi.setup(bus, self.display.cs, speed_hz, flags=flags)
        touch = self.display.touch
        if touch is not None:
            self._touch_device = spi.setup(touch.spi, touch.cs, self._TOUCH_SPEED_HZ)
            self._put_touch_panel(touch.spi, touch.cs)
        super().take_pins(bus, speed_hz, flags)

    def _put_touch_panel(self, bus: int, cs: int) -> None:
        """Put a touch panel on the bench unless something is there."""
        bench = self.shared.bench
        if any(bench.wire(device.cs) is bench.wire(cs) for _, device in bench.spi_devices):
            return
        miso, mosi, clk = self.shared.driver(SpiDriver).pins(bus)
        bench.attach(TouchPanel(name=self._free_name("touch"), clk=clk, mosi=mosi, miso=miso, cs=cs))

    def _set_up(self) -> None:
        self.reset(100, 100, 200, without_pin_ms=130)
        self.shared.pay(self._COMMANDS_MS * NS_PER_MS)

    def turn(self, orientation: int) -> None:
        super().turn(orientation)
        self._turned_to = orientation

    def switch(self, *, on: bool) -> None:
        """Send the command for it."""
        self._panel.is_on = on
        self._part.redrawn()
        self.pay_for(1, 1)

    # -- the touch panel ------------------------------------------------------------------------------------------

    def calibrate(self, x: int, y: int) -> None:
        """Take the values at the left and right, and at the upper and lower edge, each two in a number."""
        self._edges_x = x >> 16 & 0x3FFF, x & 0x3FFF
        self._edges_y = y >> 16 & 0x3FFF, y & 0x3FFF

    def touch(self, *, raw: bool) -> tuple[int, int, int]:
        """Return pressure, x and y. With calibrated values the pressure is always 0, on the device, too."""
        pressure = self._measure(self._PRESSURE, 3)
        if pressure <= self._PRESSED_MIN:
            return 0, 0, 0
        x, y = self._measure(self._X, 10), self._measure(self._Y, 10)
        if raw:
            return pressure, x, y
        (left, right), (top, bottom) = self._edges_x, self._edges_y
        if y <= self._PRESSED_MIN or left == right or top == bottom:
            return 0, 0, 0
        x = min(max(quotient((x - left) * self._HEIGHT, right - left), 0), self._HEIGHT - 1)
        y = min(max(quotient((y - top) * self._WIDTH, bottom - top), 0), self._WIDTH - 1)
        if self._turned_to == PORTRAIT:
            x, y = self._WIDTH - y - 1, x
        elif self._turned_to == PORTRAIT_FLIP:
            x, y = y, self._HEIGHT - x - 1
        elif self._turned_to == LANDSCAPE_FLIP:
            x, y = self._HEIGHT - x - 1, self._WIDTH - y - 1
        return 0, x, y

    def _measure(self, command: int, count: int) -> int:
        """Return the mean of ``count`` values without the least and the greatest, once they are close together."""
        if self._touch_device is None:
            return 0  # a build without touch panel, which reads from a bus that there is not
        self._convert(command)
        for _ in range(self._ATTEMPTS):
            values = [self._convert(command) for _ in range(count)]
            if max(values) - min(values) < self._SPREAD_MAX:
                break
        return (sum(values) - max(values) - min(values)) // (count - 2)

    def _convert(self, command: int) -> int:
        assert self._touch_device is not None
        answer = self.shared.driver(SpiDriver).exchange(self._touch_device, bytes((command, 0x55, 0x55)))
        self.shared.pay(3 * _TRANSACTION_NS)
        return int.from_bytes(answer[1:], "big") >> 4


class _TwoColours(Controller):
    """A display of two colours, which has the size of its glass."""

    has_two_colours = True
    _glass: tuple[int, int]
    _screen: MonoScreen

    def size(self, orientation: int) -> tuple[int, int]:
        """Return width and height in an orientation."""
        return mono_size(*self._glass, orientation)

    def turn(self, orientation: int) -> None:
        """Do nothing: the screen turns what is drawn."""


class _Pcd8544(_OnSpi, _TwoColours):
    name = "PCD8544"
    _SPEED_HZ: Final = 4_000_000
    _COMMANDS: Final = 7
    _glass = (84, 48)

    def start(self, orientation: int, address: int, *, buffered: bool) -> Screen:
        """Start it. It is looked for on the bus of the touch panel."""
        del address, buffered
        touch = self.display.touch
        bus = touch.spi if touch is not None else 0
        self.take_pins(bus, self._SPEED_HZ, WRITE | READ)
        self.reset(0, 1, 0, without_pin_ms=1)
        self._part = self.part()
        self._panel = self._part.panel = MonoPanel(*self._glass, lit=0)
        self._part.redrawn()
        self.pay_for(self._COMMANDS, self._COMMANDS + len(self._panel.memory))
        self.shared.log(f"LCD PCD8544 at spi{bus}, cs=GPIO{self.display.cs}")
        return MonoScreen(*self._glass, self._send, lit=0, orientation=orientation)

    def _send(self, pages: bytes) -> None:
        self._panel.memory[:] = pages
        self._part.redrawn()
        self.pay_for(3, 2 + len(pages))

    def switch(self, *, on: bool) -> None:
        """Send the commands for it."""
        self._panel.is_on = on
        self._part.redrawn()
        self.pay_for(2, 2)

    def invert(self, *, inverted: bool) -> None:
        """Send the command for it."""
        self._panel.is_inverted = inverted
        self._part.redrawn()
        self.pay_for(1, 1)


class _Ssd1306(_TwoColours):
    _SPEED_HZ: Final = 400_000
    _ADDRESS: Final = 0x3C
    _COMMAND, _DATA = 0x00, 0x40
    _VARIANTS: Final = {
        SSD1306_128_32: (128, 32, 0x02, 0x8F),
        SSD1306_128_64: (128, 64, 0x12, 0xCF),
        SSD1306_96_16: (96, 16, 0x02, 0xAF),
    }
    """Width, height, and how the pins are used and how bright it is."""

    def start(self, orientation: int, address: int, *, buffered: bool) -> Screen:
        """Attach to the bus, of which the display keeps a device even if nobody answers, and start it."""
        del buffered
        width, height, pins, contrast = self._VARIANTS[self.chipset]
        self._glass = width, height
        self._address = address or self._ADDRESS
        self._i2c = self.shared.driver(I2cDriver)
        self._device = self._i2c.attach(self.display.i2c, MASTER, self._SPEED_HZ)
        for command in (
            *(0xAE, 0xD5, 0x80, 0xA8, height - 1, 0xD3, 0x00, 0x40, 0x8D, 0x14, 0x20, 0x00, 0xA1, 0xC8),
            *(0xDA, pins, 0x81, contrast, 0xD9, 0xF1, 0xDB, 0x40, 0xA4, 0xA6, 0x2E, 0xAF),
            *(0x21, 0, width - 1, 0x22, 0, height // 8 - 1),
        ):
            self._command(command)
        self._send(bytes(width * height // 8))
        self.shared.log(f"OLED SSD1306 at i2c{self.display.i2c}")
        return MonoScreen(width, height, self._send, lit=1, orientation=orientation)

    def _command(self, command: int) -> None:
        self._i2c.write_to(self._device, self._address, self._COMMAND, command)

    def _send(self, pages: bytes) -> None:
        """Send everything; nobody looks whether it arrives."""
        with suppress(DriverError):
            self._i2c.write_to(self._device, self._address, self._DATA, *pages)

    def switch(self, *, on: bool) -> None:
        """Send the command for it, whether it arrives or not."""
        with suppress(DriverError):
            self._command(0xAF if on else 0xAE)

    def invert(self, *, inverted: bool) -> None:
        """Send the command for it, whether it arrives or not."""
        with suppress(DriverError):
            self._command(0xA7 if inverted else 0xA6)


CONTROLLERS: Final[dict[int, type[Controller]]] = {
    **dict.fromkeys((ST7735, ST7735B, ST7735G, ST7735G_144, ST7735_096), _St7735),
    ILI9341: _Ili9341,
    PCD8544: _Pcd8544,
    **dict.fromkeys((SSD1306_128_32, SSD1306_128_64, SSD1306_96_16), _Ssd1306),
}
"""By the number of a chipset."""

TAKES_ADDRESS: Final = frozenset((SSD1306_128_32, SSD1306_128_64, SSD1306_96_16))
