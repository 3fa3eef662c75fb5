"""``luatwin api``."""

from __future__ import annotations

import math
from collections import Counter
from itertools import groupby
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from simulator.boards import load_board
from simulator.boards.ids import did_you_mean
from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import print_json, rich_console
from simulator.errors import UsageError
from simulator.vm.api import GLOBALS, Entry, entries, modules
from simulator.vm.api_builds import CONDITIONS

_STYLES: Final = {"faithful": "green", "partial": "yellow", "missing": "dim"}


@click.command()
@click.argument("filters", nargs=-1, metavar="[NAME]...")
@click.option("--status", type=click.Choice(list(_STYLES)), help="Only what has this status.")
@click.option("--board", "board_id", metavar="ID", help="Only what the build of this board has.")
@json_option
@verbose_option
def api(filters: tuple[str, ...], status: str | None, board_id: str | None, as_json: bool) -> None:
    """The Lua API of the firmware, with the status of every function, method and constant.

    NAME is a module with all below it (net.wf) or any part of a name (sleep); several are added up.
    """
    found = [entry for entry in entries() if entry.kind != "table" and _is_wanted(entry, filters)]
    if not found:
        raise UsageError(
            f"nothing in the Lua API is called {' or '.join(map(repr, filters))}{did_you_mean(filters[0], modules())}"
        )
    if board_id is not None:
        board = load_board(board_id)
        found = [entry for entry in found if CONDITIONS[entry.condition](board)]
    if status is not None:
        found = [entry for entry in found if entry.status == status]
    totals: Counter[str] = Counter(entry.status for entry in found)
    if as_json:
        print_json(
            {"entries": [_as_json(entry) for entry in found], "totals": {name: totals[name] for name in _STYLES}}
        )
    else:
        _show(found, totals)


def _is_wanted(entry: Entry, filters: tuple[str, ...]) -> bool:
    """Whether a filter names the module or one above it, or else is part of the name; no filter wants everything."""
    if not filters:
        return True
    known = modules()
    return any(
        f"{entry.module}.".startswith(f"{wanted}.") if wanted in known else wanted.lower() in entry.path.lower()
        for wanted in filters
    )


def _as_json(entry: Entry) -> dict[str, Any]:
    value = entry.value
    if isinstance(value, float) and not math.isfinite(value):
        value = str(value)
    return {**entry._asdict(), "value": value}


def _show(found: list[Entry], totals: Counter[str]) -> None:
    console = rich_console()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold", ratio=5)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=6)
    for path, group in groupby(found, lambda entry: entry.module):
        module = modules()[path]
        heading = Text("globals" if path == GLOBALS else path, "bold")
        if module.condition != "always":
            heading.append(f"  (builds: {module.condition})", "dim")
        if table.row_count:
            table.add_row()
        table.add_row(heading, "", Text(module.summary, "italic"))
        for entry in group:
            table.add_row(
                f"  {_name(entry)}", Text(entry.status, _STYLES[entry.status]), _remarks(entry, module.condition)
            )
    console.print(table)
    console.print()
    parts = [Text(f"{totals[name]} {name}", style) for name, style in _STYLES.items()]
    console.print(Text(", ").join(parts), Text(f"of {len(found)} names"))


def _name(entry: Entry) -> str:
    if entry.kind != "constant":
        return entry.name + entry.signature
    return entry.name if entry.value is None else f"{entry.name} = {entry.value!r}"


def _remarks(entry: Entry, module_condition: str) -> Text:
    remarks = Text(entry.summary)
    if entry.condition != module_condition:
        remarks.append(f" (builds: {entry.condition})", "dim")
    if entry.note:
        remarks.append(f" ({entry.note})", _STYLES[entry.status])
    return remarks
