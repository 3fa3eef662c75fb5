"""Digits of seven bars (``components/gdisplay/fonts/bcd.c``)."""

from __future__ import annotations

from typing import Final

from simulator.graphics.screen import Screen
from simulator.graphics.shapes import rectangle, triangle

_FIRST: Final = ord("-")
_DIGITS: Final = (0x200, 0x080, 0x06C, 0x05F, 0x005, 0x076, 0x075, 0x02D, 0x079, 0x07B, 0x045, 0x07F, 0x07D, 0x900)
"""The bars of ``-./0123456789:``; a slash looks like a degree sign."""

_UPRIGHT: Final = ((0x001, 1, 1), (0x002, 0, 1), (0x004, 1, 0), (0x008, 0, 0))
"""Bit of an upright bar, and whether it is on the right and below."""
_LYING: Final = ((0x010, 2), (0x020, 1), (0x040, 0))
"""Bit of a lying bar, and how far down it is."""
_POINT, _LOWER_POINT, _MINUS, _UPPER_POINT = 0x080, 0x100, 0x200, 0x800


def draw_digit(
    screen: Screen, x: int, y: int, code: int, width: int, length: int, colour: int, background: int | None
) -> None:
    """Draw a character; ``width`` is half of a bar's, ``length`` that of its middle. Others than those draw nothing.

    What is there is drawn twice, as on the device.
    """
    if not 0 <= code - _FIRST < len(_DIGITS):
        return
    bars = _DIGITS[code - _FIRST]
    thick = 2 * width + 1
    distance = thick + length
    middle = x + distance // 2
    lower = (middle, y + distance + thick, thick, length // 2)
    upper = (middle, y + thick + length // 2, thick, length // 2)
    screen.begin()
    if background is not None:
        rectangle(screen, x, y, 2 * thick + length, 3 * thick + 2 * length, background, background)
    for is_first in (True, False):
        for bit, right, below in _UPRIGHT:
            if bars & bit:
                _draw_upright(screen, x + right * distance, y + below * distance, width, length, colour)
        for bit, down in _LYING:
            if bars & bit:
                _draw_lying(screen, x, y + down * distance, width, length, colour)
        if not is_first and bars & _POINT:
            rectangle(screen, middle, y + 2 * distance, thick, thick, colour, colour)
        if bars & _LOWER_POINT:
            rectangle(screen, *lower, colour, colour)
        if bars & _UPPER_POINT:
            rectangle(screen, *upper, colour, colour)
    if bars & _MINUS:
        rectangle(screen, x + thick, y + distance, length, thick, colour, colour)
    screen.end()


def _draw_upright(screen: Screen, x: int, y: int, width: int, length: int, colour: int) -> None:
    """Draw a bar with two tips."""
    left, tip, right = x + 1, x + width, x + 2 * width - 1
    screen.begin()
    upper, lower = y + 2 * width, y + 2 * width + length + 1
    triangle(screen, left, upper, tip, upper - width + 1, right, upper, colour, colour)
    triangle(screen, left, lower, tip, lower + width - 1, right, lower, colour, colour)
    rectangle(screen, x, upper + 1, 2 * width + 1, length, colour, colour)
    screen.end()


def _draw_lying(screen: Screen, x: int, y: int, width: int, length: int, colour: int) -> None:
    """Draw a bar with two tips."""
    top, tip, bottom = y + 1, y + width, y + 2 * width - 1
    screen.begin()
    left, right = x + 2 * width, x + 2 * width + length + 1
    triangle(screen, left, bottom, left - width + 1, tip, left, top, colour, colour)
    triangle(screen, right, bottom, right + width - 1, tip, right, top, colour, colour)
    rectangle(screen, left + 1, y, length, 2 * width + 1, colour, colour)
    screen.end()
