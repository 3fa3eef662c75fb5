"""The ESP32's address space, as far as it decides what becomes of an image's segments.

Limits are those of ``soc/esp32/include/soc/soc.h``; every range excludes its end.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

DROM: Final = range(0x3F400000, 0x3F800000)
"""Data read through the flash cache."""
DRAM: Final = range(0x3FFAE000, 0x40000000)
IRAM: Final = range(0x40080000, 0x400AA000)
IROM: Final = range(0x400D0000, 0x40400000)
"""Code run through the flash cache."""
RTC_FAST_CODE: Final = range(0x400C0000, 0x400C2000)
RTC_FAST_DATA: Final = range(0x3FF80000, 0x3FF82000)
RTC_SLOW: Final = range(0x50000000, 0x50002000)
NOT_LOADED: Final = range(0x10000000)
"""Reserved load addresses: 0 marks padding, nothing here is ever copied (``should_load`` in ``esp_image_format.c``)."""

MMU_PAGE_BYTES: Final = 0x10000
"""The cache maps flash in pages of this size, so a mapped segment keeps its address modulo this."""


class LoadKind(Enum):
    """What the bootloader does with a segment."""

    MAP = "map"
    LOAD = "load"
    LOAD_RTC = "load unless the chip wakes from deep sleep"
    SKIP = ""


def load_kind(load_address: int) -> LoadKind:
    """Return what the bootloader does with a segment for ``load_address``."""
    if load_address in DROM or load_address in IROM:
        return LoadKind.MAP
    if load_address in NOT_LOADED:
        return LoadKind.SKIP
    if load_address in RTC_SLOW or load_address in RTC_FAST_CODE or load_address in RTC_FAST_DATA:
        return LoadKind.LOAD_RTC
    return LoadKind.LOAD
