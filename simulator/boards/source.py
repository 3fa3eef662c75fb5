"""Read a board file with the files it builds upon, and lay them over each other.

``using = ["GENERIC.toml", "builds/ota.toml"]`` names the files that come first; a later file overrides an earlier one
key by key, tables merge, lists do not. A name counts from the file's own folder, else from the shipped ``boards/``. A
file that is used twice counts where it is used first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulator.boards.ids import did_you_mean
from simulator.boards.toml_lines import KeyPath, key_lines
from simulator.errors import Problem

_TOML_ERROR: Final = re.compile(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One TOML file: its text, for line numbers, and its values without ``using``."""

    path: Path
    text: str
    values: dict[str, Any]

    def line_of(self, key: KeyPath) -> int:
        """Return the line of ``key``, or 0 if the file does not have it."""
        return key_lines(self.text).get(key, 0)


@dataclass(slots=True)
class Sources:
    """A board file and all that it uses, in the order in which they override each other, and what went wrong."""

    shipped: Path
    """The folder that names in ``using`` are looked for second."""
    files: list[SourceFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: Path, *, used_by: tuple[Path, ...] = ()) -> None:
        """Read ``path`` after everything that it uses; mistakes become `problems`.

        Raises OSError for ``path`` itself, not for a file that it uses: that is a mistake in its text.
        """
        data = path.read_bytes()
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.problems.append(Problem(path=path, line=line, message="should be text in UTF-8"))
            return
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.problems.append(_syntax_problem(path, text, error))
            return
        source = SourceFile(path, text, values)
        names = values.pop("using", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._complain(source, ("using",), "using should be a list of file names")
            names = []
        if values.pop("id", None) is not None:
            self._complain(source, ("id",), "id is no key of a board file: the id is the name of the file")
        for index, name in enumerate(names):
            self._add_used(source, index, name, (*used_by, path))
        self._find_hardware(source)
        self.files.append(source)

    def _add_used(self, source: SourceFile, index: int, name: str, users: tuple[Path, ...]) -> None:
        beside = source.path.parent / name
        path = beside if beside.is_file() else self.shipped / name
        if not path.is_file():
            known = (file.relative_to(self.shipped).as_posix() for file in self.shipped.rglob("*.toml"))
            where = f"neither beside this file nor in {self.shipped}"
            message = f"using {name!r}: there is no such file, {where}{did_you_mean(name, known)}"
            self._complain(source, ("using", index), message)
        elif any(path.samefile(user) for user in users):
            circle = " -> ".join(user.name for user in (*users, path))
            self._complain(source, ("using", index), f"using goes round in a circle: {circle}")
        elif not any(path.samefile(file.path) for file in self.files):
            self.add(path, used_by=users)

    def _find_hardware(self, source: SourceFile) -> None:
        """Put the full path in place of the name of each description that is beside ``source`` and not shipped."""
        names = source.values.get("hardware")
        if not isinstance(names, list):
            return
        for index, name in enumerate(names):
            if not isinstance(name, str) or (self.shipped / name).is_file():
                continue
            beside = source.path.parent / name
            if beside.is_file():
                names[index] = str(beside.resolve())
            else:
                where = f"neither beside this file nor in {self.shipped}"
                self._complain(source, ("hardware", index), f"hardware {name!r}: there is no such file, {where}")

    def _complain(self, source: SourceFile, key: KeyPath, message: str) -> None:
        self.problems.append(Problem(path=source.path, line=source.line_of(key), message=message))

    def merged(self) -> dict[str, Any]:
        """Return the values of all files laid over each other."""
        result: dict[str, Any] = {}
        for file in self.files:
            result = _overlay(result, file.values)
        return result

    def place(self, key: KeyPath) -> tuple[Path, int]:
        """Return the file and line that ``key`` comes from; the nearest table around it if no file has it.

        There must be a file.
        """
        for length in range(len(key), 0, -1):
            for file in reversed(self.files):
                if line := file.line_of(key[:length]):
                    return file.path, line
        return self.files[-1].path, 0


def _overlay(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _syntax_problem(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    message = str(error)
    if place := _TOML_ERROR.fullmatch(message):
        return Problem(path=path, line=int(place["line"]), column=int(place["column"]), message=place["what"])
    return Problem(path=path, line=text.count("\n") + 1, message=message)
