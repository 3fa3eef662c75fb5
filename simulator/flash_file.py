"""A flash chip as a file: raw bytes, as esptool reads and writes them. Written whole or not at all.

What a chip has endured cannot be read from it, so a flash file has no room for it. It is kept in a file of its own
beside the flash file, ``flash.bin.wear`` for ``flash.bin``: JSON, with the erase count of every sector that was ever
erased. No such file, nothing known; the dump of a real board has none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from simulator.errors import UsageError
from simulator.units import MIB, format_size

CHIP_SIZES: Final = tuple(megabytes * MIB for megabytes in (1, 2, 4, 8, 16))
"""Of the flash chips that an ESP32 boots from."""
SECTOR_BYTES: Final = 4096

_WEAR_FORMAT: Final = 1


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
    write_whole(path, data)


def wear_file(path: Path) -> Path:
    """Return where the wear of the chip in the flash file ``path`` is kept."""
    return path.with_name(path.name + ".wear")


def read_wear(path: Path, *, sector_count: int) -> list[int] | None:
    """Return how often each sector of the chip in the flash file ``path`` was erased; None if nobody knows.

    Raises `UsageError` if the file beside it is not ours, and OSError if it cannot be read.
    """
    beside = wear_file(path)
    try:
        text = beside.read_bytes()
    except FileNotFoundError:
        return None
    try:
        erased = {int(sector): int(count) for sector, count in json.loads(text)["erase_counts"].items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise UsageError(f"{beside} holds no erase counts ({error!r}); remove it to start anew") from error
    if not all(sector in range(sector_count) and 0 <= count < 1 << 32 for sector, count in erased.items()):
        raise UsageError(f"{beside} does not fit a chip of {sector_count} sectors; remove it to start anew")
    return [erased.get(sector, 0) for sector in range(sector_count)]


def write_wear(path: Path, erase_counts: Sequence[int]) -> None:
    """Keep the wear of the chip in the flash file ``path``, if there is any."""
    worn = {str(sector): count for sector, count in enumerate(erase_counts) if count}
    if worn or wear_file(path).exists():
        text = json.dumps({"format": _WEAR_FORMAT, "sector_bytes": SECTOR_BYTES, "erase_counts": worn}, indent=1)
        write_whole(wear_file(path), text.encode() + b"\n")


def write_whole(path: Path, data: bytes) -> None:
    """Put ``data`` into a file in one step: it is as before or has all of them. Raises OSError that names ``path``."""
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
