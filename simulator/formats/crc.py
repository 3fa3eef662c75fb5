"""The CRC-32 of the ESP32's mask ROM, as otadata and NVS use it.

Reflected polynomial 0xEDB88320. The ROM function complements its first argument on entry and its result on exit,
and ESP-IDF passes 0xFFFFFFFF (``bootloader_common.c``, ``nvs_flash/src/nvs_types.cpp``), so the register starts at
zero: that is *not* the CRC-32 of zip files.
"""

from __future__ import annotations

import zlib


def rom_crc32(data: bytes) -> int:
    """Return ``crc32_le(UINT32_MAX, data)`` of the mask ROM."""
    return zlib.crc32(data, 0xFFFFFFFF)
