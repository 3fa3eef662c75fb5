"""The partition tables of Lua RTOS's build, against the worked tables of the reference catalogue (section 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.boards import load_board
from simulator.boards.partitions import CombinationError
from simulator.units import MIB

HEADER = "# Lua RTOS Partition Table\n# Name,Type,SubType,Offset,Size\n"

# Layout: the CSV, byte for byte, and the firmwares that have it (5.1).
LAYOUTS = {
    "P1": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,64,0xf000,0x40000
factory,0,0,0x50000,0x1b0000
""",
        "EVK-NINA-W",
    ),
    "P2": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,64,0xf000,0x80000
factory,0,0,0x90000,0x370000
""",
        "WHITECAT-ESP32-N1 WHITECAT-ESP32-N1-DEVKIT ESP32-CORE-BOARD ESP32-PICO-KIT ESP-WROVER-KIT ESP32-THING "
        "ESP32-POE ESP32-GATEWAY ESP32-EVB DOIT-ESP32-DEVKIT-V1 WEMOS-ESP32-OLED TTGO-LORA32 GENERIC",
    ),
    "P3": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,64,0xf000,0x80000
phy_init,data,phy,0x8f000,0x1000
factory,0,0,0x90000,0x370000
""",
        "WHITECAT-ESP32-N2-DEVKIT CITILAB-ED1 ADAFRUIT-HUZZAH32 WESP32 WESP32-OTA M5STACK",
    ),
    "P4": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,64,0xf000,0x80000
otadata,data,ota,0x8f000,0x2000
ota_0,0,ota_0,0xa0000,0x1b0000
ota_1,0,ota_1,0x250000,0x1b0000
""",
        "WHITECAT-ESP32-N1-OTA WHITECAT-ESP32-N1-DEVKIT-OTA ESP32-CORE-BOARD-OTA ESP32-PICO-KIT-OTA "
        "ESP-WROVER-KIT-OTA ESP32-THING-OTA ESP32-POE-OTA ESP32-GATEWAY-OTA ESP32-EVB-OTA DOIT-ESP32-DEVKIT-V1-OTA "
        "WEMOS-ESP32-OLED-OTA TTGO-LORA32-OTA GENERIC-OTA",
    ),
    "P5": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,64,0xf000,0x80000
phy_init,data,phy,0x8f000,0x1000
otadata,data,ota,0x90000,0x2000
ota_0,0,ota_0,0xa0000,0x1b0000
ota_1,0,ota_1,0x250000,0x1b0000
""",
        "WHITECAT-ESP32-N2-DEVKIT-OTA ADAFRUIT-HUZZAH32-OTA TRAVIS-ESP32-EVB-OTA M5STACK-OTA",
    ),
    "P6": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,65,0xf000,0x80000
factory,0,0,0x90000,0x370000
""",
        "WHITECAT-ESP32-LORA-GW",
    ),
    "P7": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,65,0xf000,0x80000
otadata,data,ota,0x8f000,0x2000
ota_0,0,ota_0,0xa0000,0x1b0000
ota_1,0,ota_1,0x250000,0x1b0000
""",
        "WHITECAT-ESP32-LORA-GW-OTA",
    ),
    "P8": (
        """\
nvs,data,nvs,0x9000,0x6000
storage,data,64,0xf000,0x80000
phy_init,data,phy,0x8f000,0x1000
factory,0,0,0x90000,0x770000
""",
        "PYCOM-FIPY PYCOM-FIPY-OTA",
    ),
}
LAYOUT_OF = {board_id: csv for csv, ids in LAYOUTS.values() for board_id in ids.split()}

# Flash MiB, OTA, factory: app size, apps, holes before the first app without and with phy_init (5.2).
OTHER_BUILDS = [
    (1, False, False, 0x70000, "factory@0x90000", 0x1000, 0),
    (1, True, False, 0x30000, "ota_0@0xa0000 ota_1@0xd0000", 0xF000, 0xE000),
    (1, True, True, 0x20000, "factory@0xa0000 ota_0@0xc0000 ota_1@0xe0000", 0xF000, 0xE000),
    (2, False, False, 0x170000, "factory@0x90000", 0x1000, 0),
    (2, True, False, 0xB0000, "ota_0@0xa0000 ota_1@0x150000", 0xF000, 0xE000),
    (2, True, True, 0x70000, "factory@0xb0000 ota_0@0x120000 ota_1@0x190000", 0x1F000, 0x1E000),
    (4, False, False, 0x370000, "factory@0x90000", 0x1000, 0),
    (4, True, False, 0x1B0000, "ota_0@0xa0000 ota_1@0x250000", 0xF000, 0xE000),
    (4, True, True, 0x120000, "factory@0xa0000 ota_0@0x1c0000 ota_1@0x2e0000", 0xF000, 0xE000),
    (8, False, False, 0x770000, "factory@0x90000", 0x1000, 0),
    (8, True, False, 0x3B0000, "ota_0@0xa0000 ota_1@0x450000", 0xF000, 0xE000),
    (8, True, True, 0x270000, "factory@0xb0000 ota_0@0x320000 ota_1@0x590000", 0x1F000, 0x1E000),
    (16, False, False, 0xF70000, "factory@0x90000", 0x1000, 0),
    (16, True, False, 0x7B0000, "ota_0@0xa0000 ota_1@0x850000", 0xF000, 0xE000),
    (16, True, True, 0x520000, "factory@0xa0000 ota_0@0x5c0000 ota_1@0xae0000", 0xF000, 0xE000),
]


@pytest.mark.parametrize("board_id", LAYOUT_OF)
def test_csv_of_every_firmware_is_that_of_upstream_byte_for_byte(board_id: str) -> None:
    assert load_board(board_id).partition_csv() == HEADER + LAYOUT_OF[board_id]


def test_every_firmware_has_a_worked_table() -> None:
    assert len(LAYOUT_OF) == 41


@pytest.mark.parametrize("phy_init", [False, True])
@pytest.mark.parametrize(("megabytes", "ota", "factory", "app_size", "apps", "hole", "hole_with_phy"), OTHER_BUILDS)
def test_other_builds_have_the_tables_of_the_reference(
    megabytes: int, ota: bool, factory: bool, app_size: int, apps: str, hole: int, hole_with_phy: int, phy_init: bool
) -> None:
    options: dict[str, Any] = {"flash_size_bytes": megabytes * MIB, "ota": ota, "factory_partition": factory}
    board = replace(load_board("GENERIC"), **options, phy_init=phy_init)
    table = board.partition_table()
    assert " ".join(f"{entry.label}@{entry.offset:#x}" for entry in table.app_partitions) == apps
    assert {entry.size for entry in table.app_partitions} == {app_size}
    data_end = max(entry.end for entry in table if not entry.is_app)
    assert table.app_partitions[0].offset - data_end == (hole_with_phy if phy_init else hole)
    assert table.app_partitions[-1].end == board.flash_size_bytes
    if ota:
        assert table.otadata is not None
        assert table.otadata.offset == (0x90000 if phy_init else 0x8F000)


def test_a_factory_partition_can_be_asked_for_and_counts_only_with_ota() -> None:
    ota, plain = load_board("GENERIC-OTA"), load_board("GENERIC")
    assert [entry.label for entry in ota.partition_table(factory=True).app_partitions] == ["factory", "ota_0", "ota_1"]
    assert plain.partition_table(factory=True) == plain.partition_table()
    with_factory = replace(ota, factory_partition=True)
    assert with_factory.partition_table() == ota.partition_table(factory=True)
    assert with_factory.partition_table(factory=False) == ota.partition_table()


def test_data_partitions_are_not_aligned() -> None:
    board = replace(load_board("GENERIC-OTA"), nvs_size_bytes=1028, storage_size_bytes=100_000)
    assert board.partition_csv() == (
        HEADER + "nvs,data,nvs,0x9000,0x404\n"
        "storage,data,64,0x9404,0x186a0\n"
        "otadata,data,ota,0x21aa4,0x2000\n"
        "ota_0,0,ota_0,0x40000,0x1e0000\n"
        "ota_1,0,ota_1,0x220000,0x1e0000\n"
    )


def test_a_table_without_room_for_an_app_is_refused() -> None:
    with pytest.raises(CombinationError) as caught:
        replace(load_board("GENERIC-OTA"), flash_size_bytes=0x100000, storage_size_bytes=0xD0000)
    assert str(caught.value) == (
        "no room for 2 app partitions of at least 64 KiB: the data partitions end at 0xe1000 of 1 MiB flash"
    )
    assert caught.value.field == "storage_size_bytes"


def test_a_factory_partition_without_ota_is_refused() -> None:
    with pytest.raises(CombinationError, match="factory_partition needs ota = true"):
        replace(load_board("GENERIC"), factory_partition=True)
