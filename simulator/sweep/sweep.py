"""A whole sweep: from what the user wants to what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from simulator.errors import LuaTwinError, UsageError
from simulator.faults import Layer
from simulator.session import Ending
from simulator.setting import Request, prepare
from simulator.sweep.crew import Task, carry_out
from simulator.sweep.examiner import Cuts, Examiner, Failure, Tally, Torn, Verdict
from simulator.sweep.plan import Plan, check_path
from simulator.sweep.rehearsal import Rehearsal, Result, Start, on_nothing, rehearse

_CHUNK_OPERATIONS: Final = 4
_COUNTED: Final = ("old", "new", "falls back", "half", "none", "lost", "in part", "completed", "broken")


class BaseRunError(LuaTwinError):
    """The run without a cut is none that cuts could be compared with."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Progress(NamedTuple):
    """How far a sweep is."""

    cuts: int
    """So many were examined."""
    done: int
    """Of ``total`` pieces of work."""
    total: int
    broken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What a sweep found."""

    operations: int
    """Of the run without a cut."""
    numbers: range
    """Those that were cut."""
    result: Result
    """Of the run without a cut."""
    levels: tuple[Tally, ...]
    """What was found after one cut, and after two."""

    @property
    def cuts(self) -> int:
        """How many states were examined."""
        return self.total("cuts")

    @property
    def broken(self) -> int:
        """In how many of them something is."""
        return self.total("broken")

    @property
    def failures(self) -> list[Failure]:
        """The states in which something is broken, the first ones of each level."""
        return sorted((failure for tally in self.levels for failure in tally.failures), key=_order)

    @property
    def exit_code(self) -> int:
        """What the command exits with."""
        return 3 if self.broken else 0

    @property
    def boots(self) -> int:
        """How many different boots there were."""
        return len(set().union(*(tally.boots for tally in self.levels)))

    @property
    def recoveries(self) -> int:
        """How many different runs after a cut there were."""
        return len(set().union(*(tally.recoveries for tally in self.levels)))

    def total(self, what: str) -> int:
        """Return a sum over all that was examined."""
        return sum(tally.total(what) for tally in self.levels)

    def to_json(self) -> dict[str, Any]:
        """Return the report as ``--json`` prints it."""
        return {
            "operations": self.operations,
            "cut_operations": [self.numbers[0], self.numbers[-1]],
            "cuts": self.cuts,
            **{what.replace(" ", "_"): self.total(what) for what in _COUNTED},
            "distinct_boots": self.boots,
            "distinct_recoveries": self.recoveries,
            "commit": self.result.commit,
            "levels": [
                {
                    label: {what.replace(" ", "_"): row[what] for what in ("operations", "cuts", *_COUNTED)}
                    for label, row in sorted(tally.rows.items())
                }
                for tally in self.levels
            ],
            "failures": [
                {
                    "cut": cuts_text(failure.cuts),
                    "operation": failure.operation,
                    "problems": list(failure.problems),
                    "boots": failure.boots,
                }
                for failure in self.failures
            ],
            "exit_code": self.exit_code,
        }


class Sweep:
    """A scenario that was run once without a cut. Raises `LuaTwinError` if that is not a run to compare with."""

    def __init__(self, request: Request, *, torn: Torn | None = None, prunes: bool = True) -> None:
        if request.server is not None:
            raise UsageError("--server: what a real server does cannot be repeated; a sweep needs the built-in one")
        for fault in request.faults:
            if fault.kind.layer in (Layer.POWER, Layer.FLASH):
                raise UsageError(f"--fault {fault.name}: a sweep cuts the power itself, and its flash is a good one")
        setting = prepare(request)
        self.remarks = setting.remarks
        efuses = None if setting.efuses is None else setting.efuses.to_bytes()
        self.base: Rehearsal = rehearse(on_nothing(request), setting, Start(setting.chip.snapshot(), efuses))
        _check_base(self.base.result)
        self.examiner = Examiner(request, setting, self.base, torn=torn or Torn(), prunes=prunes)

    def run(
        self, plan: Plan, *, jobs: int = 1, progress: Callable[[Progress], None] = lambda _progress: None
    ) -> SweepReport:
        """Examine every cut of ``plan`` with so many processes."""
        numbers = plan.numbers(self.base, self.examiner.table)
        levels = [self._carry_out(_chunks(numbers), jobs, progress)]
        if plan.depth > 1:
            tasks = [Task((cut,), None) for cut in self.examiner.distinct_cuts(numbers)]
            levels.append(self._carry_out(tasks, jobs, progress))
        return SweepReport(
            operations=len(self.base.operations), numbers=numbers, result=self.base.result, levels=tuple(levels)
        )

    def _carry_out(self, tasks: list[Task], jobs: int, progress: Callable[[Progress], None]) -> Tally:
        found: dict[Task, Tally] = {}
        cuts = broken = 0
        for task, tally in carry_out(self.examiner, tasks, jobs):
            found[task] = tally
            cuts += tally.total("cuts")
            broken += tally.total("broken")
            progress(Progress(cuts, len(found), len(tasks), broken))
        whole = Tally()
        for task in tasks:  # not in the order in which they were done, so that the same failures are kept every time
            whole.add(found[task])
        return whole

    def examine(self, cuts: Cuts) -> tuple[Failure, Verdict]:
        """Examine one state: that after ``cuts``. Raises `UsageError` if there is none."""
        for number in range(len(cuts)):
            check_path(cuts, number, len(self.examiner.run_after(cuts[:number]).operations))
        run = self.examiner.run_after(cuts[:-1])
        return self.examiner.report(run, cuts)


def _chunks(numbers: range) -> list[Task]:
    return [Task((), numbers[at : at + _CHUNK_OPERATIONS]) for at in range(0, len(numbers), _CHUNK_OPERATIONS)]


def _check_base(result: Result) -> None:
    if result.ending is Ending.TIMEOUT:
        raise BaseRunError(f"the run without a cut does not end: {result.why}", 42)
    if result.ending is Ending.STUCK:
        raise BaseRunError(f"the board is stuck without a cut: {result.why}", 3 if result.is_bricked else 2)


def _order(failure: Failure) -> tuple[tuple[int, str], ...]:
    return tuple((cut.operation, str(cut)) for cut in failure.cuts)


def cuts_text(cuts: Cuts) -> str:
    """Return cuts as ``--cut`` reads them."""
    return ",".join(map(str, cuts))
