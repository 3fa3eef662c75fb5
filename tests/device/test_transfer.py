"""Files over the console UART: io.receive, io.send and the upload of os.run, byte for byte and in simulated time."""

from __future__ import annotations

import pytest
import trio

from simulator.device.calls.transfer import CHUNK_BYTES_MAX
from tests.device.stage import PROMPT, Stage, on_stage, staged
from tests.whitecat import DeviceWire, Whitecat

SIZES = [0, 1, 254, 255, 256, 100_000]
TIMEOUT = "stdin:1: timeout\r\nstack traceback:\r\n\t[C]: in "
SHOW_ERRORS = "os.loglevel(os.LOG_ERR)"


def every_byte_value(size: int) -> bytes:
    return (bytes(range(256)) * (size // 256 + 1))[:size]


async def attached(stage: Stage) -> Whitecat:
    await stage.boot()
    return Whitecat(DeviceWire(stage.board))


@pytest.mark.parametrize("size", SIZES)
def test_a_file_arrives_intact_and_comes_back_intact(size):
    data = every_byte_value(size)

    async def play(stage: Stage) -> None:
        client = await attached(stage)
        await client.upload("/file", data)
        assert await client.command("io.attributes('/file').size") == str(size).encode()
        assert await client.download("/file") == data

    on_stage(play)


@staged()
async def test_an_upload_is_the_documented_exchange(stage):
    client = await attached(stage)
    await client.upload("/x.lua", every_byte_value(300))
    assert bytes(client.transcript) == b'io.receive("/x.lua")\r\nC\nC\nC\ntrue\r\n'
    assert stage.console.endswith(f"true\r\n{PROMPT}")


@staged(files={"/a.lua": every_byte_value(301)})
async def test_a_download_is_the_documented_exchange(stage):
    client = await attached(stage)
    await client.download("/a.lua")
    data = every_byte_value(301)
    assert bytes(client.transcript) == b'io.send("/a.lua")\r\n\xff' + data[:255] + b"\x2e" + data[255:] + b"\0"
    assert stage.console.endswith(f"\0{PROMPT}")


@staged(files={"/m.lua": every_byte_value(255)}, script=SHOW_ERRORS)
async def test_after_a_file_of_a_multiple_of_255_bytes_the_board_waits_in_vain_for_the_end(stage):
    client = await attached(stage)
    assert await client.download("/m.lua") == every_byte_value(255)
    await stage.board.finished()
    assert "\\xfe\0" + TIMEOUT in stage.console


@staged(script=SHOW_ERRORS)
async def test_a_silent_host_ends_an_upload_after_two_seconds_and_leaves_what_came(stage):
    await stage.boot()
    began_s = stage.seconds
    stage.board.receive(b'io.receive("/f")\r')
    await trio.sleep(0.1)
    stage.board.receive(b"\x02ab")
    sent = await stage.type(b"")
    assert sent.startswith("C\n" + TIMEOUT)
    assert 2.1 < stage.seconds - began_s < 2.2
    assert (await stage.type(b"os.cat('/f')\r")).endswith(f"ab{PROMPT}")


@staged(script=SHOW_ERRORS)
async def test_a_chunk_that_stops_short_is_filled_with_what_the_last_one_had_there(stage):
    await stage.boot()
    stage.board.receive(b'io.receive("/f")\r')
    await trio.sleep(0.1)
    stage.board.receive(b"\x04abcd" + b"\x03XY")
    await trio.sleep(2.5)
    stage.board.receive(b"\0")
    await stage.board.finished()
    assert (await stage.type(b"os.cat('/f')\r")).endswith(f"abcdXYc{PROMPT}")


@staged()
async def test_what_arrives_before_the_line_is_quiet_is_thrown_away(stage):
    await stage.boot()
    stage.board.receive(b'io.receive("/f")\rgarbage')
    await trio.sleep(0.1)
    stage.board.receive(b"\x01x\0")
    await stage.board.finished()
    assert (await stage.type(b"os.cat('/f')\r")).endswith(f"x{PROMPT}")


@staged()
async def test_ctrl_c_and_ctrl_d_are_data_in_a_transfer(stage):
    client = await attached(stage)
    await client.upload("/f", b"\x03\x04\r\n")
    assert await client.download("/f") == b"\x03\x04\r\n"
    assert "Lua RTOS-running-ESP32" not in stage.console


@staged(files={"/f": b"x"}, script=SHOW_ERRORS)
async def test_anything_but_the_request_for_a_chunk_ends_a_download(stage):
    await stage.boot()
    stage.board.receive(b'io.send("/f")\r')
    sent = await stage.type(b"D")
    assert TIMEOUT.replace("timeout", "unnexpected input") in sent


@staged(script=SHOW_ERRORS)
async def test_a_file_that_is_not_there_is_an_error_without_a_transfer(stage):
    await stage.boot()
    sent = await stage.type(b'io.send("/none")\r')
    assert sent.startswith('io.send("/none")\r\nstdin:1: No such file or directory\r\nstack traceback:\r\n')


@staged()
async def test_without_a_path_nothing_happens(stage):
    await stage.boot()
    assert await stage.type(b"io.receive()\r") == f"io.receive()\r\n{PROMPT}"
    assert await stage.type(b"io.send('')\r") == f"io.send('')\r\n{PROMPT}"


@staged(script="thread.start(function() while true do print('beat') tmr.sleepms(100) end end)")
async def test_what_other_lua_threads_print_waits_for_the_end_of_a_transfer(stage):
    stage.power_on()
    await trio.sleep(1)
    stage.board.receive(b'io.receive("/f")\r')
    await trio.sleep(1)
    console = stage.console.rpartition('io.receive("/f")')[2]
    assert console == "\r\nC\n"
    stage.board.receive(b"\0")
    await trio.sleep(0.25)
    # The thread waited with its one line; it has not printed ten.
    assert stage.console.rpartition("C\n")[2] == f"beat\r\ntrue\r\n{PROMPT}beat\r\nbeat\r\n"


@staged(files={"/f": b"file"})
async def test_a_second_transfer_waits_for_the_first(stage):
    await stage.boot()
    stage.board.receive(b"thread.start(function() tmr.sleepms(50) io.send('/f') end)\r")
    stage.board.receive(b'io.receive("/g")\r')
    await trio.sleep(0.1)
    stage.board.receive(b"C\n\0")  # not a request, but a chunk that stops short
    await trio.sleep(2.5)
    stage.board.receive(b"\0")
    await trio.sleep(0.1)
    stage.board.receive(b"C\nC\n")
    await stage.board.finished()
    assert stage.console.endswith(f"C\nC\n\x04file\0true\r\n{PROMPT}")


@staged(files={"/old": b"x" * 400_000})
async def test_a_full_file_system_loses_the_rest_and_still_says_true(stage):
    client = await attached(stage)
    await client.upload("/f", bytes(120_000))
    assert 0 < int(await client.command("io.attributes('/f').size")) < 120_000


@staged()
async def test_os_run_receives_a_text_and_runs_it(stage):
    client = await attached(stage)
    await client.run(b"print('from the host', ...)" + b" " * 2 * CHUNK_BYTES_MAX)
    await stage.board.finished()
    assert stage.console.endswith(f"os.run()\r\nC\nC\nC\nC\nfrom the host\tnil\r\n{PROMPT}")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (b"x = = 1", "attempt to call a nil value"),
        (b"error('boom')", "[string \"error('boom')\"]:1: boom"),
    ],
)
def test_a_text_for_os_run_that_fails_is_an_error_of_os_run(code, message):
    async def play(stage: Stage) -> None:
        client = await attached(stage)
        await client.run(code)
        await stage.board.finished()
        assert f"C\nstdin:1: {message}\r\nstack traceback:\r\n\t[C]: in field 'run'\r\n" in stage.console

    on_stage(play, script=SHOW_ERRORS)


@staged(script=SHOW_ERRORS)
async def test_os_run_gives_up_after_two_seconds(stage):
    await stage.boot()
    assert (await stage.type(b"os.run()\r")).startswith("os.run()\r\nC\nstdin:1: timeout\r\n")
