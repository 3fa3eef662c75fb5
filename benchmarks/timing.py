"""Ways of measuring that a busy machine disturbs little: CPU time, medians, and taking turns.

CPU time of this process is what the work costs, whatever else runs. What is compared is measured in turn, round after
round, so that a slow moment hits both sides; and the median of the rounds ignores the few that were hit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much to measure: ``rounds`` of everything, with ``boards`` where there are many, and loops shortened."""

    rounds: int
    boards: int
    loops: float
    """Share of the full number of repetitions inside one round."""


FULL: Final = Effort(rounds=25, boards=200, loops=1.0)
QUICK: Final = Effort(rounds=1, boards=4, loops=0.02)


def cpu_s(work: Callable[[], object]) -> float:
    """Return the seconds of CPU time that ``work`` takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def median_cpu_s(effort: Effort, *works: Callable[[], object]) -> list[float]:
    """Return the median seconds of each of ``works``, which take turns; one round before that is not counted."""
    return medians(effort, *(partial(cpu_s, work) for work in works))


def medians(effort: Effort, *measurements: Callable[[], float]) -> list[float]:
    """Return the median result of each of ``measurements``, as `median_cpu_s` does."""
    for measurement in measurements:
        measurement()
    rounds = [[measurement() for measurement in measurements] for _ in range(effort.rounds)]
    return [median(results) for results in zip(*rounds, strict=True)]
