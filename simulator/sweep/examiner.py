"""Looks at the states in which power cuts leave a board, and says of each whether anything is broken.

Each state is asked three things: which app starts (`check_boot`), whether all is there that was committed (`Store`),
and whether the board, left alone from there, ends where it would have ended without the cut: at rest, with the same
firmware, and without an error of its script. The first and the last are computed only where nothing is known that says
what comes of it (`Knowledge`).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Generic, NamedTuple, TypeVar

from simulator.flash import Cut, FlashChip, FlashOperation, FlashSnapshot, ReadTrackingChip, apply_cut, cuts_of
from simulator.flash.cut import SHARES, Pattern
from simulator.flash.partition import partition_table_on
from simulator.session import Ending
from simulator.setting import Request, Setting
from simulator.sweep.boot_check import BootVerdict, KnownApps, Starts, boot_config, check_boot
from simulator.sweep.knowledge import Knowledge
from simulator.sweep.rehearsal import Rehearsal, Result, Start, rehearse, without_faults
from simulator.sweep.stored import Loss, Store, stores_of

Cuts = tuple[Cut, ...]
"""Cuts one after the other, each numbered in the run that begins when power comes back after the one before."""
Outcome = TypeVar("Outcome")

_DIGEST_BYTES: Final = 16
FAILURES_KEPT: Final = 1000
"""Of one tally; more are only counted."""


@dataclass(frozen=True, slots=True)
class Torn:
    """How operations are torn."""

    shares: tuple[float, ...] = SHARES
    patterns: tuple[Pattern, ...] = ("prefix",)

    def cuts(self, operation: FlashOperation) -> Iterator[Cut]:
        """Yield the cuts of an operation."""
        return cuts_of(operation, shares=self.shares, patterns=self.patterns)


class Found(NamedTuple, Generic[Outcome]):
    """An outcome, and the name of the computation that came to it."""

    outcome: Outcome
    computation: bytes
    """Equal for two states if and only if they are the same to whoever computed it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one state."""

    boot: BootVerdict
    falls_back: bool
    """Whether another app starts than the one that was selected before the cut, or was about to be."""
    losses: tuple[Loss, ...]
    in_part: tuple[Loss, ...]
    """What SPIFFS has changed only in part, as it may."""
    recovery: Result | None
    """None if nothing starts."""
    problems: tuple[str, ...]
    """What is broken, in words for people."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A state in which something is broken."""

    cuts: Cuts
    operation: str
    """What the last cut interrupted, in words."""
    problems: tuple[str, ...]
    boots: str
    """What starts there and why."""


@dataclass(slots=True)
class Tally:
    """What was found in many states."""

    rows: dict[str, Counter[str]] = field(default_factory=dict)
    """By partition: operations, cuts, and what was found."""
    failures: list[Failure] = field(default_factory=list)
    boots: set[bytes] = field(default_factory=set)
    """The boots that differ."""
    recoveries: set[bytes] = field(default_factory=set)
    """The runs after a cut that differ."""

    def row(self, label: str) -> Counter[str]:
        """Return the counts of a partition."""
        return self.rows.setdefault(label, Counter())

    def total(self, what: str) -> int:
        """Return the sum over all partitions."""
        return sum(row[what] for row in self.rows.values())

    def add(self, other: Tally) -> None:
        """Take in what was found elsewhere."""
        for label, row in other.rows.items():
            self.row(label).update(row)
        self.failures += other.failures[: FAILURES_KEPT - len(self.failures)]
        self.boots |= other.boots
        self.recoveries |= other.recoveries


class Run:
    """A rehearsal with the states that its flash went through."""

    def __init__(self, rehearsal: Rehearsal, stores: Sequence[Store]) -> None:
        self.rehearsal = rehearsal
        self.states = list(_states(rehearsal))
        self.selected: dict[int, str | None] = {}
        """What would start after so many operations, as far as that was asked."""
        self._stores = stores
        self._commits: dict[int, list[int]] = {}
        for commit in rehearsal.commits:
            self._commits.setdefault(commit.address, [0]).append(commit.operations)

    @property
    def operations(self) -> Sequence[FlashOperation]:
        """What it did to its flash."""
        return self.rehearsal.operations

    def after(self, cut: Cut) -> Start:
        """Return what is left of the board after a cut in this run."""
        operation = self.operations[cut.operation]
        flash = apply_cut(self.states[cut.operation], operation, cut)
        efuses = self.rehearsal.efuses_at(cut.operation)
        return Start(flash, efuses)

    def losses(self, cut: Cut, flash: FlashSnapshot) -> Iterator[tuple[Store, Loss]]:
        """Yield what is not in ``flash`` as it should be after ``cut``."""
        for store in self._stores:
            committed, under_way = (self.states[at] for at in self.commits_around(store.partition.offset, cut))
            if store.cells(flash) != store.cells(committed):
                for loss in store.losses(*map(store.contents, (flash, committed, under_way))):
                    yield store, loss

    def commits_around(self, address: int, cut: Cut) -> tuple[int, int]:
        """Return how many operations came before the last commit to a partition before ``cut``, and before the next.

        The start counts as one, and the end.
        """
        commits = self._commits.get(address, [0])
        index = bisect_right(commits, cut.operation)
        return commits[index - 1], commits[index] if index < len(commits) else len(self.operations)

    def between(self, operations: int) -> Start:
        """Return what would be left of the board without power after so many operations."""
        return Start(self.states[operations], self.rehearsal.efuses_at(operations))


def _states(rehearsal: Rehearsal) -> Iterator[FlashSnapshot]:
    state = rehearsal.start.flash
    yield state
    for operation in rehearsal.operations:
        state = apply_cut(state, operation, Cut(operation.index, "after"))
        yield state


class Examiner:
    """Knows one scenario: ``base`` is its run without a cut."""

    def __init__(self, request: Request, setting: Setting, base: Rehearsal, *, torn: Torn, prunes: bool = True) -> None:
        self.torn = torn
        self._request = without_faults(request)
        self._setting = setting
        self._board = setting.board
        self._goal = base.result
        self._prunes = prunes
        chip = FlashChip.from_snapshot(base.start.flash)
        self.table = partition_table_on(chip)
        self._stores = stores_of(self._board, self.table)
        published = [setting.firmware.image] if setting.firmware is not None else []
        self._apps = KnownApps.of(chip, published)
        self._rolls_back = boot_config(chip, self._board).watches_first_boot
        self._known_boots: dict[bytes | None, Knowledge[Found[BootVerdict]]] = {}
        self._known_recoveries: dict[bytes | None, Knowledge[Found[Result]]] = {}
        self._last_run: tuple[Start, Run] | None = None
        self.base = Run(base, self._stores)

    # -- single states --------------------------------------------------------------------------------------------

    def boot(self, start: Start) -> Found[BootVerdict]:
        """Return what starts."""

        def compute() -> tuple[BootVerdict, tuple[int, ...]]:
            chip = ReadTrackingChip.from_snapshot(start.flash)
            assert start.efuses is not None, "the base run told which they are"
            verdict = check_boot(chip, self._board, start.efuses, self._apps)
            return verdict, chip.read_sectors

        return self._find(self._known_boots, start, compute)

    def recovery(self, start: Start) -> Found[Result]:
        """Return how the board ends that gets power in this state."""

        def compute() -> tuple[Result, tuple[int, ...]]:
            rehearsal = rehearse(self._request, self._setting, start)
            return rehearsal.result, rehearsal.reads

        return self._find(self._known_recoveries, start, compute)

    def _find(
        self,
        known_by_efuses: dict[bytes | None, Knowledge[Found[Outcome]]],
        start: Start,
        compute: Callable[[], tuple[Outcome, tuple[int, ...]]],
    ) -> Found[Outcome]:
        known = known_by_efuses.setdefault(start.efuses, Knowledge())
        cells = start.cells
        found = known.find(cells) if self._prunes else None
        if found is None:
            outcome, reads = compute()
            found = Found(outcome, _name(start.efuses, cells, reads))
            known.learn(cells, reads, found)
        return found

    def examine(self, run: Run, cut: Cut, start: Start, tally: Tally | None = None) -> Verdict:
        """Return what is to be said of ``start``, the state after ``cut`` in ``run``."""
        boot = self.boot(start)
        problems: list[str] = []
        if boot.outcome.starts is Starts.NONE:
            problems.append(f"bricked: {boot.outcome.why}")
        elif boot.outcome.starts is Starts.HALF:
            problems.append(f"{boot.outcome.label} is started, and holds neither the old app nor the new one")
        falls_back = self._falls_back(run, cut, boot.outcome)
        if falls_back and not self._rolls_back:
            problems.append(f"{boot.outcome.label} is started, which was not selected and was not about to be")
        losses, in_part = [], []
        for store, loss in run.losses(cut, start.flash):
            if store.kind == "spiffs" and not loss.was_committed:
                in_part.append(loss)
            else:
                losses.append(loss)
                problems.append(f"{store.partition.label}: {loss.name or 'all of it'} {loss.what}")
        recovery = None
        if boot.outcome.starts is not Starts.NONE:
            recovery = self.recovery(start)
            problems += self._complaints(recovery.outcome)
        if tally is not None:
            tally.boots.add(boot.computation)
            if recovery is not None:
                tally.recoveries.add(recovery.computation)
        return Verdict(
            boot.outcome,
            falls_back,
            tuple(losses),
            tuple(in_part),
            None if recovery is None else recovery.outcome,
            tuple(problems),
        )

    def _falls_back(self, run: Run, cut: Cut, boot: BootVerdict) -> bool:
        otadata = self.table.otadata
        if otadata is None or boot.label is None:
            return False
        around = run.commits_around(otadata.offset, cut)
        for operations in around:
            if operations not in run.selected:
                run.selected[operations] = self.boot(run.between(operations)).outcome.label
        return all(boot.label != run.selected[operations] for operations in around)

    def _complaints(self, result: Result) -> Iterator[str]:
        """Yield in what the end of a run is not that of the run without a cut."""
        if result.ending is Ending.STUCK:
            yield f"the board is stuck: {result.why}"
        elif result.ending is Ending.TIMEOUT:
            yield f"the board does not come to rest: {result.why}"
        elif result.commit != self._goal.commit:
            yield f"in the end {result.label} runs with commit {result.commit}, not {self._goal.commit}"
        for error in result.script_errors:
            if error not in self._goal.script_errors:
                yield f"script error: {error.splitlines()[0]}"

    # -- many of them ---------------------------------------------------------------------------------------------

    def examine_cuts(self, before: Cuts, numbers: Iterable[int]) -> Tally:
        """Examine every cut of some operations of the run that begins after the cuts ``before``."""
        run = self.run_after(before)
        tally = Tally()
        for number in numbers:
            operation = run.operations[number]
            row = tally.row(self.place(operation))
            row["operations"] += 1
            for cut in self.torn.cuts(operation):
                verdict = self.examine(run, cut, run.after(cut), tally)
                self._count(row, verdict)
                if verdict.problems and len(tally.failures) < FAILURES_KEPT:
                    tally.failures.append(
                        Failure((*before, cut), self.words(operation), verdict.problems, boots_text(verdict.boot))
                    )
        return tally

    def _count(self, row: Counter[str], verdict: Verdict) -> None:
        row["cuts"] += 1
        row[verdict.boot.starts.value] += 1
        row["falls back"] += verdict.falls_back
        row["lost"] += bool(verdict.losses)
        row["in part"] += bool(verdict.in_part)
        row["completed"] += verdict.recovery is not None and not any(self._complaints(verdict.recovery))
        row["broken"] += bool(verdict.problems)

    def report(self, run: Run, cuts: Cuts) -> tuple[Failure, Verdict]:
        """Return what is to be said of the state after ``cuts``, the last of which is in ``run``."""
        cut = cuts[-1]
        verdict = self.examine(run, cut, run.after(cut))
        words = self.words(run.operations[cut.operation])
        return Failure(cuts, words, verdict.problems, boots_text(verdict.boot)), verdict

    def distinct_cuts(self, numbers: Iterable[int]) -> Iterator[Cut]:
        """Yield one cut of the run without a cut for each different state that cuts of these operations leave."""
        seen = set()
        for number in numbers:
            for cut in self.torn.cuts(self.base.operations[number]):
                start = self.base.after(cut)
                key = tuple(start.cells), start.efuses
                if key not in seen:
                    seen.add(key)
                    yield cut

    def run_after(self, cuts: Cuts) -> Run:
        """Return the run that begins when power comes back after the last of these cuts."""
        run = self.base
        for cut in cuts:
            start = run.after(cut)
            if self._last_run is None or self._last_run[0] != start:
                self._last_run = start, Run(rehearse(self._request, self._setting, start), self._stores)
            run = self._last_run[1]
        return run

    def place(self, operation: FlashOperation) -> str:
        """Return the label of the partition that an operation changes."""
        inside = (entry.label for entry in self.table.entries if entry.offset <= operation.address < entry.end)
        return next(inside, "outside")

    def words(self, operation: FlashOperation) -> str:
        """Return what an operation does, in words."""
        what = "erase" if operation.kind == "erase" else "program"
        return f"{what} {operation.length} bytes at 0x{operation.address:x} ({self.place(operation)})"


def boots_text(boot: BootVerdict) -> str:
    """Return what starts and why, in words."""
    return boot.why if boot.label is None else f"{boot.label} ({boot.starts.value}): {boot.why}"


def _name(efuses: bytes | None, cells: Sequence[bytes], reads: Iterable[int]) -> bytes:
    """Return a digest of all that a computation depends on."""
    digest = hashlib.sha256(efuses or b"")
    digest.update(b"".join(sector.to_bytes(4, "little") + _digest(cells[sector]) for sector in reads))
    return digest.digest()[:_DIGEST_BYTES]


@lru_cache(maxsize=4096)
def _digest(cell: bytes) -> bytes:
    """Return a digest of what is in one sector. Most states share most of their sectors."""
    return hashlib.sha256(cell).digest()[:_DIGEST_BYTES]
