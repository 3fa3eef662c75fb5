"""``luatwin flash map``: the chip as a picture, one cell for every sector or a few.

On a terminal a cell is a coloured block, with the areas named beside the rows they begin in. In a pipe or a file it is
the letter of its area, a capital one where something is programmed, so that programs and people can count.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.cli.output import plain_table
from simulator.flash import SECTOR_BYTES
from simulator.flash.timing import ENDURANCE_ERASES
from simulator.flash_parts import Area
from simulator.inspection import FlashReport
from simulator.units import format_size

_CELLS_PER_ROW: Final = 64
_LARGEST_MAP_CELLS: Final = 1024
_COLOURS: Final = ("cyan", "magenta", "yellow", "green", "blue", "bright_cyan", "bright_magenta", "bright_green")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USED: Final = "█"
_ERASED: Final = "░"
_TIRED_SHARE: Final = 0.1
"""Of its life, from which on a sector is drawn as tired."""


def print_map(console: Console, file: Path, report: FlashReport, erase_counts: Sequence[int] | None) -> None:
    """Draw the chip. ``erase_counts`` is by sector, None if nobody knows."""
    cell_sectors = max(1, len(report.used) // _LARGEST_MAP_CELLS)
    cell = format_size(cell_sectors * SECTOR_BYTES)
    used = f"{sum(report.used) / len(report.used):.0%}"
    said = f": {format_size(report.size_bytes)}, {used} used. "
    console.print(Text.assemble((str(file), "bold"), said, *_legend(console, cell)))
    console.print()
    lettered = _lettered(report.areas)
    cells = _cells(console, report, lettered, cell_sectors, erase_counts)
    for start in range(0, len(cells), _CELLS_PER_ROW):
        address = start * cell_sectors * SECTOR_BYTES
        row = Text.assemble((f"0x{address:06x}  ", "dim"), *cells[start : start + _CELLS_PER_ROW])
        if console.is_terminal:
            row.append_text(_names(report, lettered, address, cell_sectors * SECTOR_BYTES * _CELLS_PER_ROW))
        console.print(row, no_wrap=True, overflow="ellipsis")
    console.print()
    console.print(_table(console, report, lettered, erase_counts))
    console.print(Text(f"\n{_wear_words(report, erase_counts)}"))


def map_json(report: FlashReport, erase_counts: Sequence[int] | None) -> dict[str, Any]:
    """Return the same for programs."""
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
        "erase_counts": None if erase_counts is None else list(erase_counts),
        "boots": report.boot.label,
        "next_update": report.next_update.label if report.next_update else None,
    }


def _legend(console: Console, cell: str) -> list[str | tuple[str, str]]:
    if not console.is_terminal:
        return [f"A letter is {cell}, a capital one where something is programmed."]
    return [f"A cell is {cell}: {_USED} used, {_ERASED} erased, ", ("underlined", "underline"), " worn."]


def _lettered(areas: list[Area]) -> list[tuple[str, str, Area]]:
    """Give each area a letter and a colour; they start again where they run out."""
    return [
        (_LETTERS[index % len(_LETTERS)], _COLOURS[index % len(_COLOURS)], area) for index, area in enumerate(areas)
    ]


def _cells(
    console: Console,
    report: FlashReport,
    lettered: list[tuple[str, str, Area]],
    cell_sectors: int,
    erase_counts: Sequence[int] | None,
) -> list[tuple[str, str]]:
    """Return one character with its style for every ``cell_sectors`` sectors of the chip."""
    owner: dict[int, tuple[str, str]] = {}
    for letter, colour, area in lettered:
        owner.update(dict.fromkeys(area.sectors, (letter, colour)))
    cells: list[tuple[str, str]] = []
    for first in range(0, len(report.used), cell_sectors):
        used = any(report.used[first : first + cell_sectors])
        letter, style = owner.get(first, ("#" if used else ".", "bright_black"))
        if console.is_terminal:
            wear = max(erase_counts[first : first + cell_sectors]) if erase_counts else 0
            cells.append((_USED if used else _ERASED, _worn_style(style, wear)))
        else:
            cells.append((letter if used else letter.lower(), style))
    return cells


def _worn_style(style: str, erases: int) -> str:
    if erases >= _TIRED_SHARE * ENDURANCE_ERASES:
        return "bold red underline"
    return f"{style} underline" if erases else style


def _names(report: FlashReport, lettered: list[tuple[str, str, Area]], address: int, row_bytes: int) -> Text:
    """Return the areas that begin in a row, in their colours, and what is to be said of them."""
    names = Text("  ")
    for _, colour, area in lettered:
        if address <= area.offset < address + row_bytes:
            role = _role(report, area)
            names.append(f" {area.name}", f"bold {colour}" if role else colour)
            names.append(f" ({role})" if role else "", "bold")
    return names


def _table(
    console: Console,
    report: FlashReport,
    lettered: list[tuple[str, str, Area]],
    erase_counts: Sequence[int] | None,
) -> Table:
    table = plain_table("", "area", "kind", "offset", "size", "used", *(["worn"] if erase_counts else []), "")
    for letter, colour, area in lettered:
        worn = [f"{max(erase_counts[area.sectors.start : area.sectors.stop], default=0)}x"] if erase_counts else []
        table.add_row(
            Text(_USED * 2 if console.is_terminal else letter, colour),
            area.name,
            area.kind,
            f"0x{area.offset:x}",
            format_size(area.size_bytes),
            format_size(report.used_sectors(area) * SECTOR_BYTES),
            *worn,
            _role(report, area),
        )
    return table


def _role(report: FlashReport, area: Area) -> str:
    running = report.running is not None and Area.of(report.running.partition) == area
    following = report.next_update is not None and Area.of(report.next_update) == area
    return ", ".join(["runs"] * running + ["next update"] * following)


def _wear_words(report: FlashReport, erase_counts: Sequence[int] | None) -> str:
    if erase_counts is None:
        return "How worn the chip is cannot be read from it; luatwin run --flash keeps count from now on."
    busiest = max(range(len(erase_counts)), key=erase_counts.__getitem__)
    erases = erase_counts[busiest]
    address = busiest * SECTOR_BYTES
    inside = next((area.name for area in report.areas if area.offset <= address < area.end), "no partition")
    return (
        f"The busiest sector, at 0x{address:x} in {inside}, was erased {erases} time{'s' * (erases != 1)}: "
        f"{erases / ENDURANCE_ERASES:.3%} of its life."
    )
