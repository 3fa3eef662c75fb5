from __future__ import annotations

import io
import signal
from pathlib import Path

from simulator.hardware.i2c import I2cBus, Start, Stop, Write
from simulator.hardware.ledc import Ledc
from simulator.hardware.serial import SerialFormat
from simulator.hardware.trace import Trace
from simulator.hardware.wire import BitTiming
from tests.hardware.clock import Table

# vcdvcd gives SIGPIPE back its default when it is imported; then the first write to a closed socket, in any test that
# follows in this process, ends the process without a word.
_on_broken_pipe = signal.getsignal(signal.SIGPIPE)
from vcdvcd import VCDVCD  # noqa: E402

signal.signal(signal.SIGPIPE, _on_broken_pipe)


def test_the_reader_leaves_broken_pipes_an_error() -> None:
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN


def read_back(trace: Trace, folder: Path) -> VCDVCD:
    """Let somebody else's reader read the trace."""
    path = folder / "trace.vcd"
    path.write_text("".join(f"{line}\n" for line in trace.vcd()))
    with io.StringIO():
        return VCDVCD(str(path))


def changes(vcd: VCDVCD, name: str) -> list[tuple[int, str]]:
    return [(int(at), str(value)) for at, value in vcd[f"board.{name}"].tv]


def test_levels_are_read_back_by_another_reader(tmp_path: Path) -> None:
    table = Table()
    trace = Trace(table.bench)
    for at_ns, level in ((10, 1), (25, 0), (40, 1)):
        table.now_ns = at_ns
        table.output(26, level)
    table.now_ns = 100
    vcd = read_back(trace, tmp_path)
    assert vcd.timescale["timescale"] == 1e-9 or str(vcd.timescale["magnitude"]) == "1"
    assert changes(vcd, "GPIO26") == [(10, "1"), (25, "0"), (40, "1")]
    assert changes(vcd, "GPIO5") == [(0, "1")]


def test_a_pulse_train_is_drawn_out(tmp_path: Path) -> None:
    table = Table()
    trace = Trace(table.bench)
    ledc = Ledc(table.bench, table.gpio)
    ledc.set_timer(0, frequency_hz=1000, bits=10)
    ledc.set_channel(0, timer=0, duty=256)
    ledc.connect(0, 26)
    table.now_ns = 2_500_000
    ledc.disconnect(0)
    table.gpio.configure(26, output=True)
    table.now_ns = 4_000_000
    assert changes(read_back(trace, tmp_path), "GPIO26") == [
        *((0, "1"), (250_000, "0"), (1_000_000, "1"), (1_250_000, "0"), (2_000_000, "1"), (2_250_000, "0")),
    ]


def test_a_serial_byte_is_drawn_bit_by_bit(tmp_path: Path) -> None:
    table = Table()
    trace = Trace(table.bench)
    table.output(17, 1)
    form = SerialFormat(1_000_000)
    table.now_ns = 20_000
    table.bench.wire(17).send(b"A", form, 20_000)
    assert changes(read_back(trace, tmp_path), "GPIO17") == [
        (0, "1"),
        # 0x41, low bit first, between a start and a stop bit.
        *((10_000, "0"), (11_000, "1"), (12_000, "0"), (17_000, "1"), (18_000, "0"), (19_000, "1")),
    ]


def test_light_chains_and_i2c_are_drawn_too(tmp_path: Path) -> None:
    table = Table({"type": "resistor", "name": "r1", "pin": 21}, {"type": "resistor", "name": "r2", "pin": 22})
    trace = Trace(table.bench)
    table.bench.wire(14).send_bits(b"\x80", BitTiming(350, 900, 900, 350), 0)
    I2cBus(table.bench, 21, 22).run([Start(), Write(0xA0), Stop()], speed_hz=100_000, at_ns=0)
    table.now_ns = 1_000_000
    vcd = read_back(trace, tmp_path)
    assert changes(vcd, "GPIO14")[:4] == [(0, "1"), (900, "0"), (1250, "1"), (1600, "0")]
    assert len(changes(vcd, "GPIO14")) == 16
    rises = [at for at, value in changes(vcd, "GPIO21") if value == "1"]
    assert len(rises) == 1 + 9 + 1  # idle, nine bits, stop


def test_voltages_are_real_numbers(tmp_path: Path) -> None:
    table = Table({"type": "potentiometer", "name": "p", "pin": 36, "position": 0.5})
    trace = Trace(table.bench)
    table.now_ns = 50
    table["p"].set_control("position", 0.25)
    table.now_ns = 60
    table["p"].set_control("position", 1)
    assert changes(read_back(trace, tmp_path), "GPIO36_mV") == [(50, "825"), (60, "3300")]


def test_after_the_stop_nothing_is_noted() -> None:
    table = Table()
    trace = Trace(table.bench)
    table.output(26, 1)
    trace.stop()
    table.now_ns = 10
    table.output(26, 0)
    assert [line for line in trace.vcd() if line.startswith("#")] == ["#0", "#10"]
