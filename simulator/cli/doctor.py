"""``luatwin doctor``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import click
from rich.text import Text

from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import plain_table, print_json, rich_console
from simulator.doctor import Status, examine, is_healthy

_STYLES: Final = {Status.OK: "green", Status.DIFFERS: "yellow", Status.ABSENT: "dim", Status.BROKEN: "bold red"}


@click.command()
@json_option
@verbose_option
def doctor(as_json: bool) -> int:
    """Tell what of this installation works, and how to mend what does not.

    Exits with 0 if everything works that a run needs, with 1 otherwise.
    """
    findings = examine()
    healthy = is_healthy(findings)
    if as_json:
        print_json({"ok": healthy, "findings": [asdict(finding) for finding in findings]})
        return int(not healthy)
    table = plain_table("part", "status", "found")
    for finding in findings:
        table.add_row(finding.part, Text(finding.status, _STYLES[finding.status]), finding.found)
    console = rich_console()
    console.print(table)
    mends: dict[str, list[str]] = {}
    for finding in findings:
        if finding.mend:
            mends.setdefault(finding.mend, []).append(finding.part)
    for mend, parts in mends.items():
        console.print()
        console.print(Text.assemble((", ".join(parts), "bold"), f": {mend}"), soft_wrap=True)
    return int(not healthy)
