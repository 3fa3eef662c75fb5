"""``luatwin flash``: look into a flash file, take partitions out and put parts in."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, Final

import click
from rich.padding import Padding
from rich.text import Text

from simulator.cli.options import Group, json_option, verbose_option
from simulator.cli.output import plain_table, print_json, rich_console
from simulator.errors import UsageError
from simulator.flash import SECTOR_BYTES, FlashChip
from simulator.flash_file import CHIP_SIZES, read_flash_file, write_flash_file
from simulator.formats import AppImage, OtaData, Partition, PartitionTable
from simulator.formats.partition_table import TABLE_OFFSET
from simulator.inspection import AppSlot, Area, FlashReport, explain_otadata, inspect_flash
from simulator.units import format_size, parse_size

_CELLS_PER_ROW: Final = 64
_LARGEST_MAP_CELLS: Final = 1024
_COLOURS: Final = ("cyan", "magenta", "yellow", "green", "blue", "red")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group(cls=Group)
@verbose_option
def flash() -> None:
    """Look into a flash file, take partitions out and put parts in.

    A flash file is the raw contents of the board's flash chip, as esptool's read-flash writes it.
    """


@flash.command()
@_file_argument
@json_option
@verbose_option
def info(file: Path, as_json: bool) -> None:
    """Tell what is in the flash in FILE: partitions, firmwares, otadata in words, and what boots."""
    report = inspect_flash(read_flash_file(file))
    if as_json:
        print_json(_report_json(report))
        return
    console = rich_console()
    console.print(
        Text.assemble((str(file), "bold"), f": {format_size(report.size_bytes)}, {_share_used(report)} used\n")
    )
    if report.table_fault:
        console.print(f"The partition table is broken: {report.table_fault}.")
    else:
        slots = {slot.partition: slot for slot in report.slots}
        table = plain_table("partition", "kind", "offset", "size", "contents")
        for partition in report.table:
            area = Area.of(partition)
            contents = _slot_words(slots[partition]) if partition in slots else _used_words(report, area)
            table.add_row(area.name, area.kind, f"0x{area.offset:x}", format_size(area.size_bytes), contents)
        console.print(table)
    for heading, lines in (("otadata", explain_otadata(report)), ("next reset", _verdict(report))):
        console.print(Text(f"\n{heading}", "bold"))
        console.print(Padding("\n".join(lines), (0, 0, 0, 2), expand=False))


@flash.command("map")
@_file_argument
@json_option
@verbose_option
def draw_map(file: Path, as_json: bool) -> None:
    """Draw the flash in FILE to scale: which sectors are used, what they belong to, what runs and what is next."""
    report = inspect_flash(read_flash_file(file))
    if as_json:
        print_json(_map_json(report))
        return
    cell_sectors = max(1, len(report.used) // _LARGEST_MAP_CELLS)
    console = rich_console()
    console.print(
        f"{file}: {format_size(report.size_bytes)}, {_share_used(report)} used. A letter is "
        f"{format_size(cell_sectors * SECTOR_BYTES)}, a capital one where something is programmed.\n"
    )
    cells = _cells(report, cell_sectors)
    for start in range(0, len(cells), _CELLS_PER_ROW):
        address = start * cell_sectors * SECTOR_BYTES
        console.print(Text.assemble((f"0x{address:06x}  ", "dim"), *cells[start : start + _CELLS_PER_ROW]))
    console.print()
    table = plain_table("", "area", "kind", "offset", "size", "used", "")
    for letter, style, area in _lettered(report.areas):
        table.add_row(
            Text(letter, style),
            area.name,
            area.kind,
            f"0x{area.offset:x}",
            format_size(area.size_bytes),
            format_size(report.used_sectors(area) * SECTOR_BYTES),
            _role(report, area),
        )
    console.print(table)


@flash.command()
@_file_argument
@click.argument("label")
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--image", "only_image", is_flag=True, help="Only the firmware image in it, without what lies behind.")
@verbose_option
def extract(file: Path, label: str, output: Path, only_image: bool) -> None:
    """Write the partition LABEL of the flash in FILE to OUTPUT."""
    contents = read_flash_file(file)
    partition = _partition(contents, label)
    data = contents[partition.offset : partition.end]
    if only_image:
        data = data[: AppImage.from_bytes(data).length]
    output.write_bytes(data)
    click.echo(f"{output}: {len(data)} bytes from 0x{partition.offset:x}")


@flash.command()
@_file_argument
@click.argument("parts", nargs=-1, required=True, metavar="PLACE=INPUT...")
@click.option("--size", default="4MiB", show_default=True, help="Of FILE, if it is not there yet.")
@verbose_option
def merge(file: Path, parts: tuple[str, ...], size: str) -> None:
    """Put files into the flash in FILE, which is made if it is not there.

    PLACE is the label of a partition, which is erased first, or an address, from which on as many sectors are erased as
    INPUT needs. The parts go in one after the other, so that a partition table can come before what it names; FILE
    changes only if all of them fit.
    """
    if file.exists():
        chip = FlashChip(file.stat().st_size, read_flash_file(file))
    else:
        size_bytes = parse_size(size)
        if size_bytes not in CHIP_SIZES:
            raise UsageError(f"--size {size}: there are chips of {', '.join(map(format_size, CHIP_SIZES))}")
        chip = FlashChip(size_bytes)
    said = [_merge_part(chip, part) for part in parts]
    write_flash_file(file, chip.to_bytes())
    for line in said:
        click.echo(line)


def _merge_part(chip: FlashChip, part: str) -> str:
    """Put one ``PLACE=INPUT`` into ``chip`` and return the line that says so."""
    place, equals, name = part.partition("=")
    if not place or not equals or not name:
        raise UsageError(f"{part!r}: write PLACE=INPUT, such as ota_0=firmware.bin or 0x8000=table.bin")
    data = Path(name).read_bytes()
    if place[0].isdigit():
        offset = parse_size(place)
        length = -(-len(data) // SECTOR_BYTES) * SECTOR_BYTES
        if offset % SECTOR_BYTES:
            raise UsageError(f"{part}: 0x{offset:x} is not the address of a sector of {format_size(SECTOR_BYTES)}")
        room, where = max(0, chip.size_bytes - offset), "the flash from there on"
    else:
        partition = _partition(chip.to_bytes(), place)
        offset, length = partition.offset, partition.size
        room, where = partition.size, f"the partition {place}"
    if len(data) > room:
        raise UsageError(f"{part}: {len(data)} bytes do not fit; {where} has {room} bytes")
    chip.erase(offset, length)
    chip.program(offset, data)
    return f"{name}: {len(data)} bytes at 0x{offset:x}"


def _partition(contents: bytes, label: str) -> Partition:
    """Return the partition of that label. Raises `UsageError` that names those there are."""
    table = PartitionTable.from_bytes(contents[TABLE_OFFSET:], chip_size_bytes=len(contents))
    partition = table.find(label)
    if partition is None:
        labels = [entry.label for entry in table]
        near = difflib.get_close_matches(label, labels, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(labels) or 'none'}"
        raise UsageError(f"no partition {label!r}; {advice}")
    return partition


def _share_used(report: FlashReport) -> str:
    return f"{sum(report.used) / len(report.used):.0%}"


def _used_words(report: FlashReport, area: Area) -> str:
    used = report.used_sectors(area)
    return f"{format_size(used * SECTOR_BYTES)} used" if used else "erased"


def _slot_words(slot: AppSlot) -> str:
    """Say in a few words what is in an app slot."""
    if slot.image is None:
        return slot.fault if slot.fault == "erased" else f"no sound image: {slot.fault}"
    if slot.manifest:
        return f"{slot.manifest.documented_id or slot.manifest.firmware}, commit {slot.manifest.commit}"
    descriptor = slot.image.app_descriptor
    return f"{descriptor.project_name} {descriptor.version}" if descriptor else "an image without app descriptor"


def _verdict(report: FlashReport) -> list[str]:
    """Say what happens at the next reset."""
    lines: list[str] = []
    if report.selected is not None and report.selected is not report.running:
        lines.append(f"otadata selects {report.selected.partition.label}: {_slot_words(report.selected)}.")
    if report.boot.label is None:
        return [*lines, "Nothing boots: the board is bricked (luatwin boot shows how far it gets)."]
    lines.append(f"The bootloader starts {report.boot.label} at 0x{report.boot.offset:x}.")
    if report.next_update:
        lines.append(f"An update would go to {report.next_update.label}.")
    else:
        lines.append("There is no app slot for an update.")
    return lines


def _role(report: FlashReport, area: Area) -> str:
    running = report.running is not None and Area.of(report.running.partition) == area
    following = report.next_update is not None and Area.of(report.next_update) == area
    return ", ".join(["runs"] * running + ["next update"] * following)


def _lettered(areas: list[Area]) -> list[tuple[str, str, Area]]:
    """Give each area a letter and a colour; they start again where they run out."""
    return [
        (_LETTERS[index % len(_LETTERS)], _COLOURS[index % len(_COLOURS)], area) for index, area in enumerate(areas)
    ]


def _cells(report: FlashReport, cell_sectors: int) -> list[tuple[str, str]]:
    """Return one letter with its style for every ``cell_sectors`` sectors of the chip."""
    owner: dict[int, tuple[str, str]] = {}
    for letter, style, area in _lettered(report.areas):
        owner.update(dict.fromkeys(area.sectors, (letter, style)))
    cells: list[tuple[str, str]] = []
    for first in range(0, len(report.used), cell_sectors):
        used = any(report.used[first : first + cell_sectors])
        letter, style = owner.get(first, ("#" if used else ".", "dim"))
        cells.append((letter, f"bold reverse {style}") if used else (letter.lower(), style))
    return cells


def _map_json(report: FlashReport) -> dict[str, Any]:
    return {
        "size_bytes": report.size_bytes,
        "sector_bytes": SECTOR_BYTES,
        "areas": [
            {
                "name": area.name,
                "kind": area.kind or None,
                "offset": area.offset,
                "size_bytes": area.size_bytes,
                "used_sectors": report.used_sectors(area),
            }
            for area in report.areas
        ],
        "used": "".join("1" if used else "0" for used in report.used),
        "boots": report.boot.label,
        "next_update": report.next_update.label if report.next_update else None,
    }


def _report_json(report: FlashReport) -> dict[str, Any]:
    slots = {slot.partition: slot for slot in report.slots}
    return {
        "size_bytes": report.size_bytes,
        "used_sectors": sum(report.used),
        "table_fault": report.table_fault or None,
        "partitions": [
            {
                "label": partition.label,
                "type": partition.type_name,
                "subtype": partition.subtype_name,
                "offset": partition.offset,
                "size_bytes": partition.size,
                "encrypted": partition.encrypted,
                "used_sectors": report.used_sectors(Area.of(partition)),
                "app": _app_json(slots[partition]) if partition in slots else None,
            }
            for partition in report.table
        ],
        "otadata": _otadata_json(report.otadata) if report.otadata else None,
        "boots": {"label": report.boot.label, "offset": report.boot.offset} if report.boot.label else None,
        "next_update": report.next_update.label if report.next_update else None,
    }


def _app_json(slot: AppSlot) -> dict[str, Any]:
    descriptor = slot.image.app_descriptor if slot.image else None
    return {
        "sound": slot.image is not None,
        "fault": slot.fault or None,
        "length": slot.image.length if slot.image else None,
        "project_name": descriptor.project_name if descriptor else None,
        "version": descriptor.version if descriptor else None,
        "firmware": slot.manifest.documented_id if slot.manifest else None,
        "commit": slot.manifest.commit if slot.manifest else None,
    }


def _otadata_json(otadata: OtaData) -> dict[str, Any]:
    return {
        "entries": [
            {
                "ota_seq": entry.ota_seq,
                "state": entry.state_name,
                "crc_good": entry.is_crc_good,
                "valid": entry.is_valid,
            }
            for entry in otadata.entries
        ],
        "active": otadata.active(),
    }
