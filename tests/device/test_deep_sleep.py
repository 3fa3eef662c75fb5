"""cpu, and rtc and touch with it: deep sleep, what wakes the chip, and what it remembers."""

from __future__ import annotations

import pytest

from simulator.boards import load_board
from tests.device.stage import Stage, printed_by, staged
from tests.device.test_pins_and_pulses import error_of, lines

BUTTON = {"type": "pushbutton", "name": "b", "pin": 33}
PAD = {"type": "touch-pad", "name": "t", "pin": 13}
WHY = 'print("woken", cpu.wakeupreason(), cpu.wakeupext1mask(), cpu.wakeupext1pin()) '


def sleeping(settings: str) -> str:
    """A script that goes to sleep after power-on and says why it woke."""
    return f"""
        if cpu.resetreason() == cpu.RESET_POWERON then {settings} cpu.deepsleep() end
        print("woken", cpu.wakeupreason(), cpu.wakeupext1mask(), cpu.wakeupext1pin())
    """


@pytest.mark.parametrize(
    ("call", "text"),
    [
        *((f"cpu.wakeupon(cpu.WAKEUP_EXT0, {pin}, 1)", "469762048:can't wake on EXT0") for pin in (5, 24, -1, 40)),
        ("cpu.wakeupon(cpu.WAKEUP_EXT0, 33, 2)", "469762048:can't wake on EXT0"),
        ("cpu.wakeupon(cpu.WAKEUP_EXT0, 33)", "bad argument #3 to 'wakeupon' (number expected, got no value)"),
        ("cpu.wakeupon(cpu.WAKEUP_EXT1, 1 << 4, 2)", "469762049:can't wake on EXT1"),
        ("cpu.wakeupon(cpu.WAKEUP_TIMER)", "bad argument #2 to 'wakeupon' (number expected, got no value)"),
        ("cpu.wakeupon(cpu.WAKEUP_ULP)", "469762052:can't wake on ULP"),
        ("cpu.watchpoint(0, 3)", "469762053:can't set Watchpoint"),
        ("cpu.watchpoint(0, 128, cpu.WATCHPOINT_LOAD)", "469762053:can't set Watchpoint"),
        ("cpu.backtrace(1)", "bad argument #1 to 'backtrace' (boolean expected, got number)"),
        ("cpu.sleep()", "bad argument #1 to 'sleep' (number expected, got no value)"),
        ("rtc.mem.pop()", "587202561:empty memory"),
        *((f"rtc.mem.push({v})", "587202562:type not allowed") for v in ("'text'", "{}", "print", "pio", "")),
        ("for i = 1, 2000 do rtc.mem.push(i) end", "587202560:not enough memory"),
    ],
)
def test_cpu_and_rtc_refuse_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


@pytest.mark.parametrize(
    ("calls", "log", "text"),
    [
        ("cpu.wakeupon(3, 1 << 5 | 1 << 4, 1)", "Not an RTC IO: GPIO5", "469762049:can't wake on EXT1"),
        ("cpu.wakeupon(3, -1, 1)", "Not an RTC IO: GPIO1", "469762049:can't wake on EXT1"),
        ("cpu.wakeupon(2, 33, 0) cpu.wakeupon(5)", "Conflicting wake-up trigger: ext0",
         "469762051:can't wake on touch"),
        ("cpu.wakeupon(5) cpu.wakeupon(2, 33, 0)", "Conflicting wake-up triggers: touch / ULP",
         "469762048:can't wake on EXT0"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said_by_esp_idf_too(calls: str, log: str, text: str) -> None:
    said, error = error_of(calls).split("\n")
    assert said.startswith("\x1b[0;31mE (")
    assert said.endswith(f") sleep: {log}\x1b[0m")
    assert error == text


def test_a_chip_with_a_coprocessor_can_be_woken_by_it_if_no_pin_is_to_wake_it() -> None:
    script = """
        cpu.wakeupon(cpu.WAKEUP_ULP)
        print(pcall(cpu.wakeupon, cpu.WAKEUP_EXT0, 33, 0)) cpu.wakeupon(cpu.WAKEUP_TOUCHPAD)
        print(rtc.mem.size())
    """
    printed = printed_by(script, board="TRAVIS-ESP32-EVB-OTA")
    assert "sleep: Conflicting wake-up triggers: touch / ULP" in printed
    assert printed.split("\r\n")[1:] == ["false\t469762048:can't wake on EXT0", "3568", ""]


def test_the_chip_says_what_it_is() -> None:
    script = """
        print(cpu.model(), cpu.board()) print(cpu.speed(80), cpu.temperature(), cpu.resetreason(), cpu.wakeupreason())
        print(cpu.watchdog.add(), cpu.watchdog.reset(), cpu.watchdog.remove())
        print(cpu.watchpoint(0x3ffb0000), cpu.backtrace()) cpu.backtrace(true) cpu.wakeupon(1) cpu.wakeupon(99)
    """
    assert lines(script) == [
        "ESP32 rev 1 rev A1\tGENERIC\t\t",
        "240\t35.55556\t1\t0",
        "nil\tnil",
        "nil",
        "Backtrace: none\r",
    ]


# -- what wakes -----------------------------------------------------------------------------------------------------


@staged(board="GENERIC", script=sleeping("cpu.wakeupon(cpu.WAKEUP_TIMER, 2500000)"))
async def test_the_timer_counts_microseconds(stage: Stage) -> None:
    assert "woken\t4\t0\r\n" in await stage.boot()
    assert 2.5 < stage.seconds < 4
    assert stage.kinds("reset") == ["reset"]
    assert [event["name"] for event in stage.of_kind("reset")] == ["POWERON_RESET", "DEEPSLEEP_RESET"]


@pytest.mark.parametrize("call", ["os.sleep(3)", "cpu.sleep(3)"])
def test_a_sleep_for_a_time_is_ended_by_what_was_chosen_before_too(call: str) -> None:
    @staged(
        board="GENERIC",
        parts=[{**BUTTON, "pull": True}],
        script=f"""
            {WHY}
            if os.bootcount() < 3 then cpu.wakeupon(cpu.WAKEUP_EXT0, 33, 0) {call} end
        """,
    )
    async def play(stage: Stage) -> None:
        stage.power_on()
        await stage.wait(2)
        stage.board.bench.part("b").set_control("pressed", 1)
        await stage.wait(0.1)
        stage.board.bench.part("b").set_control("pressed", 0)
        await stage.board.finished()
        assert [line for line in stage.console.split("\r\n") if line.startswith("woken")] == [
            *("woken\t0\t0", "woken\t2\t0", "woken\t4\t0"),
        ]

    play()


@pytest.mark.parametrize("settings", ["cpu.sleep(0)", "cpu.wakeupon(cpu.WAKEUP_TIMER, 0)", ""])
def test_without_anything_to_wake_it_the_chip_sleeps_until_it_is_reset(settings: str) -> None:
    @staged(board="GENERIC", script=sleeping(settings))
    async def play(stage: Stage) -> None:
        stage.power_on()
        await stage.wait(100_000)
        assert len(stage.board.boots) == 1
        assert not stage.board.idle.is_set()
        stage.board.hold_in_reset()
        stage.board.release_from_reset()
        await stage.wait(1)
        assert len(stage.board.boots) == 2

    play()


@staged(
    board="GENERIC",
    parts=[BUTTON],
    script=sleeping("pio.pin.input(33) pio.pin.setpull(pio.PULLUP, 33) cpu.wakeupon(cpu.WAKEUP_EXT0, 33, 0)"),
)
async def test_a_pin_that_wakes_by_itself_keeps_its_pull(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(100)
    assert len(stage.board.boots) == 1
    stage.board.bench.part("b").set_control("pressed", 1)
    await stage.board.finished()
    assert "woken\t2\t0\r\n" in stage.console
    assert stage.seconds < 102
    assert stage.board.bench.wire(33).drives.keys() == {"b"}, "and lets go of it when it wakes"


PINS = [{**BUTTON, "active_high": True}, {**BUTTON, "name": "c", "pin": 26, "active_high": True}]
ANY_HIGH = sleeping("cpu.wakeupon(cpu.WAKEUP_EXT1, 1 << 26 | 1 << 25, 1)")
ALL_LOW = sleeping("cpu.wakeupon(cpu.WAKEUP_EXT1, 1 << 26 | 1 << 25, 0)")


@staged(board="GENERIC", parts=PINS, script=ANY_HIGH)
async def test_any_of_several_pins_can_wake_when_it_is_high(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(10)
    stage.board.bench.part("b").set_control("pressed", 1)
    await stage.wait(10)
    assert len(stage.board.boots) == 1, "that was another pin"
    stage.board.bench.part("c").set_control("pressed", 1)
    await stage.board.finished()
    assert f"woken\t3\t{1 << 26}\t26\r\n" in stage.console


@staged(
    board="GENERIC",
    parts=[{"type": "slide-switch", "name": name, "pin": pin, "value": 1, "active_high": True}
           for name, pin in (("c", 26), ("d", 25))],
    script=ALL_LOW,
)  # fmt: skip
async def test_several_pins_wake_when_all_are_low(stage: Stage) -> None:
    stage.power_on()
    for name in "cd":
        await stage.wait(10)
        assert len(stage.board.boots) == 1
        stage.board.bench.part(name).set_control("value", 0)
    await stage.board.finished()
    assert f"woken\t3\t{1 << 25 | 1 << 26}\t25\r\n" in stage.console


TOUCH = sleeping("touch.init() touch.wakethreshold(0, 0, 0, 0, 300) cpu.wakeupon(cpu.WAKEUP_TOUCHPAD)")


@staged(board="EVK-NINA-W", parts=[PAD], script=TOUCH)
async def test_a_touch_wakes_the_chip(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(10)
    assert len(stage.board.boots) == 1
    stage.board.bench.part("t").set_control("touched", 1)
    await stage.board.finished()
    assert "woken\t5\t0\r\n" in stage.console


@staged(board="EVK-NINA-W", parts=[{**PAD, "touched": 1}],
        script=sleeping("touch.wakethreshold(0, 0, 0, 0, 300) cpu.wakeupon(5) cpu.wakeupon(4, 5000000)"))  # fmt: skip
async def test_pads_that_were_not_started_wake_nobody(stage: Stage) -> None:
    assert "woken\t4\t0\r\n" in await stage.boot()


@staged(
    script="""
        if cpu.resetreason() == cpu.RESET_DEEPSLEEP then return end
        net.wf.setup(net.wf.mode.STA, "home", "secret-password") net.wf.start(false)
        cpu.wakeupon(cpu.WAKEUP_TIMER, 1000000) cpu.deepsleep()
    """,
)
async def test_before_the_chip_sleeps_the_radio_says_goodbye(stage: Stage) -> None:
    await stage.boot()
    assert stage.kinds("wifi.")[-2:] == ["wifi.disconnected", "wifi.stop"]


@staged(board="GENERIC", parts=[{**BUTTON, "pin": 0, "pressed": 1}])
async def test_a_button_at_a_strapping_pin_decides_how_the_chip_starts(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(5)
    assert stage.console.endswith("waiting for download\r\n")
    stage.board.bench.part("b").set_control("pressed", 0)
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    assert await stage.board.finished()


# -- what is remembered ---------------------------------------------------------------------------------------------


def test_values_on_the_stack_survive_deep_sleep() -> None:
    script = """
        if os.bootcount() == 1 then
          rtc.mem.push(42) rtc.mem.push(1.5) rtc.mem.push(nil) rtc.mem.push(false) rtc.mem.push(true, "ignored")
          cpu.wakeupon(cpu.WAKEUP_TIMER, 2000000) cpu.deepsleep()
        end
        for i = 1, 5 do print(rtc.mem.pop()) end print(pcall(rtc.mem.pop))
    """
    assert lines(script) == ["true", "false", "nil", "1.5", "42", "false\t587202561:empty memory"]


def test_a_restart_empties_the_stack() -> None:
    script = """
        if os.resetreason() == 1 then rtc.mem.push(42) os.exit() end
        print(pcall(rtc.mem.pop))
    """
    assert lines(script) == ["false\t587202561:empty memory"]


def test_a_number_takes_four_bytes_and_each_value_half_a_byte_for_its_type() -> None:
    script = """
        local size, taken = rtc.mem.size(), {}
        for _, v in ipairs{1, 1.5, true, false, 2, 3} do rtc.mem.push(v) taken[#taken + 1] = size - rtc.mem.free() end
        print(size, table.unpack(taken))
        for i = 1, 6 do rtc.mem.pop() end print(rtc.mem.free() == size)
        for i = 1, 1e6 do if not pcall(rtc.mem.push, i) then print(i - 1, rtc.mem.free()) break end end
    """
    assert lines(script) == ["4080\t4\t8\t9\t9\t14\t18", "true", "906\t4"]


@pytest.mark.parametrize(("board", "size"), [("GENERIC", 4080), ("WHITECAT-ESP32-N1", 4040)])
def test_the_stack_has_what_the_firmware_leaves(board: str, size: int) -> None:
    assert (load_board(board).lora is not None) == (size < 4080)
    assert printed_by("print(rtc.mem.size())", board=board).split("\r\n")[0] == str(size)


# -- touch ----------------------------------------------------------------------------------------------------------


def touched(script: str) -> list[str]:
    """What a script prints on a board with touch pads."""
    return printed_by(script, board="EVK-NINA-W", parts=[{**PAD, "touched": 1}]).split("\r\n")[:-1]


def test_pads_count_less_while_they_are_touched() -> None:
    assert touched("print(touch.read()) touch.init() print(touch.read())") == [
        *("\t".join(["0"] * 10), "\t".join(["1000"] * 4 + ["100"] + ["1000"] * 5)),
    ]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("touch.init('x')", "bad argument #1 to 'init' (number expected, got string)"),
        ("touch.init(nil, nil, nil, 1)", "bad argument #4 to 'init' (boolean expected, got number)"),
        ("touch.init(3, 0, 1, true, 'x')", "bad argument #5 to 'init' (number expected, got string)"),
        ("touch.init(3, 0, 1, false, 10) touch.wakethreshold(1, 'x', 1e30, 70000, 1, 1, 1, 1, 1, 1, 1)", "nil"),
    ],
)
def test_touch_refuses_in_the_words_of_lua(call: str, text: str) -> None:
    assert touched(f"print((select(2, pcall(load({call!r}, '=x')))))")[0].removeprefix("x:1: ") == text


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [("", ["500", "400", "325", "101", "100"]), ("nil, nil, nil, false", ["500", "100", "100", "100", "100"])],
)
def test_filtered_counts_follow_a_touch_slowly_and_raw_ones_at_once(arguments: str, counts: list[str]) -> None:
    @staged(
        board="EVK-NINA-W",
        parts=[PAD],
        script=f"""
            touch.init({arguments})
            thread.start(function()
              for _, ms in ipairs{{1000, 11, 10, 180, 10000}} do tmr.sleepms(ms) print((select(5, touch.read()))) end
            end)
        """,
    )
    async def play(stage: Stage) -> None:
        stage.power_on()
        await stage.wait(1)
        while not stage.console.endswith("500\r\n"):
            await stage.wait(0.001)
        stage.board.bench.part("t").set_control("touched", 1)
        await stage.wait(20)
        assert [line.removeprefix("/ > ") for line in stage.console.split("\r\n")[-len(counts) - 1 : -1]] == counts

    play()


@staged(board="EVK-NINA-W", parts=[{"type": "led", "name": "l", "pin": 13}],
        script="pio.pin.output(13) pio.pin.sethigh(13) touch.init()")  # fmt: skip
async def test_starting_the_pads_takes_their_pins_from_whoever_has_them(stage: Stage) -> None:
    await stage.boot()
    assert [event["on"] for event in stage.of_parts()] == [True, False]
