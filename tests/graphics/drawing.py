"""What a recording of drawing calls consists of: screens to draw on, and calls by name, for us and for Lua RTOS.

`data/drawn_by_lua_rtos.json` was made by the C code of Lua RTOS itself: see `record_lua_rtos.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from zlib import crc32

from simulator.graphics import shapes
from simulator.graphics.fonts import Font, built_in
from simulator.graphics.panel import Panel
from simulator.graphics.screen import BufferedScreen, DirectScreen, MonoScreen, Screen
from simulator.graphics.text import Writer

FILLED: Final[dict[str, Callable[..., None]]] = {
    "rect": shapes.rectangle,
    "round_rect": shapes.round_rectangle,
    "circle": shapes.circle,
    "polygon": shapes.polygon,
    "star": shapes.star,
    "triangle": shapes.triangle,
}
"""Shapes that have a version with a fill, which takes one more colour."""


class Paper:
    """A screen of one kind, something to write with, and what has arrived at the panel."""

    def __init__(self, kind: str, width: int, height: int, *, orientation: int = 1, lit: int = 1) -> None:
        self._panel = Panel()
        self._panel.start(1, width, height)
        self._pages = bytes(width * height // 8)
        self.writer = Writer()
        self.writer.reset()
        self.angle_offset = -90.0
        self.fonts: dict[str, Font] = {}
        self.screen: Screen
        if kind == "mono":
            self.screen = MonoScreen(width, height, self._take_pages, lit=lit, orientation=orientation)
        else:
            screen = DirectScreen if kind == "direct" else BufferedScreen
            self.screen = screen(width, height, self._panel.write)
        self._is_mono = kind == "mono"

    def _take_pages(self, pages: bytes) -> None:
        self._pages = pages

    @property
    def crc(self) -> int:
        """The checksum of what the panel shows: RGB565, high byte first, or pages."""
        return crc32(self._pages if self._is_mono else self._panel.picture().pixels)

    def call(self, name: str, *values: Any) -> Any:
        """Do what a call says; return what it returns."""
        base = name.removesuffix("_fill")
        if base in FILLED:
            *geometry, stroke = values[:-1] if name != base else values
            FILLED[base](self.screen, *geometry, stroke, values[-1] if name != base else None)
            return None
        return _CALLS[name](self, *values)


def _ellipse(paper: Paper, x: int, y: int, rx: int, ry: int, stroke: int, *rest: int) -> None:
    fill = rest[0] if len(rest) > 1 else None
    shapes.ellipse(paper.screen, x, y, rx, ry, stroke, fill, rest[-1])


def _arc(paper: Paper, *values: Any) -> None:
    shapes.arc(paper.screen, *values, offset=paper.angle_offset)


def _set(attribute: str, kind: type = bool) -> Callable[[Paper, int], None]:
    return lambda paper, value: setattr(paper.writer, attribute, kind(value))


def _font(paper: Paper, number: int) -> None:
    paper.writer.font = built_in(number)


def _font_file(paper: Paper, name: str) -> None:
    paper.writer.font = paper.fonts[name]


def _print(paper: Paper, x: int, y: int, text: str, foreground: int, background: int) -> list[int]:
    paper.writer.write(paper.screen, x, y, text.encode("latin-1"), foreground, background)
    return list(paper.writer.cursor)


def _position(paper: Paper, x: int, y: int, text: str) -> list[int] | None:
    found = paper.writer.position(paper.screen, x, y, text.encode("latin-1"))
    return None if found is None else list(found)


_CALLS: Final[dict[str, Callable[..., Any]]] = {
    "set_pixel": lambda paper, *values: paper.screen.pixel(*values),
    "hline": lambda paper, *values: paper.screen.hline(*values),
    "vline": lambda paper, *values: paper.screen.vline(*values),
    "line": lambda paper, *values: shapes.line(paper.screen, *values),
    "line_by_angle": lambda paper, x, y, length, angle, turn, _, colour: shapes.line_by_angle(
        paper.screen, x, y, length, angle, turn, colour
    ),
    "ellipse": _ellipse,
    "ellipse_fill": _ellipse,
    "arc": _arc,
    "arc_fill": _arc,
    "begin": lambda paper: paper.screen.begin(),
    "end": lambda paper: paper.screen.end(),
    "clear": lambda paper, colour: paper.screen.clear(colour),
    "set_clip_window": lambda paper, *values: paper.screen.set_window(*values),
    "reset_clip_window": lambda paper: paper.screen.open_window(),
    "set_angle_offset": lambda paper, degrees: setattr(paper, "angle_offset", degrees),
    "set_font": _font,
    "font_file": _font_file,
    "get_font_size": lambda paper: list(paper.writer.font.size),
    "set_rotation": _set("rotation", int),
    "set_wrap": _set("wraps"),
    "set_transparency": _set("is_transparent"),
    "set_force_fixed": _set("is_fixed"),
    "print": _print,
    "string_pos": _position,
}
