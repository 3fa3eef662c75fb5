"""One run of a board from a given flash to its end, watched: what it did to the flash, read of it and came to."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from simulator.device.device import Device
from simulator.efuses import Efuses
from simulator.flash import Commit, FlashOperation, FlashSnapshot, Journal, ReadTrackingChip
from simulator.session import Ending, Report, Stage, run_setting
from simulator.setting import Request, Setting


class Start(NamedTuple):
    """What is left of a board without power."""

    flash: FlashSnapshot
    efuses: bytes | None
    """None: those of a new chip."""

    @property
    def cells(self) -> Sequence[bytes]:
        """What is in each sector of the flash, with the bits that are weak: equal if no reading can tell them apart."""
        return cells(self.flash)


def cells(flash: FlashSnapshot) -> Sequence[bytes]:
    """Return what is in each sector; of one with weak bits, what it seems to be and then which bits those are."""
    if not flash.weak:
        return flash.sectors
    found = list(flash.sectors)
    for index, bits in flash.weak:
        found[index] += bits
    return found


class Boot(NamedTuple):
    """One start of an app."""

    operations: int
    """How many flash operations had been carried out."""
    label: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended."""

    ending: Ending
    boots: tuple[str, ...]
    """The labels of the partitions whose apps were started."""
    label: str | None
    """Of the app that runs at the end, None if none does."""
    commit: str | None
    script_errors: tuple[str, ...]
    why: str
    is_bricked: bool
    explanation: tuple[str, ...]
    """Of a run that failed: when that was, what the board did last, and what a reset would start."""

    @classmethod
    def of(cls, report: Report) -> Result:
        """Return what counts of a report."""
        last = report.boots[-1] if report.boots else None
        return cls(
            ending=report.ending,
            boots=tuple(boot.label for boot in report.boots),
            label=last.label if last else None,
            commit=last.commit if last else None,
            script_errors=report.script_errors,
            why=report.why,
            is_bricked=report.bricked,
            explanation=report.explanation,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What was seen of a run."""

    start: Start
    operations: Sequence[FlashOperation]
    """Numbered from 0."""
    commits: Sequence[Commit]
    boots: Sequence[Boot]
    burns: Sequence[tuple[int, bytes]]
    """The eFuses after each change, and how many flash operations had been carried out."""
    reads: tuple[int, ...]
    """The sectors whose contents at the start counted, first read first."""
    result: Result

    def efuses_at(self, operations: int) -> bytes | None:
        """Return the eFuses when so many operations had been carried out."""
        return next((after for at, after in reversed(self.burns) if at <= operations), self.start.efuses)


def on_nothing(request: Request) -> Request:
    """Return a request that writes nothing on the host, and waits for nobody."""
    return dataclasses.replace(
        request, flash=None, efuses=None, events=None, capture=None, screenshot=None, vcd=None, speed=None
    )


def without_faults(request: Request) -> Request:
    """Return what is left of a request when the board starts again: nobody holds a pin, nothing goes wrong any more."""
    return dataclasses.replace(on_nothing(request), faults=(), holds=())


def rehearse(request: Request, setting: Setting, start: Start) -> Rehearsal:
    """Let the board of ``setting`` run from ``start`` until it is done, and return what was seen."""
    chip = ReadTrackingChip.from_snapshot(start.flash, timing=request.flash_timing)
    witness = chip.journal = _Witness(start.flash)

    @contextmanager
    def watched(stage: Stage) -> Iterator[None]:
        witness.watch(stage.device)
        yield

    efuses = None if start.efuses is None else Efuses.from_bytes(start.efuses)
    setting = dataclasses.replace(setting, chip=chip, efuses=efuses)
    report = run_setting(request, setting, heard=lambda _data: None, observe=watched)
    witness.look()
    return Rehearsal(
        start=start,
        operations=witness.operations,
        commits=witness.commits,
        boots=witness.boots,
        burns=witness.burns,
        reads=chip.read_sectors,
        result=Result.of(report),
    )


class _Witness(Journal):
    """A journal that also notes, at every operation, what happened to the board since the one before.

    It does without the event log, which reads the flash to tell more.
    """

    __slots__ = ("boots", "burns", "device")

    device: Device

    def watch(self, device: Device) -> None:
        """Begin."""
        self.device = device
        self.boots: list[Boot] = []
        self.burns = [(0, device.efuses.to_bytes())]

    def record(self, operation: FlashOperation) -> None:
        """Append ``operation``."""
        self.look()
        super().record(operation)

    def look(self) -> None:
        """Note apps that were started and eFuses that were burned, after so many operations."""
        count = len(self.operations)
        self.boots += (Boot(count, boot.label, boot.commit) for boot in self.device.boots[len(self.boots) :])
        efuses = self.device.efuses.to_bytes()
        if efuses != self.burns[-1][1]:
            self.burns.append((count, efuses))
