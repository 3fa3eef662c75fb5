"""QR codes, made by the library that the device has, in the release whose masks are the same
(``components/gdisplay/qrcodegen``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from simulator.graphics.libraries import MissingLibraryError
from simulator.graphics.screen import Screen

NUMERIC, ALPHANUMERIC, BYTE, ECI = 1, 2, 4, 7
"""Modes of a segment."""

_LEVELS: Final = ("LOW", "MEDIUM", "QUARTILE", "HIGH")
_LEADING_NUMBER: Final = re.compile(rb"\s*([+-]?[0-9]+)")


class QrCodeError(Exception):
    """There is no such code: too much text, or what a segment of its mode cannot have."""


def qr_code(segments: Sequence[tuple[int, bytes]], level: int) -> list[list[bool]]:
    """Return the rows of a code, dark is true.

    ``segments`` are modes and texts; `as_segments` makes one of a text. ``level`` is the least error correction, 0 to
    3; it becomes more where that costs no room. Raises `QrCodeError` and `MissingLibraryError`.
    """
    try:
        from qrcodegen import QrCode, QrSegment
    except ImportError as error:
        raise MissingLibraryError("QR codes on a display", "qrcodegen") from error
    if not 0 <= level < len(_LEVELS):
        raise QrCodeError(f"there is no error correction {level}")
    try:
        made = [_segment(QrSegment, mode, text) for mode, text in segments]
        code = QrCode.encode_segments(made, getattr(QrCode.Ecc, _LEVELS[level]))
    except ValueError as error:  # DataTooLongError is one
        raise QrCodeError(str(error)) from error
    size = code.get_size()
    return [[bool(code.get_module(x, y)) for x in range(size)] for y in range(size)]


def as_segments(text: bytes) -> list[tuple[int, bytes]]:
    """Return a text as the one segment that takes the least room; none for an empty one."""
    if not text:
        return []
    if re.fullmatch(rb"[0-9]+", text):
        return [(NUMERIC, text)]
    return [(ALPHANUMERIC if re.fullmatch(rb"[0-9A-Z $%*+./:-]+", text) else BYTE, text)]


def _segment(kind: Any, mode: int, text: bytes) -> Any:
    if mode == NUMERIC:
        return kind.make_numeric(text.decode("latin-1"))
    if mode == ALPHANUMERIC:
        return kind.make_alphanumeric(text.decode("latin-1"))
    if mode == ECI:
        number = _LEADING_NUMBER.match(text)
        return kind.make_eci(int(number[1]) if number else 0)
    return kind.make_bytes(text)


def draw_qr_code(screen: Screen, x: int, y: int, rows: list[list[bool]], scale: int, dark: int, bright: int) -> None:
    """Draw a code, each of its modules as a square of so many pixels, column by column."""
    screen.begin()
    for row_index, row in enumerate(rows):
        for column_index, is_dark in enumerate(row):
            colour = dark if is_dark else bright
            for column in range(scale):
                screen.vline(x + column_index * scale + column, y + row_index * scale, scale, colour)
    screen.end()
