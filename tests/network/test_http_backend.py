"""httpx on the virtual network: answers, timeouts on the world's clock, and errors by httpx's names."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import httpx
import pytest
import trio

from simulator.links import LinkQuality
from simulator.network import VirtualNetwork, VirtualStream
from simulator.network.http_backend import http_client
from simulator.network.tls import stock_client_context
from simulator.network.trace import event_trace
from simulator.ota_server.tls import made_credentials, server_context
from simulator.rng import Rng
from tests.helpers import run_virtual

SERVER = "ota.whitecatboard.org"
URL = f"https://{SERVER}/path?query"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

Tls = trio.SSLStream[VirtualStream]
Script = Callable[[Tls], Awaitable[None]]


async def answer(tls: Tls) -> None:
    await tls.receive_some()
    await tls.send_all(ANSWER)
    await tls.aclose()


async def get(
    script: Script,
    *,
    url: str = URL,
    context: ssl.SSLContext | None = None,
    timeout: float = 5.0,
    **extensions: object,
) -> httpx.Response:
    """GET ``url`` from a server that does what ``script`` says with each connection."""
    network = VirtualNetwork(Rng(0))
    board = network.interface("b0")
    board.link_up(LinkQuality(), "192.168.4.2")
    listener = network.add_host(SERVER, "203.0.113.9", LinkQuality(latency_ns=0, bandwidth_bps=0)).listen(443)
    secured = server_context(made_credentials())

    async def serve() -> None:
        while True:
            await script(trio.SSLStream(await listener.accept(), secured, server_side=True))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        async with http_client(board, context or trusting_context()) as client:
            try:
                return await client.get(url, timeout=timeout, extensions=extensions)
            finally:
                nursery.cancel_scope.cancel()


def trusting_context() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=made_credentials().authority.decode())


def expect(error: type[Exception], script: Script, **options: object) -> Exception:
    """Expect that the GET fails with exactly ``error``, and return it."""

    async def main() -> Exception:
        with pytest.RaisesGroup(error) as caught:
            await get(script, **options)  # type: ignore[arg-type]
        (raised,) = caught.value.exceptions
        assert type(raised) is error
        return raised

    return run_virtual(main)


def test_a_request_is_answered_and_the_certificate_is_checked():
    response = run_virtual(get, answer)
    assert (response.status_code, response.content) == (200, b"hello")


def test_each_request_is_a_connection_of_its_own():
    connections = 0

    async def keep_alive(tls: Tls) -> None:
        nonlocal connections
        connections += 1
        await tls.receive_some()
        await tls.send_all(ANSWER)

    async def main() -> None:
        network = VirtualNetwork(Rng(0))
        board = network.interface("b0")
        board.link_up(LinkQuality(), "192.168.4.2")
        listener = network.add_host(SERVER, "203.0.113.9").listen(443)

        async def serve() -> None:
            while True:
                await keep_alive(
                    trio.SSLStream(await listener.accept(), server_context(made_credentials()), server_side=True)
                )

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            async with http_client(board, trusting_context()) as client:
                for _ in range(2):
                    await client.get(URL)
            assert board._streams == {}
            nursery.cancel_scope.cancel()

    run_virtual(main)
    assert connections == 2


def test_a_certificate_of_an_unknown_authority_is_refused():
    async def refused(tls: Tls) -> None:
        with pytest.raises(trio.BrokenResourceError):
            await tls.receive_some()

    error = expect(httpx.ConnectError, refused, context=ssl.create_default_context())
    assert "certificate verify failed" in str(error)


def test_a_certificate_for_another_name_is_refused():
    async def refused(tls: Tls) -> None:
        with pytest.raises(trio.BrokenResourceError):
            await tls.receive_some()

    error = expect(httpx.ConnectError, refused, url="https://203.0.113.9/")
    assert "certificate verify failed" in str(error)


def test_names_ports_and_protocols_that_are_not_there_are_connect_errors():
    assert "nobody.example" in str(expect(httpx.ConnectError, answer, url="https://nobody.example/"))
    assert "203.0.113.9:444" in str(expect(httpx.ConnectError, answer, url=f"https://{SERVER}:444/"))
    expect(httpx.UnsupportedProtocol, answer, url=f"ftp://{SERVER}/")


@pytest.mark.parametrize("address", ["203.0.113.77", SERVER])
def test_a_connection_that_takes_too_long_is_a_connect_timeout(address: str):
    async def silent(_tls: Tls) -> None:
        await trio.sleep_forever()

    async def main() -> float:
        with pytest.RaisesGroup(httpx.ConnectTimeout):
            await get(silent, url=f"https://{address}/", timeout=3)
        return trio.current_time()

    assert 3 <= run_virtual(main) < 3.1


def test_an_answer_that_does_not_come_is_a_read_timeout():
    async def silent(tls: Tls) -> None:
        await tls.receive_some()
        await trio.sleep_forever()

    expect(httpx.ReadTimeout, silent)


def test_a_body_that_stops_is_a_read_timeout_and_one_that_breaks_a_read_error():
    async def stops(tls: Tls) -> None:
        await tls.receive_some()
        await tls.send_all(ANSWER[:-1])
        await trio.sleep_forever()

    async def breaks(tls: Tls) -> None:
        await tls.receive_some()
        await tls.send_all(ANSWER[:-1])
        await trio.sleep(1)
        tls.transport_stream.reset()

    async def ends(tls: Tls) -> None:
        await tls.receive_some()
        await tls.send_all(ANSWER[:-1])
        await tls.aclose()

    expect(httpx.ReadTimeout, stops)
    expect(httpx.ReadError, breaks)
    expect(httpx.RemoteProtocolError, ends)


@pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")  # httpx drops the rest of the request
def test_a_request_that_nobody_takes_is_a_write_timeout():
    async def deaf(tls: Tls) -> None:
        await tls.do_handshake()
        await trio.sleep_forever()

    async def main() -> None:
        network = VirtualNetwork(Rng(0))
        board = network.interface("b0")
        board.link_up(LinkQuality(), "192.168.4.2")
        listener = network.add_host(SERVER, "203.0.113.9").listen(443)

        async def serve() -> None:
            await deaf(trio.SSLStream(await listener.accept(), server_context(made_credentials()), server_side=True))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            async with http_client(board, trusting_context()) as client:
                with pytest.raises(httpx.WriteTimeout):
                    await client.post(URL, content=bytes(1_000_000), timeout=3)
            nursery.cancel_scope.cancel()

    run_virtual(main)


def test_closing_without_close_notify_ends_a_body_of_known_length_like_any_other():
    async def abrupt(tls: Tls) -> None:
        await tls.receive_some()
        await tls.send_all(ANSWER)
        await tls.transport_stream.aclose()

    assert run_virtual(get, abrupt).content == b"hello"


def test_the_steps_become_the_same_events_as_with_the_stock_transport():
    events = []

    async def main() -> None:
        trace = event_trace(lambda kind, **fields: events.append((kind, fields)))
        await get(answer, context=stock_client_context(), trace=trace)

    run_virtual(main)
    assert [kind for kind, _ in events] == ["net.connect", "net.tls", "net.request", "net.response", "net.close"]
    assert events[0][1] == {"host": SERVER, "port": 443}
    assert events[2][1] == {"method": "GET", "target": "/path?query"}
    assert events[3][1] == {"status": 200, "length": 5}
