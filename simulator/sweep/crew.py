"""Work for several processes, each of which remembers what it has found out.

A worker is a copy of this process, so that all it needs is there without being sent. Where processes cannot be copied
the work is done here.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import NamedTuple

from simulator.sweep.examiner import Cuts, Examiner, Tally


class Task(NamedTuple):
    """A piece of work: the cuts of some operations of the run that begins after the cuts ``before``."""

    before: Cuts
    numbers: range | None
    """None: all of them."""


_examiner: Examiner
"""The one of this process, if it is a worker."""


def carry_out(examiner: Examiner, tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Tally]]:
    """Yield what was found in each task, as soon as it was."""
    jobs = min(jobs, len(tasks))
    if jobs <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        for task in tasks:
            yield task, _tally(examiner, task)
        return
    fork = multiprocessing.get_context("fork")
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(jobs, mp_context=fork, initializer=_begin, initargs=(examiner,)) as pool:
        futures = {pool.submit(_work, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:  # Ctrl-C, say: what they are at may take minutes, and nobody waits for it any more
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()
            raise


def _begin(examiner: Examiner) -> None:
    global _examiner
    _examiner = examiner
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits for us is told, too


def _work(task: Task) -> Tally:
    return _tally(_examiner, task)


def _tally(examiner: Examiner, task: Task) -> Tally:
    numbers = task.numbers
    if numbers is None:
        numbers = range(len(examiner.run_after(task.before).operations))
    return examiner.examine_cuts(task.before, numbers)
