"""A board that listens on the sockets of this host."""

from __future__ import annotations

import socket

import pytest
import trio

from simulator.links import LinkQuality
from simulator.network import RealInterface, WorldClock
from simulator.network.real import LOOPBACK


def free_address() -> tuple[str, int]:
    with socket.create_server((LOOPBACK, 0)) as found:
        return LOOPBACK, found.getsockname()[1]


def test_a_connection_of_this_host_is_accepted_and_breaks_with_the_link() -> None:
    clock = WorldClock()

    async def main() -> None:
        interface = RealInterface(clock)
        interface.link_up(LinkQuality(), "192.168.4.2")
        address = free_address()
        async with interface.listen(address[1]) as listener:
            with socket.create_connection(address) as client:
                accepted = await listener.accept()
                assert (accepted.local, accepted.remote) == (address, client.getsockname())
                client.sendall(b"?")
                assert await accepted.receive_some() == b"?"
                interface.link_down()
                with pytest.raises(trio.BrokenResourceError):
                    await accepted.send_all(b"!")
                await accepted.aclose()

    trio.run(main, clock=clock.trio_clock)


def test_a_port_that_another_program_has_is_refused() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, pytest.raises(OSError, match="in use"):
        RealInterface(WorldClock()).listen(taken.getsockname()[1])
