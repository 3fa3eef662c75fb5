"""Every board file in the tree loads, is valid, and says what the reference catalogue says of it.

``boards/data/catalogue.tsv`` holds the facts of the reference catalogue, one firmware a row, in its notation: -1 is
"not connected", a display's touch panel on spi0 is none. It guards against a change in a shared file that reaches
further than meant.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from simulator.boards import Board, all_boards, board_ids, load_board
from simulator.boards.schema import SdSpi, SpiPins
from simulator.boards.source import Sources
from simulator.boards.validate import judge
from simulator.formats.partition_table import PartitionTable
from simulator.resources import data_dir
from simulator.units import MIB

TSV = Path(__file__).parent / "boards" / "data" / "catalogue.tsv"
with TSV.open(encoding="utf-8", newline="") as file:
    ROWS = {row["id"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


@pytest.mark.parametrize("board_id", ROWS)
def test_board_says_what_the_reference_says(board_id: str) -> None:
    expected = {name: value for name, value in ROWS[board_id].items() if name != "layout"}
    assert reference_row(load_board(board_id)) == expected


@pytest.mark.parametrize("board_id", board_ids())
def test_pydantic_agrees_with_what_was_built_without_it(board_id: str) -> None:
    sources = Sources(shipped=data_dir("boards"))
    sources.add(data_dir("boards") / f"{board_id}.toml")
    assert not sources.problems
    values = {"firmware": board_id, **sources.merged(), "id": board_id}
    assert judge(sources, json.loads(json.dumps(values))) == load_board(board_id)


@pytest.mark.parametrize("board", all_boards(), ids=board_ids())
@pytest.mark.parametrize("factory", [False, True])
def test_partition_table_of_every_board_is_one_that_the_tools_accept(board: Board, factory: bool) -> None:
    table = board.partition_table(factory)
    csv_text = board.partition_csv(factory)
    assert PartitionTable.from_csv(csv_text, flash_size_bytes=board.flash_size_bytes) == table
    assert PartitionTable.from_bytes(table.to_bytes(), chip_size_bytes=board.flash_size_bytes) == table


def test_catalogue_is_complete_and_in_upstream_order() -> None:
    assert board_ids() == tuple(ROWS)
    assert tuple(board.id for board in all_boards()) == board_ids()


def test_every_shared_file_is_used() -> None:
    boards = data_dir("boards")
    used: set[Path] = set()
    for board_id in board_ids():
        sources = Sources(shipped=boards)
        sources.add(boards / f"{board_id}.toml")
        used.update(file.path for file in sources.files)
    assert used == set(boards.rglob("*.toml"))


def reference_row(board: Board) -> dict[str, str]:
    """Return ``board`` in the columns and the notation of the reference."""
    table = board.partition_table()
    pins = board.pins
    return {
        "id": board.id,
        "description": board.description,
        "manufacturer": board.manufacturer,
        "type": board.type if board.catalogue_type is None else board.catalogue_type,
        "subtype": board.subtype,
        "brand": board.brand,
        "documented": board.catalogue_id,
        "flash": f"{board.flash_size_bytes // MIB}MB",
        "ota": yes_no(board.ota),
        "factory": yes_no(board.factory_partition),
        "psram": f"{board.psram.size_bytes // MIB} MB, {board.psram.speed_mhz} MHz" if board.psram else "no",
        "fs": board.filesystem,
        "other_fs": ", ".join(board.other_filesystems),
        "usb": board.usb.vid_pid if board.usb else "",
        "usb_port": board.usb.port_pattern if board.usb else "",
        "fs_image": board.fs_image,
        "baud": str(board.upload_baud),
        "mode": board.flash_mode,
        "freq": board.flash_freq,
        "app": f"{table.app_partitions[0].offset:#x}",
        "phy_init": offset_of(table, "phy_init"),
        "otadata": offset_of(table, "otadata"),
        "fs_offset": offset_of(table, "storage"),
        "led": named_gpio(pins.led),
        "power_bus": named_gpio(pins.power_bus),
        "i2c0": f"{pins.i2c0.scl}/{pins.i2c0.sda}",
        "i2c1": f"{pins.i2c1.scl}/{pins.i2c1.sda}",
        "spi2": spi_pins(pins.spi2),
        "spi3": spi_pins(pins.spi3),
        "uart0": f"{pins.uart0.rx}/{pins.uart0.tx}",
        "uart1": f"{pins.uart1.rx}/{pins.uart1.tx}",
        "uart2": f"{pins.uart2.rx}/{pins.uart2.tx}",
        "can": f"{pins.can.tx}/{pins.can.rx}",
        "ethernet": ethernet(board),
        "lora": lora(board),
        "sd": sd_card(board),
        "display": display(board),
        "external": external(board),
        "bluetooth": yes_no(board.bluetooth),
        "ssh": yes_no(board.ssh),
        "vref_mv": str(board.adc_vref_mv),
        "log": board.log_level,
        "bootloader_log": board.bootloader_log_level,
        "eui": yes_no(board.read_flash_eui),
        "locks": "on" if board.lua_locks else "off",
        "spiffs": f"{board.spiffs_block_size_bytes}/{board.spiffs_page_size_bytes}"
        if board.filesystem == "spiffs"
        else "—",
    }


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def gpio(pin: int | None) -> int:
    return -1 if pin is None else pin


def named_gpio(pin: int | None) -> str:
    return "none" if pin is None else f"GPIO{pin}"


def spi_pins(pins: SpiPins) -> str:
    return f"{gpio(pins.cs)}/{pins.miso}/{pins.mosi}/{pins.clk}"


def offset_of(table: PartitionTable, label: str) -> str:
    partition = table.find(label)
    return f"{partition.offset:#x}" if partition else "—"


def ethernet(board: Board) -> str:
    if board.ethernet is None:
        return "none"
    assert board.ethernet.interface == "rmii"
    eth = board.ethernet
    return (
        f"RMII {eth.phy} addr {eth.phy_address}, MDC {eth.mdc}, MDIO {eth.mdio}, power {gpio(eth.power)}, "
        f"clock {eth.clock}"
    )


def lora(board: Board) -> str:
    if board.lora is None:
        return "none"
    text = f"{board.lora.chip} spi{board.lora.spi} CS {board.lora.cs} RST {gpio(board.lora.reset)}"
    if board.lora.dio:
        dio = [*board.lora.dio, -1, -1][:3]
        text += f" DIO0/1/2 {dio[0]}/{dio[1]}/{dio[2]} {board.lora.band}"
    return text + (", on power bus" if board.lora.power_bus else "")


def sd_card(board: Board) -> str:
    if board.sd is None:
        return "none"
    if isinstance(board.sd, SdSpi):
        return f"SPI spi{board.sd.spi} CS {board.sd.cs}" + (", on power bus" if board.sd.power_bus else "")
    return f"MMC {board.sd.lines}-line CD {gpio(board.sd.card_detect)} WP {gpio(board.sd.write_protect)}"


def display(board: Board) -> str:
    if board.display is None:
        return "—"
    shown = board.display
    touch = f"spi{shown.touch.spi}/{shown.touch.cs}" if shown.touch else "spi0"
    signals = f"{shown.cs}/{gpio(shown.reset)}/{shown.command}/{gpio(shown.backlight)}"
    return f"spi{shown.spi}, {signals}, {touch}, i2c{shown.i2c}"


def external(board: Board) -> str:
    parts = []
    if chip := board.external_gpio:
        interrupts = f"INTA {gpio(chip.interrupt_a)} INTB {gpio(chip.interrupt_b)}"
        parts.append(f"{chip.chip} (spi{chip.spi} CS {chip.cs} {interrupts})")
    if adc := board.external_adc:
        parts.append(f"{adc.chip} i2c{adc.i2c}")
    return ", ".join(parts) or "none"
