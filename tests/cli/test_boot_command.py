"""`luatwin boot` tells what starts, how the bootloader got there, and whether it would write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.boards import load_board
from simulator.boot import boot
from simulator.device.manufacture import new_chip
from simulator.efuse_file import efuse_file, write_efuse_file
from simulator.efuses import Efuses
from simulator.firmware import SMALLEST_IMAGE_BYTES, first_manifest
from simulator.flash_file import write_flash_file
from simulator.formats import ImageState, OtaData, SelectEntry
from simulator.testing import build_flash, small_firmware
from simulator.units import MIB
from tests.firmware.linked_image import hello_world
from tests.helpers import luatwin

OLD, NEW = "0" * 40, "1" * 40
SELECT_OTA_0 = OtaData().with_entry(0, SelectEntry.make(1, ImageState.UNDEFINED)).to_bytes()


@pytest.fixture
def updated(tmp_path: Path) -> Path:
    """A board that has updated itself from factory to ota_0."""
    file = tmp_path / "flash.bin"
    contents = {"factory": small_firmware(commit=OLD), "ota_0": small_firmware(commit=NEW), "otadata": SELECT_OTA_0}
    write_flash_file(file, build_flash(contents))
    return file


def test_tells_what_starts_after_the_log(updated: Path) -> None:
    lines = luatwin("boot", updated).out.splitlines()
    assert lines[0] == "I boot: ESP-IDF v4.0-dev-59-gcc9b06d4d 2nd stage bootloader"
    assert "I boot: Loaded app from partition at offset 0x110000" in lines
    assert lines[-3:] == [
        "",
        f"starts ota_0 at 0x110000, commit {NEW}",
        "why: otadata[0] selects ota_0 (sequence 1, UNDEFINED), and otadata[1] is erased; ota_0 is started",
    ]


@pytest.mark.parametrize("bootloader", ["v4.0", "v5.2"])
def test_json_is_what_the_function_answers(bootloader: str, updated: Path) -> None:
    answer = boot(updated.read_bytes(), bootloader)  # type: ignore[arg-type]
    assert luatwin("boot", updated, "--json", "--bootloader", bootloader).result == {
        "label": answer.label,
        "offset": answer.offset,
        "commit": NEW,
        "bootloader": bootloader,
        "writes_otadata": False,
        "burns": [],
        "why": answer.why,
        "log": answer.log,
    }


def test_the_file_is_not_changed_but_a_write_is_told(updated: Path) -> None:
    fresh = OtaData().with_entry(0, SelectEntry.make(1, ImageState.NEW)).to_bytes()
    data = build_flash({"ota_0": small_firmware(), "otadata": fresh})
    write_flash_file(updated, data)
    assert luatwin("boot", updated, "--rollback").out.endswith("\nthe bootloader writes otadata\n")
    assert luatwin("boot", updated, "--json").result["writes_otadata"] is False
    assert updated.read_bytes() == data


def test_a_flash_that_boots_nothing_is_bricked_and_exits_with_3(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    write_flash_file(file, build_flash({}))
    finished = luatwin("boot", file)
    assert finished.code == 3
    assert "E boot: No bootable app partitions in the partition table" in finished.out
    assert "\nnothing boots\nwhy: otadata is erased and selects nothing; factory cannot start: " in finished.out
    assert finished.out.endswith("; no app can start\n")
    assert luatwin("boot", file, "--json").code == 3


def test_an_app_without_manifest_boots_too(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    write_flash_file(file, build_flash({"factory": hello_world()}))
    answer = luatwin("boot", file, "--json").result
    assert (answer["label"], answer["commit"]) == ("factory", None)
    assert "\nstarts factory at 0x10000\nwhy: " in luatwin("boot", file).out


def test_the_flash_and_the_efuses_beside_it_tell_how_the_board_boots(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    board = replace(load_board("N1ESP32-OTA"), rollback=True, anti_rollback=True, secure_version=2)
    chip = new_chip(board, first_manifest(board), {}, image_bytes=SMALLEST_IMAGE_BYTES)
    write_flash_file(file, chip.to_bytes())
    assert luatwin("boot", file, "--json").result["burns"] == ["SECURE_VERSION"]
    assert luatwin("boot", file).out.endswith("\nthe bootloader burns eFuses: SECURE_VERSION\n")
    assert not efuse_file(file).exists(), "it only tells what would be"
    efuses = Efuses()
    efuses.burn_secure_version(3)
    write_efuse_file(efuse_file(file), efuses)
    refused = luatwin("boot", file)
    assert refused.code == 3
    assert "why: otadata is erased and selects nothing; ota_0 has a lower secure version than the eFuses" in refused.out
    efuses = Efuses()
    efuses.burn_secure_version(2)
    write_efuse_file(tmp_path / "other", efuses)
    assert luatwin("boot", file, "--efuse", tmp_path / "other", "--json").result["burns"] == []


def test_a_file_that_has_no_efuses_in_it_is_bad_usage(updated: Path, tmp_path: Path) -> None:
    bad = tmp_path / "efuses"
    bad.write_bytes(bytes(100))
    finished = luatwin("boot", updated, "--efuse", bad)
    assert (finished.code, finished.err) == (2, f"luatwin: {bad}: 100 bytes are no eFuse file; it has 288\n")


@pytest.mark.parametrize("size_bytes", [0, 12345, 3 * MIB])
def test_a_file_that_is_no_flash_is_bad_usage(size_bytes: int, tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    file.write_bytes(bytes(size_bytes))
    finished = luatwin("boot", file)
    assert finished.code == 2
    assert f"{size_bytes} bytes are no flash file" in finished.err


def test_a_missing_file_is_bad_usage() -> None:
    finished = luatwin("boot", "no/such/flash.bin")
    assert (finished.code, finished.err) == (2, "luatwin: no/such/flash.bin: No such file or directory\n")
