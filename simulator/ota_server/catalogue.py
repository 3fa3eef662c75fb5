"""Reading firmware from files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simulator.errors import FormatError, UsageError
from simulator.firmware import Manifest, read_manifest
from simulator.ota_protocol import Catalogue, Firmware

IMAGE_PATTERN: Final = "*.bin"


def read_firmware(path: Path) -> Firmware:
    """Return the firmware in the file ``path``. Raises `UsageError` if it is none of the twin's, or not readable."""
    return _read(path)[1]


def read_folder(folder: Path) -> Catalogue:
    """Return a catalogue of the images (`IMAGE_PATTERN`) in ``folder``; the one built last is the newest.

    Raises `UsageError` if there is no folder, no image, or an image that is none of the twin's.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    found = [(path.name, *_read(path)) for path in folder.glob(IMAGE_PATTERN)]
    if not found:
        raise UsageError(f"there is no firmware ({IMAGE_PATTERN}) in {folder}; 'luatwin image build' makes one")
    catalogue = Catalogue()
    for _, _, firmware in sorted(found, key=lambda entry: (entry[1].build_time, entry[0])):
        catalogue.publish(firmware)
    return catalogue


def _read(path: Path) -> tuple[Manifest, Firmware]:
    try:
        image = path.read_bytes()
        manifest = read_manifest(image)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except FormatError as error:
        raise UsageError(f"{path}: {error}") from error
    return manifest, Firmware.of(manifest, image)
