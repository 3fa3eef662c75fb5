"""The journal of a chip: every operation since a snapshot, and the states in between.

A power cut leaves the chip as it was before some operation, after it, or in the middle of it. So all that a cut can do
to a run is found by walking the journal of that run once (`simulator.flash.cut`); the run itself need not be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simulator.flash.chip import FlashOperation, FlashSnapshot
from simulator.flash.cut import Cut, apply_cut


class Commit(NamedTuple):
    """A moment from which on what is stored in a partition has to survive any power cut."""

    operations: int
    """How many had been carried out."""
    address: int
    """Of the partition."""


class Journal:
    """Records the operations of a chip: ``chip.journal = Journal(chip.snapshot())``.

    And when the NVS, a file system or an OTA call told its caller that something is done (``commits``).
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
        state = self.start
        yield state
        for operation in self.operations:
            state = apply_cut(state, operation, Cut(operation.index, "after"))
            yield state
