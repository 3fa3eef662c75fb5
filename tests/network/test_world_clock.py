"""Virtual time waits for real sockets, and only for them."""

from __future__ import annotations

import time

import pytest
import trio

from simulator.determinism import run_world
from simulator.links import LinkQuality
from simulator.network import PingNotPermittedError, RealInterface, WorldClock


async def echo(stream: trio.SocketStream) -> None:
    async for data in stream:
        await trio.to_thread.run_sync(time.sleep, 0.02)
        await stream.send_all(data)


def test_time_jumps_while_nothing_real_is_under_way():
    clock = WorldClock()
    started = time.perf_counter()
    run_world(trio.sleep, 86_400, clock=clock.trio_clock)
    assert clock.now_ns() == 86_400 * 10**9
    assert time.perf_counter() - started < 1


def test_a_speed_paces_time():
    clock = WorldClock(speed=100)
    started = time.perf_counter()
    run_world(trio.sleep, 2, clock=clock.trio_clock)
    assert time.perf_counter() - started >= 0.02
    assert clock.now_ns() >= 2 * 10**9


@pytest.mark.parametrize("speed", [None, 1000])
def test_at_every_speed_deadlines_are_met_to_the_nanosecond_and_work_takes_no_time(speed: float | None) -> None:
    clock = WorldClock(speed)
    times: list[int] = []

    async def main() -> None:
        for _ in range(5):
            await trio.sleep(0.007)
            until = time.perf_counter() + 0.002  # more than the sleep takes at this speed
            while time.perf_counter() < until:
                pass
            times.append(clock.now_ns())

    run_world(main, clock=clock.trio_clock)
    assert times == [7_000_000 * count for count in range(1, 6)]


@pytest.mark.real
def test_time_keeps_the_wall_clocks_pace_while_a_real_socket_is_waited_for():
    clock = WorldClock()

    async def main() -> None:
        board = RealInterface(clock)
        board.link_up(LinkQuality(), "192.168.4.2")
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(trio.serve_tcp, echo, 0)
            nursery.start_soon(trio.sleep, 3600)  # a deadline that an unguarded wait would jump to
            stream = await board.connect("127.0.0.1", listeners[0].socket.getsockname()[1])
            with trio.fail_after(10):
                await stream.send_all(b"real")
                assert await stream.receive_some() == b"real"
            assert 0.02 <= trio.current_time() < 10
            await stream.aclose()

            await trio.sleep(1000)
            assert trio.current_time() >= 1000
            nursery.cancel_scope.cancel()

    started = time.perf_counter()
    run_world(main, clock=clock.trio_clock)
    assert time.perf_counter() - started < 10


@pytest.mark.real
def test_a_real_ping_measures_the_host_or_says_that_it_may_not():
    clock = WorldClock()

    async def main() -> float | None:
        board = RealInterface(clock)
        board.link_up(LinkQuality(), "192.168.4.2")
        return await board.ping("127.0.0.1", 33, 2.0)

    try:
        round_trip = run_world(main, clock=clock.trio_clock)
    except PingNotPermittedError:
        return
    assert round_trip is not None
    assert 0 < round_trip < 2
