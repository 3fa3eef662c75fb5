"""``luatwin boot``: the whole of a command, from arguments to exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from simulator.boot import boot as boot_flash
from simulator.boot.revision import REVISIONS
from simulator.cli.options import json_option, verbose_option
from simulator.cli.output import print_json
from simulator.dump import boot_config_in
from simulator.efuse_file import efuses_beside, read_efuse_file
from simulator.efuses import Efuses, Fuse
from simulator.firmware import find_manifest
from simulator.flash_file import read_flash_file
from simulator.formats import PartitionTable
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET

_BRICKED_EXIT_CODE = 3


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--bootloader", type=click.Choice(list(REVISIONS)), help="Another release than the flash has.  [default: its own]"
)
@click.option("--rollback", is_flag=True, help="The bootloader undoes an update that is not confirmed.")
@click.option(
    "--efuse",
    "efuse_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The eFuses of the chip.  [default: FILE.efuse, if there is one]",
)
@json_option
@verbose_option
def boot(file: Path, bootloader: str | None, rollback: bool, efuse_path: Path | None, as_json: bool) -> int:
    """Tell what ROM and bootloader would do with the flash in FILE at the next reset.

    Prints the bootloader's log, what starts, and why. No file is changed; if the bootloader would write otadata or burn
    eFuses, that is said. Exits with 0 if an app starts, with 3 if nothing boots.
    """
    flash = read_flash_file(file)
    efuses = (read_efuse_file(efuse_path) if efuse_path is not None else efuses_beside(file)) or Efuses()
    burned: list[Fuse] = []
    efuses.on_burn = burned.append
    config = boot_config_in(flash)
    if bootloader is not None:
        config = replace(config, revision=REVISIONS[bootloader])
    config = replace(config, rollback=config.rollback or rollback)
    result = boot_flash(flash, config, efuses=efuses)
    manifest = None if result.offset is None else find_manifest(flash[result.offset :])
    writes_otadata = _otadata(result.flash) != _otadata(flash)
    fields = list(dict.fromkeys(fuse.name for fuse in burned))
    if as_json:
        print_json(
            {
                "label": result.label,
                "offset": result.offset,
                "commit": manifest.commit if manifest else None,
                "bootloader": config.revision.name,
                "writes_otadata": writes_otadata,
                "burns": fields,
                "why": result.why,
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
        click.echo(f"why: {result.why}")
        if writes_otadata:
            click.echo("the bootloader writes otadata")
        if fields:
            click.echo(f"the bootloader burns eFuses: {', '.join(fields)}")
    return 0 if result.label is not None else _BRICKED_EXIT_CODE


def _otadata(flash: bytes) -> bytes:
    partition = PartitionTable.as_read_by_app(flash[TABLE_OFFSET:][:TABLE_BYTES]).otadata
    return b"" if partition is None else flash[partition.offset : partition.end]
