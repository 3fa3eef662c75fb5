"""Packets of MQTT: known bytes, and every packet in every cut."""

from __future__ import annotations

import pytest

from simulator.mqtt import Packet, PacketReader, PacketType, packets
from simulator.mqtt.packets import PROTOCOL_3_1, PROTOCOL_3_1_1, BadPacketError, Publish

EXAMPLES = [
    (
        packets.connect(b"id", version=PROTOCOL_3_1_1, clean=True, keep_alive_s=20, user=b"u", password=b"p"),
        b"\x10\x14\0\x04MQTT\x04\xc2\0\x14\0\x02id\0\x01u\0\x01p",
    ),
    (
        packets.connect(b"", version=PROTOCOL_3_1, clean=False, keep_alive_s=0, user=None, password=None),
        b"\x10\x0e\0\x06MQIsdp\x03\0\0\0\0\0",
    ),
    (packets.subscribe(10, b"a/b", 1), b"\x82\x08\0\x0a\0\x03a/b\x01"),
    (packets.about(PacketType.PUBACK, 258), b"\x40\x02\x01\x02"),
    (packets.about(PacketType.PUBREL, 1), b"\x62\x02\0\x01"),
    (packets.PING, b"\xc0\0"),
    (packets.DISCONNECT, b"\xe0\0"),
    (Publish(b"a/b", b"x", 0).to_packet(), b"\x30\x06\0\x03a/bx"),
    (Publish(b"a/b", b"", 2, retained=True, id=10, dup=True).to_packet(), b"\x3d\x07\0\x03a/b\0\x0a"),
    (Publish(b"t", b"y" * 200, 0).to_packet(), b"\x30\xcb\x01\0\x01t" + b"y" * 200),
]


@pytest.mark.parametrize(("packet", "data"), EXAMPLES)
def test_a_packet_is_these_bytes_and_back(packet: Packet, data: bytes) -> None:
    assert packet.to_bytes() == data
    reader = PacketReader()
    reader.feed(data)
    assert reader.next() == packet
    assert reader.next() is None


def test_packets_are_found_wherever_they_are_cut() -> None:
    stream = b"".join(data for _, data in EXAMPLES)
    reader, found = PacketReader(), []
    for position in range(len(stream)):
        reader.feed(stream[position : position + 1])
        while (packet := reader.next()) is not None:
            found.append(packet)
    assert found == [packet for packet, _ in EXAMPLES]


@pytest.mark.parametrize("length", [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_lengths_have_one_to_four_bytes(length: int) -> None:
    reader = PacketReader()
    reader.feed(Packet(PacketType.PUBLISH, 0, bytes(length)).to_bytes())
    packet = reader.next()
    assert packet is not None
    assert len(packet.rest) == length


@pytest.mark.parametrize("data", [b"\x00\0", b"\xf0\0", b"\x30\xff\xff\xff\xff\x01"])
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    reader = PacketReader()
    reader.feed(data)
    with pytest.raises(BadPacketError):
        reader.next()


@pytest.mark.parametrize(
    "packet",
    [
        Packet(PacketType.PUBLISH, 0, b"\0"),
        Packet(PacketType.PUBLISH, 0, b"\0\x04abc"),
        Packet(PacketType.PUBLISH, 2, b"\0\x03abc\0"),
        Packet(PacketType.PUBLISH, 6, b"\0\x03abc\0\x01"),
    ],
)
def test_a_message_that_is_cut_off_is_refused(packet: Packet) -> None:
    with pytest.raises(BadPacketError):
        Publish.of(packet)


def test_an_acknowledgement_without_a_number_is_refused() -> None:
    with pytest.raises(BadPacketError):
        _ = Packet(PacketType.PUBACK, 0, b"\0").id
    with pytest.raises(BadPacketError):
        _ = Packet(PacketType.CONNACK, 0, b"\0").return_code
