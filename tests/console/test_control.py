from __future__ import annotations

import pytest

from simulator.console.control import ANSWER_BOOTING, ANSWER_RUNNING, QUEUE_BYTES, ConsoleInput, Mode, Reaction

ETX, EOT = b"\x03", b"\x04"


def console(*, running: bool = True, raw: bool = False, handler: bool = False) -> ConsoleInput:
    state = ConsoleInput()
    state.running, state.raw, state.has_interrupt_handler = running, raw, handler
    return state


@pytest.mark.parametrize(
    ("state", "byte", "stored", "reaction", "abort"),
    [
        pytest.param(console(raw=True), EOT, EOT, Reaction(), False, id="^D raw"),
        pytest.param(console(raw=True, handler=True), ETX, ETX, Reaction(), False, id="^C raw"),
        pytest.param(console(raw=True, running=False), b"x", b"x", Reaction(), False, id="x raw before Lua runs"),
        pytest.param(console(running=False), EOT, b"", Reaction(answer=ANSWER_BOOTING), True, id="^D booting"),
        pytest.param(console(running=False), ETX, b"", Reaction(), False, id="^C booting"),
        pytest.param(console(running=False), b"x", b"", Reaction(), False, id="x booting"),
        pytest.param(console(), EOT, b"", Reaction(answer=ANSWER_RUNNING), True, id="^D running"),
        pytest.param(console(), ETX, ETX, Reaction(), False, id="^C at the prompt"),
        pytest.param(console(handler=True), ETX, b"", Reaction(interrupt=True), False, id="^C while code runs"),
        pytest.param(console(handler=True), b"x", b"x", Reaction(), False, id="x while code runs"),
    ],
)
def test_receive_interrupt_decides_by_mode_and_byte(
    state: ConsoleInput, byte: bytes, stored: bytes, reaction: Reaction, abort: bool
) -> None:
    assert state.receive(byte) == reaction
    assert state.take(10) == stored
    assert state.abort_boot_scripts is abort


def test_answers_are_the_texts_that_host_tools_look_for() -> None:
    assert ANSWER_BOOTING == b"Lua RTOS-booting-ESP32\r\n"
    assert ANSWER_RUNNING == b"Lua RTOS-running-ESP32\r\n"


def test_input_typed_during_boot_scripts_waits_for_the_prompt() -> None:
    state = console(running=False)
    state.receive(b"lost")
    state.running = True
    state.receive(b"kept\r")
    assert state.take(100) == b"kept\r"


def test_abort_flag_survives_everything_but_a_chip_reset() -> None:
    state = console(running=False)
    state.receive(EOT)
    state.running = True
    state.receive(b"x")
    state.discard()
    assert state.abort_boot_scripts


def test_a_burst_has_one_effect_outside_but_every_byte_counts_inside() -> None:
    state = console(handler=True)
    assert state.receive(b"a" + EOT + b"b" + ETX + EOT) == Reaction(answer=ANSWER_RUNNING)
    assert state.take(10) == b"ab"
    assert state.receive(ETX + EOT) == Reaction(interrupt=True)
    assert state.abort_boot_scripts


def test_bytes_beyond_the_queue_are_lost() -> None:
    state = console()
    state.receive(b"a" * (QUEUE_BYTES - 1) + b"bcd")
    assert len(state) == QUEUE_BYTES
    assert state.take(QUEUE_BYTES)[-2:] == b"ab"
    state.receive(b"e")
    assert state.take() == b"e"
    assert state.take() == b""


def test_discard_empties_the_queue() -> None:
    state = console()
    state.receive(b"abc")
    state.discard()
    assert len(state) == 0


def test_raw_mode_wins_over_running() -> None:
    assert console(raw=True).mode is Mode.RAW
    assert console().mode is Mode.RUNNING
    assert console(running=False).mode is Mode.BOOTING
