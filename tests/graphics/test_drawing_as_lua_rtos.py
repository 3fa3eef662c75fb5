"""Whether we draw what the C code of Lua RTOS draws, pixel for pixel, with its mistakes (see `drawing`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.graphics.fonts import font_of_file
from tests.graphics.drawing import Paper

RECORDING: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "drawn_by_lua_rtos.json").read_text())
SCENES = RECORDING["scenes"]


def paper_of(screen: dict[str, Any]) -> Paper:
    paper = Paper(**screen)
    paper.fonts = {name: font_of_file(bytes.fromhex(data)) for name, data in RECORDING["fonts"].items()}
    return paper


@pytest.mark.parametrize(
    "number", range(len(SCENES)), ids=lambda number: f"{SCENES[number]['screen']['kind']}-{number}"
)
def test_every_call_leaves_the_same_picture_on_the_panel(number: int) -> None:
    paper = paper_of(SCENES[number]["screen"])
    for index, (call, result, crc) in enumerate(SCENES[number]["calls"]):
        assert (paper.call(*call), paper.crc) == (result, crc), f"call {index}: {call}"


def test_every_character_of_the_built_in_fonts_is_as_wide_as_on_the_device() -> None:
    paper = paper_of({"kind": "buffered", "width": 128, "height": 160})
    assert [[call, paper.call(*call)] for call, _ in RECORDING["measured"]] == RECORDING["measured"]


def test_the_recording_is_of_something() -> None:
    drawn = {crc for scene in SCENES for _, _, crc in scene["calls"]}
    assert len(SCENES) == 8
    assert len(drawn) > 200
