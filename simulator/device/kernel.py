"""The scheduler of a board: runs its Lua threads, carries out what they ask, and lets simulated time pass.

Theory of operation
-------------------
One trio task is the kernel of one board. It resumes a Lua thread, gets a request, and looks up who carries it out:

* an *immediate* call is a function: its result is the answer, and the same Lua thread goes on at once;
* a *waiting* call is an async function: it runs in a task of its own, and its result makes the Lua thread ready again;
* a call may also return `WAIT`: it keeps the task and answers later, through `Kernel.answer`.

Simulated time does not pass by itself. What a Lua thread does costs it: instructions (counted by the machine's hook),
bytes on the UART, flash operations. So each task has a time of its own, which runs ahead of the world's; when it is
far enough ahead the task sleeps until the world has caught up, and timers, the network and other boards get their
turn. Which order that gives is part of the board's behaviour: the same inputs give the same order. Who may run is
for `simulator.device.run_queue`: priorities, cores, and the lock around the Lua core, which also keeps two Lua threads
from computing at the same time.

Ctrl-C reaches the main Lua thread when it is next resumed, whatever it asked for, or ends its sleep.
"""

from __future__ import annotations

import heapq
import inspect
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any, Final, NamedTuple

import trio

from simulator.device.outcome import Outcome, Restart
from simulator.device.rand import Rand
from simulator.device.run_queue import RunQueue
from simulator.units import NS_PER_MS, NS_PER_S, format_duration
from simulator.vm.exceptions import DriverError, LuaError
from simulator.vm.machine import LET_GO, THREAD_END, TICK, Answer, LuaThread, Machine
from simulator.wifi.timed import Timed, earliest

TICK_NS: Final = 10 * NS_PER_MS
"""What 20,000 Lua instructions take: about two million a second at 240 MHz from flash (our estimate)."""

SLICE_NS: Final = 20 * NS_PER_MS
"""How far a task may get ahead of the world before it waits for it, if nothing is due before. Shorter is finer-grained,
and slower to simulate."""

_REQUESTS_IN_A_ROW: Final = 100

DONE: Final[Answer] = (True,)
WAIT: Final = object()
"""Returned by an immediate call: the answer comes later."""
_INTERRUPTED: Final[Answer] = (False, b"interrupted!")
_TICKED: Final[Answer] = ()
"""Stands for the answer to a tick until it is given."""

Call = Callable[..., Any]


class Timer:
    """Something that happens at a simulated time. Set ``cancelled`` and it does not."""

    __slots__ = ("cancelled", "fire")

    def __init__(self, fire: Callable[[], object]) -> None:
        self.fire = fire
        self.cancelled = False


class Sleep(NamedTuple):
    """A task that waits for a moment: what wakes it, what it is told then, and whether a SIGINT can end it earlier."""

    timer: Timer
    answer: Answer | None
    is_interruptible: bool


class Task:
    """A Lua thread as FreeRTOS sees it: a task with a name, a priority, a core and a stack."""

    __slots__ = (
        "busy_until_ns",
        "core",
        "id",
        "lua",
        "name",
        "priority",
        "rand",
        "served",
        "sleep",
        "stack_bytes",
        "status",
        "suspended",
        "where",
    )

    def __init__(
        self, lua: LuaThread, *, name: str, priority: int, core: int, stack_bytes: int, rand: Rand | None = None
    ) -> None:
        self.lua = lua
        self.id = lua.id
        self.name = name
        self.priority = priority
        self.core = core
        self.stack_bytes = stack_bytes
        self.rand = rand or Rand()
        self.busy_until_ns = 0
        """Its own time, when that is ahead of the world's."""
        self.status = "running"
        """What ``thread.status`` says, which the device gets wrong: see `simulator.device.calls.threads`."""
        self.suspended = False
        self.sleep: Sleep | None = None
        self.served: trio.CancelScope | None = None
        """Its waiting call, if one is under way."""
        self.where = ""
        """Where its Lua code was last seen by the count hook, ``autorun.lua:12``."""


class Kernel:
    """Runs the Lua threads of one machine until something sets `outcome`.

    ``calls`` maps the name of a request to its function, and ``find`` makes one that is not there yet, or raises
    `KeyError`; ``nursery`` gets the waiting calls and must outlive `run`. ``around`` is what happens around the chip by
    itself; when its deadline becomes earlier, `wake` has to be called. ``has_lock``: whether there is a lock around the
    Lua core. ``now_ns`` is the world's clock, ``on_end``
    hears of every task that ended by itself, and ``on_idle`` is called whenever no task can go on.
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
        find: Callable[[bytes], Call] | None = None,
        around: Timed | None = None,
        has_lock: bool = True,
    ) -> None:
        self.machine = machine
        self.tasks: dict[int, Task] = {}
        self.outcome: Outcome | None = None
        self.interrupted = False
        """Ctrl-C has to reach the main Lua thread when it is resumed."""
        self._calls = calls
        self._find = find
        self._used: dict[bytes, tuple[Call, bool]] = {}
        """The calls that were asked for, and whether each is a waiting one."""
        self._around = around
        self._nursery = nursery
        self._world_ns = now_ns
        self._on_end = on_end
        self._on_idle = on_idle
        self._has_lock = has_lock
        self._lock_free_ns = 0
        """Until when Lua code has run."""
        self._ready = RunQueue()
        self._held: list[tuple[Task, Answer | None]] = []
        self._timers: list[tuple[int, int, Timer]] = []
        self._timer_count = 0
        self._serving = 0
        self._lot = trio.lowlevel.ParkingLot()
        self._current: Task | None = None

    # -- what calls use -------------------------------------------------------------------------------------------

    @property
    def current(self) -> Task:
        """The task whose request is being carried out. Only an immediate call may ask."""
        assert self._current is not None
        return self._current

    @property
    def running(self) -> Task | None:
        """The task whose request is being carried out, if one is and not by a waiting call."""
        return self._current

    def now_ns(self) -> int:
        """Return the time of the Lua thread that runs now, which may be ahead of the world's; else the world's."""
        now_ns = self._world_ns()
        return now_ns if self._current is None else max(now_ns, self._current.busy_until_ns)

    @property
    def ahead_ns(self) -> int:
        """How far the Lua thread that runs now is ahead of the world."""
        return 0 if self._current is None else max(0, self._current.busy_until_ns - self._world_ns())

    def charge(self, duration_ns: int) -> None:
        """Let the running Lua thread pay for work that took ``duration_ns``."""
        if self._current is not None and duration_ns:
            self._current.busy_until_ns = self.now_ns() + duration_ns

    def answer(self, task: Task, answer: Answer | None = DONE) -> None:
        """Let a waiting task go on; None starts a new one."""
        self._ready.push(task, answer)
        self._lot.unpark_all()

    def at(self, time_ns: int, fire: Callable[[], object]) -> Timer:
        """Call ``fire`` at ``time_ns``; of two timers for the same moment the one set first fires first."""
        timer = Timer(fire)
        self._timer_count += 1
        heapq.heappush(self._timers, (time_ns, self._timer_count, timer))
        if self._timers[0][2] is timer:
            self._lot.unpark_all()
        return timer

    def sleep(
        self,
        task: Task,
        duration_ns: int,
        answer: Answer | None = DONE,
        *,
        interruptible: bool = False,
        busy: bool = False,
    ) -> None:
        """Answer ``task`` when ``duration_ns`` have passed on its own clock; ``busy``: it keeps its core meanwhile."""

        def wake() -> None:
            self._end_sleep(task)
            self._ready.push(task, answer)

        timer = self.at(max(self._world_ns(), task.busy_until_ns) + duration_ns, wake)
        task.sleep = Sleep(timer, answer, interruptible)
        if busy:
            self._ready.begin_busy(task)

    def start(
        self,
        kind: str,
        id_: int,
        *arguments: Any,
        name: str,
        priority: int,
        core: int,
        stack_bytes: int,
        rand: Rand | None = None,
    ) -> Task:
        """Make a Lua thread and let it run. See `Machine.start`. ``rand``: of the task in which it runs, if not new."""
        lua = self.machine.start(kind, id_, *arguments)
        task = Task(lua, name=name, priority=priority, core=core, stack_bytes=stack_bytes, rand=rand)
        self.tasks[lua.id] = task
        self.answer(task, None)
        return task

    def stop(self, task: Task) -> None:
        """Delete a task, wherever it is, and what is being done for it."""
        self.tasks.pop(task.id, None)
        self._end_sleep(task)
        if task.served is not None:
            task.served.cancel()
        if task is not self._current:
            task.lua.stop()
        self._ready.discard(task)
        self._held = [entry for entry in self._held if entry[0] is not task]

    def has(self, task: Task) -> bool:
        """Whether ``task`` has neither ended nor been stopped."""
        return self.tasks.get(task.id) is task

    def suspend(self, task: Task) -> None:
        """Let a task not run until `resume`. One that sleeps will not sleep on then, as FreeRTOS has it."""
        task.suspended = True
        sleep = self._end_sleep(task)
        if sleep is not None:
            self._held.append((task, sleep.answer))

    def resume(self, task: Task) -> None:
        """Let a suspended task run again, and hand it what came for it meanwhile."""
        task.suspended = False
        held, self._held = self._held, []
        for entry in held:
            if entry[0] is task:
                self._ready.push(*entry)
            else:
                self._held.append(entry)
        self._lot.unpark_all()

    def interrupt(self, task: Task) -> None:
        """SIGINT for the main task: cut its sleep short if that can be, or reach it when it is resumed."""
        if task.sleep is not None and task.sleep.is_interruptible:
            self._end_sleep(task)
            self.answer(task, _INTERRUPTED)
        else:
            self.interrupted = True

    def end(self, outcome: Outcome) -> object:
        """End the run; the task that asks is never answered. The first one to ask decides how it ended."""
        if self.outcome is None:
            self.outcome = outcome
            self._lot.unpark_all()
        return WAIT

    def halt(self) -> None:
        """Let nothing begin any more: the power has gone, perhaps in the middle of what a Lua thread has asked for."""
        if self._current is not None:
            self._current.suspended = True  # so that its next request is not looked at
        self._timers.clear()
        self.end(Restart())

    def wake(self) -> None:
        """Look again whether there is anything to do, and if not, say so again."""
        self._lot.unpark_all()

    @property
    def is_quiet(self) -> bool:
        """Whether no task will go on by itself: none is ready, sleeps or is being served, and no timer will fire."""
        return not self._ready and not self._timers and not self._serving

    def doing(self, task: Task) -> str:
        """Return in a few words what a task is doing, for people."""
        if task is self._current:
            return "runs"
        if task.suspended:
            return "is suspended"
        if task.sleep is not None:
            time_ns = next(time_ns for time_ns, _, timer in self._timers if timer is task.sleep.timer)
            return f"sleeps until {format_duration(time_ns)}"
        if task.served is not None:
            return "waits for an answer"
        return "is ready" if task in self._ready else "waits"

    # -- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> Outcome:
        """Run until there is an `outcome`, and return it."""
        await trio.lowlevel.checkpoint()
        timers = self._timers
        while self.outcome is None:
            if (turn := self._ready.pop()) is not None:
                self._step(*turn)
                continue
            while timers and timers[0][2].cancelled:
                heapq.heappop(timers)
            self._on_idle()
            around = self._around
            due_ns = earliest((timers[0][0] if timers else None, around.deadline_ns if around is not None else None))
            timeout_ns = inf if due_ns is None else max(0, due_ns - self._world_ns())
            with trio.move_on_after(timeout_ns / NS_PER_S):
                await self._lot.park()
            now_ns = self._world_ns()
            if around is not None:
                around.advance(now_ns)
            while timers and timers[0][0] <= now_ns:
                timer = heapq.heappop(timers)[2]
                if not timer.cancelled:
                    timer.cancelled = True
                    timer.fire()
        return self.outcome

    def _step(self, task: Task, answer: Answer | None) -> None:
        """Let one task run until it waits, has run long enough, or ends."""
        if not self.has(task):
            return  # stopped meanwhile
        if task.suspended:
            self._held.append((task, answer))
            return
        if self.interrupted and task.lua.kind == "main" and answer is not None:
            self.interrupted = False
            answer = _INTERRUPTED
        if answer is _TICKED:
            answer = self._after_tick(task)
        self._current = task
        limit_ns = self._limit_ns()
        resume, used, ready = task.lua.resume, self._used, self._ready
        try:
            for _ in range(_REQUESTS_IN_A_ROW):
                name, *arguments = resume(answer)
                entry = used.get(name)
                if entry is None:
                    if name == TICK:
                        self._tick(task, arguments)
                        if task.busy_until_ns >= limit_ns:
                            if self._has_lock and not arguments[2]:
                                ready.hold(task)
                            self.sleep(task, 0, _TICKED, busy=True)
                            return
                        answer = self._after_tick(task)
                        continue
                    if name == LET_GO:
                        ready.let_go()
                        ready.push(task, DONE)
                        return
                    if name == THREAD_END:
                        ready.let_go()
                        self._end(task, arguments)
                        return
                    entry = used[name] = self._look_up(name)
                others_wait = ready.is_held_by(task) and ready.let_go()
                call, waits = entry
                if waits:
                    self._serving += 1
                    task.served = trio.CancelScope()
                    self._nursery.start_soon(self._serve, task, task.served, call, arguments)
                    return
                try:
                    result = call(*arguments)
                except (DriverError, LuaError) as error:
                    answer = _refusal(error)
                else:
                    if result is WAIT:
                        if not self.has(task):
                            task.lua.stop()  # it stopped itself
                        return
                    answer = DONE if result is None else (True, *result)
                if task.busy_until_ns >= limit_ns:
                    self.sleep(task, 0, answer, busy=True)
                    return
                if others_wait or task.suspended or ready.is_preempted(task):
                    break
            ready.push(task, answer)
        finally:
            self._current = None

    def _limit_ns(self) -> int:
        """Return how far a task may run ahead now: until something is due."""
        limit_ns = self._world_ns() + SLICE_NS
        return min(limit_ns, self._timers[0][0]) if self._timers else limit_ns

    def _look_up(self, name: bytes) -> tuple[Call, bool]:
        """Return what carries out a request, and whether it is a waiting call."""
        call = self._calls.get(name)
        if call is None:
            if self._find is None:
                raise KeyError(name)
            call = self._find(name)
        return call, inspect.iscoroutinefunction(call)

    def _tick(self, task: Task, arguments: list[Any]) -> None:
        source, line, _ = arguments
        task.where = f"{source.decode('utf-8', 'replace')}:{line}"
        began_ns = self.now_ns()
        if self._has_lock:
            began_ns = max(began_ns, self._lock_free_ns)
        task.busy_until_ns = self._lock_free_ns = began_ns + TICK_NS

    def _after_tick(self, task: Task) -> Answer:
        """Return the answer to a tick: whether somebody waits for the lock that ``task`` holds."""
        return (True, self._ready.is_held_by(task) and bool(self._ready))

    def _end(self, task: Task, arguments: list[Any]) -> None:
        self.tasks.pop(task.id, None)
        ok, message, *_ = *arguments, None
        self._on_end(task, bool(ok), message or b"")

    def _end_sleep(self, task: Task) -> Sleep | None:
        """Let a task not be woken; return the sleep that it was in."""
        sleep, task.sleep = task.sleep, None
        if sleep is not None:
            sleep.timer.cancelled = True
            self._ready.end_busy(task)
        return sleep

    async def _serve(
        self, task: Task, scope: trio.CancelScope, call: Callable[..., Awaitable[Any]], arguments: list[Any]
    ) -> None:
        """Carry out a waiting call, when the world has caught up with the task. Stopping the task cancels it."""
        answer = DONE
        with scope:
            try:
                await trio.sleep(max(0, task.busy_until_ns - self._world_ns()) / NS_PER_S)
                result = await call(*arguments)
            except (DriverError, LuaError) as error:
                answer = _refusal(error)
            else:
                answer = DONE if result is None else (True, *result)
        self._serving -= 1
        task.served = None
        if self.has(task):
            self.answer(task, answer)
        else:
            self.wake()


def _refusal(error: Exception) -> Answer:
    """Return the answer that raises ``error`` in the script."""
    return (False, str(error).encode("utf-8", "surrogateescape"))
