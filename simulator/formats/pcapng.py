"""Captures that Wireshark reads: the blocks of pcapng that we need (draft-ietf-opsawg-pcapng), little-endian.

    section header | interface description | enhanced packet | enhanced packet | ...

Every block begins with its type and its length and ends with its length again. Options are a code, a length and a value
that is filled up to four bytes.
"""

from __future__ import annotations

import struct
from typing import Final

LINKTYPE_RAW: Final = 101
"""Packets begin with their IP header."""
SNAP_BYTES: Final = 262_144

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER: Final = 0x1A2B3C4D
_END, _COMMENT = 0, 1
_USER_APPLICATION: Final = 4
_NAME, _TIME_RESOLUTION = 2, 9
_NANOSECONDS: Final = b"\x09"
_LENGTH_UNKNOWN: Final = 0xFFFFFFFFFFFFFFFF


def section_header(application: str) -> bytes:
    """Return the block that a capture begins with; ``application`` is who made it."""
    body = struct.pack("<IHHQ", _BYTE_ORDER, 1, 0, _LENGTH_UNKNOWN)
    return _block(_SECTION, body + _options({_USER_APPLICATION: application.encode()}))


def interface_description(name: str) -> bytes:
    """Return the block of an interface, with IP packets and times in nanoseconds. The first has the number 0."""
    body = struct.pack("<HHI", LINKTYPE_RAW, 0, SNAP_BYTES)
    return _block(_INTERFACE, body + _options({_NAME: name.encode(), _TIME_RESOLUTION: _NANOSECONDS}))


def enhanced_packet(interface: int, time_ns: int, data: bytes, comment: str = "") -> bytes:
    """Return the block of one packet."""
    body = struct.pack("<IIIII", interface, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), len(data)) + _padded(data)
    return _block(_PACKET, body + (_options({_COMMENT: comment.encode()}) if comment else b""))


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _options(options: dict[int, bytes]) -> bytes:
    found = b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options.items())
    return found + struct.pack("<HH", _END, 0)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
