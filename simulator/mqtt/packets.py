"""Packets of MQTT 3.1 and 3.1.1: bytes to values and back, as far as a client needs them.

A packet is a type and four flags in one byte, the length of the rest in one to four bytes of seven bits each, lowest
first, and the rest (MQTT 3.1.1, section 2.2). Texts have their length in two bytes in front.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

PROTOCOL_3_1: Final = 3
PROTOCOL_3_1_1: Final = 4
_NAMES: Final = {PROTOCOL_3_1: b"MQIsdp", PROTOCOL_3_1_1: b"MQTT"}

REMAINING_BYTES_MAX: Final = 268_435_455
_LENGTH_BYTES_MAX: Final = 4
_NEEDED_FLAGS: Final = 2
"""PUBREL and SUBSCRIBE have them set, for no reason that still exists."""

_CLEAN_SESSION: Final = 0x02
_HAS_PASSWORD: Final = 0x40
_HAS_USER: Final = 0x80


class PacketType(IntEnum):
    """The upper four bits of the first byte."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class BadPacketError(Exception):
    """What came is no packet of MQTT. The other side did it, and the connection is of no more use."""


class Packet(NamedTuple):
    """One packet: its type, the lower four bits of its first byte, and what follows its length."""

    type: PacketType
    flags: int
    rest: bytes

    def to_bytes(self) -> bytes:
        """Return it as it goes over the wire."""
        head, length = bytearray([self.type << 4 | self.flags]), len(self.rest)
        assert length <= REMAINING_BYTES_MAX, length
        while True:
            length, low = length >> 7, length & 0x7F
            head.append(low | (0x80 if length else 0))
            if not length:
                return bytes(head) + self.rest

    @property
    def id(self) -> int:
        """The number of the message that an acknowledgement is about. Raises `BadPacketError` if there is none."""
        if len(self.rest) < 2:
            raise BadPacketError(f"a {self.type.name} without a number")
        return int.from_bytes(self.rest[:2], "big")

    @property
    def return_code(self) -> int:
        """What a CONNACK says of the connection: 0 if it is accepted. Raises `BadPacketError`."""
        if len(self.rest) < 2:
            raise BadPacketError("a CONNACK without a code")
        return self.rest[1]


class Publish(NamedTuple):
    """What a PUBLISH says. ``id`` is 0 for QoS 0."""

    topic: bytes
    payload: bytes
    qos: int
    retained: bool = False
    id: int = 0
    dup: bool = False

    @classmethod
    def of(cls, packet: Packet) -> Publish:
        """Return what ``packet`` says. Raises `BadPacketError`."""
        rest, qos = packet.rest, packet.flags >> 1 & 3
        topic_end = 2 + int.from_bytes(rest[:2], "big")
        payload_start = topic_end + (2 if qos else 0)
        if qos > 2 or len(rest) < max(2, payload_start):
            raise BadPacketError("a PUBLISH that is cut off or of QoS 3")
        return cls(
            topic=rest[2:topic_end],
            payload=rest[payload_start:],
            qos=qos,
            retained=bool(packet.flags & 1),
            id=int.from_bytes(rest[topic_end:payload_start], "big"),
            dup=bool(packet.flags & 8),
        )

    def to_packet(self) -> Packet:
        """Return the packet that says this."""
        flags = self.dup << 3 | self.qos << 1 | self.retained
        number = self.id.to_bytes(2, "big") if self.qos else b""
        return Packet(PacketType.PUBLISH, flags, _text(self.topic) + number + self.payload)


PING: Final = Packet(PacketType.PINGREQ, 0, b"")
DISCONNECT: Final = Packet(PacketType.DISCONNECT, 0, b"")


def connect(
    client_id: bytes, *, version: int, clean: bool, keep_alive_s: int, user: bytes | None, password: bytes | None
) -> Packet:
    """Return the packet that opens a session, in ``version`` `PROTOCOL_3_1` or `PROTOCOL_3_1_1`."""
    flags = (clean and _CLEAN_SESSION) | (user is not None and _HAS_USER) | (password is not None and _HAS_PASSWORD)
    head = _text(_NAMES[version]) + bytes([version, flags]) + keep_alive_s.to_bytes(2, "big")
    texts = [text for text in (client_id, user, password) if text is not None]
    return Packet(PacketType.CONNECT, 0, head + b"".join(map(_text, texts)))


def subscribe(id_: int, topic: bytes, qos: int) -> Packet:
    """Return the packet that asks for what is published under ``topic``."""
    return Packet(PacketType.SUBSCRIBE, _NEEDED_FLAGS, id_.to_bytes(2, "big") + _text(topic) + bytes([qos]))


def about(type_: PacketType, id_: int) -> Packet:
    """Return a PUBACK, PUBREC, PUBREL or PUBCOMP."""
    return Packet(type_, _NEEDED_FLAGS if type_ is PacketType.PUBREL else 0, id_.to_bytes(2, "big"))


class PacketReader:
    """Takes bytes as they come, and gives the packets that are complete."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._data += data

    def next(self) -> Packet | None:
        """Return the next packet, or None until more has come. Raises `BadPacketError`."""
        data = self._data
        length = shift = 0
        for position in range(1, 1 + _LENGTH_BYTES_MAX):
            if len(data) <= position:
                return None
            length |= (data[position] & 0x7F) << shift
            shift += 7
            if not data[position] & 0x80:
                break
        else:
            raise BadPacketError("a length of more than four bytes")
        start = position + 1
        if len(data) < start + length:
            return None
        try:
            type_ = PacketType(data[0] >> 4)
        except ValueError as error:
            raise BadPacketError(f"there is no packet of type {data[0] >> 4}") from error
        packet = Packet(type_, data[0] & 0xF, bytes(data[start : start + length]))
        del data[: start + length]
        return packet


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text
