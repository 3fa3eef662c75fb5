"""Workers that nobody waits for any more do not go on."""

from __future__ import annotations

from tests.helpers import run_python

LEAVES_EARLY = """
import multiprocessing
from pathlib import Path
from simulator.setting import Request
from simulator.sweep import Sweep
from simulator.sweep.crew import Task, carry_out

sweep = Sweep(Request(script=Path("lua/demo/ota.lua"), image_bytes=32768, profile="hardened"))
cuts = sweep.examiner.distinct_cuts(range(20))
tasks = [Task((), range(1)), *(Task((cut,), None) for cut in cuts)]
found = carry_out(sweep.examiner, tasks, jobs=2)
task, tally = next(found)
print(task.numbers, tally.total("cuts"), len(multiprocessing.active_children()))
found.close()
print(len(multiprocessing.active_children()))
"""


def test_workers_end_when_somebody_has_seen_enough() -> None:
    finished = run_python("-c", LEAVES_EARLY)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "range(0, 1) 5 2\n0\n", "")
