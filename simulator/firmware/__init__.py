"""Firmware images of the twin: valid ESP32 images whose manifest tells the twin what to be.

Knows what goes into an image and how to find it there again; does not know slots, boot decisions or servers. esptool
and the bootloader see an ordinary image of Lua RTOS. Read `manifest` first, then `build`.
"""

from __future__ import annotations

from simulator.firmware.build import (
    DEFAULT_IMAGE_BYTES,
    SMALLEST_IMAGE_BYTES,
    build_firmware,
    build_for,
    first_manifest,
    next_manifest,
)
from simulator.firmware.manifest import Manifest, ManifestError, find_manifest, read_manifest

__all__ = [
    "DEFAULT_IMAGE_BYTES",
    "SMALLEST_IMAGE_BYTES",
    "Manifest",
    "ManifestError",
    "build_firmware",
    "build_for",
    "find_manifest",
    "first_manifest",
    "next_manifest",
    "read_manifest",
]
