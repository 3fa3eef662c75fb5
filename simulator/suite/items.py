"""What there is to play: the cases of scenario files, and which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulator.errors import DescriptionError, LuaTwinError, Problem, UsageError
from simulator.play.verdict import title_of
from simulator.scenario import Case, Scenario, read_scenario

PATTERN: Final = "*.scenario.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A case of a scenario file; or a file that is none, and then ``error`` says why."""

    path: Path
    scenario: Scenario | None = None
    case: Case | None = None
    error: str = ""
    problems: tuple[Problem, ...] = ()
    """The mistakes in the file, if these are what is wrong."""
    options: tuple[str, ...] = ()
    """Of the command, which made it what it is."""

    @property
    def label(self) -> str:
        """What tells it from the other cases of the file."""
        return self.case.label if self.case is not None else ""

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return title_of(self.path, self.label)


def scenario_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the scenario files that ``paths`` mean, each once: a folder stands for all below it.

    Raises `UsageError` for one that is not there, and for a folder without any.
    """
    seen: set[Path] = set()
    for path in paths:
        found = sorted(path.rglob(PATTERN)) if path.is_dir() else [path]
        if not found:
            raise UsageError(f"{path}: there is no {PATTERN} in this folder")
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
        for file in found:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def find_items(
    paths: Iterable[Path],
    *,
    ignore_unsupported: bool = False,
    defaults: Mapping[str, Any] | None = None,
    options: tuple[str, ...] = (),
) -> list[Item]:
    """Return everything there is to play in ``paths``, in order; ``defaults`` are as for `read_scenario`.

    ``options`` are those of the command that mean all this. Raises `UsageError` as `scenario_files` does.
    """
    items: list[Item] = []
    for path in scenario_files(paths):
        try:
            scenario = read_scenario(path, ignore_unsupported=ignore_unsupported, defaults=defaults)
        except LuaTwinError as error:
            problems = tuple(error.problems) if isinstance(error, DescriptionError) else ()
            items.append(Item(path=path, error=str(error), problems=problems, options=options))
        else:
            items += [Item(path=path, scenario=scenario, case=case, options=options) for case in scenario.cases]
    return items


def is_chosen(expression: str, item: Item) -> bool:
    """Say whether ``expression`` means an item: words that are in its title or name, with ``not``, ``and``, ``or``."""
    text = f"{item.title} {item.scenario.name if item.scenario is not None else ''}".casefold()

    def holds(word: str) -> bool:
        negated, rest = re.fullmatch(r"(not\s+)?(.*)", word.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
        return (rest.strip().casefold() in text) != bool(negated)

    return any(
        all(holds(word) for word in re.split(r"\s+and\s+", choice)) for choice in re.split(r"\s+or\s+", expression)
    )
