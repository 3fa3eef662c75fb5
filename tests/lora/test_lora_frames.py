from __future__ import annotations

import pytest

from simulator.lora.frames import (
    Control,
    DataFrame,
    DataHeader,
    FrameType,
    JoinAccept,
    JoinRequest,
    Session,
    frame_type,
    is_signed_with,
)

KEY = bytes(range(16))
SESSION = Session(0x26011BDA, bytes(range(16, 32)), bytes(range(32, 48)))
APP_EUI, DEV_EUI = bytes.fromhex("70b3d57ef0001e32"), bytes.fromhex("d6642f02a7b2dab2")


def data_frame(**options: object) -> DataFrame:
    settings = {"kind": FrameType.UNCONFIRMED_UP, "dev_addr": SESSION.dev_addr, "counter": 1, **options}
    return DataFrame(**settings)  # type: ignore[arg-type]


def test_a_join_request_has_its_identifiers_the_other_way_round() -> None:
    request = JoinRequest(APP_EUI, DEV_EUI, 0x1234)
    data = request.to_bytes(KEY)
    assert data[:19].hex() == "00" + "321e00f07ed5b370" + "b2dab2a7022f64d6" + "3412"
    assert JoinRequest.from_bytes(data) == request
    assert is_signed_with(KEY, data)
    assert not is_signed_with(bytes(16), data)


@pytest.mark.parametrize("length", range(30))
def test_what_is_no_join_request_is_none(length: int) -> None:
    data = JoinRequest(APP_EUI, DEV_EUI, 1).to_bytes(KEY).ljust(30, b"\0")[:length]
    assert (JoinRequest.from_bytes(data) is not None) == (length == 23)
    assert JoinRequest.from_bytes(b"\x01" + data[1:]) is None


@pytest.mark.parametrize("channels", [(), (867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000)])
def test_a_join_accept_is_read_with_its_key_alone(channels: tuple[int, ...]) -> None:
    accept = JoinAccept(b"abc", b"\x13\0\0", 0x26011BDA, 3, 1, channels)
    data = accept.to_bytes(KEY)
    assert len(data) == (33 if channels else 17)
    assert JoinAccept.from_bytes(data, KEY) == accept
    assert JoinAccept.from_bytes(data, bytes(16)) is None
    assert JoinAccept.from_bytes(data[:-1], KEY) is None


def test_both_ends_of_a_join_have_the_same_session_and_another_nonce_gives_another() -> None:
    accept = JoinAccept(b"abc", b"\x13\0\0", 0x26011BDA, 3, 1)
    session = accept.session(KEY, 7)
    assert session.dev_addr == 0x26011BDA
    assert session.nwk_skey != session.app_skey
    assert accept.session(KEY, 8) != session


@pytest.mark.parametrize("kind", [kind for kind in FrameType if 2 <= kind <= 5])
@pytest.mark.parametrize("payload", [b"", b"x", b"exactly sixteen!", bytes(51)])
def test_data_survives_the_air(kind: FrameType, payload: bytes) -> None:
    frame = data_frame(kind=kind, counter=70_000, options=b"\x03\x07", control=2 | Control.ACK, port=5, payload=payload)
    data = frame.to_bytes(SESSION)
    assert payload not in data or len(payload) < 2
    assert DataFrame.from_bytes(data, SESSION, 69_990) == frame
    assert DataFrame.from_bytes(data, SESSION, 0) is None, "the upper half of the counter is part of the check"


def test_a_frame_without_a_port_has_no_payload() -> None:
    frame = data_frame(counter=1)
    assert len(frame.to_bytes(SESSION)) == 12
    assert DataFrame.from_bytes(frame.to_bytes(SESSION), SESSION, 0) == frame


def test_a_frame_of_another_session_is_none() -> None:
    data = data_frame(port=1, payload=b"x").to_bytes(SESSION)
    assert DataFrame.from_bytes(data, Session(SESSION.dev_addr, KEY, KEY), 0) is None
    assert DataFrame.from_bytes(data, Session(1, SESSION.nwk_skey, SESSION.app_skey), 0) is None


def test_every_flipped_bit_is_noticed() -> None:
    data = data_frame(port=1, payload=b"hello").to_bytes(SESSION)
    for bit in range(len(data) * 8):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        assert DataFrame.from_bytes(bytes(broken), SESSION, 0) is None, bit


@pytest.mark.parametrize("length", range(12))
def test_a_header_that_breaks_off_is_none(length: int) -> None:
    assert DataHeader.from_bytes(data_frame().to_bytes(SESSION)[:length]) is None


def test_options_that_are_longer_than_the_frame_are_none() -> None:
    data = bytearray(data_frame().to_bytes(SESSION))
    data[5] = 15
    assert DataHeader.from_bytes(bytes(data)) is None


def test_another_major_version_has_no_type() -> None:
    assert frame_type(b"\x41") is None
    assert frame_type(b"") is None
    assert frame_type(b"\x40") is FrameType.UNCONFIRMED_UP
