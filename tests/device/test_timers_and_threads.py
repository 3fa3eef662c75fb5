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


def test_periods_are_numbers_of_which_the_whole_part_counts():
    script = """
        local began = os.clock()
        local soft = tmr.attach(10.9, function(t) print('soft', os.clock() - began < 0.0105) t:stop() end)
        local hard = tmr.attach(tmr.TMR0, 20000.9, function(t) print('hard') t:stop() end)
        soft:start() hard:start() tmr.sleepms(50)
        print(pcall(tmr.attach, 0.9, print)) print(pcall(tmr.attach, 0/0, print))
    """
    refusal = "false\t419430403:invalid period\r\n"
    assert printed_by(script) == f"soft\ttrue\r\nhard\r\n{refusal}{refusal}"


@pytest.mark.parametrize(
    ("call", "milliseconds"),
    [
        ("tmr.sleep(4294)", 4_294_000),
        ("tmr.sleep(5000)", 705_033),  # 5,000,000,000 µs in 32 bits, in whole ticks
        ("thread.sleepms(5000000)", 705_033),
        ("tmr.sleepms(-1)", 4_294_967),
        ("tmr.sleepus(-1)", 0),  # and rounding up wraps again
        ("tmr.sleepus(1001)", 2),
        ("tmr.sleepus(999)", 0.999),
        ("tmr.delay(4294968)", 704),
        ("tmr.delayus(8947848)", 8_947.848),
        ("tmr.delayus(8947849)", 0),  # the cycles are counted in a signed number
        ("tmr.delayus(-1)", 0),
    ],
)
def test_waits_wrap_where_the_device_counts_them_in_32_bits(call, milliseconds):
    script = f"local s, u = os.time(), os.clock() {call} print(os.time() - s, os.clock() - u)"
    seconds, exactly = map(float, printed_by(script).split())
    assert seconds == pytest.approx(milliseconds / 1000, abs=1)
    if milliseconds < 10_000:
        assert exactly == pytest.approx(milliseconds / 1000, abs=0.0021)


@pytest.mark.parametrize(("attach", "id_"), [("tmr.attach(10, f)", 0), ("tmr.attach(tmr.TMR0, 10000, f)", 0)])
def test_a_callback_runs_in_a_task_that_is_no_thread(attach, id_):
    script = f"local function f(t) print(thread.self()) t:stop() end local t = {attach} t:start() tmr.sleepms(50)"
    assert printed_by(script) == f"{id_}\r\n"


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
        ("thread.start(print, -1)", "234881028:invalid stack size"),
        ("thread.start(print, nil, -1)", "234881029:invalid priority"),
        ("thread.start(print, nil, nil, -1)", "234881030:invalid CPU affinity"),
        ("thread.list(nil)", "bad argument #1 to 'list' (boolean expected, got nil)"),
        ("thread.list(false, 1)", "bad argument #2 to 'list' (boolean expected, got number)"),
        ("thread.list(false, false, 'x')", "bad argument #3 to 'list' (boolean expected, got string)"),
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


def test_callbacks_are_in_the_list_of_all_tasks():
    script = """
        tmr.attach(10, function(t) t:stop() thread.list(false, false, true) end):start()
        tmr.sleepms(50)
    """
    assert printed_by(script).splitlines()[4:] == [
        f"{MAIN}   lua      lua_main           run         0     20    10240     7680     2560 ( 25%)   ",
        "         0   task     Tmr Svc                        0      1     2048     1536      512 ( 25%)   ",
    ]


@staged(script="thread.create(print, 4096, 5, 0, 'worker')")
async def test_the_list_can_be_watched(stage: Stage) -> None:
    await stage.boot()
    stage.board.receive(b"thread.list(false, true)\r")
    await stage.wait(1.1)
    stage.board.receive(b"xq\x03")  # a byte each half second; Ctrl-C does nothing until the monitor ends
    await stage.wait(1.1)
    shown = stage.console.partition("thread.list(false, true)\r\n")[2]
    assert shown.startswith("\x1b[2J\x1b[1;1H\x1b[25h\x1b[1;1HMonitoring threads every 0.5 seconds\r\n\r\n---")
    assert shown.count("\x1b[1;1HMonitoring") == 5
    assert shown.count("\r\n\r\nPress q for exit") == 5
    assert "worker             run         0      5     4096     3072     1024 ( 25%)   \r\n" in shown
    assert shown.partition("Press q for exit\x1b[25l\r\r\n")[2].startswith("stdin:1: interrupted!\r\n")


# -- priorities and cores ---------------------------------------------------------------------------------------------


def test_a_higher_priority_takes_the_core_as_soon_as_it_lets_go_of_the_lock():
    script = """
        thread.start(function()
          thread.start(function() print('same') end, nil, 20)
          print('still here')
          thread.start(function() print('higher') end, nil, 21)
          print('back again')
          thread.start(function() print('on the other core') end, nil, 24, 0)
          print('no hurry')
        end)
        tmr.sleepms(100)
    """
    assert printed_by(script).splitlines() == [
        *("still here", "higher"),
        *("same", "back again"),  # whoever loses its core goes behind those of its priority
        *("no hurry", "on the other core"),
    ]


def test_who_is_woken_goes_first_if_its_priority_is_higher():
    script = """
        local function wakes(name) return function() tmr.sleepms(10) print(name) end end
        for i, priority in ipairs {5, 20, 10, 20} do thread.start(wakes(priority .. ' ' .. i), nil, priority) end
        tmr.sleepms(100)
    """
    assert printed_by(script).splitlines() == ["20 2", "20 4", "10 3", "5 1"]


@pytest.mark.parametrize(
    ("body", "priority", "core", "runs"),
    [
        ("tmr.delayms(1)", 19, 1, False),
        ("tmr.delayms(1)", 20, 1, True),
        ("tmr.delayms(1)", 3, 0, True),
        ("type(1)", 19, 1, False),
        ("type(1)", 20, 1, True),
        ("type(1)", 3, 0, True),
        ("thread.self()", 19, 1, False),
        ("tmr.sleepms(1)", 3, 1, True),
        ("tmr.sleepus(10)", 3, 1, False),
    ],
)
def test_who_keeps_a_core_busy_starves_lower_priorities_there(body, priority, core, runs):
    script = f"""
        local busy = thread.start(function() while true do {body} end end)
        local runs = false
        local other = thread.start(function() while true do runs = true tmr.sleepms(7) end end, nil, {priority}, {core})
        runs = false
        tmr.sleepms(200)
        print(runs)
        thread.stop()
    """
    assert printed_by(script) == f"{str(runs).lower()}\r\n"


@pytest.mark.parametrize(("wait", "fires"), [("tmr.delayms(1)", 0), ("tmr.sleepms(1)", 9), ("net.connected()", 0)])
def test_software_timers_have_the_lowest_priority_on_the_core_of_the_interpreter(wait, fires):
    script = f"""
        local count = 0
        local t = tmr.attach(10, function() count = count + 1 end)
        t:start()
        local began = os.clock()
        while os.clock() - began < 0.095 do {wait} end
        print(count)
        t:stop()
    """
    assert printed_by(script) == f"{fires}\r\n"


@staged(script="print('ready')")
async def test_a_thread_that_calls_nothing_leaves_a_prompt_that_only_echoes(stage: Stage) -> None:
    await stage.boot()
    stage.board.receive(b"thread.start(function() while true do end end)\r")
    await stage.wait(1)
    before = len(stage.console)
    stage.board.receive(b"print(1)")
    await stage.wait(1)
    assert stage.console[before:] == "print(1)"
    stage.board.receive(b"\r\x03\x03print(2)\r")
    await stage.wait(10)
    assert stage.console[before:] == "print(1)\r\n"
    assert not stage.board.idle.is_set()


# -- limits -----------------------------------------------------------------------------------------------------------


def test_there_are_as_many_threads_as_memory_for_their_stacks():
    script = """
        local before, ids = os.stats('mem'), {}
        local ok, why
        repeat
          ok, why = pcall(thread.start, function() tmr.sleep(10) end, 15360)
          if ok then ids[#ids + 1] = why end
        until not ok
        print(#ids, why)
        print((before - os.stats('mem')) // 1024 // #ids)
        print(pcall(thread.start, function() end, 2048))
        thread.stop(ids[3])
        print(thread.start(function() end) == ids[3])
        thread.stop()
        print((before - os.stats('mem')) // 1024)
    """
    count, left, small, again, after = printed_by(script).splitlines()
    assert count == "13\t234881027:cannot start thread (No more processes)"
    assert int(left) == 16
    assert small.startswith("true")
    assert again == "true"
    assert int(after) <= 1


def test_stacks_are_no_memory_for_lua():
    script = """
        local function fill()
          local t, ok = {}, nil
          ok = pcall(function() for i = 1, 1000 do t[i] = ('x'):rep(1000) .. i end end)
          return ok and 1000 or #t
        end
        local alone = fill()
        collectgarbage()
        local ids = {}
        for i = 1, 5 do ids[i] = thread.start(function() tmr.sleep(10) end, 16384) end
        print(ids[5] ~= nil, (alone - fill()) // 10)
        thread.stop()
    """
    started, difference = printed_by(script, board="GENERIC").split()
    assert started == "true"
    assert 7 <= int(difference) <= 20  # 85 KiB, in strings of 1 KB that take somewhat more or less


def test_garbage_is_collected_before_a_thread_is_refused():
    script = """
        collectgarbage('stop')
        for _ = 1, 100 do local s = ('x'):rep(1000 + _) end
        for _ = 1, 5 do thread.start(function() tmr.sleep(1) end, 32768) end
        print(#thread.list(true))
        thread.stop()
    """
    assert printed_by(script) == "6\r\n"


@staged(script="for _ = 1, 3000 do ID = thread.start(function() end) tmr.sleepus(10) end print(ID)")
async def test_ids_of_threads_that_have_ended_come_again(stage: Stage) -> None:
    assert int(await stage.printed()) == MAIN + 9216
    assert len(stage.of_kind("thread.start")) == 3000


def test_a_thread_that_is_refused_leaves_nothing_behind():
    script = """
        for _ = 1, 100 do pcall(thread.start, 1) pcall(thread.start, print, 0) end
        print(thread.start(function() end) - thread.self())
    """
    assert printed_by(script) == "9216\r\n"


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


def test_who_waits_for_a_mutex_gets_it_by_priority():
    script = """
        local m = thread.createmutex()
        m:lock()
        for i, priority in ipairs {5, 20, 10, 20} do
          thread.start(function() m:lock() print(priority, i) m:unlock() end, nil, priority)
        end
        tmr.sleepms(10) m:unlock() tmr.sleepms(10)
    """
    assert printed_by(script).splitlines() == ["20\t2", "20\t4", "10\t3", "5\t1"]


def test_who_is_suspended_does_not_get_a_mutex():
    script = """
        local m = thread.createmutex()
        m:lock()
        local first = thread.start(function() m:lock() print('first') m:unlock() end)
        thread.start(function() m:lock() print('second') m:unlock() end)
        tmr.sleepms(10) thread.suspend(first)
        m:unlock() tmr.sleepms(10)
        print(m:trylock()) m:unlock()
        thread.resume(first) tmr.sleepms(10)
    """
    assert printed_by(script).split() == ["second", "true", "first"]


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
