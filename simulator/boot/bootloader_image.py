"""The bootloader's own image, for a board that leaves the factory.

The twin's bootloader is `simulator.boot.bootloader`, not the code in this image. But the image must be there and be
sound: the ROM checks it and prints its segments, esptool shows it, and its header is where the flash settings come
from. It has the segments of a typical build; their contents are the text that a real one would print, and filler.

A real bootloader has its options compiled in. Ours are written behind the text, so that what a flash does is decided
by what lies in it, whatever board file it is used with later. Little-endian, -1 for a pin that is not used::

     0                16              24      25        26        27      28       29       30        94
    +----------------+---------------+-------+---------+---------+-------+--------+--------+---------+-------------+
    | "LUATWIN-BOOT" | revision (8), | flags | secure  | factory | test  | hold   | secure | key of  | labels that |
    | NUL padded     | NUL padded    |       | version | reset   | app   | time   | boot   | v1 (64) | are erased  |
    |                |               |       | bits    | pin     | pin   | in s   | scheme |         | (64)        |
    +----------------+---------------+-------+---------+---------+-------+--------+--------+---------+-------------+
"""

from __future__ import annotations

import hashlib
import struct
from enum import IntFlag
from typing import Final

from simulator.boards.schema import FactoryReset
from simulator.boot.config import BootConfig, SecureBoot
from simulator.boot.revision import REVISIONS
from simulator.formats.image import HEADER_BYTES, SEGMENT_HEADER_BYTES, Segment, SpiMode, SpiSpeed, build_image
from simulator.signatures import PUBLIC_KEY_BYTES, SIGNATURE_SECTOR_BYTES, SigningKey, VerificationKey

BOOTLOADER_OFFSET: Final = 0x1000
BOOTLOADER_AREA_BYTES: Final = 0x7000
"""From the bootloader's offset to the partition table."""

LABELS_BYTES_MAX: Final = 64
"""How many bytes of labels to erase the options hold."""

_OPTIONS: Final = struct.Struct(f"<16s8sBBbbBB{PUBLIC_KEY_BYTES}s{LABELS_BYTES_MAX}s")
_MARKER: Final = b"LUATWIN-BOOT\0\0\0\0"
_SCHEMES: Final = (None, "v1", "v2")
_DEFAULT: Final = BootConfig()
_OVERHEAD_BYTES: Final = HEADER_BYTES + 16 * SEGMENT_HEADER_BYTES + 16 + 32


class _Flag(IntFlag):
    ROLLBACK = 1
    ANTI_ROLLBACK = 2
    ERASES_OTADATA = 4


def build_bootloader_image(
    config: BootConfig = _DEFAULT,
    *,
    spi_mode: SpiMode = SpiMode.DIO,
    spi_speed: SpiSpeed = SpiSpeed.MHZ_40,
    flash_size: int = 4 << 20,
    key: SigningKey | None = None,
) -> bytes:
    """Return the image to flash at 0x1000, signed with ``key`` if it is for secure boot v2.

    ``flash_size`` in bytes. The same arguments give the same bytes.
    """
    revision = config.revision
    text = f"ESP-IDF {revision.version} 2nd stage bootloader\0".encode() + _pack(config)
    lengths = [length for _, length in revision.segments]
    is_signed = config.secure_boot is not None and config.secure_boot.scheme == "v2"
    if is_signed:
        # Whoever enables it has to make room for the signature: by a lower log level, which leaves out texts.
        longest = max(range(len(lengths)), key=lengths.__getitem__)
        room = BOOTLOADER_AREA_BYTES - SIGNATURE_SECTOR_BYTES - _OVERHEAD_BYTES
        lengths[longest] -= max(0, sum(lengths) - room & ~3) + 4
    filler = hashlib.shake_128(text).digest(sum(lengths))
    segments: list[Segment] = []
    position = 0
    for (load_address, _), length in zip(revision.segments, lengths, strict=True):
        data = filler[position : position + length]
        if length > len(text) and text:
            data = text + data[len(text) :]
            text = b""
        segments.append(Segment(load_address, data))
        position += length
    image = build_image(segments, entry=revision.entry, spi_mode=spi_mode, spi_speed=spi_speed, flash_size=flash_size)
    return image if key is None or not is_signed else key.sign(image)


def find_boot_config(flash: bytes | bytearray | memoryview) -> BootConfig | None:
    """Return the options of the bootloader in a whole flash, None if it is none of ours."""
    return boot_config_of(bytes(flash[BOOTLOADER_OFFSET : BOOTLOADER_OFFSET + BOOTLOADER_AREA_BYTES]))


def boot_config_of(area: bytes) -> BootConfig | None:
    """Return the options of the bootloader in ``area``, its place in flash; None if it is none of ours."""
    start = area.find(_MARKER)
    if start < 0 or len(area) - start < _OPTIONS.size:
        return None
    return _unpack(area[start : start + _OPTIONS.size])


def _pack(config: BootConfig) -> bytes:
    reset, secure_boot = config.factory_reset, config.secure_boot
    flags = _Flag.ROLLBACK * config.rollback | _Flag.ANTI_ROLLBACK * config.anti_rollback
    if reset is not None and reset.erases_otadata:
        flags |= _Flag.ERASES_OTADATA
    return _OPTIONS.pack(
        _MARKER,
        config.revision.name.encode(),
        flags,
        config.secure_version_bits,
        -1 if reset is None else reset.pin,
        -1 if config.test_app_pin is None else config.test_app_pin,
        config.hold_s,
        0 if secure_boot is None else _SCHEMES.index(secure_boot.scheme),
        b"" if secure_boot is None or secure_boot.key is None else secure_boot.key.data,
        b"" if reset is None else reset.labels.encode(),
    )


def _unpack(data: bytes) -> BootConfig | None:
    _, name, flags, bits, reset_pin, test_pin, hold_s, scheme, key, labels = _OPTIONS.unpack(data)
    revision = REVISIONS.get(name.rstrip(b"\0").decode("latin-1"))
    if revision is None or bits > 32 or scheme >= len(_SCHEMES):
        return None
    factory_reset = secure_boot = None
    if reset_pin >= 0:
        factory_reset = FactoryReset(
            pin=reset_pin,
            labels=labels.rstrip(b"\0").decode("latin-1"),
            erases_otadata=bool(flags & _Flag.ERASES_OTADATA),
        )
    if scheme:
        secure_boot = SecureBoot(key=VerificationKey("v1", key) if _SCHEMES[scheme] == "v1" else None)
    return BootConfig(
        revision=revision,
        rollback=bool(flags & _Flag.ROLLBACK),
        anti_rollback=bool(flags & _Flag.ANTI_ROLLBACK),
        secure_version_bits=bits,
        factory_reset=factory_reset,
        test_app_pin=test_pin if test_pin >= 0 else None,
        hold_s=hold_s,
        secure_boot=secure_boot,
    )
