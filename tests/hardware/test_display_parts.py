from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from simulator.hardware.i2c import Ending, I2cBus, Start, Stop, Write
from simulator.hardware.parts.display_parts import Ssd1306
from simulator.hardware.parts.segment_parts import Tm1637
from simulator.hardware.spi import SpiBus
from simulator.hardware.two_wire import TwoWireBus
from simulator.hardware.wire import Edge, Wire
from simulator.hardware.wire import Watcher as WireWatcher
from tests.hardware.clock import Table

OLED = {"type": "ssd1306", "name": "o", "scl": 21, "sda": 22, "width": 16, "height": 16}
SEGMENTS = {"type": "tm1637", "name": "s", "clk": 4, "dio": 5}
TOUCH = {"type": "touch-panel", "name": "t", "clk": 18, "mosi": 23, "miso": 19, "cs": 21}


def bus_of(table: Table) -> I2cBus:
    for pin in (21, 22):
        table.gpio.set_pull(pin, 1)
    return I2cBus(table.bench, 21, 22)


def send(table: Table, *data: int, address: int = 0x3C) -> Ending:
    bus = bus_of(table)
    return bus.run([Start(), Write(address << 1), *map(Write, data), Stop()], speed_hz=400_000, at_ns=0).ending


def oled(*transfers: tuple[int, ...]) -> Ssd1306:
    table = Table(OLED)
    for transfer in ((0x00, 0xAF), *transfers):
        assert send(table, *transfer) is Ending.DONE
    part = table["o"]
    assert isinstance(part, Ssd1306)
    return part


def corner(part: Ssd1306) -> set[tuple[int, int]]:
    width = part.picture.width
    return {(index % width, index // width) for index, pixel in enumerate(part.picture.pixels) if pixel}


def test_bytes_fill_the_memory_of_an_oled_column_by_column_and_page_by_page() -> None:
    part = oled((0x00, 0xA1), (0x00, 0xC8), (0x40, *range(1, 20)))
    assert part.panel.memory[:19] == bytes(range(1, 20))
    assert corner(part) >= {(0, 0), (1, 1), (2, 0), (2, 1), (0, 8), (0, 12)}


def test_a_window_of_an_oled_is_filled_again_from_its_corner() -> None:
    part = oled((0x00, 0x21, 2, 3, 0x22, 1, 1), (0x40, 1, 2, 3))
    assert part.panel.memory == bytes(18) + b"\3\2" + bytes(12)


def test_an_oled_is_mounted_upside_down_unless_it_is_told() -> None:
    assert corner(oled((0x40, 1))) == {(15, 15)}
    assert corner(oled((0x00, 0xA1, 0xC8), (0x40, 1))) == {(0, 0)}


def test_commands_of_an_oled_take_their_arguments() -> None:
    quiet = oled((0x00, 0x81, 0xA7, 0xD5, 0xAE, 0x26, *[0xAE] * 6, 0x29, *[0xAE] * 5, 0xA3, 0xAE, 0xAE), (0x40, 1))
    assert len(corner(quiet)) == 1
    assert len(corner(oled((0x00, 0xA7), (0x40, 1)))) == 255
    assert corner(oled((0x40, 1), (0x00, 0xAE))) == set()


def test_an_oled_cannot_be_read_and_answers_at_its_address_only() -> None:
    table = Table(OLED)
    assert send(table, 0, address=0x3D) is Ending.NOT_ACKNOWLEDGED
    reading = bus_of(table).run([Start(), Write(0x3C << 1 | 1)], speed_hz=400_000, at_ns=0)
    assert reading.ending is Ending.NOT_ACKNOWLEDGED


def test_what_is_drawn_within_a_50th_of_a_second_is_told_once() -> None:
    table = Table(OLED)
    for transfer in ((0x00, 0xAF), (0x40, 1), (0x40, 2)):
        send(table, *transfer)
    assert table["o"].state == {}
    table.bench.advance(20_000_000)
    first = dict(table["o"].state)
    assert set(first) == {"width", "height", "picture"}
    send(table, 0x40, 3)
    table.bench.advance(40_000_000)
    assert table["o"].state["picture"] != first["picture"]


# -- segments -------------------------------------------------------------------------------------------------------


def test_segments_come_with_an_address_that_counts_or_not() -> None:
    table = Table(SEGMENTS)
    bus = TwoWireBus(table.bench, 4, 5)
    for data in ("40", "C0 06 5B 4F 66 6D 7D 07", "8A"):
        assert bus.send(bytes.fromhex(data), 0)[0]
    assert table["s"].state == {"segments": [0x06, 0x5B, 0x4F, 0x66], "text": "1234", "brightness": 2}
    for data in ("44", "C1 3F 80"):
        bus.send(bytes.fromhex(data), 0)
    assert table["s"].state["text"] == "1 .34"
    bus.send(b"\x80", 0)
    assert table["s"].state["brightness"] is None
    part = table["s"]
    assert isinstance(part, Tm1637)
    assert part.memory[5] == 0x7D


def test_nobody_acknowledges_on_wires_without_a_device() -> None:
    table = Table({**SEGMENTS, "dio": 14})
    assert TwoWireBus(table.bench, 4, 5).send(b"\x40\x41", 0) == (False, (9 + 2) * 2_000)


class Watcher(WireWatcher):
    def __init__(self) -> None:
        self.edges: dict[int, list[Edge]] = {}

    def played(self, wire: Wire, edges: Sequence[Edge]) -> None:
        self.edges.setdefault(wire.gpios[0], []).extend(edges)


@pytest.mark.parametrize("parts", [[SEGMENTS], []])
def test_a_transfer_is_a_start_bytes_with_the_low_bit_first_and_a_stop(parts: list[dict[str, object]]) -> None:
    table, watcher = Table(*parts), Watcher()
    table.bench.watch(watcher)
    acknowledged, duration_ns = TwoWireBus(table.bench, 4, 5).send(b"\xa5", 1_000_000)
    assert acknowledged is bool(parts)
    clock, line = watcher.edges[4], watcher.edges[5]
    for edges in (clock, line):
        assert all(before[0] < after[0] and before[1] != after[1] for before, after in pairwise([(0, 1), *edges]))

    def level(at_ns: int) -> int:
        return [1, *(value for when, value in line if when <= at_ns)][-1]

    rising = [when for when, value in clock if value]
    assert [level(when) for when in rising[:9]] == [1, 0, 1, 0, 0, 1, 0, 1, int(not parts)]
    assert line[0][0] < clock[0][0]
    assert line[-1] == (max(line[-1][0], clock[-1][0]), 1)
    assert max(line[-1][0], clock[-1][0]) <= 1_000_000 + duration_ns


# -- touch ----------------------------------------------------------------------------------------------------------


def measured(table: Table, command: int) -> int:
    table.bench.wire(21).set_level("x", 0, 0)
    bus = SpiBus(table.bench, clk=18, mosi=23, miso=19)
    received, _ = bus.transfer(bytes((command, 0, 0, 0)), mode=0, speed_hz=2_500_000, at_ns=0)
    assert received[0] == received[3] == 0
    return int.from_bytes(received[1:3], "big") >> 3


def test_a_touch_panel_measures_where_and_how_hard_it_is_touched() -> None:
    table = Table({**TOUCH, "x": 319, "y": 0})
    assert [measured(table, command) for command in (0xB0, 0xD0, 0x90)] == [0, 0, 0]
    table["t"].set_control("pressed", 1)
    assert [measured(table, command) for command in (0xB0, 0xD0, 0x90, 0xA0)] == [1000, 3900, 200, 0]
