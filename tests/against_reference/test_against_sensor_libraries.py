"""Parts on our bench, read by libraries that others wrote for the real ones."""

from __future__ import annotations

from types import SimpleNamespace

import bme280
import pynmea2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.hardware.i2c import Ending, I2cBus, Read, Start, Step, Stop, Write
from simulator.hardware.parts.serial_parts import Gps
from simulator.units import NS_PER_S
from tests.hardware.clock import Table

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

SCL, SDA, ADDRESS = 22, 21, 0x77


class SmBus:
    """The interface of ``smbus2.SMBus``, to a bus on a bench."""

    def __init__(self, table: Table) -> None:
        self._table = table
        for pin in (SCL, SDA):
            table.gpio.set_pull(pin, 1)
        self._bus = I2cBus(table.bench, SCL, SDA)

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        self._run(Start(), Write(address << 1), Write(register), Write(value), Stop())

    def read_byte_data(self, address: int, register: int) -> int:
        return self.read_i2c_block_data(address, register, 1)[0]

    def read_word_data(self, address: int, register: int) -> int:
        return int.from_bytes(self.read_i2c_block_data(address, register, 2), "little")

    def read_i2c_block_data(self, address: int, register: int, count: int) -> bytes:
        reads = [*[Read(acknowledge=True)] * (count - 1), Read(acknowledge=False)]
        return self._run(
            Start(), Write(address << 1), Write(register), Start(), Write(address << 1 | 1), *reads, Stop()
        )

    def _run(self, *steps: Step) -> bytes:
        transfer = self._bus.run(steps, speed_hz=100_000, at_ns=self._table.now_ns)
        assert transfer.ending is Ending.DONE
        return bytes(transfer.data)


@pytest.mark.parametrize("sampling", [1, 2, 5])
def test_a_library_for_the_bme280_measures_what_it_is_set_to(sampling: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table({"type": "bme280", "name": "air", "scl": SCL, "sda": SDA, "address": ADDRESS})
    monkeypatch.setattr(bme280, "time", SimpleNamespace(sleep=lambda seconds: table.wait_ms(seconds * 1000)))
    bus = SmBus(table)
    calibration = bme280.load_calibration_params(bus, ADDRESS)
    for celsius, percent, hectopascals in ((-38.5, 5, 320), (0, 99, 1013.25), (21.5, 45.5, 987.6), (84, 60, 1090)):
        for name, value in {"temperature": celsius, "humidity": percent, "pressure": hectopascals}.items():
            table["air"].set_control(name, value)
        measured = bme280.sample(bus, ADDRESS, calibration, sampling)
        assert measured.temperature == pytest.approx(celsius, abs=0.01)
        assert measured.humidity == pytest.approx(percent, abs=0.02)
        assert measured.pressure == pytest.approx(hectopascals, abs=0.02)


@given(
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    altitude=st.floats(-500, 50_000),
    satellites=st.integers(0, 12),
    fix=st.integers(1, 2),
    seconds=st.integers(0, 200_000),
)
@example(latitude=41.9999999, longitude=-0.9999999, altitude=0, satellites=4, fix=1, seconds=0)
def test_a_parser_of_nmea_reads_where_a_receiver_is(
    latitude: float, longitude: float, altitude: float, satellites: int, fix: int, seconds: int
) -> None:
    gps = Table({"type": "gps", "name": "sky", "tx": 16})["sky"]
    assert isinstance(gps, Gps)
    controls = {
        "latitude": latitude,
        "longitude": longitude,
        "altitude": altitude,
        "satellites": satellites,
        "fix": fix,
    }
    for name, value in controls.items():
        gps.set_control(name, value)
    sentence = gps.sentence(seconds * NS_PER_S).decode()
    parsed = pynmea2.parse(sentence, check=True)
    assert parsed.latitude == pytest.approx(latitude, abs=0.0001 / 60)
    assert parsed.longitude == pytest.approx(longitude, abs=0.0001 / 60)
    assert float(parsed.lat[-7:]) < 60
    assert float(parsed.lon[-7:]) < 60
    assert parsed.altitude == pytest.approx(altitude, abs=0.051)
    assert int(parsed.num_sats) == satellites
    assert parsed.gps_qual == fix
    assert parsed.timestamp.hour * 3600 + parsed.timestamp.minute * 60 + parsed.timestamp.second == seconds % 86_400
