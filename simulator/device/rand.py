"""The C library's generator of random numbers, of which every FreeRTOS task has its own (newlib's ``rand.c``)."""

from __future__ import annotations

from typing import Final

RAND_MAX: Final = 0x7FFF_FFFF
_MULTIPLIER: Final = 6_364_136_223_846_793_005
_STATE_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF


class Rand:
    """``rand`` and ``srand`` of one task. It begins where ``srand(1)`` would."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = 1

    def seed(self, value: int) -> None:
        """Begin anew; 32 bits of ``value`` count."""
        self._state = value & 0xFFFF_FFFF

    def next(self) -> int:
        """Return the next number, from 0 to `RAND_MAX`."""
        self._state = (self._state * _MULTIPLIER + 1) & _STATE_MASK
        return self._state >> 32 & RAND_MAX
