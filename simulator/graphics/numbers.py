"""Numbers of C where they differ from Python's."""

from __future__ import annotations

import struct
from typing import Final

_SINGLE: Final = struct.Struct("f")


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
    """Return the number of single precision that is nearest."""
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded
