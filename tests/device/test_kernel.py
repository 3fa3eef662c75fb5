"""The scheduler of a board: who runs when, and what that costs in simulated time."""

from __future__ import annotations

import pytest
import trio

from simulator.device.kernel import SLICE_NS, Kernel
from simulator.device.outcome import Hang, Restart
from simulator.vm.machine import Machine
from tests.device.stage import Stage, on_stage, printed_by, staged
from tests.helpers import run_virtual

BYTE_S = 10 / 115_200
FIFO_BYTES = 128


def seconds(script: str) -> list[float]:
    """Return the numbers that a script prints, one a line."""
    return [float(line) for line in printed_by(script).split()]


# -- time -------------------------------------------------------------------------------------------------------------


def test_instructions_take_time():
    (short, long) = seconds("""
        local function loop(n) local began = os.clock() for _ = 1, n do end return os.clock() - began end
        print(loop(200000)) print(loop(2000000))
    """)
    assert short == pytest.approx(0.1, rel=0.1)
    assert long == pytest.approx(1.0, rel=0.1)


@staged(script="for _ = 1, 2000000 do end")
async def test_time_passes_for_the_world_while_a_script_computes(stage: Stage) -> None:
    stage.power_on()
    while "Executing /autorun.lua" not in stage.console:
        await trio.sleep(0.001)
    began = trio.current_time()
    await stage.board.finished()
    assert trio.current_time() - began == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("call", ["tmr.sleepms(%d)", "tmr.delayms(%d)", "thread.sleepms(%d)", "tmr.sleepus(%d000)"])
@pytest.mark.parametrize("milliseconds", [1, 100, 60_000])
def test_a_sleep_lasts_as_long_as_it_says(call, milliseconds):
    (slept,) = seconds(f"local began = os.clock() {call % milliseconds} print(os.clock() - began)")
    assert slept == pytest.approx(milliseconds / 1000, abs=0.006)


def test_sleeps_do_not_drift():
    """A hundred sleeps of 10 ms are a second, whatever is computed between them takes on top."""
    (slept,) = seconds("local began = os.clock() for _ = 1, 100 do tmr.sleepms(10) end print(os.clock() - began)")
    assert slept == pytest.approx(1.0, abs=0.011)


@pytest.mark.parametrize(
    "flood",
    [
        "print(('x'):rep(9998))",
        "for _ = 1, 100 do print(('x'):rep(98)) end",
        "for _ = 1, 10000 do io.write('x') end",
    ],
    ids=["one write", "lines", "characters"],
)
def test_a_flood_on_the_uart_costs_its_length(flood):
    async def play(stage: Stage) -> None:
        await stage.boot()
        taken = float(await_number(stage.console))
        assert taken == pytest.approx((10_000 - FIFO_BYTES) * BYTE_S, rel=0.05)

    def await_number(console: str) -> str:
        return console.partition("took ")[2].split()[0]

    on_stage(play, script=f"local began = os.clock() {flood} local took = os.clock() - began print('took ' .. took)")


def test_a_line_costs_nothing_while_there_is_room_for_it_in_the_transmitter():
    console = printed_by("tmr.sleepms(100) local began = os.clock() print('a line') print(os.clock() - began < 0.001)")
    assert console.splitlines()[-1] == "true"


def test_waiting_makes_up_for_time_that_a_thread_was_ahead():
    """A thread that computed 15 ms and then waited a second is not 15 ms late when it goes on."""
    unlocked, locked = seconds("""
        local m, unlocked = thread.createmutex()
        thread.start(function() m:lock() tmr.sleepms(1000) unlocked = os.clock() m:unlock() end)
        tmr.sleepms(10)
        for _ = 1, 35000 do end
        m:lock()
        local locked = os.clock()
        print(unlocked) print(locked)
    """)
    assert locked - unlocked == pytest.approx(0, abs=0.006)


@pytest.mark.parametrize(("call", "order"), [("type(i)", "ab" * 10), ("", "a" * 10 + "b" * 10)])
def test_threads_that_compute_take_turns_where_they_call_something(call, order):
    """Between two calls nobody else gets the lock."""
    script = f"""
        local order = {{}}
        local function work(name) return function()
          for i = 1, 10 do for _ = 1, 100000 do end order[#order + 1] = name {call} end
        end end
        thread.start(work('a')) thread.start(work('b'))
        tmr.sleep(20)
        print(table.concat(order))
    """
    assert printed_by(script) == order + "\r\n"


@pytest.mark.parametrize("board", ["GENERIC", "M5STACK"])
def test_two_threads_take_twice_the_time_unless_there_is_no_lock(board):
    script = """
        local done = 0
        local function work() for i = 1, 20 do for _ = 1, 100000 do end type(i) end done = done + 1 end
        thread.start(work) thread.start(work)
        local began = os.clock()
        while done < 2 do tmr.sleepms(1) end
        print(os.clock() - began)
    """
    assert float(printed_by(script, board=board)) == pytest.approx(2 if board == "GENERIC" else 1, rel=0.05)


@pytest.mark.parametrize("board", ["GENERIC", "M5STACK"])
def test_a_loop_that_calls_nothing_stops_all_others_unless_there_is_no_lock(board):
    script = """
        local t = tmr.attach(10, function() print('timer') end)
        t:start()
        thread.start(function() for _ = 1, 2000000 do end t:stop() end)
        thread.start(function() print('thread') end)
        tmr.sleepms(100)
        print('main')
        tmr.sleep(2)
    """
    printed = printed_by(script, board=board).split()
    if board == "GENERIC":  # whoever waits gets the lock in turn, on its core the one of the highest priority first
        assert printed[:3] == ["thread", "main", "timer"]
        assert set(printed[3:]) == {"timer"}
        assert len(printed) == pytest.approx(100, abs=5)
    else:
        assert printed[:11] == ["thread", *["timer"] * 9, "main"]


def test_threads_that_print_take_turns():
    script = """
        for _, name in ipairs {'a', 'b'} do
          thread.start(function() for i = 1, 3 do print(name .. i) thread.sleepms(10) end end)
        end
        tmr.sleepms(100)
    """
    assert printed_by(script).split() == ["a1", "b1", "a2", "b2", "a3", "b3"]


def test_a_thread_that_only_asks_does_not_keep_others_from_running():
    script = """
        thread.start(function() while true do net.connected() end end)
        tmr.sleepms(200)
        print('main')
        thread.stop()
    """
    assert printed_by(script) == "main\r\n"


# -- the kernel itself ------------------------------------------------------------------------------------------------


async def kernel_with(prepare) -> tuple[object, list[str], float]:
    """Run a kernel without Lua threads: ``prepare`` sets timers; return outcome, what they noted, and the seconds."""
    noted: list[str] = []
    began = trio.current_time()

    def now_ns() -> int:
        return round((trio.current_time() - began) * 1e9)

    async with trio.open_nursery() as nursery:
        kernel = Kernel(
            Machine(),
            {},
            nursery=nursery,
            now_ns=now_ns,
            on_end=lambda *_: None,
            on_idle=lambda: noted.append("idle"),
        )
        prepare(kernel, noted)
        outcome = await kernel.run()
        kernel.machine.close()
    return outcome, noted, now_ns() / 1e9


def note(kernel: Kernel, noted: list[str], text: str, time_ns: int):
    return kernel.at(time_ns, lambda: noted.append(text))


def test_timers_fire_in_the_order_of_their_times_and_of_two_the_first_set_first():
    def prepare(kernel: Kernel, noted: list[str]) -> None:
        for text, time_ns in (("c", 30), ("a", 10), ("b", 20), ("b'", 20), ("b''", 20)):
            note(kernel, noted, text, time_ns)
        kernel.at(40, lambda: kernel.end(Restart()))

    outcome, noted, seconds = run_virtual(kernel_with, prepare)
    assert outcome == Restart()
    assert [text for text in noted if text != "idle"] == ["a", "b", "b'", "b''", "c"]
    assert seconds == pytest.approx(40e-9)


def test_a_cancelled_timer_does_not_fire_and_keeps_nobody_waiting():
    def prepare(kernel: Kernel, noted: list[str]) -> None:
        note(kernel, noted, "never", 10).cancelled = True
        assert not kernel.is_quiet
        kernel.at(20, lambda: note(kernel, noted, "late", 30) and kernel.end(Hang("enough")))

    outcome, noted, _ = run_virtual(kernel_with, prepare)
    assert outcome == Hang("enough")
    assert noted == ["idle"]


def test_the_first_who_ends_the_run_decides_how():
    def prepare(kernel: Kernel, _noted: list[str]) -> None:
        kernel.at(0, lambda: kernel.end(Hang("first")))
        kernel.at(0, lambda: kernel.end(Restart()))

    assert run_virtual(kernel_with, prepare)[0] == Hang("first")


def test_a_kernel_that_starts_late_in_the_run_counts_from_its_own_world():
    async def late() -> float:
        await trio.sleep(5000)
        return (await kernel_with(lambda kernel, _: kernel.at(SLICE_NS, lambda: kernel.end(Restart()))))[2]

    assert run_virtual(late) == pytest.approx(SLICE_NS / 1e9)
