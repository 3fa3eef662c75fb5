"""Which bytes are read: for what must come to an end, and for what must stay within its bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.filesystem.memory import MemoryFlash
from simulator.flash import FlashChip

_READERS: Final = ((FlashChip, ("read", "read_mapped", "map")), (MemoryFlash, ("read",)))


@dataclass
class Reads:
    """Every read, in order."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    """Address and length."""

    @property
    def length(self) -> int:
        """How many bytes were read."""
        return sum(length for _, length in self.ranges)

    def outside(self, *areas: range) -> list[tuple[int, int]]:
        """Return the reads that lie in none of ``areas``."""
        return [
            (address, length)
            for address, length in self.ranges
            if not any(area.start <= address and address + length <= area.stop for area in areas)
        ]


@contextmanager
def recorded_reads(most: int = 100_000) -> Iterator[Reads]:
    """Record the reads of every chip, and of every partition in RAM; fail if there are more than ``most``.

    The read too many fails. What reads from C passes over that, so it is looked at again in the end.
    """
    reads = Reads()
    plain = [(owner, name, getattr(owner, name)) for owner, names in _READERS for name in names]
    for owner, name, method in plain:
        setattr(owner, name, _recording(method, reads, most))
    try:
        yield reads
    finally:
        for owner, name, method in plain:
            setattr(owner, name, method)
    assert len(reads.ranges) <= most, f"{len(reads.ranges)} reads, more than {most}"


def _recording(method: Callable[..., Any], reads: Reads, most: int) -> Callable[..., Any]:
    def read(flash: FlashChip | MemoryFlash, address: int, length: int) -> Any:
        reads.ranges.append((address, length))
        assert len(reads.ranges) <= most, f"more than {most} reads"
        return method(flash, address, length)

    return read


class CountedBytes(bytes):
    """Bytes whose indexing and slicing is counted, for parsers that are given all bytes at once."""

    reads = 0

    def __getitem__(self, key: Any) -> Any:
        self.reads += 1
        return super().__getitem__(key)
