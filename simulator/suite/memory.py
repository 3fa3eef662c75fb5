"""Which cases failed when they were last played, for ``--last-failed``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from simulator.suite.items import Item
from simulator.suite.result import Result

MEMORY_FILE: Final = Path(".luatwin") / "last-failed.json"
"""In the folder where the command is given."""


def _key(item: Item) -> str:
    return f"{item.path.resolve()} {item.label}"


def failed_last(folder: Path) -> frozenset[str]:
    """Return what is remembered; nothing if nothing readable is."""
    try:
        keys = json.loads((folder / MEMORY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else frozenset()


def is_remembered(remembered: frozenset[str], item: Item) -> bool:
    """Say whether an item is among those that failed."""
    return _key(item) in remembered


def remember(folder: Path, results: Iterable[Result]) -> None:
    """Note what has failed now, and forget what has not. What was not played stays as it was."""
    played = list(results)
    failed = {_key(result.item) for result in played if not result.is_passed}
    kept = failed_last(folder) - {_key(result.item) for result in played}
    path = folder / MEMORY_FILE
    if failed | kept:
        path.parent.mkdir(exist_ok=True)
        (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        path.write_text(json.dumps(sorted(failed | kept), indent=1) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
