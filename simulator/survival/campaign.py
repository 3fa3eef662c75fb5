"""Many seeds, in several processes, and what became of them."""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from simulator.chaos import Plan, draw_plan, shrink
from simulator.survival.arena import Arena, Survival
from simulator.survival.watch import Broken
from simulator.units import NS_PER_S

_SEEDS_AT_ONCE: Final = 4
"""How many seeds a process takes at a time."""


class SeedResult(NamedTuple):
    """What became of one seed."""

    seed: int
    plan: Plan
    broken: tuple[Broken, ...]
    unrest: str
    in_part: bool
    boots: int
    simulated_ns: int

    @classmethod
    def of(cls, seed: int, survival: Survival) -> SeedResult:
        """Return what counts of a run."""
        report = survival.report
        return cls(
            seed=seed,
            plan=survival.plan,
            broken=survival.broken,
            unrest=survival.unrest,
            in_part=bool(survival.in_part),
            boots=len(report.boots),
            simulated_ns=report.simulated_ns,
        )


@dataclass(slots=True)
class CampaignReport:
    """What became of all seeds."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    """How often each was planned, by its name."""
    boots: int = 0
    simulated_ns: int = 0
    unrest: Counter[str] = field(default_factory=Counter)
    """How many boards did not come to rest by themselves when all was lifted, by the reason."""
    in_part: int = 0
    """How many boards lost a part of a file that was being written, on SPIFFS."""
    failures: list[SeedResult] = field(default_factory=list)

    def add(self, result: SeedResult) -> None:
        """Count a seed."""
        self.seeds += 1
        self.faults.update(fault.name for fault in result.plan)
        self.boots += result.boots
        self.simulated_ns += result.simulated_ns
        self.in_part += result.in_part
        if result.unrest:
            self.unrest[result.unrest] += 1
        if result.broken:
            self.failures.append(result)

    def broken(self, promise: str) -> int:
        """Return for how many seeds that promise was not kept."""
        return sum(any(broken.promise == promise for broken in result.broken) for result in self.failures)

    @property
    def exit_code(self) -> int:
        """What the command exits with."""
        return 3 if self.failures else 0

    def to_json(self) -> dict[str, Any]:
        """Return the report as ``--json`` prints it."""
        return {
            "seeds": self.seeds,
            "faults": dict(sorted(self.faults.items())),
            "boots": self.boots,
            "simulated_s": self.simulated_ns / NS_PER_S,
            "no_rest": dict(sorted(self.unrest.items())),
            "in_part": self.in_part,
            "failures": [
                {
                    "seed": result.seed,
                    "plan": [fault.text for fault in result.plan],
                    "broken": [broken.to_json() for broken in result.broken],
                }
                for result in self.failures
            ],
        }


def run_seeds(arena: Arena, seeds: Sequence[int], *, jobs: int, always: Plan = ()) -> Iterator[SeedResult]:
    """Yield what became of each seed, in the order of ``seeds``. Each plan has the faults ``always`` as well.

    The processes are copies of this one, where that is possible; otherwise all is done here.
    """
    jobs = min(jobs, -(-len(seeds) // _SEEDS_AT_ONCE))
    if jobs <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from (_run(arena, always, seed) for seed in seeds)
        return
    fork = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(jobs, mp_context=fork, initializer=_begin, initargs=(arena, always))
    try:
        yield from pool.map(_work, seeds, chunksize=_SEEDS_AT_ONCE)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def smallest_plan(arena: Arena, plan: Plan, broken: Sequence[Broken]) -> tuple[Plan, int]:
    """Return a smallest plan that breaks the same promise first as ``plan`` did, and how many runs that took."""
    runs = 0

    def fails(candidate: Plan) -> bool:
        nonlocal runs
        runs += 1
        found = arena.run(candidate).broken
        return bool(found) and found[0].promise == broken[0].promise

    return shrink(plan, fails), runs


_arena: Arena
_always: Plan
"""Those of this process, if it is a worker."""


def _begin(arena: Arena, always: Plan) -> None:
    global _arena, _always
    _arena, _always = arena, always
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits for us is told, too


def _work(seed: int) -> SeedResult:
    return _run(_arena, _always, seed)


def _run(arena: Arena, always: Plan, seed: int) -> SeedResult:
    return SeedResult.of(seed, arena.run((*always, *draw_plan(seed, arena.course))))
