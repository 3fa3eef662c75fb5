"""sdisplay, as a script has it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.device.stage import Stage, on_stage
from tests.device.test_pins_and_pulses import error_of

BOARD = "WHITECAT-ESP32-N1-DEVKIT"
SEVEN = {"type": "tm1637", "name": "d", "clk": 26, "dio": 14}
FOURTEEN = {"type": "ht16k33", "name": "d", "scl": 4, "sda": 2}
ATTACH = "d = sdisplay.attach(sdisplay.TM1637, 26, 14)"
ATTACH_I2C = "i2c.setpins(1, 2, 4) d = sdisplay.attach(sdisplay.HT16K3)"


def shown(script: str, part: dict[str, Any]) -> dict[str, Any]:
    """What can be seen of a display after a script."""

    async def play(stage: Stage) -> dict[str, Any]:
        await stage.boot()
        assert not stage.board.script_errors
        return stage.board.bench.part("d").state

    return on_stage(play, board=BOARD, script=script, parts=[part])


def refused(call: str, *parts: dict[str, Any]) -> str:
    async def play(stage: Stage) -> str:
        return await stage.printed()

    script = f"print((select(2, pcall(load({call!r}, '=x'))):gsub('^x:1: ', '')))"
    return on_stage(play, board=BOARD, script=script, parts=parts).rpartition("\n")[0].rpartition("\n")[2].strip("\r")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("sdisplay.attach()", "bad argument #1 to 'attach' (number expected, got no value)"),
        ("sdisplay.attach(1)", "bad argument #2 to 'attach' (number expected, got no value)"),
        ("sdisplay.attach(1, 26, 14, 0)", "318767108:invalid digits (must be at least 1)"),
        ("sdisplay.attach(1, 26, 14, 31)", "318767108:invalid digits (must be less than 30)"),
        ("sdisplay.attach(2, 0)", "318767108:invalid digits (must be at least 1)"),
        ("sdisplay.attach(2)", "50331654:not ack received"),
        (f"{ATTACH} d:write(1)", "318767105:timeout"),
        (f"{ATTACH} d:clear()", "318767105:timeout"),
        (f"{ATTACH} d:setbrightness(8)", "318767106:invalid brightness"),
        (f"{ATTACH} d:setBrightness(-1)", "318767106:invalid brightness"),
        (f"{ATTACH} d:write({{}})", "bad argument #1 to 'write' (string expected, got table)"),
        (f"{ATTACH} d.write(1, 2)", "bad argument #1 to 'write' (sdisplay.ins expected, got number)"),
        ("sdisplay.attach(1, 34, 14):write(1)", "318767105:timeout"),
        (f"p = pwm.attach(14, 1000, 0) {ATTACH}", "gpio14 is used by pwm0"),
        (f"{ATTACH} p = pwm.attach(26, 1000, 0)", "gpio26 is used by sdisplay0"),
    ],
)
def test_sdisplay_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert refused(call) == text


def test_most_builds_have_no_sdisplay() -> None:
    assert error_of("sdisplay.attach(1, 26, 14)") == "attempt to index a nil value (global 'sdisplay')"


def test_of_an_unknown_chipset_the_last_argument_comes_back() -> None:
    assert refused("error(tostring(sdisplay.attach(7, 26, 'x')), 0)") == "x"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234", "1234"),
        ("12.5", "12.5 "),
        ('"AbCd"', "AbCd"),
        ('"a-1."', "  1. "),
        ('".5"', " 5  "),
        ('"8.8.8.8."', "8.8.8.8."),
        ('"123456789"', "1234"),
        ('"12\\0"', "12  "),
    ],
)
def test_seven_segments_show_the_characters_that_they_can(value: str, text: str) -> None:
    state = shown(f"{ATTACH} d:write({value})", SEVEN)
    assert (state["text"], state["brightness"]) == (text, 7)


def test_what_was_written_before_stays_behind_a_shorter_text() -> None:
    assert shown(f"{ATTACH} d:write(1234) d:write(9)", SEVEN)["text"] == "9234"


def test_the_brightness_of_seven_segments_comes_with_the_next_text() -> None:
    assert shown(f"{ATTACH} d:write(1) d:setbrightness(3)", SEVEN)["brightness"] == 7
    assert shown(f"{ATTACH} d:setBrightness(3) d:write(1)", SEVEN)["brightness"] == 3
    assert shown(f"{ATTACH} d:write(1) d:clear()", SEVEN) == {"segments": [0] * 4, "text": "    ", "brightness": 2}


def test_fourteen_segments_show_capitals_and_digits() -> None:
    state = shown(f"{ATTACH_I2C} d:write('A1 ') d:setbrightness(12)", FOURTEEN)
    assert state == {"segments": [0x00F7, 0x0006, 0, 0, 0, 0], "brightness": 12}


def test_a_character_that_fourteen_segments_lack_is_the_32nd_of_the_table() -> None:
    assert shown(f"{ATTACH_I2C} d:write('@a\\t[')", FOURTEEN)["segments"] == [0x02BB, 0x02BB, 0x02BB, 0x7FFF, 0, 0]


def test_fourteen_segments_take_no_more_characters_than_digits() -> None:
    state = shown("i2c.setpins(1, 2, 4) d = sdisplay.attach(sdisplay.HT16K3, 2) d:write('0000') d:clear()", FOURTEEN)
    assert state == {"segments": [0] * 6, "brightness": 1}


def test_fourteen_segments_refuse_a_brightness_out_of_range() -> None:
    assert refused(f"{ATTACH_I2C} d:setbrightness(16)", FOURTEEN) == "318767106:invalid brightness"
