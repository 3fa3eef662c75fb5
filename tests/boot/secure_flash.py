"""Chips for the tests of secure boot: everything on them signed, nothing burned yet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from simulator.boot import V4_0, V5_2, BootConfig, Esp32, Revision, SecureBoot, build_bootloader_image
from simulator.flash import FlashChip
from simulator.formats import SelectEntry
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET
from simulator.signatures import SigningKey
from tests.boot.two_slots import WITHOUT_FACTORY, make_chip, small_image

Entries = tuple[SelectEntry | None, SelectEntry | None]


def config_for(key: SigningKey, revision: Revision | None = None, **options: object) -> BootConfig:
    """Return a bootloader that trusts ``key`` (v1), or the one that it is signed with (v2, ESP-IDF v5.2)."""
    is_v1 = key.scheme == "v1"
    return BootConfig(
        revision=revision or (V4_0 if is_v1 else V5_2),
        secure_boot=SecureBoot(key=key.public if is_v1 else None),
        **options,  # type: ignore[arg-type]
    )


def secure_chip(
    key: SigningKey,
    images: Mapping[str, bytes] | None = None,
    otadata: Entries = (None, None),
    *,
    config: BootConfig | None = None,
) -> FlashChip:
    """Return a chip with bootloader, table and images, signed with ``key``; ``images`` are as given."""
    labels = [partition.label for partition in WITHOUT_FACTORY.app_partitions]
    contents = images or {label: signed(key, small_image(label)) for label in labels}
    chip = make_chip(WITHOUT_FACTORY, contents, otadata, bootloader=_bootloader(key, config or config_for(key)))
    if key.scheme == "v1":
        table = WITHOUT_FACTORY.to_bytes()
        chip.program(TABLE_OFFSET + TABLE_BYTES, signed(key, table)[TABLE_BYTES:])
    chip.take_busy_ns()
    return chip


@cache
def signed(key: SigningKey, data: bytes) -> bytes:
    """Return ``data`` signed, once and for all."""
    return key.sign(data)


@cache
def _bootloader(key: SigningKey, config: BootConfig) -> bytes:
    return build_bootloader_image(config, key=key)


def esp32_for(key: SigningKey, **options: object) -> Esp32:
    """Return a chip with nothing burned that can do what ``key`` is for; its random numbers are the same every time."""
    revision = 0 if key.scheme == "v1" else 300
    return Esp32(revision=revision, random_bytes=lambda count: bytes(range(1, count + 1)), **options)  # type: ignore[arg-type]


def flipped(data: bytes, position: int, bit: int = 0) -> bytes:
    """Return ``data`` with one bit flipped; ``position`` counts from the end if negative."""
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)
