"""`luatwin boot` tells what starts, how the bootloader got there, and whether it would write."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.boot import boot
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
    assert lines[-2:] == ["", f"starts ota_0 at 0x110000, commit {NEW}"]


@pytest.mark.parametrize("bootloader", ["v4.0", "v5.2"])
def test_json_is_what_the_function_answers(bootloader: str, updated: Path) -> None:
    answer = boot(updated.read_bytes(), bootloader)  # type: ignore[arg-type]
    assert luatwin("boot", updated, "--json", "--bootloader", bootloader).result == {
        "label": answer.label,
        "offset": answer.offset,
        "commit": NEW,
        "bootloader": bootloader,
        "writes_otadata": False,
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
    assert finished.out.endswith("\nnothing boots\n")
    assert luatwin("boot", file, "--json").code == 3


def test_an_app_without_manifest_boots_too(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    write_flash_file(file, build_flash({"factory": hello_world()}))
    answer = luatwin("boot", file, "--json").result
    assert (answer["label"], answer["commit"]) == ("factory", None)
    assert luatwin("boot", file).out.endswith("\nstarts factory at 0x10000\n")


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
