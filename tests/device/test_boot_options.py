"""What a board does at a reset because of how it is built: pins that somebody holds, and eFuses that stay burned."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
import trio

from simulator.boards import Board
from simulator.boards.schema import FactoryReset
from simulator.boot import V4_0, V5_2, BootConfig, build_bootloader_image
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET
from simulator.device.manufacture import new_chip
from simulator.efuses import Efuses, Fuse
from simulator.errors import UsageError
from simulator.events import Event
from simulator.firmware import SMALLEST_IMAGE_BYTES, first_manifest
from simulator.units import NS_PER_S
from simulator.world import World, run_in_world
from tests.device.stage import PROMPT, Stage, on_stage, printed, staged
from tests.device.updates import FACTORY

RESET = replace(FACTORY, factory_reset=FactoryReset(), bootloader_log_level="INFO")
COUNT = """\
n = (nvs.exists("boots", "n") and nvs.read("boots", "n") or 0) + 1
nvs.write("boots", "n", n)
print(n)
"""


async def again(stage: Stage) -> str:
    """Press the reset button, wait until the scripts have run, and return what was sent meanwhile."""
    before = len(stage.console)
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    assert await stage.board.finished()
    return stage.console[before:]


def counted(console: str) -> int:
    """Return what `COUNT` printed the last time."""
    return int(printed(console))


@staged(board=RESET, script=COUNT)
async def test_a_pin_that_is_held_long_enough_erases_the_data_partitions(stage: Stage) -> None:
    assert counted(await stage.boot()) == 1
    assert counted(await again(stage)) == 2
    stage.board.hold(4, 6 * NS_PER_S)
    began = stage.seconds
    console = await again(stage)
    assert counted(console) == 1
    assert 5 < stage.seconds - began < 10
    lines = [line.partition(") ")[2].removesuffix("\x1b[0m") for line in console.splitlines() if "I (" in line]
    start = lines.index("boot: Detect a condition of the factory reset")
    assert lines[start : start + 4] == [
        "boot: Detect a condition of the factory reset",
        "boot: Data partitions to erase: nvs",
        "boot_comm: ## Label            Usage Offset   Length   Cleaned",
        "boot_comm:  0 nvs              data  00009000 00006000 [yes]",
    ]
    assert stage.of_kind("boot.bootloader")[-1]["why"].count("factory reset: GPIO4 was held") == 1


@staged(board=RESET, script=COUNT)
async def test_a_pin_that_is_let_go_of_too_early_does_nothing_but_take_time(stage: Stage) -> None:
    await stage.boot()
    stage.board.hold(4)
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    await trio.sleep(4.9)
    stage.board.let_go(4)
    await stage.board.finished()
    assert counted(stage.console) == 2


@staged(board=FACTORY, script=COUNT)
async def test_a_bootloader_that_is_not_built_for_it_does_not_look_at_the_pin(stage: Stage) -> None:
    await stage.boot()
    stage.board.hold(4)
    assert counted(await again(stage)) == 2


@staged()
async def test_pins_that_select_the_boot_mode_are_held_like_any_other(stage: Stage) -> None:
    stage.board.hold(15, NS_PER_S)
    assert not (await stage.boot()).startswith("ets"), "the ROM says nothing with GPIO15 low"
    stage.board.hold(0, NS_PER_S)
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    await trio.sleep(0.5)
    assert stage.console.endswith("waiting for download\r\n")
    await trio.sleep(1)
    assert (await again(stage)).endswith(PROMPT)


@staged(board=replace(FACTORY, bootloader_log_level="INFO"))
async def test_the_bootloader_that_starts_is_the_one_in_flash(stage: Stage) -> None:
    await stage.boot()
    stage.board.power_off()
    await stage.board.is_off.wait()
    stage.board.chip.erase(BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES)
    stage.board.chip.program(BOOTLOADER_OFFSET, build_bootloader_image(BootConfig(revision=V5_2)))
    await stage.boot()
    versions = [line for event in stage.of_kind("boot.bootloader") for line in event["lines"] if "2nd stage" in line]
    assert [line.split()[3] for line in versions] == [V4_0.version, V5_2.version]


@staged()
async def test_a_pin_that_the_chip_does_not_have_cannot_be_held(stage: Stage) -> None:
    with pytest.raises(UsageError, match="there is no GPIO24; the ESP32 has 0 to 23, 25 to 27 and 32 to 39"):
        stage.board.hold(24)


@staged()
async def test_a_new_chip_has_its_mac_address_in_its_efuses(stage: Stage) -> None:
    efuses = stage.board.efuses
    assert (efuses.mac, efuses.is_mac_good) == (stage.board.base_mac, True)
    await stage.boot()
    assert not efuses.is_changed


def powered(efuses: Efuses, board: Board = FACTORY) -> tuple[Stage, Efuses]:
    """Power a board on with these eFuses, for a second."""

    async def main(world: World) -> tuple[Stage, Efuses]:
        chip = new_chip(board, first_manifest(board), {}, image_bytes=SMALLEST_IMAGE_BYTES)
        events: list[Event] = []
        world.events.subscribe(events.append)
        device = world.add_board(board, chip, efuses=efuses)
        world.power_on(device)
        await trio.sleep(1)
        return Stage(world, device, events), device.efuses

    return run_in_world(main)


def test_a_chip_keeps_the_efuses_that_it_is_given() -> None:
    efuses = Efuses.manufactured(bytes.fromhex("30aea4c38694"), 1)
    stage, after = powered(efuses)
    assert after is efuses
    assert stage.board.base_mac.hex(":") == "30:ae:a4:c3:86:94"


def test_blank_efuses_get_the_identity_of_a_new_chip() -> None:
    efuses = Efuses()
    stage, _ = powered(efuses)
    assert efuses.is_changed
    assert efuses.mac == stage.board.base_mac == on_stage(_mac)


async def _mac(stage: Stage) -> bytes:
    return stage.board.base_mac


@pytest.mark.parametrize("level", ["NONE", "ERROR"])
def test_an_app_on_a_chip_with_a_damaged_mac_address_aborts_at_its_start(level: Literal["NONE", "ERROR"]) -> None:
    efuses = Efuses.manufactured(bytes.fromhex("30aea4c38694"), 1)
    efuses.burn(Fuse.MAC, 1)
    stage, _ = powered(efuses, replace(FACTORY, log_level=level))
    assert stage.console.count("abort() was called at PC") > 1
    said = "system_api: Base MAC address from BLK0 of EFUSE CRC error, efuse_crc = 0x99; calc_crc = 0x"
    assert (said in stage.console) == (level == "ERROR")
    assert {boot.reason.name for boot in stage.board.boots[1:]} == {"SW_CPU_RESET"}


def test_the_secure_version_is_burned_when_an_app_is_valid_and_older_ones_do_not_start() -> None:
    board = replace(FACTORY, factory_partition=False, rollback=True, anti_rollback=True, secure_version=2)
    efuses = Efuses.manufactured(bytes.fromhex("30aea4c38694"), 1)
    stage, _ = powered(efuses, board)
    assert stage.of_kind("efuse.burn") == [{"field": "SECURE_VERSION", "value": 3}]
    assert stage.board.boots[-1].label == "ota_0"
    older, _ = powered(efuses, replace(board, secure_version=1))
    assert not older.board.boots
    assert older.of_kind("boot.bootloader")[0]["why"].endswith(
        "ota_0 has a lower secure version than the eFuses; ota_1 has a lower secure version than the eFuses; "
        "no app can start"
    )
