"""What the server has to offer, and how it is found in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simulator.errors import FormatError, UsageError
from simulator.firmware import Manifest, read_manifest
from simulator.ota_protocol import Firmware

IMAGE_PATTERN: Final = "*.bin"


class Catalogue:
    """Firmware by the ids it answers to; what is published later is newer."""

    def __init__(self) -> None:
        self._newest: dict[str, Firmware] = {}

    def publish(self, firmware: Firmware) -> None:
        """Offer ``firmware`` from now on to every board that asks for one of its ids."""
        for firmware_id in firmware.ids:
            self._newest[firmware_id] = firmware

    def newest(self, firmware_id: str) -> Firmware | None:
        """Return the newest firmware that answers to ``firmware_id``, or None."""
        return self._newest.get(firmware_id)

    @property
    def offers(self) -> list[Firmware]:
        """Everything that can still be asked for, in the order of publication."""
        return list({id(firmware): firmware for firmware in self._newest.values()}.values())


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
    return manifest, Firmware(ids=manifest.ids, commit=manifest.commit, image=image)
