"""thread: starting, suspending, listing and stopping Lua threads, and mutexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.boards import Board
from simulator.console.thread_list import ThreadRow, in_order, monitor, table
from simulator.device.calls import CallGroup, bytes_of, call, text_of
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.programs import ProgramCalls
from simulator.device.heap import Heap
from simulator.device.kernel import DONE, WAIT, Task
from simulator.vm.exceptions import DriverError

MAIN_ID: Final = 1_073_440_864
"""Thread ids are addresses of task control blocks in DRAM; this is one that a real board showed."""
_ID_STEP: Final = 9_216  # a stack of 8192 bytes, the control block and what the heap adds

ALL: Final = -1
STACK_BYTES_MIN: Final = 2048
PRIORITY_MIN: Final = 3
PRIORITY_MAX: Final = 25
_PRIORITY_REFUSED: Final = 25  # passes the check, but the attribute is refused: the default stays
NAME_BYTES_MAX: Final = 15
_NO_THREAD: Final = 0
"""The id of a task that is no pthread, such as those that run callbacks."""
_STATUS: Final = {"running": "run", "suspended": "susp"}
_STACK_USED_SHARE: Final = 4  # of what a task has, a quarter is shown as used: the twin's stack is the host's

RECURSIVE: Final = 1


@dataclass(slots=True)
class _Mutex:
    recursive: bool
    holder: Task | None = None
    depth: int = 0
    waiting: list[Task] = field(default_factory=list)


class ThreadCalls(CallGroup):
    """``thread``. ``emit`` writes the board's events.

    The firmware records what a Lua thread's status is on the task that changes it, not on the one whose status
    changes: whoever suspends another reports ``suspended`` until it resumes or starts one.
    """

    def __init__(
        self, board: Board, heap: Heap, console: ConsoleCalls, programs: ProgramCalls, emit: Callable[..., None]
    ) -> None:
        self._defaults = board.lua_thread
        self._heap = heap
        self._console = console
        self._programs = programs
        self._emit = emit
        self._reserved: dict[int, tuple[str, int, int, int]] = {}
        self._mutexes: dict[int, _Mutex] = {}

    def ended(self, task: Task, *, why: str) -> None:
        """Take note that a Lua thread ``returned``, ended with an ``error``, or was ``stopped``."""
        self._heap.give(task.stack_bytes)
        self._emit("thread.end", id=task.id, name=task.name, why=why)

    # -- making them ----------------------------------------------------------------------------------------------

    @call("thread.check")
    def _check(self, stack: int | None, priority: int | None, cpu: int | None) -> None:
        if stack is not None and stack < STACK_BYTES_MIN:
            raise DriverError("thread", "InvalidStackSize")
        if priority is not None and not PRIORITY_MIN <= priority <= PRIORITY_MAX:
            raise DriverError("thread", "InvalidPriority")
        if cpu not in (None, 0, 1):
            raise DriverError("thread", "InvalidCPUAffinity")

    @call("thread.reserve")
    def _reserve(self, stack: int | None, priority: int | None, cpu: int | None, name: bytes) -> tuple[Any, ...]:
        """Return the id of the thread to be, and whether there is room for it."""
        defaults = self._defaults
        id_ = MAIN_ID + _ID_STEP
        while id_ in self.kernel.tasks or id_ in self._reserved:
            id_ += _ID_STEP
        self._reserved[id_] = (
            text_of(name) if len(name) <= NAME_BYTES_MAX else "thread",
            defaults.priority if priority in (None, _PRIORITY_REFUSED) else priority,
            defaults.core if cpu is None else cpu,
            defaults.stack_size_bytes if stack is None else stack,
        )
        return (id_, self._heap.has_room(self._reserved[id_][3]))

    @call("thread.begin")
    def _begin(self, id_: int, suspended: bool) -> None:
        """Start the thread whose function is in place; it is refused if there is no room for its stack."""
        name, priority, core, stack_bytes = self._reserved.pop(id_)
        if not self._heap.has_room(stack_bytes):
            raise DriverError("thread", "CannotStart", "No more processes")
        self._heap.take(stack_bytes)
        task = self.kernel.start("thread", id_, name=name, priority=priority, core=core, stack_bytes=stack_bytes)
        self._emit("thread.start", id=id_, name=name, suspended=suspended)
        if suspended:
            self.kernel.suspend(task)
        else:
            self.kernel.current.status = "running"

    # -- what there is --------------------------------------------------------------------------------------------

    def _lua_tasks(self) -> list[Task]:
        return [task for task in self.kernel.tasks.values() if task.lua.kind == "thread"]

    @call("thread.self")
    def _self(self) -> tuple[Any, ...]:
        task = self.kernel.current
        return (task.id if task.lua.kind != "callback" else _NO_THREAD,)

    @call("thread.status")
    def _status(self, id_: int) -> tuple[Any, ...] | None:
        task = self.kernel.tasks.get(id_)
        return (task.status.encode(),) if task is not None and task.lua.kind != "callback" else None

    def _rows(self, everything: bool) -> list[ThreadRow]:
        """Return the Lua threads, or all tasks that have to do with Lua."""
        rows: list[ThreadRow] = []
        for task in self.kernel.tasks.values():
            is_lua = task.lua.kind != "callback"
            if is_lua or everything:
                rows.append(
                    ThreadRow(
                        id=task.id if is_lua else _NO_THREAD,
                        type="lua" if is_lua else "task",
                        name=task.name,
                        status=_STATUS[task.status] if is_lua else "",
                        core=task.core,
                        priority=task.priority,
                        stack_bytes=task.stack_bytes,
                        free_bytes=task.stack_bytes - task.stack_bytes // _STACK_USED_SHARE,
                    )
                )
        return in_order(rows)

    @call("thread.list")
    def _list(self, everything: bool) -> tuple[Any, ...]:
        values: list[Any] = []
        for id_, kind, name, status, *numbers, free_bytes in self._rows(everything):
            used_bytes = numbers[-1] - free_bytes
            values += [id_, kind.encode(), bytes_of(name), status.encode(), *numbers, free_bytes, used_bytes]
        return tuple(values)

    @call("thread.print_list")
    def _print_list(self, everything: bool) -> None:
        self._console.write(table(self._rows(everything)))

    @call("thread.monitor")
    def _monitor(self, everything: bool) -> Any:
        return self._programs.run(monitor(lambda: self._rows(everything)))

    @call("thread.exception")
    def _exception(self, name: bytes) -> tuple[Any, ...]:
        return (str(DriverError("thread", name.decode())).encode(),)

    # -- stopping and suspending ----------------------------------------------------------------------------------

    def _targets(self, id_: int, refusal: str) -> list[Task]:
        """Return the tasks that an id means; ``refusal`` says what cannot be done to the interpreter."""
        if id_ == ALL:
            return self._lua_tasks()
        if id_ < 1:
            raise DriverError("thread", "InvalidThreadId")
        task = self.kernel.tasks.get(id_)
        if task is None or task.lua.kind == "callback":
            raise DriverError("thread", "NonExistentThread", "or is not a Lua thread")
        if task.lua.kind == "main":
            raise DriverError("thread", "NotAllowed", f"lua main thread can not be {refusal}")
        return [task]

    @call("thread.suspend")
    def _suspend(self, id_: int) -> None:
        for task in self._targets(id_, "suspended"):
            self.kernel.suspend(task)
            self.kernel.current.status = "suspended"

    @call("thread.resume")
    def _resume(self, id_: int) -> None:
        for task in self._targets(id_, "suspended"):
            self.kernel.resume(task)
            self.kernel.current.status = "running"
        for mutex in self._mutexes.values():
            self._hand_over(mutex)

    @call("thread.stop")
    def _stop(self, id_: int) -> Any:
        current = self.kernel.current
        for task in self._targets(id_, "stopped"):
            self.kernel.stop(task)
            self.ended(task, why="stopped")
        return None if self.kernel.has(current) else WAIT

    # -- mutexes --------------------------------------------------------------------------------------------------

    @call("mutex.create")
    def _create(self, kind: int) -> tuple[Any, ...]:
        id_ = len(self._mutexes) + 1
        self._mutexes[id_] = _Mutex(recursive=kind == RECURSIVE)
        return (id_,)

    def _take(self, mutex: _Mutex, task: Task) -> bool:
        if mutex.holder is None:
            mutex.holder, mutex.depth = task, 1
            return True
        if mutex.holder is task and mutex.recursive:
            mutex.depth += 1
            return True
        return False

    @call("mutex.lock")
    def _lock(self, id_: int) -> Any:
        mutex, task = self._mutexes[id_], self.kernel.current
        if self._take(mutex, task):
            return None
        mutex.waiting.append(task)
        return WAIT

    @call("mutex.trylock")
    def _trylock(self, id_: int) -> tuple[Any, ...]:
        return (self._take(self._mutexes[id_], self.kernel.current),)

    @call("mutex.unlock")
    def _unlock(self, id_: int) -> None:
        mutex = self._mutexes[id_]
        if mutex.holder is None or (mutex.recursive and mutex.holder is not self.kernel.current):
            return
        mutex.depth -= 1
        if not mutex.depth:
            mutex.holder = None
            self._hand_over(mutex)

    def _hand_over(self, mutex: _Mutex) -> None:
        """Give a free mutex to who waits for it: the highest priority first. Who is suspended does not wait."""
        waiting = [task for task in mutex.waiting if self.kernel.has(task)]
        able = [task for task in waiting if not task.suspended]
        if able and mutex.holder is None:
            task = max(able, key=lambda task: task.priority)
            waiting.remove(task)
            self._take(mutex, task)
            self.kernel.answer(task, DONE)
        mutex.waiting = waiting
