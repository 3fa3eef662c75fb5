"""Text on a screen: where it goes and how it is drawn (``components/gdisplay/fonts/font.c``)."""

from __future__ import annotations

from math import cos, sin
from typing import Final, NamedTuple

from simulator.graphics.fonts import Font, FontKind, Glyph
from simulator.graphics.screen import Screen
from simulator.graphics.seven_segments import draw_digit
from simulator.graphics.shapes import rectangle

LAST_X, LAST_Y, CENTER, RIGHT, BOTTOM = -1, -2, -3, -4, -5
"""Positions that are no coordinates."""

_RADIANS: Final = 0.0175
"""Of a degree, when text is turned."""


class Position(NamedTuple):
    """Where a text would be, and how large it is."""

    x: int
    y: int
    width: int
    height: int


class Writer:
    """Writes on a screen. ``rotation`` in degrees turns text; all of it is the device's global state."""

    def __init__(self) -> None:
        self.font: Font | None = None
        self.rotation = 0
        self.wraps = False
        self.is_transparent = False
        self.is_fixed = False
        self.cursor = (0, 0)
        self._offset = 0
        """How far turned text of a proportional font has come. It is kept from one text to the next."""

    def reset(self) -> None:
        """Take the settings of a display that has just been started; the font stays."""
        self.rotation = 0
        self.wraps = self.is_fixed = False
        self.is_transparent = True
        self.cursor = (0, 0)

    def position(self, screen: Screen, x: int, y: int, text: bytes) -> Position | None:
        """Return where a text at ``x`` and ``y`` would be; None if it does not fit or cannot be turned there."""
        font = self._chosen()
        if self.rotation != 0 and x < LAST_Y:
            return None
        if x != LAST_X or y != LAST_Y:
            self._offset = 0
        x = self.cursor[0] if x == LAST_X else x
        y = self.cursor[1] if y == LAST_Y else y
        left, top, right, bottom = screen.window
        text = _until_zero(text)
        width, height = font.text_width(text, fixed=self.is_fixed), font.size[1]
        if x == RIGHT:
            x = right - width - 1
        if x == CENTER:
            x = _half(right - width - 1)
        if y == BOTTOM:
            y = bottom - height - 1
        if y == CENTER:
            y = _half(bottom - height // 2 - 1)
        x, y = max(x, left), max(y, top)
        if y + height - 1 > bottom:
            return None
        return Position(x, y, width, height)

    def write(self, screen: Screen, x: int, y: int, text: bytes, foreground: int, background: int) -> None:
        """Write a text up to its first zero byte. The last position means nothing here: it is a point off the screen.

        Raises `NoFontError` if no font has been chosen.
        """
        font = self._chosen()
        if self.rotation != 0 and (x < LAST_Y or y < LAST_Y):
            return
        text = _until_zero(text)
        width, height = font.text_width(text, fixed=self.is_fixed), font.size[1]
        if x == RIGHT:
            x = screen.width - width - 2
        if x == CENTER:
            x = _half(screen.width - width - 2)
        if y == BOTTOM:
            y = screen.height - height - 2
        if y == CENTER:
            y = _half(screen.height - height // 2 - 2)
        screen.begin()
        _Line(self, screen, font, x, y, foreground, background).write(text, width)
        screen.end()

    def take_offset(self, advance: int) -> int:
        """Return how far turned text has come, and let it be ``advance`` pixels farther."""
        offset, self._offset = self._offset, self._offset + advance
        return offset

    def _chosen(self) -> Font:
        if self.font is None:
            raise NoFontError
        return self.font


class NoFontError(Exception):
    """A text is to be written before a font has been chosen."""


class _Line:
    """One text while it is written."""

    def __init__(
        self, writer: Writer, screen: Screen, font: Font, x: int, y: int, foreground: int, background: int
    ) -> None:
        self._writer = writer
        self._screen = screen
        self._font = font
        self._start = (x, y)
        self._x = x
        self._y = y
        self._foreground = foreground
        self._background = background
        self._step = font.size[0] + (font.kind is FontKind.COLUMNS)
        """How much room the next character needs."""
        self._line_height = font.size[1] + (font.kind is FontKind.COLUMNS)

    def write(self, text: bytes, width: int) -> None:
        """Write as much as fits of a text that is ``width`` pixels wide."""
        screen, writer, font = self._screen, self._writer, self._font
        glyph = font.unknown
        if font.is_proportional:
            self._step = width  # until a character is found that the font has
        for index, code in enumerate(text):
            if font.is_proportional:
                found = font.glyph(code)
                glyph = found or font.unknown
                if found is not None:
                    self._step = font.count if writer.is_fixed else found.advance
            if code == 0x0D:
                if not writer.is_transparent and not writer.rotation:
                    self._fill(self._x, self._y, screen.width - self._x, self._line_height)
            elif code == 0x0A:
                if font.kind is FontKind.BITMAP:
                    self._y += self._line_height
                    if self._y > screen.width - 1 - self._line_height:  # sic
                        break
                    self._x = 0
            elif not self._has_room():
                break
            elif font.is_proportional:
                self._draw_glyph(glyph)
            elif font.kind is FontKind.SEGMENTS:
                self._draw_segments(code)
            else:
                self._draw_fixed(index, code)
        writer.cursor = (self._x, self._y)

    def _has_room(self) -> bool:
        """Whether the next character fits into the line, or into the one that is begun for it."""
        if self._x + self._step <= self._screen.width:
            return True
        if not self._writer.wraps:
            return False
        self._y += self._line_height
        if self._y > self._screen.height - self._line_height - 1:
            return False
        self._x = 0
        return True

    def _fill(self, x: int, y: int, width: int, height: int) -> None:
        """Paint the background of a character, border first as every filled rectangle."""
        rectangle(self._screen, x, y, width, height, self._background, self._background)

    # -- a character ----------------------------------------------------------------------------------------------

    def _draw_glyph(self, glyph: Glyph) -> None:
        writer, font = self._writer, self._font
        advance, left = glyph.advance, glyph.left
        if writer.is_fixed and glyph is not font.unknown:
            advance = font.count
            left = int((advance - glyph.width) / 2)
        if writer.rotation:
            self._draw_turned(glyph, writer.take_offset(advance + 1))
            return
        if not writer.is_transparent:
            self._fill(self._x, self._y, advance + 1, font.height)
        _draw_rows(self._screen, self._x + left, self._y + glyph.top, glyph.width, glyph.bits, self._foreground)
        self._x += advance + 1

    def _draw_turned(self, glyph: Glyph, offset: int) -> None:
        turn = _Turn(self._writer.rotation, *self._start)
        screen, opaque = self._screen, not self._writer.is_transparent
        screen.begin()
        for index, bit in enumerate(glyph.bits):
            row, column = divmod(index, glyph.width)
            if bit or opaque:
                point = turn.point(offset + column, row + glyph.top)
                screen.pixel(*point, self._foreground if bit else self._background)
        screen.end()

    def _draw_segments(self, code: int) -> None:
        font = self._font
        background = None if self._writer.is_transparent else self._background
        draw_digit(self._screen, self._x, self._y, code, font.height, font.width, self._foreground, background)
        self._x += self._step + 2

    def _draw_fixed(self, index: int, code: int) -> None:
        font = self._font
        if not 0 <= code - font.first <= font.count:
            code = font.first
        number = code - font.first
        if self._writer.rotation:
            self._draw_fixed_turned(number, index)
            return
        if not self._writer.is_transparent:
            self._fill(self._x, self._y, font.width, font.height)
        if font.kind is FontKind.COLUMNS:
            self._draw_columns(number)
        else:
            bytes_per_row = (font.width + 7) // 8
            start = number * bytes_per_row * font.height + 4
            bits = [
                bool(font.byte(start + index) >> bit & 1)
                for index in range(bytes_per_row * font.height)
                for bit in range(7, -1, -1)
            ]
            _draw_rows(self._screen, self._x, self._y, 8 * bytes_per_row, bits, self._foreground)
        self._x += self._step

    def _draw_columns(self, number: int) -> None:
        font, screen = self._font, self._screen
        screen.begin()
        for column in range(font.width):
            byte = font.byte(number * font.width + column)
            for row in range(font.height):
                if byte >> row & 1:
                    screen.pixel(self._x + column, self._y + row, self._foreground)
        screen.end()

    def _draw_fixed_turned(self, number: int, index: int) -> None:
        """Draw a turned character. For narrow fonts the device takes the width for the bytes of a row."""
        font, screen = self._font, self._screen
        opaque = not self._writer.is_transparent
        turn = _Turn(self._writer.rotation, *self._start)
        bytes_per_row = font.width if font.width < 8 else font.width // 8
        start = number * bytes_per_row * font.height + 4
        screen.begin()
        for row in range(font.height):
            for column in range(8 * bytes_per_row):
                byte = font.byte(start + row * bytes_per_row + column // 8)
                bit = byte >> 7 - column % 8 & 1
                if bit or opaque:
                    point = turn.point(column + index * font.width, row)
                    screen.pixel(*point, self._foreground if bit else self._background)
        screen.end()


class _Turn:
    """Turns points around a text's start. (The device calculates with single precision: now and then a pixel is off
    by one.)
    """

    def __init__(self, degrees: int, x: int, y: int) -> None:
        self._x = x
        self._y = y
        self._cos = cos(degrees * _RADIANS)
        self._sin = sin(degrees * _RADIANS)

    def point(self, along: int, down: int) -> tuple[int, int]:
        return (
            int(self._x + along * self._cos - down * self._sin),
            int(self._y + down * self._cos + along * self._sin),
        )


def _draw_rows(screen: Screen, x: int, y: int, width: int, bits: tuple[bool, ...] | list[bool], colour: int) -> None:
    """Draw the pixels that are set, row by row; those next to each other at once."""
    screen.begin()
    for start in range(0, len(bits), width or 1):
        row, column = bits[start : start + width], 0
        while column < width:
            if not row[column]:
                column += 1
                continue
            end = column + 1
            while end < width and row[end]:
                end += 1
            screen.hline(x + column, y + start // width, end - column, colour)
            column = end
    screen.end()


def _until_zero(text: bytes) -> bytes:
    return text.partition(b"\0")[0]


def _half(value: int) -> int:
    """Return half of a number without the fraction."""
    return -(-value // 2) if value < 0 else value // 2
