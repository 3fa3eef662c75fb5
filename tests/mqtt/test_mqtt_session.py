"""The flows of messages, and what a store makes of a restart."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from simulator.mqtt import Packet, PacketType, Session, packets
from simulator.mqtt.packets import BadPacketError, Publish
from simulator.mqtt.session import ID_MAX, Command, Message


@dataclass
class Memory:
    """A store in memory."""

    records: dict[str, bytes] = field(default_factory=dict)

    def keys(self) -> list[str]:
        return list(self.records)

    def get(self, key: str) -> bytes:
        return self.records[key]

    def put(self, key: str, data: bytes) -> None:
        self.records[key] = data

    def remove(self, key: str) -> None:
        self.records.pop(key, None)


def sent(session: Session, qos: int) -> Publish:
    """Send a message, and return what its packet says."""
    session.add_publish(b"t", b"p", qos, retained=False)
    return Publish.of(session.take())


def again(message: Publish) -> Packet:
    """The packet by which it is sent again."""
    return message._replace(dup=True).to_packet()


def test_a_message_of_quality_one_is_repeated_until_it_is_acknowledged() -> None:
    session = Session()
    message = sent(session, 1)
    assert list(session.repetitions()) == [again(message)]
    assert session.receive(packets.about(PacketType.PUBACK, message.id)) == (None, None)
    assert not list(session.repetitions())


def test_a_message_of_quality_two_is_released_once_and_then_only_the_release_is_repeated() -> None:
    session = Session()
    id_ = sent(session, 2).id
    release = packets.about(PacketType.PUBREL, id_)
    assert session.receive(packets.about(PacketType.PUBCOMP, id_)) == (None, None)
    assert session.receive(packets.about(PacketType.PUBREC, id_)) == (release, None)
    assert session.receive(packets.about(PacketType.PUBREC, id_)) == (None, None)
    assert list(session.repetitions()) == [release]
    session.receive(packets.about(PacketType.PUBCOMP, id_))
    assert not list(session.repetitions())


def test_an_acknowledgement_of_the_wrong_kind_is_none() -> None:
    session = Session()
    session.receive(packets.about(PacketType.PUBACK, sent(session, 2).id))
    session.receive(packets.about(PacketType.PUBREC, sent(session, 1).id))
    assert [packet.type for packet in session.repetitions()] == [PacketType.PUBLISH] * 2


def test_what_comes_is_answered_and_delivered_by_its_quality() -> None:
    session, message = Session(), Message(b"t", b"p")
    assert session.receive(Publish(b"t", b"p", 0).to_packet()) == (None, message)
    assert session.receive(Publish(b"t", b"p", 1, id=5).to_packet()) == (packets.about(PacketType.PUBACK, 5), message)
    incoming = Publish(b"t", b"p", 2, id=6).to_packet()
    assert session.receive(incoming) == (packets.about(PacketType.PUBREC, 6), None)
    assert session.receive(incoming) == (packets.about(PacketType.PUBREC, 6), None)
    release, complete = packets.about(PacketType.PUBREL, 6), packets.about(PacketType.PUBCOMP, 6)
    assert session.receive(release) == (complete, message)
    assert session.receive(release) == (None, None)
    assert session.receive(release._replace(flags=release.flags | 8)) == (complete, None)


def test_a_packet_that_only_clients_send_is_refused() -> None:
    with pytest.raises(BadPacketError):
        Session().receive(packets.PING)


def test_numbers_are_not_used_twice_at_a_time_and_begin_again_at_one() -> None:
    session = Session()
    first = sent(session, 1).id
    ids = [sent(session, 0).id]
    for _ in range(ID_MAX - 1):
        ids.append(sent(session, 1).id)
        session.receive(packets.about(PacketType.PUBACK, ids[-1]))
    assert (first, ids[:2], ids[-1], sent(session, 1).id) == (1, [0, 2], ID_MAX, 2)


def test_what_is_under_way_is_in_the_store_until_it_has_arrived() -> None:
    store = Memory()
    session = Session(store)
    session.add_publish(b"t", b"p", 2, retained=True)
    assert list(store.records) == ["c-1"]
    packet = session.take()
    assert store.records == {"s-1": packet.to_bytes()}
    session.receive(packets.about(PacketType.PUBREC, 1))
    assert set(store.records) == {"s-1", "sc-1"}
    session.receive(packets.about(PacketType.PUBCOMP, 1))
    session.receive(Publish(b"t", b"in", 2, id=9).to_packet())
    assert set(store.records) == {"r-9"}
    session.receive(packets.about(PacketType.PUBREL, 9))
    assert store.records == {}


def test_a_session_goes_on_where_its_store_says() -> None:
    store = Memory()
    before = Session(store)
    published, released = sent(before, 1), sent(before, 2)
    before.receive(packets.about(PacketType.PUBREC, released.id))
    before.receive(Publish(b"t", b"in", 2, id=9).to_packet())
    before.add_subscribe(b"u", 1)
    before.add_publish(b"t", b"later", 0, retained=False)
    after = Session(store)
    assert list(after.repetitions()) == [
        again(published),
        packets.about(PacketType.PUBREL, released.id),
    ]
    assert after.receive(packets.about(PacketType.PUBREL, 9))[1] == Message(b"t", b"in")
    assert [after.take(), after.take()] == [packets.subscribe(3, b"u", 1), Publish(b"t", b"later", 0).to_packet()]
    assert sent(after, 1).id == 4


def test_forgetting_empties_the_store_too() -> None:
    store = Memory()
    session = Session(store)
    sent(session, 1)
    session.add_subscribe(b"t", 0)
    session.forget()
    assert (store.records, session.commands, list(session.repetitions())) == ({}, [], [])


@pytest.mark.parametrize("length", range(60))
def test_damaged_records_are_passed_over(length: int) -> None:
    whole = Command(7, b"topic", 1, b"payload", retained=True).to_record()
    good = Publish(b"topic", b"payload", 1, id=7).to_packet().to_bytes()
    store = Memory({"c-1": whole[:length], "s-7": good[:length], "r-8": good[:length], "sc-3": b"", "x": b"?"})
    session = Session(store)
    assert len(session.commands) == (length >= len(whole))
    assert len(list(session.repetitions())) == (length >= len(good))


def test_a_command_is_its_record_and_back() -> None:
    for command in (Command(7, b"topic", 2, b"pay\0load", True, 3), Command(8, b"a/#", 1, record=4)):
        assert Command.from_record(command.to_record(), command.record) == command
    assert Command.from_record(b"\x0a\0\0\0\x01\0\0\0", 1) is None
