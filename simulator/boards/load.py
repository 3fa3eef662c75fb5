"""From the name of a board, or a board file, to a `Board`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simulator.boards.construct import DoubtError, construct
from simulator.boards.ids import did_you_mean
from simulator.boards.schema import Board
from simulator.boards.source import Sources
from simulator.errors import DescriptionError, UsageError
from simulator.resources import data_dir


def load_board(name: str | Path) -> Board:
    """Return the board called ``name``: an id in source form or in documented form, or a path to a TOML file.

    Where several firmwares share a documented id, it means the first in the order of the catalogue, as it does to
    whitecat-console. Raises `UsageError` for a name or a file that is not there, `DescriptionError` with all mistakes
    of a board file.
    """
    text = str(name)
    if isinstance(name, Path) or "/" in text or text.endswith(".toml"):
        return _load_file(Path(name))
    if text in _shipped_files():
        return _shipped(text)
    for board_id in board_ids():
        if text and _shipped(board_id).documented_id == text:
            return _shipped(board_id)
    known = [*board_ids(), *(board.documented_id for board in all_boards())]
    hint = did_you_mean(text, known) or "; luatwin boards lists them all"
    raise UsageError(f"unknown board {text!r}{hint}")


def all_boards() -> tuple[Board, ...]:
    """Return every shipped board, in the order of the catalogue."""
    return tuple(map(_shipped, board_ids()))


@cache
def board_ids() -> tuple[str, ...]:
    """Return the source form of the id of every shipped board, in the order of the catalogue.

    ``boards/catalogue.txt`` has the order of upstream's ``boards.json``; a file it does not name comes after.
    """
    files = _shipped_files()
    lines = (data_dir("boards") / "catalogue.txt").read_text(encoding="utf-8").splitlines()
    ordered = [line for line in lines if line in files]
    return (*ordered, *sorted(files.keys() - set(ordered)))


@cache
def _shipped_files() -> dict[str, Path]:
    """Board files by id. Looked up in a listing, so that case counts on every host."""
    return {path.stem: path for path in data_dir("boards").glob("*.toml")}


@cache
def _shipped(board_id: str) -> Board:
    return _load_file(_shipped_files()[board_id])


def _load_file(path: Path) -> Board:
    sources = Sources(shipped=data_dir("boards"))
    try:
        sources.add(path)
    except OSError as error:
        raise UsageError(f"board file {path}: {error.strerror}") from error
    if not sources.files:
        raise DescriptionError(sources.problems)
    values = sources.merged()
    values["id"] = path.stem
    values.setdefault("firmware", path.stem)
    if not sources.problems:
        try:
            board: Board = construct(Board, values)
        except DoubtError:
            pass
        else:
            return board
    from simulator.boards.validate import judge  # slow to import and mostly not needed: see `construct`

    return judge(sources, values)
