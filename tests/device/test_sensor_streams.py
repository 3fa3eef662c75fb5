"""Sensors that deliver by themselves: joystick, keys, flow meter, GPS, dust."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.device.drivers.sensors.nmea import Position
from tests.device.stage import Stage, staged

JOYSTICK = {"type": "analog-joystick", "name": "joy", "horz": 36, "vert": 39, "sel": 4}
KEYPAD = {"type": "membrane-keypad", "name": "keys", "columns": [25, 26, 27, 32], "rows": [4, 5, 15, 16]}


def on_bare(script: str, *parts: dict[str, Any]) -> Callable[[Callable[[Stage], Awaitable[None]]], None]:
    """Play with a generic board on which the script has run."""

    def decorate(test: Callable[[Stage], Awaitable[None]]) -> None:
        async def play(stage: Stage) -> None:
            await stage.boot()
            await test(stage)

        staged(board="GENERIC", files={"/system.lua": ""}, script=script, parts=parts)(play)()

    return decorate


async def told(stage: Stage, seconds: float, name: str, **controls: float) -> list[str]:
    """Set controls of a part and return the lines that come within a time."""
    before = len(stage.console)
    for control, value in controls.items():
        stage.board.bench.part(name).set_control(control, value)
    await stage.wait(seconds)
    return stage.console[before:].split("\r\n")[:-1]


def test_a_joystick_tells_directions_and_repeats_the_one_that_it_is_held_in() -> None:
    script = """
        s = sensor.attach("ANALOG_JOYSTICK", 1, 0, 1, 3, 4)
        s:callback(function(news) print(news.x, news.y, news.sw) end)
    """

    @on_bare(script, JOYSTICK)
    async def play(stage: Stage) -> None:
        assert await told(stage, 0.1, "joy", x=0.4) == []  # not half of the way
        assert await told(stage, 0.1, "joy", x=0.7) == ["1\tnil\tnil"]
        assert await told(stage, 0.1, "joy", x=0, y=-1) == ["0\t-1\tnil"]
        assert await told(stage, 0.1, "joy", pressed=1) == ["nil\tnil\t1"]
        repeated = await told(stage, 0.5, "joy")
        # Half a second after the last change it begins, and then it comes with every scan.
        assert 15 < len(repeated) < 25
        assert set(repeated) == {"nil\t-1\tnil"}
        assert await told(stage, 0.02, "joy", y=0) == ["nil\t0\tnil"]
        assert await told(stage, 2, "joy") == []
        await stage.type(b"s:detach()\r")
        assert await told(stage, 0.1, "joy", x=1) == []


def test_every_key_of_a_matrix_is_found_by_its_line_and_row() -> None:
    script = """
        s = sensor.attach("KEY_MATRIX_4_4", 25, 26, 27, 32, 4, 5, 15, 16)
        s:callback(function(news) if not quiet then for name, value in pairs(news) do print(name, value) end end end)
    """

    @on_bare(script, KEYPAD)
    async def play(stage: Stage) -> None:
        await stage.wait(0.02)  # until the first scan is over, in which all lines begin low
        assert await told(stage, 0.05, "keys", key2=1) == ["key2\t1"]
        assert await told(stage, 0.05, "keys", key2=0) == ["key2\t0"]
        await stage.type(b"quiet = true\r")
        for number in range(1, 17):
            stage.board.bench.part("keys").set_control(f"key{number}", 1)
            await stage.wait(0.05)
            shown = await stage.type(f"print(s:read('key{number}'), s:read('all'))\r".encode())
            values = shown.split("\r\n")[1].split("\t")
            assert values == ["1", *("1" if other == number else "0" for other in range(1, 17))]
            stage.board.bench.part("keys").set_control(f"key{number}", 0)
        await stage.type(b"quiet = false\r")
        # What has not changed for half a second is told with every scan, all keys of it.
        assert len(await told(stage, 0.6, "keys")) > 16
        await stage.type(b"quiet = true\r")
        assert "gpio25 is used by sensor0" in await stage.type(b"print(pcall(pwm.attach, 25, 1000, 0))\r")
        # Detaching does not give the pins back.
        await stage.type(b"s:detach()\r")
        assert "gpio25 is used by sensor0" in await stage.type(b"print(pcall(pwm.attach, 25, 1000, 0))\r")


def test_an_encoder_tells_its_direction_with_every_step() -> None:
    script = """
        s = sensor.attach("REL_ROT_ENCODER", 25, 26, 27)
        s:callback(function(news) print(news.dir, news.val, news.sw) end)
    """

    @on_bare(script, {"type": "ky-040", "name": "knob", "clk": 25, "dt": 26, "sw": 27})
    async def play(stage: Stage) -> None:
        assert await told(stage, 0.1, "knob", rotate=2) == ["1\t1\tnil", "1\t2\tnil"]
        assert await told(stage, 0.1, "knob", rotate=-1) == ["-1\t1\tnil"]
        # No step: the direction is 0, which is something else than it was.
        assert await told(stage, 0.1, "knob", pressed=1) == ["0\tnil\t1"]
        assert "0\t1\t1\r\n" in await stage.type(b"print(s:read('all'))\r")
        assert "gpio25 is used by encoder0" in await stage.type(b"print(pcall(pwm.attach, 25, 1000, 0))\r")
        await stage.type(b"s:detach() p = pwm.attach(25, 1000, 0)\r")
        assert await told(stage, 0.1, "knob", rotate=1) == []


def test_a_flow_meter_counts_twenty_pulses_the_first_time_from_its_first() -> None:
    # 120 pulses per second for a litre per minute, as the driver takes it.
    part = {"type": "hall-flow", "name": "flow", "pin": 26, "k": 120, "flow": 0}

    @on_bare('s = sensor.attach("HALL_FLOW", 26)', part)
    async def play(stage: Stage) -> None:
        async def read() -> list[float]:
            shown = await stage.type(b"print(s:read('all'))\r")
            return [float(value) for value in shown.split("\r\n")[1].split("\t")]

        assert await read() == [0, 0, 0]
        await told(stage, 0.17, "flow", flow=1)
        assert await read() == pytest.approx([20 / 19, 20 / 19 * 19 / 7200, 120 * 20 / 19], rel=1e-4)
        await stage.wait(0.2)
        q, litres, hertz = await read()
        assert (q, hertz) == pytest.approx((1, 120), rel=1e-4)
        assert litres > 20 / 7200


def test_a_receiver_gives_the_position_of_its_last_sentence() -> None:
    part = {"type": "gps", "name": "gps", "rx": 12, "tx": 13, "latitude": -33.8568, "longitude": 151.2153}

    @on_bare('s = sensor.attach("GPS", 1) print(s:read("all"))', part)
    async def play(stage: Stage) -> None:
        assert "0.0\t0.0\t0\t0\t0.0" in stage.console
        await stage.wait(1.2)
        assert "151.2153\t-33.8568\t8\t1\t100.0" in await stage.type(b"print(s:read('all'))\r")
        stage.board.bench.part("gps").set_control("fix", 0)
        await stage.wait(1.2)
        # Without a fix it is nowhere, as far as the driver knows.
        assert "0.0\t0.0\t8\t0\t100.0" in await stage.type(b"print(s:read('all'))\r")


def test_a_dust_sensor_is_heard_at_a_speed_that_is_not_quite_its_own() -> None:
    part = {"type": "sds011", "name": "dust", "rx": 12, "tx": 13, "pm2.5": 12.3, "pm10": 45.6}

    @on_bare('s = sensor.attach("SDS011", 1) s:callback(print)', part)
    async def play(stage: Stage) -> None:
        await stage.wait(1.2)
        assert "12.3\t45.6" in await stage.type(b"print(s:read('PM2.5'), s:read('PM10'))\r")


@pytest.mark.parametrize(
    ("sentence", "position"),
    [
        ("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47", (11.516667, 48.1173, 8, 545.4, True)),
        ("$GNGGA,1,4807.038,S,01131.000,W,2,3,,1e2,M,,,,*65", (-11.516667, -48.1173, 3, 100, True)),
        # A wrong checksum: the fields count, the position does not.
        ("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*48", (11.516667, 48.1173, 8, 545.4, False)),
        ("$GPGGA,123519,4807.038,N,01131.000,E,6,08,0.9,545.4,M,46.9,M,,*40", (11.516667, 48.1173, 8, 545.4, False)),
        ("$GPGGA,,4807,N,,,,,,,,,,,*7A", (0, 0, 0, 0, False)),
        ("$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A", (0, 0, 0, 0, False)),
        ("", (0, 0, 0, 0, False)),
        ("$GPGGA", (0, 0, 0, 0, False)),
    ],
)
def test_sentences_are_read_field_by_field(sentence: str, position: tuple[float, ...]) -> None:
    found = Position()
    found.take(sentence)
    seen = (found.longitude, found.latitude, found.satellites, found.height, found.is_new)
    assert seen == pytest.approx(position, abs=1e-5)
