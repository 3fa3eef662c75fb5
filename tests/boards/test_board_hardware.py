"""What is on a board besides the chip: named in its file, described in another, and there for every script."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.boards import all_boards, load_board
from simulator.descriptions import board_hardware
from simulator.errors import DescriptionError
from simulator.hardware import Bench
from simulator.hardware.parts.part import NO_PIN
from simulator.resources import data_dir
from tests.device.stage import Stage, on_stage, staged

WITH_PARTS = [board for board in all_boards() if board.hardware]


def test_every_shipped_description_is_on_a_board() -> None:
    files = {path.relative_to(data_dir("boards")).as_posix() for path in (data_dir("boards") / "hardware").iterdir()}
    assert files == {name for board in WITH_PARTS for name in board.hardware}


@pytest.mark.parametrize("board", WITH_PARTS, ids=lambda board: board.id)
def test_the_parts_of_a_board_fit_together_and_hold_no_pin_low(board: object) -> None:
    bench = Bench()
    for part in board_hardware(board):  # type: ignore[arg-type]
        bench.attach(part.make())
    assert bench.parts
    pins = [gpio for part in bench.parts.values() for gpio in part.pins.values() if gpio != NO_PIN]
    assert not any(bench.is_held_low(gpio) for gpio in pins)


def mine(folder: Path, hardware: str, description: str = "") -> Path:
    path = folder / "MINE.toml"
    path.write_text(f'using = ["GENERIC-OTA.toml"]\nhardware = {hardware}\n')
    (folder / "mine.yaml").write_text(description)
    return path


def test_a_board_of_ones_own_names_a_file_beside_its_own(tmp_path: Path) -> None:
    description = "parts:\n  red: {type: led, pin: 26}\n"
    board = load_board(mine(tmp_path, '["mine.yaml", "hardware/boot-button.yaml"]', description))
    assert [part.name for part in board_hardware(board)] == ["red", "boot"]
    assert on_stage(lambda stage: seen(stage), board=board, script="pio.pin.output(26) pio.pin.sethigh(26)") is True


async def seen(stage: Stage) -> bool:
    await stage.boot()
    return bool(stage.board.bench.part("red").state["on"])


def test_a_description_that_is_not_there_is_a_mistake_of_the_board_file(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError) as refused:
        load_board(mine(tmp_path, '["mine.yml"]'))
    assert f"{tmp_path / 'MINE.toml'}:2: hardware 'mine.yml': there is no such file" in str(refused.value)


def test_a_mistake_in_it_is_told_before_the_board_is_there(tmp_path: Path) -> None:
    board = load_board(mine(tmp_path, '["mine.yaml"]', "parts:\n  red: {type: led}\n"))

    async def never(stage: Stage) -> None:
        raise AssertionError

    with pytest.raises(DescriptionError, match=r"mine.yaml:2:3: red \(led\) needs pin"):
        on_stage(never, board=board)


@staged(board="M5STACK", files={"/system.lua": ""}, script="pio.pin.input(39, 38) print(pio.pin.getval(39, 38))")
async def test_the_buttons_of_a_board_are_there_for_scripts_and_can_be_pressed(stage: Stage) -> None:
    assert "1\t1\r\n" in await stage.printed()
    stage.board.bench.part("a").set_control("pressed", 1)
    assert "0\t1\r\n" in (await stage.type(b"print(pio.pin.getval(39, 38))\r")).replace("1\t0", "0\t1")


@staged(board="ESP32-CORE-BOARD")
async def test_the_boot_button_held_at_a_reset_makes_the_rom_wait(stage: Stage) -> None:
    await stage.boot()
    stage.board.bench.part("boot").set_control("pressed", 1)
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    await stage.wait(1)
    assert "boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))" in stage.console
    stage.board.bench.part("boot").set_control("pressed", 0)
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    assert await stage.board.finished()
