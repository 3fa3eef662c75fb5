"""tmr and thread as scripts see them: timers, Lua threads, their ids and states, mutexes, and every error."""

from __future__ import annotations

import pytest

from tests.device.stage import Stage, on_stage, printed_by, staged

MAIN = 1_073_440_864

# -- timers -----------------------------------------------------------------------------------------------------------


def test_a_timer_is_made_stopped_and_then_calls_with_itself():
    script = """
        local t
        t = tmr.attach(10, function(...) print(select('#', ...), ... == t, type(t)) end)
        tmr.sleepms(25)
        print('start')
        t:start()
        tmr.sleepms(25)
        t:stop()
        tmr.sleepms(25)
    """
    assert printed_by(script) == "start\r\n1\ttrue\tuserdata\r\n1\ttrue\tuserdata\r\n"


def test_timers_fire_when_they_are_due_and_in_order():
    script = """
        local fired, began = {}, os.clock()
        local function fires(period)
          return tmr.attach(period, function()
            fired[#fired + 1] = period .. '@' .. (os.clock() - began + 0.05) * 10 // 1
          end)
        end
        local timers = {fires(300), fires(200), fires(500)}
        for _, timer in ipairs(timers) do timer:start() end
        tmr.sleepms(1050)
        for _, timer in ipairs(timers) do timer:stop() end
        print(table.concat(fired, ' '))
    """
    assert printed_by(script).replace(".0", "").split() == [
        *("200@2", "300@3", "200@4", "500@5", "300@6", "200@6", "200@8", "300@9", "500@10", "200@10"),
    ]


@pytest.mark.parametrize("timer", ["tmr.attach(200, f)", "tmr.attach(tmr.TMR2, 200000, f)"])
def test_a_timer_started_again_begins_anew(timer):
    script = f"""
        local began = os.clock()
        local function f() print((os.clock() - began) * 20 // 1) end
        local t = {timer}
        t:start() tmr.sleepms(150) t:start() tmr.sleepms(300) t:stop()
    """
    assert printed_by(script) == "7.0\r\n"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("tmr.attach(0, print)", "419430403:invalid period"),
        ("tmr.attach(-5, print)", "419430403:invalid period"),
        ("tmr.attach(0, 499, print)", "419430403:invalid period"),
        ("tmr.attach(9, 499, print)", "419430403:invalid period"),
        ("tmr.attach(4, 500, print)", "419430400:invalid unit"),
        ("tmr.attach(-1, 500, print)", "419430400:invalid unit"),
        ("tmr.attach(10)", "bad argument #2 to 'attach' (function expected, got no value)"),
        ("tmr.attach()", "bad argument #1 to 'attach' (number expected, got no value)"),
        ("tmr.sleepms()", "bad argument #1 to 'sleepms' (number expected, got no value)"),
        ("tmr.delay('x')", "bad argument #1 to 'delay' (number expected, got string)"),
        ("tmr.sleep(1.5)", "bad argument #1 to 'sleep' (number has no integer representation)"),
    ],
)
def test_errors_of_timers(call, error):
    assert printed_by(f"print(pcall(function() {call} end))") == f"false\t/autorun.lua:1: {error}\r\n"


def test_a_hardware_timer_can_be_as_fast_as_half_a_millisecond():
    script = """
        local count = 0
        local t = tmr.attach(tmr.TMR0, 500, function() count = count + 1 end)
        t:start() tmr.delayus(100200) t:stop()
        print(count)
    """
    assert printed_by(script) == "200\r\n"


def test_a_hardware_timer_set_up_again_keeps_its_period_and_gets_the_new_function():
    script = """
        local t = tmr.attach(tmr.TMR1, 10000, function() print('old') end)
        t = tmr.attach(tmr.TMR1, 500, function() print('new') end)
        t:start() tmr.sleepms(25) t:stop()
    """
    assert printed_by(script) == "new\r\nnew\r\n"


def test_of_a_slow_hardware_callback_ten_calls_wait_and_the_rest_is_lost():
    script = """
        local count = 0
        local t = tmr.attach(tmr.TMR0, 1000, function() count = count + 1 tmr.sleepms(100) end)
        t:start() tmr.sleepms(50) t:stop()
        tmr.sleep(5)
        print(count)
    """
    assert printed_by(script) == "11\r\n"


def test_a_slow_callback_delays_those_of_all_other_software_timers_and_none_is_lost():
    script = """
        local began = os.clock()
        local function now() return (os.clock() - began) * 10 // 1 end
        local slow, fast
        slow = tmr.attach(100, function() slow:stop() tmr.sleepms(1050) print('slow', now()) end)
        fast = tmr.attach(200, function() print('fast', now()) end)
        slow:start() fast:start()
        tmr.sleepms(1300)
        fast:stop()
    """
    assert printed_by(script) == "slow\t11.0\r\n" + "fast\t11.0\r\n" * 5 + "fast\t12.0\r\n"


def test_a_callback_may_detach_its_own_timer():
    script = """
        local t = tmr.attach(10, function(self) print('once') self:detach() end)
        t:start() tmr.sleepms(100)
        print(pcall(t.start, t))
    """
    assert printed_by(script).startswith("once\r\nfalse\t")


@staged(script="local t = tmr.attach(10, function(t) t:stop() error('lost') end) t:start() tmr.sleepms(50)")
async def test_errors_in_callbacks_vanish(stage: Stage) -> None:
    assert await stage.printed() == ""
    assert stage.of_kind("lua.error") == []
    assert stage.board.script_errors == []


# -- threads ----------------------------------------------------------------------------------------------------------


def test_a_thread_gets_no_arguments_and_its_results_are_dropped():
    assert printed_by("thread.start(function(...) print(select('#', ...)) return 1 end) tmr.sleepms(1)") == "0\r\n"


def test_ids_are_addresses():
    script = """
        print(thread.self())
        local id = thread.start(function() print(thread.self()) tmr.sleepms(10) end)
        print(id > thread.self(), math.type(id))
        tmr.sleepms(1)
        print(thread.status(id), thread.status(12345))
        tmr.sleepms(20)
        print(select('#', thread.status(id)))
    """
    first, *rest = printed_by(script).splitlines()
    assert int(first) == MAIN
    assert rest[0] == "true\tinteger"
    assert int(rest[1]) == MAIN + 9216
    assert rest[2:] == ["running", "0"]


@staged(script="thread.start(function() print('prints') end)\nprint('goes on') tmr.sleep(1)")
async def test_a_thread_starts_when_whoever_starts_it_waits(stage: Stage) -> None:
    assert await stage.printed() == "goes on\r\nprints\r\n"
    name = {"id": MAIN + 9216, "name": "lua_thread"}
    assert stage.of_kind("thread.start") == [{**name, "suspended": False}]
    assert stage.of_kind("thread.end") == [{**name, "why": "returned"}]


@staged()
async def test_an_error_ends_a_thread_with_its_message_alone(stage: Stage) -> None:
    await stage.boot()
    answer = await stage.type(b'thread.start(function() error("boom") end)\r')
    assert answer == f'thread.start(function() error("boom") end)\r\n{MAIN + 9216}\r\n/ > stdin:1: boom\r\n\r'
    assert stage.of_kind("lua.error") == [{"text": "stdin:1: boom", "origin": "thread"}]
    assert stage.of_kind("thread.end")[0]["why"] == "error"


@pytest.mark.parametrize("value", ["{}", "nil", "true", "function() end"])
def test_an_error_value_that_is_no_text_is_null(value):
    script = f"thread.start(function() error({value}) end) tmr.sleepms(1)"
    assert printed_by(script) == "(null)\r\n\r"


def test_an_error_value_that_is_a_number_is_its_text():
    assert printed_by("thread.start(function() error(42) end) tmr.sleepms(1)") == "42\r\n\r"


def test_a_thread_that_is_created_waits_until_it_is_resumed():
    script = """
        local id = thread.create(function() print('runs') end)
        print(thread.status(id))
        tmr.sleepms(100)
        print('resume')
        thread.resume(id)
        tmr.sleepms(1)
        print(thread.status(id))
    """
    assert printed_by(script) == "running\r\nresume\r\nruns\r\n\r\n"


def test_the_status_that_suspend_sets_is_that_of_the_caller():
    script = """
        local id = thread.start(function() while true do tmr.sleepms(100) print('tick') end end)
        tmr.sleepms(150)
        thread.suspend(id)
        print(thread.status(id), thread.status(thread.self()))
        tmr.sleepms(500)
        thread.resume(id)
        print(thread.status(id), thread.status(thread.self()))
        tmr.sleepms(10)
        thread.stop(id)
    """
    assert printed_by(script) == "tick\r\nrunning\tsuspended\r\nrunning\trunning\r\ntick\r\n"


def test_starting_a_thread_makes_its_starter_running_again():
    script = """
        local id = thread.create(print)
        thread.suspend(id)
        print(thread.status(thread.self()))
        thread.start(function() end)
        print(thread.status(thread.self()))
    """
    assert printed_by(script) == "suspended\r\nrunning\r\n"


def test_a_thread_may_suspend_itself():
    script = """
        local id = thread.start(function() print('before') thread.suspend(thread.self()) print('after') end)
        tmr.sleepms(100)
        print('resume')
        thread.resume(id)
        tmr.sleepms(1)
    """
    assert printed_by(script) == "before\r\nresume\r\nafter\r\n"


def test_without_an_id_all_threads_are_meant_but_the_main_one():
    script = """
        for i = 1, 3 do thread.start(function() while true do tmr.sleepms(100) io.write(i, ' ') end end) end
        tmr.sleepms(150)
        thread.suspend()
        tmr.sleepms(1000)
        thread.resume()
        tmr.sleepms(50)
        thread.stop(-1)
        tmr.sleepms(1000)
        print('main')
    """
    assert printed_by(script) == "1 2 3 1 2 3 main\r\n"


@pytest.mark.parametrize(
    "body",
    [
        "while true do math.abs(1) end",
        "while true do local t = {} end",
        "tmr.sleep(1000)",
        "while true do thread.self() end",
        "m:lock()",
        "net.lookup('nowhere')",
    ],
)
def test_a_thread_is_stopped_whatever_it_does(body):
    script = f"""
        m = thread.createmutex() m:lock()
        local id = thread.start(function() {body} print('never') end)
        tmr.sleepms(100)
        thread.stop(id)
        print(select('#', thread.status(id)))
    """

    async def play(stage: Stage) -> None:
        assert await stage.printed() == "0\r\n"
        assert stage.seconds < 2
        assert stage.of_kind("thread.end")[0]["why"] == "stopped"

    on_stage(play, script=script)


def test_a_thread_may_stop_itself():
    script = """
        thread.start(function() pcall(function() thread.stop(thread.self()) end) print('never') end)
        tmr.sleepms(10)
        print('main')
    """
    assert printed_by(script) == "main\r\n"


def test_a_thread_may_stop_all_including_itself():
    script = """
        thread.start(function() while true do tmr.sleepms(1) end end)
        thread.start(function() thread.stop() print('never') end)
        tmr.sleepms(10)
        print(#thread.list(true))
    """
    assert printed_by(script) == "1\r\n"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("thread.suspend(thread.self())", "234881025:not allowed (lua main thread can not be suspended)"),
        ("thread.resume(thread.self())", "234881025:not allowed (lua main thread can not be suspended)"),
        ("thread.stop(thread.self())", "234881025:not allowed (lua main thread can not be stopped)"),
        ("thread.stop(12345)", "234881026:non-existent thread (or is not a Lua thread)"),
        ("thread.suspend(12345)", "234881026:non-existent thread (or is not a Lua thread)"),
        ("thread.resume(12345)", "234881026:non-existent thread (or is not a Lua thread)"),
        ("thread.start(print, 2047)", "234881028:invalid stack size"),
        ("thread.start(print, 0)", "234881028:invalid stack size"),
        ("thread.start(print, 4096, 2)", "234881029:invalid priority"),
        ("thread.start(print, 4096, 26)", "234881029:invalid priority"),
        ("thread.start(print, 4096, 20, 2)", "234881030:invalid CPU affinity"),
        ("thread.start(1, 4096, 20, 2)", "234881030:invalid CPU affinity"),
        ("thread.list(true, true)", "234881031:you can't monitor thread as table"),
        ("thread.stop(0)", "234881032:invalid thread id"),
        ("thread.suspend(-2)", "234881032:invalid thread id"),
        ("thread.start(1)", "bad argument #1 to 'start' (function expected, got number)"),
        ("thread.create()", "bad argument #1 to 'create' (function expected, got no value)"),
        ("thread.sleep()", "bad argument #1 to 'sleep' (number expected, got no value)"),
        ("thread.sleepms(0.5)", "bad argument #1 to 'sleepms' (number has no integer representation)"),
    ],
)
def test_errors_of_threads(call, error):
    assert printed_by(f"print(pcall(function() {call} end))") == f"false\t/autorun.lua:1: {error}\r\n"


def test_codes_of_errors_are_in_a_table():
    assert (
        printed_by("print(thread.error.InvalidThreadId, thread.error.NotEnoughtMemory)") == "234881032\t234881024\r\n"
    )


def test_threads_have_the_parameters_they_were_given():
    script = """
        local nothing = function() tmr.sleep(1) end
        thread.start(nothing, 4096, 5, 0, 'worker')
        thread.start(nothing, 4096, 25, 1, 'a name that is too long')
        thread.start(nothing)
        for _, row in ipairs(thread.list(true)) do
          print(row.name, row.type, row.status, row.core, row.prio, row.stack_size)
        end
        thread.stop()
    """
    assert printed_by(script).splitlines() == [
        "lua_main\tlua\trun\t0\t20\t10240",
        "worker\tlua\trun\t0\t5\t4096",
        "lua_thread\tlua\trun\t1\t20\t8192",
        "thread\tlua\trun\t1\t20\t4096",
    ]


def test_the_list_on_the_console():
    rule = "-" * 95
    assert printed_by("thread.list()").splitlines() == [
        rule,
        "           |        |                  |        |      |      |            STACK               ",
        "THID       | TYPE   | NAME             | STATUS | CORE | PRIO |   SIZE     FREE     USED       ",
        rule,
        f"{MAIN}   lua      lua_main           run         0     20    10240     7680     2560 ( 25%)   ",
    ]


# -- mutexes ----------------------------------------------------------------------------------------------------------


def test_a_mutex_lets_one_thread_in_at_a_time_in_the_order_they_came():
    script = """
        local m = thread.createmutex()
        for i = 1, 3 do
          thread.start(function() m:lock() print('in', i) tmr.sleepms(10) print('out', i) m:unlock() end)
        end
        tmr.sleepms(100)
    """
    assert printed_by(script).split() == ["in", "1", "out", "1", "in", "2", "out", "2", "in", "3", "out", "3"]


def test_a_mutex_is_recursive_unless_told_otherwise():
    script = """
        local m, plain = thread.createmutex(), thread.createmutex(thread.Lock)
        m:lock() print(m:trylock()) m:unlock() m:unlock()
        plain:lock() print(plain:trylock()) plain:unlock() print(plain:trylock())
        print(type(m), thread.Lock, thread.RecursiveLock)
    """
    assert printed_by(script) == "true\r\nfalse\r\ntrue\r\nuserdata\t0\t1\r\n"


def test_a_recursive_mutex_is_free_when_it_was_unlocked_as_often():
    script = """
        local m = thread.createmutex()
        m:lock() m:lock()
        thread.start(function() m:lock() print('in') end)
        m:unlock() tmr.sleepms(10) print('once') m:unlock() tmr.sleepms(10)
    """
    assert printed_by(script) == "once\r\nin\r\n"


def test_only_the_holder_unlocks_a_recursive_mutex_and_anybody_another():
    script = """
        local m, plain = thread.createmutex(), thread.createmutex(thread.Lock)
        thread.start(function() m:lock() plain:lock() tmr.sleep(1) end)
        tmr.sleepms(10)
        m:unlock() plain:unlock()
        print(m:trylock(), plain:trylock())
        thread.stop()
    """
    assert printed_by(script) == "false\ttrue\r\n"


def test_a_mutex_that_a_stopped_thread_held_stays_locked():
    script = """
        local m = thread.createmutex()
        local id = thread.start(function() m:lock() tmr.sleep(100) end)
        tmr.sleepms(10)
        thread.stop(id)
        print(m:trylock())
    """
    assert printed_by(script) == "false\r\n"


# -- idle -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        "thread.start(function() tmr.sleep(30) end)",
        "thread.start(function() while os.clock() < 30 do tmr.delay(1) end end)",
        "thread.start(function() pcall(net.lookup, 'nowhere') tmr.sleep(10) end)",
        "local n = 0 tmr.attach(1000, function(t) n = n + 1 if n == 30 then t:stop() end end):start()",
        "local m = thread.createmutex() thread.start(function() m:lock() tmr.sleep(30) m:unlock() end)\n"
        "thread.start(function() m:lock() end)",
    ],
)
def test_a_board_is_not_idle_while_something_will_happen_by_itself(script):
    async def play(stage: Stage) -> None:
        await stage.boot()
        assert 30 <= stage.seconds < 33

    on_stage(play, script=script)


@pytest.mark.parametrize(
    "script",
    [
        "thread.create(print)",
        "local id = thread.start(function() tmr.sleep(1000) end) thread.suspend(id)",
        "local m = thread.createmutex() m:lock() thread.start(function() m:lock() end)",
        "local id = thread.start(function() tmr.sleep(1000) end) tmr.sleepms(10) thread.stop(id)",
        "local t = tmr.attach(1000, print) t:start() t:stop()",
        "local t = tmr.attach(1000, print) t:start() t:detach()",
        "tmr.attach(1000, print)",
    ],
)
def test_a_board_is_idle_when_nothing_will_happen_by_itself(script):
    async def play(stage: Stage) -> None:
        await stage.boot()
        assert stage.seconds < 2

    on_stage(play, script=script)


@staged()
async def test_a_board_is_busy_with_what_is_typed_and_then_idle_again(stage: Stage) -> None:
    await stage.boot()
    stage.board.receive(b"tmr.sleep(5)")
    await stage.board.finished()  # a line without its end is no work
    began = stage.seconds
    stage.board.receive(b"\r")
    assert not stage.board.idle.is_set()
    await stage.board.finished()
    assert stage.seconds - began == pytest.approx(5, abs=0.01)
