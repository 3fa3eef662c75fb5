"""The scheduler of a board: runs its Lua threads, carries out what they ask, and lets simulated time pass.

Theory of operation
-------------------
One trio task is the kernel of one board. It resumes a Lua thread, gets a request, and looks up who carries it out:

* an *immediate* call is a function: its result is the answer, and the same Lua thread goes on at once;
* a *waiting* call is an async function: it runs in a task of its own, and its result makes the Lua thread ready again;
* a call may also return `WAIT`: it keeps the task and answers later, through `Kernel.answer`.

Simulated time does not pass by itself. What a Lua thread does costs it: instructions (counted by the machine's hook),
bytes on the UART, flash operations. The cost is added to what the task owes, and when that is worth a sleep the task
sleeps it off, so that timers, the network and other boards get their turn. Which order that gives is part of the
board's behaviour: the same inputs give the same order.
"""

from __future__ import annotations

import heapq
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any, Final

import trio

from simulator.device.outcome import Outcome
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import DriverError, LuaError
from simulator.vm.machine import THREAD_END, TICK, Answer, LuaThread, Machine

TICK_NS: Final = 5 * NS_PER_MS
"""What 10,000 Lua instructions take: about two million a second at 240 MHz from flash (our estimate)."""

SLICE_NS: Final = 20 * NS_PER_MS
"""How much time a task may owe before it sleeps it off. Shorter is finer-grained, and slower to simulate."""

_REQUESTS_IN_A_ROW: Final = 100

DONE: Final[Answer] = (True,)
WAIT: Final = object()
"""Returned by an immediate call: the answer comes later."""

Call = Callable[..., Any]


class Task:
    """A Lua thread as FreeRTOS sees it: a task with a name, a priority, a core and a stack."""

    __slots__ = (
        "core",
        "id",
        "lua",
        "name",
        "owed_ns",
        "priority",
        "stack_bytes",
        "status",
        "suspended",
        "wait",
        "where",
    )

    def __init__(self, lua: LuaThread, *, name: str, priority: int, core: int, stack_bytes: int) -> None:
        self.lua = lua
        self.id = lua.id
        self.name = name
        self.priority = priority
        self.core = core
        self.stack_bytes = stack_bytes
        self.owed_ns = 0
        self.status = "running"
        """What ``thread.status`` says, which the device gets wrong: see `simulator.device.calls.thread`."""
        self.suspended = False
        self.wait: Timer | None = None
        """The sleep that it can be woken from, if it sleeps."""
        self.where = ""
        """Where its Lua code was last seen by the count hook, ``autorun.lua:12``."""


class Timer:
    """Something that happens at a simulated time. Set ``cancelled`` and it does not."""

    __slots__ = ("cancelled", "fire")

    def __init__(self, fire: Callable[[], None]) -> None:
        self.fire = fire
        self.cancelled = False


class Kernel:
    """Runs the Lua threads of one machine until something sets `outcome`.

    ``calls`` maps the name of a request to its function; ``nursery`` gets the waiting calls and must outlive `run`.
    """

    def __init__(
        self,
        machine: Machine,
        calls: Mapping[bytes, Call],
        *,
        nursery: trio.Nursery,
        now_ns: Callable[[], int],
        on_end: Callable[[Task, bool, bytes], None],
        on_idle: Callable[[], None],
    ) -> None:
        self.machine = machine
        self.tasks: dict[int, Task] = {}
        self.outcome: Outcome | None = None
        self.serving = 0
        """How many waiting calls are under way."""
        self.interrupted = False
        """Ctrl-C has to reach the main Lua thread at its next instruction."""
        self._calls = {name: (call, inspect.iscoroutinefunction(call)) for name, call in calls.items()}
        self._nursery = nursery
        self._clock_ns = now_ns
        self._on_end = on_end
        self._on_idle = on_idle
        self._ready: deque[tuple[Task, Answer | None]] = deque()
        self._held: list[tuple[Task, Answer | None]] = []
        self._timers: list[tuple[int, int, Timer]] = []
        self._timer_count = 0
        self._lot = trio.lowlevel.ParkingLot()
        self._current: Task | None = None

    # -- what calls use -------------------------------------------------------------------------------------------

    @property
    def current(self) -> Task:
        """The task whose request is being carried out. Only an immediate call may ask."""
        assert self._current is not None
        return self._current

    def now_ns(self) -> int:
        """The time as the running Lua thread knows it: the clock, and what the thread owes."""
        return self._clock_ns() + (self._current.owed_ns if self._current else 0)

    def charge(self, duration_ns: int) -> None:
        """Let the running Lua thread pay for work that took ``duration_ns``."""
        if self._current is not None:
            self._current.owed_ns += duration_ns

    def answer(self, task: Task, answer: Answer | None = DONE) -> None:
        """Let a waiting task go on; None starts a new one."""
        self._ready.append((task, answer))
        self._lot.unpark_all()

    def at(self, time_ns: int, fire: Callable[[], None]) -> Timer:
        """Call ``fire`` at ``time_ns``; of two timers for the same moment the one set first fires first."""
        timer = Timer(fire)
        self._timer_count += 1
        heapq.heappush(self._timers, (time_ns, self._timer_count, timer))
        if self._timers[0][2] is timer:
            self._lot.unpark_all()
        return timer

    def sleep(self, task: Task, duration_ns: int, answer: Answer | None = DONE, *, interruptible: bool = False) -> None:
        """Answer ``task`` after ``duration_ns`` and what it owes; a SIGINT can end an interruptible sleep."""
        duration_ns += task.owed_ns
        task.owed_ns = 0

        def wake() -> None:
            task.wait = None
            self._ready.append((task, answer))

        timer = self.at(self._clock_ns() + duration_ns, wake)
        task.wait = timer if interruptible else None

    def start(
        self, kind: str, id_: int, *arguments: Any, name: str, priority: int, core: int, stack_bytes: int
    ) -> Task:
        """Make a Lua thread and let it run. See `Machine.start`."""
        lua = self.machine.start(kind, id_, *arguments)
        task = Task(lua, name=name, priority=priority, core=core, stack_bytes=stack_bytes)
        self.tasks[lua.id] = task
        self.answer(task, None)
        return task

    def stop(self, task: Task) -> None:
        """Delete a task, wherever it is."""
        self.tasks.pop(task.id, None)
        if task.wait is not None:
            task.wait.cancelled = True
        if task is not self._current:
            task.lua.stop()
        self._ready = deque(entry for entry in self._ready if entry[0] is not task)
        self._held = [entry for entry in self._held if entry[0] is not task]

    def resume(self, task: Task) -> None:
        """Let a suspended task run again, and hand it what came for it meanwhile."""
        task.suspended = False
        ready = [entry for entry in self._held if entry[0] is task]
        self._held = [entry for entry in self._held if entry[0] is not task]
        self._ready.extend(ready)
        self._lot.unpark_all()

    def interrupt(self, task: Task) -> None:
        """SIGINT for ``task``: cut its sleep short, or reach it at its next instruction."""
        if task.wait is not None:
            task.wait.cancelled = True
            task.wait = None
            self.answer(task, (False, b"interrupted!"))
        else:
            self.interrupted = True

    def end(self, outcome: Outcome) -> object:
        """End the run; the task that asks is never answered."""
        self.outcome = outcome
        self._lot.unpark_all()
        return WAIT

    @property
    def has_timers(self) -> bool:
        """Whether anything is due to happen by itself."""
        return any(not timer.cancelled for _, _, timer in self._timers)

    # -- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> Outcome:
        """Run until there is an `outcome`, and return it."""
        await trio.lowlevel.checkpoint()
        while self.outcome is None:
            if self._ready:
                self._step(*self._ready.popleft())
                continue
            self._on_idle()
            if self._ready or self.outcome is not None:
                continue
            timers = self._timers
            while timers and timers[0][2].cancelled:
                heapq.heappop(timers)
            with trio.CancelScope(deadline=timers[0][0] / NS_PER_S if timers else inf):
                await self._lot.park()
            now_ns = self._clock_ns()
            while timers and timers[0][0] <= now_ns:
                timer = heapq.heappop(timers)[2]
                if not timer.cancelled:
                    timer.cancelled = True
                    timer.fire()
        return self.outcome

    def _step(self, task: Task, answer: Answer | None) -> None:
        """Let one task run until it waits, has run long enough, or ends."""
        if task.suspended:
            self._held.append((task, answer))
            return
        if self.tasks.get(task.id) is not task:
            return  # stopped meanwhile
        self._current = task
        resume, calls = task.lua.resume, self._calls
        try:
            for _ in range(_REQUESTS_IN_A_ROW):
                name, *arguments = resume(answer)
                try:
                    call, waits = calls[name]
                except KeyError:
                    if name == TICK:
                        answer = self._tick(task, arguments)
                    elif name == THREAD_END:
                        self._end(task, arguments)
                        return
                    else:
                        raise
                else:
                    if waits:
                        self._nursery.start_soon(self._serve, task, call, arguments)
                        self.serving += 1
                        return
                    try:
                        result = call(*arguments)
                    except (DriverError, LuaError) as error:
                        answer = (False, str(error).encode("utf-8", "surrogateescape"))
                    else:
                        if result is WAIT:
                            if self.tasks.get(task.id) is not task:
                                task.lua.stop()  # it stopped itself
                            return
                        answer = DONE if result is None else (True, *result)
                if task.owed_ns >= SLICE_NS:
                    self.sleep(task, 0, answer)
                    return
                if task.suspended:
                    break
            self._ready.append((task, answer))
        finally:
            self._current = None

    def _tick(self, task: Task, arguments: list[Any]) -> Answer:
        source, line = arguments
        task.where = f"{source.decode('utf-8', 'replace')}:{line}"
        task.owed_ns += TICK_NS
        if self.interrupted and task.lua.kind == "main":
            self.interrupted = False
            return (False,)
        return DONE

    def _end(self, task: Task, arguments: list[Any]) -> None:
        self.tasks.pop(task.id, None)
        ok, message, *_ = *arguments, None
        self._on_end(task, bool(ok), message or b"")

    async def _serve(self, task: Task, call: Callable[..., Awaitable[Any]], arguments: list[Any]) -> None:
        """Carry out a waiting call. What the task owed until now is slept off first."""
        try:
            if task.owed_ns:
                owed_ns, task.owed_ns = task.owed_ns, 0
                await trio.sleep(owed_ns / NS_PER_S)
            result = await call(*arguments)
        except (DriverError, LuaError) as error:
            answer: Answer = (False, str(error).encode("utf-8", "surrogateescape"))
        else:
            answer = DONE if result is None else (True, *result)
        self.serving -= 1
        if self.tasks.get(task.id) is task:
            self.answer(task, answer)
