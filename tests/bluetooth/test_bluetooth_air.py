from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.bluetooth import Advertiser, AdvertisingType, Beacon, BluetoothAir, Scanner
from simulator.bluetooth.advertiser import HIGH_DUTY_NS
from simulator.bluetooth.scanner import SCAN_INTERVAL_NS, SCAN_WINDOW_NS
from simulator.errors import UsageError
from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_S

US = "30:ae:a4:00:00:02"
THEM = "30:ae:a4:00:00:07"


def advertiser(data: bytes = b"hello", address: str = THEM, interval_ms: int = 100, **options: object) -> Advertiser:
    rng = Rng(1).child(address)
    settings = {"begin_ns": 0, "rssi_dbm": -60, **options}
    return Advertiser(address, data, interval_ns=interval_ms * NS_PER_MS, rng=rng, **settings)  # type: ignore[arg-type]


def test_every_event_is_a_packet_on_each_channel_one_after_the_other() -> None:
    first, second, third = advertiser().sent_between(0, 50 * NS_PER_MS)
    assert [pdu.channel for pdu in (first, second, third)] == [37, 38, 39]
    assert first.begin_ns == 0
    assert first.end_ns == (16 + 5) * 8_000  # one microsecond a bit
    assert first.end_ns < second.begin_ns < second.end_ns < third.begin_ns


def test_events_come_at_the_interval_plus_up_to_ten_milliseconds() -> None:
    packets = advertiser(channels=(37,)).sent_between(0, 900 * NS_PER_MS)
    begins = [pdu.begin_ns for pdu in packets]
    gaps = [after - before for before, after in pairwise(begins)]
    assert len(gaps) == 8
    assert all(100 * NS_PER_MS <= gap <= 110 * NS_PER_MS for gap in gaps)
    assert len(set(gaps)) > 1


def test_who_asks_later_or_twice_hears_the_same() -> None:
    asked_once, asked_often = advertiser(), advertiser()
    for end_ms in range(0, 2000, 7):
        list(asked_often.sent_between(0, end_ms * NS_PER_MS))
    window = (1_500 * NS_PER_MS, 2_100 * NS_PER_MS)
    packets = [pdu[:3] for pdu in asked_once.sent_between(*window)]
    assert packets == [pdu[:3] for pdu in asked_often.sent_between(*window)]
    assert packets == [pdu[:3] for pdu in asked_often.sent_between(*window)]


def test_what_nobody_has_listened_to_is_leapt_over() -> None:
    quiet = advertiser()
    year_ns = 365 * 24 * 3600 * NS_PER_S
    assert len(list(quiet.sent_between(year_ns, year_ns + NS_PER_S))) > 20


def test_a_packet_that_is_cut_off_by_the_window_is_not_heard() -> None:
    air = BluetoothAir()
    air.add(advertiser())
    whole_ns = (16 + 5) * 8_000
    assert len(air.sent_between(0, whole_ns, 37)) == 1
    assert air.sent_between(0, whole_ns - 1, 37) == []
    assert air.sent_between(1, NS_PER_MS, 37) == []
    assert air.sent_between(0, whole_ns, 38) == []


def test_who_is_too_far_away_or_gone_is_not_heard() -> None:
    air = BluetoothAir()
    far = air.add(advertiser())
    far.rssi_dbm = -95
    assert air.sent_between(0, NS_PER_S, 37) == []
    far.rssi_dbm = -94
    assert air.sent_between(0, NS_PER_S, 37) != []
    air.remove(far)
    air.remove(far)
    assert air.sent_between(0, NS_PER_S, 37) == []
    assert list(air) == []


def heard_in(seconds: int, *advertisers: Advertiser) -> list[str]:
    air = BluetoothAir()
    for one in advertisers:
        air.add(one)
    scanner = Scanner(air, US, 0)
    heard: list[str] = []
    while scanner.due_ns <= seconds * NS_PER_S:
        heard += [pdu.advertiser.address for pdu in scanner.close_window()]
    return heard


def test_a_scanner_listens_for_less_than_two_milliseconds_in_fifty() -> None:
    scanner = Scanner(BluetoothAir(), US, 1_000)
    assert scanner.due_ns == 1_000 + 1_875_000
    scanner.close_window()
    assert scanner.due_ns == 1_000 + 50_000_000 + 1_875_000
    assert (SCAN_INTERVAL_NS, SCAN_WINDOW_NS) == (50_000_000, 1_875_000)


def test_a_beacon_is_heard_about_once_in_three_seconds() -> None:
    assert 60 < len(heard_in(300, advertiser(data=bytes(31)))) < 120


def test_a_board_does_not_hear_itself() -> None:
    assert heard_in(300, advertiser(address=US)) == []


def test_directed_advertising_is_heard_by_its_peer_alone_and_carries_no_data() -> None:
    to_us = advertiser(kind=AdvertisingType.DIRECT_IND_LOW, peer=US)
    to_others = advertiser(kind=AdvertisingType.DIRECT_IND_LOW, peer="30:ae:a4:00:00:0c")
    assert to_us.data == b""
    assert heard_in(100, to_us)
    assert heard_in(100, to_others) == []


def test_high_duty_cycle_advertising_ends_by_itself() -> None:
    urgent = advertiser(kind=AdvertisingType.DIRECT_IND_HIGH, peer=US)
    assert len(list(urgent.sent_between(0, 10 * NS_PER_MS))) == 9
    assert list(urgent.sent_between(HIGH_DUTY_NS, HIGH_DUTY_NS + NS_PER_S)) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Beacon(bytes(32)),
        lambda: Beacon(b"", interval_ms=19),
        lambda: Beacon.ibeacon("no id", 1, 2),
        lambda: Beacon.ibeacon("2f234454-cf6d-4a0f-adf2-f4911ba9ffa6", 65_536, 2),
        lambda: Beacon.eddystone_uid("00", "aabbccddeeff"),
        lambda: Beacon.eddystone_uid("0x", "aabbccddeeff"),
        lambda: Beacon.eddystone_url("ftp://example.com"),
        lambda: Beacon.eddystone_url("https://much-too-long-for-a-beacon.example.com"),
    ],
)
def test_what_no_beacon_can_be_is_refused(make: object) -> None:
    with pytest.raises(UsageError):
        make()  # type: ignore[operator]
