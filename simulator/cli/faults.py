"""``luatwin faults``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.progress import track

from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import plain_table, print_json, rich_console
from simulator.errors import UsageError
from simulator.faults import FAULTS, parse_fault
from simulator.faults.fault import describe
from simulator.flash_file import write_whole

if TYPE_CHECKING:
    from simulator.trial import Row

BEGIN: Final = "<!-- faults: begin (luatwin faults --try --into FILE writes what is in between) -->"
END: Final = "<!-- faults: end -->"


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME[@WHEN][+TIME]]...")
@click.option("--try", "tries", is_flag=True, help="Run the demo with each and both profiles, and tell how it ends.")
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --try: write the table into a Markdown file, between its two marks.",
)
@json_option
@verbose_option
def faults(names: tuple[str, ...], tries: bool, into: Path | None, as_json: bool) -> None:
    """What can go wrong, by name, for --fault of run, repl and serve.

    WHEN is a simulated time (3s), a share of the download (50%), a byte of it (byte:64K) or a flash operation
    (flash-op:1742, for those of power also flash-op:1742:torn:0.5); TIME is how long a fault lasts that does not
    strike only once.
    """
    for name in names:
        parse_fault(name)
    if tries:
        _try(names, into, as_json=as_json)
    elif into is not None:
        raise UsageError("--into is for --try")
    else:
        _list(names, as_json=as_json)


def _list(names: tuple[str, ...], *, as_json: bool) -> None:
    kinds = [parse_fault(name).kind for name in names] or list(FAULTS.values())
    if as_json:
        rows = [
            {
                "name": kind.name,
                "layer": kind.layer.value,
                "lasts": kind.lasts,
                "when": describe(kind),
                "summary": kind.summary,
            }
            for kind in kinds
        ]
        print_json({"faults": rows})
        return
    table = plain_table("fault", "where", "what happens", "by default")
    for kind in kinds:
        table.add_row(kind.name, kind.layer.value, kind.summary, describe(kind) + ("" if kind.lasts else ", once"))
    rich_console().print(table)


def _try(names: tuple[str, ...], into: Path | None, *, as_json: bool) -> None:
    from simulator.trial import TRIED, try_faults

    wanted = names or TRIED
    progress = Console(stderr=True)
    rows = list(
        track(
            try_faults(wanted),
            "trying",
            total=len(wanted),
            console=progress,
            transient=True,
            disable=not progress.is_terminal,
        )
    )
    if into is not None:
        write_whole(into, _with_table(into, markdown(rows)).encode())
    elif as_json:
        print_json({"faults": {row.fault: row.words for row in rows}})
    else:
        table = plain_table("fault", "stock", "hardened")
        for row in rows:
            table.add_row(row.fault, row.words["stock"], row.words["hardened"])
        rich_console().print(table)


def markdown(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines = ["| fault | what happens | stock | hardened |", "| --- | --- | --- | --- |"]
    for row in rows:
        summary = parse_fault(row.fault).kind.summary
        cells = (f"`{row.fault}`", summary, row.words["stock"], row.words["hardened"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _with_table(path: Path, table: str) -> str:
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise UsageError(f"{path}: there are no marks to write between; they are\n  {BEGIN}\n  {END}")
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}"
