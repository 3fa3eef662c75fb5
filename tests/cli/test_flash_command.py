"""`luatwin flash`: what is in a flash file, and partitions in and out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.boot import boot
from simulator.flash_file import write_flash_file
from simulator.formats import AppImage, ImageState, OtaData, SelectEntry
from simulator.testing import TWO_SLOTS, build_flash, small_firmware
from simulator.units import MIB
from tests.helpers import luatwin

OLD, NEW = "0" * 40, "1" * 40
SELECT_OTA_0 = OtaData().with_entry(0, SelectEntry.make(1, ImageState.UNDEFINED)).to_bytes()
UPDATED = build_flash(
    {"factory": small_firmware(commit=OLD), "ota_0": small_firmware(commit=NEW), "otadata": SELECT_OTA_0}
)


@pytest.fixture
def updated(tmp_path: Path) -> Path:
    """A board that has updated itself from factory to ota_0."""
    file = tmp_path / "flash.bin"
    write_flash_file(file, UPDATED)
    return file


def shown(*arguments: str | Path) -> list[str]:
    """Return the lines on the screen, without blanks at their ends and double ones inside."""
    finished = luatwin(*arguments)
    assert finished.code == 0, finished.err
    return [" ".join(line.split()) for line in finished.out.splitlines()]


def test_info_tells_partitions_firmwares_otadata_and_what_boots(updated: Path) -> None:
    lines = shown("flash", "info", updated)
    assert lines[0] == f"{updated}: 4 MiB, 2% used"
    assert f"factory app/factory 0x10000 1 MiB N1ESP32-OTA, commit {OLD}" in lines
    assert f"ota_0 app/ota_0 0x110000 1 MiB N1ESP32-OTA, commit {NEW}" in lines
    assert "ota_1 app/ota_1 0x210000 1 MiB erased" in lines
    assert "otadata data/ota 0xd000 8 KiB 4 KiB used" in lines
    assert lines[lines.index("otadata") :] == [
        "otadata",
        "Entry 0 has sequence 1 and selects ota_0, state UNDEFINED (nobody watches it); "
        "it is the only valid one and counts.",
        "Entry 1 is erased.",
        "",
        "next reset",
        "The bootloader starts ota_0 at 0x110000.",
        "An update would go to ota_1.",
        "",
        "if the bootloader were built with rollback",
        "It starts ota_0 every time: no app is on probation.",
        "",
        "values in nvs",
        "There are none.",
    ]


def test_info_as_json_agrees_with_the_bootloader(updated: Path) -> None:
    told = luatwin("flash", "info", updated, "--json").result
    answer = boot(UPDATED)
    assert told["boots"] == {"label": answer.label, "offset": answer.offset}
    assert told["next_update"] == "ota_1"
    assert [entry["ota_seq"] for entry in told["otadata"]["entries"]] == [1, 0xFFFFFFFF]
    assert told["otadata"]["active"] == 0
    apps = {entry["label"]: entry["app"] for entry in told["partitions"] if entry["app"]}
    assert {label: app["commit"] for label, app in apps.items()} == {"factory": OLD, "ota_0": NEW, "ota_1": None}
    assert apps["ota_1"]["fault"] == "erased"


def test_info_says_why_another_app_boots_than_otadata_selects(updated: Path) -> None:
    damaged = bytearray(UPDATED)
    damaged[0x110000] = 0
    write_flash_file(updated, bytes(damaged))
    lines = shown("flash", "info", updated)
    assert lines[lines.index("next reset") + 1 :][:3] == [
        "otadata selects ota_0: no sound image: magic byte is 0x00, not 0xe9: this is no ESP32 image.",
        "The bootloader starts factory at 0x10000.",
        "An update would go to ota_0.",
    ]


def test_info_of_a_broken_table_says_what_is_wrong(updated: Path) -> None:
    broken = bytearray(UPDATED)
    broken[0x8004] ^= 1
    write_flash_file(updated, bytes(broken))
    lines = shown("flash", "info", updated)
    assert "The partition table is broken: Incorrect MD5 checksum." in lines
    assert "Nothing boots: the board is bricked (luatwin boot shows how far it gets)." in lines
    told = luatwin("flash", "info", updated, "--json").result
    assert (told["table_fault"], told["partitions"], told["boots"]) == ("Incorrect MD5 checksum", [], None)


def test_map_draws_a_letter_for_every_sector(updated: Path) -> None:
    lines = shown("flash", "map", updated)
    rows = [line.split()[1] for line in lines if line.startswith("0x")]
    assert len(rows) == 16
    assert {len(row) for row in rows} == {64}
    assert rows[0].startswith(".AAAAAA")  # the ROM's sector, then a bootloader
    cells = "".join(rows)
    assert cells[8:16] == "BccccDde"
    assert cells[0x10:0x14] == "FFFF"
    assert cells[0x14] == "f"
    assert cells[0x110:0x115] == "GGGGg"
    assert cells[0x310:] == "." * 0xF0
    assert "F factory app/factory 0x10000 1 MiB 16 KiB" in lines
    assert "G ota_0 app/ota_0 0x110000 1 MiB 16 KiB runs" in lines
    assert "H ota_1 app/ota_1 0x210000 1 MiB 0 B next update" in lines


def test_map_of_a_large_chip_keeps_its_height(updated: Path) -> None:
    write_flash_file(updated, UPDATED.ljust(16 * MIB, b"\xff"))
    lines = shown("flash", "map", updated)
    assert "A letter is 16 KiB" in lines[0]
    assert sum(line.startswith("0x") for line in lines) == 16


def test_map_as_json_has_a_digit_for_every_sector(updated: Path) -> None:
    told = luatwin("flash", "map", updated, "--json").result
    assert len(told["used"]) * told["sector_bytes"] == told["size_bytes"] == len(UPDATED)
    for area in told["areas"]:
        first = area["offset"] // 4096
        assert told["used"][first : first + area["size_bytes"] // 4096].count("1") == area["used_sectors"]
    assert (told["boots"], told["next_update"]) == ("ota_0", "ota_1")


def test_extract_takes_a_whole_partition_or_only_its_image(updated: Path, tmp_path: Path) -> None:
    whole, image = tmp_path / "whole.bin", tmp_path / "image.bin"
    assert luatwin("flash", "extract", updated, "ota_0", whole).out == f"{whole}: 1048576 bytes from 0x110000\n"
    assert whole.read_bytes() == UPDATED[0x110000:0x210000]
    assert luatwin("flash", "extract", updated, "ota_0", image, "--image").code == 0
    assert image.read_bytes() == small_firmware(commit=NEW)


def test_merge_builds_the_same_flash_from_its_parts(tmp_path: Path) -> None:
    (tmp_path / "table.bin").write_bytes(TWO_SLOTS.to_bytes())
    (tmp_path / "app.bin").write_bytes(small_firmware())
    (tmp_path / "boot.bin").write_bytes(build_flash({})[0x1000:0x8000].rstrip(b"\xff"))
    file = tmp_path / "flash.bin"
    parts = [f"0x8000={tmp_path}/table.bin", f"factory={tmp_path}/app.bin", f"0x1000={tmp_path}/boot.bin"]
    finished = luatwin("flash", "merge", file, *parts)
    assert finished.code == 0, finished.err
    assert finished.out.splitlines()[1] == f"{tmp_path}/app.bin: {len(small_firmware())} bytes at 0x10000"
    assert file.read_bytes() == build_flash({"factory": small_firmware()})


def test_merge_erases_the_partition_first(updated: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.bin"
    short.write_bytes(b"\xe9")
    assert luatwin("flash", "merge", updated, f"ota_0={short}").code == 0
    data = updated.read_bytes()
    assert data[0x110000:0x210000] == b"\xe9".ljust(MIB, b"\xff")
    assert data[:0x110000] == UPDATED[:0x110000]


def test_what_was_extracted_can_be_merged_into_another_slot(updated: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.bin"
    assert luatwin("flash", "extract", updated, "ota_0", part).code == 0
    assert luatwin("flash", "merge", updated, f"ota_1={part}").code == 0
    assert AppImage.from_bytes(updated.read_bytes()[0x210000:]).to_bytes() == small_firmware(commit=NEW)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "{tmp}/no.bin"], "{tmp}/no.bin: No such file or directory"),
        (["map", "{tmp}/part.bin"], "{tmp}/part.bin: 5000 bytes are no flash file; it has to have 1 MiB or"),
        (["extract", "{tmp}/flash.bin", "ota0", "{tmp}/x"], "no part 'ota0'; did you mean 'ota_0'?"),
        (
            ["extract", "{tmp}/flash.bin", "zzz", "{tmp}/x"],
            "no part 'zzz'; there are: bootloader, partition-table, nvs, otadata, phy_init",
        ),
        (["extract", "{tmp}/flash.bin", "ota_1", "{tmp}/x", "--image"], "magic byte is 0xff, not 0xe9"),
        (["merge", "{tmp}/flash.bin", "ota_0"], "'ota_0': write PLACE=INPUT, such as ota_0=firmware.bin"),
        (["merge", "{tmp}/flash.bin", "ota_0={tmp}/no.bin"], "{tmp}/no.bin: No such file or directory"),
        (
            ["merge", "{tmp}/flash.bin", "phy_init={tmp}/part.bin"],
            "phy_init={tmp}/part.bin: 5000 bytes do not fit",
        ),
        (
            ["merge", "{tmp}/flash.bin", "0x3ff000={tmp}/part.bin"],
            "0x3ff000={tmp}/part.bin: 5000 bytes do not fit",
        ),
        (
            ["merge", "{tmp}/flash.bin", "0x9001={tmp}/part.bin"],
            "0x9001={tmp}/part.bin: 0x9001 is not the address of",
        ),
        (["merge", "{tmp}/flash.bin", "9z={tmp}/part.bin"], "'9z' is not a size"),
        (["merge", "{tmp}/new.bin", "0={tmp}/part.bin", "--size", "3M"], "--size 3M: there are chips of 1 MiB, 2 MiB,"),
    ],
)
def test_bad_input_is_said_in_one_line_and_changes_nothing(
    arguments: list[str], message: str, updated: Path, tmp_path: Path
) -> None:
    (tmp_path / "part.bin").write_bytes(b"\0" * 5000)
    finished = luatwin("flash", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert finished.code == 2
    assert finished.err.startswith("luatwin: " + message.format(tmp=tmp_path))
    assert updated.read_bytes() == UPDATED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flash.bin", "part.bin"]


def test_a_part_that_does_not_fit_keeps_the_others_out(updated: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.bin"
    part.write_bytes(bytes(5000))
    assert luatwin("flash", "merge", updated, f"nvs={part}", f"phy_init={part}").code == 2
    assert updated.read_bytes() == UPDATED
