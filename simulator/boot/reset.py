"""Why the chip was reset, and what its strapping pins told the ROM to do."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ResetReason(IntEnum):
    """The reset cause of CPU 0, with the ROM's names (``esp32/include/rom/rtc.h``)."""

    NO_MEAN = 0x0
    POWERON_RESET = 0x1
    """Power came on, or the EN pin was low."""
    EXT_SYS_RESET = 0x2
    SW_RESET = 0x3
    """The bootloader gave up, or a cache error."""
    OWDT_RESET = 0x4
    DEEPSLEEP_RESET = 0x5
    """Woke from deep sleep."""
    SDIO_RESET = 0x6
    TG0WDT_SYS_RESET = 0x7
    """Task watchdog."""
    TG1WDT_SYS_RESET = 0x8
    """Interrupt watchdog."""
    RTCWDT_SYS_RESET = 0x9
    INTRUSION_RESET = 0xA
    TGWDT_CPU_RESET = 0xB
    SW_CPU_RESET = 0xC
    """``esp_restart()``, panic, abort."""
    RTCWDT_CPU_RESET = 0xD
    EXT_CPU_RESET = 0xE
    RTCWDT_BROWN_OUT_RESET = 0xF
    RTCWDT_RTC_RESET = 0x10
    """The RTC watchdog: the ROM found no bootloader, or the bootloader hung."""

    @property
    def latches_strapping(self) -> bool:
        """Whether the chip reads its strapping pins anew; after other resets the old values hold."""
        return self in _LATCHING

    @property
    def is_reported_as_watchdog(self) -> bool:
        """Whether the bootloader prints where the watchdog found the CPUs (``wdt_reset_check``); 0x10 is not one."""
        return self in _WATCHDOGS


_LATCHING: Final = frozenset(
    {ResetReason.POWERON_RESET, ResetReason.RTCWDT_BROWN_OUT_RESET, ResetReason.RTCWDT_RTC_RESET}
)
_WATCHDOGS: Final = frozenset(
    {
        ResetReason.TG0WDT_SYS_RESET,
        ResetReason.TG1WDT_SYS_RESET,
        ResetReason.RTCWDT_SYS_RESET,
        ResetReason.TGWDT_CPU_RESET,
        ResetReason.RTCWDT_CPU_RESET,
    }
)

STRAP_GPIO15: Final = 1 << 1
"""Low in flash boot: the ROM prints nothing."""
STRAP_GPIO0: Final = 1 << 4
"""Low: download instead of flash boot."""
STRAPS: Final = {5: 1 << 0, 15: STRAP_GPIO15, 4: 1 << 2, 2: 1 << 3, 0: STRAP_GPIO0, 12: 1 << 5}
"""The bit of every strapping pin, by its GPIO (GPIO_STRAP_REG)."""
NORMAL_BOOT_MODE: Final = 0x13
"""The strapping value of a board with nothing attached: GPIO5, GPIO15 and GPIO0 pulled up."""

_LOW_MODES: Final = {
    0b01100: "SPI_FLASH_BOOT",
    0b01101: "SDIO_REI_FEO_V1_BOOT",
    0b01110: "ATE_BOOT",
    0b01111: "UART_BOOT(UART0)",
}
_SDIO_EDGES: Final = ("FEI_FEO", "FEI_REO", "REI_FEO", "REI_REO")


def is_flash_boot(boot_mode: int) -> bool:
    """Whether the ROM starts the bootloader from the flash chip for this strapping value."""
    return bool(boot_mode & STRAP_GPIO0)


def is_download(boot_mode: int) -> bool:
    """Whether the ROM waits for esptool for this strapping value."""
    return boot_mode_name(boot_mode).startswith("DOWNLOAD_BOOT")


def boot_mode_name(boot_mode: int) -> str:
    """Return the ROM's name for a strapping value (``soc/boot_mode.h``); bit 5, GPIO12, does not matter."""
    mode = boot_mode & 0x1F
    if is_flash_boot(mode):
        return "SPI_FAST_FLASH_BOOT"
    if mode in _LOW_MODES:
        return _LOW_MODES[mode]
    if mode & 0b01000:
        return "HSPI_FLASH_BOOT"
    return f"DOWNLOAD_BOOT(UART0/UART1/SDIO_{_SDIO_EDGES[mode & 0b11]}_V2)"
