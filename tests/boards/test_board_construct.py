"""`construct` and pydantic, the two readers of one declaration, give the same answers."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.boards import Board, board_ids
from simulator.boards.construct import DoubtError, construct
from simulator.boards.source import Sources
from simulator.boards.validate import judge
from simulator.errors import DescriptionError
from simulator.resources import data_dir

ODD_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 4, 39, 40, 1024, 4096, 0x100000, 1 << 70, 1.0, 0.5, float("nan")),
    *("", "a", "y", "none", "spiffs", "rmii", "spi", "mmc", "GENERIC", "10C4:EA60", "b\n", "é", "dio", "40m", "v5.2"),
    *([], [1], ["fat"], ["fat", 3], [[]], {}, {"scl": 1, "sda": 2}, {"interface": "spi"}, {"spi": 3, "cs": 4}),
    {"interface": "mmc", "lines": 1},
    {"interface": "spi", "spi": 3, "cs": 1, "interrupt": 35, "speed_hz": 1_000_000},
]


def values_of(board_id: str) -> tuple[Sources, dict[str, Any]]:
    sources = Sources(shipped=data_dir("boards"))
    sources.add(data_dir("boards") / f"{board_id}.toml")
    return sources, {"firmware": board_id, **sources.merged(), "id": board_id}


def tables_in(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [values, *(table for item in values.values() if isinstance(item, dict) for table in tables_in(item))]


def answer_of_construct(values: dict[str, Any]) -> Board | None:
    try:
        board = construct(Board, values)
    except DoubtError:
        return None
    assert isinstance(board, Board)
    return board


def answer_of_pydantic(sources: Sources, values: dict[str, Any]) -> Board | None:
    try:
        return judge(sources, values)
    except DescriptionError:
        return None


@given(st.data())
def test_both_readers_agree_about_every_change_of_a_board(data: st.DataObject) -> None:
    sources, values = values_of(data.draw(st.sampled_from(board_ids())))
    for _ in range(data.draw(st.integers(1, 3))):
        table = data.draw(st.sampled_from(tables_in(values)))
        key = data.draw(st.sampled_from([*sorted(table), "cs", "led", "psram", "ethernet", "sd", "display", "unknown"]))
        if data.draw(st.booleans()):
            table.pop(key, None)
        else:
            table[key] = deepcopy(data.draw(st.sampled_from(ODD_VALUES)))  # the next change may be one of it
    assert answer_of_construct(values) == answer_of_pydantic(sources, values)


def test_pydantic_is_asked_only_when_there_is_a_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("simulator.boards.validate.judge", lambda sources, values: asked.append(values["id"]))
    from simulator.boards import load_board

    for name, text in {"GOOD": "", "BAD": "ota = 1\n"}.items():
        file = tmp_path / f"{name}.toml"
        file.write_text(f'using = ["GENERIC.toml"]\n{text}')
        load_board(file)
    assert asked == ["BAD"]
