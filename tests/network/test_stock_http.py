"""The stock transport on the wire: what it sends, and what every kind of server makes it see."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio

from simulator.links import LinkQuality
from simulator.network import VirtualNetwork, VirtualStream
from simulator.network.stock_http import PIECE_BYTES, ReadEnd, StockBody, StockTransport
from simulator.network.stock_response import StockAnswer, StockFailure, StockHttpError, StockPanicError
from simulator.network.tls import stock_tls_version
from simulator.network.trace import event_trace
from simulator.ota_server.tls import made_credentials, server_context
from simulator.rng import Rng
from tests.helpers import run_virtual

SERVER = "ota.whitecatboard.org"
URL = f"https://{SERVER}/?firmware=N1ESP32-OTA&commit=0123456"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"

Tls = trio.SSLStream[VirtualStream]
Script = Callable[[Tls], Awaitable[None]]


class Site:
    """A board, and a server that does what a script says with its first connection."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.network = VirtualNetwork(Rng(0))
        self.board = self.network.interface("b0")
        self.board.link_up(LinkQuality(latency_ns=0, bandwidth_bps=0), "192.168.4.2")
        self.server = self.network.add_host(SERVER, "203.0.113.9", LinkQuality(latency_ns=0, bandwidth_bps=0))
        self.listener = self.server.listen(443)
        self._script = script
        self._context = context or server_context(made_credentials())

    async def serve(self) -> None:
        stream = await self.listener.accept()
        await self._script(trio.SSLStream(stream, self._context, server_side=True))

    @asynccontextmanager
    async def response(self, url: str = URL, **extensions: Any) -> AsyncIterator[httpx.Response]:
        """GET ``url`` from the board."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.serve)
            async with (
                httpx.AsyncClient(transport=StockTransport(self.board), trust_env=False) as client,
                client.stream("GET", url, extensions=extensions) as response,
            ):
                yield response
            nursery.cancel_scope.cancel()


def answering(*parts: bytes) -> Script:
    """Return a script that reads the request, sends ``parts`` as one TLS record each, and closes properly."""

    async def script(tls: Tls) -> None:
        await tls.receive_some()
        for part in parts:
            await tls.send_all(part)
        await tls.aclose()

    return script


def fetch(
    script: Script, context: ssl.SSLContext | None = None, **extensions: Any
) -> tuple[StockAnswer, list[bytes], ReadEnd]:
    """Return what a board sees of a server that follows ``script``: the answer, the pieces, the end."""

    async def main() -> tuple[StockAnswer, list[bytes], ReadEnd]:
        async with Site(script, context).response(**extensions) as response:
            pieces = [piece async for piece in response.aiter_raw()]
            body: StockBody = response.extensions["stock_body"]
            assert body.end is not None
            return response.extensions["stock"], pieces, body.end

    try:
        return run_virtual(main)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            (error,) = error.exceptions
        raise error from None


async def hang(tls: Tls) -> None:
    await tls.receive_some()
    await trio.sleep_forever()


async def close_without_notice(tls: Tls) -> None:
    """Close TCP under TLS, as a server that crashes does."""
    await tls.transport_stream.aclose()


def test_the_request_is_one_record_with_the_firmwares_own_host_header():
    requests = []

    async def script(tls: Tls) -> None:
        requests.append(await tls.receive_some())
        await tls.send_all(b"HTTP/1.1 471 x\r\n")

    fetch(script)
    assert requests == [
        b"GET /?firmware=N1ESP32-OTA&commit=0123456 HTTP/1.1\r\nHost: ota.whitecatboard.org:443 \r\n\r\n"
    ]


def test_a_target_goes_on_the_wire_as_it_is():
    requests = []

    async def script(tls: Tls) -> None:
        requests.append(await tls.receive_some())
        await tls.send_all(b"HTTP/1.1 471 x\r\n")

    fetch(script, target=b"/a file with spaces%")
    assert requests[0].startswith(b"GET /a file with spaces% HTTP/1.1\r\n")


def test_tls_is_exactly_the_stock_version_without_a_server_name_and_with_any_certificate():
    seen: dict[str, object] = {}

    async def script(tls: Tls) -> None:
        await tls.do_handshake()
        seen.update(version=tls.version(), name=names)
        await tls.receive_some()
        await tls.send_all(b"HTTP/1.1 471 x\r\n")

    names: list[str | None] = []
    context = server_context(made_credentials("somebody.else"))
    context.sni_callback = lambda _tls, name, _context: names.append(name)
    fetch(script, context)
    assert seen == {"version": {"TLSv1_1": "TLSv1.1", "TLSv1_2": "TLSv1.2"}[stock_tls_version().name], "name": [None]}


def test_a_body_comes_in_pieces_that_end_where_a_record_ends():
    answer, pieces, end = fetch(answering(HEAD % 20_000 + bytes(100), bytes(16_384), bytes(3_516)))
    assert answer.code == 200
    assert answer.content_length == 20_000
    assert [len(piece) for piece in pieces] == [100, *[PIECE_BYTES] * 16, *[PIECE_BYTES] * 3, 444]
    assert end is ReadEnd.COMPLETE


def test_what_follows_the_announced_length_is_not_read():
    _, pieces, end = fetch(answering(HEAD % 5, b"12345678"))
    assert (pieces, end) == ([b"12345"], ReadEnd.COMPLETE)


@pytest.mark.parametrize("code", [470, 471, 404, 500, 301])
def test_of_any_other_code_nothing_more_is_read(code: int):
    answer, pieces, end = fetch(answering(b"HTTP/1.1 %d x\r\nContent-Length: 3\r\n\r\nabc" % code))
    assert (answer, pieces, end) == (StockAnswer(code=code), [], ReadEnd.COMPLETE)


def test_a_length_of_zero_is_complete_at_once():
    answer, pieces, end = fetch(answering(HEAD % 0))
    assert (answer.content_length, pieces, end) == (0, [], ReadEnd.COMPLETE)


def test_without_a_length_everything_is_read_until_the_connection_ends():
    answer, pieces, end = fetch(answering(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", b"abc", b"def"))
    assert (answer.code, answer.content_length) == (200, None)
    assert (pieces, end) == ([b"abc", b"def"], ReadEnd.ERROR)


def test_close_notify_inside_the_body_is_an_error():
    _, pieces, end = fetch(answering(HEAD % 10, b"12345"))
    assert (pieces, end) == ([b"12345"], ReadEnd.ERROR)
    assert end.value == -1


def test_closing_tcp_without_close_notify_inside_the_body_is_closed():
    async def script(tls: Tls) -> None:
        await tls.receive_some()
        await tls.send_all(HEAD % 10 + b"12345")
        await close_without_notice(tls)

    _, pieces, end = fetch(script)
    assert (pieces, end) == ([b"12345"], ReadEnd.CLOSED)
    assert end.value == 0


def test_a_reset_inside_the_body_is_an_error():
    async def script(tls: Tls) -> None:
        await tls.receive_some()
        await tls.send_all(HEAD % 10 + b"12345")
        await trio.sleep(1)
        tls.transport_stream.reset()

    _, pieces, end = fetch(script)
    assert (pieces, end) == ([b"12345"], ReadEnd.ERROR)


def test_ten_seconds_of_silence_inside_the_body_are_an_error():
    async def main() -> None:
        async def script(tls: Tls) -> None:
            await tls.receive_some()
            await tls.send_all(HEAD % 10 + b"12345")
            await trio.sleep(9.9)
            await tls.send_all(b"678")
            await trio.sleep_forever()

        async with Site(script).response() as response:
            pieces = [piece async for piece in response.extensions["stock_body"]]
        assert (pieces, response.extensions["stock_body"].end) == ([b"12345", b"678"], ReadEnd.ERROR)
        assert round(trio.current_time(), 6) == 9.9 + 10

    run_virtual(main)


def test_a_record_that_trickles_in_slowly_is_no_silence():
    async def main() -> None:
        site = Site(answering(HEAD % 16_384, bytes(16_384)))
        site.board.link_up(LinkQuality(latency_ns=0, bandwidth_bps=8_000), "192.168.4.2")
        async with site.response() as response:
            assert sum([len(piece) async for piece in response.extensions["stock_body"]]) == 16_384
        assert response.extensions["stock_body"].end is ReadEnd.COMPLETE
        assert trio.current_time() > 16

    run_virtual(main)


def test_losing_the_link_inside_the_body_is_an_error_at_once():
    async def main() -> None:
        site = Site(answering(HEAD % 10_000_000, bytes(16_384)))
        pieces = 0
        async with site.response() as response:
            async for _ in response.extensions["stock_body"]:
                pieces += 1
                site.board.link_down()
        assert response.extensions["stock_body"].end is ReadEnd.ERROR
        assert pieces == 16
        assert trio.current_time() == 0

    run_virtual(main)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK", b"\r\n"])
def test_a_connection_that_ends_before_the_status_line_leaves_the_answer_unreadable(sent: bytes):
    assert fetch(answering(sent))[0] == StockAnswer(code=None)


def test_silence_before_the_status_line_leaves_the_answer_unreadable():
    assert fetch(hang)[0] == StockAnswer(code=None)


def test_a_request_that_cannot_be_sent_leaves_the_answer_unreadable():
    async def script(tls: Tls) -> None:
        await tls.do_handshake()
        tls.transport_stream.reset()
        await trio.sleep_forever()

    async def delay_after_handshake(name: str, _info: dict[str, Any]) -> None:
        if name == "connection.start_tls.complete":
            await trio.sleep(1)

    assert fetch(script, trace=delay_after_handshake)[0] == StockAnswer(code=None)


def expect_failure(
    script: Script, failure: StockFailure, context: ssl.SSLContext | None = None, **extensions: Any
) -> str:
    with pytest.raises(StockHttpError) as caught:
        fetch(script, context, **extensions)
    assert caught.value.failure is failure
    return caught.value.extra


def test_silence_inside_the_headers_is_an_invalid_response():
    async def script(tls: Tls) -> None:
        await tls.receive_some()
        await tls.send_all(HEAD[:40])
        await trio.sleep_forever()

    assert expect_failure(script, StockFailure.INVALID_RESPONSE) == "http response"


def test_a_type_that_was_not_expected_is_invalid_content():
    page = answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    assert expect_failure(page, StockFailure.INVALID_CONTENT).startswith("Content-Type is 'text/html'")
    assert fetch(page, expected_type=None)[0].content_type == "text/html"


def test_a_null_pointer_in_the_firmware_is_not_hidden():
    with pytest.raises(StockPanicError):
        fetch(answering(b"HTTP/1.1\r\n"))


def test_a_server_without_tls_cannot_be_connected_to():
    async def script(tls: Tls) -> None:
        await tls.transport_stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    expect_failure(script, StockFailure.CANNOT_CONNECT_SSL)


def test_a_server_that_is_silent_in_the_handshake_cannot_be_connected_to():
    async def main() -> None:
        async def script(_tls: Tls) -> None:
            await trio.sleep_forever()

        with pytest.RaisesGroup(StockHttpError):
            async with Site(script).response():
                pass
        assert trio.current_time() == 10

    run_virtual(main)


def test_a_server_that_wants_a_newer_tls_cannot_be_connected_to():
    context = server_context.__wrapped__(made_credentials())
    context.minimum_version = ssl.TLSVersion.TLSv1_3

    async def script(tls: Tls) -> None:
        with pytest.raises(trio.BrokenResourceError):
            await tls.do_handshake()

    expect_failure(script, StockFailure.CANNOT_CONNECT_SSL, context)


def fetch_url(url: str, prepare: Callable[[Site], None] = lambda _site: None) -> None:
    async def main() -> None:
        site = Site(hang)
        prepare(site)
        async with httpx.AsyncClient(transport=StockTransport(site.board), trust_env=False) as client:
            await client.get(url)

    run_virtual(main)


def test_an_unknown_name_a_closed_port_and_a_lost_link_are_told_apart():
    with pytest.raises(StockHttpError, match="NameCannotBeResolved"):
        fetch_url("https://nobody.example/")
    with pytest.raises(StockHttpError, match=r"CannotConnect$"):
        fetch_url(f"https://{SERVER}:444/")
    with pytest.raises(StockHttpError, match="NameCannotBeResolved"):
        fetch_url(URL, lambda site: site.board.link_down())


def test_every_address_of_a_name_is_tried():
    async def main() -> None:
        site = Site(answering(b"HTTP/1.1 471 x\r\n"))
        site.network.names[SERVER] = ["203.0.113.77", "203.0.113.9"]
        async with site.response() as response:
            assert response.status_code == 471
        assert trio.current_time() == 18.5

    run_virtual(main)


@pytest.mark.parametrize("url", [f"http://{SERVER}/", f"ftp://{SERVER}/"])
def test_only_https_is_spoken(url: str):
    with pytest.raises(httpx.UnsupportedProtocol):
        fetch_url(url)


def test_the_steps_become_events_in_their_order():
    events = []
    fetch(answering(HEAD % 3, b"abc"), trace=event_trace(lambda kind, **fields: events.append((kind, fields))))
    version = stock_tls_version().name.replace("v1_", "v1.")
    assert events == [
        ("net.connect", {"host": SERVER, "port": 443}),
        ("net.tls", {"version": version}),
        ("net.request", {"method": "GET", "target": "/?firmware=N1ESP32-OTA&commit=0123456"}),
        ("net.response", {"status": 200, "length": 3}),
        ("net.close", {}),
    ]


def test_a_step_that_fails_becomes_an_event_with_its_error():
    events = []
    trace = event_trace(lambda kind, **fields: events.append((kind, fields)))
    expect_failure(close_without_notice, StockFailure.CANNOT_CONNECT_SSL, trace=trace)
    assert [kind for kind, _ in events] == ["net.connect", "net.tls", "net.close"]
    assert events[1][1] == {"error": "StockHttpError"}


def test_cancelling_anywhere_closes_the_connection():
    async def cancelled_after(checkpoints: int) -> bool:
        """Cancel at that many scheduling rounds; return whether the request was already over."""
        site = Site(answering(HEAD % 3, b"abc"))

        async def request() -> None:
            async with site.response() as response:
                await response.aread()

        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(request)
                for _ in range(checkpoints):
                    await trio.lowlevel.checkpoint()
                if not nursery.child_tasks:
                    return True
                scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert site.board._streams == {}
        return False

    rounds = 0
    while not run_virtual(cancelled_after, rounds):
        rounds += 1
    assert rounds > 10
