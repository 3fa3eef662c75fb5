"""``luatwin run --flash``: the dump of a real board comes alive, and what is no Lua RTOS is named and not run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.boards import load_board
from simulator.flash_file import wear_file
from simulator.formats import ImageState, OtaData, SelectEntry
from simulator.testing import small_firmware
from simulator.units import MIB
from tests.firmware.linked_image import COMMIT, dump_of, hello_world, lua_rtos, lua_rtos_of_2016
from tests.helpers import Finished, luatwin

BOARD = load_board("WHITECAT-ESP32-N1-OTA")
SELECTS_OTA_0 = OtaData().with_entry(0, SelectEntry.make(1, ImageState.UNDEFINED))
SELECTS_OTA_1 = OtaData().with_entry(1, SelectEntry.make(2, ImageState.UNDEFINED))
FILES = {"/autorun.lua": b"print(os.board()) os.cat('/notes/a.txt') print()\n", "/notes/a.txt": b"from the real board"}
UPDATE = "lua/demo/ota.lua"
REPORT = "print(os.board()) print(os.version())"


def run(tmp_path: Path, flash: bytes, *arguments: str) -> Finished:
    file = tmp_path / "dump.bin"
    file.write_bytes(flash)
    return luatwin("run", "--flash", file, "--image-size", "16K", *arguments)


def test_table_otadata_files_and_firmware_of_the_dump_are_used(tmp_path: Path) -> None:
    old, new = lua_rtos(commit="0" * 40), lua_rtos()
    dump = dump_of(BOARD, {"ota_0": old, "ota_1": new}, otadata=SELECTS_OTA_1, files=FILES)
    result = run(tmp_path, dump, "--json").result
    assert (result["running"], result["commit"]) == ("ota_1", COMMIT)
    assert f"commit {COMMIT}\r\r\nRunning from ota_1 partition\r\r\nboard type N1ESP32\r\r\n" in result["console"]
    assert "N1ESP32\tOTA\t\r\nfrom the real board\r\n" in result["console"]


def test_what_was_recognised_and_what_was_assumed_is_said_on_stderr(tmp_path: Path) -> None:
    finished = run(tmp_path, dump_of(BOARD, {"ota_0": lua_rtos()}), "-e", "")
    assert finished.code == 0
    says = f"luatwin: {tmp_path}/dump.bin:"
    assert finished.err.splitlines() == [
        f"{says} ota_0 holds Lua RTOS beta 0.1, firmware WHITECAT-ESP32-N1-OTA, board type N1ESP32, commit {COMMIT}, "
        "build 1669989664, update server ota.whitecatboard.org",
        f"{says} assumed: pins and equipment of WHITECAT-ESP32-N1-OTA, log level NONE",
    ]
    assert run(tmp_path, dump_of(BOARD, {"ota_0": lua_rtos()}), "-q", "-e", "").err == ""


def test_a_dump_updates_itself_to_what_the_server_has_for_its_firmware(tmp_path: Path) -> None:
    dump = dump_of(BOARD, {"ota_0": lua_rtos()})
    result = run(tmp_path, dump, "--json", UPDATE).result
    assert [boot["label"] for boot in result["boots"]] == ["ota_0", "ota_1"]
    assert f"Current firmware commit is {COMMIT}" in result["console"]


def test_a_board_that_is_not_in_the_catalogue_keeps_its_own_name(tmp_path: Path) -> None:
    image = lua_rtos(type_="GREENHOUSE", firmware="MY-GREENHOUSE-OTA", server="updates.example.org")
    dump = dump_of(load_board("GENERIC-OTA"), {"ota_0": image})
    finished = run(tmp_path, dump, "-e", REPORT)
    assert "GREENHOUSE\tOTA\t\r\n" in finished.out
    assert "a board like GENERIC-OTA" in finished.err


@pytest.mark.parametrize("megabytes", [1, 2, 8, 16])
def test_the_size_of_the_dump_is_that_of_the_chip(megabytes: int, tmp_path: Path) -> None:
    chip: dict[str, Any] = {"flash_size_bytes": megabytes * MIB}
    board = replace(BOARD, **chip)
    result = run(tmp_path, dump_of(board, {"ota_0": lua_rtos()}), "--json", "-e", "os.partitions()").result
    last = board.partition_table().app_partitions[-1]
    assert f"{last.offset:8d}" in result["console"]
    assert result["running"] == "ota_0"


def test_a_file_system_with_other_blocks_than_the_catalogues_board_is_mounted_as_it_is(tmp_path: Path) -> None:
    board = replace(BOARD, spiffs_block_size_bytes=16384, spiffs_page_size_bytes=512)
    dump = dump_of(board, {"ota_0": lua_rtos()}, files=FILES)
    assert "from the real board\r\n" in run(tmp_path, dump).out


def test_a_file_system_that_cannot_be_read_is_announced_before_the_board_formats_it(tmp_path: Path) -> None:
    dump = bytearray(dump_of(BOARD, {"ota_0": lua_rtos()}))
    dump[0xF000:0x8F000] = b"\x5a" * 0x80000
    finished = run(tmp_path, bytes(dump), "--timeout", "5s")
    assert "storage holds no spiffs file system that can be read; the board will format it" in finished.err


def test_a_dump_of_2016_runs_as_a_generic_board(tmp_path: Path) -> None:
    dump = dump_of(load_board("GENERIC"), {"factory": lua_rtos_of_2016()})
    finished = run(tmp_path, dump, "-e", REPORT)
    assert finished.code == 0
    assert "GENERIC\t\t\r\n" in finished.out


# -- not Lua RTOS -----------------------------------------------------------------------------------------------------


def test_a_foreign_app_is_named_and_not_run_after_rom_and_bootloader_have_spoken(tmp_path: Path) -> None:
    dump = dump_of(BOARD, {"ota_0": hello_world()}, otadata=SELECTS_OTA_0)
    finished = run(tmp_path, dump, "--boot-log", "INFO", "-e", "print('never')")
    assert finished.code == 2
    assert "ets Jun  8 2016 00:22:57" in finished.out
    assert "boot: Loaded app from partition at offset 0xa0000" in finished.out
    assert "never" not in finished.out
    why = "luatwin: the app in ota_0 cannot run here: the image is sound, but it is hello_world v1.2, no Lua RTOS"
    assert why in finished.err.splitlines()
    assert (tmp_path / "dump.bin").read_bytes() == dump


# -- which board ------------------------------------------------------------------------------------------------------


def test_the_board_is_that_of_the_flash_unless_another_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    new = ("--board", "ESP32-THING-OTA", "--image-size", "16K")
    assert luatwin("run", "--flash", file, *new, "-e", "").code == 0
    assert luatwin("run", "--flash", file, "--json", "-e", "").result["board"] == "ESP32THING-OTA"
    assert (
        luatwin("run", "--flash", file, "--board", "GENERIC-OTA", "--json", "-e", "").result["board"] == "GENERIC-OTA"
    )


def test_a_board_with_another_chip_does_not_fit(tmp_path: Path) -> None:
    finished = run(tmp_path, dump_of(BOARD, {"ota_0": lua_rtos()}), "--board", "PYCOM-FIPY", "-e", "")
    assert finished.code == 2
    assert finished.err == (
        f"luatwin: {tmp_path}/dump.bin: the flash has 4 MiB, but PYCOM-FIPY has 8 MiB; "
        "without --board it is taken from the flash\n"
    )


# -- byte for byte ----------------------------------------------------------------------------------------------------


def test_dumped_powered_for_no_time_and_dumped_again_it_is_byte_for_byte_the_same(tmp_path: Path) -> None:
    dump = dump_of(BOARD, {"ota_0": lua_rtos(), "ota_1": hello_world()}, files=FILES)
    assert run(tmp_path, dump, "--timeout", "0s").code == 42
    assert (tmp_path / "dump.bin").read_bytes() == dump
    assert not wear_file(tmp_path / "dump.bin").exists()


def test_a_board_that_only_reads_leaves_its_flash_as_it_was(tmp_path: Path) -> None:
    dump = dump_of(BOARD, {"ota_0": lua_rtos()}, otadata=OtaData(), files=FILES)
    file = tmp_path / "dump.bin"
    assert run(tmp_path, dump).code == 0
    once = file.read_bytes()
    changed = {offset // 4096 for offset in range(0, len(dump), 4096) if once[offset:][:4096] != dump[offset:][:4096]}
    otadata = BOARD.partition_table().otadata
    assert otadata is not None
    # A table without a factory app and with blank otadata: the bootloader enters what it starts.
    assert {sector for sector in changed if sector >= 0xF} <= {otadata.offset // 4096}
    assert luatwin("run", "--flash", file).code == 0
    assert file.read_bytes() == once


# -- wear and timing --------------------------------------------------------------------------------------------------


def test_what_an_update_does_to_the_flash_is_reported(tmp_path: Path) -> None:
    result = luatwin("run", UPDATE, "--image-size", "256K", "--json").result
    flash = result["flash"]
    assert flash["erased_sectors"] >= 256 // 4
    assert flash["operations"] > 256
    assert flash["busiest_sector"]["erases"] >= 1
    assert flash["busiest_sector"]["share_of_life"] == flash["busiest_sector"]["erases"] / 100_000


def test_wear_is_kept_beside_the_flash_file_and_grows(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    erases = []
    for _ in range(3):
        flash = luatwin("run", "--image-size", "16K", "--flash", file, "--json", UPDATE).result["flash"]
        erases.append(flash["busiest_sector"]["erases"])
    assert erases == sorted(erases)
    assert erases[0] < erases[-1]
    assert flash["busiest_sector"]["partition"] in ("otadata", "ota_0", "ota_1")
    assert max(json.loads(wear_file(file).read_text())["erase_counts"].values()) == erases[-1]


def test_the_slowest_chip_that_the_data_sheet_allows_takes_longer(tmp_path: Path) -> None:
    def simulated_s(*options: str) -> float:
        return float(luatwin("run", UPDATE, "--image-size", "256K", "--json", *options).result["simulated_s"])

    typical = simulated_s()
    assert simulated_s("--flash-timing", "max") > typical + 5
    assert simulated_s("--flash-part", "GD25Q32C") != typical


def test_a_firmware_of_ours_gets_no_remarks(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    assert luatwin("run", "--flash", file, "--image-size", "16K", "-e", "").err == ""
    assert luatwin("run", "--flash", file, "-e", "").err == ""
    image = tmp_path / "image.bin"
    image.write_bytes(small_firmware())
    assert luatwin("flash", "merge", file, f"ota_0={image}").code == 0
