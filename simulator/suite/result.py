"""How an item went."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from simulator.play.verdict import Verdict
from simulator.suite.items import Item

BUG_EXIT_CODE: Final = 70
_WORST_FIRST: Final = (BUG_EXIT_CODE, 2, 3, 1, 42, 0)
_WORDS: Final = {0: "pass", 1: "fail", 2: "error", 3: "bricked", 42: "limit", BUG_EXIT_CODE: "bug"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an item went; ``wall_s`` is how long it took in real time."""

    item: Item
    wall_s: float = 0.0
    verdict: Verdict | None = None
    """None if it could not be played to its end; then the rest says why."""
    exit_code: int = 0
    """What the command would exit with, for this alone."""
    error: str = ""

    @classmethod
    def of(cls, item: Item, verdict: Verdict, wall_s: float) -> Result:
        """Return the result that a verdict is."""
        return cls(item=item, wall_s=wall_s, verdict=verdict, exit_code=verdict.outcome.exit_code)

    @property
    def is_passed(self) -> bool:
        """Whether all is well."""
        return self.exit_code == 0

    @property
    def word(self) -> str:
        """How it went, in a word."""
        return _WORDS[self.exit_code]

    @property
    def title(self) -> str:
        """The name of its scenario, and of the case."""
        name = self.item.scenario.name if self.item.scenario is not None else self.item.path.name
        return f"{name} [{self.item.label}]" if self.item.label else name

    @property
    def place(self) -> str:
        """Its title, with the line and column of the step that failed, if any."""
        failure = self.verdict.failure if self.verdict is not None else None
        if failure is None:
            return self.item.title
        place = f"{self.item.path}:{failure.place.line}:{failure.place.column}"
        return f"{place} [{self.item.label}]" if self.item.label else place

    @property
    def command(self) -> str:
        """What repeats it."""
        words = ["luatwin", "test", str(self.item.path)]
        if self.item.label:
            words += ["--case", self.item.label]
        return shlex.join([*words, *self.item.options])

    def lines(self) -> Iterator[str]:
        """Yield what is to be said of a failure; the first line says what was expected and what was found."""
        if self.verdict is not None and self.verdict.failure is not None:
            failure = self.verdict.failure
            yield f"step: {failure.what}"
            yield from failure.lines()
        else:
            yield from self.error.splitlines()

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        rest = {} if self.verdict is None else self.verdict.to_json()
        return {
            "file": str(self.item.path),
            "case": self.item.label or None,
            **rest,
            "result": self.word,
            "exit_code": self.exit_code,
            "error": self.error or None,
            "command": self.command,
        }


def exit_code_of(results: Iterable[Result]) -> int:
    """Return what the command exits with: that of the worst."""
    codes = {result.exit_code for result in results}
    return next((code for code in _WORST_FIRST if code in codes), 0)
