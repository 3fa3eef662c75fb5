from __future__ import annotations

import pytest
from dnslib import RR, DNSRecord

from simulator.mdns.packets import DISCOVERY, Kind, Name, Packet, Question, Record, Target, decode, encode
from simulator.mdns.search import txt_items

WEB = Name("", "_http", "_tcp")
KITCHEN = Name("Küche 2", "_http", "_tcp")

PACKET = Packet(
    is_answer=True,
    questions=[Question(WEB, Kind.PTR), Question(Name("kitchen"), Kind.ANY, unicast=True)],
    answers=[
        Record(WEB, Kind.PTR, KITCHEN, 4500),
        Record(KITCHEN, Kind.SRV, Target(0, 0, 8080, "kitchen"), 120, flush=True),
        Record(KITCHEN, Kind.TXT, b"\x04a=xy\x01b", 4500, flush=True),
    ],
    authorities=[Record(Name("kitchen"), Kind.A, "192.168.1.2", 120)],
    additional=[Record(DISCOVERY, Kind.PTR, WEB, 4500)],
)


def test_what_is_written_is_read_again() -> None:
    data = encode(PACKET)
    assert data is not None
    assert decode(data) == PACKET


def test_names_are_written_once() -> None:
    data = encode(PACKET)
    assert data is not None
    assert data.count(b"\x05_http\x04_tcp\x05local\0") == 1


def test_a_label_that_is_too_long_cannot_be_sent() -> None:
    assert encode(Packet(questions=[Question(Name("x" * 63), Kind.A)])) is not None
    for name in (Name("x" * 64), Name("", "_" + "x" * 63, "_tcp")):
        assert encode(Packet(questions=[Question(name, Kind.A)])) is None
        assert encode(Packet(answers=[Record(WEB, Kind.PTR, name, 1)])) is None
    assert encode(Packet(answers=[Record(WEB, Kind.SRV, Target(0, 0, 1, "x" * 64), 1)])) is None


def asked(*labels: bytes, type_: int = 1, class_: int = 1) -> bytes:
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    return bytes(4) + b"\0\1" + bytes(6) + name + type_.to_bytes(2, "big") + class_.to_bytes(2, "big")


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ([b"kitchen", b"local"], Name("kitchen")),
        ([b"kitchen", b"LOCAL"], Name("kitchen")),
        ([b"my", b"kitchen", b"local"], Name("my.kitchen")),
        ([b"_http", b"_tcp", b"local"], WEB),
        ([b"web", b"_http", b"_tcp", b"local"], Name("web", "_http", "_tcp")),
        ([b"2", b"1", b"in-addr", b"arpa"], None),
        ([b"www", b"example", b"com"], None),
        ([b"a", b"_b", b"_c", b"_d", b"local"], None),
        ([b"local"], None),
        ([], Name()),
    ],
)
def test_a_name_has_a_host_a_service_or_both_in_the_domain_local(labels: list[bytes], name: Name | None) -> None:
    packet = decode(asked(*labels))
    if name is None and labels[-1:] != [b"arpa"]:
        assert packet is None
    elif name is not None:
        assert packet is not None
        assert [question.name for question in packet.questions] == [name]


def test_questions_of_other_classes_are_left_out() -> None:
    packet = decode(asked(b"kitchen", b"local", class_=3))
    assert packet is not None
    assert not packet.questions


def test_what_comes_after_a_name_that_is_not_local_is_not_read() -> None:
    rows = DNSRecord.question("kitchen.local")
    rows.add_answer(*(row for text in ZONE for row in RR.fromZone(text)))
    packet = decode(bytes(rows.pack()))
    assert packet is not None
    assert [record.data for record in packet.answers] == ["192.168.1.2"]


ZONE = ["kitchen.local. A 192.168.1.2", "www.example.com. A 10.0.0.1", "kitchen.local. A 192.168.1.3"]


@pytest.mark.parametrize("data", [b"", b"\0" * 5, b"\xff" * 40, asked(b"kitchen", b"local")[:-3]])
def test_nonsense_is_no_packet(data: bytes) -> None:
    assert decode(data) is None


@pytest.mark.parametrize(
    ("data", "items"),
    [
        (b"\x03a=b\x04c=de", [(b"a", b"b"), (b"c", b"de")]),
        (b"\x02a=", [(b"a", b"")]),
        (b"\x02=b\x03a=b", [(b"a", b"b")]),
        (b"\x03a=b\0\x03c=d", [(b"a", b"b")]),
        (b"\0", []),
        (b"\x03a=b\x09c=d", []),
        (b"\x01a\x02\x01c", [(b"a", b""), (b"c", b"")]),  # the length 2 is skipped, and the next byte taken for it
        (b"\x01a\x03b=c", []),
    ],
)
def test_texts_are_taken_apart_as_the_component_does(data: bytes, items: list[tuple[bytes, bytes]]) -> None:
    assert list(txt_items(data)) == items
