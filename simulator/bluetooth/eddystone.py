"""Eddystone frames: what beacons advertise, and how the firmware reads it.

Layout and codes: Google's Eddystone specification (``eddystone-uid``, ``eddystone-url``), as in
``components/sys/drivers/bluetooth_eddystone.c``. `decode` is that file's reading, mistakes included: it takes the
length of an element for the length of its value alone, so after an element that it does not know it is out of step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NAMESPACE_BYTES: Final = 10
INSTANCE_BYTES: Final = 6
URL_BYTES_MAX: Final = 17
"""What a frame has room for, after the prefix."""

_FLAGS, _UUIDS, _SERVICE_DATA = 0x01, 0x03, 0x16  # types of elements (Bluetooth Assigned Numbers)
_UUID: Final = 0xFEAA
_UUID_BYTES: Final = _UUID.to_bytes(2, "little")
_HEADER: Final = bytes((2, _FLAGS, 0x06, 3, _UUIDS)) + _UUID_BYTES
"""General discoverable mode, no classic Bluetooth; and the one service."""
_UID_FRAME, _URL_FRAME = 0x00, 0x10
_URL_FRAME_OVERHEAD: Final = 6
"""Bytes of the element of a URL besides the URL: type, UUID, frame type, power, prefix."""

_PREFIXES: Final = ("http://www.", "https://www.", "http://", "https://")
_DOMAINS: Final = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")
_ENDINGS: Final = (*(f"{domain}/" for domain in _DOMAINS), *_DOMAINS)
"""What one byte stands for, by its value."""


@dataclass(frozen=True, slots=True)
class Uid:
    """A frame with an id: ``tx_power`` is what is received at 0 m, in dBm."""

    tx_power: int
    namespace: bytes
    instance: bytes


@dataclass(frozen=True, slots=True)
class Url:
    """A frame with a URL."""

    tx_power: int
    url: bytes


def uid_frame(tx_power: int, namespace: bytes, instance: bytes) -> bytes:
    """Return the data that a beacon with an id advertises: 31 bytes."""
    value = bytes((_UID_FRAME, tx_power & 0xFF)) + namespace + instance + bytes(2)
    return _HEADER + _service_data(value)


def url_frame(tx_power: int, prefix: int, encoded: bytes) -> bytes:
    """Return the data that a beacon with a URL advertises. `encode_url` gives prefix and code."""
    return _HEADER + _service_data(bytes((_URL_FRAME, tx_power & 0xFF, prefix)) + encoded)


def _service_data(value: bytes) -> bytes:
    return bytes((3 + len(value), _SERVICE_DATA)) + _UUID_BYTES + value


def encode_url(url: bytes) -> tuple[int, bytes]:
    """Return the code of the scheme and of the rest. A scheme that has no code counts as the first, and stays."""
    text = url.decode("latin-1")
    prefix = next((code for code, scheme in enumerate(_PREFIXES) if text.startswith(scheme)), None)
    if prefix is not None:
        text = text[len(_PREFIXES[prefix]) :]
    encoded = bytearray()
    while text:
        code = next((code for code, ending in enumerate(_ENDINGS) if text.startswith(ending)), None)
        encoded.append(ord(text[0]) if code is None else code)
        text = text[1 if code is None else len(_ENDINGS[code]) :]
    return prefix or 0, bytes(encoded)


def decode(data: bytes) -> Uid | Url | None:
    """Return what the firmware takes ``data`` for (``bt_eddystone_decode``); None for anything else."""
    read = _Reader(data)
    uuid = service = length = 0
    while read.position < len(data):
        length, kind = read.byte(), read.byte()
        if kind == _FLAGS:
            read.byte()
        elif kind == _UUIDS:
            uuid = read.word()
        elif kind == _SERVICE_DATA:
            service = read.word()
            break
        else:
            read.position += length
    if uuid != _UUID or service != _UUID:
        return None
    frame, tx_power = read.byte(), read.signed_byte()
    if frame == _UID_FRAME:
        namespace, instance = read.bytes(NAMESPACE_BYTES), read.bytes(INSTANCE_BYTES)
        return None if any(read.bytes(2)) else Uid(tx_power, namespace, instance)
    if frame == _URL_FRAME:
        return Url(tx_power, _decode_url(read, length - _URL_FRAME_OVERHEAD))
    return None


def _decode_url(read: _Reader, length: int) -> bytes:
    prefix = read.byte()
    text = _PREFIXES[prefix] if prefix < len(_PREFIXES) else ""
    decoded = bytearray(text.encode())
    for code in read.bytes(max(0, length)):
        decoded += _ENDINGS[code].encode() if code < len(_ENDINGS) else bytes((code,))
    return bytes(decoded)


class _Reader:
    """Reads on; behind the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def bytes(self, count: int) -> bytes:
        taken = self._data[self.position : self.position + count]
        self.position += count
        return taken.ljust(count, b"\0")

    def byte(self) -> int:
        return self.bytes(1)[0]

    def signed_byte(self) -> int:
        return int.from_bytes(self.bytes(1), "little", signed=True)

    def word(self) -> int:
        return int.from_bytes(self.bytes(2), "little")
