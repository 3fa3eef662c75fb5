"""What firmware is in an image, whoever built it: the twin, which left a manifest, or the makers of Lua RTOS."""

from __future__ import annotations

import dataclasses

from simulator.boards import Board
from simulator.errors import FormatError
from simulator.firmware.manifest import BOOT_OPTIONS, Manifest, ManifestError, ManifestFault, embedded_manifest
from simulator.firmware.recognition import app_name, recognise
from simulator.formats.image import AppImage


def read_manifest(image: bytes | AppImage, *, board: Board | None = None) -> Manifest:
    """Return the manifest of an image: the one in it, or the one that a real build of Lua RTOS amounts to.

    How a real build handles updates cannot be seen in it; that is taken from ``board``, the one that it is to run on.
    Raises `ImageError` if the bytes are no sound image, and `ManifestError` if it is one of something else.
    """
    parsed = image if isinstance(image, AppImage) else AppImage.from_bytes(image)
    manifest = embedded_manifest(parsed)
    if manifest is not None:
        return manifest
    recognition = recognise(parsed)
    if recognition is not None and board is not None:
        return dataclasses.replace(recognition.manifest, **{name: getattr(board, name) for name in BOOT_OPTIONS})
    if recognition is not None:
        return recognition.manifest
    raise ManifestError(f"the image is sound, but it is {app_name(parsed)}, no Lua RTOS", reason=ManifestFault.ABSENT)


def find_manifest(image: bytes | AppImage) -> Manifest | None:
    """Return the manifest of an image as `read_manifest` does; None if the bytes are no image or hold none."""
    try:
        return read_manifest(image)
    except FormatError:
        return None
