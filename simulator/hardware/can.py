"""A CAN bus as one controller sees it: frames out, frames in, and whether anybody acknowledges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from simulator.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class CanFrame:
    """A data frame: an identifier of 11 bits, or of 29 if ``extended``, and up to 8 bytes."""

    identifier: int
    data: bytes
    extended: bool = False

    def duration_ns(self, bit_rate: int) -> int:
        """Return how long it is on the bus, without stuff bits: 44 or 64 bits of frame and three of pause."""
        bits = (64 if self.extended else 44) + 3 + 8 * len(self.data)
        return bits * NS_PER_S // bit_rate


OnCanFrame: TypeAlias = Callable[[CanFrame, int], None]
"""Gets a frame, and when it has been on the bus."""


class CanNode(Protocol):
    """Something else on the bus."""

    on_frame: list[OnCanFrame]
    """Who hears the frames that it sends."""

    @property
    def bit_rate(self) -> int:
        """Return its speed: it understands and acknowledges frames of this speed only."""

    def take(self, frame: CanFrame, at_ns: int) -> None:
        """A frame of the board has been on the bus."""
