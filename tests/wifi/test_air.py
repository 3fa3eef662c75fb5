from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.wifi import AccessPoint, Air, AuthMode, Lan, ScanRecord, SecondChannel, link_quality
from simulator.wifi.radio import SENSITIVITY_DBM, SILENCE
from simulator.wifi.scan import SCAN_NS, Sweep, scan_plan
from simulator.wifi.standard import DisconnectReason, c_string

MS = 1_000_000


def test_auth_mode_follows_from_the_password() -> None:
    assert AccessPoint("open").auth is AuthMode.OPEN
    assert AccessPoint("safe", "12345678").auth is AuthMode.WPA2_PSK
    assert AccessPoint("old", "12345", auth=AuthMode.WEP).auth is AuthMode.WEP


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"ssid": ""}, "1 to 32 bytes"),
        ({"ssid": "ä" * 17}, "1 to 32 bytes"),
        ({"ssid": "x", "password": "1234567"}, "8 to 63"),
        ({"ssid": "x", "password": "p" * 65}, "8 to 63"),
        ({"ssid": "x", "channel": 15}, "channel 15"),
    ],
)
def test_access_points_that_cannot_be_are_refused(arguments: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        AccessPoint(**arguments)  # type: ignore[arg-type]


def test_every_access_point_gets_an_address_of_its_own() -> None:
    air = Air()
    assert [air.add(AccessPoint("x")).bssid for _ in range(2)] == ["02:4c:54:00:00:01", "02:4c:54:00:00:02"]
    with pytest.raises(UsageError, match="02:4c:54:00:00:01"):
        air.add(AccessPoint("y", bssid="02:4c:54:00:00:01"))


def test_access_points_without_a_network_of_their_own_share_one() -> None:
    air, own = Air(), Lan("10.0.0.0/24")
    one, two, three = (air.add(AccessPoint("x", lan=lan)) for lan in (None, None, own))
    assert one.lan is two.lan is air.lan
    assert three.lan is own


def test_strongest_comes_first_and_silent_ones_not_at_all() -> None:
    air = Air()
    weak, strong, off, far, other = (
        air.add(AccessPoint(name, rssi_dbm=rssi, channel=channel))
        for name, rssi, channel in (
            ("weak", -80, 6),
            ("strong", -40, 6),
            ("off", -40, 6),
            ("far", SENSITIVITY_DBM - 1, 6),
            ("other", -40, 7),
        )
    )
    air.switch_off(off)
    assert air.on_channel(6) == [strong, weak]
    air.switch_on(off)
    air.set_rssi(far, -30)
    air.remove(strong)
    assert air.on_channel(6) == [far, off, weak]
    assert list(air) == [weak, off, far, other]


def test_subscribers_hear_of_every_change_until_they_leave() -> None:
    air, heard = Air(), []
    leave = air.subscribe(lambda: heard.append(1))
    point = air.add(AccessPoint("x"))
    air.set_rssi(point, -60)
    air.switch_off(point)
    air.switch_on(point)
    air.remove(point)
    leave()
    air.add(AccessPoint("y"))
    assert len(heard) == 5


def test_power_makes_an_access_point_forget_its_stations_and_distance_does_not() -> None:
    air = Air()
    point = air.add(AccessPoint("x", stations_max=1))
    air.associate(point, "aa")
    assert point.is_full
    air.set_rssi(point, -120)
    assert list(point.stations) == ["aa"]
    air.switch_off(point)
    assert not point.stations


def test_a_scan_record_has_what_the_driver_shows() -> None:
    point = Air().add(
        AccessPoint("home", "password", channel=11, second=SecondChannel.BELOW, rssi_dbm=-61, hidden=False)
    )
    assert ScanRecord.of(point) == ScanRecord("home", -61, 3, 11, 2, "02:4c:54:00:00:01")
    assert ScanRecord.of(AccessPoint("secret", hidden=True)).ssid == ""


def test_scanning_all_channels_takes_as_long_as_on_the_device() -> None:
    assert SCAN_NS == 2_400 * MS
    assert sum(visit.duration_ns for visit in scan_plan(joined=True)) == (13 * 120 + 360 + 14 * 30) * MS


def test_a_scan_begins_with_the_channel_that_is_known() -> None:
    assert [visit.channel for visit in scan_plan(joined=False, first_channel=6)][:3] == [6, 1, 2]
    assert [visit.channel for visit in scan_plan(joined=False)] == list(range(1, 15))


def test_only_probes_find_hidden_access_points() -> None:
    hidden, found = AccessPoint("x", hidden=True), AccessPoint("y")
    plan = scan_plan(joined=False)
    assert [visit.channel for visit in plan if not visit.finds(hidden)] == [12, 13, 14]
    assert all(visit.finds(found) for visit in plan)


def test_a_sweep_visits_every_channel_in_time() -> None:
    sweep, stops = Sweep(scan_plan(joined=False), 1_000), []
    last = False
    while not last:
        due_ns = sweep.due_ns
        visit, last = sweep.leave()
        stops.append((visit.channel, due_ns - 1_000))
    assert stops[0] == (1, 120 * MS)
    assert stops[-1] == (14, SCAN_NS)
    assert len(stops) == 14


@given(st.integers(-120, 0), st.integers(-120, 0))
def test_a_stronger_signal_is_never_the_worse_link(one: int, other: int) -> None:
    weaker, stronger = sorted((one, other))
    worse, better = link_quality(weaker), link_quality(stronger)
    assert better.loss <= worse.loss
    if worse is not SILENCE:
        assert better.bandwidth_bps >= worse.bandwidth_bps
        assert better.latency_ns <= worse.latency_ns


def test_silence_begins_below_the_sensitivity() -> None:
    assert link_quality(SENSITIVITY_DBM) is not SILENCE
    assert link_quality(SENSITIVITY_DBM - 1) is SILENCE
    assert link_quality(-50).loss == 0


def test_reasons_carry_the_names_of_the_header() -> None:
    assert DisconnectReason(15).label == "4WAY_HANDSHAKE_TIMEOUT"
    assert DisconnectReason(23).label == "802_1X_AUTH_FAILED"
    assert DisconnectReason(201).label == "NO_AP_FOUND"


@pytest.mark.parametrize(
    ("text", "left"),
    [("plain", "plain"), ("a\0b", "a"), ("ä" * 20, "ä" * 16), ("x" * 31 + "ä", "x" * 31 + "\udcc3"), ("", "")],
)
def test_texts_are_cut_like_c_strings(text: str, left: str) -> None:
    assert c_string(text, 32) == left
