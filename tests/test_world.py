"""A world as somebody uses it from Python: boards, servers, power, and what becomes of errors."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import simulator
from simulator import world as world_module
from simulator.boards import load_board
from simulator.errors import FormatError, UsageError
from simulator.events import Event
from simulator.firmware import SMALLEST_IMAGE_BYTES, build_for, first_manifest, next_manifest
from simulator.testing import Client, scripted
from simulator.wifi import AccessPoint
from simulator.world import World, run_in_world

SMALL: dict[str, Any] = {"image_bytes": SMALLEST_IMAGE_BYTES}


def test_the_example_of_the_docstring(capsys):
    assert world_module.__doc__ is not None
    _, _, example = world_module.__doc__.partition("::\n\n")
    names = {"World": World, "run_in_world": run_in_world}
    lines = [line.removeprefix("    ") for line in example.splitlines()]
    exec("from __future__ import annotations\n" + "\n".join(lines), names)
    assert "N1ESP32\tOTA\t\n" in capsys.readouterr().out.replace("\r", "")


def test_the_package_offers_the_world():
    assert simulator.World is World


# -- boards -----------------------------------------------------------------------------------------------------------


def test_a_new_board_has_the_stock_scripts_its_own_and_the_files_it_is_given():
    async def main(world: World) -> bytes:
        board = world.new_board(
            script="print(...) os.cat('/greeting')", files={"/greeting": b"hello\n"}, arguments=("a", "b"), **SMALL
        )
        world.power_on(board)
        assert await board.finished()
        return bytes(board.console)

    console = run_in_world(main)
    assert b"Executing /system.lua ...\r\nExecuting /autorun.lua ...\r\na\tb\r\nhello\r\n\r\n/ > " in console


def test_a_board_by_its_id_has_a_factory_slot_and_one_by_its_value_is_as_it_is():
    async def main(world: World) -> list[list[str]]:
        boards = [world.new_board(board, **SMALL) for board in ("N1ESP32-OTA", load_board("N1ESP32-OTA"), "N1ESP32")]
        return [[slot.label for slot in board.partition_table().app_partitions] for board in boards]

    assert run_in_world(main) == [["factory", "ota_0", "ota_1"], ["ota_0", "ota_1"], ["factory"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"board": "N1ESP23-OTA"}, "did you mean N1ESP32-OTA?"),
        ({"files": {"/big": "x" * 600_000}}, "do not fit"),
        ({"image_bytes": 2_000_000}, "has room for"),
    ],
)
def test_what_cannot_be_made_says_why(options, message):
    async def main(world: World) -> None:
        world.new_board(**{**SMALL, **options})

    with pytest.raises(UsageError, match=message):
        run_in_world(main)


def test_boards_have_names_addresses_and_flash_of_their_own():
    async def main(world: World) -> list[tuple[str, str, bytes]]:
        boards = [world.new_board(name=name, **SMALL) for name in (None, "kitchen", None)]
        return [(board.name, board.base_mac.hex(), board.flash_unique_id) for board in boards]

    boards = run_in_world(main)
    assert [name for name, _, _ in boards] == ["b0", "kitchen", "b2"]
    assert len({mac for _, mac, _ in boards}) == len({flash for _, _, flash in boards}) == 3


def test_two_boards_in_one_house_reach_the_same_network_by_air_and_by_cable():
    async def main(world: World) -> list[str]:
        world.add_access_point("home", "secret-password")
        by_air = world.new_board(
            script="net.wf.setup(net.wf.mode.STA, 'home', 'secret-password') net.wf.start(false)", **SMALL
        )
        by_cable = world.new_board("ESP32-EVB", script="net.en.setup() net.en.start(false)", **SMALL)
        for board in (by_air, by_cable):
            world.power_on(board)
            assert await board.finished()
            await trio.sleep(2)
        return [world.network.interface(board.name).address for board in world.boards]

    assert run_in_world(main) == ["192.168.1.2", "192.168.1.3"]


# -- servers ----------------------------------------------------------------------------------------------------------

UPDATE = """
net.wf.setup(net.wf.mode.STA, 'home', 'secret-password')
net.wf.start(false)
while not net.connected() do tmr.sleepms(10) end
net.ota()
"""


def test_what_is_published_is_offered_to_the_boards_that_it_is_for():
    async def main(world: World) -> list[str]:
        world.add_access_point("home", "secret-password")
        kind = load_board("N1ESP32-OTA")
        update = next_manifest(first_manifest(kind))
        world.publish(build_for(kind, update, size_bytes=SMALLEST_IMAGE_BYTES))
        board = world.new_board(kind, script=UPDATE, **SMALL)
        other = world.new_board("ESP32-THING-OTA", script=UPDATE, **SMALL)
        for device in (board, other):
            world.power_on(device)
            assert await device.finished()
        assert board.boots[-1].commit == update.commit
        return [boot.label for boot in board.boots + other.boots]

    assert run_in_world(main) == ["ota_0", "ota_1", "factory"]


def test_only_firmware_of_the_twin_can_be_published():
    async def main(world: World) -> None:
        world.publish(b"something else")

    with pytest.raises(FormatError):
        run_in_world(main)


@pytest.mark.parametrize("first", ["server", "board"])
def test_a_server_of_ones_own_takes_the_place_of_the_built_in_one(first):
    requests: list[bytes] = []

    async def answers(client: Client) -> None:
        requests.append(await client.receive_request())
        await client.send(b"HTTP/1.1 471 nothing\r\n")

    async def main(world: World) -> None:
        world.add_access_point("home", "secret-password")
        if first == "server":
            world.add_server("ota.whitecatboard.org", scripted(answers))
        board = world.new_board(script=UPDATE, **SMALL)
        if first == "board":
            world.add_server("ota.whitecatboard.org", scripted(answers))
        world.power_on(board)
        assert await board.finished()

    run_in_world(main)
    assert len(requests) == 1


# -- power and time ---------------------------------------------------------------------------------------------------


def test_leaving_the_world_cuts_the_power_of_every_board_in_order():
    events: list[Event] = []

    async def main(world: World) -> None:
        world.events.subscribe(events.append)
        for _ in range(3):
            world.power_on(world.new_board(script="while true do end", **SMALL))
        await trio.sleep(3)

    run_in_world(main)
    assert [event["board"] for event in events if event["kind"] == "power.off"] == ["b0", "b1", "b2"]
    assert [event["kind"] for event in events[-3:]] == ["power.off"] * 3


def test_a_world_counts_its_time_from_when_it_was_entered():
    """In a run that is not its own, on any clock."""

    async def main() -> tuple[int, str]:
        await trio.sleep(12_345.6)
        async with World() as world:
            board = world.new_board(script="tmr.sleep(2) print(os.clock() > 2)", **SMALL)
            world.power_on(board)
            assert await board.finished()
            return world.now_ns(), board.console.decode()

    now_ns, console = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert 2e9 < now_ns < 3e9
    assert "\r\ntrue\r\n" in console


def test_worlds_follow_each_other_in_one_run():
    async def main() -> list[int]:
        times = []
        for _ in range(2):
            async with World(seed=3) as world:
                board = world.new_board(script="tmr.sleep(2)", **SMALL)
                world.power_on(board)
                await board.finished()
                times.append(world.now_ns())
        return times

    first, second = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert first == pytest.approx(second, abs=1000)


def test_an_error_of_ones_own_comes_out_as_it_is():
    class MyError(Exception):
        pass

    async def main(world: World) -> None:
        world.power_on(world.new_board(script="while true do end", **SMALL))
        await trio.sleep(1)
        raise MyError

    with pytest.raises(MyError):
        run_in_world(main)


def test_a_world_that_is_cancelled_goes_down():
    async def main(world: World) -> None:
        world.power_on(world.new_board(script="while true do end", **SMALL))
        with trio.move_on_after(5):
            await trio.sleep_forever()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_world(main)


def test_a_real_server_needs_a_clock_that_waits_for_it():
    with pytest.raises(UsageError, match="use run_in_world"):
        World(server=("localhost", 443))  # type: ignore[arg-type]


def test_a_board_that_cannot_boot_is_finished_as_well():
    async def main(world: World) -> bool:
        board = world.new_board(**SMALL)
        board.chip.erase(0, 0x9000)
        world.power_on(board)
        return await board.finished()

    assert run_in_world(main) is False


def test_real_time_is_a_speed_like_any_other():
    async def main(world: World) -> int:
        board = world.new_board(script="tmr.sleepms(500)", **SMALL)
        world.power_on(board)
        await board.finished()
        return world.now_ns()

    assert run_in_world(main, speed=50.0) >= 0.5e9


def test_a_board_may_be_another_value_than_any_file_has():
    async def main(world: World) -> str:
        kind = dataclasses.replace(load_board("GENERIC"), type="MINE", subtype="SPECIAL")
        board = world.new_board(kind, script="print(os.board())", **SMALL)
        world.power_on(board)
        await board.finished()
        return board.console.decode()

    assert "MINE\tSPECIAL\t\r\n" in run_in_world(main)


# -- phones -----------------------------------------------------------------------------------------------------------


def test_a_phone_in_the_house_reaches_what_a_board_reaches():
    async def main(world: World) -> tuple[str, list[str], list[str]]:
        point = world.add_access_point("home", "secret-password")
        world.add_server("www.example.com", lambda stream: stream.aclose())
        phone = world.add_phone(point)
        found = await phone.resolve("www.example.com")
        await phone.connect(found[0], 443)
        return phone.address, found, list(point.stations)

    assert run_in_world(main) == ("192.168.1.2", ["203.0.113.1"], ["02:00:01:00:00:01"])


@pytest.mark.parametrize("why", ["off", "full", "no address"])
def test_a_phone_that_is_not_let_in_is_an_error(why: str):
    async def main(world: World) -> None:
        point = world.air.add(AccessPoint("home", stations_max=0 if why == "full" else 1))
        assert point.lan is not None
        point.lan.dhcp = why != "no address"
        if why == "off":
            world.air.switch_off(point)
        with pytest.raises(UsageError, match="no phone can join <AccessPoint 'home'"):
            world.add_phone(point)
        assert not point.stations

    run_in_world(main)


def test_a_wps_pin_has_to_check():
    async def main(world: World) -> None:
        with pytest.raises(
            UsageError, match="WPS PIN '12345678': it has 8 digits, of which the last checks the others"
        ):
            world.press_wps(world.add_access_point("home"), "12345678")

    run_in_world(main)
