"""encoder, and the sensor that is one, as a script has them, with a knob that is turned."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.device.stage import Stage, staged
from tests.device.test_pins_and_pulses import error_of, lines

KNOB = {"type": "ky-040", "name": "knob", "clk": 26, "dt": 27, "sw": 25}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("encoder.attach(26, 27)", "bad argument #3 to 'attach' (number expected, got no value)"),
        ("encoder.attach(26, 27, 'x')", "bad argument #3 to 'attach' (number expected, got string)"),
        ("encoder.attach(-1, -1, -1)", "436207617:invalid pin (a and b pins are required)"),
        *((f"encoder.attach({pin}, 27, nil)", "436207617:invalid pin (A, must be an input PIN)") for pin in (24, -1)),
        *((f"encoder.attach(26, {pin}, nil)", "436207617:invalid pin (B, must be an input PIN)") for pin in (31, -1)),
        ("encoder.attach(26, 27, 24)", "436207617:invalid pin (SW, must be an input PIN)"),
        ("encoder.attach(26, 27, nil):write(1)", "calling 'write' on bad self (number expected, got userdata)"),
        ("encoder.attach(26, 27, nil).read()", "bad argument #1 to 'read' (encoder.enc expected, got no value)"),
        ("p = pwm.attach(27, 1000, 0) encoder.attach(26, 27, nil)", "gpio27 is used by pwm0"),
        ("e = encoder.attach(26, 27, 25) pwm.attach(25, 1000, 0)", "gpio25 is used by encoder0"),
    ],
)
def test_encoders_refuse_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_a_fourth_argument_that_is_no_function_is_ignored() -> None:
    assert lines("print(encoder.attach(26, 27, -1, 'x'):read())") == ["0\t0"]


def test_encoders_share_their_pins() -> None:
    script = """
        local e, f = encoder.attach(26, 27, -1), encoder.attach(26, 14, -1)
        os.locks() e:detach() e:detach()
        print(pcall(pwm.attach, 27, 1000, 0), pcall(pwm.attach, 14, 1000, 0))
    """
    *locks, last = lines(script)
    assert [line.rstrip("\r") for line in locks if "encoder0" in line] == [
        "  gpio14 locked by encoder0 (B)",
        "  gpio26 locked by encoder0 (A)",
        "  gpio27 locked by encoder0 (B)",
    ]
    assert last.endswith("false\tgpio14 is used by encoder0")


@staged(
    board="GENERIC",
    parts=[KNOB],
    script="""
        knob = encoder.attach(26, 27, 25, function(...) print("turned", ...) end, "extra")
    """,
)
async def test_an_encoder_counts_detents_and_reports_its_button(stage: Stage) -> None:
    await stage.boot()
    before = len(stage.console)
    knob = stage.board.bench.part("knob")
    for control, value in (("rotate", 2), ("rotate", -1), ("pressed", 1)):
        knob.set_control(control, value)
        await stage.wait(0.1)
    assert stage.console[before:].split("\r\n")[:-1] == [
        *("turned\t1\t1\t0\textra", "turned\t1\t2\t0\textra", "turned\t-1\t1\t0\textra", "turned\t0\t1\t1\textra"),
    ]
    assert "1\t1" in await stage.type(b"=knob:read()\r")
    await stage.type(b"knob:detach()\r")
    knob.set_control("rotate", 1)
    await stage.wait(0.1)
    assert "1\t1" in await stage.type(b"=knob:read()\r"), "nobody looks any more"


@staged(
    board="GENERIC",
    parts=[KNOB],
    script="""
        knob = encoder.attach(26, 27, 25) tmr.sleepms(10)
        while true do for i = 1, 1e6 do end print(knob:read()) end
    """,
)
async def test_detents_are_counted_while_the_processor_is_busy_with_something_else(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(0.5)
    stage.board.bench.part("knob").set_control("rotate", 100)
    await stage.wait(2)
    assert stage.console.endswith("100\t0\r\n")


@staged(
    board="GENERIC",
    parts=[KNOB],
    script="knob = encoder.attach(26, 27, 25, function(_, n) print(n) for i = 1, 1e7 do end end)",
)
async def test_of_turns_that_a_slow_callback_cannot_keep_up_with_ten_wait(stage: Stage) -> None:
    await stage.boot()
    before = len(stage.console)
    stage.board.bench.part("knob").set_control("rotate", 30)
    await stage.wait(100)
    assert stage.console[before:].split() == [str(number) for number in range(1, 12)]


def turn(stage: Stage, levels: Iterable[str]) -> None:
    """Set both contacts by hand, the first one first."""
    for level in levels:
        for pin, high in zip((26, 27), level, strict=True):
            wire = stage.board.bench.wire(pin)
            wire.drive("hand", None if high == "1" else 0, stage.world.now_ns())


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("01 00 10 11", 1),
        ("10 00 01 11", -1),
        ("01 00 01 00 10 00 10 11", 1),  # contacts that bounce
        ("01 11 01 11", 0),
        ("01 00 01 11", 0),  # almost, and back
        ("01 11 10 00 01 11", -1),  # one way, and then the other
    ],
)
def test_a_detent_is_a_whole_way_round(path: str, count: int) -> None:
    @staged(board="GENERIC", parts=[KNOB], script="knob = encoder.attach(26, 27, -1)")
    async def play(stage: Stage) -> None:
        await stage.boot()
        turn(stage, path.split())
        assert f"{count}\t0" in await stage.type(b"=knob:read()\r")

    play()


def test_a_handle_that_is_collected_frees_its_pins() -> None:
    script = """
        encoder.attach(26, 27, -1, print) collectgarbage() collectgarbage()
        print(pcall(pwm.attach, 26, 1000, 0))
    """
    assert lines(script)[0].startswith("true\tpwm.inst")


def test_a_sensor_at_pins_that_are_none_is_refused_in_the_words_of_the_encoder() -> None:
    assert error_of("sensor.attach('REL_ROT_ENCODER', 26, 24, -1)") == (
        "436207617:invalid pin (B, must be an input PIN)"
    )
