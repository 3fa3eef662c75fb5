"""A CAN bus as one controller sees it: frames out, frames in, and whether anybody acknowledges."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from simulator.units import NS_PER_S

STANDARD_MAX: Final = 0x7FF
EXTENDED_MAX: Final = 0x1FFFFFFF
_STANDARD_DIGITS, _EXTENDED_DIGITS = 3, 8
_TEXT: Final = re.compile(r"([0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})#((?:[0-9A-Fa-f]{2}){0,8})")
_STANDARD_BITS, _EXTENDED_BITS = 44, 64
_PAUSE_BITS: Final = 3
_AFTER_ACKNOWLEDGE_BITS: Final = 8
"""The rest of a frame: the acknowledge delimiter and the end of frame."""
_ERROR_BITS: Final = 6 + 8 + _PAUSE_BITS + 8
"""What follows a frame that nobody acknowledges before it is sent again: the error flag and its delimiter, the pause,
and the suspension of a passive transmitter (ISO 11898-1)."""


@dataclass(frozen=True, slots=True)
class CanFrame:
    """A data frame: an identifier of 11 bits, or of 29 if ``extended``, and up to 8 bytes."""

    identifier: int
    data: bytes
    extended: bool = False

    @classmethod
    def from_text(cls, text: str) -> CanFrame:
        """Return the frame that `str` writes so. Raises `ValueError`."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(text)
        identifier, data = match.groups()
        extended = len(identifier) > _STANDARD_DIGITS
        frame = cls(int(identifier, 16), bytes.fromhex(data), extended)
        if frame.identifier > (EXTENDED_MAX if extended else STANDARD_MAX):
            raise ValueError(text)
        return frame

    def __str__(self) -> str:
        """Return it as the can-utils write it: ``123#0102``, and with eight digits an extended identifier."""
        digits = _EXTENDED_DIGITS if self.extended else _STANDARD_DIGITS
        return f"{self.identifier:0{digits}X}#{self.data.hex().upper()}"

    @property
    def _bits(self) -> int:
        """Return its length without stuff bits."""
        return (_EXTENDED_BITS if self.extended else _STANDARD_BITS) + 8 * len(self.data)

    def duration_ns(self, bit_rate: int) -> int:
        """Return how long it is on the bus, with the pause behind it."""
        return (self._bits + _PAUSE_BITS) * NS_PER_S // bit_rate

    def retry_ns(self, bit_rate: int) -> int:
        """Return how long each try takes when nobody acknowledges."""
        return (self._bits - _AFTER_ACKNOWLEDGE_BITS + _ERROR_BITS) * NS_PER_S // bit_rate


OnCanFrame: TypeAlias = Callable[[CanFrame, int], None]
"""Gets a frame, and when it has been on the bus."""


class CanNode(Protocol):
    """Something else on the bus."""

    on_frame: list[OnCanFrame]
    """Who hears the frames that it sends."""
    on_change: list[Callable[[int], None]]
    """Who hears, and when it was, that `bit_rate` has changed."""

    @property
    def bit_rate(self) -> int:
        """Return its speed, at which alone it understands and acknowledges frames; 0 while it is off."""

    def take(self, frame: CanFrame, at_ns: int) -> None:
        """A frame of the board has been on the bus."""
