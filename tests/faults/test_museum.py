"""The museum of the stock ``net.ota()``: every command on its pages does what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.helpers import luatwin

MUSEUM = Path("scenarios/museum")
PAGES = sorted(path.stem for path in MUSEUM.glob("*.md"))
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_EXIT = re.compile(r"\[exit (\d+)(?:: (.*))?\]")


def blocks(page: str) -> list[list[str]]:
    text = (MUSEUM / f"{page}.md").read_text(encoding="utf-8")
    return [block.splitlines() for block in _BLOCK.findall(text)]


def play(block: list[str], tmp_path: Path) -> None:
    """Type the commands of a block, and look for the lines behind them in what the last one prints, in order."""
    commands = [line.removeprefix("$ ") for line in block if line.startswith("$ ")]
    for command in commands:
        program, *arguments = shlex.split(command.replace("{tmp}", str(tmp_path)))
        assert program == "luatwin"
        finished = luatwin(*arguments)
    *lines, last = block[len(commands) :]
    printed = re.split(r"[\r\n]+", finished.out)
    for line in lines:
        assert any(line in candidate for candidate in printed), f"{line!r} does not come"
        first = next(at for at, candidate in enumerate(printed) if line in candidate)
        del printed[: first + 1]
    verdict = _EXIT.fullmatch(last)
    assert verdict, f"{last!r} tells no exit code"
    assert finished.code == int(verdict[1]), finished.err
    assert (verdict[2] or "") in finished.err


def test_the_museum_has_an_exhibit_for_every_known_defect() -> None:
    assert set(PAGES) == {
        *("anybody", "empty", "endless-loop", "failed-activation", "four-gigabytes", "header-case"),
        *("nothing-filled-in", "ping-pong", "silence", "tls-1.1", "wrong-board"),
    }
    index = Path("scenarios/README.md").read_text(encoding="utf-8")
    assert all(f"(museum/{page}.md)" in index for page in PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_what_the_page_says_is_what_happens(page: str, tmp_path: Path) -> None:
    stock, hardened = blocks(page)
    assert not any("--profile" in line for line in stock)
    assert any("--profile hardened" in line for line in hardened)
    play(stock, tmp_path)
    play(hardened, tmp_path)
