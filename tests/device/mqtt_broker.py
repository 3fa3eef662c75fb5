"""A broker for MQTT on the virtual network: small, and with the faults that a test wants.

It knows one session for each client id, forwards what is published to those who subscribed to exactly that topic or
to ``<prefix>/#``, and writes down what it receives.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import trio

from simulator.mqtt import Packet, PacketReader, PacketType, packets
from simulator.mqtt.packets import Publish
from simulator.network import VirtualStream


@dataclass
class Connect:
    """What a CONNECT says."""

    version: int
    flags: int
    keep_alive_s: int
    texts: list[bytes]

    @classmethod
    def of(cls, packet: Packet) -> Connect:
        fields, rest = [], packet.rest
        name_end = 2 + int.from_bytes(rest[:2], "big")
        version, flags = rest[name_end : name_end + 2]
        keep_alive_s = int.from_bytes(rest[name_end + 2 : name_end + 4], "big")
        rest = rest[name_end + 4 :]
        while rest:
            end = 2 + int.from_bytes(rest[:2], "big")
            fields.append(rest[2:end])
            rest = rest[end:]
        return cls(version, flags, keep_alive_s, fields)


@dataclass
class Broker:
    """``codes`` are what the next connections are answered with; then all are accepted."""

    codes: list[int] = field(default_factory=list)
    answers_pings: bool = True
    is_mute: bool = False
    """Whether it accepts connections and says nothing."""
    received: list[tuple[float, Packet]] = field(default_factory=list)
    connects: list[Connect] = field(default_factory=list)
    subscriptions: defaultdict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    retained: dict[bytes, bytes] = field(default_factory=dict)
    streams: dict[bytes, VirtualStream] = field(default_factory=dict)
    acknowledges: bool = True

    def kinds(self) -> list[str]:
        """What was received, in order, pings left out."""
        return [packet.type.name for _, packet in self.received if packet.type is not PacketType.PINGREQ]

    def times(self, kind: PacketType) -> list[float]:
        return [at for at, packet in self.received if packet.type is kind]

    async def serve(self, stream: VirtualStream) -> None:
        reader, client = PacketReader(), b""
        try:
            async for data in stream:
                reader.feed(bytes(data))
                while (packet := reader.next()) is not None:
                    self.received.append((trio.current_time(), packet))
                    if packet.type is PacketType.CONNECT:
                        self.connects.append(Connect.of(packet))
                        client = self.connects[-1].texts[0]
                    if not self.is_mute and not await self._answer(stream, client, packet):
                        return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            if self.streams.get(client) is stream:
                del self.streams[client]

    async def _answer(self, stream: VirtualStream, client: bytes, packet: Packet) -> bool:
        async def send(answer: Packet) -> None:
            await stream.send_all(answer.to_bytes())

        match packet.type:
            case PacketType.CONNECT:
                code = self.codes.pop(0) if self.codes else 0
                await send(Packet(PacketType.CONNACK, 0, bytes([0, code])))
                if code:
                    return False
                self.streams[client] = stream
                if self.connects[-1].flags & 2:
                    self.subscriptions[client].clear()
            case PacketType.SUBSCRIBE:
                topic = packet.rest[4:-1]
                self.subscriptions[client].append(topic)
                await send(Packet(PacketType.SUBACK, 0, packet.rest[:2] + packet.rest[-1:]))
                for name, payload in self.retained.items():
                    if _fits(topic, name):
                        await send(Publish(name, payload, 0, retained=True).to_packet())
            case PacketType.PUBLISH:
                message = Publish.of(packet)
                if message.qos and self.acknowledges:
                    await send(packets.about(PacketType.PUBREC if message.qos == 2 else PacketType.PUBACK, message.id))
                if message.retained:
                    self.retained[message.topic] = message.payload
                await self.publish(message.topic, message.payload)
            case PacketType.PUBREL:
                await send(packets.about(PacketType.PUBCOMP, packet.id))
            case PacketType.PUBREC:
                await send(packets.about(PacketType.PUBREL, packet.id))
            case PacketType.PINGREQ if self.answers_pings:
                await send(Packet(PacketType.PINGRESP, 0, b""))
            case PacketType.DISCONNECT:
                return False
        return True

    async def publish(self, topic: bytes, payload: bytes, *, qos: int = 0, id_: int = 0) -> None:
        """Send a message to whoever wants it."""
        for client, stream in tuple(self.streams.items()):
            if any(_fits(filter_, topic) for filter_ in self.subscriptions[client]):
                await stream.send_all(Publish(topic, payload, qos, id=id_).to_packet().to_bytes())

    def drop(self) -> None:
        """Lose all connections."""
        for stream in self.streams.values():
            stream.reset()


def _fits(filter_: bytes, topic: bytes) -> bool:
    return filter_ == topic or (filter_.endswith(b"#") and topic.startswith(filter_[:-1]))
