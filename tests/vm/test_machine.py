"""The machine itself: how requests leave Lua from every place, and that nothing holds, leaks or crashes it."""

from __future__ import annotations

import gc
import os
import random
import textwrap
import weakref
from collections.abc import Iterator

import pytest

from simulator.vm.bytecode import compile_stripped
from simulator.vm.machine import INSTRUCTIONS_PER_TICK, THREAD_END, Answer, LuaThread, Machine, Request
from tests.helpers import run_python
from tests.vm.lua_host import DONE, MAIN_ID, Host, Reply, files

STRESS = int(os.environ.get("LUATWIN_STRESS", "1"))
"""How many times as long as usual the stress test goes on; `make stress` says 20."""


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as host:
        yield host


# -- requests leave from everywhere -----------------------------------------------------------------------------------

WAIT = "tmr.delayms(7)"

YIELDING = {
    "a chunk": WAIT,
    "a function": f"(function() {WAIT} end)()",
    "a protected call": f"assert(pcall(function() {WAIT} end))",
    "a protected call with a handler": f"assert(xpcall(function() {WAIT} end, print))",
    "try": f"try(function() {WAIT} end)",
    "catch": f"try(function() error('x') end, function() {WAIT} end)",
    "__index": f"local _ = setmetatable({{}}, {{__index = function() {WAIT} end}}).x",
    "__newindex": f"setmetatable({{}}, {{__newindex = function() {WAIT} end}}).x = 1",
    "__call": f"setmetatable({{}}, {{__call = function() {WAIT} end}})()",
    "__lt": f"local t = setmetatable({{}}, {{__lt = function() {WAIT} end}}) local _ = t < t",
    "__le": f"local t = setmetatable({{}}, {{__le = function() {WAIT} end}}) local _ = t <= t",
    "__eq": f"local m = {{__eq = function() {WAIT} end}} local _ = setmetatable({{}}, m) == setmetatable({{}}, m)",
    "__concat": f"local _ = setmetatable({{}}, {{__concat = function() {WAIT} end}}) .. 'x'",
    "__len": f"local _ = #setmetatable({{}}, {{__len = function() {WAIT} end}})",
    "__unm": f"local _ = -setmetatable({{}}, {{__unm = function() {WAIT} end}})",
    "__tostring": f"print(setmetatable({{}}, {{__tostring = function() {WAIT} return 'x' end}}))",
    "__pairs": f"for _ in pairs(setmetatable({{}}, {{__pairs = function() {WAIT} return next, {{}} end}})) do end",
    "an iterator": f"for _ in function() {WAIT} end do end",
    "a coroutine": f"coroutine.wrap(function() {WAIT} end)()",
    "a coroutine in a coroutine": f"coroutine.wrap(function() coroutine.wrap(function() {WAIT} end)() end)()",
    "a coroutine that has yielded": (
        f"local co = coroutine.wrap(function() coroutine.yield() {WAIT} coroutine.yield() end) co() co()"
    ),
    "a coroutine that fails": f"pcall(coroutine.wrap(function() {WAIT} error('x') end))",
    "an iterator in a coroutine": f"for _ in coroutine.wrap(function() {WAIT} end) do end",
    "a file": "dofile('/wait.lua')",
    "a module": "require 'wait'",
}
SWITCHING = {
    "a sort comparator": f"table.sort({{2, 1}}, function(a, b) {WAIT} return a < b end)",
    "a replacement": f"('x'):gsub('x', function() {WAIT} end)",
    "a reader of load": f"load(function() {WAIT} end)",
    "a finalizer": f"setmetatable({{}}, {{__gc = function() {WAIT} end}}) collectgarbage()",
    "a message handler": f"xpcall(error, function() {WAIT} end)",
    "a comparator in a coroutine": (
        f"coroutine.wrap(function() table.sort({{2, 1}}, function(a, b) {WAIT} return a < b end) end)()"
    ),
    "a coroutine in a comparator": (
        f"table.sort({{2, 1}}, function(a, b) coroutine.wrap(function() {WAIT} end)() return a < b end)"
    ),
    "a coroutine in a coroutine in a replacement": (
        f"('x'):gsub('x', function() coroutine.wrap(function() coroutine.wrap(function() {WAIT} end)() end)() end)"
    ),
}
PLACES = {**YIELDING, **SWITCHING}
WITH_FILES = files(wait=WAIT, boot="")


@pytest.mark.parametrize("place", PLACES)
def test_a_request_leaves_lua_from(place: str) -> None:
    with Host(WITH_FILES) as host:
        shown = host.run(PLACES[place] + " print('went on')")
        assert host.asked(b"tmr.delay") == [(b"ms", 7)]
        assert shown.endswith("went on\n")


@pytest.mark.parametrize("place", PLACES)
def test_an_answer_that_is_an_error_reaches(place: str) -> None:
    """Whether it goes on from there is the place's own business: try swallows it, a chunk ends."""
    with Host({**WITH_FILES, b"tmr.delay": (False, b"no time")}) as host:
        host.run(PLACES[place])
        assert set(host.asked(b"tmr.delay")) == {(b"ms", 7)}
        assert host.run("print('next line')") == "next line\n"


def test_an_answer_is_what_the_function_returns(host: Host) -> None:
    host.replies = {b"os.version": (True, b"a", 2, 0.5, None, True)}
    assert host.eval("os.version()") == "a\t2\t0.5\tnil\ttrue"
    assert host.eval("coroutine.wrap(function() return os.version() end)()") == "a\t2\t0.5\tnil\ttrue"
    assert host.run("table.sort({1, 2}, function() print(os.version()) end)") == "a\t2\t0.5\tnil\ttrue\n"


def test_an_error_is_raised_where_the_function_was_called(host: Host) -> None:
    host.replies = {b"net.ota": (False, b"150994944:network is not available")}
    assert host.eval("pcall(net.ota)") == "false\t150994944:network is not available"
    assert host.eval("pcall(function() net.ota() end)") == "false\tstdin:1: 150994944:network is not available"


def test_an_answer_may_have_many_values(host: Host) -> None:
    host.replies = {b"net.wf.scan": (True, *(value for i in range(2000) for value in (b"ssid%d" % i, -i, 3, 1, 0)))}
    assert host.eval("#net.wf.scan(true), net.wf.scan(true)[1999].ssid") == "1999\tssid1999"


def test_a_request_with_more_values_than_lupa_can_move_is_never_made(host: Host) -> None:
    assert host.run("os.loglevel(" + ", ".join(str(i) for i in range(200)) + ")") == ""
    assert len(host.asked(b"os.loglevel")[0]) <= 30


# -- coroutines of scripts --------------------------------------------------------------------------------------------


def test_a_coroutine_that_waits_for_the_board_is_running_for_other_threads(host: Host) -> None:
    host.run("thread.start(function() print(coroutine.status(CO), coroutine.isyieldable()) end)")
    host.type(f"CO = coroutine.create(function() {WAIT} end) coroutine.resume(CO)", until=b"tmr.delay")
    assert host.until(thread=host.threads[2])[0] == THREAD_END
    assert host.shown == "normal\tfalse\n"
    host.go_on()
    assert host.eval("coroutine.status(CO)") == "dead"


def test_no_thread_can_answer_what_another_one_asked(host: Host) -> None:
    host.run(
        "CO = coroutine.create(function() RESULT = os.pwd() end) MAIN = coroutine.running()"
        " thread.start(function() for _, co in ipairs{CO, MAIN} do"
        " print(coroutine.status(co), coroutine.resume(co, true, 'forged')) end end)"
    )
    host.type("coroutine.resume(CO)", until=b"os.pwd")
    assert host.until(thread=host.threads[2])[:2] == (THREAD_END, True)
    assert host.shown == "normal\tfalse\tcannot resume non-suspended coroutine\n" * 2
    host.go_on((True, b"right"))
    assert host.eval("RESULT") == "right"


# -- the count hook ---------------------------------------------------------------------------------------------------


def test_a_loop_that_calls_nothing_is_interrupted_for_a_tick_now_and_then(host: Host) -> None:
    host.run("for i = 1, 100000 do end")
    assert [where for *where, _ in host.asked(b"tick")] == [[b"stdin", 1]] * (100_000 // INSTRUCTIONS_PER_TICK)


@pytest.mark.parametrize(
    ("loop", "allocates"),
    [
        ("for i = 1, 100000 do end", False),
        ("local f = function() end for i = 1, 20000 do f() end", False),
        ("local x = 1 for i = 1, 20000 do x = math.abs(x) end", False),
        ("local t for i = 1, 20000 do t = {} end", True),
        ("local s for i = 1, 20000 do s = 'x' .. i end", True),
        ("local f for i = 1, 20000 do f = function() return i end end", True),
    ],
)
def test_a_tick_tells_whether_memory_was_allocated_since_the_one_before(host: Host, loop: str, allocates: bool) -> None:
    host.run(loop)
    ticks = host.asked(b"tick")
    assert len(ticks) > 1
    assert {allocated for *_, allocated in ticks[1:]} == {allocates}


@pytest.mark.parametrize(
    ("loop", "lets_go"),
    [
        ("for i = 1, 100000 do end", False),
        ("local f = function() end for i = 1, 20000 do f() end", False),
        ("local x = 1 for i = 1, 20000 do x = math.abs(x) end", True),
        ("for i = 1, 50000 do local _ = cpu end", False),
        ("for i = 1, 20000 do type(i) end", True),
        ("coroutine.wrap(function() for i = 1, 20000 do type(i) end end)()", True),
        ("table.sort({1, 2}, function() for i = 1, 100000 do end for i = 1, 20000 do type(i) end end)", True),
    ],
)
def test_a_thread_that_others_wait_for_lets_go_in_the_next_c_function(host: Host, loop: str, lets_go: bool) -> None:
    host.replies = {b"tick": (True, True)}
    host.run(loop)
    assert len(host.asked(b"tick")) > 2
    assert (len(host.asked(b"let go")) > 1) == lets_go  # once it does when the chunk has ended
    assert host.errors == []


def test_letting_go_may_be_refused_like_a_tick(host: Host) -> None:
    host.replies = {b"tick": (True, True), b"let go": (False, b"interrupted!")}
    assert host.run("print(pcall(function() for i = 1, 20000 do type(i) end end))") == "false\tstdin:1: interrupted!\n"


@pytest.mark.parametrize(
    "place",
    [
        "%s",
        "pcall(function() %s end)",
        "coroutine.wrap(function() %s end)()",
        "('x'):gsub('x', function() %s end)",
        "table.sort({2, 1}, function(a, b) %s return a < b end)",
        "setmetatable({}, {__index = function() %s end}).x = nil",
    ],
)
def test_ticks_come_wherever_the_loop_is(host: Host, place: str) -> None:
    host.run(place % f"for i = 1, {3 * INSTRUCTIONS_PER_TICK} do end")
    assert len(host.asked(b"tick")) in ((3, 4) if "__index" not in place else (0,))


ENDLESS = {
    "a pattern": "('a'):rep(500):find('.-.-.-.-.-b')",
    "a replacement": "('a'):rep(500):gsub('.-.-.-.-.-b', '')",
    "an iteration": "for _ in ('a'):rep(500):gmatch('.-.-.-.-.-b') do end",
    "a pattern in a coroutine": "coroutine.wrap(function() ('a'):rep(500):find('.-.-.-.-.-b') end)()",
    "a finalizer": "setmetatable({}, {__gc = function() while true do end end}) collectgarbage()",
    "a pattern in a finalizer": "setmetatable({}, {__gc = function() ('a'):rep(500):find('.-.-.-.-.-b') end})"
    " collectgarbage()",
}


@pytest.mark.parametrize("place", ENDLESS)
def test_ticks_come_and_stop_what_is_no_loop_of_the_script(host: Host, place: str) -> None:
    ticks = iter([(True, False)] * 50)
    host.replies = {b"tick": lambda _: next(ticks, (False, b"interrupted!"))}
    host.run(f"print(pcall(function() {ENDLESS[place]} end))")
    assert len(host.asked(b"tick")) == 51
    assert {tuple(where) for *where, _ in host.asked(b"tick")} == {(b"stdin", 1)}
    assert "interrupted!" in host.shown
    assert host.run("print('next line')") == "next line\n"


@pytest.mark.parametrize("place", ENDLESS)
def test_a_machine_can_be_closed_in_what_is_no_loop_of_the_script(place: str) -> None:
    before = runtimes()
    host = Host()
    host.type(ENDLESS[place], until=b"tick")
    host.machine.close()
    del host
    assert runtimes() == before


def test_a_tick_is_never_inside_a_function_of_the_machine(host: Host) -> None:
    host.run("for i = 1, 3000 do string.format('%d %s', i, {}) pcall(type, nil) io.type(i) next(os) end")
    assert len(host.asked(b"tick")) > 20
    assert {tuple(where) for *where, _ in host.asked(b"tick")} == {(b"stdin", 1)}


@pytest.mark.parametrize(
    ("code", "report"),
    [
        ("while true do end", "interrupted!\nstack traceback:\n\tstdin:1: in main chunk\n\t[C]: in ?\n"),
        ("print(pcall(function() while true do end end))", "false\tinterrupted!\n"),
        ("local function f() while true do end end print(pcall(function() f() end))", "false\tstdin:1: interrupted!\n"),
        ("coroutine.wrap(function() print(pcall(function() while true do end end)) end)()", "false\tinterrupted!\n"),
    ],
)
def test_a_tick_that_is_refused_is_the_error_interrupted(host: Host, code: str, report: str) -> None:
    """Its position is that of the caller of the function that was interrupted, as luaL_error in a hook has it."""
    host.type(code, until=b"tick")
    host.go_on((False, b"interrupted!"))
    assert host.shown == report
    assert host.eval("1 + 1") == "2"


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("for _ = 1, 100000 do end", (THREAD_END, True, None)),  # many ticks, and nothing else that allocates
        ("error(0.5)", (THREAD_END, False, b"(error object is a number value)")),
    ],
)
def test_a_finalizer_runs_neither_in_the_hook_nor_while_a_thread_ends(end: str, last: Request) -> None:
    """There is nobody who catches its error there: it got out of Lua, and ended the process when Lua was left."""
    with Host() as host:
        host.run(
            "thread.start(function() collectgarbage('stop')"
            " for _ = 1, 20 do setmetatable({}, {__gc = function() error('x') end}) end"
            f" collectgarbage('setstepmul', 1000000) collectgarbage('restart') {end} end)"
        )
        assert host.until(thread=host.threads[MAIN_ID + 1]) == last


# -- stopping and closing, wherever Lua is ----------------------------------------------------------------------------

NEVER_ENDING = {
    "not begun": ("", None),
    "waiting": ("while true do tmr.delayms(1) end", b"tmr.delay"),
    "waiting in a protected call": ("while true do pcall(tmr.delayms, 1) end", b"tmr.delay"),
    "waiting in a coroutine": ("while true do pcall(coroutine.wrap(function() tmr.delayms(1) end)) end", b"tmr.delay"),
    "in a comparator": ("while true do pcall(table.sort, {2, 1}, function() tmr.delayms(1) end) end", b"tmr.delay"),
    "in a coroutine in a comparator": (
        "while true do pcall(table.sort, {2, 1}, function() coroutine.wrap(tmr.delayms)(1) end) end",
        b"tmr.delay",
    ),
    "in a comparator in a coroutine": (
        "while true do coroutine.wrap(function() pcall(table.sort, {2, 1}, function() tmr.delayms(1) end) end)() end",
        b"tmr.delay",
    ),
    "in a reader of load": ("while true do load(function() tmr.delayms(1) end) end", b"tmr.delay"),
    "in a finalizer": (
        "while true do setmetatable({}, {__gc = function() tmr.delayms(1) end}) pcall(collectgarbage) end",
        b"tmr.delay",
    ),
    "in a message handler": (
        "local function again() while true do pcall(table.sort, {2, 1}, function() tmr.delayms(1) end) end end"
        " while true do xpcall(error, again) end",
        b"tmr.delay",
    ),
    "interrupted": ("while true do pcall(function() while true do end end) end", b"tick"),
    "interrupted in a coroutine": ("pcall(coroutine.wrap(function() while true do end end))", b"tick"),
    "in try": ("while true do try(function() ('x'):gsub('x', function() tmr.delayms(1) end) end) end", b"tmr.delay"),
}


def parked(host: Host, state: str) -> LuaThread:
    """Return a Lua thread that never ends by itself, in the state of that name."""
    code, request = NEVER_ENDING[state]
    host.run(f"thread.start(function() {code} ENDED = true end)")
    thread = host.threads[max(host.threads)]
    if request is not None:
        for _ in range(3):
            assert host.until(request, thread=thread, answer=None if not host.asked(request) else DONE)[0] == request
    return thread


@pytest.mark.parametrize("state", NEVER_ENDING)
def test_a_thread_can_be_stopped_when_it_is(host: Host, state: str) -> None:
    thread = parked(host, state)
    thread.stop()
    thread.stop()
    assert host.eval("1 + 1, ENDED") == "2\tnil"
    assert host.eval("pcall(error, 'x')") == "false\tx", "the machine is on again"
    assert host.run("collectgarbage() collectgarbage()") == ""


@pytest.mark.parametrize("state", NEVER_ENDING)
def test_a_machine_can_be_closed_when_a_thread_is(host: Host, state: str) -> None:
    parked(host, state)
    parked(host, state)
    host.machine.close()
    host.machine.close()


@pytest.mark.parametrize("state", NEVER_ENDING)
def test_the_stack_can_be_looked_at_when_a_thread_is(host: Host, state: str) -> None:
    thread = parked(host, state)
    (stack,) = {tuple(host.machine.stack(thread)) for _ in range(100)}
    assert set(stack) == (set() if state == "not begun" else {"stdin:1"})
    assert host.eval("1 + 1") == "2"
    thread.stop()
    assert host.run("collectgarbage() collectgarbage()") == ""


def test_looking_at_a_stack_is_possible_while_memory_is_full() -> None:
    with Host(heap_bytes=HEAP_BYTES) as host:
        host.type(
            "local t = {} pcall(function() while true do t[#t + 1] = {} end end) tmr.delayms(2)", until=b"tmr.delay"
        )
        for thread in host.threads.values():
            assert host.machine.stack(thread) == ["stdin:1"]
        assert host.machine.heap_used_bytes < 2 * HEAP_BYTES


def test_a_machine_can_be_closed_before_it_ran_and_when_all_has_ended() -> None:
    Machine().close()
    machine = Machine()
    machine.start("main", 1)
    machine.close()
    machine = Machine()
    assert machine.start("callback", 1).resume(None)[:2] == (THREAD_END, True)
    machine.close()


@pytest.mark.parametrize("finalizer", ["while true do end", "error('x')", "tmr.delayms(1)", "local x = {} .. 1"])
def test_no_finalizer_runs_when_the_power_goes(finalizer: str) -> None:
    with Host() as host:
        host.run(f"T = setmetatable({{}}, {{__gc = function() {finalizer} end}})")
        host.run(f"local m = {{__gc = true}} U = setmetatable({{}}, m) m.__gc = function() {finalizer} end")


# -- what would end the process ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("set_later", [False, True])
def test_an_error_in_a_finalizer_is_one_of_lua_s(set_later: bool) -> None:
    """It comes up wherever the collector happens to run, but never while the machine is left for the host."""
    mark = "setmetatable({}, {__gc = fail})"
    if set_later:
        mark = "local m = {__gc = true} setmetatable({}, m) m.__gc = fail"
    code = "local function fail() error('x', 0) end local function attempt() %s return #os.cpu() end"
    code += " for i = 1, 3000 do local ok, e = pcall(attempt) if not ok then io.write(e) end end"
    with Host({b"os.cpu": (True, b"x" * 5000)}) as host:
        host.type(code % mark)
        assert (b"console.write", b"error in __gc metamethod (x)") in host.requests


HEAP_BYTES = 300_000


def test_a_full_heap_is_an_error_that_pcall_catches() -> None:
    with Host(heap_bytes=HEAP_BYTES) as host:
        fill = "pcall(function() local t = {} while true do t[#t + 1] = {} end end)"
        for _ in range(3):
            assert host.eval(fill) == "false\tnot enough memory"
        assert host.eval("pcall(string.rep, 'x', 1 << 29)").startswith("false\tnot enough memory")
        assert host.eval("1 + 1") == "2"


def test_an_answer_that_does_not_fit_is_the_script_s_problem() -> None:
    with Host({b"os.cpu": (True, b"x" * 2 * HEAP_BYTES)}, heap_bytes=HEAP_BYTES) as host:
        for _ in range(10):
            assert host.run("local t = os.cpu() print(#t .. 'y')") == "not enough memory\n"
        assert host.eval("1 + 1") == "2"


@pytest.mark.parametrize("ask", ["os.cpu()", "table.sort({2, 1}, function() os.cpu() end)"])
def test_many_answers_do_not_let_a_script_grow_beyond_its_heap(ask: str) -> None:
    with Host({b"os.cpu": (True, b"x" * 1000)}, heap_bytes=HEAP_BYTES) as host:
        fill = f"local t = {{}} while true do t[#t + 1] = ('x'):rep(100) .. #t {ask} end"
        assert host.eval(f"pcall(function() {fill} end)").startswith("false\tnot enough memory")
        peak = host.eval(f"(function() local t, n = {{}}, 0 pcall(function() {fill} n = #t end) end)()")
        assert peak == ""
        assert host.machine.heap_used_bytes < HEAP_BYTES


def test_a_full_heap_is_no_obstacle_to_starting_and_stopping_threads() -> None:
    with Host(heap_bytes=HEAP_BYTES) as host:
        host.type(
            "local t = {} for i = 1, 20 do thread.start(function() tmr.delayms(1) end) end"
            " pcall(function() while true do t[#t + 1] = {} end end) tmr.delayms(2)",
            until=b"tmr.delay",
        )
        for thread in host.threads.values():
            assert host.until(b"tmr.delay", thread=thread)[0] in (b"tmr.delay", THREAD_END)
        for thread in host.threads.values():
            thread.stop()


def test_the_heap_is_what_scripts_use_and_not_the_api() -> None:
    with Host(heap_bytes=HEAP_BYTES) as host:
        host.run("collectgarbage()")
        before = host.machine.heap_used_bytes
        host.run("local _ = os, net, io, tmr, thread, debug, require, os.LOG_ERR, net.wf.mode.STA collectgarbage()")
        assert abs(host.machine.heap_used_bytes - before) < 20_000
        host.run("T = ('x'):rep(100000) collectgarbage()")
        assert 80_000 < host.machine.heap_used_bytes - before < 120_000


def test_deep_recursion_is_an_error_and_its_traceback_is_short() -> None:
    with Host() as host:
        shown = host.run("local function f() return 1 + f() end f()")
        assert shown.startswith("stdin:1: stack overflow\nstack traceback:\n\tstdin:1: in upvalue 'f'\n")
        assert shown.count("\n") == 24
        assert "\n\t...\n" in shown
        assert host.eval("pcall(function() local function g() return pcall(g) end return g() end)").startswith("true\t")


# -- nothing is left behind -------------------------------------------------------------------------------------------


def runtimes() -> int:
    compile_stripped(b"", b"=nothing")  # its own stays
    while gc.collect():
        pass  # what one round finalizes, such as a greenlet of another test's, lets go of more
    return sum(type(candidate).__name__ == "LuaRuntime" for candidate in gc.get_objects())


@pytest.mark.parametrize("state", NEVER_ENDING)
def test_nothing_is_left_of_a_machine_that_was_closed_when_a_thread_was(state: str) -> None:
    before = runtimes()
    host = Host()
    parked(host, state)
    machine = weakref.ref(host.machine)
    host.machine.close()
    del host
    assert runtimes() == before
    assert machine() is None


@pytest.mark.parametrize("state", NEVER_ENDING)
def test_a_machine_that_nobody_closes_is_closed_when_it_is_collected(state: str) -> None:
    before = runtimes()
    host = Host()
    parked(host, state)
    del host
    assert runtimes() == before


@pytest.mark.real
def test_a_process_may_end_with_machines_that_nobody_closed() -> None:
    finished = run_python(
        *("-X", "dev", "-W", "error", "-c"),
        textwrap.dedent("""\
            from tests.vm.lua_host import Host
            from tests.vm.test_machine import NEVER_ENDING, parked
            hosts = [Host() for _ in NEVER_ENDING]
            for host, state in zip(hosts, NEVER_ENDING):
                parked(host, state)
        """),
    )
    assert (finished.returncode, finished.stderr) == (0, "")


# -- many at once -----------------------------------------------------------------------------------------------------

FEATURES = (
    "local s = ('x'):rep(50) .. i local t = {} for j = 1, 20 do t[j] = {s, j} end",
    "local t = {} for j = 1, 8 do t[j] = (j * 7) % 8 end"
    " table.sort(t, function(a, b) if i % 13 == 0 then tmr.delayms(1) end return a < b end)",
    "('abc'):gsub('.', function() if i % 11 == 0 then tmr.delayms(1) end end)",
    "local co = coroutine.wrap(function() for k = 1, 3 do tmr.delayms(1) coroutine.yield({k}) end end) co() co()",
    "local co = coroutine.wrap(function() for k = 1, 3 do coroutine.yield({k}) end end) co() co()",
    "pcall(function() tmr.delayms(1) error({}) end)",
    "setmetatable({}, {__gc = function() if i % 17 == 0 then tmr.delayms(1) end end})",
    "setmetatable({}, {__gc = function() error('x') end})",
    "if i % 50 == 0 then pcall(collectgarbage) end",
    "if i % 37 == 0 then for _ = 1, 15000 do end end",
    "table.sort({3, 2, 1}, function(a, b) local co = coroutine.wrap(function() tmr.delayms(1) coroutine.yield(1) end)"
    " co() return a < b end)",
    "for _ in pairs(os) do end local _ = net.wf.mode.STA, pio",
    "load(function() tmr.delayms(1) end)",
    "if i % 40 == 0 then thread.start(function() tmr.delayms(1) pcall(error, 'x') end) end",
    "os.cpu()",
)


class Crowd:
    """Several machines with several Lua threads each, which run in an order that only the seed knows."""

    def __init__(self, seed: int, machines: int, threads: int) -> None:
        self.rng = random.Random(seed)
        self.hosts = [self.new_host(threads) for _ in range(machines)]
        self.ready: list[tuple[Host, LuaThread, Answer | None]] = [
            (host, thread, None) for host in self.hosts for thread in host.threads.values()
        ]
        self.steps = 0

    def new_host(self, threads: int) -> Host:
        replies: dict[bytes, Reply] = {b"os.cpu": (True, b"x" * 3000)}
        host = Host(replies, heap_bytes=self.rng.choice((0, 1_000_000)))
        for _ in range(threads):
            body = " ".join(self.rng.sample(FEATURES, 6))
            host.run(f"thread.start(function() for i = 1, 60 do pcall(function() {body} tmr.delayms(2) end) end end)")
        return host

    def step(self) -> Request:
        position = self.rng.randrange(len(self.ready))
        host, thread, answer = self.ready[position]
        known = set(host.threads)
        request = host.step(thread, answer)
        if request[0] == THREAD_END:
            self.ready.pop(position)
        else:
            self.ready[position] = host, thread, host.reply(request)
        self.ready += [(host, started, None) for id_, started in host.threads.items() if id_ not in known]
        self.steps += 1
        return request

    def close(self, host: Host) -> None:
        self.ready = [entry for entry in self.ready if entry[0] is not host]
        self.hosts.remove(host)
        host.machine.close()

    def stop_one(self) -> None:
        _, thread, _ = self.ready.pop(self.rng.randrange(len(self.ready)))
        thread.stop()


def test_a_crowd_of_threads_survives_everything_at_once() -> None:
    before = runtimes()
    for seed in range(3 * STRESS):
        crowd = Crowd(seed, machines=8, threads=6)
        while crowd.ready:
            crowd.step()
            if crowd.steps % 900 == 0 and crowd.ready:
                crowd.stop_one()
            if crowd.steps % 4000 == 0 and len(crowd.hosts) > 2:
                crowd.close(crowd.rng.choice(crowd.hosts))
        assert crowd.steps > 2000
        for host in list(crowd.hosts):
            crowd.close(host)
        del crowd, host
    assert runtimes() == before


def test_threads_of_several_machines_do_not_get_in_each_other_s_way() -> None:
    hosts = [Host() for _ in range(4)]
    places = [place for place in PLACES.values() if "/wait" not in place and "'wait'" not in place]
    for host in hosts:
        for place in places:
            host.run(f"thread.start(function() for i = 1, 3 do {place} end DONE = (DONE or 0) + 1 end)")
    waiting: list[tuple[Host, LuaThread, Answer | None]] = [
        (host, thread, None) for thread_id in hosts[0].threads for host in hosts for thread in [host.threads[thread_id]]
    ]
    while waiting:
        waiting = [
            (host, thread, host.reply(request))
            for host, thread, answer in waiting
            if (request := host.step(thread, answer))[0] != THREAD_END
        ]
    for host in hosts:
        assert host.eval("DONE") == str(len(places))
        assert len(host.asked(b"tmr.delay")) == 0, "eval starts a new list"
        host.machine.close()
