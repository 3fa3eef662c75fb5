"""Which Lua thread runs next: what FreeRTOS's scheduler and the lock around the Lua core make of it together.

Theory of operation
-------------------
Each Lua thread is a task of one core, and all of them share one Lua state, so a task needs two things to go on.

Its core: of those that could run on a core the one of the highest priority does, and equal ones take turns. A task
that computes or waits busily keeps its core from lower ones, but not from equal ones, with which it shares the time.

The lock (`components/lua/src`): it is let go in every C function and, for a moment, by what allocates memory. A task
whose turn ends anywhere else *holds* it, and nobody else runs until it lets go: a loop that calls nothing stops all
Lua threads. The firmware of M5STACK is built without the lock.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.device.kernel import Task
    from simulator.vm.machine import Answer

_NOBODY = -1


class RunQueue:
    """The tasks that could go on, each with the answer that it gets then."""

    def __init__(self) -> None:
        self._cores: tuple[list[tuple[int, int, Task, Answer | None]], ...] = ([], [])
        """By core: heaps of (priority, highest first; place in the order of arrival; task; answer)."""
        self._top = [_NOBODY, _NOBODY]
        """The highest priority that waits for each core."""
        self._arrivals = 0
        self._busy: list[Task] = []
        self._holder: Task | None = None
        self._answer_for_holder: tuple[Task, Answer | None] | None = None

    def __bool__(self) -> bool:
        return bool(self._cores[0] or self._cores[1] or self._answer_for_holder)

    def __contains__(self, task: Task) -> bool:
        held = self._answer_for_holder
        return (held is not None and held[0] is task) or any(task is entry[2] for core in self._cores for entry in core)

    def push(self, task: Task, answer: Answer | None) -> None:
        """Add a task, behind the others of its priority."""
        if task is self._holder:
            self._answer_for_holder = (task, answer)
            return
        self._arrivals += 1
        heapq.heappush(self._cores[task.core], (-task.priority, self._arrivals, task, answer))
        if task.priority > self._top[task.core]:
            self._top[task.core] = task.priority

    def pop(self) -> tuple[Task, Answer | None] | None:
        """Take out the task whose turn it is; None if nobody can go on now."""
        if self._holder is not None:
            found, self._answer_for_holder = self._answer_for_holder, None
            return found
        first = None
        for waiting in self._cores:
            if waiting and (first is None or waiting[0][1] < first[0][1]) and self._has_its_core(waiting[0][2]):
                first = waiting
        if first is None:
            return None
        _, _, task, answer = heapq.heappop(first)
        self._top[task.core] = -first[0][0] if first else _NOBODY
        return task, answer

    def discard(self, task: Task) -> None:
        """Take out a task that is deleted. The lock that it holds stays locked."""
        for core, waiting in enumerate(self._cores):
            kept = [entry for entry in waiting if entry[2] is not task]
            if len(kept) < len(waiting):
                waiting[:] = kept
                heapq.heapify(waiting)
                self._top[core] = -waiting[0][0] if waiting else _NOBODY
        if task is self._holder:
            self._answer_for_holder = None

    def is_preempted(self, task: Task) -> bool:
        """Whether somebody waits who takes the core from ``task`` as soon as it lets go of the lock."""
        return self._top[task.core] > task.priority

    # -- the core -------------------------------------------------------------------------------------------------

    def begin_busy(self, task: Task) -> None:
        """From now on ``task`` keeps its core busy."""
        self._busy.append(task)

    def end_busy(self, task: Task) -> None:
        """Now it does not any more, if it did."""
        if task in self._busy:
            self._busy.remove(task)

    def _has_its_core(self, task: Task) -> bool:
        return all(other.core != task.core or other.priority <= task.priority for other in self._busy)

    # -- the lock -------------------------------------------------------------------------------------------------

    def hold(self, task: Task) -> None:
        """Let ``task`` keep the lock until `let_go`."""
        self._holder = task

    def is_held_by(self, task: Task) -> bool:
        """Whether ``task`` holds the lock over the end of its turn."""
        return task is self._holder

    def let_go(self) -> bool:
        """Free the lock. Returns whether somebody waits for it."""
        self._holder = None
        return bool(self)
