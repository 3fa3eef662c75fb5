"""net.service.mdns: boards that find each other by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
import trio

from simulator.device.device import Device
from simulator.mdns import GROUP, PORT
from simulator.mdns.packets import Kind, Name, Packet, Question, encode
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID, Stage, on_stage, printed, printed_by

BOARD = "WESP32"  # one of three whose builds have it
SETTLED_S = 6
MDNS = "net.service.mdns"


def play(**scripts: str) -> dict[str, str]:
    """Give boards their scripts and power, one after the other, and return what each had printed in the end.

    The last board's script ends; those before it are only there.
    """

    async def main(world: World) -> dict[str, str]:
        world.add_access_point(SSID, PASSWORD)
        boards: dict[str, Device] = {}
        for name, script in scripts.items():
            boards[name] = world.new_board(BOARD, script=script, name=name)
            world.power_on(boards[name])
            await trio.sleep(SETTLED_S)
        with trio.fail_after(600):
            assert await boards[name].finished(), boards[name].why_stuck
        return {name: printed(board.console.decode()) for name, board in boards.items()}

    return run_in_world(main)


SERVER = (
    JOIN
    + f"""
{MDNS}.start("kitchen")
{MDNS}.addservice("_http", "_tcp", 8080, "The web", {{path = "/"}})
{MDNS}.addservice("_ftp", "_tcp", 21)
"""
)


def test_a_board_is_found_by_its_name() -> None:
    said = play(
        server=SERVER,
        client=f"""{JOIN}
local mdns = {MDNS}
local began = os.clock()
print(mdns.resolvehost("KITCHEN"))
print(os.clock() - began < 0.2)
began = os.clock()
print(select("#", mdns.resolvehost("cellar")), os.clock() - began > 3)
began = os.clock()
print(select("#", mdns.resolvehost("cellar", 1)), os.clock() - began < 1.3)
print(mdns.resolvehost("kitchen", 1, true):match("^fe80:0000:0000:0000:%x+:%x+ff:fe%x+:%x+$") ~= nil)
print(mdns.running())
""",
    )
    assert said["client"] == "192.168.1.2\r\ntrue\r\n0\ttrue\r\n0\ttrue\r\ntrue\r\nfalse\r\n"


def test_services_are_found_with_all_that_belongs_to_them() -> None:
    said = play(
        server=SERVER,
        client=f"""{JOIN}
local function show(rows)
  for i, row in ipairs(rows) do
    local ip, txt = row.ip or {{}}, row.txt or {{}}
    print(i, row.interface, row.protocol, row.instance, row.hostname, row.port, ip.ipv4, txt.path)
  end
end
show({MDNS}.findservice("_http", "_tcp"))
show({MDNS}.findservice("_ftp", "_tcp", 1, 1))
print(select("#", {MDNS}.findservice("_ipp", "_tcp", 1)))
""",
    )
    assert said["client"] == (
        "1\tSTA\tIPv6\tThe web\tkitchen\t8080\t192.168.1.2\t/\r\n"
        "2\tSTA\tIPv4\tThe web\tkitchen\t8080\t192.168.1.2\t/\r\n"
        "1\tSTA\tIPv4\tkitchen\tkitchen\t21\t192.168.1.2\tnil\r\n"
        "0\r\n"
    )


def test_two_boards_with_the_name_that_all_have_get_two_names() -> None:
    start = f"{JOIN}{MDNS}.start()\n"
    said = play(
        first=start,
        second=start,
        asker=f"""{JOIN}tmr.sleep(5) print({MDNS}.resolvehost("esp32"), {MDNS}.resolvehost("esp32-2"))""",
    )
    assert said["asker"] == "192.168.1.2\t192.168.1.3\r\n"


def test_what_is_removed_or_stopped_is_not_found_any_more() -> None:
    said = play(
        server=SERVER + f"tmr.sleep(8) {MDNS}.removeservice('_http', '_tcp') tmr.sleep(12) {MDNS}.stop()",
        client=f"""{JOIN}
local mdns = {MDNS}
print(#mdns.findservice("_http", "_tcp", 1))
tmr.sleep(4)
print(mdns.findservice("_http", "_tcp", 1), #mdns.findservice("_ftp", "_tcp", 1))
tmr.sleep(12)
print(mdns.findservice("_ftp", "_tcp", 1), mdns.resolvehost("kitchen", 1))
""",
    )
    assert said["client"] == "1\r\nnil\t2\r\nnil\r\n"


def test_a_board_finds_who_joins_its_own_access_point() -> None:
    async def main(world: World) -> tuple[str, str]:
        portal = world.new_board(
            BOARD,
            script=f'net.wf.setup(net.wf.mode.AP, "own", "") net.wf.start() {MDNS}.start("portal") tmr.sleep(20)\n'
            f'print({MDNS}.resolvehost("guest"), {MDNS}.findservice("_http", "_tcp")[1].interface)',
            name="portal",
        )
        guest = world.new_board(
            BOARD,
            script=f'net.wf.setup(net.wf.mode.STA, "own", "") net.wf.start(false) {MDNS}.start("guest")\n'
            f'{MDNS}.addservice("_http", "_tcp", 80) tmr.sleep(5) print({MDNS}.resolvehost("portal"))',
            name="guest",
        )
        world.power_on(portal)
        await trio.sleep(3)
        world.power_on(guest)
        for board in (portal, guest):
            assert await board.finished(), board.why_stuck
        return printed(portal.console.decode()), printed(guest.console.decode())

    assert run_in_world(main) == ("192.168.4.2\tAP\r\n", "192.168.4.1\r\n")


def test_a_board_is_found_in_all_its_networks_at_once() -> None:
    async def main(world: World) -> list[str]:
        home = world.add_access_point(SSID, PASSWORD)
        scripts = {
            "portal": 'net.wf.setup(net.wf.mode.AP, "own", "") net.wf.start() net.en.setup() net.en.start()\n'
            f'{MDNS}.start("portal")',
            "guest": 'net.wf.setup(net.wf.mode.STA, "own", "") net.wf.start(false) tmr.sleep(5)\n'
            f'print({MDNS}.resolvehost("portal"))',
            "neighbour": f'{JOIN} tmr.sleep(5) print({MDNS}.resolvehost("portal"))',
        }
        assert home.lan is world.air.lan, "the cable leads to where the access point is"
        boards = [world.new_board(BOARD, script=script, name=name) for name, script in scripts.items()]
        for board in boards:
            world.power_on(board)
            await trio.sleep(8)
        for board in boards[1:]:
            assert await board.finished(), board.why_stuck
        return [printed(board.console.decode()) for board in boards[1:]]

    assert run_in_world(main) == ["192.168.4.1\r\n", "192.168.1.2\r\n"]


BOTH = f"""{JOIN}net.en.setup() net.en.start(false) tmr.sleep(4)
local mdns = {MDNS} mdns.start("kitchen") mdns.addservice("_http", "_tcp", 80)
"""


def test_a_board_with_station_and_cable_in_one_network_does_not_fight_itself() -> None:
    said = play(server=BOTH, client=f'{JOIN}tmr.sleep(12) print({MDNS}.resolvehost("kitchen"))')
    assert said["client"] == "192.168.1.2\r\n"  # of its two the one that is told last


def test_a_script_that_has_the_port_leaves_none_for_it() -> None:
    script = f"""{JOIN}
local socket = require("socket").udp()
socket:setsockname("*", 5353)
{MDNS}.start("deaf")
print({MDNS}.running())
tmr.sleep(5)
"""
    said = play(server=script, client=f'{JOIN}print({MDNS}.resolvehost("deaf", 1))')
    assert said["client"] == "\r\n"


def watching(play: Callable[[Stage], Awaitable[Any]], script: str) -> Any:
    return on_stage(play, board=BOARD, script=script)


def test_a_name_moves_with_the_network_and_ends_with_the_power() -> None:
    async def play(stage: Stage) -> list[list[str]]:
        [home] = stage.world.air
        phone = stage.world.add_phone(home)
        question = encode(Packet(questions=[Question(Name("kitchen"), Kind.A, unicast=True)]))
        assert question is not None

        async def ask() -> list[str]:
            answers = []
            with closing(phone.open_datagrams(PORT)) as socket, trio.move_on_after(0.5):
                await socket.send_to(question, (GROUP, PORT))
                while True:
                    _, (address, _) = await socket.receive_from()
                    answers.append(address)
            return answers

        stage.power_on()
        await stage.wait(40)
        found = [await ask()]
        for change in (stage.world.air.switch_off, stage.world.air.switch_on):
            change(home)
            await stage.wait(40)
            found.append(await ask())
        stage.board.power_off()
        return [*found, await ask()]

    script = f'{MDNS}.start("kitchen")\nnet.wf.setup(net.wf.mode.STA, "{SSID}", "{PASSWORD}")\nnet.wf.start()'
    board = "192.168.1.3"  # behind the phone
    assert watching(play, script) == [[board], [], [board], []]


def test_events_tell_of_names() -> None:
    async def play(stage: Stage) -> list[dict[str, Any]]:
        other = stage.world.new_board(BOARD, script=f"{JOIN}{MDNS}.start('kitchen')", name="other")
        stage.world.power_on(other)
        await stage.wait(SETTLED_S)
        stage.power_on()
        await stage.wait(3 * SETTLED_S)
        return [
            {key: event[key] for key in ("board", "host", "lost", "name") if key in event}
            for event in stage.events
            if event["kind"].startswith("mdns.")
        ]

    assert watching(play, f"{JOIN}{MDNS}.start('kitchen', 'Lamp')") == [
        {"board": "other", "host": "kitchen"},
        {"board": "b0", "host": "kitchen"},
        {"board": "b0", "lost": "kitchen", "name": "kitchen-2"},
    ]


# -- what is refused --------------------------------------------------------------------------------------------------

LONG = '("x"):rep(65)'
LOGGED = "\r\n\r"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("start({})", "bad argument #1 to 'start' (string expected, got table)"),
        (f"start({LONG})", "452984838:hostname too long"),
        ("stop()", "452984833:can't stop"),
        ("resolvehost()", "bad argument #1 to 'resolvehost' (string expected, got no value)"),
        ("resolvehost('a', 'b')", "bad argument #2 to 'resolvehost' (number expected, got string)"),
        ("resolvehost('a', 1, 1)", "bad argument #3 to 'resolvehost' (boolean expected, got number)"),
        (f"resolvehost({LONG})", "452984838:hostname too long"),
        ("resolvehost('')", "452984834:can't resolve host"),
        ("findservice('_http')", "bad argument #2 to 'findservice' (string expected, got no value)"),
        (f"findservice({LONG}, '')", "452984840:service name too long"),
        (f"findservice('', {LONG})", "452984841:protocol name too long"),
        ("findservice('', '_tcp')", "452984835:can't find service"),
        ("addservice('_http', '_tcp')", "bad argument #3 to 'addservice' (number expected, got no value)"),
        (f"addservice({LONG}, '_tcp', 1)", "452984840:service name too long"),
        (f"addservice('_http', '_tcp', 1, {LONG})", "452984839:instance name too long"),
        ("addservice('_http', '_tcp', 1, nil)", "bad argument #4 to 'addservice' (string expected, got nil)"),
        ("addservice('_http', '_tcp', 80)", "452984836:can't add service"),
        ("removeservice('_http', '_tcp')", "452984837:can't remove service"),
        (f"removeservice('_http', {LONG})", "452984841:protocol name too long"),
    ],
)
def test_arguments_are_checked_as_on_the_device(code: str, answer: str) -> None:
    text = printed_by(f"print(select(2, pcall(function() {MDNS}.{code} end)))", board=BOARD)
    assert text == f"/autorun.lua:1: {answer}\r\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("start('')", "could not set hostname"),
        (f"start('a', {LONG})", "could not set instance name"),
    ],
)
def test_a_name_that_cannot_be_set_is_only_logged(code: str, said: str) -> None:
    text = printed_by(f"{MDNS}.{code} print({MDNS}.running())", board=BOARD)
    assert text == f"mdns: {said}{LOGGED}true\r\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("m.addservice('_http', '_tcp', 65536)", "ESP_ERR_INVALID_ARG"),
        ("m.addservice('', '_tcp', 1)", "ESP_ERR_INVALID_ARG"),
        ("m.addservice('_a', '_tcp', 1) m.addservice('_A', '_TCP', 2)", "ESP_ERR_INVALID_ARG"),
        ("for i = 1, 11 do m.addservice('_' .. i, '_tcp', i) end", "ESP_ERR_NO_MEM"),
    ],
)
def test_a_service_that_cannot_be_added_is_logged_and_an_error(code: str, said: str) -> None:
    script = f"local m = {MDNS} m.start() print(select(2, pcall(function() {code} end)))"
    text = printed_by(script, board=BOARD)
    assert text == (f"mdns: mdns_service_add returned {said}{LOGGED}/autorun.lua:1: 452984836:can't add service\r\n")


def test_texts_that_are_none_are_left_out_with_a_warning() -> None:
    script = f"""os.loglevel(os.LOG_WARNING) local m = {MDNS} m.start()
m.addservice("_http", "_tcp", 80, "web", {{"one", two = 2, three = "3"}})"""
    warning = f"mdns: ignoring txt entry with non-string key and/or value{LOGGED}"
    assert printed_by(script, board=BOARD) == 2 * warning


def test_a_stopped_service_can_be_started_again() -> None:
    script = f"local m = {MDNS} m.start() m.stop() print(m.running()) m.start() print(m.running())"
    assert printed_by(script, board=BOARD) == "false\r\ntrue\r\n"


def test_other_builds_have_none() -> None:
    assert printed_by(f"print({MDNS})") == "nil\r\n"
