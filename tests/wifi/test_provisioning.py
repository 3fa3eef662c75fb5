from __future__ import annotations

from typing import Any

import pytest

from simulator.wifi import AccessPoint, Air, SmartConfigMessage, SystemEvent
from simulator.wifi.provisioning import (
    SMART_CONFIG_NS,
    WPS_EXCHANGE_NS,
    WPS_WALK_NS,
    SmartConfigReceiver,
    WpsEnrollee,
    is_wps_pin,
    wps_pin,
)
from simulator.wifi.scan import SCAN_NS

PIN = "12345670"  # the example of every manual


@pytest.mark.parametrize("number", [1234567, 99991234567])
def test_the_last_digit_of_a_pin_checks_the_others(number: int) -> None:
    assert wps_pin(number) == PIN


@pytest.mark.parametrize(
    ("text", "is_pin"),
    [(PIN, True), ("00000000", True), ("12345671", False), ("1234567", False), ("1234567x", False), ("٠" * 8, False)],
)
def test_a_typed_pin_is_checked(text: str, is_pin: bool) -> None:
    assert is_wps_pin(text) is is_pin


class Bench:
    """A station that asks for an access point, and the time."""

    def __init__(self, recorder: Any, *points: AccessPoint) -> None:
        self.air = Air()
        for point in points:
            self.air.add(point)
        self.found: list[AccessPoint] = []
        self.recorder = recorder
        self.enrollee = WpsEnrollee(self.air, found=self.found.append, post=recorder.post, emit=recorder.emit)
        self.now_ns = 0

    def step(self) -> None:
        due_ns = self.enrollee.deadline_ns
        assert due_ns is not None
        self.now_ns = due_ns
        self.enrollee.advance(due_ns)

    def run(self) -> None:
        while self.enrollee.is_active:
            self.step()


def test_a_pressed_button_lets_one_station_in(recorder: Any) -> None:
    point = AccessPoint("home", "password")
    bench = Bench(recorder, point, AccessPoint("other", "password"))
    bench.enrollee.start(None, 0)
    bench.step()
    assert not bench.enrollee.is_answered
    bench.air.offer_wps(point)
    assert bench.enrollee.is_answered
    bench.run()
    assert bench.found == [point]
    assert bench.now_ns == 2 * SCAN_NS + WPS_EXCHANGE_NS
    assert recorder.posted == [SystemEvent.STA_WPS_ER_SUCCESS]
    assert point.wps is None
    assert [fields for _, fields in recorder.emitted] == [
        {"state": "search", "pin": None},
        {"state": "success", "pin": None},
    ]


def test_a_station_with_a_pin_is_let_in_where_its_pin_was_typed(recorder: Any) -> None:
    button, keyboard = AccessPoint("button", "password"), AccessPoint("keyboard", "password")
    bench = Bench(recorder, button, keyboard)
    bench.air.offer_wps(button)
    bench.air.offer_wps(keyboard, PIN)
    bench.enrollee.start(PIN, 0)
    bench.run()
    assert bench.found == [keyboard]
    assert recorder.posted == [SystemEvent.STA_WPS_ER_PIN, SystemEvent.STA_WPS_ER_SUCCESS]


@pytest.mark.parametrize("change", ["another pin", "switched off", "out of hearing", "ended"])
def test_an_exchange_fails_with_another_pin_or_without_a_partner(recorder: Any, change: str) -> None:
    point = AccessPoint("home", "password")
    bench = Bench(recorder, point)
    bench.air.offer_wps(point, wps_pin(1) if change == "another pin" else PIN)
    bench.enrollee.start(PIN, 0)
    bench.step()
    if change == "switched off":
        bench.air.switch_off(point)
    elif change == "out of hearing":
        bench.air.set_rssi(point, -110)
    elif change == "ended":
        bench.air.end_wps(point)
    bench.run()
    assert bench.found == []
    assert recorder.posted[-1] is SystemEvent.STA_WPS_ER_FAILED
    assert recorder.last("wifi.wps")["state"] == "failed"


def test_two_pressed_buttons_are_one_too_many(recorder: Any) -> None:
    points = [AccessPoint("a", "password"), AccessPoint("b", "password")]
    bench = Bench(recorder, *points)
    for point in points:
        bench.air.offer_wps(point)
    bench.enrollee.start(None, 0)
    bench.run()
    assert bench.found == []
    assert recorder.posted == [SystemEvent.STA_WPS_ER_FAILED]
    assert recorder.last("wifi.wps")["state"] == "overlap"


def test_a_station_gives_up_after_two_minutes(recorder: Any) -> None:
    bench = Bench(recorder, AccessPoint("home", "password"))
    bench.enrollee.start(None, 0)
    bench.run()
    assert WPS_WALK_NS <= bench.now_ns < WPS_WALK_NS + SCAN_NS
    assert recorder.posted == [SystemEvent.STA_WPS_ER_TIMEOUT]


def test_a_stopped_search_does_nothing_any_more(recorder: Any) -> None:
    point = AccessPoint("home", "password")
    bench = Bench(recorder, point)
    bench.air.offer_wps(point)
    bench.enrollee.start(None, 0)
    bench.step()
    bench.enrollee.stop()
    bench.enrollee.advance(WPS_WALK_NS)
    assert not bench.enrollee.is_answered
    assert bench.found == []
    assert recorder.posted == []


def test_a_receiver_makes_out_what_a_phone_sends_for_long_enough(recorder: Any) -> None:
    air, message = Air(), SmartConfigMessage("home", "password", "192.168.4.9")
    found: list[SmartConfigMessage] = []
    receiver = SmartConfigReceiver(air, found=found.append, emit=recorder.emit)
    air.subscribe(lambda: receiver.air_changed(0))
    receiver.start(0)
    assert not receiver.is_answered
    air.send_smart_config(message)
    receiver.advance(SMART_CONFIG_NS - 1)
    air.send_smart_config(None)
    receiver.advance(SMART_CONFIG_NS)
    assert found == []
    air.send_smart_config(message)
    assert receiver.is_answered
    receiver.advance(SMART_CONFIG_NS)
    assert found == [message]
    assert receiver.is_active
    assert not receiver.is_answered
    assert recorder.emitted == [
        ("wifi.smartconfig", {"state": "listen"}),
        ("wifi.smartconfig", {"state": "found", "ssid": "home"}),
    ]
