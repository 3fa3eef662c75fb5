"""Helpers for tests, ours and those of users: flash images made of parts, and servers that do as they are told.

Nothing here is needed to run a board, and no room imports this. Read `flash` first.
"""

from __future__ import annotations

from simulator.testing.flash import TWO_SLOTS, build_flash, small_firmware
from simulator.testing.scripted_server import Client, Script, scripted

__all__ = ["TWO_SLOTS", "Client", "Script", "build_flash", "scripted", "small_firmware"]
