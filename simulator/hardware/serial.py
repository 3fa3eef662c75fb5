"""Bytes on a serial line: start bit, data bits, parity, stop bits; and what a receiver makes of another speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from simulator.units import NS_PER_S

Parity = Literal["none", "even", "odd"]

_SPEED_TOLERANCE: Final = 0.03
"""A receiver that samples in the middle of each bit loses the tenth one at about five percent; both ends have a share.
"""


@dataclass(frozen=True, slots=True)
class SerialFormat:
    """How a port sends and receives; ``stop_bits`` can be 1.5."""

    baud: int
    data_bits: int = 8
    parity: Parity = "none"
    stop_bits: float = 1

    @property
    def frame_ns(self) -> int:
        """Return how long a byte takes."""
        bits = 1 + self.data_bits + (self.parity != "none") + self.stop_bits
        return round(bits * NS_PER_S / self.baud)

    def understands(self, other: SerialFormat) -> bool:
        """Whether a receiver of this format gets what a sender of the ``other`` sends."""
        return (
            abs(other.baud - self.baud) <= _SPEED_TOLERANCE * self.baud
            and (self.data_bits, self.parity) == (other.data_bits, other.parity)
        )  # fmt: skip

    def edges(self, data: bytes, start_ns: int) -> list[tuple[int, int]]:
        """Return the changes of an idle line that sends ``data``: moments and levels."""
        edges: list[tuple[int, int]] = []
        level = 1
        bit_ns = NS_PER_S / self.baud
        for number, byte in enumerate(data):
            frame_ns = start_ns + number * self.frame_ns
            for index, bit in enumerate((0, *self._bits(byte), 1)):
                if bit != level:
                    level = bit
                    edges.append((frame_ns + round(index * bit_ns), bit))
        return edges

    def _bits(self, byte: int) -> list[int]:
        bits = [byte >> index & 1 for index in range(self.data_bits)]
        if self.parity != "none":
            bits.append((sum(bits) + (self.parity == "odd")) % 2)
        return bits

    def received(self, data: bytes, sent: SerialFormat) -> bytes:
        """Return what a receiver of this format makes of ``data`` sent in the format ``sent``.

        With the wrong speed it finds start bits where there are none, and other bytes than were sent.
        """
        if self.understands(sent):
            mask = (1 << self.data_bits) - 1
            return bytes(byte & mask for byte in data)
        edges = sent.edges(data, 0)
        bit_ns = NS_PER_S / self.baud
        end_ns = len(data) * sent.frame_ns
        found = bytearray()
        position = 0
        while position < len(edges):
            start_ns, level = edges[position]
            if level:
                position += 1
                continue
            byte = 0
            for index in range(self.data_bits):
                if _level_at(edges, position, start_ns + (index + 1.5) * bit_ns):
                    byte |= 1 << index
            found.append(byte)
            next_ns = min(start_ns + (self.data_bits + 1.5) * bit_ns, end_ns)
            while position < len(edges) and edges[position][0] < next_ns:
                position += 1
        return bytes(found)


def _level_at(edges: list[tuple[int, int]], position: int, at_ns: float) -> int:
    level = edges[position][1]
    for edge_ns, after in edges[position + 1 :]:
        if edge_ns > at_ns:
            break
        level = after
    return level
