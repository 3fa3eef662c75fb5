"""`luatwin boards`: the list, one board, and the forms that programs read."""

from __future__ import annotations

import json
from pathlib import Path

from simulator.boards import all_boards
from tests.helpers import Finished, luatwin


def test_the_list_has_both_ids_of_every_board_grouped_by_maker() -> None:
    listed = luatwin("boards")
    assert (listed.code, listed.err) == (0, "")
    lines = [" ".join(line.split()) for line in listed.out.splitlines()]
    assert "whitecatboard.org" in lines
    assert "WHITECAT-ESP32-N1-OTA N1ESP32-OTA 4 MiB OTA spiffs NONE LoRa SX1276, LED" in lines
    assert "WHITECAT-ESP32-LORA-GW (nothing) 4 MiB lfs NONE Ethernet, LoRa SX1301" in lines
    assert "Named OTA but, as upstream has it, built without: PYCOM-FIPY-OTA, WESP32-OTA." in lines
    boards = [line.split()[:2] for line in lines if " MiB " in line]
    assert boards == [[board.id, board.documented_id or "(nothing)"] for board in all_boards()]


def test_the_list_as_json_is_one_object() -> None:
    boards = luatwin("boards", "--json").result["boards"]
    assert len(boards) == 41
    assert boards[1] == {
        "id": "WHITECAT-ESP32-N1-OTA",
        "documented_id": "N1ESP32-OTA",
        "description": "Whitecat ESP32N1 with OTA",
        "manufacturer": "whitecatboard.org",
        "flash_size_bytes": 4194304,
        "ota": True,
        "filesystem": "spiffs",
        "log_level": "NONE",
        "equipment": ["LoRa SX1276", "LED"],
    }


def test_one_board_is_shown_with_its_flash_drawn() -> None:
    shown = luatwin("boards", "N1ESP32-OTA")
    assert shown.code == 0
    assert 'N1ESP32-OTA (os.board() returns "N1ESP32", "OTA", "")' in shown.out
    assert "ESP32 rev 1, 2 cores at 240 MHz" in shown.out
    flash = [line.split() for line in shown.out[shown.out.index("in flash") :].splitlines()[1:]]
    names = ["bootloader", "partition", "nvs", "storage", "otadata", "ota_0", "ota_1"]
    assert [cells[0] for cells in flash] == names
    assert {len(cells[-1]) for cells in flash} == {48}
    assert flash[-1][-1] == "·" * 27 + "█" * 21


def test_one_board_as_json_has_everything() -> None:
    board = luatwin("boards", "ESP32-POE-OTA", "--json").result["board"]
    assert (board["documented_id"], board["ethernet"]["phy"], board["pins"]["led"]) == ("ESP32-POE-OTA", "LAN8720", 33)
    assert board["partitions"][1] == {
        "label": "storage",
        "type": "data",
        "subtype": "64",
        "offset": 0xF000,
        "size_bytes": 0x80000,
    }


def test_the_partition_table_can_be_had_as_csv() -> None:
    csv = """\
# Lua RTOS Partition Table
# Name,Type,SubType,Offset,Size
nvs,data,nvs,0x9000,0x6000
storage,data,64,0xf000,0x80000
factory,0,0,0x90000,0x370000
"""
    assert luatwin("boards", "GENERIC", "--csv") == Finished(0, csv, "")


def test_a_board_can_be_shown_as_an_sdkconfig_builds_it(tmp_path: Path) -> None:
    sdkconfig = tmp_path / "sdkconfig"
    sdkconfig.write_text('CONFIG_LUA_RTOS_BOARD_BRAND="ACME"\nCONFIG_LUA_RTOS_USE_OTA=n\n')
    board = luatwin("boards", "GENERIC-OTA", "--sdkconfig", sdkconfig, "--json").result["board"]
    assert (board["documented_id"], board["ota"]) == ("ACME-GENERIC-OTA", False)


def test_a_mistake_in_an_sdkconfig_is_reported_with_its_line(tmp_path: Path) -> None:
    sdkconfig = tmp_path / "sdkconfig"
    sdkconfig.write_text("CONFIG_LUA_RTOS_USE_OTA=maybe\n")
    said = f"luatwin: {sdkconfig}:1: CONFIG_LUA_RTOS_USE_OTA=maybe should be y or n\n"
    assert luatwin("boards", "GENERIC-OTA", "--sdkconfig", sdkconfig) == Finished(2, "", said)


def test_an_unknown_board_is_a_usage_error_with_the_nearest_id() -> None:
    said = "luatwin: unknown board 'N1ESP23-OTA'; did you mean N1ESP32-OTA?\n"
    assert luatwin("boards", "N1ESP23-OTA") == Finished(2, "", said)


def test_the_schema_of_board_files_is_printed_for_editors() -> None:
    assert json.loads(luatwin("boards", "--schema").out)["title"] == "LuaTwin board file"


def test_options_about_one_board_ask_for_its_name() -> None:
    asked = luatwin("boards", "--csv")
    assert asked.code == 2
    assert "name it" in asked.err
