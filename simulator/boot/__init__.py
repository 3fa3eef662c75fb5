"""From reset to app: the mask ROM, the second-stage bootloader, and the OTA calls with which an app prepares a boot.

No clock and no console here: the work is done in `Steps` that whoever owns the time iterates. The bytes themselves
are in `simulator.formats`, the chip in `simulator.flash`. Read `bootloader` first; `boot` answers what would become
of a flash image.
"""

from __future__ import annotations

from simulator.boot.bootloader import run_bootloader, start_bootloader
from simulator.boot.bootloader_image import build_bootloader_image, find_boot_config
from simulator.boot.config import BootConfig, BootOutcome, Ending, SecureBoot
from simulator.boot.esp32 import Esp32
from simulator.boot.log import BootLine, LogLevel, render_line
from simulator.boot.ota import OTA_SIZE_UNKNOWN, Ota, OtaUpdate
from simulator.boot.reset import NORMAL_BOOT_MODE, ResetReason
from simulator.boot.revision import REVISIONS, V4_0, V5_2, Revision
from simulator.boot.rom import RomEnding, RomOutcome, start_rom
from simulator.boot.steps import Pause, Steps
from simulator.boot.whole_flash import BootResult, boot

__all__ = [
    "NORMAL_BOOT_MODE",
    "OTA_SIZE_UNKNOWN",
    "REVISIONS",
    "V4_0",
    "V5_2",
    "BootConfig",
    "BootLine",
    "BootOutcome",
    "BootResult",
    "Ending",
    "Esp32",
    "LogLevel",
    "Ota",
    "OtaUpdate",
    "Pause",
    "ResetReason",
    "Revision",
    "RomEnding",
    "RomOutcome",
    "SecureBoot",
    "Steps",
    "boot",
    "build_bootloader_image",
    "find_boot_config",
    "render_line",
    "run_bootloader",
    "start_bootloader",
    "start_rom",
]
