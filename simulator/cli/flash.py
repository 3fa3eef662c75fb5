"""``luatwin flash``: look into a flash file; `flash_parts` takes parts out and puts parts in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.padding import Padding
from rich.text import Text

from simulator.cli.flash_map import map_json, print_map
from simulator.cli.flash_parts import extract, merge
from simulator.cli.options import Group, json_option, verbose_option
from simulator.cli.output import plain_table, print_json, rich_console
from simulator.dump import boot_config_in, storage_in
from simulator.flash import SECTOR_BYTES
from simulator.flash_file import read_flash_file, read_wear
from simulator.flash_parts import Area, StoredFiles, is_nvs, read_files, read_values
from simulator.formats import OtaData
from simulator.inspection import AppSlot, FlashReport, explain_otadata, explain_rollback, inspect_flash
from simulator.nvs import NvsEntry
from simulator.units import format_size

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
    """Tell what is in the flash in FILE: partitions, firmwares, otadata in words, what boots, files, keys of NVS."""
    contents = read_flash_file(file)
    bootloader = boot_config_in(contents)
    report = inspect_flash(contents, bootloader)
    rollback = explain_rollback(contents, bootloader)
    storage = storage_in(contents)
    stored = read_files(contents, storage) if storage else None
    values = {
        partition.label: read_values(contents, partition)
        for partition in report.table
        if is_nvs(partition) and partition.end <= len(contents)
    }
    if as_json:
        print_json({**_report_json(report), **_contents_json(stored, values), "with_rollback": rollback})
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
            words = _slot_words(slots[partition]) if partition in slots else _used_words(report, area)
            table.add_row(area.name, area.kind, f"0x{area.offset:x}", format_size(area.size_bytes), words)
        console.print(table)
    sections: list[tuple[str, list[str]]] = [
        ("otadata", explain_otadata(report)),
        ("next reset", _verdict(report)),
        ("with rollback" if bootloader.rollback else "if the bootloader were built with rollback", rollback),
    ]
    if storage is not None:
        sections.append((f"files in {storage.label}", _file_lines(stored)))
    sections += [(f"values in {label}", _value_lines(*found)) for label, found in values.items()]
    for heading, lines in sections:
        console.print(Text(f"\n{heading}", "bold"))
        console.print(Padding("\n".join(lines), (0, 0, 0, 2), expand=False))


@flash.command("map")
@_file_argument
@json_option
@verbose_option
def draw_map(file: Path, as_json: bool) -> None:
    """Draw the flash in FILE to scale: what is used, erased and worn, what it belongs to, what runs, what is next.

    On a terminal in colours, else in letters.
    """
    contents = read_flash_file(file)
    report = inspect_flash(contents, boot_config_in(contents))
    erase_counts = read_wear(file, sector_count=len(report.used))
    if as_json:
        print_json(map_json(report, erase_counts))
    else:
        print_map(rich_console(), file, report, erase_counts)


flash.add_command(extract)
flash.add_command(merge)


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


def _file_lines(stored: StoredFiles | None) -> list[str]:
    if stored is None:
        return ["There is no file system."]
    sizes = f"blocks of {format_size(stored.layout.block_size)}, pages of {format_size(stored.layout.page_size)}"
    lines = [f"{stored.layout.kind}, {sizes}"]
    lines += [f"{'':>8}  {path}/" if data is None else f"{len(data):8}  {path}" for path, data in stored.files.items()]
    return lines + [f"The rest cannot be read: {stored.damage}."] * bool(stored.damage)


def _value_lines(values: list[NvsEntry], fault: str) -> list[str]:
    """Name the keys; the values may be passwords, and `extract` has them."""
    if fault:
        return [f"It cannot be loaded: {fault}."]
    names = dict.fromkeys(value.namespace for value in values)
    return [
        f"{name}: " + ", ".join(f"{value.key} ({value.type})" for value in values if value.namespace == name)
        for name in names
    ] or ["There are none."]


def _contents_json(stored: StoredFiles | None, values: dict[str, tuple[list[NvsEntry], str]]) -> dict[str, Any]:
    return {
        "storage": stored
        and {
            "filesystem": stored.layout.kind,
            "block_size": stored.layout.block_size,
            "page_size": stored.layout.page_size,
            "files": [
                {"path": path, "size": None if data is None else len(data)} for path, data in stored.files.items()
            ],
            "damage": stored.damage or None,
        },
        "nvs": [
            {
                "label": label,
                "keys": [{"namespace": entry.namespace, "key": entry.key, "type": entry.type} for entry in entries],
                "fault": fault or None,
            }
            for label, (entries, fault) in values.items()
        ],
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
