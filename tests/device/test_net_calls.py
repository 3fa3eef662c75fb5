"""net, net.wf and net.en as scripts see them: what is printed and returned, callbacks, ping, and the loss of a link."""

from __future__ import annotations

import dataclasses
import re

import pytest
import trio

from simulator.boards import load_board
from simulator.boards.schema import SpiEthernet
from tests.device.stage import JOIN, PASSWORD, SSID, Stage, on_stage, printed, printed_by, staged

SETUP = f'net.wf.setup(net.wf.mode.STA, "{SSID}", "{PASSWORD}")\n'
MAC = r"30:ae:a4:[0-9a-f:]{8}"
NO_WIFI = (
    "wf: mac address 00:00:00:00:00:00\r\r\n"
    "   ip address 0.0.0.0 / netmask 0.0.0.0\r\r\n"
    "   gw address 0.0.0.0\r\r\n"
    "\r\r\n"
)

# -- ping -------------------------------------------------------------------------------------------------------------

PING_LINE = r"60 bytes from 203\.0\.113\.1: icmp_seq=%d time=\d+\.\d{3} ms\r\r\n"


def with_host(stage: Stage) -> None:
    async def deaf(stream: trio.abc.Stream) -> None:
        await trio.sleep_forever()

    stage.world.add_server("server.example", deaf)


@staged(
    script=f"{JOIN}\nlocal began = os.clock() print(select('#', net.ping('server.example', 3)), os.clock() - began)"
)
async def test_ping_prints_a_line_for_each_reply_and_the_figures(stage: Stage) -> None:
    with_host(stage)
    text = await stage.printed()
    assert re.fullmatch(
        r"PING server\.example \(203\.0\.113\.1\): 32 data bytes\r\r\n"
        + "".join(PING_LINE % number for number in (1, 2, 3))
        + r"3 packets transmitted, 3 packets received, 0\.0% packet loss\r\r\n"
        + r"round-trip min/avg/max/stddev = \d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3} ms\r\r\n"
        + r"0\t3\.\d+\r\n",  # the pause follows the last packet, too
        text,
    )


@staged(script=f"{JOIN}\nnet.ping('198.51.100.7', 2, 3, 100, 2)")
async def test_ping_tells_what_is_not_answered(stage: Stage) -> None:
    began_s = 1.5
    assert await stage.printed() == (
        "PING 198.51.100.7 (198.51.100.7): 100 data bytes\r\r\n"
        "Request timeout for icmp_seq 1\r\r\n"
        "Request timeout for icmp_seq 2\r\r\n"
        "2 packets transmitted, 0 packets received, 100.0% packet loss\r\r\n"
    )
    assert stage.seconds == pytest.approx(began_s + 2 * (2 + 3), abs=0.5)


@pytest.mark.parametrize(
    ("state", "error"),
    [("", "150994944:network is not available"), (JOIN, "150994948:name cannot be resolved")],
)
def test_ping_fails_before_its_first_line(state, error):
    text = printed_by(f"{state}print(pcall(function() net.ping('nowhere.example') end))")
    assert text == f"false\t/autorun.lua:{state.count(chr(10)) + 1}: {error}\r\n"


@staged(script=f"{JOIN}\nnet.ping('server.example') print('goes on') tmr.sleep(5) print('done')")
async def test_ctrl_c_ends_ping_with_its_figures_and_is_swallowed_until_the_script_ends(stage: Stage) -> None:
    with_host(stage)
    stage.power_on()
    while "icmp_seq=2" not in stage.console:
        await trio.sleep(0.01)
    stage.board.receive(b"\x03")
    while "goes on" not in stage.console:
        await trio.sleep(0.01)
    stage.board.receive(b"\x03")
    await stage.board.finished()
    text = printed(stage.console)
    assert text.count("icmp_seq") == 2
    assert "2 packets transmitted, 2 packets received, 0.0% packet loss\r\r\n" in text
    assert text.endswith("goes on\r\ndone\r\n")
    assert await stage.type(b"abc\x03") == "abc\r\n\r\n/ > "


@staged(script=JOIN)
async def test_ctrl_c_ends_the_shell_command_ping(stage: Stage) -> None:
    with_host(stage)
    await stage.boot()
    stage.board.receive(b"ping server.example 5\r")
    await trio.sleep(1.5)
    answer = await stage.type(b"\x03")
    assert re.match(r"2 packets transmitted, 2 packets received", answer)
    assert answer.endswith("\r\r\n/ > ")


# -- names and addresses ----------------------------------------------------------------------------------------------


def test_lookup():
    script = f"""{JOIN}
print(net.lookup("ota.whitecatboard.org"), net.lookup("10.0.0.200", true))
print(pcall(function() net.lookup("nowhere.example") end))
"""
    assert printed_by(script).splitlines() == [
        "203.0.113.254\t-939524086",
        "false\t/autorun.lua:6: 150994948:name cannot be resolved",
    ]


@staged(script="print(pcall(function() net.lookup('x') end)) print(os.clock() >= 20)")
async def test_without_any_setup_a_lookup_fails_after_20_seconds(stage: Stage) -> None:
    assert await stage.printed() == "false\t/autorun.lua:1: 150994944:network is not available\r\ntrue\r\n"


# -- state ------------------------------------------------------------------------------------------------------------


def test_nothing_is_shown_before_there_is_wifi():
    assert printed_by("net.stat()") == NO_WIFI


@staged(
    script=f"{JOIN}\ntmr.sleep(5) net.stat() local s = net.stat(true) print(#s, s[0].interface, s[0].ip == s[0].ip6)"
)
async def test_the_state_of_wifi(stage: Stage) -> None:
    assert re.fullmatch(
        rf"wf: mac address {MAC}\r\r\n"
        r"   ip address 192\.168\.1\.2 / netmask 255\.255\.255\.0\r\r\n"
        r"   gw address 192\.168\.1\.1\r\r\n"
        r"  ip6 address fe80(:[0-9a-f]{4}){7}\r\r\n"
        r"\r\r\n"
        r"0\twf\tfalse\r\n",
        await stage.printed(),
    )


def test_the_address_for_ip6_is_by_a_slip_the_mac():
    assert printed_by(f"{JOIN} local s = net.wf.stat(true) print(s.ip6 == s.mac, s.ip)") == "true\t192.168.1.2\r\n"


RMII = load_board("ESP32-EVB")
SPI = dataclasses.replace(RMII, ethernet=SpiEthernet(interface="spi", spi=3, cs=5, interrupt=4, speed_hz=14_000_000))


@pytest.mark.parametrize("board", [RMII, SPI], ids=["RMII", "SPI"])
def test_boards_with_ethernet_show_it_too(board):
    script = """
        net.en.setup() net.en.start(false)
        while not net.connected() do tmr.sleepms(10) end
        net.stat()
        print(net.stat(true)[1].interface, net.stat(true)[1].ip)
    """
    text = printed_by(script, board=board)
    assert text.startswith(NO_WIFI)
    assert re.fullmatch(
        r"en: mac address [0-9a-f:]{17}\r\r\n"
        r"   ip address 192\.168\.1\.2 netmask 255\.255\.255\.0\r\r\n"
        r"   gw address 192\.168\.1\.1\r\r\n\r\r\n"
        r"en\t192\.168\.1\.2\r\n",
        text.removeprefix(NO_WIFI),
    )


def test_boards_without_ethernet_have_no_net_en():
    assert printed_by("print(net.en, #net.stat(true))") == "nil\t0\r\n"


@pytest.mark.parametrize(
    ("board", "call", "error"),
    [
        ("N1ESP32-OTA", "net.wf.start()", "134217732:wifi is not setup"),
        ("N1ESP32-OTA", "net.wf.stop()", "134217732:wifi is not setup"),
        ("N1ESP32-OTA", "net.wf.start(true, 1)", "134217744:invalid argument"),
        (RMII, "net.en.start()", "503316481:ethernet is not setup"),
        (RMII, "net.en.start(true, 1)", "134217744:invalid argument"),
        (SPI, "net.en.start(false)", "352321537:ethernet is not setup"),
        (
            "N1ESP32-OTA",
            'net.wf.setup(net.wf.mode.AP, "mine", "short")',
            "134217741:invalid password (if provided the password must have more than 7 characters)",
        ),
    ],
)
def test_errors_of_interfaces(board, call, error):
    assert printed_by(f"print(pcall(function() {call} end))", board=board) == f"false\t/autorun.lua:1: {error}\r\n"


@staged(script="net.wf.scan() print(#net.wf.scan(true), net.wf.scan(true)[0].ssid)")
async def test_a_scan_lists_access_points(stage: Stage) -> None:
    stage.world.add_access_point("far", channel=11, rssi_dbm=-80)
    assert await stage.printed() == (
        "\r\r\n" + " " * 27 + "SSID  RSSI          AUTH  CH1  CH2\r\r\n" + "-" * 61 + "\r\r\n"
        "                           home   -50      WPA2_PSK    1    0\r\r\n"
        "                            far   -80          OPEN   11    0\r\r\n"
        "\r\r\n"
        "1\thome\r\n"
    )


# -- callbacks --------------------------------------------------------------------------------------------------------

WATCH = "net.callback(function(event, extra) print(event.interface, event.type, extra) end, 'extra')\n"


@staged(script=f"{WATCH}{SETUP}net.wf.start()")
async def test_a_callback_hears_of_the_link_going_up_and_down(stage: Stage) -> None:
    await stage.boot()
    assert stage.console.endswith("/ > wf\tup\textra\r\n")
    (point,) = stage.world.air
    stage.world.air.switch_off(point)
    await trio.sleep(20)
    assert stage.console.endswith("wf\tup\textra\r\nwf\tdown\textra\r\n")
    stage.world.air.switch_on(point)
    await trio.sleep(20)
    assert stage.console.endswith("wf\tdown\textra\r\nwf\tup\textra\r\n")


@staged(script=f"{WATCH}{WATCH}{SETUP}net.wf.start()")
async def test_a_second_registration_makes_every_event_call_twice(stage: Stage) -> None:
    await stage.boot()
    assert stage.console.endswith("/ > wf\tup\textra\r\nwf\tup\textra\r\n")


def test_a_third_registration_is_too_many_but_replaces_the_function():
    script = f"""
local function says(text) return function() print(text) end end
net.callback(says("first")) net.callback(says("second"))
print(pcall(function() net.callback(says("third")) end))
{SETUP}net.wf.start()
tmr.sleep(10)
"""
    error = "false\t/autorun.lua:4: 150994946:no more callbacks available\r\n"
    assert printed_by(script) == error + "third\r\nthird\r\n"


@staged(script=f"net.callback(function() tmr.sleep(30) print('slow') end)\n{SETUP}net.wf.start()")
async def test_a_slow_callback_stalls_all_network_events_and_the_board_is_busy(stage: Stage) -> None:
    stage.power_on()
    (point,) = stage.world.air
    await trio.sleep(10)
    stage.world.air.switch_off(point)
    await trio.sleep(15)
    assert "wifi.disconnected" in stage.kinds("wifi.")
    assert not stage.board.idle.is_set()
    assert "slow" not in stage.console
    stage.world.air.switch_on(point)
    await stage.board.finished()
    assert stage.console.count("slow") == 3
    assert stage.seconds > 3 * 30


@staged(script=f"net.callback(function() error('lost') end)\n{SETUP}net.wf.start()")
async def test_errors_in_a_callback_vanish(stage: Stage) -> None:
    await stage.boot()
    assert stage.of_kind("lua.error") == []


@pytest.mark.parametrize("body", ["tmr.sleep(100)", "while true do type(1) end"])
def test_an_interpreter_that_restarts_leaves_no_callback_that_stalls_the_network(body):
    async def play(stage: Stage) -> None:
        stage.power_on()
        await trio.sleep(10)
        (point,) = stage.world.air
        stage.board.receive(b"if true then\r")
        await trio.sleep(1)
        stage.board.receive(b"pwd\r")
        await trio.sleep(1)
        stage.world.air.switch_off(point)
        await trio.sleep(20)
        stage.world.air.switch_on(point)
        await trio.sleep(20)
        assert (await stage.type(b"net.connected()\r")).endswith("true\r\n/ > ")

    first = f"if os.luainterpreter() then return end net.callback(function() {body} end)\n{SETUP}net.wf.start()"
    on_stage(play, script=first)


# -- idle -------------------------------------------------------------------------------------------------------------


@staged(script='net.wf.setup(net.wf.mode.STA, "nowhere", "secret-password") net.wf.start()')
async def test_a_board_that_tries_for_ever_to_join_is_idle_if_nobody_listens(stage: Stage) -> None:
    await stage.boot()
    assert stage.seconds < 2


@staged(script=f'{WATCH}net.wf.setup(net.wf.mode.STA, "nowhere", "secret-password") net.wf.start()')
async def test_a_board_that_tries_for_ever_to_join_is_busy_if_a_callback_listens(stage: Stage) -> None:
    stage.power_on()
    await trio.sleep(100)
    assert not stage.board.idle.is_set()


@staged(script=f"{SETUP}net.wf.start()")
async def test_a_board_that_joins_in_the_background_is_idle_if_nobody_listens(stage: Stage) -> None:
    await stage.boot()
    assert stage.seconds < 1
    await trio.sleep(10)
    assert "wifi.got_ip" in stage.kinds("wifi.")


@staged(script=f"{WATCH}{SETUP}net.wf.start()")
async def test_a_board_with_a_callback_is_idle_when_the_network_has_come_to_rest(stage: Stage) -> None:
    await stage.boot()
    assert 1.4 < stage.seconds < 5
    assert stage.kinds("wifi.")[-1] == "wifi.got_ip"
