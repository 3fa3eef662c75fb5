"""Packets of multicast DNS, as far as the component ``mdns`` of ESP-IDF writes and reads them (``mdns.c``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from dnslib import RR, DNSLabel

DOMAIN: Final = "local"
LABEL_BYTES_MAX: Final = 63

_AUTHORITATIVE: Final = 0x8400
_CLASS_IN: Final = 1
_TOP_BIT: Final = 0x8000
"""Of the class: an answer replaces all others, a question may be answered to who asks alone."""
_LABELS_MAX: Final = 4
_NO_PART_OF_A_HOST: Final = frozenset({DOMAIN, "ip6", "in-addr"})


class Kind(IntEnum):
    """Types of records."""

    A = 1
    PTR = 12
    TXT = 16
    AAAA = 28
    SRV = 33
    OPT = 41
    NSEC = 47
    ANY = 255


class Name(NamedTuple):
    """A name in the domain ``local``: of a host, a service (``_http``, ``_tcp``), or the instance ``host`` of one."""

    host: str = ""
    service: str = ""
    protocol: str = ""

    def is_same(self, other: Name) -> bool:
        """Return whether both are the same, upper case or lower."""
        return self.folded == other.folded

    @property
    def folded(self) -> tuple[str, ...]:
        """The parts in lower case."""
        return tuple(part.lower() for part in self)


DISCOVERY: Final = Name("_services", "_dns-sd", "_udp")
"""Whose PTR records are the kinds of services that there are."""


class Target(NamedTuple):
    """Where a service is: the data of an SRV record."""

    priority: int
    weight: int
    port: int
    host: str


Data: TypeAlias = "str | Name | Target | bytes"
"""An address, a name, where a service is, or the texts of a TXT record with their lengths."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know; ``unicast``: the answer may go to him alone."""

    name: Name
    kind: int
    unicast: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What somebody says of a name; ``flush``: all else that was said is wrong."""

    name: Name
    kind: Kind
    data: Data
    ttl_s: int
    flush: bool = False


@dataclass(slots=True)
class Packet:
    """A packet; ``authorities`` are what somebody who probes a name is going to say of it."""

    is_answer: bool = False
    questions: list[Question] = field(default_factory=list)
    answers: list[Record] = field(default_factory=list)
    authorities: list[Record] = field(default_factory=list)
    additional: list[Record] = field(default_factory=list)


def encode(packet: Packet) -> bytes | None:
    """Return a packet as bytes; None if a name in it has a label that is too long for any receiver."""
    from dnslib import DNSHeader, DNSQuestion, DNSRecord

    names = [question.name for question in packet.questions]
    for record in (*packet.answers, *packet.authorities, *packet.additional):
        names.append(record.name)
        if isinstance(record.data, Name):
            names.append(record.data)
        elif isinstance(record.data, Target):
            names.append(Name(record.data.host))
    if any(len(_bytes(part)) > LABEL_BYTES_MAX for name in names for part in name):
        return None
    made = DNSRecord(DNSHeader(id=0, bitmap=_AUTHORITATIVE if packet.is_answer else 0))
    for question in packet.questions:
        kind_class = _CLASS_IN | (_TOP_BIT if question.unicast else 0)
        made.add_question(DNSQuestion(_label(question.name), question.kind, kind_class))
    made.add_answer(*map(_row, packet.answers))
    made.add_auth(*map(_row, packet.authorities))
    made.add_ar(*map(_row, packet.additional))
    return bytes(made.pack())


def decode(data: bytes) -> Packet | None:
    """Return what the component makes of ``data``; None if it makes nothing of it.

    Records of other kinds and classes are left out, and so is all that comes after a name that is not local.
    """
    from dnslib import DNSError, DNSRecord
    from dnslib.label import DNSLabelError

    try:
        read = DNSRecord.parse(data)
    except (DNSError, DNSLabelError):
        return None
    packet = Packet(is_answer=read.header.bitmap == _AUTHORITATIVE)
    for question in read.questions:
        name = _name(question.qname)
        if name is None:
            return None
        if question.qclass & ~_TOP_BIT == _CLASS_IN:
            packet.questions.append(Question(name, question.qtype, bool(question.qclass & _TOP_BIT)))
    for rows, section in ((read.rr, packet.answers), (read.auth, packet.authorities), (read.ar, packet.additional)):
        for row in rows:
            name = _name(row.rname)
            if name is None:
                return packet
            found = _record(row, name)
            if found is not None:
                section.append(found)
    return packet


def _row(record: Record) -> RR:
    from dnslib import AAAA, PTR, RD, RR, SRV, A

    match record.data:
        case Name():
            data: RD = PTR(_label(record.data))
        case Target(priority, weight, port, host):
            data = SRV(priority, weight, port, _label(Name(host)))
        case bytes():
            data = RD(record.data)
        case _:
            data = AAAA(record.data) if record.kind is Kind.AAAA else A(record.data)
    kind_class = _CLASS_IN | (_TOP_BIT if record.flush else 0)
    return RR(_label(record.name), int(record.kind), kind_class, record.ttl_s, data)


def _record(row: RR, name: Name) -> Record | None:
    data: Data | None = None
    match row.rtype:
        case Kind.A:
            data = str(row.rdata)
        case Kind.AAAA:
            data = IPv6Address(bytes(row.rdata.data)).exploded
        case Kind.PTR:
            data = _name(row.rdata.label)
        case Kind.SRV:
            target = _name(row.rdata.target)
            if target is not None:
                data = Target(row.rdata.priority, row.rdata.weight, row.rdata.port, target.host)
        case Kind.TXT:
            data = b"".join(bytes((len(text),)) + text for text in row.rdata.data)
    if data is None:
        return None
    return Record(name, Kind(row.rtype), data, row.ttl, bool(row.rclass & _TOP_BIT))


def _label(name: Name) -> DNSLabel:
    from dnslib import DNSLabel

    return DNSLabel([_bytes(part) for part in (*name, DOMAIN) if part])


def _name(label: DNSLabel) -> Name | None:
    """Return a name as ``_mdns_parse_fqdn`` takes it apart; None if it is not local or has too many parts.

    A name behind the first label that has no underscore is part of it. Subtypes are not looked at by anybody here.
    """
    parts: list[str] = []
    for raw in label.label:
        text = raw.decode("utf-8", "surrogateescape")
        if len(parts) == _LABELS_MAX:
            return None
        if len(parts) == 1 and not text.startswith("_") and text.lower() not in _NO_PART_OF_A_HOST:
            parts[0] += f".{text}"
        else:
            parts.append(text)
    if not parts:
        return Name()
    *names, domain = parts
    if domain.lower() not in (DOMAIN, "arpa"):
        return None
    match names:
        case [host]:
            return Name(host)
        case [service, protocol]:
            return Name("", service, protocol)
        case [host, service, protocol]:
            return Name(host, service, protocol)
    return None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
