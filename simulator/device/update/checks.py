"""Is this image wanted? Decided from its first bytes, before anything is erased."""

from __future__ import annotations

from typing import Final

from simulator.boards import Board
from simulator.device.update import UpdateRefusedError
from simulator.errors import FormatError
from simulator.firmware import Manifest
from simulator.firmware.manifest import MANIFEST_REACH_BYTES, leading_manifest
from simulator.formats.image import CHIP_ID_ESP32, HEADER_BYTES, IMAGE_MAGIC, ImageHeader

HEAD_BYTES: Final = MANIFEST_REACH_BYTES
"""How much of an image `check_head` wants to see."""
_COMMIT_SHOWN: Final = 12


def check_head(head: bytes, board: Board, installed: Manifest, *, refused_before: Manifest | None) -> Manifest:
    """Return the manifest of the image that begins with ``head``.

    ``installed`` is the running firmware, ``refused_before`` one that was started once and did not stay. Raises
    `UpdateRefusedError` if it is none for this board, or one that the board has, had, or gave up.
    """
    if len(head) < HEADER_BYTES or head[0] != IMAGE_MAGIC:
        raise UpdateRefusedError("this is no firmware image")
    if ImageHeader.from_bytes(head).chip_id != CHIP_ID_ESP32:
        raise UpdateRefusedError("this firmware is for another chip")
    try:
        manifest = leading_manifest(head)
    except FormatError as error:
        raise UpdateRefusedError(f"this firmware does not say what it is: {error}") from error
    if manifest is None:
        raise UpdateRefusedError("this firmware does not say what it is")
    if board.ota_firmware_id not in manifest.ids:
        raise UpdateRefusedError(f"this firmware is for {manifest.documented_id}, the board is {board.ota_firmware_id}")
    commit = manifest.commit[:_COMMIT_SHOWN]
    if manifest.commit == installed.commit:
        raise UpdateRefusedError(f"commit {commit} is installed already")
    if manifest.build_time < installed.build_time:
        raise UpdateRefusedError(f"commit {commit} is older than the installed firmware")
    if refused_before is not None and manifest.commit == refused_before.commit:
        raise UpdateRefusedError(f"commit {commit} was started before and did not confirm itself")
    return manifest


def check_size(size_bytes: int, slot_bytes: int) -> None:
    """Raise `UpdateRefusedError` unless an image of that size can be one, and fits."""
    if size_bytes < HEADER_BYTES:
        raise UpdateRefusedError(f"{size_bytes} bytes are no firmware")
    if size_bytes > slot_bytes:
        raise UpdateRefusedError(f"the firmware has {size_bytes} bytes, the slot {slot_bytes}")
