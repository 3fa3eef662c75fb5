"""The flash chip: NOR rules, copy-on-write sectors, a journal of operations, wear, timing; and views of a partition.

It knows no file system, no image and no device, and it never waits: it says how long it was busy, and who owns the
clock sleeps. What boots is decided elsewhere. Read `chip` first, then `damage` for what can go wrong.
The names of what lies in flash are repeated here for users of the package: the formats, and the key-value store NVS.
"""

from __future__ import annotations

from simulator.flash.chip import (
    BLOCK_BYTES,
    SECTOR_BYTES,
    FlashArgumentError,
    FlashChip,
    FlashOperation,
    FlashSnapshot,
    erase_commands,
)
from simulator.flash.cut import Cut, apply_cut, cuts_of, parse_cut
from simulator.flash.faulty_chip import FaultyFlashChip, faulty
from simulator.flash.journal import Commit, Journal
from simulator.flash.partition import DangerousWriteError, PartitionView, WriteGuard
from simulator.flash.read_tracking import ReadTrackingChip
from simulator.flash.timing import TYPICAL, FlashTiming
from simulator.formats.image import AppImage
from simulator.formats.otadata import OtaData
from simulator.formats.partition_table import PartitionTable
from simulator.nvs import Nvs

__all__ = [
    "BLOCK_BYTES",
    "SECTOR_BYTES",
    "TYPICAL",
    "AppImage",
    "Commit",
    "Cut",
    "DangerousWriteError",
    "FaultyFlashChip",
    "FlashArgumentError",
    "FlashChip",
    "FlashOperation",
    "FlashSnapshot",
    "FlashTiming",
    "Journal",
    "Nvs",
    "OtaData",
    "PartitionTable",
    "PartitionView",
    "ReadTrackingChip",
    "WriteGuard",
    "apply_cut",
    "cuts_of",
    "erase_commands",
    "faulty",
    "parse_cut",
]
