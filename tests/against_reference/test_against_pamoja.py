"""Our LoRaWAN frames, made and read by pamoja-lorawan, which has both halves of the join and the data frames."""

from __future__ import annotations

import pytest
from pamoja import lorawan

from simulator.lora.frames import Control, DataFrame, FrameType, JoinAccept, JoinRequest, Session, is_signed_with

DEV_EUI, APP_EUI = bytes.fromhex("d6642f02a7b2dab2"), bytes.fromhex("70b3d57ef0001e32")
KEY = bytes.fromhex("796b86b4c9dc0252fa32457b1315e284")
ADDRESS, NWK, APP = 0x26011BDA, bytes(range(16)), bytes(range(16, 32))
OURS = Session(ADDRESS, NWK, APP)


def test_a_join_of_our_node_is_granted_by_their_network_with_the_same_session() -> None:
    request = JoinRequest(APP_EUI, DEV_EUI, 0x1234)
    theirs = lorawan.parse_join_request(request.to_bytes(KEY), KEY)
    assert theirs.dev_nonce == 0x1234
    grant = lorawan.grant(0x030201, 0x000013, ADDRESS, dl_settings=3, rx_delay=1)
    accept = JoinAccept.from_bytes(bytes(grant.accept(KEY, 0x1234)), KEY)
    assert accept == JoinAccept(b"\1\2\3", b"\x13\0\0", ADDRESS, 3, 1)
    session = accept.session(KEY, 0x1234)
    frame = DataFrame(FrameType.UNCONFIRMED_UP, ADDRESS, 1, 0, b"", 5, b"hello")
    decoded = grant.session(KEY, 0x1234).decode(frame.to_bytes(session), 1)
    assert bytes(decoded.payload) == b"hello"


def test_a_join_of_their_node_is_granted_by_our_network_with_the_same_session() -> None:
    device = lorawan.device(DEV_EUI, APP_EUI, KEY)
    data = bytes(device.join_request(7))
    assert JoinRequest.from_bytes(data) == JoinRequest(APP_EUI, DEV_EUI, 7)
    assert is_signed_with(KEY, data)
    channels = (867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000)
    accept = JoinAccept(b"\1\2\3", b"\x13\0\0", ADDRESS, 3, 1, channels)
    theirs = device.accept_join(accept.to_bytes(KEY), 7)
    up = bytes(theirs.session().encode_uplink(1, 5, b"hello", False))
    frame = DataFrame.from_bytes(up, accept.session(KEY, 7), 0)
    assert frame is not None
    assert (frame.port, frame.payload) == (5, b"hello")


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 51])
@pytest.mark.parametrize("confirmed", [False, True])
def test_data_is_encrypted_and_signed_alike_in_both_directions(length: int, confirmed: bool) -> None:
    theirs = lorawan.session(ADDRESS, NWK, APP)
    payload = bytes(range(length))
    up = DataFrame(FrameType.CONFIRMED_UP if confirmed else FrameType.UNCONFIRMED_UP, ADDRESS, 9, 0, b"", 7, payload)
    down = DataFrame(
        FrameType.CONFIRMED_DOWN if confirmed else FrameType.UNCONFIRMED_DOWN, ADDRESS, 3, 0, b"", 7, payload
    )
    assert bytes(theirs.encode_uplink(9, 7, payload, confirmed)) == up.to_bytes(OURS)
    assert bytes(theirs.encode_downlink(3, 7, payload, confirmed)) == down.to_bytes(OURS)


def test_an_acknowledgement_is_understood() -> None:
    down = DataFrame(FrameType.UNCONFIRMED_DOWN, ADDRESS, 3, Control.ACK, b"", 7, b"x")
    header = lorawan.parse_header(down.to_bytes(OURS))
    assert header.dev_addr == ADDRESS
    assert header.ack
