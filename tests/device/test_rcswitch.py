"""rcswitch, as a script has it, with a remote control and an outlet."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.descriptions import describe_part
from simulator.errors import UsageError
from tests.device.stage import Stage, staged
from tests.device.test_pins_and_pulses import error_of, lines

REMOTE = {"type": "rf-remote", "name": "remote", "pin": 14}
OUTLET = {"type": "rf-outlet", "name": "outlet", "pin": 12, "on_code": 5393, "off_code": 5396}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("rcswitch.send()", "bad argument #1 to 'send' (number expected, got no value)"),
        ("rcswitch.send(1, {})", "bad argument #2 to 'send' (number expected, got table)"),
        ("rcswitch.receive('x')", "bad argument #1 to 'receive' (number expected, got string)"),
        ("rcswitch.receive(14, 0, 5)", "bad argument #3 to 'receive' (function expected, got number)"),
    ],
)
def test_rcswitch_refuses_in_the_words_of_lua(call: str, text: str) -> None:
    assert error_of(call) == text


@staged(
    board="GENERIC",
    parts=[OUTLET],
    script="local t = os.clock() rcswitch.send(5393) print(string.format('%.2f', os.clock() - t)) rcswitch.send(5396)",
)
async def test_codes_switch_an_outlet(stage: Stage) -> None:
    printed = (await stage.boot()).split("Executing /autorun.lua ...\r\n")[1]
    # Ten times 24 bits of four pulses of 330 us, and a pause of one and, as the clock ticks, about 31.
    assert printed.startswith("rcswitch: sending code 5393 on pin 12\r\n\r0.43\r\n")
    shown = [event for event in stage.of_parts() if event["part"] == "outlet"]
    assert [event["on"] for event in shown if "on" in event] == [True, False]
    assert [event["heard"] for event in shown if "heard" in event] == [[5393, 24, 1], [5396, 24, 1]]
    assert stage.board.bench.wire(12).level(stage.world.now_ns()) == 0


@staged(board="GENERIC", parts=[OUTLET], script="rcswitch.send(5393, 12, 350)")
async def test_pulses_of_a_millisecond_and_more_end_with_a_tick_so_that_slow_codes_are_not_understood(
    stage: Stage,
) -> None:
    await stage.boot()
    assert "heard" not in stage.board.bench.part("outlet").state
    moments = [event["at"] for event in stage.of_kind("pin") if event.get("gpio") == 12]
    lengths = {after - before for before, after in pairwise(moments)}
    assert 350_000 in lengths
    assert 1_050_000 not in lengths


@pytest.mark.parametrize(
    ("arguments", "heard"),
    [
        ("0xffffffff, 12, 100, 3, 32", [0xFFFFFFFF, 32]),
        ("5, 12, 300, 9, 8", [5, 8]),
        ("5, 12 + 256, 150, 7, 8 + 256", [5, 8]),
    ],
)
def test_protocol_pulse_and_bits_can_be_chosen(arguments: str, heard: list[int]) -> None:
    @staged(board="GENERIC", parts=[OUTLET], script=f"rcswitch.send({arguments})")
    async def play(stage: Stage) -> None:
        await stage.boot()
        assert stage.board.bench.part("outlet").state["heard"][:2] == heard

    play()


def test_at_a_pin_that_is_no_output_every_pulse_is_an_error_in_the_log() -> None:
    printed = lines("rcswitch.send(3, 34, 300, 1, 2) print 'sent'")
    complaints = [line.strip("\r").removeprefix("ERROR ON ") for line in printed]
    pulses = 10 * 3 * ["gpio_pin_set", "gpio_pin_clr"]
    assert complaints == ["gpio_pin_output", *pulses, "gpio_pin_clr", "sent"]


@staged(board="GENERIC", parts=[REMOTE], files={"/system.lua": ""}, script="os.shell(false)")
async def test_a_script_waits_for_a_code_as_long_as_it_says(stage: Stage) -> None:
    await stage.boot()
    stage.board.receive(b"print(rcswitch.receive())\r")
    await stage.wait(0.05)
    stage.board.bench.part("remote").set_control("send", "5393")
    await stage.board.finished()
    assert stage.console.endswith("5393\t24\t1\t350\r\n/ > ")
    before = stage.seconds
    assert await stage.type(b"print(rcswitch.receive(14, 250))\r") == "print(rcswitch.receive(14, 250))\r\n\r\n/ > "
    assert 0.25 < stage.seconds - before < 0.27
    assert (await stage.type(b"print(rcswitch.receive(14, 0))\r")).endswith(")\r\n\r\n/ > ")


@staged(
    board="GENERIC",
    parts=[{**REMOTE, "protocol": 6, "bits": 28}],
    script="""
        rcswitch.receive(14, 0, function(...) print(...) for i = 1, 2e6 do end end, "extra")
    """,
)
async def test_codes_that_come_while_a_callback_runs_are_lost(stage: Stage) -> None:
    await stage.boot()
    remote = stage.board.bench.part("remote")
    before = len(stage.console)
    for _ in range(3):
        remote.set_control("send", "0xabcdef5")
    await stage.wait(5)
    log = "rcswitch: Received 180150005 / 28 bit   Protocol: 6   Delay: 450\r\n\r"
    printed = stage.console[before:]
    assert printed.count(f"{log}180150005\t28\t6\t450\textra\r\n") == printed.count("extra")
    assert 1 < printed.count("extra") < 12, "of 12 that were complete"


@staged(
    board="GENERIC",
    parts=[REMOTE, {**OUTLET, "pin": 14}, {"type": "jumper", "name": "j", "pin": 12, "to": 14}],
    files={"/system.lua": ""},
    script="rcswitch.receive(14, 0, print) rcswitch.send(5393) tmr.sleepms(10)",
)
async def test_it_does_not_hear_itself_and_listens_again_afterwards(stage: Stage) -> None:
    await stage.boot()
    assert "24\t1" not in stage.console
    stage.board.bench.wire(12).drive("gpio12", None, stage.world.now_ns())
    stage.board.bench.part("remote").set_control("send", "77")
    await stage.wait(2)
    assert "77\t24\t1\t350\r\n" in stage.console


@staged(
    board="GENERIC",
    parts=[REMOTE],
    files={"/system.lua": ""},
    script="if os.resetreason() == 1 then rcswitch.receive(14, 0, print) rcswitch.stop() rcswitch.stop() end",
)
async def test_after_a_stop_the_next_edge_crashes_the_chip(stage: Stage) -> None:
    await stage.boot()
    stage.board.bench.part("remote").set_control("send", "77")
    await stage.wait(2)
    assert "panic'ed (LoadProhibited)" in stage.console
    assert len(stage.board.boots) == 2


@staged(
    board="GENERIC",
    parts=[REMOTE],
    files={"/system.lua": ""},
    script="rcswitch.receive(14, 0, print) pcall(rcswitch.receive, 14, 0, 5)",
)
async def test_without_its_callback_the_thread_complains(stage: Stage) -> None:
    await stage.boot()
    stage.board.bench.part("remote").set_control("send", "77")
    await stage.wait(2)
    assert "rcswitch: cannot call lua, callback is empty\r\r\n" in stage.console


@pytest.mark.parametrize("text", ["", "x", "-1", "16777216"])
def test_a_remote_control_sends_codes_only(text: str) -> None:
    @staged(board="GENERIC", parts=[REMOTE])
    async def play(stage: Stage) -> None:
        with pytest.raises(UsageError, match="is no code of 24 bits"):
            stage.board.bench.part("remote").set_control("send", text)

    play()


@pytest.mark.parametrize("field", ["protocol", "bits"])
def test_a_remote_control_has_a_protocol_and_bits_that_there_are(field: str) -> None:
    with pytest.raises(UsageError, match=f"remote.{field} = 99 should be a whole number from 1 to"):
        describe_part({**REMOTE, field: 99})
