"""uart.lock on the console: what others print waits."""

from __future__ import annotations

from tests.device.stage import JOIN, Stage, staged
from tests.device.test_pins_and_pulses import lines


def test_what_others_print_waits_until_the_console_is_unlocked() -> None:
    script = """
        thread.start(function()
          uart.lock(uart.CONSOLE) uart.lock(0) print "mine" tmr.sleepms(50) print "mine too"
          uart.unlock(0) tmr.sleepms(50) print "still mine" uart.unlock(0)
        end)
        tmr.sleepms(10)
        uart.write(0, "not held back\\r\\n")
        local t = os.clock() print "others" print(os.clock() - t > 0.08)
    """
    assert lines(script) == ["mine", "not held back", "mine too", "still mine", "others", "true"]


def test_those_who_want_the_lock_get_it_in_turn_and_nobody_else_can_give_it_up() -> None:
    script = """
        for i = 1, 3 do
          thread.start(function() uart.lock(0) print(i) tmr.sleepms(20) print(i) uart.unlock(0) end)
        end
        tmr.sleepms(10) uart.unlock(0) uart.lock(0) print "main" uart.unlock(0)
    """
    assert lines(script) == ["1", "1", "2", "2", "3", "3", "main"]


def test_the_lock_of_another_port_keeps_nobody_from_printing() -> None:
    script = """
        uart.attach(1, 9600, 8, 0, 1)
        thread.start(function() uart.lock(1) tmr.sleepms(50) print "second" uart.unlock(1) end)
        tmr.sleepms(10) print "first" uart.lock(1) print "third"
    """
    assert lines(script) == ["first", "second", "third"]


@staged(
    board="GENERIC",
    files={"/system.lua": ""},
    script="thread.start(function() uart.lock(0) tmr.sleepms(5000) uart.unlock(0) end)",
)
async def test_nor_is_what_is_typed_echoed_meanwhile(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(2)
    before = len(stage.console)
    stage.board.receive(b"=1 + 1\r")
    await stage.wait(1)
    assert stage.console[before:] == ""
    await stage.board.finished()
    assert stage.console[before:].removeprefix("\r\n/ > ").startswith("=1 + 1\r\n2\r\n")


@staged(board="GENERIC", files={"/system.lua": ""}, script=JOIN)
async def test_who_locks_it_at_the_prompt_goes_on_typing_and_printing(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"uart.lock(0)\r")
    assert await stage.type(b"=2\r") == "=2\r\n2\r\n/ > "
    assert "1 packets transmitted" in await stage.type(b"net.ping('192.168.4.1', 1)\r"), "a call that waits, too"
    await stage.type(b"thread.start(function() print('oth' .. 'er') end)\r")
    await stage.wait(1)
    assert "other" not in stage.console
    assert "other\r\n" in await stage.type(b"uart.unlock(0)\r")


@staged(board="GENERIC", files={"/system.lua": "", "/a": "text"}, script="thread.start(function() uart.lock(0) end)")
async def test_a_file_transfer_waits_for_the_lock(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(2)
    before = len(stage.console)
    stage.board.receive(b"io.receive('/b')\r")
    await stage.wait(10)
    assert stage.console[before:] == "", "whoever ends without giving it up has it for ever"
