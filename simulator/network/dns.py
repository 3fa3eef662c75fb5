"""Questions to a name server, and what it answers, as far as a resolver like lwIP's (``core/dns.c``) looks at it."""

from __future__ import annotations

from typing import Final

DNS_PORT: Final = 53
_LABEL_BYTES_MAX: Final = 63


def query(number: int, name: str) -> bytes | None:
    """Return the question for the addresses of ``name``; None if no name of that form can be asked for."""
    from dnslib import DNSHeader, DNSLabel, DNSQuestion, DNSRecord

    labels = [label.encode("utf-8", "surrogateescape") for label in name.rstrip(".").split(".")]
    if not all(0 < len(label) <= _LABEL_BYTES_MAX for label in labels):
        return None
    return bytes(DNSRecord(DNSHeader(id=number, rd=1), q=DNSQuestion(DNSLabel(labels))).pack())


def addresses_in(data: bytes, number: int) -> list[str] | None:
    """Return the addresses in the answer to question ``number``; None if ``data`` is no answer to it."""
    from dnslib import QTYPE, DNSError, DNSRecord

    try:
        message = DNSRecord.parse(data)
    except DNSError:
        return None
    if not message.header.qr or message.header.id != number:
        return None
    return [str(record.rdata) for record in message.rr if record.rtype == QTYPE.A]
