"""What does not fit: packets into a link, connections and datagrams into a board; and ends that are gone."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
import trio

from simulator.links import LinkQuality
from simulator.network import ConnectTimedOutError, VirtualInterface, VirtualNetwork
from simulator.network._virtual_stream import KEEPALIVE_S, RETRANSMISSION_LIMIT_S
from simulator.network.stacks import LINUX, LWIP, Stack
from simulator.rng import Rng
from simulator.units import NS_PER_MS
from tests.helpers import run_virtual

SERVER, BOARD = "203.0.113.9", "192.168.4.2"
FAST = LinkQuality(latency_ns=5 * NS_PER_MS, bandwidth_bps=0)
HEADERS_BYTES = 28
"""Of IPv4 and UDP."""


def hosts(
    air: LinkQuality = FAST, wire: LinkQuality = FAST, stack: Stack = LWIP
) -> tuple[VirtualInterface, VirtualInterface]:
    """A board and a server that reach each other."""
    network = VirtualNetwork(Rng(0))
    server = network.add_host("server.example", SERVER, wire)
    board = network.interface("b0", stack)
    board.link_up(air, BOARD)
    return board, server


async def arrives(sender: VirtualInterface, receiver: VirtualInterface, size: int) -> bool:
    """Return whether a datagram of so many bytes gets through."""
    near, far = sender.open_datagrams(), receiver.open_datagrams(7)
    await near.send_to(bytes(size), (receiver.address, 7))
    received = b""
    with trio.move_on_after(1):
        received, _ = await far.receive_from()
    near.close()
    far.close()
    return len(received) == size


async def is_broken(work: Awaitable[object]) -> bool:
    try:
        await work
    except trio.BrokenResourceError:
        return True
    return False


# -- packets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1472, 1473, 4000])
def test_a_board_neither_sends_nor_receives_what_is_larger_than_its_link(size: int) -> None:
    async def main() -> None:
        board, server = hosts()
        fits = size + HEADERS_BYTES <= 1500
        assert await arrives(board, server, size) is fits
        assert await arrives(server, board, size) is fits
        assert (await board.ping(SERVER, size, 1) is not None) is fits

    run_virtual(main)


def test_a_linux_host_cuts_what_is_larger_and_needs_every_piece() -> None:
    async def main() -> None:
        board, server = hosts(stack=LINUX)
        assert await arrives(board, server, 4000)
        lossy, server = hosts(LinkQuality(latency_ns=0, loss=0.2), stack=LINUX)
        small = sum([await arrives(lossy, server, 100) for _ in range(300)])
        large = sum([await arrives(lossy, server, 4000) for _ in range(300)])
        assert small / 300 == pytest.approx(0.8, abs=0.07)
        assert large / 300 == pytest.approx(0.8**3, abs=0.07)

    run_virtual(main)


def test_fragments_have_headers_of_their_own_on_a_slow_link() -> None:
    async def main() -> None:
        slow = LinkQuality(latency_ns=0, bandwidth_bps=8_000)  # 1 ms a byte
        sender, receiver = hosts(slow, LinkQuality(latency_ns=0, bandwidth_bps=0), LINUX)
        near, far = sender.open_datagrams(), receiver.open_datagrams(7)
        await near.send_to(bytes(4000), (SERVER, 7))
        await far.receive_from()
        assert trio.current_time() == pytest.approx((4000 + HEADERS_BYTES + 2 * 20) / 1000)

    run_virtual(main)


def test_a_narrow_link_on_the_way_is_a_routers_business_when_a_board_sends_and_its_own_when_it_receives() -> None:
    async def main() -> None:
        board, server = hosts(wire=LinkQuality(latency_ns=0, mtu_bytes=576))
        assert await arrives(board, server, 1000)
        assert not await arrives(server, board, 1000)

    run_virtual(main)


def test_smaller_segments_are_more_packets_that_can_get_lost() -> None:
    async def seconds(mtu_bytes: int) -> float:
        board, server = hosts(LinkQuality(latency_ns=5 * NS_PER_MS, bandwidth_bps=0, loss=0.01, mtu_bytes=mtu_bytes))
        listener = server.listen(80)
        near = await board.connect(SERVER, 80)
        far = await listener.accept()
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(far.send_all, bytes(3_000_000))
            received = 0
            while received < 3_000_000:
                received += len(await near.receive_some())
        return trio.current_time() - began

    async def main() -> None:
        assert await seconds(296) > 2 * await seconds(1500)

    run_virtual(main)


def test_reordered_datagrams_are_overtaken_and_none_is_lost() -> None:
    async def main() -> None:
        board, server = hosts(LinkQuality(latency_ns=5 * NS_PER_MS, bandwidth_bps=0, reordering=0.25))
        near, far = board.open_datagrams(), server.open_datagrams(7)
        for number in range(200):
            await near.send_to(bytes([number]), (SERVER, 7))
            await trio.sleep(0.001)
        order = [(await far.receive_from())[0][0] for _ in range(200)]
        assert sorted(order) == list(range(200))
        late = sum(number < max(order[:place], default=0) for place, number in enumerate(order))
        assert late / 200 == pytest.approx(0.25, abs=0.08)

    run_virtual(main)


# -- room -----------------------------------------------------------------------------------------------------------


def test_datagrams_that_a_board_has_no_room_for_are_lost_and_the_first_stay() -> None:
    async def main() -> None:
        board, server = hosts()
        near, far = server.open_datagrams(), board.open_datagrams(7)
        for number in range(9):
            await near.send_to(bytes([number]), (BOARD, 7))
        await trio.sleep(1)
        await near.send_to(b"late", (BOARD, 7))
        await trio.sleep(1)
        received = []
        with trio.move_on_after(1):
            while True:
                received.append((await far.receive_from())[0])
        assert received == [bytes([number]) for number in range(6)]
        await near.send_to(b"again", (BOARD, 7))
        assert (await far.receive_from())[0] == b"again"

    run_virtual(main)


def test_a_board_resets_whom_it_has_no_room_for_and_does_not_answer_whom_it_did_not_want() -> None:
    async def main() -> None:
        board, server = hosts()
        roomy, small = board.listen(80, 32), board.listen(81, 2)
        waiting = [await server.connect(BOARD, 80) for _ in range(7)]
        assert await is_broken(waiting[6].receive_some())
        await waiting[0].send_all(b"hello")
        assert await (await roomy.accept()).receive_some() == b"hello"
        for _ in range(2):
            await server.connect(BOARD, 81)
        with pytest.raises(ConnectTimedOutError):
            await server.connect(BOARD, 81)
        await small.accept()
        await server.connect(BOARD, 81)

    run_virtual(main)


# -- half-open connections ------------------------------------------------------------------------------------------


async def half_open(board: VirtualInterface, server: VirtualInterface) -> trio.abc.HalfCloseableStream:
    """Return the server's end of a connection whose board has lost its power."""
    listener = server.listen(443)
    await board.connect(SERVER, 443)
    far = await listener.accept()
    board.link_down()
    return far


def test_who_sends_to_a_board_that_is_back_is_told_that_it_knows_nothing() -> None:
    async def main() -> None:
        board, server = hosts()
        far = await half_open(board, server)
        board.link_up(FAST, BOARD)
        assert await is_broken(far.send_all(b"are you there?"))

    run_virtual(main)


def test_who_was_sending_hears_it_with_the_next_repetition() -> None:
    async def main() -> None:
        board, server = hosts()
        far = await half_open(board, server)
        began = trio.current_time()
        await far.send_all(b"nobody gets this")
        await trio.sleep(5)
        board.link_up(FAST, BOARD)
        assert await is_broken(far.receive_some())
        assert trio.current_time() - began == pytest.approx(0.2 + 0.4 + 0.8 + 1.6 + 3.2)

    run_virtual(main)


def test_who_only_listens_hears_it_with_the_first_probe() -> None:
    async def main() -> None:
        board, server = hosts()
        far = await half_open(board, server)
        began = trio.current_time()
        board.link_up(FAST, BOARD)
        assert await is_broken(far.receive_some())
        assert trio.current_time() - began == pytest.approx(KEEPALIVE_S)

    run_virtual(main)


def test_another_address_answers_for_nobody() -> None:
    async def main() -> None:
        board, server = hosts()
        far = await half_open(board, server)
        board.link_up(FAST, "192.168.4.77")
        began = trio.current_time()
        await far.send_all(b"are you there?")
        assert await is_broken(far.receive_some())
        assert trio.current_time() - began == pytest.approx(RETRANSMISSION_LIMIT_S)

    run_virtual(main)


def test_a_server_that_restarts_leaves_a_board_half_open_until_it_sends() -> None:
    async def main() -> None:
        board, server = hosts()
        listener = server.listen(443)
        near = await board.connect(SERVER, 443)
        await listener.accept()
        server.link_down()
        server.link_up(FAST, SERVER)
        with trio.move_on_after(60) as patience:
            await near.receive_some()
        assert patience.cancelled_caught
        assert await is_broken(near.send_all(b"hello?"))

    run_virtual(main)
