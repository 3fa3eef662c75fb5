"""``luatwin boards``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from simulator.boards import Board, all_boards, load_board
from simulator.boards.catalogue import FlashArea, board_details, catalogue_rows, equipment, flash_areas
from simulator.boards.sdkconfig import with_sdkconfig
from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import plain_table, print_json, rich_console
from simulator.units import format_size

_INDENT: Final = "   "
_MAP_WIDTH: Final = 48


@click.command()
@click.argument("name", metavar="[ID|FILE]", required=False)
@click.option(
    "--sdkconfig",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The board as this sdkconfig of Lua RTOS builds it.",
)
@click.option("--csv", "as_csv", is_flag=True, help="The board's partition table as Lua RTOS's partitions.csv.")
@click.option("--schema", "as_schema", is_flag=True, help="The JSON Schema of board files, for an editor.")
@json_option
@verbose_option
def boards(name: str | None, sdkconfig: Path | None, as_csv: bool, as_schema: bool, as_json: bool) -> None:
    """List the boards, or show one with its flash layout.

    A board has two ids: that of its firmware, and what it calls itself. Both work wherever a board is asked for.
    """
    if as_schema:
        from simulator.boards.validate import json_schema  # with pydantic, which nothing else here needs

        print_json(json_schema())
    elif name is not None:
        board = load_board(name)
        if sdkconfig:
            board = with_sdkconfig(board, sdkconfig)
        if as_csv:
            click.echo(board.partition_csv(), nl=False)
        elif as_json:
            print_json({"board": board_details(board)})
        else:
            _show(board)
    elif sdkconfig or as_csv:
        raise click.UsageError("--sdkconfig and --csv are about one board: name it")
    elif as_json:
        print_json({"boards": catalogue_rows(all_boards())})
    else:
        _list(all_boards())


def _list(every: tuple[Board, ...]) -> None:
    table = plain_table("firmware id", "calls itself", "flash", "OTA", "files", "logs", "on board")
    for manufacturer, group in groupby(every, key=lambda board: board.manufacturer):
        table.add_row(Text(manufacturer, "bold cyan"))
        for board in group:
            table.add_row(
                _INDENT + board.id,
                Text(_own_name(board), "dim" if board.documented_id == board.id else ""),
                format_size(board.flash_size_bytes),
                Text("OTA" if board.ota else "", "green"),
                board.filesystem,
                board.log_level,
                ", ".join(equipment(board)),
            )
    misnamed = [board.id for board in every if board.id.endswith("-OTA") and not board.ota]
    console = rich_console()
    console.print(table)
    console.print(f"\nNamed OTA but, as upstream has it, built without: {', '.join(misnamed)}.")


def _show(board: Board) -> None:
    console = rich_console()
    console.print(Text.assemble((board.id, "bold"), f"  {board.description}, by {board.manufacturer}\n"))
    console.print(_facts(board))
    console.print(_flash_map(board))


def _facts(board: Board) -> Table:
    chip, console = board.chip, board.console
    answers = ", ".join(f'"{answer}"' for answer in (board.type, board.subtype, board.brand))
    updates = f"as {board.ota_firmware_id}, from {board.ota_server}" if board.ota else "never: built without OTA"
    rollback = "takes back an update that is not confirmed" if board.rollback else "takes no update back"
    facts = {
        "calls itself": f"{_own_name(board)} (os.board() returns {answers})",
        "firmware": board.firmware,
        "asks for updates": updates,
        "chip": f"{chip.model} rev {chip.revision}, {chip.cores} cores at {chip.cpu_mhz} MHz",
        "features": ", ".join(chip.features),
        "flash": f"{format_size(board.flash_size_bytes)}, {board.flash_mode.upper()} at {board.flash_freq[:-1]} MHz",
        "bootloader": f"{board.bootloader}, logs {board.bootloader_log_level}, {rollback}",
        "root files": board.filesystem,
        "other files": ", ".join(board.other_filesystems),
        "logs": board.log_level,
        "console": f"UART{console.uart} at {console.baud} baud",
        "on board": ", ".join(equipment(board)),
    }
    table = plain_table("", "")
    table.show_header = False
    for name, fact in facts.items():
        table.add_row(name, fact or "-")
    table.add_row()
    return table


def _flash_map(board: Board) -> Table:
    table = plain_table("in flash", "kind", "offset", "size", "")
    for column in table.columns[2:4]:
        column.justify = "right"
    for area in flash_areas(board):
        bar = _bar(area, board.flash_size_bytes)
        table.add_row(area.name, area.kind, f"{area.offset:#x}", format_size(area.size_bytes), bar)
    return table


def _bar(area: FlashArea, flash_size_bytes: int) -> Text:
    """Draw where ``area`` lies, with at least one character."""
    start = area.offset * _MAP_WIDTH // flash_size_bytes
    end = max(start + 1, (area.offset + area.size_bytes) * _MAP_WIDTH // flash_size_bytes)
    style = "green" if area.kind.startswith("app/") else "blue"
    return Text.assemble(("·" * start, "dim"), ("█" * (end - start), style), ("·" * (_MAP_WIDTH - end), "dim"))


def _own_name(board: Board) -> str:
    return board.documented_id or "(nothing)"
