"""Results where GitHub shows them: marks beside the lines of a pull request, and a summary of the job.

The forms are those of GitHub's documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from simulator.descriptions.yaml_document import Place
from simulator.suite.result import Result

_LEVELS: Final = {"limit": "warning"}
"""Of the words for results; others are errors."""


def marks(results: Sequence[Result], *, root: Path) -> Iterator[str]:
    """Yield the commands that mark the line of each failed step, of each mistake in a file, and of errors of scripts.

    Paths are told relative to ``root``, the root of the repository.
    """
    for result in results:
        if result.is_passed:
            continue
        failure = result.verdict.failure if result.verdict is not None else None
        for problem in result.item.problems:
            yield _mark("error", Path(problem.path), problem.line, problem.column, result.title, problem.message, root)
        if result.item.problems:
            continue
        lines = [line for line in result.lines() if not line.startswith("step: ")]
        text = "\n".join([*lines, f"to repeat: {result.command}"])
        place = failure.place if failure is not None else Place()
        title = f"{result.title}: {failure.what if failure is not None else result.word}"
        level = _LEVELS.get(result.word, "error")
        yield _mark(level, result.item.path, place.line, place.column, title, text, root)
        for error in failure.lua_errors if failure is not None else ():
            yield _mark("error", error.path, error.line, 0, "script error", error.message, root)


def summary(results: Sequence[Result], *, wall_s: float) -> str:
    """Return a summary in Markdown: how many, and what there is to say of each that failed."""
    failed = [result for result in results if not result.is_passed]
    text = [f"### LuaTwin: {len(results) - len(failed)} of {len(results)} scenarios passed in {wall_s:.1f} s", ""]
    if failed:
        text += ["| scenario | result | what happened |", "| --- | --- | --- |"]
        text += [f"| {_cell(result.place)} | {result.word} | {_cell(_first_line(result))} |" for result in failed]
        text.append("")
    for result in failed:
        lines = [*result.lines(), f"to repeat: {result.command}"]
        text += ["<details>", f"<summary>{_cell(result.place)}</summary>", "", *(f"    {line}" for line in lines)]
        text += ["", "</details>", ""]
    return "\n".join(text) + "\n"


def _first_line(result: Result) -> str:
    return next((line for line in result.lines() if not line.startswith("step: ")), "")


def _cell(text: str) -> str:
    """Return a text for a cell of a table, in which nothing is markup."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;")):
        text = text.replace(character, entity)
    return text


def _relative(path: Path, root: Path) -> str:
    whole = path.resolve()
    return whole.relative_to(root.resolve()).as_posix() if whole.is_relative_to(root.resolve()) else str(path)


def _mark(level: str, path: Path, line: int, column: int, title: str, text: str, root: Path) -> str:
    properties = {"file": _relative(path, root)}
    if line:
        properties["line"] = str(line)
    if column:
        properties["col"] = str(column)
    properties["title"] = title
    told = ",".join(f"{name}={_escaped(value, in_property=True)}" for name, value in properties.items())
    return f"::{level} {told}::{_escaped(text)}"


def _escaped(text: str, *, in_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text
