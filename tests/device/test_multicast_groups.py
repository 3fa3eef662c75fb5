"""Groups of IPv4: who hears what is sent to them, by LuaSocket's options."""

from __future__ import annotations

import pytest
import trio

from simulator.wifi import AccessPoint
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID, Stage, on_stage, printed, printed_by

GROUP = "239.1.2.3"
MEMBERS = f"""{JOIN}
local socket = require("socket")
local function member(...)
  local udp = socket.udp()
  udp:setsockname("*", 7000)
  udp:settimeout(0.5)
  return udp, udp:setoption("ip-add-membership", {{multiaddr = "{GROUP}", interface = "*"}})
end
"""


def together(**scripts: str) -> dict[str, str]:
    """Let boards run scripts in one network, one after the other; return what each has printed."""

    async def main(world: World) -> dict[str, str]:
        world.add_access_point(SSID, PASSWORD)
        boards = {name: world.new_board(script=script, name=name) for name, script in scripts.items()}
        for board in boards.values():
            world.power_on(board)
            await trio.sleep(4)
        for board in boards.values():
            assert await board.finished(), board.why_stuck
        return {name: printed(board.console.decode()) for name, board in boards.items()}

    return run_in_world(main)


SENDER = f"""{JOIN}
local udp = require("socket").udp()
print(udp:sendto("hello", "{GROUP}", 7000))
"""


def test_a_group_is_heard_by_who_has_joined_it_and_by_nobody_else() -> None:
    said = together(
        member=MEMBERS + "local m, ok = member() m:settimeout(20) print(ok, m:receivefrom())",
        stranger=MEMBERS.replace(", udp:setoption", ", 0 -- udp:setoption")
        + "local m = member() m:settimeout(20) print(m:receivefrom())",
        sender=SENDER,
    )
    member = said["member"].split("\t")
    assert member[:3] == ["1.0", "hello", "192.168.1.4"]
    assert said["stranger"] == "nil\ttimeout\r\n"
    assert said["sender"] == "5.0\r\n"


def test_a_group_is_left_when_its_last_socket_drops_it_or_is_closed() -> None:
    said = together(
        member=MEMBERS
        + """
local m = member()
local other = socket.udp4()
local group = {multiaddr = "239.1.2.3", interface = "*"}
print(other:setoption("ip-add-membership", group), m:setoption("ip-drop-membership", group))
m:settimeout(20) print((m:receivefrom())) -- the other keeps it
other:close()
m:settimeout(20) print(m:receivefrom())
print(m:setoption("ip-drop-membership", group))
""",
        sender=SENDER + "tmr.sleep(3)" + SENDER.replace(JOIN, ""),
    )
    assert said["member"] == "1.0\t1.0\r\nhello\r\nnil\ttimeout\r\nnil\tsetsockopt failed\r\n"


def test_who_is_in_a_group_hears_himself_only_if_he_wants_to() -> None:
    script = (
        MEMBERS
        + f"""
local m = member()
m:sendto("one", "{GROUP}", 7000)
print((m:receivefrom()))
print(m:setoption("ip-multicast-loop", true), m:getoption("ip-multicast-loop"))
m:sendto("two", "{GROUP}", 7000)
print((m:receivefrom()))
"""
    )
    assert printed_by(script) == "nil\r\n1.0\ttrue\r\ntwo\r\n"


def test_a_group_is_sent_to_over_one_interface_at_a_time() -> None:
    script = f"""
net.wf.setup(net.wf.mode.AP, "own", "12345678") net.wf.start() tmr.sleep(1)
net.en.setup() net.en.start(false) tmr.sleep(8)
local udp = require("socket").udp4()
udp:sendto("first", "{GROUP}", 7000)
print(udp:setoption("ip-multicast-if", "192.168.4.1"))
udp:sendto("second", "{GROUP}", 7000)
"""

    async def play(stage: Stage) -> list[str]:
        heard = []
        stage.power_on()
        await stage.wait(4)
        [home, own] = stage.world.air
        async with trio.open_nursery() as nursery:

            async def listen(name: str, point: AccessPoint) -> None:
                socket = stage.world.add_phone(point).open_datagrams(7000)
                while True:
                    heard.append(f"{name}: {(await socket.receive_from())[0].decode()}")

            nursery.start_soon(listen, "home", home)
            nursery.start_soon(listen, "own", own)
            assert await stage.board.finished(), stage.board.why_stuck
            await stage.wait(1)
            nursery.cancel_scope.cancel()
        return heard

    assert on_stage(play, board="WESP32", script=script) == ["home: first", "own: second"]


@pytest.mark.parametrize(("group", "interface"), [("192.168.1.9", "*"), ("224.0.0.1", "*"), (GROUP, "10.0.0.1")])
def test_what_is_no_group_or_no_interface_cannot_be_joined(group: str, interface: str) -> None:
    script = f"""{JOIN}local udp = require("socket").udp4()
print(udp:setoption("ip-add-membership", {{multiaddr = "{group}", interface = "{interface}"}}))"""
    assert printed_by(script) == "nil\tsetsockopt failed\r\n"


def test_without_an_interface_no_group_can_be_joined_and_ten_attempts_use_up_the_places() -> None:
    script = f"""local socket = require("socket")
local udp, group = socket.udp4(), {{multiaddr = "{GROUP}", interface = "*"}}
for _ = 1, 10 do print(udp:setoption("ip-add-membership", group)) end
{JOIN}
print(udp:setoption("ip-add-membership", group))
udp:close()
print(socket.udp4():setoption("ip-add-membership", group))"""
    assert printed_by(script) == 11 * "nil\tsetsockopt failed\r\n" + "1.0\r\n"
