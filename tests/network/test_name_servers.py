"""Names on a network without a way out: whoever is the name server there is asked by datagram."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from dnslib import RR, DNSRecord

from simulator.links import LinkQuality
from simulator.network import Datagrams, NameNotFoundError, VirtualNetwork
from simulator.network.dns import DNS_PORT, addresses_in, query
from simulator.network.virtual import DNS_RETRY_S, DNS_TRIES
from simulator.rng import Rng
from tests.helpers import run_virtual

SERVER, OTHER, CLIENT = "192.168.4.1", "192.168.4.9", "192.168.4.2"
ISLAND = "an access point of a board"

Answers = list[Callable[[DNSRecord], bytes]]


def answer(question: DNSRecord, *records: str, number: int = 0) -> bytes:
    reply = question.reply()
    for record in records:
        reply.add_answer(*RR.fromZone(record))
    reply.header.id = question.header.id + number
    return bytes(reply.pack())


def asked(
    answers: Answers, name: str = "www.example.com", servers: tuple[str, ...] = (SERVER,)
) -> tuple[object, float]:
    """Ask for a name; the server sends one answer to every question, and then no more. Returns what and when."""

    async def serve(socket: Datagrams) -> None:
        for made in answers:
            data, sender = await socket.receive_from()
            await socket.send_to(made(DNSRecord.parse(data)), sender)

    async def main() -> tuple[object, float]:
        network = VirtualNetwork(Rng(0))
        network.add_host("www.example.com", "203.0.113.9")
        server, client = network.interface("server"), network.interface("client")
        server.serve_up(SERVER, ISLAND)
        client.link_up(LinkQuality(), CLIENT, segment=ISLAND, uplink=False, name_servers=servers)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, server.open_datagrams(DNS_PORT))
            try:
                found: object = await client.resolve(name)
            except NameNotFoundError:
                found = None
            nursery.cancel_scope.cancel()
        return found, trio.current_time()

    return run_virtual(main)


def test_the_addresses_are_those_in_the_answer_of_the_name_server() -> None:
    records = (
        "www.example.com. CNAME web.example.com.",
        "web.example.com. A 192.168.4.7",
        "web.example.com. A 10.0.0.1",
    )
    found, after_s = asked([lambda question: answer(question, *records)])
    assert found == ["192.168.4.7", "10.0.0.1"]
    assert after_s < 0.1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda question: b"nonsense", id="nonsense"),
        pytest.param(
            lambda question: answer(question, "www.example.com. A 10.0.0.1", number=1), id="another question's"
        ),
        pytest.param(lambda question: bytes(question.pack()), id="a question"),
    ],
)
def test_what_is_no_answer_is_not_heard(other: Callable[[DNSRecord], bytes]) -> None:
    found, after_s = asked([other, lambda question: answer(question, "www.example.com. A 192.168.4.7")])
    assert found == ["192.168.4.7"]
    assert after_s == pytest.approx(DNS_RETRY_S, abs=0.1)


def test_an_answer_without_addresses_is_the_end() -> None:
    found, after_s = asked([answer, lambda question: answer(question, "www.example.com. A 192.168.4.7")])
    assert found is None
    assert after_s < 0.1


def test_servers_are_asked_in_turn_and_then_there_is_no_such_name() -> None:
    found, after_s = asked(
        [lambda question: answer(question, "www.example.com. A 192.168.4.7")], servers=(OTHER, SERVER)
    )
    assert found == ["192.168.4.7"]
    assert after_s == pytest.approx(DNS_TRIES * DNS_RETRY_S, abs=0.1)
    assert asked([], servers=(OTHER, SERVER)) == (None, 2 * DNS_TRIES * DNS_RETRY_S)
    assert asked([], servers=()) == (None, 0)


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64])
def test_what_can_be_no_name_is_not_asked_for(name: str) -> None:
    assert query(1, name) is None
    assert asked([], name=name) == (None, 0)


def test_a_name_is_asked_for_as_it_is_written() -> None:
    question = query(0x1234, "Büro.example.")
    assert question is not None
    assert question[12:] == b"\x05B\xc3\xbcro\x07example\0\0\1\0\1"
    assert addresses_in(question, 0x1234) is None
