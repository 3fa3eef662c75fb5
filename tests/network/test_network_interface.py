"""What `NetworkInterface` promises, asked of the virtual network and of the host's sockets alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import check_half_closeable_stream

from simulator.determinism import run_world
from simulator.links import LinkQuality
from simulator.network import (
    ConnectRefusedError,
    LinkDownError,
    NameNotFoundError,
    NetworkInterface,
    RealInterface,
    VirtualNetwork,
    WorldClock,
)
from simulator.rng import Rng

BOARD_ADDRESS = "192.168.4.2"
FAST = LinkQuality(latency_ns=0, bandwidth_bps=0)


@dataclass
class Site:
    """A board's interface, and a host called ``server_name`` that listens on ``port`` and hands out what it accepts."""

    board: NetworkInterface
    server_name: str
    server_address: str
    port: int
    accepted: trio.abc.ReceiveChannel[trio.abc.HalfCloseableStream]
    opened: list[trio.abc.HalfCloseableStream] = field(default_factory=list)

    async def pair(self) -> tuple[trio.abc.HalfCloseableStream, trio.abc.HalfCloseableStream]:
        """Return the board's end and the server's end of a new connection."""
        near = await self.board.connect(self.server_address, self.port)
        self.opened.append(near)
        far = await self.accepted.receive()
        self.opened.append(far)
        return near, far


SiteMaker = Callable[[WorldClock], AbstractAsyncContextManager[Site]]


@asynccontextmanager
async def virtual_site(_clock: WorldClock) -> AsyncIterator[Site]:
    network = VirtualNetwork(Rng(0))
    server = network.add_host("localhost", "127.0.0.1", FAST)
    async with serving(network.interface("b0"), [server.listen(8443)], "127.0.0.1", 8443) as site:
        yield site


@asynccontextmanager
async def real_site(clock: WorldClock) -> AsyncIterator[Site]:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    address, port = listeners[0].socket.getsockname()
    async with serving(RealInterface(clock), listeners, address, port) as site:
        yield site


@asynccontextmanager
async def serving(
    board: NetworkInterface,
    listeners: Sequence[trio.abc.Listener[trio.abc.HalfCloseableStream]],
    address: str,
    port: int,
) -> AsyncIterator[Site]:
    offer, accepted = trio.open_memory_channel[trio.abc.HalfCloseableStream](100)

    async def hand_over(stream: trio.abc.HalfCloseableStream) -> None:
        offer.send_nowait(stream)
        await trio.sleep_forever()  # returning would close it

    board.link_up(FAST, BOARD_ADDRESS)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, hand_over, list(listeners))
        site = Site(board, "localhost", address, port, accepted)
        yield site
        for stream in site.opened:
            await trio.aclose_forcefully(stream)
        nursery.cancel_scope.cancel()


@pytest.fixture(
    params=[pytest.param(virtual_site, id="virtual"), pytest.param(real_site, id="real", marks=pytest.mark.real)]
)
def on_site(request: pytest.FixtureRequest) -> Callable[[Callable[[Site], object]], None]:
    """Return a function that runs an async test on a site, virtual or real."""
    make_site: SiteMaker = request.param
    clock = WorldClock()

    def run(test: Callable[[Site], object]) -> None:
        async def main() -> None:
            async with make_site(clock) as site:
                await test(site)  # type: ignore[misc]

        run_world(main, clock=clock.trio_clock)

    return run


def test_streams_keep_trios_rules(on_site):
    async def test(site: Site) -> None:
        await check_half_closeable_stream(site.pair, None)

    on_site(test)


def test_a_name_is_resolved_and_an_address_is_its_own_name(on_site):
    async def test(site: Site) -> None:
        assert await site.board.resolve(site.server_name) == [site.server_address]
        assert await site.board.resolve("10.1.2.3") == ["10.1.2.3"]

    on_site(test)


def test_an_unknown_name_is_not_found(on_site):
    async def test(site: Site) -> None:
        with pytest.raises(NameNotFoundError, match=r"nobody\.invalid"):
            await site.board.resolve("nobody.invalid")

    on_site(test)


def test_bytes_go_both_ways_and_each_way_ends_by_itself(on_site):
    async def test(site: Site) -> None:
        near, far = await site.pair()
        await near.send_all(b"question")
        await near.send_eof()
        assert await far.receive_some() == b"question"
        assert await far.receive_some() == b""
        await far.send_all(b"answer")
        await far.aclose()
        assert await near.receive_some() == b"answer"
        assert await near.receive_some() == b""

    on_site(test)


def test_a_port_where_nobody_listens_refuses(on_site):
    async def test(site: Site) -> None:
        with pytest.raises(ConnectRefusedError) as caught:
            await site.board.connect(site.server_address, 1)
        assert (caught.value.address, caught.value.port) == (site.server_address, 1)

    on_site(test)


def test_without_a_link_nothing_is_found_and_nothing_connects(on_site):
    async def test(site: Site) -> None:
        site.board.link_down()
        assert (site.board.is_up, site.board.address) == (False, "")
        with pytest.raises(NameNotFoundError):
            await site.board.resolve(site.server_name)
        with pytest.raises(LinkDownError):
            await site.board.connect(site.server_address, site.port)
        assert await site.board.ping(site.server_address, 32, 0.01) is None

    on_site(test)


def test_losing_the_link_breaks_streams_that_wait_and_those_that_do_not(on_site):
    async def test(site: Site) -> None:
        waiting, _ = await site.pair()
        idle, _ = await site.pair()

        async def wait_for_data() -> None:
            with pytest.raises(trio.BrokenResourceError):
                await waiting.receive_some()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_data)
            await trio.testing.wait_all_tasks_blocked()
            site.board.link_down()
        for use in (idle.receive_some, idle.wait_send_all_might_not_block, idle.send_eof):
            with pytest.raises(trio.BrokenResourceError):
                await use()
        await idle.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await idle.receive_some()

    on_site(test)


def test_another_address_ends_what_used_the_old_one_and_the_same_address_does_not(on_site):
    async def test(site: Site) -> None:
        near, far = await site.pair()
        site.board.link_up(LinkQuality(latency_ns=1000), BOARD_ADDRESS)
        await near.send_all(b"still here")
        assert await far.receive_some() == b"still here"
        site.board.link_up(FAST, "192.168.4.3")
        with pytest.raises(trio.BrokenResourceError):
            await near.send_all(b"gone")
        assert (await site.pair())[0] is not near

    on_site(test)
