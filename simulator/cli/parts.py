"""``luatwin parts``."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import plain_table, print_json, rich_console
from simulator.errors import UsageError


@click.command()
@click.argument("name", metavar="[TYPE]", required=False)
@click.option("--schema", "as_schema", is_flag=True, help="The JSON Schema of hardware descriptions, for an editor.")
@json_option
@verbose_option
def parts(name: str | None, as_schema: bool, as_json: bool) -> None:
    """List the parts that can be put around a board, or show what one has.

    They are described in a YAML file (--hardware of run, repl and serial) or one by one (--part).
    """
    from simulator.descriptions.part_models import json_schema
    from simulator.descriptions.part_texts import PartTexts, part_texts

    if as_schema:
        print_json(json_schema())
        return
    every = {texts.type: texts for texts in part_texts()}
    if name is None:
        if as_json:
            print_json({"parts": [texts.to_json() for texts in every.values()]})
        else:
            _list(list(every.values()))
        return
    found: PartTexts | None = every.get(name)
    if found is None:
        from simulator.boards.ids import did_you_mean

        raise UsageError(f"there is no part {name!r}{did_you_mean(name, every) or '; luatwin parts lists them all'}")
    if as_json:
        print_json({"part": found.to_json()})
    else:
        _show(found)


def _list(every: list[Any]) -> None:
    table = plain_table("type", "what it is", "controls")
    for texts in every:
        table.add_row(texts.type, _plain(texts.summary), ", ".join(control.name for control in texts.controls))
    rich_console().print(table)


def _show(texts: Any) -> None:
    console = rich_console()
    console.print(Text.assemble((texts.type, "bold"), f"  {_plain(texts.description)}\n"))
    table = plain_table("key", "", "default")
    for item in texts.fields:
        table.add_row(item.name, item.meaning, item.default or Text("needed", "bold"))
    for item in texts.controls:
        table.add_row(Text(item.name, "cyan"), item.meaning, item.default)
    console.print(table)


def _plain(text: str) -> str:
    """Return documentation as a terminal shows it."""
    return text.replace("``", "")
