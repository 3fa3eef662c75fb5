"""What a client remembers of messages until they have arrived: the flows of QoS 1 and 2, in memory and in a store.

The firmware keeps with each message that is under way the packet itself, in a file named after what it is
(``MQTTPersistence.h``); so what was not acknowledged is sent again after a restart of the board, too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from simulator.mqtt import packets
from simulator.mqtt.packets import BadPacketError, Packet, PacketReader, PacketType, Publish

ID_MAX: Final = 65_535

_SENT, _RELEASED, _RECEIVED, _COMMAND = "s-", "sc-", "r-", "c-"
_DUP: Final = 8
"""Only a PUBREL of MQTT 3.1 can have it, and only such a one is answered if its message is not known."""
_INT: Final = struct.Struct("<i")
_PAIR: Final = struct.Struct("<ii")


class Store(Protocol):
    """Where records are kept: short names to bytes."""

    def keys(self) -> list[str]:
        """Return the names of all records."""

    def get(self, key: str) -> bytes:
        """Return a record."""

    def put(self, key: str, data: bytes) -> None:
        """Keep a record."""

    def remove(self, key: str) -> None:
        """Forget a record, if there is one."""


class Message(NamedTuple):
    """A message that has arrived, to be handed to the script."""

    topic: bytes
    payload: bytes


@dataclass(slots=True)
class _Outbound:
    message: Publish
    released: bool = False
    """QoS 2: the other side has it, and was told to hand it on."""


@dataclass(slots=True)
class Command:
    """What the script asked for and nobody has sent yet: a PUBLISH, or a SUBSCRIBE if there is no payload."""

    id: int
    topic: bytes
    qos: int
    payload: bytes | None = None
    retained: bool = False
    record: int = 0
    """The number of its record in the store; 0 if it has none."""

    @property
    def packet(self) -> Packet:
        """What is to be sent."""
        if self.payload is None:
            return packets.subscribe(self.id, self.topic, self.qos)
        return Publish(self.topic, self.payload, self.qos, self.retained, self.id).to_packet()

    def to_record(self) -> bytes:
        """Return it as ``MQTTAsync_persistCommand`` writes it: C integers, and texts with a NUL behind them."""
        if self.payload is None:
            head = _PAIR.pack(PacketType.SUBSCRIBE, self.id) + _INT.pack(1)
            return head + self.topic + b"\0" + _INT.pack(self.qos)
        head = _PAIR.pack(PacketType.PUBLISH, self.id) + self.topic + b"\0"
        return head + _INT.pack(len(self.payload)) + self.payload + _PAIR.pack(self.qos, self.retained)

    @classmethod
    def from_record(cls, data: bytes, record: int) -> Command | None:
        """Return what a record holds; None if that is nothing that this client writes."""
        try:
            type_, id_ = _PAIR.unpack_from(data)
            if type_ == PacketType.SUBSCRIBE:
                topic, rest = _cut(data, _PAIR.size + _INT.size)
                (qos,) = _INT.unpack_from(rest)
                return cls(id_, topic, qos, record=record)
            if type_ == PacketType.PUBLISH:
                topic, rest = _cut(data, _PAIR.size)
                (length,) = _INT.unpack_from(rest)
                qos, retained = _PAIR.unpack_from(rest, _INT.size + length)
                payload = rest[_INT.size : _INT.size + length]
                return cls(id_, topic, qos, payload, bool(retained), record)
        except struct.error:
            pass
        return None


def _cut(data: bytes, start: int) -> tuple[bytes, bytes]:
    topic, _, rest = data[start:].partition(b"\0")
    return topic, rest


class Session:
    """The messages of one client that are under way. With a ``store``, those in it are under way from the start.

    ``commands`` are what waits to be sent, the next one first.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.commands: list[Command] = []
        self._store = store
        self._last_id = 0
        self._last_record = 0
        self._outbound: dict[int, _Outbound] = {}
        self._inbound: dict[int, Publish] = {}
        self._subscribing: set[int] = set()
        if store is not None:
            self._restore(store)

    def _restore(self, store: Store) -> None:
        for key in sorted(store.keys(), key=_number):
            if key.startswith(_COMMAND):
                command = Command.from_record(store.get(key), _number(key))
                if command is not None:
                    self.commands.append(command)
                    self._last_record = max(self._last_record, command.record)
            elif key.startswith((_SENT, _RECEIVED)):
                message = _stored_message(store.get(key))
                if message is None:
                    store.remove(key)
                elif key.startswith(_RECEIVED):
                    self._inbound[message.id] = message
                else:
                    released = f"{_RELEASED}{message.id}" in store.keys()  # noqa: SIM118 (it is no dict)
                    self._outbound[message.id] = _Outbound(message, released)
        self._last_id = max((*self._outbound, *(command.id for command in self.commands)), default=0)

    # -- sending --------------------------------------------------------------------------------------------------

    @property
    def waiting_messages(self) -> int:
        """How many messages wait to be sent."""
        return sum(command.payload is not None for command in self.commands)

    def add_publish(self, topic: bytes, payload: bytes, qos: int, *, retained: bool) -> None:
        """Let a message wait to be sent."""
        self._add(Command(self._next_id() if qos else 0, topic, qos, payload, retained))

    def add_subscribe(self, topic: bytes, qos: int) -> None:
        """Let a subscription wait to be sent."""
        self._add(Command(self._next_id(), topic, qos))

    def _add(self, command: Command) -> None:
        if self._store is not None:
            self._last_record += 1
            command.record = self._last_record
            self._store.put(f"{_COMMAND}{command.record}", command.to_record())
        self.commands.append(command)

    def take(self) -> Packet:
        """Return the packet for the next command, which is from now on under way."""
        command = self.commands.pop(0)
        if self._store is not None and command.record:
            self._store.remove(f"{_COMMAND}{command.record}")
        packet = command.packet
        if command.payload is None:
            self._subscribing.add(command.id)
        elif command.qos:
            self._outbound[command.id] = _Outbound(Publish.of(packet))
            if self._store is not None:
                self._store.put(f"{_SENT}{command.id}", packet.to_bytes())
        return packet

    def repetitions(self) -> Iterator[Packet]:
        """Yield what has to be sent again on a new connection."""
        for id_, outbound in self._outbound.items():
            if outbound.released:
                yield packets.about(PacketType.PUBREL, id_)
            else:
                yield outbound.message._replace(dup=True).to_packet()

    def _next_id(self) -> int:
        used = {*self._outbound, *self._subscribing, *(command.id for command in self.commands)}
        id_ = self._last_id % ID_MAX + 1
        while id_ in used:
            id_ = id_ % ID_MAX + 1
        self._last_id = id_
        return id_

    # -- receiving ------------------------------------------------------------------------------------------------

    def receive(self, packet: Packet) -> tuple[Packet | None, Message | None]:
        """Take a packet; return what to answer at once, and then what to hand to the script.

        Raises `BadPacketError`.
        """
        match packet.type:
            case PacketType.PUBLISH:
                return self._received(Publish.of(packet))
            case PacketType.PUBREL:
                return self._released(packet)
            case PacketType.PUBACK:
                self._arrived(packet.id, qos=1)
            case PacketType.PUBREC:
                outbound = self._outbound.get(packet.id)
                if outbound is not None and outbound.message.qos == 2 and not outbound.released:
                    outbound.released = True
                    release = packets.about(PacketType.PUBREL, packet.id)
                    if self._store is not None:
                        self._store.put(f"{_RELEASED}{packet.id}", release.to_bytes())
                    return release, None
            case PacketType.PUBCOMP:
                if self._outbound.get(packet.id, _NOTHING).released:
                    self._arrived(packet.id, qos=2)
            case PacketType.SUBACK:  # what it says of the subscription is nothing to the firmware
                self._subscribing.discard(packet.id)
            case PacketType.PINGRESP | PacketType.UNSUBACK:
                pass
            case _:
                raise BadPacketError(f"a {packet.type.name} that only a client sends")
        return None, None

    def _received(self, message: Publish) -> tuple[Packet | None, Message | None]:
        if message.qos == 2:
            self._inbound[message.id] = message
            if self._store is not None:
                self._store.put(f"{_RECEIVED}{message.id}", message.to_packet().to_bytes())
            return packets.about(PacketType.PUBREC, message.id), None
        answer = packets.about(PacketType.PUBACK, message.id) if message.qos else None
        return answer, Message(message.topic, message.payload)

    def _released(self, packet: Packet) -> tuple[Packet | None, Message | None]:
        complete = packets.about(PacketType.PUBCOMP, packet.id)
        message = self._inbound.pop(packet.id, None)
        if message is None:
            return complete if packet.flags & _DUP else None, None
        if self._store is not None:
            self._store.remove(f"{_RECEIVED}{packet.id}")
        return complete, Message(message.topic, message.payload)

    def _arrived(self, id_: int, *, qos: int) -> None:
        if self._outbound.get(id_, _NOTHING).message.qos == qos:
            del self._outbound[id_]
            if self._store is not None:
                self._store.remove(f"{_SENT}{id_}")
                self._store.remove(f"{_RELEASED}{id_}")

    def forget(self) -> None:
        """Begin anew: nothing is under way or waits, and the store is empty."""
        self.commands.clear()
        self._outbound.clear()
        self._inbound.clear()
        self._subscribing.clear()
        self._last_id = 0
        if self._store is not None:
            for key in self._store.keys():  # noqa: SIM118 (it is no dict)
                self._store.remove(key)


_NOTHING: Final = _Outbound(Publish(b"", b"", 0))


def _number(key: str) -> int:
    digits = key.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _stored_message(data: bytes) -> Publish | None:
    """Return the message in a record that holds exactly one PUBLISH."""
    reader = PacketReader()
    reader.feed(data)
    try:
        packet = reader.next()
        if packet is None or packet.type is not PacketType.PUBLISH or packet.to_bytes() != data:
            return None
        return Publish.of(packet)
    except BadPacketError:
        return None
