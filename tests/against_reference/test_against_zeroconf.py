"""Multicast DNS, held to the library ``zeroconf``: it reads what we say, and we read what it says."""

from __future__ import annotations

import socket
from typing import Any, cast

from zeroconf import ServiceInfo, const
from zeroconf._dns import DNSAddress, DNSPointer, DNSQuestion, DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing

from simulator.mdns import PORT, Link, MdnsServer, Search, Service
from simulator.mdns.packets import Kind, Name
from simulator.rng import Rng
from simulator.units import NS_PER_S

ADDRESS, OTHER = "192.168.1.2", "192.168.1.9"
TYPE = "_http._tcp.local."
LINK = Link("STA")


class Board:
    """A server of ours with a name and a service, and what it has sent, as ``zeroconf`` reads it."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.sent: list[bytes] = []
        self.server = MdnsServer(
            0, rng=Rng(0), send=lambda _link, data, _target: self.sent.append(data), renamed=lambda *_names: None
        )
        self.server.link_up(LINK, ADDRESS, 0)
        self.server.set_host("kitchen", 0)
        self.server.add_service(Service("_http", "_tcp", 8080, "The web", [(b"path", b"/"), (b"x", b"1")]), 0)
        self.run(5)

    def run(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)
        self.server.advance(self.now_ns)

    def heard(self) -> list[DNSIncoming]:
        heard = [DNSIncoming(data) for data in self.sent]
        assert all(packet.valid for packet in heard)
        self.sent.clear()
        return heard

    def hear(self, outgoing: DNSOutgoing) -> None:
        for data in outgoing.packets():
            self.server.receive(LINK, data, (OTHER, PORT), self.now_ns)


def said(packet: DNSIncoming) -> set[tuple[Any, ...]]:
    """What a packet says: name, what of it, whether it is the only truth, and for how many seconds."""
    found: set[tuple[Any, ...]] = set()
    for record in packet.answers():
        match record:
            case DNSPointer():
                what: tuple[Any, ...] = ("PTR", record.alias)
            case DNSService():
                what = ("SRV", record.priority, record.weight, record.port, record.server)
            case DNSText():
                what = ("TXT", record.text)
            case DNSAddress():
                what = ("A", socket.inet_ntoa(record.address))
        found.add((record.name, *what, record.unique, record.ttl))
    return found


EVERYTHING = {
    (TYPE, "PTR", f"The web.{TYPE}", False, 4500),
    (f"The web.{TYPE}", "SRV", 0, 0, 8080, "kitchen.local.", True, 120),
    (f"The web.{TYPE}", "TXT", b"\x03x=1\x06path=/", True, 4500),
    ("kitchen.local.", "A", ADDRESS, True, 120),
}


def test_it_reads_our_probes_and_announcements() -> None:
    *probes, first, second, third = Board().heard()
    assert len(probes) == 3
    for number, probe in enumerate(probes):
        assert probe.is_query()
        assert {(question.name, question.type, question.unicast) for question in probe.questions} == {
            (f"The web.{TYPE}", const._TYPE_ANY, number == 0),
            ("kitchen.local.", const._TYPE_ANY, number == 0),
        }
        assert probe.num_authorities == 2
    for announcement in (first, second, third):
        assert announcement.is_response()
        assert said(announcement) == EVERYTHING | {("_services._dns-sd._udp.local.", "PTR", TYPE, False, 4500)}


def test_we_answer_its_questions() -> None:
    board = Board()
    board.heard()
    query = DNSOutgoing(const._FLAGS_QR_QUERY)
    query.add_question(DNSQuestion(TYPE, const._TYPE_PTR, const._CLASS_IN))
    board.hear(query)
    board.run(1)
    [answer] = board.heard()
    assert said(answer) == EVERYTHING


def test_we_believe_that_it_knows_what_it_says_it_knows() -> None:
    board = Board()
    board.heard()
    query = DNSOutgoing(const._FLAGS_QR_QUERY)
    query.add_question(DNSQuestion(TYPE, const._TYPE_PTR, const._CLASS_IN))
    query.add_answer_at_time(DNSPointer(TYPE, const._TYPE_PTR, const._CLASS_IN, 4500, f"The web.{TYPE}"), 0)
    board.hear(query)
    board.run(1)
    assert board.heard() == []


def test_we_find_a_service_of_its_own() -> None:
    board = Board()
    info = ServiceInfo(
        "_ipp._tcp.local.", "Printer._ipp._tcp.local.", port=631, properties={"rp": "ipp/print"},
        server="printer.local.", addresses=[socket.inet_aton(OTHER)],
    )  # fmt: skip
    search = Search(Name("", "_ipp", "_tcp"), Kind.PTR, timeout_ns=3 * NS_PER_S, results_max=20, began_ns=board.now_ns)
    board.server.search(search)
    answer = DNSOutgoing(const._FLAGS_QR_RESPONSE | const._FLAGS_AA)
    records = [info.dns_pointer(), info.dns_service(), info.dns_text(), *info.dns_addresses()]
    for record in records:
        answer.add_answer_at_time(cast("Any", record), 0)
    board.hear(answer)
    [found] = search.findings
    assert (found.instance, found.host, found.port, found.addresses) == ("Printer", "printer", 631, [OTHER])
    assert found.txt == [(b"rp", b"ipp/print")]
