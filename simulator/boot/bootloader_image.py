"""The bootloader's own image, for a board that leaves the factory.

The twin's bootloader is `simulator.boot.bootloader`, not the code in this image. But the image must be there and be
sound: the ROM checks it and prints its segments, esptool shows it, and its header is where the flash settings come
from. It has the segments of a typical build; their contents are the text that a real one would print, and filler.
"""

from __future__ import annotations

import hashlib
from typing import Final

from simulator.boot.revision import V4_0, Revision
from simulator.formats.image import Segment, SpiMode, SpiSpeed, build_image

BOOTLOADER_OFFSET: Final = 0x1000
BOOTLOADER_AREA_BYTES: Final = 0x7000
"""From the bootloader's offset to the partition table."""


def build_bootloader_image(
    *,
    spi_mode: SpiMode = SpiMode.DIO,
    spi_speed: SpiSpeed = SpiSpeed.MHZ_40,
    flash_size: int = 4 << 20,
    revision: Revision = V4_0,
) -> bytes:
    """Return the image to flash at 0x1000. ``flash_size`` in bytes. The same arguments give the same bytes."""
    banner = f"ESP-IDF {revision.version} 2nd stage bootloader\0".encode()
    filler = hashlib.shake_128(banner).digest(sum(length for _, length in revision.segments))
    segments: list[Segment] = []
    position = 0
    for load_address, length in revision.segments:
        data = filler[position : position + length]
        if length > len(banner) and banner:
            data = banner + data[len(banner) :]
            banner = b""
        segments.append(Segment(load_address, data))
        position += length
    return build_image(segments, entry=revision.entry, spi_mode=spi_mode, spi_speed=spi_speed, flash_size=flash_size)
