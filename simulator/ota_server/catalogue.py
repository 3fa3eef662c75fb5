"""Reading firmware from files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simulator.errors import FormatError, UsageError
from simulator.firmware import read_manifest
from simulator.ota_protocol import Firmware

IMAGE_PATTERN: Final = "*.bin"


def read_firmware(path: Path) -> Firmware:
    """Return the firmware in the file ``path``. Raises `UsageError` if it is no Lua RTOS, or not readable."""
    return read_dated(path)[1]


def read_dated(path: Path) -> tuple[int, Firmware]:
    """Return when a firmware was built (Unix seconds), and the firmware. Raises `UsageError` as `read_firmware`."""
    try:
        image = path.read_bytes()
        manifest = read_manifest(image)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except FormatError as error:
        raise UsageError(f"{path}: {error}") from error
    return manifest.build_time, Firmware.of(manifest, image)
