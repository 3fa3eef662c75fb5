"""The glass of a colour display: what a controller has in its memory, and what can be seen of it."""

from __future__ import annotations

from array import array
from sys import byteorder

from simulator.graphics.picture import Picture
from simulator.graphics.screen import PORTRAIT


class Panel:
    """A panel of 16-bit colours, which a firmware addresses in the orientation that it has chosen.

    What is on the glass stays where it is when another orientation is chosen; the picture shows the panel upright.
    """

    def __init__(self) -> None:
        self.width = 0
        self.height = 0
        self.is_on = True
        self.is_inverted = False
        self._orientation = PORTRAIT
        self._memory = array("H")

    def start(self, orientation: int, width: int, height: int) -> None:
        """Begin, all black."""
        self.width, self.height = width, height
        self.is_on, self.is_inverted = True, False
        self._orientation = orientation & 3
        self._memory = array("H", bytes(2 * width * height))

    def write(self, x0: int, y0: int, x1: int, y1: int, colours: array[int]) -> None:
        """Write colours row by row into a window, whose corners are part of it."""
        width, memory = x1 - x0 + 1, self._memory
        place = y0 * self.width + x0
        for start in range(0, len(colours), width):
            row = colours[start : start + width]
            memory[place : place + len(row)] = row
            place += self.width

    def turn(self, orientation: int) -> None:
        """Address the panel in another orientation from now on."""
        for _ in range((orientation - self._orientation) & 3):
            width = self.width
            turned = array("H")
            for column in range(width - 1, -1, -1):
                turned += self._memory[column::width]
            self._memory, self.width, self.height = turned, self.height, width
        self._orientation = orientation & 3

    def picture(self) -> Picture:
        """Return what can be seen."""
        pixels = array("H", self._memory)
        if not self.is_on:
            pixels = array("H", bytes(2 * len(pixels)))
        elif self.is_inverted:
            pixels = array("H", [colour ^ 0xFFFF for colour in pixels])
        if byteorder == "little":
            pixels.byteswap()
        return Picture(self.width, self.height, "rgb565", pixels.tobytes())


class MonoPanel:
    """A panel of two colours: eight rows to a byte, low bit on top. ``lit`` is the bit of a bright pixel."""

    def __init__(self, width: int, height: int, *, lit: int = 1) -> None:
        self.width = width
        self.height = height
        self.is_on = True
        self.is_inverted = False
        self.is_mirrored = False
        self.is_upside_down = False
        self.memory = bytearray(width * height // 8)
        self._lit = lit

    def picture(self) -> Picture:
        """Return what can be seen. A panel that is off shows what it shows for zeros."""
        width = self.width
        pixels = bytearray()
        for y in range(self.height):
            row = self.memory[y // 8 * width : (y // 8 + 1) * width]
            bits = bytes([byte >> y % 8 & 1 for byte in row]) if self.is_on else bytes(width)
            pixels += bits[::-1] if self.is_mirrored else bits
        if self.is_upside_down:
            pixels = bytearray().join(pixels[start : start + width] for start in range(len(pixels) - width, -1, -width))
        dark = (1 - self._lit) ^ (self.is_on and self.is_inverted)
        return Picture(width, self.height, "mono", bytes([bit ^ dark for bit in pixels]))
