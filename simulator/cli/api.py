"""``luatwin api``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from simulator.boards import load_board
from simulator.boards.ids import did_you_mean
from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import print_json, rich_console
from simulator.errors import UsageError
from simulator.vm.api import GLOBALS, Entry, Half, Share, entries, modules, shares_of
from simulator.vm.api_builds import CONDITIONS

_STYLES: Final = {"faithful": "green", "partial": "yellow", "missing": "dim"}


@click.command()
@click.argument("filters", nargs=-1, metavar="[NAME]...")
@click.option("--status", type=click.Choice(list(_STYLES)), help="Only what has this status.")
@click.option("--board", "board_id", metavar="ID", help="Only what the build of this board has.")
@click.option(
    "--luacats",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the annotations of the whole API for lua-language-server, a file a module, and show nothing.",
)
@json_option
@verbose_option
def api(
    filters: tuple[str, ...], status: str | None, board_id: str | None, luacats: Path | None, as_json: bool
) -> None:
    """The Lua API of the firmware, with the status of every function, method and constant.

    NAME is a module with all below it (net.wf) or any part of a name (sleep); several are added up. Of what is shown
    the last lines tell how many functions are faithful, in the two halves of the API: system and hardware.
    """
    if luacats is not None:
        if filters or status is not None or board_id is not None or as_json:
            raise UsageError("--luacats writes the whole API; nothing can be chosen with it")
        _write_annotations(luacats)
        return
    found = [entry for entry in entries() if entry.kind != "table" and _is_wanted(entry, filters)]
    if not found:
        raise UsageError(
            f"nothing in the Lua API is called {' or '.join(map(repr, filters))}{did_you_mean(filters[0], modules())}"
        )
    if board_id is not None:
        board = load_board(board_id)
        found = [entry for entry in found if CONDITIONS[entry.condition](board)]
    shares = shares_of(found)
    if status is not None:
        found = [entry for entry in found if entry.status == status]
    totals: Counter[str] = Counter(entry.status for entry in found)
    if as_json:
        print_json(
            {
                "entries": [_as_json(entry) for entry in found],
                "totals": {name: totals[name] for name in _STYLES},
                "shares": {half: share._asdict() for half, share in shares.items()},
            }
        )
    else:
        _show(found, totals, shares)


def _write_annotations(folder: Path) -> None:
    from simulator.vm.luacats import files

    for name, text in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


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


def _show(found: list[Entry], totals: Counter[str], shares: Mapping[Half, Share]) -> None:
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
    for half, share in shares.items():
        console.print(f"{half} API: {share.faithful} of {share.functions} functions faithful, {share.share:.0%}")


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
