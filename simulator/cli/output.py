"""How results are written on stdout: for people with rich, for programs as one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from rich.progress import Progress

_COLUMNS_OF_A_FILE: Final = 120


def rich_console() -> Console:
    """Return the console on stdout. Text is printed as it is, not as markup; a file or a pipe is 120 columns wide."""
    width = None if sys.stdout.isatty() else _COLUMNS_OF_A_FILE
    return Console(highlight=False, markup=False, emoji=False, width=width)


def progress_bar(*fields: str, quiet: bool) -> Progress:
    """Return a bar on stderr, which is not shown if that is no terminal; ``fields`` are formats of what else it shows.

    Whoever copies this process starts it when the copies are there: it has threads.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *map(TextColumn, fields))
    return Progress(
        *columns,
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )


def plain_table(*headings: str) -> Table:
    """Return a table without lines, whose cells break and are never cut off."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def fact_table(facts: Mapping[str, str]) -> Table:
    """Return a table of names and what they are, without headings."""
    table = plain_table("", "")
    table.show_header = False
    for name, fact in facts.items():
        table.add_row(name, fact)
    return table


def print_json(result: Mapping[str, Any]) -> None:
    """Write ``result`` on stdout as one JSON object on one line."""
    click.echo(json.dumps(result, ensure_ascii=False))
