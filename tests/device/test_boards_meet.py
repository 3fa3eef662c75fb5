"""Boards that reach each other: in a house, and through the access point that one of them is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio

from simulator.device.device import Device
from simulator.world import World, run_in_world
from tests.device.stage import printed

SERVER = """
local socket = require "socket"
local listening = assert(socket.bind("*", 9000))
while true do
  local client = listening:accept()
  print(client:getpeername(), client:getsockname())
  client:send("you said " .. client:receive() .. "\\n")
  client:close()
end
"""

CLIENT = """
while not net.connected() do tmr.sleepms(100) end
local socket = require "socket"
for _ = 1, 20 do
  local client = socket.connect("%s", 9000)
  if client then
    client:send("%s\\n") print(client:receive()) client:close()
    break
  end
end
"""


def access_point(ssid: str) -> str:
    return f'net.wf.setup(net.wf.mode.AP, "{ssid}", "12345678") net.wf.start()\n'


def station(ssid: str) -> str:
    return f'net.wf.setup(net.wf.mode.STA, "{ssid}", "12345678") net.wf.start()\n'


def play(**scripts: str) -> dict[str, str]:
    """Give boards their scripts and power, and return what each had printed when the last client was done."""

    async def main(world: World) -> dict[str, str]:
        boards: dict[str, Device] = {}
        for name, script in scripts.items():
            boards[name] = world.new_board(script=script, name=name)
            world.power_on(boards[name])
            await trio.sleep(3)  # a server is there before its clients
        with trio.fail_after(600):
            for name, board in boards.items():
                if "server" not in name:
                    assert await board.finished(), board.why_stuck
        return {name: printed(board.console.decode()) for name, board in boards.items()}

    return run_in_world(main)


def test_a_board_that_is_an_access_point_is_reached_by_who_joins_it() -> None:
    said = play(
        server=access_point("board") + SERVER,
        client=station("board") + CLIENT % ("192.168.4.1", "hello") + 'net.ping("192.168.4.1", 1)\n',
    )
    assert said["server"] == "192.168.4.2\t192.168.4.1\t9000\tinet\r\n"
    assert said["client"].startswith("you said hello\tnil\tnil\r\n")
    assert "1 packets transmitted, 1 packets received, 0.0% packet loss" in said["client"]


def test_two_access_points_with_the_same_address_are_two_networks() -> None:
    said = play(
        server_a=access_point("one") + SERVER.replace("you said", "one heard"),
        server_b=access_point("two") + SERVER.replace("you said", "two heard"),
        first=station("one") + CLIENT % ("192.168.4.1", "a"),
        second=station("two") + CLIENT % ("192.168.4.1", "b"),
    )
    assert said["first"] == "one heard a\tnil\tnil\r\n"
    assert said["second"] == "two heard b\tnil\tnil\r\n"


def test_two_stations_of_one_access_point_reach_each_other() -> None:
    said = play(
        access_point_server=access_point("board") + "tmr.sleep(1)",
        server=station("board") + SERVER,
        client=station("board") + CLIENT % ("192.168.4.2", "hello"),
    )
    assert said["client"] == "you said hello\tnil\tnil\r\n"


def test_behind_a_board_there_is_no_way_out() -> None:
    said = play(
        access_point_server=access_point("board") + "tmr.sleep(1)",
        client=station("board")
        + "while not net.connected() do tmr.sleepms(100) end print(pcall(net.lookup, 'ota.whitecatboard.org'))",
    )
    assert "150994948:name cannot be resolved" in said["client"]


def test_a_board_that_goes_away_takes_its_network_with_it() -> None:
    async def main(world: World) -> tuple[str, str]:
        server = world.new_board(script=access_point("board") + SERVER, name="server")
        client = world.new_board(script=station("board") + CLIENT % ("192.168.4.1", "hello"), name="client")
        world.power_on(server)
        await trio.sleep(3)
        world.power_on(client)
        await client.finished()
        server.power_off()
        await server.is_off.wait()
        before = len(client.console)
        client.receive(b'print(require("socket").connect("192.168.4.1", 9000))\r')
        await client.finished()
        return printed(client.console.decode()[:before]), client.console[before:].decode()

    before, after = run_in_world(main)
    assert before == "you said hello\tnil\tnil\r\n"
    assert "nil\t" in after


@pytest.mark.parametrize(
    "fate",
    [Device.power_off, Device.hold_in_reset, lambda board: board.receive(b"os.exit(true)\r")],
    ids=["no power", "reset button", "restart"],
)
def test_a_board_that_dies_says_no_goodbye_on_its_own_access_point(fate: Callable[[Device], None]) -> None:
    async def main(world: World) -> str:
        server = world.new_board(
            script=access_point("board") + 'client = require("socket").bind("*", 9000):accept()', name="server"
        )
        client = world.new_board(
            script=station("board")
            + """
while not net.connected() do tmr.sleepms(100) end
local server = require("socket").connect("192.168.4.1", 9000)
server:settimeout(4)
print(server:receive())
""",
            name="client",
        )
        world.power_on(server)
        await trio.sleep(3)
        world.power_on(client)
        assert await server.finished(), server.why_stuck
        await trio.sleep(1)
        fate(server)
        with trio.fail_after(30):
            assert await client.finished(), client.why_stuck
        return printed(client.console.decode())

    assert run_in_world(main) == "nil\ttimeout\t\r\n"
