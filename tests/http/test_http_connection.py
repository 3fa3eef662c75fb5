"""One request on one connection: exact answers, limits for slow clients, and silence for those that leave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
from trio.testing import MemoryReceiveStream, MemorySendStream, memory_stream_pair

from simulator.http import Limits, Request, Response, serve_connection
from tests.helpers import run_virtual

Client = trio.StapledStream[MemorySendStream, MemoryReceiveStream]
LIMITS = Limits(head_bytes=200, body_bytes=100, receive_s=5, send_s=7, drain_s=1)
IMAGE = bytes(range(256)) * 1024


async def greet(_request: Request) -> Response:
    return Response(
        status=200, reason="OK", headers=(("Content-Type", "text/plain"), ("X-Mixed-cASE", "a")), body=b"hi"
    )


def talk(
    client: Callable[[Client], Awaitable[None]],
    handler: Callable[[Request], Awaitable[Response]] = greet,
) -> tuple[bytes, float]:
    """Serve one ``client``; return all that it was sent, and how long the connection took."""

    async def main() -> tuple[bytes, float]:
        near, far = memory_stream_pair()
        received = bytearray()

        async def receive() -> None:
            async for data in near:
                received.extend(data)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(client, near)
            nursery.start_soon(receive)
            await serve_connection(far, handler, LIMITS)
            with pytest.raises(trio.ClosedResourceError):
                await far.receive_some()
            closed_at = trio.current_time()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        return bytes(received), closed_at

    return run_virtual(main)


def sending(*parts: bytes, pause_s: float = 0) -> Callable[[Client], Awaitable[None]]:
    async def client(stream: Client) -> None:
        with suppress(trio.BrokenResourceError):  # the server may have had enough
            for part in parts:
                await stream.send_all(part)
                await trio.sleep(pause_s)

    return client


def remember(seen: list[Request]) -> Callable[[Request], Awaitable[Response]]:
    async def handler(request: Request) -> Response:
        seen.append(request)
        return Response(status=204)

    return handler


def test_an_answer_is_written_as_it_was_given():
    assert talk(sending(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Mixed-cASE: a\r\n"
        b"Content-Length: 2\r\nConnection: close\r\n\r\nhi",
        0,
    )


def test_a_request_arrives_whole_however_it_was_cut():
    whole = b"POST /p?q HTTP/1.1\r\nHost: x \r\nX-Name: Value\r\nContent-Length: 4\r\n\r\nbody"
    seen: list[Request] = []
    talk(sending(whole), remember(seen))
    talk(sending(*(bytes([byte]) for byte in whole)), remember(seen))
    assert (
        seen[0]
        == seen[1]
        == Request(
            method="POST",
            target="/p?q",
            headers=(("host", "x"), ("x-name", "Value"), ("content-length", "4")),
            body=b"body",
        )
    )
    assert seen[0].header("x-name") == "Value"
    assert seen[0].header("x-other") is None


def test_a_long_body_is_sent_whole():
    async def handler(_request: Request) -> Response:
        return Response(status=200, body=IMAGE)

    received, _ = talk(sending(b"GET / HTTP/1.0\r\n\r\n"), handler)
    assert received.endswith(b"Connection: close\r\n\r\n" + IMAGE)


def test_head_gets_no_body():
    received, _ = talk(sending(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert received.endswith(b"Content-Length: 2\r\nConnection: close\r\n\r\n")


def test_a_client_that_waits_for_permission_gets_it():
    seen: list[Request] = []
    head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    received, _ = talk(sending(head, b"body", pause_s=1), remember(seen))
    assert received.startswith(b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n")
    assert seen[0].body == b"body"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300, b"431 Request Header Fields Too Large"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n" + b"a" * 101, b"413 Content Too Large"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", b"501 Not Implemented"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(sent: bytes, status: bytes):
    received, seconds = talk(sending(sent))
    assert received.startswith(b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain")
    assert received.endswith(b"\r\n\r\n" + status + b"\n")
    assert seconds == LIMITS.drain_s


def test_a_client_that_still_sends_a_refused_body_can_read_the_refusal():
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    received, seconds = talk(sending(head, *[b"a" * 101] * 100, pause_s=0.1))
    assert received.startswith(b"HTTP/1.1 413 ")
    assert seconds == pytest.approx(0.1 + LIMITS.drain_s)


@pytest.mark.parametrize(
    "client", [sending(), sending(b"GET / HT"), sending(*b"GET / HTTP/1.1\r\nX: a slow loris".split(b" "), pause_s=1)]
)
def test_a_request_that_is_not_complete_in_time_is_dropped(client: Callable[[Client], Awaitable[None]]):
    assert talk(client) == (b"", LIMITS.receive_s)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n"])
def test_a_client_that_leaves_early_is_forgotten(sent: bytes):
    async def leave(stream: Client) -> None:
        await stream.send_all(sent)
        await trio.sleep(1)
        await stream.send_eof()

    _, seconds = talk(leave)
    assert seconds == 1


def test_a_client_that_takes_nothing_is_given_up():
    async def main() -> None:
        near, far = memory_stream_pair()
        far.send_stream.send_all_hook = trio.sleep_forever
        await near.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await serve_connection(far, greet, LIMITS)
        assert trio.current_time() == LIMITS.send_s

    run_virtual(main)


def test_a_client_that_breaks_while_it_is_answered_is_forgotten():
    async def main() -> None:
        near, far = memory_stream_pair()

        async def break_off() -> None:
            raise trio.BrokenResourceError

        far.send_stream.send_all_hook = break_off
        await near.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await serve_connection(far, greet, LIMITS)

    run_virtual(main)


def test_a_bug_in_the_handler_is_not_hidden_and_the_stream_is_closed():
    async def broken(_request: Request) -> Response:
        raise ZeroDivisionError

    async def main() -> None:
        near, far = memory_stream_pair()
        await near.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ZeroDivisionError):
            await serve_connection(far, broken, LIMITS)
        assert await near.receive_some() == b""

    run_virtual(main)
