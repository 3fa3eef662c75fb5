"""``luatwin check-server``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
import trio
from rich.console import Console
from rich.text import Text

from simulator.boards import load_board
from simulator.boards.sdkconfig import with_sdkconfig
from simulator.check_server import Verdict
from simulator.check_server import check_server as check
from simulator.cli.options import board_options, json_option, verbose_option
from simulator.cli.output import plain_table, print_json, rich_console
from simulator.network.redirect import ServerAddress

_STYLES: Final = {Verdict.OK: "green", Verdict.FAILS: "bold red", Verdict.NOTE: "yellow", Verdict.OPEN: "dim"}


@click.command()
@click.argument("url")
@board_options
@click.option("--firmware", "firmware_id", metavar="ID", help="Ask for this firmware instead of the board's own.")
@json_option
@verbose_option
def check_server(url: str, board: str, sdkconfig: Path | None, firmware_id: str | None, as_json: bool) -> int:
    """Does the OTA server at URL work for a real Lua RTOS board?

    Asks it what a board would, with the limits of the board's own TLS and HTTP client, and gives a verdict for each
    thing seen, with the reason and the mend. Exits with 1 if a board would fail.
    """
    kind = load_board(board)
    if sdkconfig is not None:
        kind = with_sdkconfig(kind, sdkconfig)
    server = ServerAddress.parse(url, option="")
    progress = Console(stderr=True)
    with progress.status("connecting") as status:
        findings = trio.run(lambda: check(server, kind, firmware_id=firmware_id, progress=status.update))
    fails = any(finding.verdict is Verdict.FAILS for finding in findings)
    if as_json:
        print_json({"ok": not fails, "findings": [asdict(finding) for finding in findings]})
        return int(fails)
    table = plain_table("what", "verdict", "found", "why it matters", "mend")
    for row in findings:
        table.add_row(row.what, Text(row.verdict, _STYLES[row.verdict]), row.found, row.why, row.mend)
    rich_console().print(table)
    click.echo(f"\na board {'would not be updated by' if fails else 'can be updated by'} {url}")
    return int(fails)
