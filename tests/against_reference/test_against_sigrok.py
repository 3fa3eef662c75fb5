"""The wires around a board, read by the protocol decoders of sigrok: what PulseView shows of our traces.

A decoder knows nothing of us: it sees edges and their moments, and says which protocol they are. Each script here runs
on a virtual board with a part, and what the decoder makes of the trace is what the script and the part have said.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulator.hardware.trace import Trace
from tests.device.stage import Stage, on_stage

pytestmark = pytest.mark.real

_TEN_PER_US = "downsample=100"
"""A sample each 100 ns is enough for everything but lights, and a decoder looks at each."""


def traced(folder: Path, script: str, *parts: dict[str, Any]) -> Path:
    """Run a script on a board with parts and return its logic trace."""

    async def play(stage: Stage) -> str:
        trace = Trace(stage.board.bench)
        await stage.boot()
        await stage.wait(0.01)  # a decoder wants to see what comes after the last edge, too
        return "".join(f"{line}\n" for line in trace.vcd())

    path = folder / "trace.vcd"
    text = on_stage(play, board="GENERIC", files={"/system.lua": ""}, script=script, parts=parts)
    path.write_text(text)
    return path


def decoded(path: Path, decoders: str, annotations: str, *, reading: str = _TEN_PER_US) -> list[str]:
    """Return what decoders say of a trace."""
    tool = shutil.which("sigrok-cli")
    assert tool, "sigrok-cli is not installed; it is in the package of that name"
    command = [tool, "-i", str(path), "-I", f"vcd:{reading}", "-P", decoders, "-A", annotations]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert finished.stderr == ""
    return [line.partition(": ")[2] for line in finished.stdout.splitlines()]


def test_an_i2c_decoder_reads_a_register_of_a_sensor(tmp_path: Path) -> None:
    script = """
        local b = i2c.attach(i2c.I2C0, i2c.MASTER, 100000)
        b:start() b:address(0x76, false) b:write(0xD0) b:start() b:address(0x76, true) b:read(2) b:stop()
        b:start() b:address(0x33, false) pcall(b.stop, b)
    """
    path = traced(tmp_path, script, {"type": "bme280", "name": "air", "scl": 21, "sda": 22})
    assert decoded(path, "i2c:scl=air_scl:sda=air_sda", "i2c=addr-data") == [
        *("Start", "Write", "Address write: 76", "ACK", "Data write: D0", "ACK"),
        *("Start repeat", "Read", "Address read: 76", "ACK", "Data read: 60", "ACK", "Data read: 00", "NACK"),
        # What Lua RTOS reads and throws away before it stops.
        *("Data read: 00", "NACK", "Stop"),
        *("Start", "Write", "Address write: 33", "NACK", "Stop"),
    ]


def test_an_eeprom_decoder_reads_what_a_script_writes_to_a_memory(tmp_path: Path) -> None:
    script = """
        local b = i2c.attach(i2c.I2C0, i2c.MASTER)
        b:start() b:address(0x50, false) b:write(5, "hi") b:stop()
    """
    path = traced(tmp_path, script, {"type": "i2c-eeprom", "name": "rom", "scl": 21, "sda": 22, "address_bytes": 1})
    said = decoded(path, "i2c:scl=GPIO21:sda=GPIO22,eeprom24xx:chip=generic", "eeprom24xx=ops")
    assert said == ["Page write (addr=05, 2 bytes): 68 69"]


@pytest.mark.parametrize(
    ("sensor", "device", "celsius", "percent", "said"),
    [
        ("DHT22", "am230x", -3.4, 55.5, ["Humidity: 55.5 %", "Temperature: -3.4 °C", "Checksum: OK"]),
        ("DHT11", "dht11", 21, 33, ["Humidity: 33.0 %", "Temperature: 21.0 °C", "Checksum: OK"]),
    ],
)
def test_a_decoder_of_the_family_reads_the_answer_of_a_dht(
    tmp_path: Path, sensor: str, device: str, celsius: float, percent: float, said: list[str]
) -> None:
    part = {"type": sensor.lower(), "name": "attic", "pin": 4, "temperature": celsius, "humidity": percent}
    path = traced(tmp_path, f'sensor.attach("{sensor}", 4):read("all")', part)
    annotations = "am230x=humidity:temperature:checksum"
    assert decoded(path, f"am230x:sda=attic:device={device}", annotations) == said


def test_decoders_read_the_number_and_the_scratchpad_of_a_thermometer(tmp_path: Path) -> None:
    part = {"type": "ds18b20", "name": "cellar", "pin": 17, "serial": 0xABCDEF, "temperature": 12.5}
    path = traced(tmp_path, 'sensor.attach("DS1820", 17, 1):read("temperature")', part)
    said = decoded(path, "onewire_link:owr=cellar,onewire_network", "onewire_network=text")
    assert said.count("ROM: 0xe0000000abcdef28") > 2  # of the search, and of each selection
    scratchpad = [line.removeprefix("Data: 0x") for line in said if line.startswith("Data: ")][-9:]
    assert bytes.fromhex("".join(scratchpad)) == bytes.fromhex("c8004b463fff0c10d9")


def test_a_serial_decoder_reads_both_directions(tmp_path: Path) -> None:
    script = """
        uart.setpins(uart.UART1, 25, 26) uart.attach(uart.UART1, 9600, 7, uart.PAREVEN, uart.STOP2)
        uart.write(uart.UART1, "AT\\n") uart.read(uart.UART1, "*l", 100)
    """
    peer = {"type": "uart-peer", "name": "modem", "rx": 25, "tx": 26, "data_bits": 7, "parity": "even", "stop_bits": 2,
            "replies": {"AT": "OK"}}  # fmt: skip
    path = traced(tmp_path, script, peer)
    decoder = "uart:rx=modem_rx:tx=modem_tx:baudrate=9600:data_bits=7:parity=even:stop_bits=2.0:format=ascii"
    assert decoded(path, decoder, "uart=tx-data") == ["A", "T", "[0A]"]
    assert decoded(path, decoder, "uart=rx-data") == ["O", "K", "[0D]", "[0A]"]
    assert decoded(path, decoder, "uart=rx-parity-err:tx-parity-err:rx-warnings:tx-warnings") == []


@pytest.mark.parametrize("mode", range(4))
def test_an_spi_decoder_reads_every_mode(tmp_path: Path, mode: int) -> None:
    script = f"""
        local d = spi.attach(spi.SPI2, spi.MASTER, 15, 100000, 8, {mode})
        d:select() d:readwrite(0x9F, 0x42, 0x01) d:deselect()
    """
    path = traced(tmp_path, script, {"type": "spi-loop", "name": "loop", "clk": 14, "mosi": 13, "miso": 12, "cs": 15})
    decoder = f"spi:clk=loop_clk:mosi=loop_mosi:miso=loop_miso:cs=loop_cs:cpol={mode >> 1}:cpha={mode & 1}"
    assert decoded(path, decoder, "spi=mosi-data") == ["9F", "42", "01"]
    assert decoded(path, decoder, "spi=miso-data") == ["00", "9F", "42"]  # each a byte late


def test_a_pulse_width_decoder_reads_frequency_and_duty(tmp_path: Path) -> None:
    script = "p = pwm.attach(26, 1000, 0.25) p:start() tmr.sleepms(10) p:stop()"
    path = traced(tmp_path, script, {"type": "led", "name": "red", "pin": 26})
    said = decoded(path, "pwm:data=red", "pwm=duty-cycle:period")
    assert said[2:4] == ["24.990000%", "1000.0 μs"]  # 15 bits of a millisecond, looked at each 100 ns


def test_a_decoder_of_lights_reads_their_colours(tmp_path: Path) -> None:
    script = """
        local n = neopixel.attach(neopixel.WS2812B, 26, 2)
        n:setBrightness(1) n:setPixel(0, 255, 128, 1) n:setPixel(1, 0, 0, 255) n:update()
    """
    path = traced(tmp_path, script, {"type": "neopixel", "name": "lights", "pin": 26, "count": 2})
    said = decoded(path, "rgb_led_ws281x:din=lights", "rgb_led_ws281x=rgb", reading="downsample=50")
    assert said[-2:] == ["#ff8001", "#0000ff"]
