"""Many clients at once, some of them hostile: nobody else notices, and memory stays bounded."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from simulator.http import Limits
from simulator.ota_protocol import Catalogue, Firmware
from simulator.ota_server import Metrics, OtaServer, Policy, RateLimit, Rollout, made_credentials, server_context
from simulator.ota_server.connections import Connections
from tests.helpers import run_virtual

IMAGE = bytes(range(256)) * 1024
TARGET = "/?firmware=A-OTA&commit=0000000"


def serving(
    clients: Callable[[Callable[[], Awaitable[trio.SocketStream]], OtaServer], Awaitable[Any]],
    policy: Policy | None = None,
    limits: Limits | None = None,
) -> Any:
    """Run a server on a real port, and ``clients`` with a function that connects to it."""

    async def main() -> Any:
        catalogue = Catalogue()
        catalogue.publish(Firmware(ids=("A-OTA",), commit="abc" * 4, image=IMAGE))
        server = OtaServer(
            catalogue, server_context(made_credentials()), policy=policy or Policy(), limits=limits or Limits()
        )
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, [listener])
            result = await clients(lambda: trio.open_tcp_stream("127.0.0.1", port), server)
            nursery.cancel_scope.cancel()
        return result

    return trio.run(main)


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


CONTEXT = client_context()


async def fetch(connect: Callable[[], Awaitable[trio.SocketStream]], target: str = TARGET) -> bytes:
    """Return the whole answer."""
    async with trio.SSLStream(await connect(), CONTEXT) as tls:
        await tls.send_all(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return b"".join([bytes(part) async for part in tls])


async def status(connect: Callable[[], Awaitable[trio.SocketStream]], target: str = TARGET) -> int:
    return int((await fetch(connect, target)).split()[1])


# -- hostile ---------------------------------------------------------------------------------------------------------


async def says_nothing(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def talks_slowly(stream: trio.SocketStream) -> None:
    tls = trio.SSLStream(stream, CONTEXT)
    for byte in b"GET / HTTP/1.1\r\nX-Slow: " + b"z" * 10_000:
        await tls.send_all(bytes([byte]))
        await trio.sleep(0.2)


async def sends_a_giant_head(stream: trio.SocketStream) -> None:
    tls = trio.SSLStream(stream, CONTEXT)
    await tls.send_all(b"GET / HTTP/1.1\r\n")
    while True:
        await tls.send_all(b"X-Giant: " + b"g" * 8000 + b"\r\n")


async def sends_a_giant_body(stream: trio.SocketStream) -> None:
    tls = trio.SSLStream(stream, CONTEXT)
    await tls.send_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n")
    while True:
        await tls.send_all(bytes(16384))


async def sends_noise(stream: trio.SocketStream) -> None:
    await stream.send_all(bytes(range(256)) * 20)
    await trio.sleep_forever()


async def reads_nothing(stream: trio.SocketStream) -> None:
    tls = trio.SSLStream(stream, CONTEXT)
    await tls.send_all(f"GET {TARGET} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    await trio.sleep_forever()


HOSTILE = (says_nothing, talks_slowly, sends_a_giant_head, sends_a_giant_body, sends_noise, reads_nothing)


def test_of_a_thousand_clients_the_nine_hundred_honest_ones_get_the_exact_bytes() -> None:
    async def clients(connect: Callable[[], Awaitable[trio.SocketStream]], server: OtaServer) -> list[bytes]:
        answers: list[bytes] = []

        async def honest() -> None:
            answers.append(await fetch(connect))

        async def hostile(deed: Callable[[trio.SocketStream], Awaitable[None]]) -> None:
            try:
                async with await connect() as stream:
                    await deed(stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # the server has had enough

        async with trio.open_nursery() as attackers:
            for number in range(100):
                attackers.start_soon(hostile, HOSTILE[number % len(HOSTILE)])
            async with trio.open_nursery() as nursery:
                for _ in range(900):
                    nursery.start_soon(honest)
            attackers.cancel_scope.cancel()
        return answers

    answers = serving(clients)
    assert len(answers) == 900
    assert all(answer.endswith(b"\r\n\r\n" + IMAGE) for answer in answers)


def test_idle_connections_give_way_to_those_who_ask() -> None:
    async def clients(connect: Callable[[], Awaitable[trio.SocketStream]], server: OtaServer) -> tuple[int, int, int]:
        idle = [await connect() for _ in range(60)]
        for _ in range(100):
            await trio.sleep(0.01)
            if server.connections.evicted >= 10:
                break
        answer = await status(connect)
        open_now = len(server.connections)
        for stream in idle:
            await stream.aclose()
        return answer, open_now, server.connections.evicted

    answer, open_now, evicted = serving(clients, Policy(connections_max=50))
    assert answer == 200
    assert open_now <= 51
    assert evicted >= 10


def test_the_first_to_go_is_the_one_who_waits_longest_and_never_one_who_is_answered() -> None:
    async def main() -> tuple[list[str], int]:
        connections = Connections(2)
        gone: list[str] = []

        async def visit(name: str, asks: bool) -> None:
            with connections.admit() as connection:
                if asks:
                    connection.asked()
                await trio.sleep(100)
            if connection.scope.cancelled_caught:
                gone.append(name)

        async with trio.open_nursery() as nursery:
            for name, asks in (
                ("answered", True),
                ("waits", False),
                ("later", False),
                ("latest", True),
                ("no room", True),
            ):
                nursery.start_soon(visit, name, asks)
                await trio.sleep(1)
        return gone, connections.evicted

    gone, evicted = run_virtual(main)
    assert gone == ["waits", "later", "no room"]
    assert evicted == 3


def test_whoever_asks_too_often_is_told_to_wait_and_the_counts_are_on_a_page() -> None:
    async def clients(connect: Callable[[], Awaitable[trio.SocketStream]], server: OtaServer) -> tuple[list[int], str]:
        statuses = [await status(connect) for _ in range(4)]
        return statuses, (await fetch(connect, "/metrics")).decode()

    statuses, page = serving(clients, Policy(rate_limit=RateLimit(2, 3600), metrics=Metrics()))
    assert statuses == [200, 200, 429, 429]
    assert "\r\nContent-Type: text/plain; version=0.0.4" in page
    assert 'luatwin_ota_firmware{firmware="A-OTA",commit="abcabcabcabc"} 262144' in page


def test_a_board_that_is_not_in_the_rollout_has_the_newest_firmware() -> None:
    async def clients(connect: Callable[[], Awaitable[trio.SocketStream]], server: OtaServer) -> bytes:
        return await fetch(connect)

    answer = serving(clients, Policy(rollout=lambda: Rollout(0)))
    assert answer.startswith(b"HTTP/1.1 471 ")
    assert answer.endswith(b"No new firmware available: abcabcabcabc is not yet for 127.0.0.1\n")


@pytest.mark.parametrize("target", ["/next.bin", "/../etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd", "/metrics"])
def test_nothing_but_the_question_can_be_reached(target: str) -> None:
    async def clients(connect: Callable[[], Awaitable[trio.SocketStream]], server: OtaServer) -> int:
        return await status(connect, target)

    assert serving(clients) == 404
