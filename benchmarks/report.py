"""The table: its rows, the machine it was made on, and its place in the README."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

README: Final = Path(__file__).resolve().parent.parent / "README.md"
BEGIN: Final = "<!-- benchmarks: begin (make bench writes what is in between) -->"
END: Final = "<!-- benchmarks: end -->"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a value should be."""

    bound: Literal["at most", "at least"]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One result. ``value`` is in ``unit``; ``detail`` is for people, such as the times behind a ratio."""

    what: str
    value: float
    unit: str
    aim: Aim | None = None
    detail: str = ""


def at_most(value: float) -> Aim:
    return Aim("at most", value)


def at_least(value: float) -> Aim:
    return Aim("at least", value)


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table of Markdown."""
    lines = ["| what | measured | aim | in detail |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        aim = f"{row.aim.bound} {_number(row.aim.value)} {row.unit}" if row.aim else ""
        lines.append(f"| {row.what} | {_number(row.value)} {row.unit} | {aim} | {row.detail} |")
    return "\n".join(lines)


def write_table(readme: Path, text: str) -> None:
    """Put ``text`` between the markers in ``readme``."""
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has lost its markers {BEGIN} and {END}")
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def machine() -> str:
    """Return what the numbers depend on: processor, cores, Python, day."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}, {datetime.now(UTC):%d %B %Y}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.is_file() else None
    return found[1] if found else platform.processor() or platform.machine()


def _number(value: float) -> str:
    """Return ``value`` with three significant digits, or all of an integer part that has more."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
