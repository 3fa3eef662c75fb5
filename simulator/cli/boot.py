"""``luatwin boot``: the whole of a command, from arguments to exit code."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from simulator.boot import boot as boot_flash
from simulator.boot.revision import REVISIONS, RevisionName
from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import print_json
from simulator.firmware import find_manifest
from simulator.flash_file import read_flash_file

_BRICKED_EXIT_CODE = 3


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--bootloader", type=click.Choice(list(REVISIONS)), default="v4.0", show_default=True)
@click.option("--rollback", is_flag=True, help="The bootloader undoes an update that is not confirmed.")
@json_option
@verbose_option
def boot(file: Path, bootloader: str, rollback: bool, as_json: bool) -> int:
    """Tell what ROM and bootloader would do with the flash in FILE at the next reset.

    Prints the bootloader's log and what starts. FILE is not changed; if the bootloader would write otadata, that is
    said. Exits with 0 if an app starts, with 3 if nothing boots.
    """
    flash = read_flash_file(file)
    result = boot_flash(flash, cast("RevisionName", bootloader), rollback=rollback)
    manifest = None if result.offset is None else find_manifest(flash[result.offset :])
    writes_otadata = result.flash != flash
    if as_json:
        print_json(
            {
                "label": result.label,
                "offset": result.offset,
                "commit": manifest.commit if manifest else None,
                "bootloader": bootloader,
                "writes_otadata": writes_otadata,
                "log": result.log,
            }
        )
    else:
        for line in result.log:
            click.echo(line)
        if result.offset is None:
            click.echo("\nnothing boots")
        else:
            which = f", commit {manifest.commit}" if manifest else ""
            click.echo(f"\nstarts {result.label} at 0x{result.offset:x}{which}")
        if writes_otadata:
            click.echo("the bootloader writes otadata")
    return 0 if result.label is not None else _BRICKED_EXIT_CODE
