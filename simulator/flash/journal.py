"""The journal of a chip: every operation since a snapshot, and the states in between.

A power cut leaves the chip as it was after some operation, or in the middle of one. So all that a cut can do to a
run is found by walking the journal of that run once; the run itself need not be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.flash.chip import FlashChip, FlashOperation, FlashSnapshot


class Journal:
    """Records the operations of a chip: ``chip.journal = Journal(chip.snapshot())``."""

    __slots__ = ("operations", "start")

    def __init__(self, start: FlashSnapshot) -> None:
        self.start = start
        self.operations: list[FlashOperation] = []

    def record(self, operation: FlashOperation) -> None:
        """Append ``operation``; called by the chip."""
        self.operations.append(operation)

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
