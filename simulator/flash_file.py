"""A flash chip as a file: raw bytes, as esptool reads and writes them. Written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from simulator.errors import UsageError
from simulator.units import MIB, format_size

CHIP_SIZES: Final = tuple(megabytes * MIB for megabytes in (1, 2, 4, 8, 16))
"""Of the flash chips that an ESP32 boots from."""


def read_flash_file(path: Path, *, size_bytes: int | None = None) -> bytes:
    """Return the contents of a flash file.

    Raises `UsageError` if it has not ``size_bytes``, or not the size of any chip, and OSError if it cannot be read.
    """
    data = path.read_bytes()
    if len(data) not in CHIP_SIZES or size_bytes not in (None, len(data)):
        wanted = [format_size(size) for size in (CHIP_SIZES if size_bytes is None else (size_bytes,))]
        raise UsageError(f"{path}: {len(data)} bytes are no flash file; it has to have {' or '.join(wanted)}")
    return data


def write_flash_file(path: Path, data: bytes) -> None:
    """Put ``data`` into the file at ``path``, which keeps what it had if that fails or is interrupted.

    Raises OSError that names ``path``.
    """
    path = path.resolve()
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        if path.exists():
            fresh.chmod(path.stat().st_mode)
        fresh.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        fresh.unlink(missing_ok=True)
