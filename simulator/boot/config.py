"""What a bootloader is told, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simulator.boot.log import BootLine
from simulator.boot.reset import ResetReason
from simulator.boot.revision import V4_0, Revision
from simulator.formats.image import AppImage
from simulator.formats.partition_table import Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryReset:
    """What ``CONFIG_BOOTLOADER_FACTORY_RESET`` erases when its pin is held."""

    labels: str = "nvs"
    """Labels of data partitions, separated by commas or blanks."""
    erases_otadata: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BootConfig:
    """How the bootloader was built, and the state of the chip it finds itself on."""

    revision: Revision = V4_0
    rollback: bool = False
    """``CONFIG_APP_ROLLBACK_ENABLE``."""
    anti_rollback: bool = False
    """``CONFIG_APP_ANTI_ROLLBACK``, which implies rollback."""
    secure_version: int = 0
    """The number of bits burned in the eFuse SECURE_VERSION."""
    secure_version_bits: int = 32
    """How many there are."""
    has_coding_scheme: bool = False
    """Whether the eFuses use the 3/4 coding scheme, with which nothing can be burned there."""
    reset_reason: ResetReason = ResetReason.POWERON_RESET
    chip_revision: int = 0
    """Major number times 100, plus minor number."""
    factory_reset: FactoryReset | None = None
    """Set if the pin for it was held long enough."""
    test_app_wanted: bool = False
    """Whether the pin for the test app was held long enough."""
    compile_time: str = "00:00:00"
    watchdog_pcs: tuple[int, int] = (0x400D1234, 0x400D5678)
    """Where a watchdog found the two CPUs; printed after a watchdog reset only."""

    @property
    def watches_first_boot(self) -> bool:
        """Whether an app must confirm itself."""
        return self.rollback or self.anti_rollback

    @property
    def wakes_from_deep_sleep(self) -> bool:
        """Whether RTC memory still holds what the app left there."""
        return self.reset_reason is ResetReason.DEEPSLEEP_RESET


class Ending(Enum):
    """How the bootloader ends."""

    STARTED = "an app was started"
    RESET = "the bootloader reset the chip (SW_RESET); it will do so for ever"
    EXCEPTION = "the bootloader died of an exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootOutcome:
    """What the bootloader did. Its otadata writes are in the chip."""

    ending: Ending
    partition: Partition | None = None
    """The app partition that was started, None if nothing was."""
    image: AppImage | None = None
    """The image in it."""
    log: tuple[BootLine, ...] = ()
    """Every line down to INFO, in order."""
    burned: tuple[int, ...] = ()
    """The secure versions burned into the eFuse, in order."""

    @property
    def label(self) -> str | None:
        """The label of the app partition that was started."""
        return None if self.partition is None else self.partition.label
