"""Which cuts a sweep tries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from simulator.errors import UsageError
from simulator.flash import Cut
from simulator.formats.partition_table import PartitionTable
from simulator.sweep.rehearsal import Rehearsal

Window = Literal["all", "activation"]

_RANGE: Final = re.compile(r"(\d{1,9})(-(\d{1,9}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked for."""

    depth: int = 1
    """How often the power is cut: 2 cuts it once more in the run that begins after the first cut."""
    window: Window = "all"
    operations: tuple[int, int] | None = None
    """The first and the last operation to cut; None: those of the window."""

    def numbers(self, base: Rehearsal, table: PartitionTable) -> range:
        """Return which operations of ``base`` are cut. Raises `UsageError` if there are none."""
        count = len(base.operations)
        if self.operations is not None:
            first, last = self.operations
            if last >= count or first > last:
                raise UsageError(f"--ops {first}-{last}: the run without a cut has the operations 0 to {count - 1}")
            return range(first, last + 1)
        if self.window == "activation":
            return activation(base, table)
        if not count:
            raise UsageError("nothing to cut: the run without a cut changes nothing in the flash")
        return range(count)


def activation(base: Rehearsal, table: PartitionTable) -> range:
    """Return the operations from the one with the last byte of the update to the last before it is first started."""
    before = base.boots[0] if base.boots else None
    update = next((boot for boot in base.boots if before is not None and boot.commit != before.commit), None)
    slot = next((entry for entry in table.entries if update is not None and entry.label == update.label), None)
    written = [
        operation.index
        for operation in base.operations
        if update is not None
        and slot is not None
        and operation.index < update.operations
        and operation.kind == "program"
        and slot.offset <= operation.address < slot.end
    ]
    if update is None or not written:
        raise UsageError("--window activation: in the run without a cut no update is started")
    return range(written[-1], update.operations)


def parse_operations(text: str) -> tuple[int, int]:
    """Return the range of operations that ``--ops`` names."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageError(f"--ops {text!r}: write the numbers of the first and the last operation, such as 100-200")
    return int(match[1]), int(match[3] or match[1])


def check_path(cuts: Sequence[Cut], number: int, count: int) -> None:
    """Raise `UsageError` if the cut with that number is not in a run of ``count`` operations."""
    cut = cuts[number]
    if cut.operation >= count:
        which = "without a cut" if not number else f"after {cuts[number - 1]}"
        has = f"the operations 0 to {count - 1}" if count else "no flash operation"
        raise UsageError(f"--cut {','.join(map(str, cuts))}: the run {which} has {has}")
