"""Numbers in texts as the C library of the device reads them, whose ``long`` has 32 bits."""

from __future__ import annotations

import re
from typing import Final

LONG_MAX: Final = 0x7FFF_FFFF

_DECIMAL: Final = re.compile(rb"[ \t\n\v\f\r]*([+-]?\d+)")


def leading_integer(data: bytes) -> tuple[int, int]:
    """Return the number that ``data`` begins with (``strtol``), and how many bytes were read; 0 and 0 if it is none."""
    found = _DECIMAL.match(data)
    if not found:
        return 0, 0
    return max(-LONG_MAX - 1, min(LONG_MAX, int(found[1]))), found.end()
