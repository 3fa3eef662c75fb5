from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.hardware.i2c import Ending, I2cBus, Read, Start, Step, Stop, Write
from simulator.hardware.one_wire import OneWireBus, crc8, rom_code
from simulator.hardware.parts.i2c_parts import Eeprom
from simulator.hardware.serial import SerialFormat
from simulator.hardware.spi import SpiBus
from simulator.hardware.wire import Edge
from tests.hardware.clock import Table

SCL, SDA = 21, 22
EEPROM = {"type": "i2c-eeprom", "name": "rom", "scl": SCL, "sda": SDA, "address": 0x51}
SPI = {"clk": 14, "mosi": 13, "miso": 12, "cs": 15}


def i2c_table(*parts: dict[str, object]) -> tuple[Table, I2cBus]:
    table = Table(
        {"type": "resistor", "name": "r1", "pin": SCL}, {"type": "resistor", "name": "r2", "pin": SDA}, *parts
    )
    return table, I2cBus(table.bench, SCL, SDA)


def write_steps(address: int, *data: int) -> list[Step]:
    return [Start(), Write(address << 1), *map(Write, data), Stop()]


def test_an_address_that_nobody_has_is_not_acknowledged() -> None:
    table, bus = i2c_table(EEPROM)
    transfer = bus.run(write_steps(0x50, 1), speed_hz=400_000, at_ns=table.now_ns)
    assert transfer.ending is Ending.NOT_ACKNOWLEDGED
    # A start, nine clocks of the address, and a stop.
    assert transfer.duration_ns == 11 * 2500


def test_an_eeprom_gives_back_what_it_was_given_and_is_deaf_while_it_writes() -> None:
    table, bus = i2c_table(EEPROM)
    assert bus.run(write_steps(0x51, 0, 5, 42, 43), speed_hz=400_000, at_ns=0).ending is Ending.DONE
    assert bus.run(write_steps(0x51), speed_hz=400_000, at_ns=1000).ending is Ending.NOT_ACKNOWLEDGED
    table.wait_ms(6)
    steps: list[Step] = [
        Start(),
        Write(0xA2),
        Write(0),
        Write(5),
        Start(),
        Write(0xA3),
        Read(True),
        Read(False),
        Stop(),
    ]
    assert bus.run(steps, speed_hz=400_000, at_ns=table.now_ns).data == bytes([42, 43])


def test_a_page_of_an_eeprom_wraps_round() -> None:
    table, bus = i2c_table({**EEPROM, "page_bytes": 4})
    bus.run(write_steps(0x51, 0, 6, 1, 2, 3), speed_hz=400_000, at_ns=0)
    part = table["rom"]
    assert isinstance(part, Eeprom)
    assert part.contents[4:8] == bytes([3, 0xFF, 1, 2])


def test_a_wire_that_is_held_low_makes_the_bus_stuck() -> None:
    table, bus = i2c_table(EEPROM, {"type": "pushbutton", "name": "b", "pin": SDA})
    table["b"].set_control("pressed", 1)
    assert bus.run(write_steps(0x51), speed_hz=400_000, at_ns=0).ending is Ending.STUCK


def test_a_device_on_other_wires_is_on_another_bus() -> None:
    _, bus = i2c_table({**EEPROM, "sda": 23})
    assert bus.run(write_steps(0x51), speed_hz=400_000, at_ns=0).ending is Ending.NOT_ACKNOWLEDGED


def test_spi_shifts_in_what_a_selected_device_shifts_out() -> None:
    table = Table({"type": "spi-loop", "name": "loop", **SPI})
    table.output(15, 0)
    received, duration_ns = SpiBus(table.bench, clk=14, mosi=13, miso=12).transfer(
        b"\x01\x02\x03", mode=0, speed_hz=1_000_000, at_ns=0
    )
    assert (received, duration_ns) == (b"\x00\x01\x02", 24_000)


@pytest.mark.parametrize(
    ("wires", "selected"), [({"clk": 14, "mosi": 13, "miso": 19}, True), ({"clk": 14, "mosi": 13, "miso": 12}, False)]
)
def test_spi_reads_ones_from_a_wire_that_nobody_drives(wires: dict[str, int], selected: bool) -> None:
    table = Table({"type": "spi-loop", "name": "loop", **SPI})
    table.output(15, 0 if selected else 1)
    received, _ = SpiBus(table.bench, **wires).transfer(b"\x00", mode=0, speed_hz=1_000_000, at_ns=0)
    assert received == b"\xff"


def test_a_search_finds_the_devices_of_a_one_wire_bus_in_the_order_of_their_bits() -> None:
    table = Table(
        *({"type": "ds18b20", "name": f"t{n}", "pin": 4, "serial": n} for n in (3, 1, 2)),
        {"type": "ds18b20", "name": "old", "pin": 4, "model": "ds18s20"},
    )
    bus = OneWireBus(table.bench, 4)
    found: list[bytes] = []
    while (rom := bus.search(found[-1] if found else None)) is not None:
        found.append(rom)
    # The first bit in which two differ decides, the low one of each byte first: 0x10 before 0x28, 2 before 1 and 3.
    assert [(rom[0], rom[1]) for rom in found] == [(0x10, 1), (0x28, 2), (0x28, 1), (0x28, 3)]
    assert all(crc8(rom[:7]) == rom[7] for rom in found)


def test_crc_of_a_rom_code_is_that_of_the_application_note() -> None:
    # Maxim's application note 27 works through this one.
    assert rom_code(0x02, 0x00000001B81C)[7] == 0xA2


@pytest.mark.parametrize("parity", ["none", "even", "odd"])
def test_a_serial_line_carries_every_byte(parity: str) -> None:
    form = SerialFormat(9600, 8, parity, 1)  # type: ignore[arg-type]
    edges = form.edges(b"\x55", 1000)
    assert edges[0] == (1000, 0)
    assert all(before[1] != after[1] for before, after in pairwise(edges))
    assert form.received(bytes(range(256)), SerialFormat(9688, 8, parity, 1)) == bytes(range(256))  # type: ignore[arg-type]


def test_at_the_wrong_speed_other_bytes_arrive() -> None:
    sent = SerialFormat(9600)
    assert SerialFormat(4800).received(b"U", sent) != b"U"
    assert SerialFormat(115_200).received(b"\x00", sent).startswith(b"\x00")


def test_seven_bits_drop_the_eighth() -> None:
    form = SerialFormat(9600, data_bits=7)
    assert form.received(b"\xc1", form) == b"\x41"


def clocked(clock: list[Edge], data: list[Edge]) -> list[int]:
    """Return the level of the data at every rising edge of the clock."""

    def level_at(at_ns: int) -> int:
        return next((level for edge_ns, level in reversed(data) if edge_ns <= at_ns), 1)

    return [level_at(at_ns) for at_ns, level in clock if level]


def test_the_edges_of_an_i2c_transfer_are_those_of_its_bits() -> None:
    from simulator.hardware.i2c import _Drawing

    drawing, unseen = _Drawing(0, 2500, (1, 1), is_wanted=True), _Drawing(0, 2500, (1, 1), is_wanted=False)
    for drawn in (drawing, unseen):
        drawn.start()
        drawn.byte(0xA2, acknowledged=True)
        drawn.byte(0x0F, acknowledged=False)
        drawn.stop()
    assert unseen.now_ns == drawing.now_ns
    bits = clocked(drawing.clock, drawing.data)
    # Before the nine bits of each byte there is no rising edge at the start, and after them one at the stop.
    assert bits == [*(1, 0, 1, 0, 0, 0, 1, 0, 0), *(0, 0, 0, 0, 1, 1, 1, 1, 1), 0]
