"""Faults that end: each by itself, two of a kind that overlap, and all at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from simulator.boards.schema import Profile
from simulator.events import Event
from simulator.faults import FAULTS
from simulator.firmware import SMALLEST_IMAGE_BYTES, build_for, first_manifest, next_manifest
from simulator.units import KIB
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID

LASTING = [kind.name for kind in FAULTS.values() if kind.lasts]
SERVER = "ota.whitecatboard.org"


def in_world_with_a_board(main: Callable[[World, list[Event]], Awaitable[None]]) -> None:
    async def enter(world: World) -> None:
        events: list[Event] = []
        world.events.subscribe(lambda event: events.append(event) if event["kind"] == "fault" else None)
        world.add_access_point(SSID, PASSWORD)
        world.new_board("N1ESP32-OTA", image_bytes=SMALLEST_IMAGE_BYTES)
        await main(world, events)

    run_in_world(enter)


def told(events: list[Event]) -> list[tuple[float, str, str]]:
    return [(event["t"] / 1e9, event["name"], event["what"]) for event in events]


def test_two_of_a_kind_that_overlap_end_with_the_second() -> None:
    async def main(world: World, events: list[Event]) -> None:
        point = next(iter(world.air))
        world.inject("auth-fail@1s+4s")
        world.inject("auth-fail@3s+4s")
        passwords = []
        for _ in range(8):
            passwords.append(point.password == PASSWORD)
            await trio.sleep(1.001)
        assert passwords == [True, False, False, False, False, False, False, True]
        assert told(events) == [
            (1.0, "auth-fail", "begin"),
            (3.0, "auth-fail", "begin"),
            (5.0, "auth-fail", "end"),
            (7.0, "auth-fail", "end"),
        ]

    in_world_with_a_board(main)


def test_where_a_name_leads_is_told_by_the_fault_that_began_last_and_is_not_over() -> None:
    async def main(world: World, _events: list[Event]) -> None:
        usual = world.network.names[SERVER]
        world.inject("dns-nxdomain@1s+4s")
        world.inject("dns-wrong@2s+1s")
        world.inject("dns-wrong@4s+3s")
        answers = []
        for _ in range(8):
            answers.append(world.network.names[SERVER])
            await trio.sleep(1.001)
        rogue = answers[2]
        assert rogue not in (usual, [])
        assert answers == [usual, [], rogue, [], rogue, rogue, rogue, usual]

    in_world_with_a_board(main)


def test_two_faults_at_one_flash_operation_both_come() -> None:
    async def main(world: World, events: list[Event]) -> None:
        world.inject("slow@flash-op:0+1s")
        world.inject("drip@flash-op:0+1s")
        board = world.boards[0]
        world.power_on(board)
        await board.finished()
        board.chip.erase(0x200000, 4096)
        assert [(name, what) for _, name, what in told(events)] == [("slow", "begin"), ("drip", "begin")]

    in_world_with_a_board(main)


def test_faults_are_over_when_none_is_to_begin_or_end_at_a_time() -> None:
    async def main(world: World, _events: list[Event]) -> None:
        await world.faults_are_over()
        world.inject("truncate-clean@50%")
        assert not world.has_faults_to_come
        world.inject("slow@2s+3s")
        world.inject("http-500@1s")
        assert world.has_faults_to_come
        await world.faults_are_over()
        assert world.now_ns() == 5e9
        assert not world.has_faults_to_come

    in_world_with_a_board(main)


def test_what_was_lifted_does_not_come_any_more() -> None:
    async def main(world: World, events: list[Event]) -> None:
        for text in ("slow@1s+9s", "slow@2s+2s", "ap-down@1s", "dhcp-timeout@5s", "blackhole@50%", "drip@flash-op:0"):
            world.inject(text)
        await trio.sleep(3)
        world.lift_faults()
        await world.faults_are_over()
        ended = [(3.0, "ap-down", "end"), (3.0, "slow", "end"), (3.0, "slow", "end")]
        assert sorted(told(events)[-3:]) == ended
        assert all(point.is_on for point in world.air)
        del events[:]
        await trio.sleep(20)
        board = world.boards[0]
        world.power_on(board)
        board.chip.erase(0x200000, 4096)
        await board.finished()
        assert events == []

    in_world_with_a_board(main)


def test_a_fault_that_is_due_is_lifted_at_the_very_moment() -> None:
    async def main(world: World, events: list[Event]) -> None:
        world.inject("slow@1s+2s")
        world.inject("drip@3s")
        await trio.sleep(3)
        world.lift_faults()
        await trio.sleep(1)
        begun = sum(1 if what == "begin" else -1 for _, _, what in told(events))
        assert begun == 0, told(events)

    in_world_with_a_board(main)


@pytest.mark.parametrize("profile", ["stock", "hardened"])
@pytest.mark.parametrize("name", LASTING)
def test_after_a_fault_was_lifted_an_update_is_as_if_it_had_never_been(name: str, profile: Profile) -> None:
    """The board is switched on when it is over, so that nothing but the world can remember it."""

    async def main(world: World) -> list[str]:
        world.add_access_point(SSID, PASSWORD)
        board = world.new_board(script=JOIN + "net.ota()", image_bytes=64 * KIB, profile=profile)
        world.publish(build_for(board.board, next_manifest(first_manifest(board.board, profile=profile))))
        world.inject(f"{name}@0s")
        await trio.sleep(1)
        world.lift_faults()
        if not board.has_power:  # the end of a power cut has given it some
            world.power_on(board)
        with trio.move_on_after(60):
            await board.finished()
        return [boot.label for boot in board.boots]

    assert run_in_world(main) == ["factory", "ota_0"]
