"""The server from a client's side: real TLS over the virtual network."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import trio

from simulator.events import Event, EventLog
from simulator.http import Limits
from simulator.links import LinkQuality
from simulator.network import VirtualInterface, VirtualNetwork, VirtualStream
from simulator.network.http_backend import http_client
from simulator.network.stock_http import ReadEnd, StockTransport
from simulator.network.tls import stock_client_context
from simulator.ota_protocol import Catalogue, Firmware
from simulator.ota_server import OtaServer, made_credentials, server_context
from simulator.rng import Rng
from tests.helpers import run_virtual

SERVER = "ota.whitecatboard.org"
OLD, NEW = "6b455df4965c2242754a80896562e254ba0ee528", "a8c07d661cf8c9c285edb98eb5b35f77c01bdf62"
IMAGE = bytes(range(256)) * 1000
ASK = f"https://{SERVER}/?firmware=N1ESP32-OTA&commit={OLD}"


class Site:
    """A server with one firmware, and a board."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.network = VirtualNetwork(Rng(0))
        self.board = self.add_board("b0")
        self.host = self.network.add_host(SERVER, "203.0.113.9")
        self.catalogue = Catalogue()
        self.catalogue.publish(Firmware(ids=("N1ESP32-OTA",), commit=NEW, image=IMAGE))
        self.events: list[Event] = []
        log = EventLog(lambda: round(trio.current_time() * 1e9))
        log.subscribe(self.events.append)
        self.server = OtaServer(
            self.catalogue, server_context(made_credentials()), events=log, limits=limits or Limits()
        )

    def add_board(self, name: str) -> VirtualInterface:
        board = self.network.interface(name)
        board.link_up(LinkQuality(), f"192.168.4.{2 + int(name[1:])}")
        return board

    def run(self, client: Callable[[], Awaitable[Any]]) -> None:
        """Run ``client`` while the server serves."""

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.server.serve, [self.host.listen(443)])
                await client()
                nursery.cancel_scope.cancel()

        run_virtual(main)


def trusting_client(board: VirtualInterface) -> httpx.AsyncClient:
    return http_client(board, ssl.create_default_context(cadata=made_credentials().authority.decode()))


def stock_client(board: VirtualInterface) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=StockTransport(board), trust_env=False)


@pytest.mark.parametrize("make_client", [trusting_client, stock_client])
def test_a_board_gets_the_exact_bytes_with_either_client(make_client: Callable[[VirtualInterface], httpx.AsyncClient]):
    site = Site()

    async def client() -> None:
        async with make_client(site.board) as http:
            response = await http.get(ASK)
        assert (response.status_code, response.content) == (200, IMAGE)

    site.run(client)
    assert [event["kind"] for event in site.events] == ["server.request", "server.response"]
    request, response = ({k: v for k, v in event.items() if k not in ("n", "t", "kind")} for event in site.events)
    assert request == {
        "board": "server",
        "method": "GET",
        "target": f"/?firmware=N1ESP32-OTA&commit={OLD}",
        "firmware": "N1ESP32-OTA",
        "commit": OLD,
    }
    assert response == {"board": "server", "status": 200, "length": len(IMAGE), "commit": NEW}


def test_the_answer_is_what_the_firmware_can_read_and_ends_with_close_notify():
    site = Site()

    async def client() -> None:
        tls = trio.SSLStream(await site.board.connect("203.0.113.9", 443), stock_client_context())
        await tls.send_all(f"GET /?firmware=N1ESP32-OTA&commit={OLD} HTTP/1.1\r\nHost: x:443 \r\n\r\n".encode())
        received = b"".join([bytes(data) async for data in tls])  # ends only with close_notify
        assert received == (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Length: 256000\r\nConnection: close\r\n\r\n" + IMAGE
        )

    site.run(client)


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        (f"/?firmware=N1ESP32-OTA&commit={NEW}", 471, f"No new firmware available: {NEW} is the newest firmware\n"),
        ("/?firmware=N1ESP32-OTA", 470, "Missing or bad arguments: the argument 'commit' is missing\n"),
        ("/favicon.ico", 404, "Not Found: there is nothing but /\n"),
    ],
)
def test_where_there_is_no_firmware_the_answer_says_why(target: str, status: int, text: str):
    site = Site()

    async def client() -> None:
        async with trusting_client(site.board) as http:
            response = await http.get(f"https://{SERVER}{target}")
        assert (response.status_code, response.text) == (status, text)
        assert f"{response.reason_phrase}: " == text[: len(response.reason_phrase) + 2]

    site.run(client)
    assert site.events[1]["why"] in text


def test_a_form_can_be_posted_and_other_methods_are_told_what_is_allowed():
    site = Site()

    async def client() -> None:
        async with trusting_client(site.board) as http:
            posted = await http.post(f"https://{SERVER}/", data={"firmware": "N1ESP32-OTA", "commit": OLD})
            refused = await http.head(ASK)
        assert (posted.status_code, posted.content) == (200, IMAGE)
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, POST")

    site.run(client)


def test_many_boards_are_served_at_a_time():
    site = Site()
    done = []

    async def download(name: str) -> None:
        async with stock_client(site.add_board(name)) as http:
            response = await http.get(ASK)
        assert response.content == IMAGE
        done.append(trio.current_time())

    async def client() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(download, f"b{number}")
            await trio.sleep(0.1)
            assert site.server.statistics().open_connections == 20
        assert max(done) - min(done) < 0.05

    site.run(client)
    statistics = site.server.statistics()
    assert (statistics.open_connections, statistics.answers, statistics.offers) == (0, 20, 20)


def test_clients_that_do_not_speak_tls_or_say_nothing_do_not_disturb_others():
    site = Site(Limits(receive_s=5))
    ends = []

    async def odd_client(say: Callable[[VirtualStream], Awaitable[None]]) -> None:
        stream = await site.board.connect("203.0.113.9", 443)
        await say(stream)
        async for _ in stream:
            pass
        ends.append(round(trio.current_time(), 1))

    async def silence(_stream: VirtualStream) -> None:
        pass

    async def plain_http(stream: VirtualStream) -> None:
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    async def client() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(odd_client, silence)
            nursery.start_soon(odd_client, plain_http)
            async with stock_client(site.board) as http:
                assert (await http.get(ASK)).content == IMAGE

    site.run(client)
    assert ends == [0.0, 5.0]


def test_a_board_that_disappears_in_the_middle_is_given_up():
    site = Site(Limits(send_s=20))

    async def client() -> None:
        async with stock_client(site.board) as http, http.stream("GET", ASK) as response:
            await response.extensions["stock_body"].read()
            site.board.link_down()
            while await response.extensions["stock_body"].read():
                pass
            assert response.extensions["stock_body"].end is ReadEnd.ERROR
        assert site.server.statistics().open_connections == 1
        await trio.sleep(60)
        assert site.server.statistics().open_connections == 0

    site.run(client)


def test_a_run_takes_the_same_time_whatever_the_keys_are():
    def seconds(context: ssl.SSLContext) -> float:
        site = Site()
        site.server = OtaServer(site.catalogue, context)
        took = []

        async def client() -> None:
            async with stock_client(site.board) as http:
                await http.get(ASK)
            took.append(trio.current_time())

        site.run(client)
        return took[0]

    contexts = [server_context.__wrapped__(made_credentials.__wrapped__()) for _ in range(2)]
    assert len({seconds(context) for context in contexts}) == 1
