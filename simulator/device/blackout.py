"""What becomes of code that goes on after the power of its board has gone, until it comes to rest: nothing.

The code of a board is Python. It stops where it next waits, not where the power goes, which can be in the middle of a
flash operation. What it does until then it does for nobody: flash and eFuses keep what they had, and the device that
has a blackout passes on neither events nor console bytes.
"""

from __future__ import annotations

from simulator.efuses import Efuses
from simulator.flash import FlashChip, faulty
from simulator.flash.faulty_chip import settle


class Blackout:
    """The time from the moment when the power has gone until the code of the board has come to rest."""

    def __init__(self, chip: FlashChip, efuses: Efuses) -> None:
        self._chip = faulty(chip)
        self._chip.go_dark()
        self._efuses = efuses
        self._burned = efuses.copy()

    def end(self) -> None:
        """The code has come to rest: whatever it did meanwhile did not happen."""
        settle(self._chip)
        self._efuses.restore(self._burned)
