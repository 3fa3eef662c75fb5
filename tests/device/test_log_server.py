"""os.rsyslog: what a log server on the network gets."""

from __future__ import annotations

import re

import pytest
import trio

from tests.device.stage import JOIN, Stage, on_stage, printed_by, staged

SERVER = ("logs.example", "203.0.113.14")


def received(script: str, board: str = "N1ESP32-OTA") -> list[bytes]:
    """Return the datagrams that a server gets from a board."""

    async def play(stage: Stage) -> list[bytes]:
        socket = stage.world.network.add_host(*SERVER).open_datagrams(514)
        messages: list[bytes] = []

        async def listen() -> None:
            while True:
                messages.append((await socket.receive_from())[0])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            stage.power_on()
            await stage.wait(60)
            nursery.cancel_scope.cancel()
        return messages

    return on_stage(play, script=script, board=board)


SAY = 'os.syslog("one", os.LOG_ERR) os.syslog("two\\n", 0) os.syslog("three\\r\\n", 16 * 8 + 2) os.syslog("-", 7)'


def test_messages_that_the_mask_lets_through_go_to_the_server_with_their_priority() -> None:
    script = f"{JOIN} os.rsyslog('logs.example') os.loglevel(os.LOG_CRIT, os.LOG_ERR) {SAY}"
    assert received(script) == [b"<139>one\r\n", b"<136>two\n\r", b"<130>three\r\n"]


def test_without_the_console_they_have_the_line_end_that_they_were_given() -> None:
    script = f"{JOIN} os.rsyslog('203.0.113.14') os.loglevel(os.LOG_ERR) os.logcons(false) {SAY}"
    assert received(script) == [b"<139>one", b"<136>two\n", b"<130>three\r\n"]


def test_what_was_logged_before_there_is_a_network_is_lost() -> None:
    script = f"os.loglevel(0) os.rsyslog('logs.example') os.syslog('a', 0) {JOIN} tmr.sleep(1) os.syslog('b', 0)"
    assert received(script) == [b"<136>b\r\n"]


def test_errors_of_lua_and_the_lines_of_esp_idf_go_there_too() -> None:
    script = f"{JOIN} os.rsyslog('logs.example') pcall(cpu.wakeupon, 3, 1 << 5, 1) error('mine', 0)"
    esp_idf, lua = received(script, board="GENERIC")
    assert re.fullmatch(rb"\x1b\[0;31mE \(\d+\) sleep: Not an RTC IO: GPIO5\x1b\[0m\n", esp_idf)
    assert lua.startswith(b"<139>lua: mine\n")


@pytest.mark.parametrize("host", ["", "0.0.0.0"])
def test_two_hosts_stand_for_none(host: str) -> None:
    script = (
        f"{JOIN} os.loglevel(0) os.rsyslog('logs.example') os.syslog('a', 0) os.rsyslog('{host}') os.syslog('b', 0)"
    )
    assert received(script) == [b"<136>a\r\n"]


def test_the_host_is_nobody_until_there_has_been_a_network() -> None:
    script = f"print(os.rsyslog()) {JOIN} tmr.sleep(1) print(os.rsyslog()) print(os.rsyslog('203.0.113.14'))"
    assert printed_by(script).splitlines() == ["", "0.0.0.0", "203.0.113.14"]


def test_a_name_that_nobody_has_is_complained_of_and_kept() -> None:
    assert printed_by(f"{JOIN} print(os.rsyslog('nowhere.example'))").replace("\r", "").splitlines() == [
        "could not resolve host nowhere.example",
        "nowhere.example",
    ]


@staged(script=f"{JOIN} os.loglevel(0) os.rsyslog('203.0.113.14')")
async def test_the_socket_goes_and_comes_with_the_network(stage: Stage) -> None:
    socket = stage.world.network.add_host(*SERVER).open_datagrams(514)
    await stage.boot()
    await stage.type(b"net.wf.stop() tmr.sleep(5) os.syslog('lost', 0)\r")
    await stage.type(b"net.wf.start() while not net.connected() do tmr.sleepms(10) end tmr.sleep(1)\r")
    await stage.type(b"os.syslog('found', 0)\r")
    with trio.fail_after(5):
        message, (address, _port) = await socket.receive_from()
    assert message == b"<136>found\r\n"
    assert address != SERVER[1]


def test_builds_without_it_have_all_three_callbacks_for_scripts() -> None:
    script = "for i = 1, 3 do print(pcall(net.callback, print)) end print(os.rsyslog)"
    assert printed_by(script, board="TTGO-LORA32").splitlines() == [*3 * ["true"], "nil"]
