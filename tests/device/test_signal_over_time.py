"""A board whose access point is received now better, now worse: what it does with its bytes and its connection."""

from __future__ import annotations

import trio

from simulator.events import Event
from simulator.units import NS_PER_S
from simulator.wifi import AccessPoint, Fading, Signal, SignalPath
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID

PORT = 9000
PAYLOAD_BYTES = 200_000


async def joined(world: World, signal: Signal) -> AccessPoint:
    """Put up an access point and let a board join it."""
    point = world.add_access_point(SSID, PASSWORD, signal=signal)
    board = world.new_board(script=JOIN)
    world.power_on(board)
    assert await board.finished(), board.why_stuck
    return point


async def download_s(world: World) -> float:
    """Return how long it takes the board to get some data from a server."""
    listener = world.network.add_host("files.example", "203.0.113.77").listen(PORT)
    near = await world.network.interface("b0").connect("203.0.113.77", PORT)
    far = await listener.accept()
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(far.send_all, bytes(PAYLOAD_BYTES))
        received = 0
        while received < PAYLOAD_BYTES:
            received += len(await near.receive_some())
    await listener.aclose()
    return trio.current_time() - began


def test_bytes_get_slower_on_the_way_out_and_faster_on_the_way_back() -> None:
    async def main(world: World) -> list[float]:
        point = await joined(world, SignalPath((0, -50)))
        world.vary_signal(point, SignalPath((0, -50), (20 * NS_PER_S, -88), (40 * NS_PER_S, -88), (60 * NS_PER_S, -50)))
        began, took = trio.current_time(), []
        for moment_s in (0, 21, 61):
            await trio.sleep_until(began + moment_s)
            took.append(await download_s(world))
        return took

    near, far, again = run_in_world(main)
    assert near < 0.2
    assert far > 10 * near
    assert again < 0.2


def test_who_walks_out_of_reach_loses_the_access_point_and_has_it_again_later() -> None:
    def seconds(events: list[Event], kind: str) -> list[int]:
        return [event["t"] // NS_PER_S for event in events if event["kind"] == kind]

    async def main(world: World) -> list[Event]:
        events: list[Event] = []
        world.events.subscribe(events.append)
        away = SignalPath((0, -60), (20 * NS_PER_S, -60), (30 * NS_PER_S, -110), (70 * NS_PER_S, -60))
        await joined(world, away)
        await trio.sleep(80)
        return events

    events = run_in_world(main)
    # -97 dBm is passed after 27.5 s, the beacon timeout has 8.6 s; it is heard again after 40.2 s.
    assert seconds(events, "wifi.disconnected")[:1] == [36]
    assert len(seconds(events, "wifi.connected")) == 2
    assert seconds(events, "wifi.got_ip")[-1] < 50


def test_a_fading_signal_is_the_same_every_time_and_another_with_another_seed() -> None:
    async def main(world: World) -> list[tuple[int, int]]:
        heard: list[tuple[int, int]] = []
        point = await joined(world, Fading(-75))
        world.air.subscribe(lambda: heard.append((world.now_ns(), point.rssi_dbm)))
        await trio.sleep(60)
        return heard

    first = run_in_world(main, seed=5)
    assert first == run_in_world(main, seed=5) != run_in_world(main, seed=6)
    assert 20 < len(first) <= 60


def test_a_new_signal_takes_the_place_of_the_old_and_none_drives_what_is_gone() -> None:
    async def main(world: World) -> None:
        point = world.add_access_point(SSID, signal=SignalPath((0, -50), (100 * NS_PER_S, -90)))
        await trio.sleep(50)
        world.vary_signal(point, SignalPath((0, -30)))
        await trio.sleep(100)
        assert point.rssi_dbm == -30
        world.vary_signal(point, Fading(-60))
        world.air.remove(point)
        heard: list[int] = []
        world.air.subscribe(lambda: heard.append(1))
        await trio.sleep(100)
        assert not heard

    run_in_world(main)


def test_a_weak_signal_as_a_fault_holds_while_the_signal_goes_on() -> None:
    async def main(world: World) -> None:
        point = await joined(world, SignalPath((0, -50), (20 * NS_PER_S, -60)))
        world.inject("weak-signal@12s+4s")
        await trio.sleep_until(trio.current_time() + 15 - world.now_ns() / NS_PER_S)
        assert point.rssi_dbm == -90
        await trio.sleep(10)
        assert point.rssi_dbm == -60

    run_in_world(main)
