"""tmr: waiting, and timers that call a function."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import trio

from simulator.boards import Board
from simulator.device.calls import CallGroup, call
from simulator.device.kernel import WAIT, Kernel, Task, Timer
from simulator.device.rand import Rand
from simulator.units import NS_PER_MS, NS_PER_S, NS_PER_US
from simulator.vm.exceptions import DriverError

HARDWARE_TIMERS: Final = 4
HARDWARE_QUEUE: Final = 10
"""Expirations that wait for the callback task; more are lost (``components/sys/drivers/timer.c``)."""

_UINT32_MAX: Final = 0xFFFF_FFFF
_INT32_MAX: Final = 0x7FFF_FFFF
_CYCLES_PER_US: Final = 240
"""CPU_HZ, whatever the clock is."""
_US_PER_TICK: Final = 1000
"""CONFIG_FREERTOS_HZ: who sleeps for less waits busily (``components/newlib/time.c`` of ESP-IDF)."""

_NS_PER_UNIT: Final = {b"s": NS_PER_S, b"ms": NS_PER_MS, b"us": NS_PER_US}


@dataclass(slots=True)
class _TimerState:
    period_ns: int
    queue: CallbackQueue
    due: Timer | None = None


@dataclass(slots=True)
class CallbackQueue:
    """A FreeRTOS task that runs callbacks one after the other."""

    kernel: Kernel
    name: str
    priority: int
    core: int
    stack_bytes: int
    limit: int | None = None
    returned: Callable[[], None] | None = None
    """Called after each callback, before the next one."""
    drained: trio.Event = field(default_factory=trio.Event)
    """Set when the last callback has returned; a new one when there is work again."""
    _waiting: deque[tuple[Any, ...]] = field(default_factory=deque)
    _rand: Rand = field(default_factory=Rand)
    _running: Task | None = None

    @property
    def idle(self) -> bool:
        """Whether no callback runs or waits."""
        return self._running is None and not self._waiting

    def put(self, id_: int, *arguments: Any) -> None:
        """Call the callback stored under ``id_``, now or when those before it are done."""
        if self.limit is not None and len(self._waiting) >= self.limit:
            return
        self._waiting.append((id_, *arguments))
        if self.drained.is_set():
            self.drained = trio.Event()
        self._next()

    def ended(self, task: Task) -> bool:
        """Take note that a task ended; returns whether it was the callback that ran here."""
        if task is not self._running:
            return False
        self._running = None
        if self.returned is not None:
            self.returned()
        self._next()
        if self.idle:
            self.drained.set()
        return True

    def abandon(self) -> None:
        """Forget what runs and what waits, because the Lua state is gone, and let go whoever waits for the end."""
        self._waiting.clear()
        self._running = None
        self.drained.set()

    def _next(self) -> None:
        if self._running is None and self._waiting:
            self._running = self.kernel.start(
                "callback",
                *self._waiting.popleft(),
                name=self.name,
                priority=self.priority,
                core=self.core,
                stack_bytes=self.stack_bytes,
                rand=self._rand,
            )
            self._running.busy_until_ns = self.kernel.now_ns()  # not before what caused it


class TimerCalls(CallGroup):
    """``tmr``, and the sleeps of ``thread``."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._timers: dict[int, _TimerState] = {}
        self._next_id = HARDWARE_TIMERS + 1
        """Hardware timers are 1 to 4, software timers count on from there."""

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: there are no timers, and an idle task that will run callbacks."""
        super().connect(kernel)
        self._timers.clear()
        # CONFIG_TIMER_TASK_PRIORITY and _STACK of the boards.
        self._software = CallbackQueue(kernel, "Tmr Svc", priority=1, core=0, stack_bytes=2048)
        self._hardware: CallbackQueue | None = None

    @property
    def queues(self) -> tuple[CallbackQueue | None, ...]:
        """The two tasks that run callbacks of timers, as far as there are any."""
        return (self._software, self._hardware)

    def _hardware_queue(self) -> CallbackQueue:
        """Return the task that runs callbacks of hardware timers. It is on the core where the first was set up."""
        if self._hardware is None:
            self._hardware = CallbackQueue(
                self.kernel,
                "tmral",
                priority=self._board.lua_thread.priority,
                core=self.kernel.current.core,
                stack_bytes=self._board.lua_thread.stack_size_bytes,
                limit=HARDWARE_QUEUE,
            )
        return self._hardware

    @call("tmr.delay")
    def _delay(self, unit: bytes, count: int) -> Any:
        if unit == b"us":  # in clock cycles, in a signed number
            cycles = count * _CYCLES_PER_US & _UINT32_MAX
            duration_ns = 0 if cycles > _INT32_MAX else cycles * NS_PER_US // _CYCLES_PER_US
        else:
            duration_ns = (count * (_NS_PER_UNIT[unit] // NS_PER_MS) & _UINT32_MAX) * NS_PER_MS
        self.kernel.sleep(self.kernel.current, duration_ns, busy=True)
        return WAIT

    @call("tmr.sleep")
    def _sleep(self, unit: bytes, count: int) -> Any:
        duration_us = count * (_NS_PER_UNIT[unit] // NS_PER_US) & _UINT32_MAX
        task = self.kernel.current
        if duration_us < _US_PER_TICK:
            self.kernel.sleep(task, duration_us * NS_PER_US, busy=True)
        else:
            ticks = (duration_us + _US_PER_TICK - 1 & _UINT32_MAX) // _US_PER_TICK
            self.kernel.sleep(task, ticks * NS_PER_MS, interruptible=task.lua.kind == "main")
        return WAIT

    @call("tmr.check_period")
    def _check_period(self, period: int, least: int) -> None:
        if period < least:
            raise DriverError("timer", "InvalidPeriod")

    @call("tmr.attach_software")
    def _attach_software(self, period_ms: int) -> tuple[Any, ...]:
        id_ = self._next_id
        self._next_id += 1
        self._timers[id_] = _TimerState(period_ms * NS_PER_MS, self._software)
        return (id_,)

    @call("tmr.attach_hardware")
    def _attach_hardware(self, unit: int, period_us: int) -> tuple[Any, ...]:
        if not 0 <= unit < HARDWARE_TIMERS:
            raise DriverError("timer", "InvalidUnit")
        id_ = unit + 1
        if id_ not in self._timers:  # else it keeps its old period, and only the Lua function is replaced
            self._timers[id_] = _TimerState(period_us * NS_PER_US, self._hardware_queue())
        return (id_,)

    @call("tmr.start")
    def _start(self, id_: int) -> None:
        state = self._timers[id_]
        self._cancel(state)
        self._arm(id_, state, self.kernel.now_ns() + state.period_ns)

    def _arm(self, id_: int, state: _TimerState, due_ns: int) -> None:
        def fire() -> None:
            self._arm(id_, state, due_ns + state.period_ns)
            state.queue.put(id_)

        state.due = self.kernel.at(due_ns, fire)

    @call("tmr.stop")
    def _stop(self, id_: int) -> None:
        self._cancel(self._timers[id_])

    @call("tmr.detach")
    def _detach(self, id_: int) -> None:
        self._cancel(self._timers.pop(id_))

    def _cancel(self, state: _TimerState) -> None:
        if state.due is not None:
            state.due.cancelled = True
            state.due = None
