"""What our beacons and the firmware advertise, read by beacontools."""

from __future__ import annotations

import pytest
from beacontools import EddystoneUIDFrame, EddystoneURLFrame, IBeaconAdvertisement, parse_packet

from simulator.bluetooth import Beacon, eddystone


def test_an_ibeacon_is_one() -> None:
    beacon = Beacon.ibeacon("2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", 1, 65_535, power_dbm=-59)
    frame = parse_packet(beacon.data)
    assert isinstance(frame, IBeaconAdvertisement)
    assert (frame.uuid, frame.major, frame.minor) == ("2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", 1, 65_535)
    assert frame.tx_power == -59


def test_an_eddystone_beacon_with_an_id_is_one() -> None:
    frame = parse_packet(Beacon.eddystone_uid("00112233445566778899", "aabbccddeeff", power_dbm=-21).data)
    assert isinstance(frame, EddystoneUIDFrame)
    assert (frame.namespace, frame.instance, frame.tx_power) == ("00112233445566778899", "aabbccddeeff", -21)


@pytest.mark.parametrize(
    "url", ["https://www.example.com/", "http://example.org", "https://a.info/b.net", "http://www.x.gov/y.biz"]
)
def test_an_eddystone_beacon_with_a_url_is_one(url: str) -> None:
    frame = parse_packet(Beacon.eddystone_url(url).data)
    assert isinstance(frame, EddystoneURLFrame)
    assert frame.url == url
    assert eddystone.decode(Beacon.eddystone_url(url).data) == eddystone.Url(-20, url.encode())
