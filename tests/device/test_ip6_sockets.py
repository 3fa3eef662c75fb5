"""IPv6 between boards: the link-local addresses that their interfaces give themselves, and LuaSocket over them."""

from __future__ import annotations

import pytest
import trio

from simulator.device.net_stack import interface_mac
from simulator.wifi.netif import link_local_address
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID, printed, printed_by

SETTLE = JOIN + "tmr.sleep(3) local socket = require('socket')\n"
SERVER = """
local server = socket.tcp6()
%s
print(server:bind("::", 9000), server:listen())
while true do
  local client = server:accept()
  client:send("you said " .. client:receive() .. "\\n")
  client:close()
end
"""
CLIENT = """
local client = socket.tcp6()
client:settimeout(5)
print(client:connect("%s", 9000))
client:send("hello\\n")
print((client:receive()))
"""


def between(server: str, client: str, *, access_point: bool = False, shorten: bool = False) -> tuple[str, str]:
    """Let a board run ``server``, and one that knows its address, for ``%s``, run ``client``; return what each prints.

    The server is in the same network, or an access point that the client joins.
    """

    async def main(world: World) -> tuple[str, str]:
        world.add_access_point(SSID, PASSWORD)
        join = JOIN
        if access_point:
            server_join = 'net.wf.setup(net.wf.mode.AP, "own", "12345678") net.wf.start()\n'
            join = JOIN.replace(SSID, "own").replace(PASSWORD, "12345678")
        else:
            server_join = JOIN
        settle = SETTLE.replace(JOIN, server_join)
        first = world.new_board(script=settle + server, name="server")
        address = link_local_address(interface_mac(first.base_mac, 1 if access_point else 0))
        address = address.replace("fe80:0000:0000:0000:", "FE80::") if shorten else address
        second = world.new_board(script=SETTLE.replace(JOIN, join) + client % address, name="client")
        for board in (first, second):
            world.power_on(board)
            await trio.sleep(6)
        assert await second.finished(), second.why_stuck
        return printed(first.console.decode()), printed(second.console.decode())

    return run_in_world(main)


@pytest.mark.parametrize("access_point", [False, True])
@pytest.mark.parametrize("shorten", [False, True])
def test_a_board_reaches_another_by_its_link_local_address(access_point: bool, shorten: bool) -> None:
    said = between(SERVER % "", CLIENT, access_point=access_point, shorten=shorten)
    assert said == ("1.0\t1.0\r\n", "1.0\r\nyou said hello\r\n")


def test_who_listens_by_ip6_alone_is_not_there_by_ip4_unless_he_says_so() -> None:
    client = "local address = '%s' print(socket.connect('192.168.1.2', 9000))"
    refused = "nil\tconnection refused\r\n"
    assert between(SERVER % "", client)[1] == refused
    assert between(SERVER % "server:setoption('ipv6-v6only', false)", client)[1].startswith("tcp{client}")


def test_both_protocols_have_ports_of_their_own() -> None:
    script = (
        SETTLE
        + """
print(socket.bind("*", 9000) ~= nil)
local six = socket.tcp6() print(six:bind("::", 9000), six:listen())
local again = socket.tcp6() print(again:bind("::", 9000))
"""
    )
    assert printed_by(script) == "true\r\n1.0\t1.0\r\nnil\taddress already in use\r\n"


def test_datagrams_go_by_ip6_to_a_host_and_to_all_hosts() -> None:
    server = """
local udp = socket.udp6() print(udp:setsockname("::", 7000))
udp:settimeout(30)
print((udp:receive())) print((udp:receive()))
"""
    client = """
local udp = socket.udp6()
print(udp:sendto("one", "%s", 7000))
print(udp:sendto("all", "ff02::1", 7000))
tmr.sleep(1)
"""
    said = between(server, client)
    assert said == ("1.0\r\none\r\nall\r\n", "3.0\r\n3.0\r\n")


def test_without_an_ip6_address_nothing_is_reached_by_it() -> None:
    script = """
local socket = require("socket")
print(socket.tcp6():connect("fe80::1", 9000))
print(socket.udp6():sendto("x", "fe80::1", 9000))
"""
    assert printed_by(script) == "nil\tHost is unreachable\r\nnil\tHost is unreachable\r\n"


def test_nobody_answers_at_an_address_that_nobody_has() -> None:
    script = SETTLE + "local t = socket.tcp6() t:settimeout(-1) print(t:connect('fe80::1', 9000))"
    assert printed_by(script) == "nil\ttimeout\r\n"


def test_a_connection_by_ip6_breaks_with_the_link() -> None:
    client = CLIENT + "net.wf.stop() tmr.sleep(1) print(client:receive())"
    server = SERVER.replace("client:close()", "") % ""
    assert between(server, client)[1].endswith("you said hello\r\nnil\tclosed\t\r\n")
