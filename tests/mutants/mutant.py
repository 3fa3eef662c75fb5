"""A defect that is put into our own code on purpose, to see whether anything notices.

Nothing of this is in what is installed, and no file of `simulator` is changed: in a process of its own the module is
compiled from a changed source (`tests.mutants.under`). A defect is one that a programmer could have made, and the
tests that fail for it must fail by an assertion, not because the code no longer runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import dedent
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent  # `tests.helpers` imports what may have the defect
_NEXT_PLACE: Final = "@@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect in one ``file`` below ``simulator/``, and the narrowest ``test`` that fails for it.

    ``change`` is written as a diff: lines that go begin with ``-``, lines that come with ``+``, those around them with
    a space, and a line ``@@`` stands between two places. How deep a place is indented in the file does not matter. The
    old lines of a place are there exactly once.
    """

    name: str
    """Words joined by hyphens."""
    wrong: str
    """A sentence that says what the code does then."""
    file: str
    change: str
    test: str
    """``boot/test_ota.py::test_...``, below ``tests/``; with parameters in brackets if only those fail."""

    @property
    def path(self) -> Path:
        """The file."""
        return ROOT / "simulator" / self.file

    @property
    def module(self) -> str:
        """The name under which the file is imported."""
        return "simulator." + self.file.removesuffix(".py").replace("/", ".")

    def apply(self, source: str) -> str:
        """Return ``source`` with the defect. Raises ValueError if the old lines of a place are not there once."""
        lines = source.splitlines()
        edits: list[tuple[int, int, list[str]]] = []
        for is_border, place in groupby(dedent(self.change).strip("\n").splitlines(), _NEXT_PLACE.__eq__):
            if not is_border:
                edits.append(self._edit(lines, list(place)))
        for start, end, new in sorted(edits, reverse=True):
            lines[start:end] = new
        return "\n".join(lines) + "\n"

    def _edit(self, lines: list[str], place: list[str]) -> tuple[int, int, list[str]]:
        """Return from where to where ``lines`` are to be replaced, and by what."""
        old = [line[1:] for line in place if not line.startswith("+")]
        new = [line[1:] for line in place if not line.startswith("-")]
        found = list(_places(lines, old))
        if len(found) != 1:
            raise ValueError(f"{self.name}: {len(found)} times in {self.file}, not once: {old}")
        ((start, indent),) = found
        return start, start + len(old), [indent + line if line else "" for line in new]


def _places(lines: list[str], wanted: list[str]) -> Iterator[tuple[int, str]]:
    """Yield where the ``wanted`` lines are among ``lines``, and how much deeper they are indented there."""
    for start, line in enumerate(lines):
        indent = line.removesuffix(wanted[0])
        if len(indent) + len(wanted[0]) == len(line) and not indent.strip():
            there = lines[start : start + len(wanted)]
            if there == [indent + each if each else "" for each in wanted]:
                yield start, indent
