"""net.scp, net.ssh, and the services for SSH and CAN: what they do before they say that they are not there."""

from __future__ import annotations

import pytest
import trio

from tests.device.stage import JOIN, Stage, on_stage, printed_by

GET = '"server.example", 22, "/remote", "/local", "me", "secret"'
EXEC = '"server.example", 22, "ls", "me", "secret"'
CALLS = [f"net.scp.get({GET})", f"net.scp.put({GET.replace('/remote', '/autorun.lua')})", f"net.ssh.exec({EXEC})"]


def said(code: str, before: str = "") -> str:
    """What a call raises or returns, in a world with a server that listens on port 22."""

    async def play(stage: Stage) -> str:
        stage.world.add_server("server.example", lambda stream: trio.sleep_forever(), port=22)
        return await stage.printed()

    return on_stage(play, script=f"{before}print(pcall(function() local a, b, c = {code} return a, b, c end))")


@pytest.mark.parametrize("code", CALLS)
def test_with_the_server_reached_it_says_what_is_missing(code: str) -> None:
    name = code.partition("(")[0]
    assert said(code, JOIN) == (
        f"false\t/autorun.lua:4: {name} is not simulated yet: the host is there, but SSH is not\r\n"
    )


@pytest.mark.parametrize("code", CALLS)
def test_names_and_ports_are_found_as_on_the_device(code: str) -> None:
    assert said(code) == "false\t/autorun.lua:1: can't resolve name\r\n"
    nobody = code.replace("server.example", "nobody.example")
    assert said(nobody, JOIN) == "false\t/autorun.lua:4: can't resolve name\r\n"
    for port, why in (("23", "can't connect"), ("0", "can't resolve name"), ("65536", "can't resolve name")):
        assert said(code.replace("22", port), JOIN) == f"false\t/autorun.lua:4: {why}\r\n"
    address = code.replace("server.example", "192.168.1.77")
    assert said(address) == "false\t/autorun.lua:1: can't connect\r\n"


def test_a_file_that_is_to_be_sent_has_to_be_there() -> None:
    assert said(f"net.scp.put({GET})", JOIN) == "true\tnil\t/remote: No such file or directory\t2\r\n"
    assert said(f"net.scp.put({GET})") == "false\t/autorun.lua:1: can't resolve name\r\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("net.scp.get()", "bad argument #1 to 'get' (string expected, got no value)"),
        ("net.scp.put('a', 'b')", "bad argument #2 to 'put' (number expected, got string)"),
        ("net.scp.get('a', 22, 'b', 'c', 'd')", "bad argument #6 to 'get' (string expected, got no value)"),
        ("net.ssh.exec('a', 22, 'b', 'c')", "bad argument #5 to 'exec' (string expected, got no value)"),
        ("net.ssh.exec('a', 22, {})", "bad argument #3 to 'exec' (string expected, got table)"),
    ],
)
def test_arguments_are_checked_first(code: str, why: str) -> None:
    assert printed_by(f"print(select(2, pcall(function() {code} end)))") == f"/autorun.lua:1: {why}\r\n"


def test_a_service_that_cannot_be_started_does_not_run() -> None:
    script = "net.service.ssh.stop() print(net.service.ssh.running())"
    assert printed_by(script, board="ADAFRUIT-HUZZAH32") == "false\r\n"
