"""What a flash tells about the board it is of, and what it does not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from simulator.boards import load_board
from simulator.boot import V4_0, V5_2, BootConfig, Revision, build_bootloader_image
from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.dump import bootloader_in, read_dump
from simulator.errors import UsageError
from simulator.firmware import build_firmware, first_manifest
from simulator.firmware.manifest import MARKER
from simulator.testing import build_flash, small_firmware
from simulator.units import KIB, MIB
from tests.firmware.linked_image import dump_of, hello_world, lua_rtos

BOARD = load_board("WHITECAT-ESP32-N1-OTA")


def with_bootloader(flash: bytes, data: bytes) -> bytes:
    return flash[:BOOTLOADER_OFFSET] + data.ljust(0x7000, b"\xff") + flash[0x8000:]


@pytest.mark.parametrize("revision", [V4_0, V5_2], ids=["v4.0", "v5.2"])
def test_the_bootloader_says_its_version(revision: Revision) -> None:
    flash = with_bootloader(
        build_flash({"factory": small_firmware()}), build_bootloader_image(BootConfig(revision=revision))
    )
    assert bootloader_in(flash) == revision.name
    assert read_dump(flash).board.bootloader == revision.name


@pytest.mark.parametrize(
    ("version", "nearest"),
    [
        (b"v2.0-rc1-257-g4745895\0", "v4.0"),
        (b"v3.3.5\0", "v4.0"),
        (b"v5.3.1-dirty\0", "v5.2"),
        (b"v6.0-dev-1-gabc\0", "v5.2"),
        (b"rev4.0\0 vv5\0", None),
        (b"", None),
    ],
)
def test_a_bootloader_of_another_version_is_taken_for_the_nearest_that_the_twin_knows(
    version: bytes, nearest: str | None
) -> None:
    assert bootloader_in(with_bootloader(build_flash({}), b"\xe9 boot: \0" + version)) == nearest


def test_a_flash_that_boots_nothing_is_taken_for_the_default_board_with_the_size_of_its_chip() -> None:
    dump = read_dump(b"\xff" * (8 * MIB))
    assert (dump.board.documented_id, dump.board.flash_size_bytes, dump.manifest) == ("N1ESP32-OTA", 8 * MIB, None)
    assert dump.remarks == ()


def test_a_firmware_made_with_a_board_file_that_is_not_shipped_runs_on_the_default_board() -> None:
    manifest = dataclasses.replace(first_manifest(BOARD), board="MY-OWN-BOARD")
    dump = read_dump(build_flash({"factory": build_firmware(manifest, size_bytes=16 * KIB)}))
    assert dump.board.documented_id == "N1ESP32-OTA"
    assert dump.manifest == manifest


def test_the_board_that_the_user_names_is_left_as_it_is_and_has_to_have_such_a_chip() -> None:
    flash = dump_of(BOARD, {"ota_0": lua_rtos()})
    thing = load_board("ESP32-THING-OTA")
    assert read_dump(flash, board=thing).board == thing
    with pytest.raises(UsageError, match="the flash has 4 MiB, but EVK-NINA-W has 2 MiB"):
        read_dump(flash, board=load_board("EVK-NINA-W"))


def test_a_malformed_manifest_is_told_and_not_guessed_at() -> None:
    image = bytearray(small_firmware())
    place = image.index(MARKER) + len(MARKER) + 4
    image[place] ^= 1
    image[place + 1] ^= 1  # the checksum is none the wiser
    image[23] = 0
    dump = read_dump(build_flash({"factory": bytes(image[:-32])}))
    assert dump.manifest is None
    assert dump.remarks[0].startswith("factory: the manifest is malformed")


def test_an_app_of_another_project_is_told() -> None:
    assert read_dump(build_flash({"factory": hello_world()})).remarks == (
        "factory holds hello_world v1.2, which is no Lua RTOS",
    )


def test_file_system_and_its_sizes_are_those_of_the_flash() -> None:
    sizes: dict[str, Any] = {"spiffs_block_size_bytes": 65536, "spiffs_page_size_bytes": 1024}
    flash = dump_of(dataclasses.replace(BOARD, **sizes), {"ota_0": lua_rtos()})
    found = read_dump(flash).board
    assert {name: getattr(found, name) for name in sizes} == sizes
    gateway = load_board("WHITECAT-ESP32-LORA-GW-OTA")
    firmware = lua_rtos(type_=gateway.type, firmware=gateway.firmware)
    assert read_dump(dump_of(gateway, {"ota_0": firmware})).board.filesystem == "lfs"
