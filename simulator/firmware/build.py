"""Building firmware: from a manifest to the bytes that esptool, the bootloader and the update server accept.

An image has the shape of a real one: a read-only data segment with the app descriptor in front, code in flash on its
own cache page, and code and data that the bootloader copies to RAM. The contents are a stream derived from the
manifest, so two builds differ everywhere and the same build is the same bytes anywhere.
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from simulator.boards import Board
from simulator.boards.schema import Profile
from simulator.errors import UsageError
from simulator.firmware.manifest import Manifest
from simulator.formats.app_descriptor import AppDescriptor
from simulator.formats.image import Segment, SpiMode, SpiSpeed, build_image
from simulator.formats.memory_map import MMU_PAGE_BYTES
from simulator.signatures import SIGNATURE_SECTOR_BYTES, SIGNATURE_V1_BYTES, SigningKey
from simulator.units import KIB, MIB, format_size

DEFAULT_IMAGE_BYTES: Final = 1 * MIB
SMALLEST_IMAGE_BYTES: Final = 16 * KIB

FIRST_COMMIT: Final = "6b455df4965c2242754a80896562e254ba0ee528"
"""The newest commit of Lua RTOS, which a new board is built from."""
FIRST_BUILD_TIME: Final = 1669989664
"""Its date, 2 December 2022, in Unix seconds."""
_BUILD_INTERVAL_S: Final = 86_400

_IDF_VERSION: Final = "v4.0-dev-59-gcc9b06d4daa-dirty"
_PROJECT: Final = "lua_rtos"

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # C's __DATE__

_DROM_ADDRESS: Final = 0x3F400020  # where ESP-IDF's linker script puts the first data that is read through the cache
_IROM_ADDRESS: Final = 0x400D0020
_IRAM_ADDRESS: Final = 0x40080400
_DRAM_ADDRESS: Final = 0x3FFB0000
_IRAM_BYTES: Final = 8 * KIB
_DRAM_BYTES: Final = 2 * KIB
_OVERHEAD_BYTES: Final = 24 + 4 * 8 + 16 + 32  # header, segment headers, checksum block, digest

SPI_MODES: Final = {"qio": SpiMode.QIO, "qout": SpiMode.QOUT, "dio": SpiMode.DIO, "dout": SpiMode.DOUT}
SPI_SPEEDS: Final = {
    "40m": SpiSpeed.MHZ_40,
    "26m": SpiSpeed.MHZ_26,
    "20m": SpiSpeed.MHZ_20,
    "80m": SpiSpeed.MHZ_80,
}


def first_manifest(board: Board, *, profile: Profile | None = None) -> Manifest:
    """Return the manifest of the firmware that a new ``board`` is manufactured with.

    It has the board's profile, unless another is asked for.
    """
    manifest = Manifest.of(board, commit=FIRST_COMMIT, build_time=FIRST_BUILD_TIME)
    return manifest if profile is None else manifest.with_profile(profile)


def next_manifest(manifest: Manifest, *, profile: Profile | None = None) -> Manifest:
    """Return the manifest of the firmware after ``manifest``: built a day later, from a commit that follows from it.

    It has the same profile, unless another is asked for.
    """
    commit = hashlib.sha1(f"{manifest.commit} next".encode(), usedforsecurity=False).hexdigest()
    newer = dataclasses.replace(manifest, commit=commit, build_time=manifest.build_time + _BUILD_INTERVAL_S)
    return newer if profile is None else newer.with_profile(profile)


def build_for(
    board: Board,
    manifest: Manifest,
    *,
    size_bytes: int = DEFAULT_IMAGE_BYTES,
    secure_version: int | None = None,
    key: SigningKey | None = None,
) -> bytes:
    """Return the image of ``manifest`` with the flash settings of ``board``; the rest as `build_firmware`.

    ``secure_version`` over the board's own.
    """
    return build_firmware(
        manifest,
        size_bytes=size_bytes,
        flash_size_bytes=board.flash_size_bytes,
        flash_mode=board.flash_mode,
        flash_freq=board.flash_freq,
        secure_version=board.secure_version if secure_version is None else secure_version,
        key=key,
    )


@lru_cache(maxsize=64)
def build_firmware(
    manifest: Manifest,
    *,
    size_bytes: int = DEFAULT_IMAGE_BYTES,
    flash_size_bytes: int = 4 * MIB,
    flash_mode: str = "dio",
    flash_freq: str = "40m",
    secure_version: int = 0,
    key: SigningKey | None = None,
) -> bytes:
    """Return the image of ``manifest``, at most ``size_bytes`` long and at most 16 bytes shorter.

    With a ``key`` it is signed, and the signature is part of its size: of secure boot v2 it takes a whole sector.
    Raises `UsageError` if the size is less than `SMALLEST_IMAGE_BYTES`. Built once a process for the same arguments.
    """
    if size_bytes < SMALLEST_IMAGE_BYTES:
        raise UsageError(
            f"an image of {format_size(size_bytes)} is too small; the smallest has {format_size(SMALLEST_IMAGE_BYTES)}"
        )
    if key is not None:
        size_bytes = _unsigned_bytes(size_bytes, key)
    built = datetime.fromtimestamp(manifest.build_time, UTC)
    identity = manifest.to_bytes()
    descriptor = AppDescriptor(
        secure_version=secure_version,
        version=manifest.commit[:12],
        project_name=_PROJECT,
        time=f"{built:%H:%M:%S}",
        date=f"{_MONTHS[built.month - 1]} {built.day:2} {built.year}",
        idf_ver=_IDF_VERSION,
        app_elf_sha256=hashlib.sha256(identity).digest(),
    )
    head = descriptor.to_bytes() + identity
    room = size_bytes - _OVERHEAD_BYTES - _IRAM_BYTES - _DRAM_BYTES
    stream = hashlib.shake_128(identity).digest(size_bytes)
    if room > 3 * MMU_PAGE_BYTES:
        # The data ends where the next cache page begins, so that the code needs no padding segment.
        drom_bytes = (room // 3) // MMU_PAGE_BYTES * MMU_PAGE_BYTES + MMU_PAGE_BYTES - 8
        mapped = [
            Segment(_DROM_ADDRESS, head + stream[len(head) : drom_bytes]),
            Segment(_IROM_ADDRESS, stream[drom_bytes : room & ~3]),
        ]
    else:
        mapped = [Segment(_DROM_ADDRESS, head + stream[len(head) : room & ~3])]
    loaded = [
        Segment(_DRAM_ADDRESS, stream[room & ~3 :][:_DRAM_BYTES]),
        Segment(_IRAM_ADDRESS, stream[(room & ~3) + _DRAM_BYTES :][:_IRAM_BYTES]),
    ]
    image = build_image(
        mapped + loaded,
        entry=_IRAM_ADDRESS,
        spi_mode=SPI_MODES[flash_mode],
        spi_speed=SPI_SPEEDS[flash_freq],
        flash_size=flash_size_bytes,
    )
    return image if key is None else key.sign(image)


def _unsigned_bytes(size_bytes: int, key: SigningKey) -> int:
    """Return how long an image may be so that it has ``size_bytes`` when it is signed."""
    if key.scheme == "v1":
        return size_bytes - SIGNATURE_V1_BYTES
    return size_bytes // SIGNATURE_SECTOR_BYTES * SIGNATURE_SECTOR_BYTES - SIGNATURE_SECTOR_BYTES
