"""What the ROM and the bootloader would do with a flash image, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.boot.bootloader import run_bootloader
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET, build_bootloader_image
from simulator.boot.config import BootConfig
from simulator.boot.esp32 import ECO3, Esp32
from simulator.boot.reset import ResetReason
from simulator.boot.revision import REVISIONS, RevisionName
from simulator.boot.rom import RomEnding, start_rom
from simulator.efuses import Efuses
from simulator.errors import UsageError
from simulator.flash.chip import SECTOR_BYTES, FlashChip
from simulator.units import MIB

_SMALLEST_CHIP_BYTES: Final = MIB
_LARGEST_TOLD_BYTES: Final = 16 * MIB


@dataclass(frozen=True, slots=True)
class BootResult:
    """The verdict of `boot`."""

    label: str | None
    """The label of the app partition that starts; None if nothing boots."""
    offset: int | None
    """Its address in flash."""
    log: list[str]
    """The bootloader's lines at level INFO, without colour and time stamp; the ROM's, if it does not get further."""
    flash: bytes
    """The flash afterwards: the bootloader can write otadata."""
    why: str = ""
    """What decided it, in words for people."""
    burned: tuple[int, ...] = ()
    """The secure versions that an anti-rollback bootloader burned into the eFuse."""


def boot(
    flash: bytes | bytearray | memoryview,
    bootloader: RevisionName | BootConfig = "v4.0",
    *,
    rollback: bool = False,
    anti_rollback: bool = False,
    efuses: Efuses | None = None,
    reset_reason: ResetReason = ResetReason.POWERON_RESET,
    chip_revision: int | None = None,
) -> BootResult:
    """Return what becomes of a raw flash image at the next reset; the image given is not touched.

    Any bytes are a flash image: an answer always comes, and no exception but `UsageError` for a ``bootloader`` that
    is not known. It is a release, with ``rollback`` and ``anti_rollback``; or all that it was built with. ``efuses``
    are blank unless given, and what is burned is burned in them. ``chip_revision`` is major number times 100 plus
    minor number; by default 300 for a bootloader with secure boot v2, which needs that, and else 0.

    A flash without a bootloader, its place erased, is booted as if a stock one had been there. So an image of
    table, otadata and apps alone has an answer; and where a broken table makes the bootloader read its own place,
    it finds what a real one finds.
    """
    config = bootloader
    if not isinstance(config, BootConfig):
        if config not in REVISIONS:
            raise UsageError(f"unknown bootloader {config!r}; known are {', '.join(REVISIONS)}")
        config = BootConfig(revision=REVISIONS[config], rollback=rollback, anti_rollback=anti_rollback)
    if chip_revision is None:
        chip_revision = ECO3 if config.secure_boot is not None and config.secure_boot.scheme == "v2" else 0
    esp32 = Esp32(efuses=efuses or Efuses(), revision=chip_revision, reset_reason=reset_reason)
    original = bytes(flash)
    chip = FlashChip(max(len(original) + -len(original) % SECTOR_BYTES, _SMALLEST_CHIP_BYTES), original)
    stock = b""
    if _is_erased(chip):
        stock = build_bootloader_image(config, flash_size=_size_in_header(chip.size_bytes))
        chip.program(BOOTLOADER_OFFSET, stock)
    else:
        rom = start_rom(chip, esp32)
        if rom.ending is not RomEnding.BOOTLOADER:
            return BootResult(None, None, list(rom.lines), original, why=f"the ROM {rom.ending.value}")

    operations_before = chip.operation_count
    outcome = run_bootloader(chip, config, esp32)
    after = original
    if chip.operation_count != operations_before:
        _take_out(chip, stock)
        after = chip.to_bytes()[: len(original)]
    partition = outcome.partition
    return BootResult(
        label=outcome.label,
        offset=None if partition is None else partition.offset,
        log=[str(line) for line in outcome.log],
        flash=after,
        why=outcome.why,
        burned=outcome.burned,
    )


def _is_erased(chip: FlashChip) -> bool:
    return chip.read(BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES) == b"\xff" * BOOTLOADER_AREA_BYTES


def _size_in_header(size_bytes: int) -> int:
    """Return the chip size that the header of the stock bootloader tells: the next one that it can tell."""
    return min(1 << (size_bytes - 1).bit_length(), _LARGEST_TOLD_BYTES)


def _take_out(chip: FlashChip, stock: bytes) -> None:
    """Erase the sectors of the stock bootloader again, but for one in which otadata lies, if a table says so."""
    for start in range(0, len(stock), SECTOR_BYTES):
        part = stock[start : start + SECTOR_BYTES]
        if chip.read(BOOTLOADER_OFFSET + start, len(part)) == part:
            chip.erase(BOOTLOADER_OFFSET + start, SECTOR_BYTES)
