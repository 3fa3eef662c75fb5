from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from simulator.descriptions import describe_part
from simulator.errors import UsageError
from simulator.hardware.i2c import I2cBus, Read, Start, Step, Stop, Write
from simulator.hardware.one_wire import OneWireBus, crc8
from simulator.hardware.parts import PARTS, part_fields
from simulator.hardware.parts.actuators import NeoPixels
from simulator.hardware.parts.bme280 import Calibration
from simulator.hardware.parts.serial_parts import Gps, Sds011, UartPeer
from simulator.hardware.serial import SerialFormat
from simulator.hardware.wire import Edge, Wave
from tests.hardware.clock import Table

BUTTON = {"type": "pushbutton", "name": "b1", "pin": 4}


def test_a_control_is_set_by_name_and_refused_with_the_names_that_there_are() -> None:
    table = Table(BUTTON)
    with pytest.raises(UsageError, match=r"part 'b1' \(pushbutton\) has no control 'push'; it has pressed"):
        table["b1"].set_control("push", 1)
    with pytest.raises(UsageError, match=r"pressed = 7 is not a number from 0 to 1"):
        table["b1"].set_control("pressed", 7)
    with pytest.raises(UsageError, match=r"there is no part 'b2' on this board; parts: b1"):
        table.bench.part("b2")


def test_two_parts_cannot_have_one_name() -> None:
    with pytest.raises(UsageError, match=r"part 'b1': there is another of that name"):
        Table(BUTTON, BUTTON)


@pytest.mark.parametrize("type_name", PARTS)
def test_every_type_of_part_says_what_it_is_and_can_be_put_on_a_bench(type_name: str) -> None:
    kind = PARTS[type_name]
    assert kind.__doc__
    pins = iter(range(12, 24))
    given: dict[str, Any] = {"type": type_name, "name": "x"}
    for name, field in part_fields(kind).items():
        if name != "name" and field.default is field.default_factory is not None:
            given[name] = [next(pins) for _ in range(4)] if "tuple" in str(field.type) else next(pins)
    if "address" in given:
        given["address"] = 0x20
    table = Table(given)
    part = table["x"]
    for name, control in kind.controls.items():
        assert control.low <= control.initial <= control.high
        part.set_control(name, control.high)
        part.set_control(name, control.low)
    table.wait_ms(1)


def test_a_button_bounces_and_comes_to_rest() -> None:
    table = Table({**BUTTON, "pull": True, "bounce_ms": 2})
    edges: list[Edge] = []
    table.bench.wire(4).on_level.append(lambda level, at: edges.append((at, level)))
    table["b1"].set_control("pressed", 1)
    table.wait_ms(3)
    assert [level for _, level in edges] == [0, 1, 0, 1, 0, 1, 0]
    assert edges[-1] == (2_000_000, 0)


@pytest.mark.parametrize(
    ("type_name", "controls", "pin_mv"),
    [
        ("potentiometer", {"position": 0.5}, 1650),
        ("voltage", {"volts": 1.2}, 1200),
        ("tmp36", {"temperature": 25}, 750),
        ("lm35", {"temperature": 25}, 250),
        ("bde0600g", {"temperature": 30}, 1753),
        ("ntc-temperature-sensor", {"temperature": 25}, 1650),
        ("guva-s12sd", {"uv-index": 2.5}, 363),
        ("ml8511", {"intensity": 10}, 2200),
        ("vh400", {"moisture": 10}, 1100),
        ("a49e", {"field": 0}, 1740.8),
        ("bh1620fvc", {"lux": 500}, 1596),
    ],
)
def test_analogue_sensors_put_the_voltage_of_their_data_sheet_on_the_pin(
    type_name: str, controls: dict[str, float], pin_mv: float
) -> None:
    table = Table({"type": type_name, "name": "s", "pin": 36, **controls})
    assert table.bench.wire(36).millivolts == pytest.approx(pin_mv, abs=0.5)


def asked_dht(type_name: str, **controls: float) -> bytes:
    """Ask a sensor of the family as its data sheet says, and return the bytes by the widths of its pulses."""
    table = Table({"type": type_name, "name": "s", "pin": 4, **controls})
    edges: list[Edge] = []
    table.bench.wire(4).on_level.append(lambda level, at: edges.append((at, level)))
    table.output(4, 0)
    table.wait_ms(20)
    edges.clear()
    table.gpio.configure(4, output=False)
    table.wait_ms(10)
    highs = [fall - rise for (rise, level), (fall, _) in pairwise(edges) if level and fall - rise < 100_000][
        2:
    ]  # after the release and the presence pulse
    bits = "".join("1" if high > 50_000 else "0" for high in highs)
    assert len(bits) == 40
    return int(bits, 2).to_bytes(5, "big")


def test_a_dht22_answers_with_tenths_and_a_sign() -> None:
    assert asked_dht("dht22", temperature=-10.1, humidity=65.2) == bytes([0x02, 0x8C, 0x80, 0x65, 0x73])


def test_a_dht11_answers_with_whole_numbers() -> None:
    assert asked_dht("dht11", temperature=24, humidity=53) == bytes([53, 0, 24, 0, 77])


def test_an_ultrasonic_sensor_answers_as_long_as_the_sound_takes() -> None:
    table = Table({"type": "hc-sr04", "name": "s", "trig": 26, "echo": 27, "distance": 100})
    edges: list[Edge] = []
    table.bench.wire(27).on_level.append(lambda level, at: edges.append((at, level)))
    table.output(26, 1)
    table.wait_ms(0.01)
    table.output(26, 0)
    table.wait_ms(10)
    # 2 m at 343.5 m/s.
    assert edges == [(460_000, 1), (460_000 + 5_822_000, 0)]


def test_a_thermometer_on_one_wire_converts_at_its_resolution_and_takes_its_time() -> None:
    table = Table({"type": "ds18b20", "name": "s", "pin": 4, "temperature": -10.0625})
    bus = OneWireBus(table.bench, 4)

    def scratchpad() -> bytes:
        bus.now_ns = table.now_ns
        bus.reset()
        bus.write(0xCC, 0xBE)
        return bus.read(9)

    power_on = scratchpad()
    assert power_on[:2] == bytes([0x50, 0x05])
    assert crc8(power_on[:8]) == power_on[8]
    bus.reset()
    bus.write(0xCC, 0x44)
    began_ns = bus.now_ns
    table.now_ns = began_ns + 730_000_000
    assert scratchpad()[:2] == power_on[:2]
    bus.reset()
    bus.write(0xCC, 0x44)  # begins anew
    bus.now_ns += 749_000_000
    assert bus.read_bit() == 0
    bus.now_ns += 1_000_000
    assert bus.read_bit() == 1
    table.now_ns = bus.now_ns
    assert int.from_bytes(scratchpad()[:2], "little", signed=True) == -161


def test_a_thermometer_without_a_supply_says_so_when_it_is_asked() -> None:
    for parasitic in (False, True):
        table = Table({"type": "ds18b20", "name": "s", "pin": 4, "parasitic": parasitic})
        bus = OneWireBus(table.bench, 4)
        assert bus.reset()
        bus.write(0xCC, 0xB4)
        assert bus.read_bit() == int(not parasitic)


def test_a_bme280_measures_what_it_is_set_to() -> None:
    wanted = {"temperature": -12.3, "humidity": 61.5, "pressure": 987.6}
    table = Table({"type": "bme280", "name": "s", "scl": 21, "sda": 22, **wanted})
    for pin in (21, 22):
        table.bench.wire(pin).drive("pull", 3300, 0)
    bus = I2cBus(table.bench, 21, 22)

    def run(*data: int) -> None:
        bus.run([Start(), Write(0xEC), *map(Write, data), Stop()], speed_hz=400_000, at_ns=0)

    def read(register: int, count: int) -> bytes:
        steps: list[Step] = [Start(), Write(0xEC), Write(register), Start(), Write(0xED), *[Read(True)] * count, Stop()]
        return bytes(bus.run(steps, speed_hz=400_000, at_ns=table.now_ns).data)

    run(0xF2, 1)
    run(0xF4, 0b001_001_01)
    calibration = Calibration.unpack(read(0x88, 26), read(0xE1, 7))
    assert calibration == Calibration()
    # It takes 9.3 ms at most, and says so meanwhile.
    table.wait_ms(9)
    assert read(0xF3, 2) == bytes([8, 0b001_001_01])
    assert read(0xF7, 3) == b"\x80\x00\x00"
    table.wait_ms(0.3)
    assert read(0xF3, 2) == bytes([0, 0b001_001_00])
    data = read(0xF7, 8)
    pressure = int.from_bytes(data[0:3], "big") >> 4
    temperature = int.from_bytes(data[3:6], "big") >> 4
    humidity = int.from_bytes(data[6:8], "big")
    fine = calibration.fine(temperature)
    assert calibration.celsius(temperature) == pytest.approx(-12.3, abs=0.005)
    assert calibration.percent(humidity, fine) == pytest.approx(61.5, abs=0.01)
    assert calibration.pascals(pressure, fine) / 100 == pytest.approx(987.6, abs=0.01)


def test_formulas_of_the_bme280_give_the_example_of_the_data_sheet() -> None:
    # Data sheet of the BMP280, 3.12: 519888 is 25.08 degrees, and 415148 is 100653.27 Pa.
    calibration = Calibration()
    assert calibration.celsius(519888) == pytest.approx(25.08, abs=0.005)
    assert calibration.pascals(415148, calibration.fine(519888)) == pytest.approx(100653.27, abs=0.05)


def test_a_gps_receiver_says_where_it_is_in_the_words_of_nmea() -> None:
    part = describe_part({"type": "gps", "name": "g", "rx": 16, "latitude": 48.1173, "longitude": -11.516666}).make()
    assert isinstance(part, Gps)
    assert part.sentence(45_319 * 10**9) == (
        b"$GPGGA,123519.00,4807.0380,N,01131.0000,W,1,08,1.0,100.0,M,0.0,M,,*49\r\n"
    )


def test_a_dust_sensor_sends_frames_with_a_sum() -> None:
    part = describe_part({"type": "sds011", "name": "d", "rx": 16, "pm2.5": 12.3, "pm10": 45.6}).make()
    assert isinstance(part, Sds011)
    frame = part.frame()
    assert frame[:6] == bytes([0xAA, 0xC0, 123, 0, 456 & 0xFF, 456 >> 8])
    assert (sum(frame[2:8]) & 0xFF, frame[9]) == (frame[8], 0xAB)


def test_a_peer_answers_lines_and_sends_what_it_is_told() -> None:
    table = Table({"type": "uart-peer", "name": "p", "tx": 17, "rx": 16, "replies": {"AT": "OK"}})
    heard = bytearray()
    form = SerialFormat(9600)
    table.bench.wire(16).on_serial.append(lambda data, _form, _at: heard.extend(data))
    table.bench.wire(17).send(b"AT\r\n", form, 0)
    table.wait_ms(5)
    assert heard == b"OK\r\n"
    table["p"].set_control("send", r"hi\n")
    table.wait_ms(2)
    assert heard == b"OK\r\nh"
    table.wait_ms(5)
    assert heard == b"OK\r\nhi\n"
    peer = table["p"]
    assert isinstance(peer, UartPeer)
    assert peer.heard == b"AT\r\n"


def test_an_encoder_turns_with_four_edges_a_detent() -> None:
    table = Table({"type": "ky-040", "name": "e", "clk": 26, "dt": 27, "sw": 25})
    seen: list[tuple[int, int]] = []

    def look(_level: int, _at: int) -> None:
        seen.append((table.level(26), table.level(27)))

    for pin in (26, 27):
        table.bench.wire(pin).on_level.append(look)
    table["e"].set_control("rotate", 1)
    table.wait_ms(10)
    table["e"].set_control("rotate", -1)
    table.wait_ms(10)
    assert seen == [(0, 1), (0, 0), (1, 0), (1, 1), (1, 0), (0, 0), (0, 1), (1, 1)]


def test_a_key_pulls_its_row_down_while_its_column_is_low() -> None:
    table = Table({"type": "membrane-keypad", "name": "k", "columns": [12, 13, 14, 15], "rows": [25, 26, 27, 33]})
    for pin in (25, 26, 27, 33):
        table.gpio.configure(pin, output=False)
        table.gpio.set_pull(pin, 1)
    for pin in (12, 13, 14, 15):
        table.output(pin, 1)
    table["k"].set_control("key6", 1)  # second column, second row
    assert table.level(26) == 1
    table.gpio.set_latch(13, 0)
    assert [table.level(pin) for pin in (25, 26, 27, 33)] == [1, 0, 1, 1]
    table["k"].set_control("key6", 0)
    assert table.level(26) == 1


def test_a_flow_meter_turns_in_the_background() -> None:
    table = Table({"type": "hall-flow", "name": "f", "pin": 26, "flow": 4})
    rises: list[int] = []
    table.bench.wire(26).on_level.append(lambda level, at: rises.append(at) if level else None)
    table.wait_ms(1000)
    assert len(rises) == 30
    assert table.bench.is_quiet
    table["f"].set_control("flow", 0)
    assert table.bench.deadline_ns is None


def test_a_servo_shows_its_angle_and_a_light_chain_its_colours() -> None:
    table = Table({"type": "servo", "name": "s", "pin": 26}, {"type": "neopixel", "name": "n", "pin": 14, "count": 2})
    table.bench.wire(26).play(Wave(0, 20_000_000, 1_444_000), 0)
    assert table["s"].state == {"angle": 90.0}
    table.bench.wire(26).play(None, 0)
    assert table["s"].state == {"angle": None}
    chain = table["n"]
    assert isinstance(chain, NeoPixels)
    for listener in table.bench.wire(14).on_bits:
        listener(bytes([0, 255, 0, 16, 0, 0]), 5)
    assert chain.state == {"pixels": ["#ff0000", "#001000"]}
    assert table.events[-1]["pixels"] == ["#ff0000", "#001000"]


def test_a_stepper_counts_in_the_direction_of_its_pin() -> None:
    table = Table({"type": "a4988", "name": "m", "step": 26, "dir": 27})
    table.output(27, 1)
    table.bench.wire(26).pulse([1, 2, 3], 3000)
    table.output(27, 0)
    table.output(26, 1)
    assert table["m"].state == {"steps": 2}
