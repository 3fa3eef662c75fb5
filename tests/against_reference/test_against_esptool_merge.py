"""Our flash files against esptool: the same parts merge to the same bytes, and what one takes out the other puts in."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.boards import Board, load_board
from simulator.boot import boot
from simulator.firmware import build_for, first_manifest
from simulator.flash_parts import areas_of, find_part
from tests.firmware.linked_image import dump_of
from tests.helpers import luatwin, run_python

pytestmark = pytest.mark.real


@pytest.mark.parametrize("board_id", ["WHITECAT-ESP32-N1-OTA", "EVK-NINA-W", "PYCOM-FIPY"])
def test_parts_taken_out_of_a_flash_are_merged_by_esptool_to_the_same_flash(board_id: str, tmp_path: Path) -> None:
    board: Board = load_board(board_id)
    slot = board.partition_table().app_partitions[0].label
    flash = dump_of(board, {slot: build_for(board, first_manifest(board), size_bytes=64 * 1024)})
    file = tmp_path / "flash.bin"
    file.write_bytes(flash)
    arguments: list[str | Path] = []
    for area in areas_of(board.partition_table()):
        part = tmp_path / f"{area.name}.bin"
        assert luatwin("flash", "extract", file, area.name, part).code == 0
        arguments += [hex(find_part(flash, area.name)[0].offset), part]
    merged = tmp_path / "merged.bin"
    size = f"{board.flash_size_bytes >> 20}MB"
    finished = run_python(
        "-m", "esptool", "--chip", "esp32", "merge-bin", "-o", merged, "--pad-to-size", size, *arguments
    )
    assert "No module named esptool" not in finished.stderr, "esptool is missing: pip install 'esptool>=5.1,<6'"
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert merged.read_bytes() == flash
    assert boot(merged.read_bytes()).label == slot
