"""Displays, and the touch panel in front of one.

What a display shows is its `picture`. It is told of as a part's state is, by its digest, and not more often than an
eye could tell: once all that has been drawn within a 50th of a second is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from simulator.graphics.panel import MonoPanel, Panel
from simulator.graphics.picture import Picture
from simulator.hardware.i2c import I2cDevice
from simulator.hardware.parts.i2c_parts import I2cPart
from simulator.hardware.parts.part import Control, I2cAddress, Limits, Part, Pin, switch
from simulator.hardware.parts.spi_parts import SpiPart
from simulator.hardware.spi import SpiDevice
from simulator.units import NS_PER_MS

_REFRESH_NS: Final = 20 * NS_PER_MS


@dataclass(kw_only=True, eq=False)
class ScreenPart(Part):
    """A part that shows pictures."""

    _is_due: bool = field(init=False, repr=False, default=False)

    @property
    def picture(self) -> Picture | None:
        """What can be seen; None as long as nothing has been started."""
        raise NotImplementedError

    def redrawn(self) -> None:
        """Something else can be seen now."""
        if not self._is_due:
            self._is_due = True
            self.bench.at(self.bench.now_ns() + _REFRESH_NS, self._refresh)

    def _refresh(self, at_ns: int) -> None:
        del at_ns
        self._is_due = False
        picture = self.picture if self.bench.is_listened_to else None
        if picture is not None:
            self.show(width=picture.width, height=picture.height, picture=picture.sha256)


@dataclass(kw_only=True, eq=False)
class SpiDisplay(ScreenPart):
    """A display on an SPI bus, selected with ``cs``.

    Nothing tells a board what it is, so it is what a firmware starts it as; and it gets windows full of pixels instead
    of the bytes that mean them.
    """

    type_name: ClassVar[str] = "display"

    cs: Pin
    panel: Panel | MonoPanel | None = field(init=False, repr=False, default=None)

    def connect(self) -> None:
        """Nothing is listened to."""
        self.wire(self.cs)

    @property
    def picture(self) -> Picture | None:
        """What can be seen."""
        return None if self.panel is None else self.panel.picture()


@dataclass(kw_only=True, eq=False)
class Ssd1306(ScreenPart, I2cPart):
    """A display with the controller SSD1306, mounted as usual: upside down and mirrored unless it is told otherwise."""

    type_name: ClassVar[str] = "ssd1306"

    address: I2cAddress = 0x3C
    width: Annotated[int, Limits(1, 128)] = 128
    height: Annotated[int, Limits(1, 64)] = 64
    panel: MonoPanel = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.panel = MonoPanel(self.width, self.height)
        self.panel.is_on = False
        self.panel.is_mirrored = self.panel.is_upside_down = True

    def device(self) -> I2cDevice:
        """Return the controller."""
        return _Ssd1306Device(self)

    @property
    def picture(self) -> Picture:
        """What can be seen."""
        return self.panel.picture()


class _Ssd1306Device(I2cDevice):
    """Takes commands and bytes for its memory, of which a window is filled row by row (SSD1306 datasheet, 10)."""

    _ARGUMENTS: Final = {
        **dict.fromkeys((0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1),
        **dict.fromkeys((0x21, 0x22, 0xA3), 2),
        **dict.fromkeys((0x29, 0x2A), 5),
        **dict.fromkeys((0x26, 0x27), 6),
    }
    _DATA: Final = 0x40
    _COLUMNS, _PAGES = 0x21, 0x22

    def __init__(self, part: Ssd1306) -> None:
        super().__init__(part.address)
        self._part = part
        self._columns = (0, part.width - 1)
        self._pages = (0, part.height // 8 - 1)
        self._column = self._page = 0
        self._control: int | None = None
        self._command: list[int] = []

    def begin(self, *, read: bool, at_ns: int) -> bool:
        del at_ns
        self._control = None
        return not read

    def write(self, byte: int, at_ns: int) -> bool:
        del at_ns
        if self._control is None:
            self._control = byte
        elif self._control & self._DATA:
            self._store(byte)
        else:
            self._command.append(byte)
            if len(self._command) > self._ARGUMENTS.get(self._command[0], 0):
                self._carry_out(*self._command)
                self._command = []
        return True

    def _store(self, byte: int) -> None:
        panel = self._part.panel
        if self._column < panel.width and self._page < panel.height // 8:
            panel.memory[self._page * panel.width + self._column] = byte
            self._part.redrawn()
        self._column += 1
        if self._column > self._columns[1]:
            self._column = self._columns[0]
            self._page = self._page + 1 if self._page < self._pages[1] else self._pages[0]

    def _carry_out(self, command: int, *arguments: int) -> None:
        panel = self._part.panel
        match command:
            case self._COLUMNS:
                self._columns = (arguments[0] & 0x7F, arguments[1] & 0x7F)
                self._column = self._columns[0]
            case self._PAGES:
                self._pages = (arguments[0] & 7, arguments[1] & 7)
                self._page = self._pages[0]
            case 0xA0 | 0xA1:
                panel.is_mirrored = command == 0xA0
            case 0xC0 | 0xC8:
                panel.is_upside_down = command == 0xC0
            case 0xA6 | 0xA7:
                panel.is_inverted = command == 0xA7
            case 0xAE | 0xAF:
                panel.is_on = command == 0xAF
            case _:
                return
        self._part.redrawn()


@dataclass(kw_only=True, eq=False)
class TouchPanel(SpiPart):
    """A touch panel with the controller XPT2046 in front of a display of 320 times 240 pixels."""

    type_name: ClassVar[str] = "touch-panel"
    controls: ClassVar[Mapping[str, Control]] = {
        "pressed": switch("touched"),
        "x": Control("pixel from the left", 160, 0, 319),
        "y": Control("pixel from the top", 120, 0, 239),
    }

    def device(self) -> SpiDevice:
        """Return the controller."""
        return _Xpt2046Device(self)


class _Xpt2046Device(SpiDevice):
    """Converts while the command is still coming in, and sends a zero, 12 bits and three more zeros."""

    _START: Final = 0x80
    _Y, _Z1, _X = 1, 3, 5
    _FIRST, _LAST = 200, 3900
    """What it measures at the edges of the display."""
    _PRESSURE: Final = 1000

    def __init__(self, part: TouchPanel) -> None:
        super().__init__(mosi=part.mosi, miso=part.miso, cs=part.cs)
        self._part = part
        self._answer = b""

    def transfer(self, byte: int) -> int:
        shifted, self._answer = (self._answer[0], self._answer[1:]) if self._answer else (0, b"")
        if byte & self._START:
            self._answer = (self._measure(byte >> 4 & 7) << 3).to_bytes(2, "big")
        return shifted

    def _measure(self, channel: int) -> int:
        values = self._part.values
        if not values["pressed"]:
            return 0
        if channel == self._X:
            return self._along(values["x"], 319)
        if channel == self._Y:
            return self._along(values["y"], 239)
        return self._PRESSURE if channel == self._Z1 else 0

    def _along(self, position: float, last: int) -> int:
        return round(self._FIRST + position * (self._LAST - self._FIRST) / last)
