"""The screen that shapes are drawn on, down to what leaves for the panel (``components/sys/drivers/gdisplay.c``).

Theory of operation
-------------------
A screen gets pixels, clips them at its window, and hands what is finished to a panel. There are three kinds:

* `DirectScreen`: no frame buffer. Pixels are collected as long as they fill a rectangle of the panel row by row, at
  most 1,920 of them, and leave when the next one does not continue it. The device decides that with one comparison,
  which also holds for some pixels that do not: those end up elsewhere on the panel. (A rectangle that is one pixel
  wider than high loses its left border.) It cannot be read.
* `BufferedScreen`: all pixels stay in a frame buffer, and the part that has changed leaves.
* `MonoScreen`: two colours, a bit each in a frame buffer, eight rows to a byte, turned by software; all of it leaves.

Pixels leave when the outermost `begin` has its `end`; what draws several is put between the two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable
from typing import Final

DIRECT_PIXELS_MAX: Final = 1920
"""ST7735_BUFFER of ``st7735.h``."""

PORTRAIT, LANDSCAPE, PORTRAIT_FLIP, LANDSCAPE_FLIP = range(4)

ToPanel = Callable[[int, int, int, int, "array[int]"], None]
"""Gets the corners of a window, both inclusive, and colours, row by row in it from the top left."""
ToPages = Callable[[bytes], None]
"""Gets all bytes of a display with two colours."""


class Screen(ABC):
    """A screen of ``width`` times ``height`` pixels, which change places when it is turned."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.drawn = 0
        """Pixels drawn so far, those included that are outside of the window."""
        self._nested = 0
        self.open_window()

    # -- the window -----------------------------------------------------------------------------------------------

    def open_window(self) -> None:
        """Clip at the edges of the screen only."""
        self.window = (0, 0, self.width - 1, self.height - 1)

    def set_window(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """Clip at a window, which the device keeps in 16 bits each."""
        self.window = (
            max(x0, 0) & 0xFFFF,
            max(y0, 0) & 0xFFFF,
            min(x1, self.width - 1) & 0xFFFF,
            min(y1, self.height - 1) & 0xFFFF,
        )

    def turn(self, orientation: int, width: int, height: int) -> None:
        """Take another orientation and the size that it has then. What was held back is lost."""
        del orientation
        self.width, self.height = width, height
        self.open_window()
        self._forget()

    # -- drawing --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """From here to its `end` pixels stay."""
        self._nested += 1

    def end(self) -> None:
        """Pixels may leave. One without its `begin` does nothing."""
        if self._nested:
            self._nested -= 1
            if not self._nested:
                self.update()

    def end_all(self) -> None:
        """Let pixels leave however often `begin` was called."""
        if self._nested:
            self._nested = 0
            self.update()

    def pixel(self, x: int, y: int, colour: int) -> None:
        """Draw one pixel. Outside of the window nothing happens at all."""
        self.drawn += 1
        x0, y0, x1, y1 = self.window
        if x0 <= x <= x1 and y0 <= y <= y1 and x < self.width and y < self.height:
            self._row(x, y, 1, colour)
            if not self._nested:
                self.update()

    def hline(self, x: int, y: int, width: int, colour: int) -> None:
        """Draw ``width`` pixels to the right, or, if it is negative, as many up to ``x``."""
        if width < 0:
            width = -width
            x -= width
        self.begin()
        self.drawn += width
        x0, y0, x1, y1 = self.window
        first, last = max(x, x0), min(x + width - 1, x1, self.width - 1)
        if y0 <= y <= y1 and y < self.height and first <= last:
            self._row(first, y, last - first + 1, colour)
        self.end()

    def vline(self, x: int, y: int, height: int, colour: int) -> None:
        """Draw ``height`` pixels downwards, or, if it is negative, as many down to ``y``."""
        if height < 0:
            height = -height
            y -= height
        self.begin()
        self.drawn += height
        x0, y0, x1, y1 = self.window
        first, last = max(y, y0), min(y + height - 1, y1, self.height - 1)
        if x0 <= x <= x1 and x < self.width and first <= last:
            self._column(x, first, last - first + 1, colour)
        self.end()

    def block(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        """Fill a rectangle, which is empty if a side is not positive."""
        self.begin()
        if width > 0:
            top, bottom = max(y, self.window[1]), min(y + height - 1, self.window[3], self.height - 1)
            for row in range(top, bottom + 1):
                self.hline(x, row, width, colour)
        self.end()

    def clear(self, colour: int) -> None:
        """Fill the window, and clip at the edges of the screen only from then on."""
        self.block(0, 0, self.width, self.height, colour)
        self.open_window()

    def colour_at(self, x: int, y: int) -> int:
        """Return a pixel; 0 outside of the window, and where there is no frame buffer."""
        x0, y0, x1, y1 = self.window
        inside = x0 <= x <= x1 and y0 <= y <= y1 and x < self.width and y < self.height
        return self._read(x, y) if inside else 0

    # -- what the kinds differ in ---------------------------------------------------------------------------------

    @abstractmethod
    def update(self) -> None:
        """Let pixels leave."""

    @abstractmethod
    def _forget(self) -> None:
        """Hold nothing back any more."""

    @abstractmethod
    def _row(self, x: int, y: int, count: int, colour: int) -> None:
        """Draw pixels from left to right that are all inside."""

    @abstractmethod
    def _column(self, x: int, y: int, count: int, colour: int) -> None:
        """Draw pixels from the top down that are all inside."""

    @abstractmethod
    def _read(self, x: int, y: int) -> int:
        """Return a pixel that is inside."""


class DirectScreen(Screen):
    """Colours without a frame buffer."""

    def __init__(self, width: int, height: int, to_panel: ToPanel) -> None:
        super().__init__(width, height)
        self._to_panel = to_panel
        self._pending = array("H")
        self._x0 = self._y0 = self._x1 = self._y1 = 0

    def update(self) -> None:
        """Send the rectangle that has been collected, if there is one."""
        if self._pending:
            pending, self._pending = self._pending, array("H")
            self._to_panel(self._x0, self._y0, self._x1, self._y1, pending)

    def _forget(self) -> None:
        self._pending = array("H")

    def _row(self, x: int, y: int, count: int, colour: int) -> None:
        while count:
            self._make_room_for(x, y)
            length = len(self._pending)
            fits = count if y == self._y0 else min(count, self._x1 - x + 1)
            fits = min(fits, DIRECT_PIXELS_MAX - length)
            self._x1 = max(self._x1, x + fits - 1)
            self._add(fits, colour)
            x += fits
            count -= fits

    def _column(self, x: int, y: int, count: int, colour: int) -> None:
        while count:
            self._make_room_for(x, y)
            fits = min(count, DIRECT_PIXELS_MAX - len(self._pending)) if self._x0 == self._x1 else 1
            self._y1 = max(self._y1, y + fits - 1)
            self._add(fits, colour)
            y += fits
            count -= fits

    def _make_room_for(self, x: int, y: int) -> None:
        """Send what is there unless a pixel continues it, and let the rectangle reach that far.

        The device takes it for the next one if it has the right number in a rectangle that has grown to the right and
        down, whether or not there are pixels for all of that, and whether or not it is left of it.
        """
        if self._pending:
            x1, y1 = max(self._x1, x), max(self._y1, y)
            if (y - self._y0) * (x1 - self._x0 + 1) + x - self._x0 == len(self._pending):
                self._x1, self._y1 = x1, y1
                return
            self.update()
        self._x0 = self._x1 = x
        self._y0 = self._y1 = y

    def _add(self, count: int, colour: int) -> None:
        self._pending.extend(array("H", (colour & 0xFFFF,)) * count)
        if len(self._pending) == DIRECT_PIXELS_MAX:
            self.update()

    def _read(self, x: int, y: int) -> int:
        del x, y
        return 0


class BufferedScreen(Screen):
    """Colours in a frame buffer, which is as wide as the screen is at the moment."""

    def __init__(self, width: int, height: int, to_panel: ToPanel) -> None:
        super().__init__(width, height)
        self._to_panel = to_panel
        self._buffer = array("H", bytes(2 * width * height))
        self._changed: tuple[int, int, int, int] | None = None

    def update(self) -> None:
        """Send the smallest rectangle with everything that has been drawn."""
        if self._changed is not None:
            x0, y0, x1, y1 = self._changed
            self._changed = None
            part = array("H")
            for start in range(y0 * self.width, (y1 + 1) * self.width, self.width):
                part += self._buffer[start + x0 : start + x1 + 1]
            self._to_panel(x0, y0, x1, y1, part)

    def _forget(self) -> None:
        self._changed = None

    def _touch(self, x0: int, y0: int, x1: int, y1: int) -> None:
        if self._changed is not None:
            old = self._changed
            x0, y0, x1, y1 = min(x0, old[0]), min(y0, old[1]), max(x1, old[2]), max(y1, old[3])
        self._changed = (x0, y0, x1, y1)

    def _row(self, x: int, y: int, count: int, colour: int) -> None:
        start = y * self.width + x
        self._buffer[start : start + count] = array("H", (colour & 0xFFFF,)) * count
        self._touch(x, y, x + count - 1, y)

    def _column(self, x: int, y: int, count: int, colour: int) -> None:
        start = y * self.width + x
        end = start + count * self.width
        self._buffer[start : end : self.width] = array("H", (colour & 0xFFFF,)) * count
        self._touch(x, y, x, y + count - 1)

    def _read(self, x: int, y: int) -> int:
        return self._buffer[y * self.width + x]


class MonoScreen(Screen):
    """Two colours on a panel of ``glass_width`` times ``glass_height``; ``lit`` is the bit of what is not black."""

    def __init__(self, glass_width: int, glass_height: int, to_panel: ToPages, *, lit: int, orientation: int) -> None:
        self._glass_width = glass_width
        self._glass_height = glass_height
        self._to_panel = to_panel
        self._lit = lit
        self._buffer = bytearray(glass_width * glass_height // 8)
        self._orientation = orientation
        super().__init__(*mono_size(glass_width, glass_height, orientation))

    def update(self) -> None:
        """Send everything."""
        self._to_panel(bytes(self._buffer))

    def turn(self, orientation: int, width: int, height: int) -> None:
        """Draw in another direction from now on."""
        super().turn(orientation, width, height)
        self._orientation = orientation

    def _forget(self) -> None:
        """All of it leaves anyhow."""

    def _row(self, x: int, y: int, count: int, colour: int) -> None:
        for position in range(x, x + count):
            self._set(position, y, colour)

    def _column(self, x: int, y: int, count: int, colour: int) -> None:
        for position in range(y, y + count):
            self._set(x, position, colour)

    def _set(self, x: int, y: int, colour: int) -> None:
        if self._orientation == LANDSCAPE_FLIP:
            x, y = self._glass_width - 1 - x, self._glass_height - 1 - y
        elif self._orientation == PORTRAIT:
            x, y = y, self._glass_height - 1 - x
        elif self._orientation == PORTRAIT_FLIP:
            x, y = self._glass_width - 1 - y, x
        place, mask = x + y // 8 * self._glass_width, 1 << y % 8
        if place >= len(self._buffer):
            return  # an orientation that there is not; the device writes somewhere
        if bool(colour) == bool(self._lit):
            self._buffer[place] |= mask
        else:
            self._buffer[place] &= ~mask & 0xFF

    def _read(self, x: int, y: int) -> int:
        """Return what the device does: it takes two bytes of the buffer for a colour, where there are some."""
        place = 2 * (y * self.width + x)
        return int.from_bytes(self._buffer[place : place + 2], "big")


def mono_size(glass_width: int, glass_height: int, orientation: int) -> tuple[int, int]:
    """Return width and height of a display with two colours in an orientation."""
    if orientation in (LANDSCAPE, LANDSCAPE_FLIP):
        return glass_width, glass_height
    return glass_height, glass_width
