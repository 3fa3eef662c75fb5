"""The parts that are soldered on a board."""

from __future__ import annotations

from typing import Any

from simulator.boards import Board


def soldered_parts(board: Board) -> list[dict[str, Any]]:
    """Return the descriptions of what is on the bench as soon as the board is."""
    display, pins = board.display, board.pins
    if display is None or display.panel is None:
        return []
    port = (pins.i2c0, pins.i2c1)[display.i2c]
    return [{"type": display.panel, "name": "display", "scl": port.scl, "sda": port.sda}]
