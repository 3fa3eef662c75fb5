"""What firmware is in an image, whoever built it: the twin, which left a manifest, or the makers of Lua RTOS."""

from __future__ import annotations

from simulator.errors import FormatError
from simulator.firmware.manifest import Manifest, ManifestError, ManifestFault, embedded_manifest
from simulator.firmware.recognition import app_name, recognise
from simulator.formats.image import AppImage


def read_manifest(image: bytes | AppImage) -> Manifest:
    """Return the manifest of an image: the one in it, or the one that a real build of Lua RTOS amounts to.

    Raises `ImageError` if the bytes are no sound image, and `ManifestError` if it is one of something else.
    """
    parsed = image if isinstance(image, AppImage) else AppImage.from_bytes(image)
    manifest = embedded_manifest(parsed)
    if manifest is not None:
        return manifest
    recognition = recognise(parsed)
    if recognition is not None:
        return recognition.manifest
    raise ManifestError(f"the image is sound, but it is {app_name(parsed)}, no Lua RTOS", reason=ManifestFault.ABSENT)


def find_manifest(image: bytes | AppImage) -> Manifest | None:
    """Return the manifest of an image as `read_manifest` does; None if the bytes are no image or hold none."""
    try:
        return read_manifest(image)
    except FormatError:
        return None
