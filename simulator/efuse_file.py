"""The eFuses of a chip as a file: what esptool's ``espefuse --virt --path-efuse-file`` reads and writes.

A board's flash file is without them, so they are in a file of their own: ``flash.bin.efuse`` beside ``flash.bin``,
unless another is named. There is one as soon as something was burned; before that a chip has its MAC address from the
seed.
"""

from __future__ import annotations

from pathlib import Path

from simulator.efuses import Efuses
from simulator.errors import FormatError, UsageError
from simulator.flash_file import write_whole


def efuse_file(flash_file: Path) -> Path:
    """Return where the eFuses are kept of the chip whose flash is in ``flash_file``."""
    return flash_file.with_name(flash_file.name + ".efuse")


def read_efuse_file(path: Path) -> Efuses:
    """Return the eFuses in a file. Raises `UsageError` if they are none, and OSError if it cannot be read."""
    try:
        return Efuses.from_bytes(path.read_bytes())
    except FormatError as error:
        raise UsageError(f"{path}: {error}") from error


def efuses_beside(flash_file: Path) -> Efuses | None:
    """Return the eFuses that are kept beside a flash file; None if none are."""
    path = efuse_file(flash_file)
    return read_efuse_file(path) if path.exists() else None


def write_efuse_file(path: Path, efuses: Efuses) -> None:
    """Put eFuses into a file, which keeps what it had if that fails or is interrupted. Raises OSError."""
    write_whole(path, efuses.to_bytes())
