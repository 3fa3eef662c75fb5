"""Every sensor of the catalogue, attached to its part: the script reads what the part is set to."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.device.drivers.sensors import CATALOGUE
from tests.device.stage import Stage, staged
from tests.device.test_pins_and_pulses import lines

I2C = {"scl": 21, "sda": 22}
AT_36 = {"name": "s", "pin": 36}

MEASURED: list[tuple[str, dict[str, Any], list[float]]] = [
    ("'2Y0A21', 1, 0", {"type": "2y0a21", "distance": 30, **AT_36}, [30]),
    ("'A49E', 1, 0", {"type": "a49e", "field": 100, **AT_36}, [100]),
    ("'BDE0600G', 1, 0", {"type": "bde0600g", "temperature": 30, **AT_36}, [30]),
    ("'BH1620FVC', 1, 0", {"type": "bh1620fvc", "lux": 300, **AT_36}, [300]),
    ("'BH1721FVC', 0, 0", {"type": "bh1721fvc", "lux": 500, **I2C}, [500]),
    (
        "'BME280', 0, 0",
        {"type": "bme280", **I2C, "temperature": 25, "humidity": 50, "pressure": 1000},
        [25, 50, 1000],
    ),
    ("'DHT11', 4", {"type": "dht11", "pin": 4, "temperature": 21, "humidity": 33}, [21, 33]),
    ("'DHT22', 4", {"type": "dht22", "pin": 4, "temperature": -10.1, "humidity": 65.2}, [-10.1, 65.2]),
    ("'DHT23', 4", {"type": "dht22", "pin": 4, "temperature": 40.5, "humidity": 5}, [40.5, 5]),
    ("'DS1820', 17, 1", {"type": "ds18b20", "pin": 17, "temperature": 21.25}, [21.25]),
    ("'GUVA-S12SD', 1, 0", {"type": "guva-s12sd", "uv-index": 4.5, **AT_36}, [4.5]),
    ("'INTERNAL_HALL'", {"type": "magnet", "raw": -42}, [-42]),
    ("'LDR', 1, 0", {"type": "photoresistor-sensor", "lux": 500, **AT_36}, [507]),  # it takes the supply for 3332 mV
    ("'LINEAR_POT', 1, 0", {"type": "potentiometer", "position": 0.5, **AT_36}, [0.5]),
    ("'LM35', 1, 0", {"type": "lm35", "temperature": 25, **AT_36}, [25]),
    ("'ML8511', 1, 0", {"type": "ml8511", "intensity": 5, **AT_36}, [5]),
    ("'MPXV6115V', 1, 0", {"type": "mpxv6115v", "pressure": -50, **AT_36}, [-50]),
    # The temperature of the air counts for a tenth, and so the sound is slower than it is.
    ("'PING28015', 25", {"type": "hc-sr04", "trig": 25, "echo": 25, "distance": 50}, [48.4]),
    # It takes counts for voltages, which at 1650 mV are a tenth too low.
    ("'THERMISTOR', 1, 0", {"type": "ntc-temperature-sensor", "temperature": 25, **AT_36}, [29.24]),
    ("'TMP36', 1, 0", {"type": "tmp36", "temperature": 25.3, **AT_36}, [25.3]),
    ("'US015', 26, 27", {"type": "hc-sr04", "trig": 26, "echo": 27, "distance": 100}, [96.9]),
    ("'VH400', 1, 0", {"type": "vh400", "moisture": 20, **AT_36}, [20]),
]


@pytest.mark.parametrize(("arguments", "part", "values"), MEASURED, ids=[row[0] for row in MEASURED])
def test_a_sensor_reads_what_its_part_is_set_to(arguments: str, part: dict[str, Any], values: list[float]) -> None:
    [line] = lines(f"print(sensor.attach({arguments}):read('all'))", parts=[{"name": "s", **part}])
    assert [float(value) for value in line.split("\t")] == pytest.approx(values, rel=0.005)


SWITCHED: list[tuple[str, dict[str, Any], str]] = [
    ("'2P_TOGGLE_SWITCH', 4", {"type": "slide-switch", "pin": 4}, "value"),
    ("'3P_TOGGLE_SWITCH', 4, 5", {"type": "three-way-switch", "pin1": 4, "pin2": 5}, "value"),
    ("'AM412', 4", {"type": "pir-motion-sensor", "pin": 4}, "motion"),
    ("'HALL_SWITCH', 4", {"type": "hall-switch", "pin": 4}, "magnet"),
    ("'PUSH_SWITCH', 4", {"type": "pushbutton", "pin": 4, "bounce_ms": 3}, "pressed"),
    ("'TILT_SWITCH', 4", {"type": "tilt-switch", "pin": 4}, "tilted"),
]


@pytest.mark.parametrize(("arguments", "part", "control"), SWITCHED, ids=[row[0] for row in SWITCHED])
def test_a_switch_tells_of_every_change_and_is_read_at_any_time(
    arguments: str, part: dict[str, Any], control: str
) -> None:
    script = f"""
        s = sensor.attach({arguments})
        print("at first", s:read("all"))
        s:callback(function(news) for name, value in pairs(news) do print(name, value, s:read(name)) end end)
    """

    @staged(board="GENERIC", files={"/system.lua": ""}, script=script, parts=[{"name": "s", **part}])
    async def play(stage: Stage) -> None:
        first = await stage.printed()
        before = len(stage.console)
        for value in (1, 0):
            stage.board.bench.part("s").set_control(control, value)
            await stage.wait(0.1)
        told = stage.console[before:].replace("\r\n", "\n").split()
        assert first.split() == ["at", "first", "0"]
        name = told[0]
        assert told == [name, "1", "1", name, "0", "0"]

    play()


def test_every_sensor_of_the_catalogue_is_tried() -> None:
    # These have a file of their own: test_sensor_streams.py.
    elsewhere = {"ANALOG_JOYSTICK", "GPS", "HALL_FLOW", "KEY_MATRIX_4_4", "REL_ROT_ENCODER", "SDS011"}
    tried = {row[0].split("'")[1] for row in (*MEASURED, *SWITCHED)}
    assert tried | elsewhere == {kind.id for kind in CATALOGUE}
