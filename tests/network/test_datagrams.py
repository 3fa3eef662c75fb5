"""UDP: when datagrams arrive in the virtual network, which do not, and the same interface on the host's sockets."""

from __future__ import annotations

import errno
import socket

import pytest
import trio

from simulator.links import LinkQuality
from simulator.network import Datagrams, LinkDatagrams, LinkDownError, RealInterface, VirtualNetwork, WorldClock
from simulator.rng import Rng
from simulator.units import NS_PER_MS
from tests.helpers import run_virtual

SERVER, BOARD = "203.0.113.9", "192.168.4.2"
AIR = LinkQuality(latency_ns=3 * NS_PER_MS, bandwidth_bps=8_000_000)  # 1,000 bytes take 1 ms
BACKBONE = LinkQuality(latency_ns=7 * NS_PER_MS, bandwidth_bps=0)


def network(air: LinkQuality = AIR) -> VirtualNetwork:
    made = VirtualNetwork(Rng(0))
    made.add_host("server.example", SERVER, BACKBONE)
    made.interface("b0").link_up(air, BOARD)
    return made


def pair(air: LinkQuality = AIR) -> tuple[Datagrams, Datagrams]:
    """The board's socket and the server's, on port 123."""
    made = network(air)
    return made.interface("b0").open_datagrams(), made.interface("server.example").open_datagrams(123)


def test_a_datagram_arrives_whole_after_latency_and_transmission() -> None:
    async def main() -> None:
        board, server = pair()
        await board.send_to(b"x" * 972, (SERVER, 123))
        await board.send_to(b"", (SERVER, 123))
        assert await server.receive_from() == (b"x" * 972, (BOARD, board.port))
        assert trio.current_time() == pytest.approx(0.011)
        assert await server.receive_from() == (b"", (BOARD, board.port))

    run_virtual(main)


def test_an_answer_comes_back_to_the_port_that_asked() -> None:
    async def main() -> None:
        board, server = pair()
        await board.send_to(b"?", (SERVER, 123))
        _, sender = await server.receive_from()
        await server.send_to(b"!", sender)
        assert await board.receive_from() == (b"!", (SERVER, 123))

    run_virtual(main)


def test_jitter_lets_datagrams_overtake_each_other() -> None:
    async def main() -> None:
        board, server = pair(LinkQuality(latency_ns=3 * NS_PER_MS, jitter_ns=50 * NS_PER_MS))
        for number in range(20):
            await board.send_to(bytes([number]), (SERVER, 123))
        order = [(await server.receive_from())[0][0] for _ in range(20)]
        assert sorted(order) == list(range(20)) != order

    run_virtual(main)


def test_some_datagrams_get_lost_and_nobody_is_told() -> None:
    async def main() -> None:
        board, server = pair(LinkQuality(loss=0.5))
        for number in range(100):
            await board.send_to(bytes([number]), (SERVER, 123))
        received = 0
        with trio.move_on_after(10):
            while True:
                await server.receive_from()
                received += 1
        assert 30 < received < 70

    run_virtual(main)


def test_what_reaches_nobody_is_no_error() -> None:
    async def main() -> None:
        board, _ = pair()
        await board.send_to(b"x", (SERVER, 124))
        await board.send_to(b"x", ("203.0.113.77", 123))

    run_virtual(main)


def test_without_a_link_there_is_no_route_and_the_socket_lives_on() -> None:
    async def main() -> None:
        made = network()
        interface = made.interface("b0")
        server = made.interface("server.example").open_datagrams(123)
        board = interface.open_datagrams()
        interface.link_down()
        with pytest.raises(LinkDownError):
            await board.send_to(b"x", (SERVER, 123))
        interface.link_up(AIR, BOARD)
        await board.send_to(b"y", (SERVER, 123))
        assert (await server.receive_from())[0] == b"y"

    run_virtual(main)


def test_a_port_is_given_once_and_again_after_it_was_closed() -> None:
    async def main() -> None:
        interface = network().interface("b0")
        first = interface.open_datagrams(5000)
        with pytest.raises(OSError, match="in use") as caught:
            interface.open_datagrams(5000)
        assert caught.value.errno == errno.EADDRINUSE
        first.close()
        first.close()
        assert interface.open_datagrams(5000).port == 5000

    run_virtual(main)


def test_closing_ends_the_wait_for_a_datagram() -> None:
    async def main() -> None:
        board, _ = pair()
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def wait() -> None:
                with pytest.raises(trio.ClosedResourceError):
                    await board.receive_from()

            await trio.sleep(1)
            board.close()
        with pytest.raises(trio.ClosedResourceError):
            await board.send_to(b"x", (SERVER, 123))

    run_virtual(main)


@pytest.mark.real
def test_the_hosts_sockets_carry_datagrams_as_a_client() -> None:
    clock = WorldClock()

    async def main() -> None:
        interface = RealInterface(clock)
        board = interface.open_datagrams()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            with pytest.raises(LinkDownError):
                await board.send_to(b"?", server.getsockname())
            interface.link_up(LinkQuality(), BOARD)
            await board.send_to(b"?", server.getsockname())
            data, sender = server.recvfrom(100)
            assert (data, sender[1]) == (b"?", board.port)
            server.sendto(b"!", sender)
            assert await board.receive_from() == (b"!", server.getsockname())
        board.close()
        with pytest.raises(OSError, match="does not listen"):
            interface.open_datagrams(123)

    trio.run(main, clock=clock.trio_clock)


# -- on one link ------------------------------------------------------------------------------------------------------

LAN, ELSEWHERE = "a network", "another network"
GROUP, GROUP_6, PORT = "224.0.0.251", "ff02::fb", 5353
HERE, THERE = "fe80::1", "fe80::2"


async def waiting(socket: Datagrams) -> list[tuple[bytes, str]]:
    """What has come, and from where."""
    found = []
    with trio.move_on_after(1):
        while True:
            data, (address, _) = await socket.receive_from()
            found.append((data, address))
    return found


def on_link(network: VirtualNetwork, name: str, address: str, segment: str = LAN) -> LinkDatagrams:
    return network.interface(name).open_on_link(PORT, address=address, segment=segment, quality=AIR)


def test_a_socket_on_a_link_reaches_its_group_there_by_its_own_protocol() -> None:
    async def main() -> None:
        made = network()
        first, second = on_link(made, "b0", HERE), on_link(made, "b1", THERE)
        others = [on_link(made, "b1", "192.168.1.2"), on_link(made, "b2", "fe80::3", ELSEWHERE)]
        await first.send_to(b"?", (GROUP_6, PORT))
        assert await waiting(second) == [(b"?", HERE)]
        await second.send_to(b"!", (HERE, PORT))
        await second.send_to(b"nobody", (HERE, PORT + 1))
        assert await waiting(first) == [(b"!", THERE)]
        assert [await waiting(socket) for socket in others] == [[], []]

    run_virtual(main)


def test_a_socket_on_a_link_and_an_ordinary_one_hear_each_other() -> None:
    async def main() -> None:
        made = network()
        made.interface("phone").link_up(AIR, "192.168.1.9", segment=LAN)
        phone, board = made.interface("phone").open_datagrams(PORT), on_link(made, "b0", "192.168.1.2")
        await phone.send_to(b"?", (GROUP, PORT))
        assert await waiting(board) == [(b"?", "192.168.1.9")]
        await board.send_to(b"!", ("192.168.1.9", PORT))
        await board.send_to(b"all", (GROUP, PORT))
        assert await waiting(phone) == [(b"!", "192.168.1.2"), (b"all", "192.168.1.2")]
        board.close()
        await phone.send_to(b"?", (GROUP, PORT))
        assert made.on_links == []

    run_virtual(main)


def test_two_links_of_one_board_in_one_network_hear_each_other() -> None:
    async def main() -> None:
        made = network()
        air, cable = on_link(made, "b0", "192.168.1.2"), on_link(made, "b0", "192.168.1.3")
        await air.send_to(b"me", (GROUP, PORT))
        assert await waiting(cable) == [(b"me", "192.168.1.2")]
        assert await waiting(air) == []

    run_virtual(main)


def test_a_link_that_is_silent_carries_nothing() -> None:
    async def main() -> None:
        made = network()
        first, second = on_link(made, "b0", HERE), on_link(made, "b1", THERE)
        first.set_quality(LinkQuality(loss=1))
        await first.send_to(b"?", (GROUP_6, PORT))
        assert await waiting(second) == []

    run_virtual(main)


def test_the_host_s_sockets_know_no_link_of_a_board() -> None:
    interface = RealInterface(WorldClock())
    with pytest.raises(OSError, match="does not listen") as caught:
        interface.open_on_link(PORT, address=HERE, segment=LAN, quality=AIR)
    assert caught.value.errno == errno.EOPNOTSUPP
