from __future__ import annotations

from typing import Any

import pytest

from simulator.errors import SimulatorInternalError
from simulator.rng import Rng
from simulator.wifi import (
    BEACON_TIMEOUT_NS,
    AccessPoint,
    Air,
    Authenticator,
    AuthMode,
    DisconnectReason,
    Enterprise,
    Station,
    StationConfig,
    StationState,
    SystemEvent,
)
from simulator.wifi.radio import SILENCE
from simulator.wifi.scan import SCAN_NS
from simulator.wifi.station import ENTERPRISE_NS, KEY_DERIVATION_NS
from simulator.wifi.station_states import TRANSITIONS, StationInput, next_state
from tests.wifi.school import ENDS, pupil, school, server, stranger

MS = 1_000_000
MAC = "24:0a:c4:00:00:01"


class Bench:
    """A station that is on, in an air of its own, and the time."""

    def __init__(self, recorder: Any, *points: AccessPoint, seed: int = 0) -> None:
        self.air = Air()
        for point in points:
            self.air.add(point)
        self.recorder = recorder
        self.station = Station(self.air, MAC, rng=Rng(seed), post=recorder.post, emit=recorder.emit)
        self.station.start()
        self.now_ns = 0

    def connect(self, ssid: str, password: str = "", channel: int = 0) -> None:
        self.station.configure(StationConfig(ssid, password, channel))
        self.station.connect(self.now_ns)

    def let_it_end(self) -> int:
        """Run the attempt or the scan that is under way to its end, and return how long it took."""
        began_ns = self.now_ns
        while (self.station.state.is_connecting or self.station.is_scanning) and self.station.deadline_ns is not None:
            self.now_ns = self.station.deadline_ns
            self.station.advance(self.now_ns)
        return self.now_ns - began_ns

    def reason(self) -> str:
        return str(self.recorder.last("wifi.disconnected")["reason_name"])


def test_joins_an_open_access_point(recorder: Any) -> None:
    point = AccessPoint("open", channel=6, rssi_dbm=-61)
    bench = Bench(recorder, point)
    bench.connect("open")
    assert bench.let_it_end() == (6 * 120 + 10 + 10) * MS
    assert bench.station.access_point is point
    assert list(point.stations) == [MAC]
    assert recorder.posted == [SystemEvent.STA_START, SystemEvent.STA_CONNECTED]
    assert recorder.emitted == [
        ("wifi.auth", {"ssid": "open", "bssid": point.bssid, "channel": 6, "mode": "OPEN"}),
        ("wifi.connected", {"ssid": "open", "bssid": point.bssid, "channel": 6, "rssi": -61}),
    ]


def test_a_passphrase_costs_a_key_once_and_a_known_channel_saves_the_scan(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("home", "password", channel=11))
    bench.connect("home", "password")
    assert bench.let_it_end() == 11 * 120 * MS + KEY_DERIVATION_NS + (10 + 10 + 30) * MS
    bench.station.stop()
    bench.station.start()
    bench.connect("home", "password")
    assert bench.let_it_end() == (120 + 10 + 10 + 30) * MS


def test_a_configured_channel_is_searched_first(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("x", channel=9))
    bench.connect("x", channel=9)
    assert bench.let_it_end() == (120 + 20) * MS


def test_an_absent_ssid_is_known_after_all_channels(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("other"))
    bench.connect("absent")
    assert bench.let_it_end() == SCAN_NS
    assert recorder.last("wifi.disconnected") == {
        "ssid": "absent",
        "bssid": "",
        "reason": 201,
        "reason_name": "NO_AP_FOUND",
    }
    assert bench.station.state is StationState.IDLE


@pytest.mark.parametrize(
    ("point", "password", "reason", "took_ms"),
    [
        (AccessPoint("x", "password"), "wrong password", "4WAY_HANDSHAKE_TIMEOUT", 120 + 560 + 20 + 3100),
        (AccessPoint("x", "password"), "", "ASSOC_FAIL", 120 + 20),
        (AccessPoint("x", "12345", auth=AuthMode.WEP), "54321", "AUTH_FAIL", 120 + 10),
        (AccessPoint("x", stations_max=0), "", "ASSOC_TOOMANY", 120 + 20),
        (AccessPoint("x", auth=AuthMode.WPA2_ENTERPRISE), "", "802_1X_AUTH_FAILED", 120 + 20 + 30),
    ],
)
def test_access_points_refuse_with_their_reason(
    recorder: Any, point: AccessPoint, password: str, reason: str, took_ms: int
) -> None:
    bench = Bench(recorder, point)
    bench.connect("x", password)
    assert bench.let_it_end() == took_ms * MS
    assert bench.reason() == reason
    assert not point.stations


def test_joins_wep_with_the_right_key_and_without_a_handshake(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("x", "12345", auth=AuthMode.WEP))
    bench.connect("x", "12345")
    assert bench.let_it_end() == (120 + 20) * MS
    assert bench.station.state is StationState.CONNECTED


@pytest.mark.parametrize(
    ("steps", "reason", "took_ms"),
    [
        (1, "AUTH_EXPIRE", 120 + 560 + 1000),
        (2, "ASSOC_EXPIRE", 120 + 560 + 10 + 1000),
        (3, "4WAY_HANDSHAKE_TIMEOUT", 120 + 560 + 20 + 3100),
    ],
)
def test_an_access_point_that_goes_off_in_the_middle_is_waited_for(
    recorder: Any, steps: int, reason: str, took_ms: int
) -> None:
    point = AccessPoint("x", "password")
    bench = Bench(recorder, point)
    bench.connect("x", "password")
    for _ in range(steps):
        assert bench.station.deadline_ns is not None
        bench.station.advance(bench.station.deadline_ns)
    bench.air.switch_off(point)
    bench.let_it_end()
    assert bench.now_ns == took_ms * MS
    assert bench.reason() == reason


def test_hidden_access_points_can_be_joined_where_it_probes(recorder: Any) -> None:
    bench = Bench(
        recorder, AccessPoint("secret", channel=11, hidden=True), AccessPoint("deep", channel=13, hidden=True)
    )
    bench.connect("secret")
    bench.let_it_end()
    assert bench.station.state is StationState.CONNECTED
    bench.station.stop()
    bench.station.start()
    bench.connect("deep")
    bench.let_it_end()
    assert bench.reason() == "NO_AP_FOUND"


def test_a_dead_access_point_is_given_up_after_sixty_beacons_and_five_probes(recorder: Any) -> None:
    point = AccessPoint("x")
    bench = Bench(recorder, point)
    bench.connect("x")
    bench.let_it_end()
    bench.air.switch_off(point)
    bench.station.air_changed(bench.now_ns)
    assert bench.station.misses_beacons
    assert bench.station.link is SILENCE
    assert bench.station.deadline_ns == bench.now_ns + BEACON_TIMEOUT_NS == bench.now_ns + 8_644 * MS
    bench.station.advance(bench.now_ns + BEACON_TIMEOUT_NS - 1)
    assert bench.station.state is StationState.CONNECTED
    bench.station.advance(bench.now_ns + BEACON_TIMEOUT_NS)
    assert bench.reason() == "BEACON_TIMEOUT"


def test_coming_back_into_hearing_saves_the_connection(recorder: Any) -> None:
    point = AccessPoint("x")
    bench = Bench(recorder, point)
    bench.connect("x")
    bench.let_it_end()
    for rssi_dbm in (-110, -110, -70):
        bench.air.set_rssi(point, rssi_dbm)
        bench.station.air_changed(bench.now_ns)
    assert bench.station.deadline_ns is None
    assert bench.station.access_point is point


def test_an_access_point_that_was_off_does_not_know_its_station_any_more(recorder: Any) -> None:
    point = AccessPoint("x")
    bench = Bench(recorder, point)
    bench.connect("x")
    bench.let_it_end()
    bench.air.switch_off(point)
    bench.station.air_changed(bench.now_ns)
    bench.air.switch_on(point)
    bench.station.air_changed(bench.now_ns + 1)
    assert bench.reason() == "NOT_ASSOCED"


def test_stopping_leaves_in_due_form(recorder: Any) -> None:
    point = AccessPoint("x")
    bench = Bench(recorder, point)
    bench.connect("x")
    bench.let_it_end()
    bench.station.stop()
    assert recorder.posted[-2:] == [SystemEvent.STA_DISCONNECTED, SystemEvent.STA_STOP]
    assert bench.reason() == "ASSOC_LEAVE"
    assert not point.stations
    assert bench.station.deadline_ns is None


def test_stopping_in_the_middle_of_an_attempt_says_nothing_of_a_disconnect(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("x"))
    bench.connect("x")
    bench.station.advance(120 * MS)
    bench.station.stop()
    assert recorder.posted == [SystemEvent.STA_START, SystemEvent.STA_STOP]
    assert bench.station.deadline_ns is None
    bench.station.start()
    bench.now_ns = 120 * MS
    bench.connect("absent")
    bench.let_it_end()
    assert recorder.last("wifi.disconnected")["ssid"] == "absent"
    assert recorder.last("wifi.disconnected")["bssid"] == ""


def test_vanishing_tells_nobody(recorder: Any) -> None:
    point = AccessPoint("x")
    bench = Bench(recorder, point)
    bench.connect("x")
    bench.let_it_end()
    recorder.posted.clear()
    bench.station.vanish()
    assert not point.stations
    assert recorder.posted == []
    assert bench.station.state is StationState.OFF


def test_a_scan_lists_everything_it_hears_the_strongest_first(recorder: Any) -> None:
    bench = Bench(
        recorder,
        AccessPoint("weak", rssi_dbm=-80, channel=13),
        AccessPoint("strong", "password", rssi_dbm=-40, channel=6),
        AccessPoint("secret", rssi_dbm=-50, channel=1, hidden=True),
        AccessPoint("unheard", rssi_dbm=-50, channel=12, hidden=True),
    )
    bench.station.scan(0)
    assert bench.let_it_end() == SCAN_NS
    assert [(record.ssid, record.rssi, record.auth, record.ch1) for record in bench.station.records] == [
        ("strong", -40, 3, 6),
        ("", -50, 0, 1),
        ("weak", -80, 0, 13),
    ]
    assert recorder.posted[-1] is SystemEvent.SCAN_DONE
    assert recorder.last("wifi.scan") == {"found": 3, "aborted": False}


def test_scanning_while_connected_keeps_the_connection_and_takes_longer(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("x"))
    bench.connect("x")
    bench.let_it_end()
    bench.station.scan(bench.now_ns)
    assert bench.let_it_end() == (13 * 120 + 360 + 14 * 30) * MS
    assert bench.station.state is StationState.CONNECTED


def test_an_attempt_aborts_the_scan_that_was_asked_for(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("x"))
    bench.station.scan(0)
    bench.station.advance(500 * MS)
    bench.now_ns = 500 * MS
    bench.connect("x")
    assert bench.station.scan_was_aborted
    assert bench.station.records == ()
    assert recorder.posted == [SystemEvent.STA_START, SystemEvent.SCAN_DONE]
    bench.let_it_end()
    assert bench.station.state is StationState.CONNECTED


def test_the_strongest_of_two_on_a_channel_is_joined_and_the_first_channel_wins(recorder: Any) -> None:
    near, far, later = (
        AccessPoint("x", channel=channel, rssi_dbm=rssi_dbm) for channel, rssi_dbm in ((3, -40), (3, -70), (4, -30))
    )
    bench = Bench(recorder, far, near, later)
    bench.connect("x")
    bench.let_it_end()
    assert bench.station.access_point is near


def test_a_station_stays_where_it_is_however_strong_another_gets(recorder: Any) -> None:
    weak, other = AccessPoint("home", channel=1, rssi_dbm=-95), AccessPoint("home", channel=6, rssi_dbm=-100)
    bench = Bench(recorder, weak, other)
    while bench.station.access_point is None:
        bench.connect("home")
        bench.let_it_end()
    bench.air.set_rssi(other, -30)
    bench.station.air_changed(bench.now_ns)
    assert bench.station.deadline_ns is None
    assert bench.station.access_point is weak


def test_after_a_loss_the_channel_of_the_last_join_is_searched_first_and_then_all_in_order(recorder: Any) -> None:
    lost, near, low = (
        AccessPoint("home", channel=9, rssi_dbm=-40),
        AccessPoint("home", channel=9, rssi_dbm=-80),
        AccessPoint("home", channel=2, rssi_dbm=-50),
    )
    bench = Bench(recorder, lost, near)
    bench.connect("home")
    bench.let_it_end()
    assert bench.station.access_point is lost
    joined = [lost]
    for gone, new in ((lost, low), (near, None)):
        bench.air.switch_off(gone)
        if new is not None:
            bench.air.add(new)
        bench.station.air_changed(bench.now_ns)
        bench.now_ns = bench.station.deadline_ns or 0
        bench.station.advance(bench.now_ns)
        assert bench.reason() == "BEACON_TIMEOUT"
        bench.connect("home")
        bench.let_it_end()
        joined.append(bench.station.access_point or gone)
    assert joined == [lost, near, low]


def test_a_full_access_point_is_tried_again_and_again_although_there_is_another(recorder: Any) -> None:
    """A fast scan ends with the first that it finds ("only the first scanned 'ap' will be found", wifi.rst)."""
    bench = Bench(recorder, AccessPoint("home", channel=1, stations_max=0), AccessPoint("home", channel=6))
    for _ in range(3):
        bench.connect("home")
        bench.let_it_end()
        assert bench.reason() == "ASSOC_TOOMANY"


def test_an_open_access_point_of_that_name_is_joined_by_a_station_that_has_a_password(recorder: Any) -> None:
    """The threshold of the security is left at its default, which is open (wifi.rst, Station Basic Configuration)."""
    twin = AccessPoint("home", channel=1)
    bench = Bench(recorder, AccessPoint("home", "secret-password", channel=6), twin)
    bench.connect("home", "secret-password")
    bench.let_it_end()
    assert bench.station.access_point is twin


def test_a_weak_signal_makes_some_attempts_fail_and_the_seed_decides_which(recorder: Any) -> None:
    def reasons(seed: int) -> list[str]:
        recorder.emitted.clear()
        bench = Bench(recorder, AccessPoint("x", "password", rssi_dbm=-95), seed=seed)
        for _ in range(30):
            bench.connect("x", "password")
            bench.let_it_end()
            if bench.station.state is StationState.CONNECTED:
                bench.station.stop()
                bench.station.start()
        return [fields["reason_name"] for kind, fields in recorder.emitted if kind == "wifi.disconnected"]

    assert reasons(1) == reasons(1)
    assert set(reasons(1)) == {"AUTH_EXPIRE", "ASSOC_EXPIRE", "4WAY_HANDSHAKE_TIMEOUT", "ASSOC_LEAVE"}
    assert reasons(1) != reasons(2)


def test_what_the_table_does_not_have_is_a_bug() -> None:
    with pytest.raises(SimulatorInternalError, match="CONNECT in OFF"):
        next_state(StationState.OFF, StationInput.CONNECT)


def test_every_state_can_be_reached_and_switched_off() -> None:
    reached = {target for moves in TRANSITIONS.values() for target in moves.values()}
    assert reached == set(StationState) == set(TRANSITIONS)
    assert all(
        moves.get(StationInput.STOP) is StationState.OFF for state, moves in TRANSITIONS.items() if state.value != "off"
    )


def test_whatever_is_connecting_or_connected_can_fail_and_is_idle_then() -> None:
    busy = [state for state in StationState if state.is_connecting or state is StationState.CONNECTED]
    assert {TRANSITIONS[state][StationInput.FAILED] for state in busy} == {StationState.IDLE}


def test_reasons_are_numbers_of_the_header() -> None:
    assert [DisconnectReason.BEACON_TIMEOUT, DisconnectReason.AUTH_FAIL, DisconnectReason.AUTH_EXPIRE] == [200, 202, 2]


SCHOOL = Authenticator(
    users={"anna": "secret"}, client_certificates=frozenset({pupil().pem}), certificates=server().pem
)


def too_late() -> int:
    return int(ENDS.timestamp()) + 1


@pytest.mark.parametrize(
    ("enterprise", "is_let_in"),
    [
        (Enterprise("anonymous", "anna", "secret"), True),
        (Enterprise("anonymous", "anna", "secret", school().pem), True),
        (Enterprise("anonymous", "anna", "secret", stranger().pem), False),
        (Enterprise("anonymous", "anna", "secret", school().pem, epoch=too_late), False),
        (Enterprise("anonymous", "anna", "secret", epoch=too_late), False),
        (Enterprise("anonymous", "anna", "wrong"), False),
        (Enterprise("anna", password="secret"), False),
        (Enterprise("", "", "", school().pem, pupil().pem, pupil().key_pem()), True),
        (Enterprise("", "anna", "secret", b"", server().pem, server().key_pem()), False),
        (Enterprise("", "anna", "secret", b"", pupil().pem, server().key_pem()), False),
    ],
)
def test_both_sides_of_enterprise_have_to_be_content(recorder: Any, enterprise: Enterprise, is_let_in: bool) -> None:
    bench = Bench(recorder, AccessPoint("school", authenticator=SCHOOL))
    bench.station.enterprise = enterprise
    bench.connect("school")
    assert bench.let_it_end() == (120 + 10 + 10 + 30) * MS + ENTERPRISE_NS
    assert (bench.station.access_point is not None) is is_let_in
    if not is_let_in:
        assert bench.reason() == "802_1X_AUTH_FAILED"
