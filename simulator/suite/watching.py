"""Waits until a file has changed that scenarios are made of."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from simulator.errors import UsageError
from simulator.suite.items import Item, scenario_files

_LOOK_S: Final = 0.2


class Watch:
    """Knows what the files looked like that ``items`` use, so that no change is missed while they are played."""

    def __init__(self, paths: Sequence[Path], items: Iterable[Item]) -> None:
        self._paths = paths
        self._used = {path for item in items for path in _files_of(item)}
        self._before = _looks_like(paths, self._used)

    def until_changed(self) -> None:
        """Return when one of them is another, or there is a scenario file that was not there."""
        while _looks_like(self._paths, self._used) == self._before:
            time.sleep(_LOOK_S)


def _files_of(item: Item) -> Iterator[Path]:
    yield item.path
    if item.scenario is not None:
        yield from map(Path, item.scenario.inputs)
    if item.case is not None:
        yield from (source.path for plan in item.case.boards for source in plan.sources.values())


def _looks_like(paths: Sequence[Path], used: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    try:
        found = set(scenario_files(paths))
    except UsageError:  # a file that an editor is just replacing
        found = set()
    return {path: _stamp(path) for path in {*found, *used}}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
