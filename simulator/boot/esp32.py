"""The chip that ROM and bootloader run on, as far as it decides what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulator.boot.reset import NORMAL_BOOT_MODE, ResetReason
from simulator.efuses import Efuses

ECO3: Final = 300
"""The chip revision with the newer mask ROM."""


def _nothing_is_low(_gpio: int) -> bool:
    return False


def _no_entropy(count: int) -> bytes:
    return bytes(count)


@dataclass(slots=True, kw_only=True)
class Esp32:
    """One ESP32 at one reset. Its eFuses are changed by what runs on it."""

    efuses: Efuses = field(default_factory=Efuses)
    revision: int = 0
    """Major number times 100, plus minor number."""
    reset_reason: ResetReason = ResetReason.POWERON_RESET
    boot_mode: int = NORMAL_BOOT_MODE
    """What the strapping pins said when they were latched."""
    is_low: Callable[[int], bool] = _nothing_is_low
    """Whether somebody pulls a GPIO low at this moment, against the pull-up of the chip."""
    random_bytes: Callable[[int], bytes] = _no_entropy
    """The random number generator of the hardware."""
    watchdog_pcs: tuple[int, int] = (0x400D1234, 0x400D5678)
    """Where a watchdog found the two CPUs; printed after a watchdog reset only."""

    @property
    def is_eco3(self) -> bool:
        """Whether it has the mask ROM of chip revision 3."""
        return self.revision >= ECO3

    @property
    def wakes_from_deep_sleep(self) -> bool:
        """Whether RTC memory still holds what the app left there."""
        return self.reset_reason is ResetReason.DEEPSLEEP_RESET
