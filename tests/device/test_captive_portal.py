"""An access point behind which every name leads to a portal that wants one to log in first."""

from __future__ import annotations

import ssl

import pytest
import trio

from simulator.boards.schema import Profile
from simulator.device.device import Device
from simulator.errors import UsageError
from simulator.network.redirect import ServerAddress
from simulator.ota_server import made_credentials
from simulator.portal import PORTAL_NAME
from simulator.wifi import AccessPoint, Lan
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID, printed

PORTAL = "203.0.113.252"


async def asking(world: World, profile: Profile) -> Device:
    """Return a board that has joined and has asked for an update once."""
    board = world.new_board(script=JOIN + 'print("result", net.ota())', profile=profile)
    world.power_on(board)
    assert await board.finished(), board.why_stuck
    return board


async def ask(board: Device) -> str:
    """Let the board ask for an update again, and return what it says then."""
    before = len(board.console)
    board.receive(b'print("again", net.ota())\r')
    assert await board.finished()
    return board.console[before:].decode()


def test_a_stock_board_talks_to_the_portal_as_to_its_server_and_says_nothing() -> None:
    async def main(world: World) -> tuple[str, str]:
        let_go = world.hold_captive(world.add_access_point(SSID, PASSWORD))
        board = await asking(world, "stock")
        before = printed(board.console.decode())
        let_go()
        return before, await ask(board)

    captive, free = run_in_world(main)
    assert captive.endswith("Current firmware commit is 6b455df4965c2242754a80896562e254ba0ee528\r\r\nresult\r\n")
    assert "Missing or bad arguments" in free  # the real server knows no firmware for it


def test_a_hardened_board_refuses_the_certificate_of_the_portal() -> None:
    async def main(world: World) -> tuple[str, str]:
        let_go = world.hold_captive(world.add_access_point(SSID, PASSWORD))
        board = await asking(world, "hardened")
        before = printed(board.console.decode())
        let_go()
        return before, await ask(board)

    captive, free = run_in_world(main)
    assert "result\trefused\tthe server's certificate is no good: unable to get local issuer certificate" in captive
    assert "again\trefused\tthe server does not know this firmware (470)" in free


def test_every_name_leads_to_the_portal_and_only_behind_that_access_point() -> None:
    async def main(world: World) -> None:
        hotel = world.air.add(AccessPoint("hotel", PASSWORD, lan=Lan("10.0.0.0/24")))
        world.add_access_point("home", PASSWORD)
        world.network.add_host("example.org", "203.0.113.80")
        for ssid in ("hotel", "home"):
            world.power_on(board := world.new_board(script=JOIN.replace(SSID, ssid), name=ssid))
            assert await board.finished()
        world.hold_captive(hotel)
        for name in ("example.org", "there.is.no.such"):
            assert await world.network.interface("hotel").resolve(name) == [PORTAL]
        assert await world.network.interface("home").resolve("example.org") == ["203.0.113.80"]

    run_in_world(main)


@pytest.mark.parametrize(("port", "secure"), [(80, False), (443, True)])
@pytest.mark.parametrize(
    ("host", "target", "answer"),
    [
        ("example.org", "/login", b"302 Found"),
        (PORTAL_NAME, "/", b"302 Found"),
        (PORTAL_NAME, "/login", b"200 OK"),
    ],
)
def test_the_portal_sends_everybody_to_its_login_page(
    port: int, secure: bool, host: str, target: str, answer: bytes
) -> None:
    async def main(world: World) -> bytes:
        world.hold_captive(world.add_access_point(SSID))
        client = world.network.add_host("client", "203.0.113.90")
        stream: trio.abc.Stream = await client.connect(PORTAL, port)
        if secure:
            trusting = ssl.create_default_context(cadata=made_credentials(PORTAL_NAME).authority.decode())
            stream = trio.SSLStream(stream, trusting, server_hostname=PORTAL_NAME)
        await stream.send_all(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while data := await stream.receive_some():
            received += data
        return received

    received = run_in_world(main)
    assert received.startswith(b"HTTP/1.1 " + answer)
    assert (b"Location: http://portal.example/login" in received) is (answer == b"302 Found")


def test_a_real_update_server_and_a_captive_portal_do_not_go_together() -> None:
    async def main(world: World) -> None:
        with pytest.raises(UsageError, match="built-in"):
            world.hold_captive(world.add_access_point(SSID))

    run_in_world(main, server=ServerAddress("127.0.0.1", 1))
