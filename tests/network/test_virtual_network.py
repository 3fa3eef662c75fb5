"""Time, loss and the ends of connections in the virtual network."""

from __future__ import annotations

import errno

import pytest
import trio
from trio.testing import check_half_closeable_stream

from simulator.links import LinkQuality
from simulator.network import (
    ConnectRefusedError,
    ConnectTimedOutError,
    LinkDownError,
    NameNotFoundError,
    VirtualInterface,
    VirtualListener,
    VirtualNetwork,
)
from simulator.network._virtual_stream import KEEPALIVE_LIMIT_S, RETRANSMISSION_LIMIT_S, WINDOW_BYTES, VirtualStream
from simulator.network.interface import CONNECT_TIMEOUT_S, SYN_RETRY_S
from simulator.rng import Rng
from simulator.units import NS_PER_MS
from tests.helpers import run_virtual

SERVER = "203.0.113.9"
BOARD = "192.168.4.2"
AIR = LinkQuality(latency_ns=3 * NS_PER_MS, bandwidth_bps=8_000_000)  # 1,000 bytes take 1 ms
BACKBONE = LinkQuality(latency_ns=7 * NS_PER_MS, bandwidth_bps=0)
ROUND_TRIP_S = 2 * (0.003 + 0.007)


class World:
    """One board, one server with one listener."""

    def __init__(self, air: LinkQuality = AIR, seed: int = 0) -> None:
        self.network = VirtualNetwork(Rng(seed))
        self.server = self.network.add_host("Server.Example", SERVER, BACKBONE)
        self.board = self.network.interface("b0")
        self.board.link_up(air, BOARD)
        self.listener: VirtualListener = self.server.listen(443)

    async def pair(self) -> tuple[VirtualStream, VirtualStream]:
        near = await self.board.connect(SERVER, 443)
        return near, await self.listener.accept()


def elapsed_ms(started_at: float) -> float:
    return round((trio.current_time() - started_at) * 1000, 6)


def test_streams_keep_trios_rules_when_the_window_is_full():
    async def main() -> None:
        world = World()

        async def clogged_pair() -> tuple[VirtualStream, VirtualStream]:
            pair = await world.pair()
            for stream in pair:
                with trio.move_on_after(1):
                    while True:
                        await stream.send_all(bytes(WINDOW_BYTES))
            return pair

        await check_half_closeable_stream(world.pair, clogged_pair)

    run_virtual(main)


def test_connecting_takes_a_round_trip_and_tells_both_ends_who_they_are():
    async def main() -> None:
        world = World()
        started_at = trio.current_time()
        near, far = await world.pair()
        assert elapsed_ms(started_at) == ROUND_TRIP_S * 1000
        assert near.remote == far.local == (SERVER, 443)
        assert near.local == far.remote == (BOARD, 49152)

    run_virtual(main)


def test_data_takes_its_time_on_the_link_and_then_the_latency():
    async def main() -> None:
        near, far = await World().pair()
        started_at = trio.current_time()
        await near.send_all(bytes(2000))
        assert elapsed_ms(started_at) == 0
        assert len(await far.receive_some()) == 2000
        assert elapsed_ms(started_at) == 2 + 10

    run_virtual(main)


def test_a_transfer_is_as_fast_as_the_slowest_link():
    async def main() -> None:
        near, far = await World().pair()
        started_at = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(far.send_all, bytes(1_000_000))
            received = 0
            while received < 1_000_000:
                received += len(await near.receive_some())
        assert elapsed_ms(started_at) == 1000 + 10

    run_virtual(main)


def test_two_connections_share_the_link_of_a_board():
    async def main() -> None:
        world = World()
        (one, far_one), (two, far_two) = await world.pair(), await world.pair()
        started_at = trio.current_time()
        await far_one.send_all(bytes(10_000))
        await far_two.send_all(bytes(10_000))
        await two.receive_some()
        assert elapsed_ms(started_at) == 20 + 10
        await one.receive_some()
        assert elapsed_ms(started_at) == 20 + 10

    run_virtual(main)


def test_on_a_slow_link_data_trickles_in():
    async def main() -> None:
        near, far = await World(LinkQuality(latency_ns=0, bandwidth_bps=80_000)).pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(far.send_all, bytes(20_000))
            received = 0
            while received < 20_000:
                with trio.fail_after(0.2):
                    received += len(await near.receive_some())

    run_virtual(main)


def test_the_sender_waits_while_the_window_is_full():
    async def main() -> None:
        near, far = await World().pair()
        with trio.move_on_after(60) as scope:
            await far.send_all(bytes(10 * WINDOW_BYTES))
        assert scope.cancelled_caught
        assert WINDOW_BYTES <= len(await near.receive_some()) < 2 * WINDOW_BYTES

    run_virtual(main)


def test_a_quality_change_counts_for_what_is_sent_afterwards():
    async def main() -> None:
        world = World()
        near, far = await world.pair()
        await far.send_all(bytes(1000))
        world.board.link_up(LinkQuality(latency_ns=0, bandwidth_bps=800_000), BOARD)
        await far.send_all(bytes(1000))
        started_at = trio.current_time()
        await near.receive_some()
        assert elapsed_ms(started_at) == 1 + 10
        await near.receive_some()
        assert elapsed_ms(started_at) == 1 + 10 + 7

    run_virtual(main)


def test_jitter_delays_but_never_reorders():
    async def main() -> None:
        near, far = await World(LinkQuality(latency_ns=0, jitter_ns=50 * NS_PER_MS, bandwidth_bps=0)).pair()
        arrived = b""
        for number in range(100):
            await far.send_all(bytes([number]))
        started_at = trio.current_time()
        while len(arrived) < 100:
            arrived += await near.receive_some(1)
        assert arrived == bytes(range(100))
        assert 7 < elapsed_ms(started_at) <= 7 + 50

    run_virtual(main)


def test_lost_packets_cost_time_and_no_data():
    async def transfer(loss: float) -> float:
        near, far = await World(LinkQuality(latency_ns=NS_PER_MS, loss=loss)).pair()
        started_at = trio.current_time()
        received = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(far.send_all, bytes(200_000))
            while received < 200_000:
                received += len(await near.receive_some())
        return elapsed_ms(started_at)

    assert run_virtual(transfer, 0.0) < run_virtual(transfer, 0.05) < run_virtual(transfer, 0.5)


def test_a_link_that_loses_everything_breaks_both_ends_in_the_end():
    async def main() -> None:
        world = World()
        near, far = await world.pair()
        world.board.link_up(LinkQuality(loss=1.0), BOARD)
        started_at = trio.current_time()
        with pytest.raises(trio.BrokenResourceError):
            await far.send_all(bytes(10 * WINDOW_BYTES))
        assert elapsed_ms(started_at) == RETRANSMISSION_LIMIT_S * 1000
        with pytest.raises(trio.BrokenResourceError):
            await near.receive_some()
        assert elapsed_ms(started_at) == KEEPALIVE_LIMIT_S * 1000

    run_virtual(main)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_times_and_another_gives_others(seed):
    async def arrival_times(seed: int) -> list[float]:
        quality = LinkQuality(jitter_ns=NS_PER_MS, loss=0.1)
        near, far = await World(quality, seed).pair()
        await far.send_all(bytes(50_000))
        times = []
        for _ in range(3):
            await near.receive_some(1)
            times.append(trio.current_time())
        return times

    first = run_virtual(arrival_times, seed)
    assert first == run_virtual(arrival_times, seed)
    assert first != run_virtual(arrival_times, seed + 1)


def test_traffic_of_one_board_does_not_change_the_random_delays_of_another():
    async def delay_of_second_board(first_talks: bool) -> float:
        world = World(LinkQuality(jitter_ns=NS_PER_MS, bandwidth_bps=0))
        second = world.network.interface("b1")
        second.link_up(LinkQuality(jitter_ns=NS_PER_MS, bandwidth_bps=0), "192.168.4.3")
        if first_talks:
            await world.pair()
        started_at = trio.current_time()
        await second.connect(SERVER, 443)
        return elapsed_ms(started_at)

    assert run_virtual(delay_of_second_board, True) == run_virtual(delay_of_second_board, False)


def test_what_was_sent_before_closing_arrives_and_then_the_end():
    async def main() -> None:
        near, far = await World().pair()
        await far.send_all(b"last words")
        await far.aclose()
        assert await near.receive_some() == b"last words"
        assert await near.receive_some() == b""
        with pytest.raises(trio.BrokenResourceError):
            await near.send_all(b"too late")

    run_virtual(main)


def test_a_reset_lets_arrive_what_is_in_the_air_and_then_breaks_the_far_end():
    async def main() -> None:
        near, far = await World().pair()
        await far.send_all(bytes(1000))
        await far.send_all(bytes(20_000))
        await trio.sleep(0.002)
        started_at = trio.current_time()
        far.reset()
        with pytest.raises(trio.ClosedResourceError):
            await far.receive_some()
        assert len(await near.receive_some()) == 1000
        with pytest.raises(trio.BrokenResourceError):
            await near.receive_some()
        assert elapsed_ms(started_at) == 10
        with pytest.raises(trio.BrokenResourceError):
            await near.send_all(b"x")

    run_virtual(main)


def test_the_far_end_of_a_vanished_board_that_only_listens_notices_by_keep_alive():
    async def main() -> None:
        world = World()
        _, far = await world.pair()
        world.board.link_down()
        started_at = trio.current_time()
        with pytest.raises(trio.BrokenResourceError):
            await far.receive_some()
        assert elapsed_ms(started_at) == KEEPALIVE_LIMIT_S * 1000

    run_virtual(main)


def test_the_far_end_of_a_vanished_board_that_sends_notices_after_its_retransmissions():
    async def main() -> None:
        world = World()
        near, far = await world.pair()
        await near.send_all(b"arrived")
        await trio.sleep(1)
        await near.send_all(b"in the air")
        world.board.link_down()
        started_at = trio.current_time()
        await far.send_all(b"into the void")
        assert await far.receive_some() == b"arrived"
        with pytest.raises(trio.BrokenResourceError):
            await far.receive_some()
        assert elapsed_ms(started_at) == RETRANSMISSION_LIMIT_S * 1000

    run_virtual(main)


def test_a_host_that_is_not_there_costs_the_connect_timeout_of_lwip():
    async def main() -> None:
        world = World()
        started_at = trio.current_time()
        with pytest.raises(ConnectTimedOutError):
            await world.board.connect("203.0.113.77", 443)
        assert elapsed_ms(started_at) == CONNECT_TIMEOUT_S * 1000 == 18_500

    run_virtual(main)


def test_a_host_that_comes_up_meanwhile_answers_the_next_attempt():
    async def main() -> None:
        world = World()
        late = world.network.interface("late")
        late.listen(80)
        started_at = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.board.connect, "203.0.113.77", 80)
            await trio.sleep(1)
            late.link_up(BACKBONE, "203.0.113.77")
        assert elapsed_ms(started_at) == (SYN_RETRY_S + ROUND_TRIP_S) * 1000

    run_virtual(main)


def test_a_listener_that_accepts_nothing_lets_callers_wait_once_its_queue_is_full():
    async def main() -> None:
        world = World()
        for _ in range(128):
            await world.board.connect(SERVER, 443)
        with pytest.raises(ConnectTimedOutError):
            await world.board.connect(SERVER, 443)
        await world.listener.accept()
        await world.board.connect(SERVER, 443)

    run_virtual(main)


def test_a_closed_listener_refuses_and_resets_who_waits():
    async def main() -> None:
        world = World()
        waiting = await world.board.connect(SERVER, 443)
        await world.listener.aclose()
        await world.listener.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await waiting.receive_some()
        with pytest.raises(ConnectRefusedError):
            await world.board.connect(SERVER, 443)
        with pytest.raises(trio.ClosedResourceError):
            await world.listener.accept()
        world.server.listen(443)

    run_virtual(main)


def test_a_port_has_one_listener():
    async def main() -> None:
        with pytest.raises(OSError, match="443") as caught:
            World().server.listen(443)
        assert caught.value.errno == errno.EADDRINUSE

    run_virtual(main)


def test_losing_the_link_ends_a_connection_attempt_and_a_name_query_at_once():
    async def main() -> None:
        world = World()

        async def expect(error: type[Exception], use: object, *args: object) -> None:
            with pytest.raises(error):
                await use(*args)  # type: ignore[operator]

        started_at = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect, LinkDownError, world.board.connect, "203.0.113.77", 443)
            nursery.start_soon(expect, NameNotFoundError, world.board.resolve, "server.example")
            await trio.sleep(0.001)
            world.board.link_down()
        assert elapsed_ms(started_at) == 1

    run_virtual(main)


def test_names_are_found_whatever_their_case_and_can_change():
    async def main() -> None:
        world = World()
        started_at = trio.current_time()
        assert await world.board.resolve("SERVER.example") == [SERVER]
        assert elapsed_ms(started_at) == 6
        world.network.names["server.example"] = ["203.0.113.10", SERVER]
        assert await world.board.resolve("server.example") == ["203.0.113.10", SERVER]
        del world.network.names["server.example"]
        with pytest.raises(NameNotFoundError):
            await world.board.resolve("server.example")

    run_virtual(main)


def test_a_name_server_that_is_never_heard_costs_all_tries():
    async def main() -> None:
        world = World(LinkQuality(loss=1.0))
        started_at = trio.current_time()
        with pytest.raises(NameNotFoundError):
            await world.board.resolve("server.example")
        assert elapsed_ms(started_at) == 4000

    run_virtual(main)


def test_a_ping_measures_the_round_trip_with_its_own_size():
    async def main() -> None:
        world = World()
        assert await world.board.ping(SERVER, 972, 1.0) == pytest.approx(ROUND_TRIP_S + 2 * 0.001)
        assert await world.board.ping("203.0.113.77", 32, 1.0) is None
        assert await world.board.ping(SERVER, 32, 0.005) is None

    run_virtual(main)


def test_boards_reach_each_other():
    async def main() -> None:
        network = VirtualNetwork(Rng(0))
        boards: list[VirtualInterface] = [network.interface(name) for name in ("b0", "b1")]
        for number, board in enumerate(boards):
            board.link_up(AIR, f"192.168.4.{number}")
        listener = boards[1].listen(80)
        near = await boards[0].connect("192.168.4.1", 80)
        await near.send_all(b"hello")
        assert await (await listener.accept()).receive_some() == b"hello"

    run_virtual(main)


def test_only_an_ipv4_address_is_an_address():
    with pytest.raises(ValueError, match="fe80::1"):
        VirtualNetwork(Rng(0)).interface("b0").link_up(AIR, "fe80::1")
