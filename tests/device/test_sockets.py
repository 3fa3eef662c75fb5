"""LuaSocket: a board as a client and as a server on the virtual network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from simulator.device.device import Device
from simulator.network import VirtualStream
from tests.device.stage import JOIN, Stage, on_stage

REQUIRE = 'local socket = require("socket") '


def printed(
    script: str, serve: Callable[[VirtualStream], Awaitable[None]] | None = None, files: dict[str, str] | None = None
) -> str:
    """Return what a board that has joined prints; ``serve`` serves port 7 of ``server.example``."""

    async def play(stage: Stage) -> str:
        if serve is not None:
            stage.world.add_server("server.example", serve, port=7)
        return (await stage.printed()).replace("\r", "")

    return on_stage(play, script=JOIN + REQUIRE + script, files=files)


def sends(*pieces: bytes, then_waits: bool = False) -> Callable[[VirtualStream], Awaitable[None]]:
    async def serve(stream: VirtualStream) -> None:
        for piece in pieces:
            await trio.sleep(0.5)
            await stream.send_all(piece)
        if then_waits:
            await trio.sleep_forever()
        await stream.aclose()

    return serve


async def echo(stream: VirtualStream) -> None:
    async for data in stream:
        await stream.send_all(data)


CONNECT = 'local c = assert(socket.connect("server.example", 7)) '


def test_what_is_sent_comes_back_from_an_echo_server() -> None:
    script = CONNECT + 'print(c:send("hello\\n")) print(c:receive()) print(c:send("abcdef", 2, 4)) print(c:receive(3))'
    assert printed(script, echo) == "6.0\tnil\tnil\nhello\tnil\tnil\n4.0\tnil\tnil\nbcd\tnil\tnil\n"


@pytest.mark.parametrize(
    "fate",
    [Device.power_off, Device.hold_in_reset, lambda board: board.receive(b"os.exit()\r")],
    ids=["no power", "reset button", "restart"],
)
def test_a_board_that_dies_says_no_goodbye(fate: Callable[[Device], None]) -> None:
    heard: list[bytes] = []

    async def listens(stream: VirtualStream) -> None:
        heard.append(await stream.receive_some())

    async def play(stage: Stage) -> None:
        stage.world.add_server("server.example", listens, port=7)
        await stage.boot()
        fate(stage.board)
        await stage.wait(60)

    on_stage(play, script=f"if os.resetreason() ~= 1 then return end {JOIN} {REQUIRE} {CONNECT}")
    assert heard == []


def test_lines_come_without_their_ends_and_wherever_they_are_cut() -> None:
    script = CONNECT + 'for i = 1, 3 do print((c:receive("*l"))) end print(c:receive("*l"))'
    assert printed(script, sends(b"on", b"e\r\ntwo\n\nre", b"st")) == "one\ntwo\n\nnil\tclosed\trest\n"


def test_all_is_what_comes_until_the_end() -> None:
    script = CONNECT + 'print(#c:receive("*a", "12")) print(c:receive("*a"))'
    assert printed(script, sends(b"x" * 5000, b"y" * 5000)) == "10002\nnil\tclosed\t\n"


def test_a_prefix_counts_among_the_bytes_that_are_wanted() -> None:
    script = CONNECT + 'print((c:receive(5, "ab"))) print(c:receive(9, "x"))'
    assert printed(script, sends(b"cdefg")) == "abcde\nnil\tclosed\txfg\n"


def test_a_timeout_returns_what_has_come_and_the_rest_comes_later() -> None:
    script = CONNECT + 'c:settimeout(0.7, "t") print(c:receive(4)) c:settimeout(nil, "t") print((c:receive(4, "ab")))'
    assert printed(script, sends(b"ab", b"cd", then_waits=True)) == "nil\ttimeout\tab\nabcd\n"


def test_without_a_timeout_what_has_arrived_is_found() -> None:
    script = CONNECT + "c:settimeout(0) print(c:receive(2)) socket.sleep(1) print((c:receive(2)))"
    assert printed(script, sends(b"ab", then_waits=True)) == "nil\ttimeout\t\nab\n"


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ('socket.connect("server.example", 8)', "nil\tconnection refused\n"),
        ('socket.connect("nobody.example", 7)', "nil\tnon-recoverable failure in name resolution\n"),
        ('socket.connect("203.0.113.99", 7)', "nil\ttimeout\n"),
        ('socket.dns.toip("nobody.example")', "nil\thost not found\n"),
        ('(socket.dns.toip("server.example"))', "203.0.113.1\n"),
        ('socket.dns.toip("203.0.113.1")', "nil\thost not found\n"),
        ('socket.dns.tohostname("203.0.113.1")', "nil\thost not found\n"),
        ('(socket.dns.tohostname("server.example"))', "server.example\n"),
        ('socket.dns.getaddrinfo("server.example")[1].addr', "203.0.113.1\n"),
        ('socket.dns.getaddrinfo("nobody.example")', "nil\tnon-recoverable failure in name resolution\n"),
        ("socket.dns.gethostname()", "lua-rtos-esp32.local\n"),
        ("socket.tcp():receive()", "calling 'receive' on bad self (tcp{client} expected, got tcp{master})"),
        ("socket.udp():send('x')", "calling 'send' on bad self (udp{connected} expected, got udp{unconnected})"),
        ("socket.tcp().close(socket.udp())", "bad argument #1 to 'close' (tcp{any} expected)"),
        ('socket.connect("server.example", "http")', "nil\tservice not supported for socket type\n"),
        ('socket.connect("fe80::1", 7)', "nil\tHost is unreachable\n"),
        ('socket.connect6("server.example", 7):getfamily()', "inet4\n"),
        ('socket.tcp6():connect("server.example", 7)', "nil\tnon-recoverable failure in name resolution\n"),
        ('socket.udp():sendto("x", "server.example", 7)', "nil\tname or service is not known\n"),
        ("socket.tcp():getsockname()", "nil\tBad file number\n"),
        ("socket.tcp4():getsockname()", "0.0.0.0\t0\tinet\n"),
        ("socket.tcp4():getpeername()", "nil\tSocket is not connected\n"),
        ("socket.tcp6():getfamily(), socket.udp():getfamily()", "inet6\tinet4\n"),
        ("socket.tcp():getfd(), socket.tcp4():getfd()", "-1.0\t54.0\n"),
        ("socket.tcp4():setoption('keepalive', true), socket.tcp4():getoption('keepalive')", "1.0\tfalse\n"),
        ("socket.tcp4():setoption('reuseaddr', true)", "nil\tsetsockopt failed\n"),
        ("socket.tcp4():getoption('reuseport')", "nil\tgetsockopt failed\n"),
        ("socket.tcp():setoption('keepalive', true)", "nil\tsetsockopt failed\n"),
        ("socket.tcp4():setoption('keepalive')", "bad argument #2 to 'setoption' (boolean expected, got no value)"),
        ("socket.tcp4():setoption('x', 1)", "bad argument #1 to 'setoption' (unsupported option `x')"),
        ("socket.tcp4():setoption('linger', {on = true})", "(number 'timeout' field expected)"),
        ("socket.tcp4():getoption('linger').on", "false\n"),
        ("socket.udp4():getoption('ip-multicast-if')", "0.0.0.0\n"),
        ("socket.udp4():getoption('ip-multicast-loop')", "false\n"),
        ("socket.udp4():setoption('ipv6-multicast-loop', true)", "1.0\n"),
        ("socket.udp6():getoption('ipv6-multicast-loop')", "nil\tgetsockopt failed\n"),
        ("socket.udp4():setoption('ipv6-multicast-hops', 3)", "nil\tsetsockopt failed\n"),
        ("socket.tcp4():getoption('ipv6-v6only')", "bad argument #1 to 'getoption' (unsupported option `ipv6-v6only')"),
        ("socket.udp4():getoption('ipv6-v6only'), socket.udp6():getoption('ipv6-v6only')", "false\ttrue\n"),
        ("socket.udp4():setoption('ipv6-add-membership', {multiaddr = 'ff02::1'})", "nil\tsetsockopt failed\n"),
        ("socket.udp4():setoption('ipv6-add-membership', {multiaddr = '224.0.0.9'})", "(invalid 'multiaddr' ip"),
        ("socket.udp4():setoption('ip-add-membership', {multiaddr = 'x', interface = '*'})", "(invalid 'multiaddr' ip"),
        ('(tostring(socket.tcp()):gsub("0x%x+", "#"))', "tcp{master}: #\n"),
        ("socket._VERSION, package.loaded.socket == socket", "LuaSocket 3.0-rc1\ttrue\n"),
    ],
)
def test_what_goes_wrong_is_said_in_the_words_of_luasocket(call: str, shown: str) -> None:
    assert shown in printed(f"print({call})", echo)


def test_a_connection_breaks_with_the_link() -> None:
    script = CONNECT + "net.wf.stop() print(c:receive()) print(c:send('x')) print(socket.connect('203.0.113.1', 7))"
    assert printed(script, echo) == "nil\tclosed\t\nnil\tclosed\t0.0\nnil\tHost is unreachable\n"


def test_an_own_file_comes_before_the_module_of_the_firmware() -> None:
    assert printed("print(socket)", files={"/lib/lua/socket.lua": "return 'mine'"}) == "mine\n"


SERVER = """local server = assert(socket.bind("*", 8080))
print(server:getsockname())
local c = server:accept()
print((c:getpeername()))
c:send("you said " .. c:receive() .. "\\n")
c:close() print(c:receive())
"""


def test_a_board_serves_a_client() -> None:
    async def play(stage: Stage) -> None:
        client = stage.world.network.add_host("client", "203.0.113.77")
        stage.power_on()
        while "8080" not in stage.console:
            await trio.sleep(0.1)
        stream = await client.connect(stage.world.network.interface("b0").address, 8080)
        await stream.send_all(b"hi\n")
        received = b""
        async for data in stream:
            received += data
        assert received == b"you said hi\n"
        assert await stage.board.finished()
        assert stage.console.endswith("8080\tinet\r\n203.0.113.77\r\nnil\tclosed\t\r\n\r\n/ > ")

    on_stage(play, script=JOIN + REQUIRE + SERVER)


def test_a_port_is_free_again_after_a_restart() -> None:
    script = 'print(socket.bind("*", 80) ~= nil, socket.bind("*", 80)) if os.resetreason() == 1 then os.exit() end'
    assert printed(script) == "true\tnil\taddress already in use\n"


def test_select_tells_which_sockets_have_something() -> None:
    script = (
        CONNECT
        + """local d = assert(socket.connect("server.example", 7))
local r, s, e = socket.select({c, d}, nil, 0.2) print(#r, #s, e)
d:send("x") r, s, e = socket.select({c, d}) print(#r, r[1] == d, r[d], e)
r, s, e = socket.select({c}, {d}, 5) print(#r, #s, e)
d:send("y") print(d:receive(1)) socket.sleep(1) r = socket.select({d}, nil, 0) print(#r)"""
    )
    assert printed(script, echo) == "0\t0\ttimeout\n1\ttrue\t1.0\tnil\n0\t1\tnil\nx\tnil\tnil\n1\n"


def test_datagrams_go_and_come() -> None:
    async def play(stage: Stage) -> str:
        server = stage.world.network.add_host("server.example", "203.0.113.9").open_datagrams(9)

        async def serve() -> None:
            while True:
                data, sender = await server.receive_from()
                await server.send_to(data.upper(), sender)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            result = (await stage.printed()).replace("\r", "")
            nursery.cancel_scope.cancel()
        return result

    script = """local u = socket.udp() u:settimeout(1)
print(#u:receive()) u:setsockname("*", 0) print(u:receive())
print(u:sendto("abc", "203.0.113.9", 9)) print(u:receivefrom())
print((pcall(u.send, u, "x")))
print(u:setpeername("server.example", 9)) print(u:send("defg")) print(u:receive(2)) print(u:getpeername())
print(u:close()) print((tostring(u):gsub("0x%x+", "#")))"""
    assert on_stage(play, script=JOIN + REQUIRE + script) == (
        "0\nnil\ttimeout\n3.0\nABC\t203.0.113.9\t9\nfalse\n1.0\n4.0\nDE\n203.0.113.9\t9\tinet\n1.0\nudp{connected}: #\n"
    )


def test_a_limit_for_a_wait_counts_from_the_begin_of_the_call() -> None:
    script = CONNECT + "c:settimeout(0.7) print(c:receive(4)) print(c:gettimeout())"
    assert printed(script, sends(b"ab", b"cd")) == "nil\ttimeout\tab\n0.7\t-1.0\n"


def test_gettime_is_the_time_of_the_board_and_sleep_lets_it_pass() -> None:
    script = "local t = socket.gettime() print(t - os.time() < 200) socket.sleep(2000) print(socket.gettime() > t)"
    assert printed(script) == "true\ntrue\n"


def test_a_socket_that_is_dropped_is_closed_when_it_is_collected() -> None:
    script = """for i = 1, 9 do socket.tcp4() end print((socket.tcp4()):getfd()) print(socket.tcp4())
collectgarbage() print(socket.tcp4():getfd())"""
    assert printed(script) == "63.0\nnil\tToo many open files in system\n54.0\n"


def test_an_attempt_to_connect_goes_on_when_the_time_is_over() -> None:
    script = """local c = socket.tcp() c:settimeout(0)
print(c:connect("server.example", 7)) print(c:connect("server.example", 7))
local _, s, e = socket.select(nil, {c}, 1) print(#s, e, c:getoption("error"))
print(c:connect("server.example", 7)) print(c:getpeername())
c = socket.tcp() c:settimeout(0) c:connect("server.example", 8)
_, s = socket.select(nil, {c}, 1) print(#s, c:getoption("error"), c:getoption("error"))"""
    assert printed(script, echo) == (
        "nil\ttimeout\nnil\tSocket already connected\n1\tnil\tnil\nnil\talready connected\n203.0.113.1\t7\tinet\n"
        "1\tconnection refused\tnil\n"
    )


def test_what_nobody_reads_fills_up_and_then_nothing_can_be_sent() -> None:
    async def deaf(stream: VirtualStream) -> None:
        await trio.sleep(5)
        await stream.receive_some()
        await trio.sleep_forever()

    script = (
        CONNECT
        + """c:settimeout(1) local block, sent, reason, some = ("x"):rep(50000)
repeat sent, reason, some = c:send(block) until not sent
print(sent, reason, some < 50000, #select(2, socket.select(nil, {c}, 0)), #select(2, socket.select(nil, {c}, 9)))"""
    )
    assert printed(script, deaf) == "nil\ttimeout\ttrue\t0\t1\n"


def test_statistics_count_bytes_and_the_age() -> None:
    script = (
        CONNECT
        + """c:send("abc\\n") c:receive() socket.sleep(2) local r, s, a = c:getstats()
print(r, s, a >= 2, c:setstats(1, 2, 3), (c:getstats()))"""
    )
    assert printed(script, echo) == "4.0\t4.0\ttrue\t1.0\t1.0\n"


def test_a_descriptor_can_be_handed_to_another_object() -> None:
    script = (
        CONNECT
        + """local d = socket.tcp() d:setfd(c:getfd()) c:setfd(-1)
print(d:getpeername()) print(c:getfd())"""
    )
    assert printed(script, echo) == "203.0.113.1\t7\tunspec\n-1.0\n"


def test_protect_turns_what_try_raises_into_a_result() -> None:
    script = """local closed = 0
local try = socket.newtry(function() closed = closed + 1 end)
print(socket.protect(function() return 1, 2 end)())
print(socket.protect(function() try(nil, "reason") end)())
print(pcall(socket.protect(function() error("mine", 0) end)))
print(closed, socket.skip(2, 1, 2, 3, 4), socket.try(5, 6))"""
    assert printed(script) == "1\t2\nnil\treason\nfalse\tmine\n1\t3\t5\t6\n"


def test_a_source_gives_what_comes_in_blocks_until_the_end() -> None:
    script = CONNECT + 'local next = socket.source("until-closed", c) print(#next(), #next(), next(), c:getfd())'
    assert printed(script, sends(b"x" * 3000)) == "2048\t952\tnil\t-1.0\n"


def test_a_source_of_a_length_leaves_the_rest() -> None:
    script = CONNECT + 'local next = socket.source("by-length", c, 3) print(next(), next(), (c:receive(2)))'
    assert printed(script, sends(b"abcde")) == "abc\tnil\tde\n"


def test_a_sink_takes_chunks_and_may_close_at_the_end() -> None:
    script = (
        CONNECT
        + """local put = socket.sink("close-when-done", c)
print((put("one\\n")), (c:receive()), put(), c:getfd())
print(pcall(socket.sink, "no-such-sink", c))"""
    )
    first, second = printed(script, echo).splitlines()
    assert first == "4.0\tone\t1\t-1.0"
    assert second.endswith("unknown key (no-such-sink)")


# -- what the options of TCP do ---------------------------------------------------------------------------------------


def arrivals(script: str) -> list[tuple[bytes, float]]:
    """Let a board that is connected to a server run a script; return what arrives there, and when, in milliseconds."""
    heard: list[tuple[bytes, float]] = []

    async def listen(stream: VirtualStream) -> None:
        began = trio.current_time()
        while data := await stream.receive_some():
            heard.append((data, round((trio.current_time() - began) * 1000)))

    printed(CONNECT + script, listen)
    return heard


def test_a_small_piece_waits_until_the_one_before_is_acknowledged() -> None:
    (one, first), (rest, second) = arrivals("c:send('one') c:send('two') c:send('three') tmr.sleep(1)")
    assert (one, rest) == (b"one", b"twothree")
    assert second - first > 10, "a round trip"


def test_with_no_delay_it_does_not_wait() -> None:
    (one, first), (two, second) = arrivals("c:setoption('tcp-nodelay', true) c:send('one') c:send('two') tmr.sleep(1)")
    assert (one, two) == (b"one", b"two")
    assert second - first < 2


def test_whole_segments_do_not_wait_and_the_rest_does() -> None:
    *whole, rest = arrivals("c:send(('x'):rep(1436 * 3 + 10)) tmr.sleep(1)")
    assert sum(len(data) for data, _ in whole) == 1436 * 3
    assert len(rest[0]) == 10


def test_closing_sends_what_waits() -> None:
    assert b"".join(data for data, _ in arrivals("c:send('one') c:send('two') c:close() tmr.sleep(1)")) == b"onetwo"


def ending(script: str) -> list[str]:
    """Let a connected board run a script; return what the server sees of the connection."""
    seen: list[str] = []

    async def listen(stream: VirtualStream) -> None:
        try:
            while data := await stream.receive_some():
                seen.append(data.decode())
            seen.append("end")
        except trio.BrokenResourceError:
            seen.append("reset")

    printed(CONNECT + script, listen)
    return seen


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("c:send('x') c:close() tmr.sleep(1)", ["x", "end"]),
        ("c:setoption('linger', {on = true, timeout = 0}) c:send('x') c:close() tmr.sleep(1)", ["x", "reset"]),
        (
            "c:setoption('linger', {on = true, timeout = 0}) c:send('x') tmr.sleep(1) c:close() tmr.sleep(1)",
            ["x", "end"],  # nothing is left that it would matter for
        ),
    ],
)
def test_without_lingering_what_is_not_acknowledged_ends_in_a_reset(script: str, seen: list[str]) -> None:
    assert ending(script) == seen


def test_a_socket_that_is_to_linger_is_lost_instead() -> None:
    script = """
for i = 1, 11 do
  local s, why = socket.connect("203.0.113.1", 7)
  if not s then print(i, why) break end
  s:setoption("linger", {on = true, timeout = 5}) s:send("x") s:close()
end
"""

    async def listen(stream: VirtualStream) -> None:
        while await stream.receive_some():
            pass

    assert printed(script, listen) == "11\tToo many open files in system\n"


def gone(option: str) -> str:
    """What a board hears in three hours from a server that lost its power."""

    async def vanish(stream: VirtualStream) -> None:
        stream.vanish()
        await trio.sleep(20_000)

    return printed(CONNECT + f"{option} c:settimeout(3 * 3600) print(c:receive())", vanish)


def test_only_who_asks_a_silent_peer_finds_out_that_it_is_gone() -> None:
    assert gone("") == "nil\ttimeout\t\n"
    assert gone("c:setoption('keepalive', true)") == "nil\tclosed\t\n"


def test_who_listens_has_no_delays_to_choose_and_hands_on_whether_to_ask() -> None:
    script = """
local server = socket.bind("*", 8000)
print(server:setoption("keepalive", true), server:setoption("tcp-nodelay", true))
print(server:getoption("tcp-nodelay"))
"""
    assert printed(script) == "1.0\tnil\tsetsockopt failed\nnil\tgetsockopt failed\n"
