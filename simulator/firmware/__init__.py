"""Firmware images: valid ESP32 images whose manifest tells the twin what to be, and those of the real Lua RTOS.

Knows what goes into an image, how to find it there again, and how to recognise what others built; does not know slots,
boot decisions or servers. esptool and the bootloader see an ordinary image of Lua RTOS. Read `manifest` first, then
`build`; `identity` is what others ask.
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
from simulator.firmware.identity import find_manifest, read_manifest
from simulator.firmware.manifest import Manifest, ManifestError, embedded_manifest
from simulator.firmware.recognition import Recognition, app_name, recognise

__all__ = [
    "DEFAULT_IMAGE_BYTES",
    "SMALLEST_IMAGE_BYTES",
    "Manifest",
    "ManifestError",
    "Recognition",
    "app_name",
    "build_firmware",
    "build_for",
    "embedded_manifest",
    "find_manifest",
    "first_manifest",
    "next_manifest",
    "read_manifest",
    "recognise",
]
