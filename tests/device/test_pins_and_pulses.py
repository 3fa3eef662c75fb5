"""pio, pwm, servo and adc, as a script has them."""

from __future__ import annotations

import pytest

from tests.device.stage import Stage, printed_by, staged

BUTTON = {"type": "pushbutton", "name": "b", "pin": 4}


def lines(script: str, **options: object) -> list[str]:
    """What a script prints on a generic board that logs errors only, line by line."""
    return printed_by(script, board="GENERIC", files={"/system.lua": ""}, **options).split("\r\n")[:-1]


def error_of(call: str, **options: object) -> str:
    """The text of the error that a call raises, without its position."""
    script = f"print((select(2, pcall(load({call!r}, '=x'))):gsub('^x:1: ', '')))"
    return "\n".join(lines(script, **options))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("pio.pin.sethigh(34)", "33554432:invalid pin direction"),
        ("pio.pin.setval(0, 26, 39)", "33554432:invalid pin direction"),
        ("pio.pin.output(34, 35)", "33554432:invalid pin direction"),
        *((f"pio.pin.sethigh({pin})", "invalid pin") for pin in (24, 28, 31, -1, 56, 60)),
        *((f"pio.pin.input({pin})", "33554433:invalid pin") for pin in (40, 55, 57)),
        ("pio.pin.setdir(2, 26)", "invalid direction"),
        ("pio.pin.setpull(4, 26)", "invalid pull type"),
        ("pio.pin.setval(2, 26)", "invalid pin value"),
        ("pio.port.setdir(2, 1)", "invalid direction"),
        ("pio.pin.sethigh('x')", "bad argument #1 to 'sethigh' (number expected, got string)"),
        ("pio.pin.setdir(pio.OUTPUT, 1.5)", "bad argument #2 to 'setdir' (number has no integer representation)"),
        ("pio.pin.interrupt(4, 5)", "bad argument #2 to 'interrupt' (function expected, got number)"),
    ],
)
def test_pio_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_a_list_that_mixes_outputs_and_inputs_changes_nothing_and_raises_nothing() -> None:
    assert lines("pio.pin.sethigh(26) pio.pin.output(26, 34) pio.pin.input(27) print(pio.pin.getval(27))",
                 parts=[{"type": "jumper", "name": "j", "pin": 26, "to": 27}]) == ["0"]  # fmt: skip


def test_levels_come_in_the_order_of_the_pins_and_of_a_pin_twice_only_once() -> None:
    script = """
        pio.pin.input(4, 33) pio.pin.setpull(pio.PULLUP, 33)
        print(pio.pin.getval(33, 4))
        print(pio.pin.getval(33, 4, 4))
        print(pio.pin.num(33, 4)) print(pio.decode(26))
    """
    assert lines(script) == ["0\t1", "4\t0\t1", "33\t4", "1\t26"]


def test_an_output_reads_low_and_inverts_its_latch() -> None:
    script = """
        pio.pin.sethigh(26) pio.pin.output(26) pio.pin.input(25)
        print(pio.pin.getval(26), pio.pin.getval(25))
        pio.pin.inv(26) print(pio.pin.getval(25))
        pio.pin.inv(26) print(pio.pin.getval(25))
        pio.port.setlow(26) print(pio.pin.getval(25))
    """
    assert lines(script, parts=[{"type": "jumper", "name": "j", "pin": 25, "to": 26}]) == ["0\t1", "0", "1", "1"]


@staged(
    board="GENERIC",
    parts=[BUTTON],
    script="""
        local function edge(level, extra) print("edge", level, extra) tmr.sleepms(10) end
        pio.pin.interrupt(4, edge, pio.pin.IntrNegEdge)
        print "ready"
    """,
)
async def test_an_interrupt_calls_back_and_what_comes_meanwhile_is_lost_but_for_one(stage: Stage) -> None:
    assert await stage.boot()
    before = len(stage.console)
    button = stage.board.bench.part("b")
    for _ in range(4):
        button.set_control("pressed", 1)
        button.set_control("pressed", 0)
    await stage.wait(0.1)
    # Of the three that came during the first callback the hardware latched one. The type is the extra argument.
    assert stage.console[before:] == "edge\t0\t2\r\nedge\t0\t2\r\n"


def test_errors_in_an_interrupt_are_nobodys_business() -> None:
    script = """
        pio.pin.interrupt(25, function() error "no" end)
        pio.pin.interrupt(99, print)
        pio.pin.output(26) pio.pin.sethigh(26) tmr.sleepms(5) print "still here"
    """
    assert lines(script, parts=[{"type": "jumper", "name": "j", "pin": 25, "to": 26}]) == ["still here"]


@staged(board="GENERIC", script="pio.pin.output(26) for i = 1, 3 do pio.pin.inv(26) end")
async def test_edges_of_a_loop_are_told_with_different_moments(stage: Stage) -> None:
    await stage.boot()
    edges = [event for event in stage.of_kind("pin") if event["gpio"] == 26]
    assert [event["level"] for event in edges] == [1, 0, 1]
    assert edges[0]["at"] < edges[1]["at"] < edges[2]["at"]


# -- pwm and servo --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("pwm.attach(26, 1000, 1.1)", "117440512:can't setup (invalid duty)"),
        ("pwm.attach(26, 0, 0)", "117440512:can't setup (invalid frequency)"),
        ("pwm.attach(26, 78126, 0)", "117440512:can't setup (invalid frequency)"),
        ("pwm.attach(0, 1000, 0)", "117440512:can't setup (invalid pin)"),
        ("pwm.attach(26, 1000, 0):setduty(-1)", "117440515:invalid duty"),
        ("pwm.attach(26, 1000, 0):setfreq(-1)", "117440516:invalid frequency"),
        ("pwm.attach(26, 1000, 0) pwm.attach(26, 1000, 0)", "gpio26 is used by pwm0"),
        ("pwm.attach(26)", "bad argument #2 to 'attach' (number expected, got no value)"),
        ("local p = pwm.attach(26, 1000, 0) p.start {}", "bad argument #1 to 'start' (pwm.inst expected, got table)"),
        ("servo.attach(26):write(20001)", "117440515:invalid duty"),
        ("servo.attach(26) pwm.attach(26, 50, 0)", "gpio26 is used by pwm0"),
    ],
)
def test_pwm_and_servo_refuse_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


@staged(
    board="GENERIC",
    parts=[{"type": "led", "name": "d", "pin": 26}, {"type": "servo", "name": "s", "pin": 27}],
    script="""
        p = pwm.attach(26, 1000, 0.25) q = pwm.attach(25, 500, 0.5)
        s = servo.attach(27) s:write(180)
    """,
)
async def test_pwm_starts_when_told_and_two_neighbours_share_a_timer(stage: Stage) -> None:
    await stage.boot()
    wire = stage.board.bench.wire(26)
    assert wire.wave is None
    await stage.type(b"p:start()\r")
    assert wire.wave is not None
    assert wire.wave.period_ns == 2_000_000
    assert stage.board.bench.part("d").state["brightness"] == pytest.approx(0.25, abs=0.001)
    assert stage.board.bench.part("s").state == {"angle": 180.0}
    await stage.type(b"p:stop()\r")
    assert stage.board.bench.part("d").state["on"] is False


def test_detaching_a_channel_frees_its_pin_and_wipes_the_records_behind_it() -> None:
    script = """
        p = pwm.attach(25, 1000, 0.5) q = pwm.attach(26, 1000, 0.5)
        p:detach() p:detach()
        r = pwm.attach(25, 1000, 0.5)
        print(pcall(pwm.attach, 26, 1000, 0.5))
    """
    # The record of q is gone, so its channel is free; the pin is still locked, by that same channel.
    assert lines(script)[0].startswith("true")


def test_a_channel_that_nobody_holds_any_more_is_freed_with_the_garbage() -> None:
    script = """
        do local p = pwm.attach(26, 1000, 0.5) end
        collectgarbage() collectgarbage()
        pwm.attach(26, 1000, 0.5) print "free"
    """
    assert lines(script) == ["free"]


# -- adc ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("adc.attach(0, 0)", "16777216:invalid unit"),
        ("adc.attach(2, 0)", "16777216:invalid unit"),
        ("adc.attach(1, 8)", "16777217:invalid channel"),
        ("adc.attach(1, 38 + 2)", "16777217:invalid channel"),
        ("adc.attach(1, 0, 8)", "16777218:invalid resolution"),
        ("adc.attach(1, 0, 12, 1)", "16777222:vref value setup not allowed for this ADC"),
        ("adc.attach(1, 0, 12, 0, 3901)", "16777223:invalid max value"),
        (
            "adc.calibrate(2, 25, 1, 0)",
            "16777224:calibration is not allowed for this ADC (only ADC1 can be calibrated)",
        ),
        (
            "adc.calibrate(1, 25, 1, 0)",
            "16777224:calibration is not allowed for this ADC (ADC1 cannot be used for calibrate)",
        ),
        ("adc.calibrate(1, 4, 2, 0)", "16777225:calibration error (GPIO can be either 25, 26, 27)"),
        ("adc.attach(1, 36) pwm.attach(36, 1000, 0)", "gpio36 is used by adc0"),
        ("adc.attach(1, 0).read {}", "bad argument #1 to 'read' (adc.chan expected, got table)"),
    ],
)
def test_adc_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_a_channel_reads_counts_and_calibrated_millivolts() -> None:
    script = """
        local c = adc.attach(adc.ADC1, adc.ADC_CH4)
        print(c:read())
        local d = adc.attach(adc.ADC1, 32, 10, 0, 1100)
        print(d:read())
        print(c:read())
    """
    source = {"type": "voltage", "name": "v", "pin": 32, "volts": 0.7}
    # The second attach takes the channel over, and the first handle with it.
    assert lines(script, parts=[source]) == ["688\t700.0", "658\t699.0", "658\t699.0"]


def test_the_log_tells_pin_attenuation_and_resolution() -> None:
    script = "os.loglevel(os.LOG_INFO) adc.attach(1, 0) adc.attach(1, 3, 9, 0, 1500) adc.attach(1, 4, 0, 0, 2200)"
    assert [line.rstrip("\r") for line in lines(script)] == [
        "adc1: at pin GPIO36, attenuation 11db, 12 bits of resolution",
        "adc1: at pin GPIO39, attenuation 2.5db, 9 bits of resolution",
        "adc1: at pin GPIO32, attenuation 6db, 12 bits of resolution",
    ]


def test_an_external_converter_is_asked_over_i2c() -> None:
    script = "local c = adc.attach(adc.ADS1015, 2) print(c:read())"
    part = {"type": "ads1115", "name": "a", "scl": 32, "sda": 33, "bits": 12, "ch2": 1.5}
    assert printed_by(script, board="WHITECAT-ESP32-N1-DEVKIT", parts=[part]).endswith("1500\t1500.366\r\n")


def test_a_module_that_the_build_lacks_is_nil() -> None:
    assert printed_by("print(pio, adc, i2c, spi ~= nil)", board="WHITECAT-ESP32-LORA-GW") == "nil\tnil\tnil\ttrue\r\n"


def test_locks_are_listed_by_driver() -> None:
    script = "p = pwm.attach(26, 1000, 0) i = i2c.attach(0, 1) os.locks()"
    assert printed_by(script).replace("\r", "") == (
        "i2c0 at pins scl=GPIO21/sdc=GPIO25\n"
        "gpio\n"
        "  gpio1 locked by uart0 (TX)\n"
        "  gpio3 locked by uart0 (RX)\n"
        "  gpio21 locked by i2c0 (SCL)\n"
        "  gpio22 locked by system0 (Activity LED)\n"
        "  gpio25 locked by i2c0 (SDA)\n"
        "  gpio26 locked by pwm0\n"
        "  gpio27 locked by pwbus0\n"
        "\n"
    )
