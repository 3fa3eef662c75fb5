"""Colours of 16 bits (``components/gdisplay/gdisplay.c``)."""

from __future__ import annotations

from simulator.c_numbers import single


def from_rgb(red: int, green: int, blue: int) -> int:
    """Return the colour of three numbers from 0 to 255, of which the high bits count."""
    return red >> 3 << 11 | green >> 2 << 5 | blue >> 3


def from_hsb(hue: float, saturation: float, brightness: float) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a hue in degrees, and saturation and brightness up to 1.

    A hue out of range is black.
    """
    if saturation == 0:
        parts = (brightness, brightness, brightness)
    else:
        sector = (0.0 if hue == 360 else hue) / 60
        index = int(sector)
        rest = single(sector - index)
        low = single(brightness * (1 - saturation))
        falling = single(brightness * (1 - saturation * rest))
        rising = single(brightness * (1 - saturation * (1 - rest)))
        parts = {
            0: (brightness, rising, low),
            1: (falling, brightness, low),
            2: (low, brightness, rising),
            3: (low, falling, brightness),
            4: (rising, low, brightness),
            5: (brightness, low, falling),
        }.get(index, (0.0, 0.0, 0.0))
    red, green, blue = (int(max(part, 0.0) * 255) & 0xFF for part in parts)
    return red, green, blue
