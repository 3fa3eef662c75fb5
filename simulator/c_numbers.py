"""Numbers of C where they differ from Python's: whole ones of so many bits, and what Python raises for.

``double`` is Python's ``float``; ``float`` is the result of an operation rounded to 32 bits.
"""

from __future__ import annotations

import math
import struct
from typing import Final

_SINGLE: Final = struct.Struct("f")


def int8(value: int) -> int:
    """Return the low 8 bits as a number with a sign."""
    return (value + 0x80 & 0xFF) - 0x80


def int16(value: int) -> int:
    """Return the low 16 bits as a number with a sign."""
    return (value + 0x8000 & 0xFFFF) - 0x8000


def int32(value: int) -> int:
    """Return the low 32 bits as a number with a sign."""
    return (value + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000


def quotient(dividend: int, divisor: int) -> int:
    """Return the quotient without its fraction."""
    magnitude = abs(dividend) // abs(divisor)
    return magnitude if (dividend < 0) == (divisor < 0) else -magnitude


def single(value: float) -> float:
    """Return ``value`` as a C ``float`` holds it."""
    try:
        rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


def round_half_away(value: float) -> float:
    """Return ``round(value)``: halves go away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value) if math.isfinite(value) else value


def round_single(value: float) -> float:
    """Return what ``roundf`` makes of ``value``."""
    return round_half_away(single(value))


def rounded(value: float, decimals: int) -> float:
    """Return what ``roundf(scale * value) / scale`` leaves in a C ``float``."""
    scale = 10**decimals
    return single(round_single(scale * value) / scale)


def divided(dividend: float, divisor: float) -> float:
    """Return the quotient, which by zero is infinite or no number."""
    if divisor:
        return dividend / divisor
    return math.nan if not dividend or math.isnan(dividend) else math.copysign(math.inf, dividend)


def power(base: float, exponent: float) -> float:
    """Return ``pow(base, exponent)`` for an exponent that is no whole number."""
    if base < 0:
        return math.nan
    if not base:
        return math.inf if exponent < 0 else 0.0
    return float(base**exponent)


def logarithm(value: float) -> float:
    """Return ``log(value)``."""
    if value > 0:
        return math.log(value)
    return math.nan if value < 0 or math.isnan(value) else -math.inf


def whole(value: float) -> int:
    """Return ``(int) value``; what does not fit is the nearest that does."""
    return 0 if math.isnan(value) else int(min(max(value, -(2**31)), 2**31 - 1))
