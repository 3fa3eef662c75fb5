"""The journal of a chip: every operation since a snapshot, and the states in between.

A power cut leaves the chip as it was after some operation, or in the middle of one. So all that a cut can do to a
run is found by walking the journal of that run once; the run itself need not be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simulator.flash.chip import FlashChip, FlashOperation, FlashSnapshot


class Commit(NamedTuple):
    """A moment from which on what is stored in a partition has to survive any power cut."""

    operations: int
    """How many had been carried out."""
    address: int
    """Of the partition."""


class Journal:
    """Records the operations of a chip: ``chip.journal = Journal(chip.snapshot())``.

    And when the NVS or a file system in one of its partitions told its caller that something is done (``commits``).
    """

    __slots__ = ("commits", "operations", "start")

    def __init__(self, start: FlashSnapshot) -> None:
        self.start = start
        self.operations: list[FlashOperation] = []
        self.commits: list[Commit] = []

    def record(self, operation: FlashOperation) -> None:
        """Append ``operation``; called by the chip."""
        self.operations.append(operation)

    def commit(self, address: int) -> None:
        """Append a commit; called by the view of a partition."""
        self.commits.append(Commit(len(self.operations), address))

    def states(self) -> Iterator[FlashSnapshot]:
        """Yield the state before the first operation, then the state after each of them."""
        chip = FlashChip.from_snapshot(self.start)
        yield self.start
        for operation in self.operations:
            if operation.kind == "erase":
                chip.erase(operation.address, operation.length)
            else:
                chip.program(operation.address, operation.data)
            yield chip.snapshot()


def torn(before: FlashSnapshot, operation: FlashOperation, done_bytes: int) -> FlashSnapshot:
    """Return the state in which a power cut leaves the chip when only ``done_bytes`` of ``operation`` were done."""
    chip = FlashChip.from_snapshot(before)
    chip.tear(operation, done_bytes)
    return chip.snapshot()
