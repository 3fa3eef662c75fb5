"""What starts when power comes back: ROM and bootloader on the flash as a cut left it, without anything around them.

An app that is started has to be one of those that were whole before the cut or are whole in the update, byte for byte.
That the bootloader found no fault in it is not enough, for the bootloader is under test as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from simulator.boards import Board
from simulator.boot import BootConfig, Esp32, ResetReason, RomEnding, run_bootloader, start_rom
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET, boot_config_of
from simulator.device.device import BOOT_ATTEMPTS_MAX
from simulator.efuses import Efuses
from simulator.flash import AppImage, FlashChip
from simulator.flash.partition import partition_table_on
from simulator.formats.image import ImageError
from simulator.rng import Rng


class Starts(Enum):
    """Which app is started. The value is what reports call it."""

    OLD = "old"
    NEW = "new"
    HALF = "half"
    """One that never was whole, or is not what it was."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BootVerdict:
    """What comes of a boot."""

    starts: Starts
    label: str | None
    """Of the partition."""
    why: str
    """What decided it, in words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownApps:
    """The apps that may be started."""

    old: tuple[AppImage, ...]
    new: tuple[AppImage, ...]

    @classmethod
    def of(cls, chip: FlashChip, published: Iterable[bytes]) -> KnownApps:
        """Return the sound ones in a flash and among what is published."""
        areas = (chip.read(app.offset, app.size) for app in partition_table_on(chip).entries if app.is_app)
        return cls(old=tuple(_sound(areas)), new=tuple(_sound(published)))

    def judge(self, image: AppImage) -> Starts:
        """Say which one an image is."""
        if image in self.new:
            return Starts.NEW
        return Starts.OLD if image in self.old else Starts.HALF


def _sound(areas: Iterable[bytes]) -> Iterable[AppImage]:
    for data in areas:
        try:
            yield AppImage.from_bytes(data)
        except ImageError:
            continue


def boot_config(chip: FlashChip, board: Board) -> BootConfig:
    """Return how the bootloader in a flash was built; one that is none of ours as the board's would be."""
    return boot_config_of(chip.read(BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES)) or BootConfig.for_board(board)


def check_boot(chip: FlashChip, board: Board, efuses: bytes, apps: KnownApps) -> BootVerdict:
    """Return what starts when the board gets power with this flash, which the bootloader may change."""
    fuses = Efuses.from_bytes(efuses)
    reason = ResetReason.POWERON_RESET
    why = ""
    for _ in range(BOOT_ATTEMPTS_MAX):
        esp32 = Esp32(
            efuses=fuses,
            revision=board.chip.revision * 100,
            reset_reason=reason,
            random_bytes=Rng(0, "boot check").bytes,
        )
        rom = start_rom(chip, esp32)
        if rom.ending is not RomEnding.BOOTLOADER:
            why, reason = f"the ROM {rom.ending.value}", ResetReason.RTCWDT_RTC_RESET
            continue
        outcome = run_bootloader(chip, boot_config(chip, board), esp32)
        if outcome.partition is not None and outcome.image is not None:
            return BootVerdict(apps.judge(outcome.image), outcome.partition.label, outcome.why)
        why, reason = outcome.why, ResetReason.SW_RESET
    return BootVerdict(Starts.NONE, None, why)
