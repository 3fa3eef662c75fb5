"""A board at one moment, drawn for people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.board_state import AreaState, BoardState
from simulator.cli.output import fact_table, plain_table
from simulator.units import format_duration, format_size

_BAR_CELLS: Final = 16
_USED: Final = "█"
_ERASED: Final = "░"
_LONGEST_VALUE: Final = 100
"""What an event says in more characters is cut short."""


def print_state(console: Console, state: BoardState) -> None:
    """Draw the flash with its app slots, and say the rest."""
    when = f"{format_duration(state.time_ns)}, after event {state.n}"
    console.print(Text.assemble((state.board, "bold"), f" at {when}: it {state.stage}"))
    console.print()
    console.print(_flash(state))
    console.print()
    console.print(fact_table(_facts(state)))
    for heading, lines in (
        ("otadata", state.otadata),
        ("Lua threads", _threads(state)),
        ("last flash operations", state.operations),
        ("last events", map(_event, state.events)),
    ):
        _print_lines(console, heading, lines)


def _print_lines(console: Console, heading: str, lines: Iterable[str]) -> None:
    console.print()
    console.print(Text(heading, "bold"))
    for line in list(lines) or ["none"]:
        console.print(f"  {line}", soft_wrap=True)


def _flash(state: BoardState) -> Table:
    table = plain_table("area", "kind", "offset", "size", "used", "", "")
    for area in state.areas:
        roles = ["runs"] * (area.name == state.running) + ["boots next"] * (area.name == state.next_boot.label)
        table.add_row(
            area.name,
            area.kind,
            f"0x{area.offset:x}",
            format_size(area.size_bytes),
            _bar(area),
            ", ".join(roles),
            area.content,
            style="bold" if roles else None,
        )
    return table


def _bar(area: AreaState) -> str:
    used = round(area.used_share * _BAR_CELLS)
    if area.used_share:
        used = max(1, used)
    return _USED * used + _ERASED * (_BAR_CELLS - used)


def _facts(state: BoardState) -> dict[str, str]:
    starts = state.next_boot.label or "nothing"
    if state.next_boot.commit:
        starts += f" (commit {state.next_boot.commit[:8]})"
    facts = {"boots": f"{state.boot_count}" + (f", the last after {state.reset}" if state.reset else "")}
    if state.running:
        facts["app"] = f"{state.running}" + (f" (commit {state.commit[:8]})" if state.commit else "")
    facts["a reset starts"] = f"{starts}: {state.next_boot.why}"
    network = state.network
    if network is not None:
        joined = "" if network.rssi_dbm is None else f", joined with {network.rssi_dbm} dBm"
        target = f" to {network.ssid}" if network.ssid else ""
        facts["WiFi"] = f"mode {network.wifi_mode}, station {network.station}{target}{joined}"
        facts["addresses"] = ", ".join(f"{name} {address}" for name, address in network.addresses.items()) or "none"
    return facts


def _threads(state: BoardState) -> list[str]:
    return [
        f"{thread.name} {thread.doing}" + (f", at {' < '.join(thread.stack)}" if thread.stack else "")
        for thread in state.threads
    ]


def _event(event: dict[str, Any]) -> str:
    fields = {name: value for name, value in event.items() if name not in ("n", "t", "board", "kind")}
    said = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())
    if len(said) > _LONGEST_VALUE:
        said = said[: _LONGEST_VALUE - 3] + "..."
    return f"#{event['n']} {format_duration(event['t'])} {event['kind']} {said}".rstrip()
