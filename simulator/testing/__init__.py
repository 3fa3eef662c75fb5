"""Helpers for tests, ours and those of users: flash images made of parts.

Nothing here is needed to run a board, and no room imports this. Read `flash` first.
"""

from __future__ import annotations

from simulator.testing.flash import TWO_SLOTS, build_flash, small_firmware

__all__ = ["TWO_SLOTS", "build_flash", "small_firmware"]
