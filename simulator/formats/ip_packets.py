"""IP packets as they would be on a wire, for captures: TCP, UDP, ICMP echo and DNS, with their checksums."""

from __future__ import annotations

import struct
from enum import IntFlag
from ipaddress import IPv4Address, ip_address
from typing import Final, TypeAlias

Endpoint: TypeAlias = tuple[str, int]
"""Address and port."""

DNS_PORT: Final = 53
_TCP, _UDP, _ICMP = 6, 17, 1
_TTL: Final = 64
_VERSION_6: Final = 6
_DONT_FRAGMENT: Final = 0x4000
_NAME_ERROR: Final = 3
_ADDRESS_OF_NAME: Final = struct.pack(">HH", 1, 1)
"""Type A, class IN."""


class TcpFlag(IntFlag):
    """The bits of a TCP header."""

    FIN = 1
    SYN = 2
    RST = 4
    PSH = 8
    ACK = 16


def tcp_packet(
    source: Endpoint, target: Endpoint, *, seq: int, ack: int, flags: TcpFlag, data: bytes = b"", window: int = 65535,
    mss: int | None = None,
) -> bytes:  # fmt: skip
    """Return a TCP segment in its IP packet; ``mss`` is the option that a SYN has."""
    options = struct.pack(">BBH", 2, 4, mss) if mss is not None else b""
    header = struct.pack(
        ">HHIIBBHHH",
        *(source[1], target[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF),
        *((5 + len(options) // 4) << 4, flags, window, 0, 0),
    )
    segment = header + options + data
    checksum = _checksum(_pseudo_header(source[0], target[0], _TCP, len(segment)) + segment)
    return _ip(source[0], target[0], _TCP, segment[:16] + struct.pack(">H", checksum) + segment[18:])


def udp_packet(source: Endpoint, target: Endpoint, data: bytes) -> bytes:
    """Return a UDP datagram in its IP packet."""
    length = 8 + len(data)
    header = struct.pack(">HHHH", source[1], target[1], length, 0)
    checksum = _checksum(_pseudo_header(source[0], target[0], _UDP, length) + header + data) or 0xFFFF
    return _ip(source[0], target[0], _UDP, header[:6] + struct.pack(">H", checksum) + data)


def echo_packet(source: str, target: str, *, reply: bool, sequence: int, size_bytes: int) -> bytes:
    """Return an ICMP echo request, or the reply to it, with so many bytes of data."""
    body = struct.pack(">HH", 1, sequence & 0xFFFF) + bytes(index & 0xFF for index in range(size_bytes))
    kind = b"\0\0" if reply else b"\x08\0"
    return _ip(source, target, _ICMP, kind + struct.pack(">H", _checksum(kind + bytes(2) + body)) + body)


def dns_query(number: int, name: str) -> bytes:
    """Return the question for the addresses of ``name``."""
    return struct.pack(">HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + _dns_name(name) + _ADDRESS_OF_NAME


def dns_answer(number: int, name: str, addresses: list[str]) -> bytes:
    """Return the answer to `dns_query`; without ``addresses`` it says that there is no such name."""
    flags = 0x8180 | (0 if addresses else _NAME_ERROR)
    head = struct.pack(">HHHHHH", number & 0xFFFF, flags, 1, len(addresses), 0, 0)
    answers = b"".join(
        b"\xc0\x0c" + _ADDRESS_OF_NAME + struct.pack(">IH", 60, 4) + IPv4Address(address).packed
        for address in addresses
    )
    return head + _dns_name(name) + _ADDRESS_OF_NAME + answers


def _dns_name(name: str) -> bytes:
    labels = [label.encode("utf-8", "replace")[:63] for label in name.split(".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _ip(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    if ":" in source:
        head = struct.pack(">IHBB", _VERSION_6 << 28, len(payload), protocol, _TTL)
        return head + _addresses(source, target) + payload
    start = struct.pack(">BBHHHBB", 0x45, 0, 20 + len(payload), 0, _DONT_FRAGMENT, _TTL, protocol)
    addresses = _addresses(source, target)
    return start + struct.pack(">H", _checksum(start + bytes(2) + addresses)) + addresses + payload


def _pseudo_header(source: str, target: str, protocol: int, length: int) -> bytes:
    form = ">IBBBB" if ":" in source else ">HBB"
    fields = (length, 0, 0, 0, protocol) if ":" in source else (length, 0, protocol)
    return _addresses(source, target) + struct.pack(form, *fields)


def _addresses(source: str, target: str) -> bytes:
    return ip_address(source).packed + ip_address(target).packed


def _checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
