"""The Lua machine alone: requests per second, and what the count hook costs pure Lua.

The hook (preemption, simulated CPU time, Ctrl-C) is paid for by every instruction, so it is measured on programs of
different kinds, each against the same Lua without a machine around it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import geometric_mean
from typing import Final

from lupa import lua53 as lupa

from benchmarks.report import Row, at_most
from benchmarks.timing import Effort, medians
from simulator.vm.machine import THREAD_END, Answer, Machine

_REQUESTS: Final = 200_000

#: Each counts to n in its own way.
_PROGRAMS: Final = {
    "arithmetic": (2_000_000, "local s = 0 for i = 1, n do s = s + i % 7 * 2 end"),
    "calls": (800_000, "local function f(x) return x + 1 end local s = 0 for i = 1, n do s = f(s) end"),
    "tables": (1_000_000, "local t = {} for i = 1, n do local k = i % 1000; t[k] = (t[k] or 0) + i end"),
    "strings": (150_000, "local t = {} for i = 1, n do t[i % 100] = ('x' .. i):upper():sub(1, 3) end"),
    "closures": (600_000, "local f for i = 1, n do f = function() return i end; f() end"),
}


def measure(effort: Effort) -> list[Row]:
    count = round(_REQUESTS * effort.loops)
    (requests_s,) = medians(effort, lambda: _in_machine(f"for _ = 1, {count} do tmr.delayms(0) end"))
    rows = [Row(what="requests of the Lua machine", value=count / requests_s, unit="/s", detail="one core")]
    ratios: dict[str, float] = {}
    for name, (full_count, program) in _PROGRAMS.items():
        source = f"local n = {round(full_count * effort.loops)} {program}"
        with_hook_s, without_s = medians(effort, partial(_in_machine, source), partial(_in_lua, source))
        ratios[name] = with_hook_s / without_s
    rows.append(
        Row(
            what="pure Lua in the machine, against Lua without it",
            value=(geometric_mean(ratios.values()) - 1) * 100,
            unit="% more",
            aim=at_most(10),
            detail=", ".join(f"{name} {(ratio - 1) * 100:+.0f} %" for name, ratio in ratios.items()),
        )
    )
    return rows


_SCRIPT: Final = b"/autorun.lua"
_DONE: Final[Answer] = (True,)


def _in_machine(source: str) -> float:
    """Return the seconds of CPU time that ``source`` takes as the script of a board that has nothing else."""
    script = f"net.connected() {source} net.connected()".encode()
    answers: dict[bytes, Callable[..., Answer]] = {
        b"console.scripts_aborted": lambda: (True, False),
        b"fs.readable": lambda path: (True, path == _SCRIPT),
        b"fs.load": lambda _path: (True, script),
    }
    marks: list[float] = []
    machine = Machine()
    thread = machine.start("main", 1)
    answer: Answer | None = None
    while len(marks) < 2:
        name, *arguments = thread.resume(answer)
        assert name != THREAD_END, arguments
        if name == b"net.connected":
            marks.append(time.process_time())
        answer = answers[name](*arguments) if name in answers else _DONE
    machine.close()
    return marks[1] - marks[0]


def _in_lua(source: str) -> float:
    """Return the seconds of CPU time that ``source`` takes in Lua as it is."""
    runtime = lupa.LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
    program = runtime.eval(b"load")(source.encode())
    started = time.process_time()
    program()
    return time.process_time() - started
