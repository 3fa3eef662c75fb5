from __future__ import annotations

from typing import Any

import pytest

from simulator.rng import Rng
from simulator.wifi import AccessPoint, Air, AuthMode, StationConfig, SystemEvent, WifiMode
from simulator.wifi.esp_wifi import AccessPointConfig, EspWifi, EspWifiCode, EspWifiError

STATION, ACCESS_POINT = "24:0a:c4:00:00:01", "24:0a:c4:00:00:02"


@pytest.fixture
def air() -> Air:
    return Air()


@pytest.fixture
def radio(air: Air, recorder: Any) -> EspWifi:
    return EspWifi(
        air,
        station_mac=STATION,
        access_point_mac=ACCESS_POINT,
        rng=Rng(0),
        post=recorder.post,
        emit=recorder.emit,
    )


def test_nothing_works_before_it_is_installed(radio: EspWifi) -> None:
    for call in (radio.start, radio.stop, radio.uninstall, lambda: radio.connect(0), lambda: radio.scan(0)):
        with pytest.raises(EspWifiError) as caught:
            call()
        assert caught.value.code is EspWifiCode.NOT_INIT


def test_connecting_and_scanning_need_a_radio_that_is_on(radio: EspWifi) -> None:
    radio.install(WifiMode.STA)
    for call in (radio.connect, radio.scan):
        with pytest.raises(EspWifiError) as caught:
            call(0)
        assert caught.value.code is EspWifiCode.NOT_STARTED


def test_a_station_without_an_ssid_does_not_connect(radio: EspWifi) -> None:
    radio.install(WifiMode.STA)
    radio.start()
    with pytest.raises(EspWifiError) as caught:
        radio.connect(0)
    assert caught.value.code is EspWifiCode.SSID


def test_while_it_connects_it_neither_connects_nor_scans(radio: EspWifi) -> None:
    radio.install(WifiMode.STA)
    radio.configure_station(StationConfig("x"))
    radio.start()
    radio.connect(0)
    for call, code in ((radio.connect, EspWifiCode.CONN), (radio.scan, EspWifiCode.STATE)):
        with pytest.raises(EspWifiError) as caught:
            call(0)
        assert caught.value.code is code


def test_a_radio_that_is_on_cannot_be_uninstalled(radio: EspWifi) -> None:
    radio.install(WifiMode.STA)
    radio.start()
    with pytest.raises(EspWifiError) as caught:
        radio.uninstall()
    assert caught.value.code is EspWifiCode.NOT_STOPPED


def test_uninstalling_forgets_the_configuration_and_changing_the_mode_does_not(radio: EspWifi) -> None:
    radio.install(WifiMode.STA)
    radio.configure_station(StationConfig("x"))
    radio.install(WifiMode.APSTA)
    assert radio.station.config.ssid == "x"
    radio.uninstall()
    assert radio.station.config.ssid == ""


def test_its_access_point_is_in_the_air_while_it_is_on(radio: EspWifi, air: Air, recorder: Any) -> None:
    radio.install(WifiMode.AP)
    radio.configure_access_point(AccessPointConfig("board", "password", 40, AuthMode.WPA_WPA2_PSK))
    radio.start()
    (point,) = air
    assert point.lan is not None
    assert (point.ssid, point.channel, point.bssid, point.lan.network) == ("board", 1, ACCESS_POINT, "192.168.4.0/24")
    assert not point.lan.reaches("192.168.4.2", "192.168.4.1")
    radio.configure_access_point(AccessPointConfig("renamed", channel=6))
    assert [(point.ssid, point.channel) for point in air] == [("renamed", 6)]
    radio.stop()
    assert list(air) == []
    assert recorder.posted == [SystemEvent.AP_START, SystemEvent.AP_STOP]
    assert recorder.emitted == [("wifi.start", {"mode": "AP", "ssid": "board"}), ("wifi.stop", {})]


def test_an_access_point_needs_an_ssid(radio: EspWifi) -> None:
    radio.install(WifiMode.AP)
    with pytest.raises(EspWifiError) as caught:
        radio.configure_access_point(AccessPointConfig())
    assert caught.value.code is EspWifiCode.SSID


def test_both_at_once_start_and_stop_together_and_it_does_not_hear_itself(
    radio: EspWifi, air: Air, recorder: Any
) -> None:
    air.add(AccessPoint("other", channel=5))
    radio.install(WifiMode.APSTA)
    radio.configure_access_point(AccessPointConfig("board"))
    radio.start()
    radio.start()
    radio.scan(0)
    radio.station.advance(10**10)
    assert [record.ssid for record in radio.station.records] == ["other"]
    radio.stop()
    radio.stop()
    assert recorder.posted == [
        SystemEvent.STA_START,
        SystemEvent.AP_START,
        SystemEvent.SCAN_DONE,
        SystemEvent.STA_STOP,
        SystemEvent.AP_STOP,
    ]


def test_stopping_aborts_a_scan(radio: EspWifi, recorder: Any) -> None:
    radio.install(WifiMode.STA)
    radio.start()
    radio.scan(0)
    radio.stop()
    assert radio.station.scan_was_aborted
    assert recorder.posted[-2:] == [SystemEvent.SCAN_DONE, SystemEvent.STA_STOP]


def test_vanishing_takes_the_access_point_along(radio: EspWifi, air: Air) -> None:
    radio.install(WifiMode.APSTA)
    radio.configure_access_point(AccessPointConfig("board"))
    radio.start()
    radio.vanish()
    assert list(air) == []
