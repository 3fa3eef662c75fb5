"""The server and its gateway, with a node that is written out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.errors import UsageError
from simulator.lora import DataRate, LoraAir, LoraNetwork, Transmission
from simulator.lora.frames import Control, DataFrame, FrameType, JoinAccept, JoinRequest, Session
from simulator.lora.phy import airtime_ns
from simulator.rng import Rng
from simulator.units import NS_PER_S

KEY, EUI = "796b86b4c9dc0252fa32457b1315e284", "70b3d57ef0001e32"
ADDRESS, NWK, APP = "26011bda", "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
SESSION = Session(int(ADDRESS, 16), bytes.fromhex(NWK), bytes.fromhex(APP))
SF7 = DataRate.SF7.modulation
F1 = 868_100_000


class Field:
    """An air, a network, its events, and somebody who sends."""

    def __init__(self, **options: str) -> None:
        self.air = LoraAir()
        self.events: list[dict[str, Any]] = []
        self.network = LoraNetwork(
            self.air, Rng(3), lambda kind, **fields: self.events.append({"kind": kind, **fields}), **options
        )
        self.now_ns = 0

    def up(self, data: bytes, *, hz: int = F1, rate: DataRate = DataRate.SF7) -> None:
        self.now_ns += 60 * NS_PER_S
        end_ns = self.now_ns + airtime_ns(rate.modulation, len(data))
        sent = Transmission("node", hz, rate.modulation, self.now_ns, end_ns, data, -80)
        self.air.begin(sent)
        self.air.end(sent)
        self.now_ns = end_ns

    def down(self, delay_s: int = 1, *, hz: int = F1, rate: DataRate = DataRate.SF7) -> bytes | None:
        opens = self.now_ns + delay_s * NS_PER_S + rate.modulation.symbol_ns
        found = self.air.listen(hz, rate.modulation, opens, opens + 5 * rate.modulation.symbol_ns)
        return None if found is None else found.data

    def data(self, counter: int, payload: bytes = b"hello", **options: Any) -> bytes:
        kind = options.pop("kind", FrameType.UNCONFIRMED_UP)
        control = options.pop("control", 0)
        return DataFrame(kind, SESSION.dev_addr, counter, control, b"", 1, payload).to_bytes(SESSION)

    @property
    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.events]


def test_a_node_with_the_right_key_is_let_in_and_answered_after_five_seconds() -> None:
    field = Field()
    node = field.network.add_node(EUI, EUI, KEY)
    field.up(JoinRequest(bytes.fromhex(EUI), bytes.fromhex(EUI), 5).to_bytes(bytes.fromhex(KEY)))
    assert field.down(1) is None
    data = field.down(5)
    assert data is not None
    accept = JoinAccept.from_bytes(data, bytes.fromhex(KEY))
    assert accept is not None
    assert accept.session(bytes.fromhex(KEY), 5) == node.session
    assert len(accept.channels) == 5
    (event,) = field.events
    assert (event["kind"], event["dev_addr"]) == ("lora.join", f"{accept.dev_addr:08x}")


@pytest.mark.parametrize(
    ("eui", "key", "why"),
    [("0011223344556677", KEY, "unknown node"), (EUI, "00" * 16, "wrong key")],
)
def test_who_is_not_known_or_has_another_key_is_refused(eui: str, key: str, why: str) -> None:
    field = Field()
    field.network.add_node(EUI, EUI, KEY)
    field.up(JoinRequest(bytes.fromhex(EUI), bytes.fromhex(eui), 5).to_bytes(bytes.fromhex(key)))
    assert field.down(5) is None
    assert [event["why"] for event in field.events] == [why]


def test_a_nonce_is_good_for_one_join() -> None:
    field = Field()
    field.network.add_node(EUI, EUI, KEY)
    for nonce in (5, 5, 6):
        field.up(JoinRequest(bytes.fromhex(EUI), bytes.fromhex(EUI), nonce).to_bytes(bytes.fromhex(KEY)))
    assert field.kinds == ["lora.join", "lora.refused", "lora.join"]


def test_a_network_for_any_key_lets_in_whoever_has_it() -> None:
    field = Field(any_app_key=KEY)
    for eui, key in ((EUI, KEY), ("0011223344556677", KEY), ("0011223344556688", "00" * 16)):
        field.up(JoinRequest(bytes.fromhex(EUI), bytes.fromhex(eui), 5).to_bytes(bytes.fromhex(key)))
    assert field.kinds == ["lora.join", "lora.join", "lora.refused"]


def test_data_is_handed_to_the_application_in_clear_text() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    seen: list[bytes] = []
    field.network.on_uplink = lambda _node, uplink: seen.append(uplink.payload)
    field.up(field.data(1), rate=DataRate.SF9)
    (uplink,) = node.uplinks
    assert (uplink.counter, uplink.port, uplink.payload, uplink.modulation) == (1, 1, b"hello", DataRate.SF9.modulation)
    assert seen == [b"hello"]
    (event,) = field.events
    assert (event["data"], event["rate"], event["gateway"], event["rssi"]) == ("68656c6c6f", "SF9BW125", "gateway", -80)
    assert field.down() is None, "there is nothing to say"


def test_a_counter_that_does_not_rise_is_refused() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    for counter in (1, 5, 5, 4, 6, 1):
        field.up(field.data(counter, bytes([counter])))
    assert [uplink.counter for uplink in node.uplinks] == [1, 5, 6]
    assert [event["why"] for event in field.events if event["kind"] == "lora.refused"] == ["counter"] * 3


def test_a_node_that_may_reset_its_counter_is_heard_again() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP, resets_counter=True)
    for counter in (1, 2, 3, 1, 2):
        field.up(field.data(counter))
    assert [uplink.counter for uplink in node.uplinks] == [1, 2, 3, 1, 2]


def test_a_counter_goes_on_behind_sixteen_bits() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    for counter in (0, 16_000, 32_000, 48_000, 64_000, 65_535, 65_536, 65_540):
        field.up(field.data(counter))
    assert node.uplinks[-1].counter == 65_540


def test_downlinks_wait_for_an_uplink_and_come_one_at_a_time() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    node.send(7, b"one")
    node.send(8, b"two", confirmed=True)
    assert field.down() is None
    frames = []
    for counter in (1, 2, 3):
        field.up(field.data(counter))
        frames.append(field.down())
    first, second = (DataFrame.from_bytes(data, SESSION, 0) for data in frames[:2] if data is not None)
    assert first is not None
    assert second is not None
    assert (first.kind, first.counter, first.port, first.payload) == (FrameType.UNCONFIRMED_DOWN, 0, 7, b"one")
    assert first.has(Control.PENDING)
    assert (second.kind, second.counter, second.port, second.payload) == (FrameType.CONFIRMED_DOWN, 1, 8, b"two")
    assert not second.has(Control.PENDING)
    assert frames[2] is None


@pytest.mark.parametrize("frame", [{"kind": FrameType.CONFIRMED_UP}, {"control": Control.ADR_ACK_REQUEST}])
def test_who_asks_for_an_answer_gets_one(frame: dict[str, Any]) -> None:
    field = Field()
    field.network.add_personalized(ADDRESS, NWK, APP)
    field.up(field.data(1, **frame))
    data = field.down()
    assert data is not None
    answer = DataFrame.from_bytes(data, SESSION, 0)
    assert answer is not None
    assert answer.has(Control.ACK) == ("kind" in frame)
    assert field.down() is None


def test_a_network_may_answer_in_the_second_window() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    field.network.window = 2
    node.send(1, b"x")
    field.up(field.data(1))
    assert field.down(1) is None
    assert field.down(2, hz=869_525_000, rate=DataRate.SF9) is not None


def test_commands_go_down_with_the_next_frame() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    node.order(b"\x06")
    node.order(b"\x04\x01")
    field.up(field.data(1))
    data = field.down()
    assert data is not None
    answer = DataFrame.from_bytes(data, SESSION, 0)
    assert answer is not None
    assert (answer.options, answer.port) == (b"\x06\x04\x01", None)


@pytest.mark.parametrize(
    ("hz", "rate", "is_heard"),
    [
        (868_300_000, DataRate.SF12, True),
        (867_900_000, DataRate.SF7, True),
        (869_525_000, DataRate.SF7, False),
        (868_300_000, DataRate.SF7B, True),
        (868_100_000, DataRate.SF7B, False),
        (868_800_000, DataRate.FSK, True),
        (868_100_000, DataRate.FSK, False),
    ],
)
def test_the_gateway_has_eight_channels_and_two_more(hz: int, rate: DataRate, is_heard: bool) -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    field.up(field.data(1), hz=hz, rate=rate)
    assert bool(node.uplinks) is is_heard


def test_far_away_only_slow_frames_are_heard_and_without_power_none() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    field.network.rssi_dbm = -140
    field.up(field.data(1))
    field.up(field.data(2), rate=DataRate.SF12)
    field.network.is_on = False
    field.up(field.data(3), rate=DataRate.SF12)
    assert [uplink.counter for uplink in node.uplinks] == [2]


def test_a_gateway_that_has_lost_its_power_answers_nobody() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    node.send(1, b"x")
    field.up(field.data(1))
    field.network.is_on = False
    assert field.down() is None
    field.network.is_on = True
    assert field.down() is not None


def test_the_second_copy_of_a_frame_is_dropped() -> None:
    field = Field()
    node = field.network.add_personalized(ADDRESS, NWK, APP)
    data = field.data(1)
    field.up(data)
    copy = Transmission("other", F1, SF7, field.now_ns, field.now_ns, data, -100)
    field.network.forward(copy, "other", -100)
    assert len(node.uplinks) == 1
    assert field.kinds == ["lora.uplink"]


def test_a_frame_that_is_none_is_refused() -> None:
    field = Field()
    field.up(b"\xe0hello")
    field.up(DataFrame(FrameType.UNCONFIRMED_DOWN, 1, 1).to_bytes(SESSION))
    field.up(field.data(1))
    assert [event["why"] for event in field.events] == [
        "not a frame for a network",
        "not a frame for a network",
        "unknown address",
    ]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda network: network.add_node("70", EUI, KEY),
        lambda network: network.add_node("zz" * 8, EUI, KEY),
        lambda network: network.add_personalized(ADDRESS, NWK, "00"),
        lambda network: network.add_node(EUI, EUI, KEY).send(0, b""),
        lambda network: network.add_node(EUI, EUI, KEY).send(224, b""),
        lambda network: network.add_node(EUI, EUI, KEY).send(1, bytes(223)),
        lambda network: network.add_node(EUI, EUI, KEY).order(bytes(16)),
    ],
)
def test_what_cannot_be_is_refused_with_a_word(mistake: Any) -> None:
    with pytest.raises(UsageError):
        mistake(Field().network)
