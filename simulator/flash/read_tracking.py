"""A chip that knows which of its sectors have been read.

What a board does from one power-on to the next depends on its flash only through what it reads. So two runs that begin
with the same contents in all sectors that the first one read are the same run, whatever lies in the others. A sector
that is erased before it is read counts for nothing: what was in it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.flash.chip import SECTOR_BYTES, MappedBytes
from simulator.flash.faulty_chip import FaultyFlashChip
from simulator.flash.timing import TYPICAL, FlashTiming
from simulator.units import MIB


class ReadTrackingChip(FaultyFlashChip):
    """A chip that notes the sectors that were read before they were erased, since it was made or `mark`.

    Programming is no reading, though what it leaves depends on what was there: who reads the result reads the sector.
    Nor are `snapshot`, `to_bytes` and `erase_count`, with which the chip is looked at from outside.
    """

    __slots__ = ("_erased", "_read")

    def __init__(
        self,
        size_bytes: int = 4 * MIB,
        contents: bytes = b"",
        *,
        timing: FlashTiming = TYPICAL,
        erase_counts: Sequence[int] = (),
    ) -> None:
        super().__init__(size_bytes, contents, timing=timing, erase_counts=erase_counts)
        self.mark()

    def mark(self) -> None:
        """Forget what was read: from now on it counts what is in the chip at this moment."""
        self._erased: set[int] = set()
        self._read: dict[int, None] = {}

    @property
    def read_sectors(self) -> tuple[int, ...]:
        """The indexes of the sectors whose contents at the mark were read, in whole or in part, first read first."""
        return tuple(self._read)

    def read(self, address: int, length: int) -> bytes:
        """Return what the chip does, and note where it was read."""
        data = super().read(address, length)
        self._note(address, length)
        return data

    def read_mapped(self, address: int, length: int) -> bytes:
        """Return what the chip does, and note where it was read."""
        self._note(address, length)
        return super().read_mapped(address, length)

    def map(self, address: int, length: int) -> MappedBytes:
        """Return what the chip does, and note where it was read."""
        self._note(address, length)
        return super().map(address, length)

    def erase(self, address: int, length: int) -> None:
        """Erase; what is read there from now on counts no more."""
        super().erase(address, length)
        erased = range(address // SECTOR_BYTES, (address + length) // SECTOR_BYTES)
        self._erased.update(index for index in erased if index not in self._read)

    def _note(self, address: int, length: int) -> None:
        end = min(address + length, self.size_bytes)
        for index in range(address // SECTOR_BYTES, -(-end // SECTOR_BYTES) if length else 0):
            if index not in self._erased:
                self._read[index] = None
