"""How an adapter's DTR and RTS pull the chip's EN and GPIO0 low: the two transistors of a devkit.

Each line pulls its pin only while the other one is off: RTS alone holds the chip in reset, DTR alone pulls GPIO0 low,
and both together, as every operating system leaves them when it opens a port, do nothing. A capacitor keeps EN low for
a moment, which is why a tool that goes from RTS alone over both to DTR alone finds GPIO0 low at the end of the reset:
a reset ends when RTS goes off, and not when DTR comes on.
"""

from __future__ import annotations

from typing import Protocol


class Chip(Protocol):
    """What has the two pins."""

    gpio0_low: bool

    def hold_in_reset(self) -> None:
        """Pull EN low."""

    def release_from_reset(self) -> None:
        """Let EN go high."""


class AutoReset:
    """The circuit. ``dtr`` and ``rts`` are true when asserted, which is electrically low."""

    def __init__(self, chip: Chip) -> None:
        self.dtr = False
        self.rts = False
        self._chip = chip
        self._in_reset = False

    def set_dtr(self, on: bool) -> None:
        """Assert DTR, or not."""
        self.dtr = on
        self._settle()

    def set_rts(self, on: bool) -> None:
        """Assert RTS, or not."""
        self.rts = on
        self._settle()

    def let_go(self) -> None:
        """Take both lines off, as closing the port does; a chip that was held in reset starts."""
        self.set_rts(False)
        self.set_dtr(False)

    def _settle(self) -> None:
        self._chip.gpio0_low = self.dtr and not self.rts
        if self._in_reset and not self.rts:
            self._in_reset = False
            self._chip.release_from_reset()
        elif self.rts and not self.dtr and not self._in_reset:
            self._in_reset = True
            self._chip.hold_in_reset()
