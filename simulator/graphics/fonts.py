"""Fonts in the device's formats, those that are built in and those from files (``components/gdisplay/fonts/font.c``).

A font is bytes. Either all characters are as wide: width, height, first code, how many; then rows from the top, whole
bytes each, high bit left. Or the first byte is 0 and each character has its own size: code, five bytes as in
`simulator.graphics.metrics`, and its bits row by row without gaps; 0xFF ends the font.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Final, NamedTuple

from simulator.graphics.glyphs import draw_glyph
from simulator.graphics.metrics import FIRST, FONT_DEFAULT, LAST, LCD_BOXES, LCD_HEIGHT, LCD_WIDTH, METRICS

FONT_7SEG, FONT_FILE, FONT_LCD = 7, 8, 9

_HEADER_BYTES: Final = 4
_CHARACTER_BYTES: Final = 6
_END: Final = 0xFF

_FILE_ID: Final = b"RPH_font"
_FILE_BYTES_MIN: Final = 30

SEGMENT_LENGTH, SEGMENT_WIDTH = 6, 1
"""Of the seven-segment font, which `setfont` cannot change."""


class FontKind(Enum):
    """How a font is drawn."""

    BITMAP = "bitmap"
    SEGMENTS = "segments"
    COLUMNS = "columns"
    """Columns from the left, a byte each, low bit on top."""


class Glyph(NamedTuple):
    """A character of its own width: the box, where it is, how far the next one is, and whether each pixel is set."""

    top: int
    width: int
    height: int
    left: int
    advance: int
    bits: tuple[bool, ...]


class Font:
    """A font. ``width`` is 0 if each character has its own; ``count`` is how many there are, or the widest one then."""

    def __init__(self, kind: FontKind, data: bytes, *, width: int, height: int, first: int = 0, count: int = 0) -> None:
        self.kind = kind
        self.data = data
        self.width = width
        self.height = height
        self.first = first
        self._glyphs: dict[int, Glyph] = {}
        self.unknown = Glyph(0, 0, 0, 0, 0, ())
        """What a character looks like that the font does not have: the bytes behind its end, taken for one."""
        if kind is FontKind.BITMAP and not width:
            self._read_glyphs()
        self.count = max((glyph.width for glyph in self._glyphs.values()), default=count)

    @classmethod
    def of(cls, data: bytes) -> Font:
        """Return the font that bytes are."""
        width, height, first, count = data[:_HEADER_BYTES]
        return cls(FontKind.BITMAP, data, width=width, height=height, first=first, count=count)

    @property
    def is_proportional(self) -> bool:
        """Whether each character has a width of its own."""
        return not self.width

    @property
    def size(self) -> tuple[int, int]:
        """Return the width, that of the widest character, and the height, as ``getfontsize`` does."""
        if self.kind is FontKind.SEGMENTS:
            bar = 2 * self.height + 1
            return 2 * bar + self.width, 3 * bar + 2 * self.width
        return self.width or self.count, self.height

    def glyph(self, code: int) -> Glyph | None:
        """Return a character of a proportional font."""
        return self._glyphs.get(code)

    def byte(self, place: int) -> int:
        """Return a byte; 0 behind the end, where the device reads whatever is there."""
        return self.data[place] if place < len(self.data) else 0

    def text_width(self, text: bytes, *, fixed: bool) -> int:
        """Return how wide a text is; ``fixed``: all characters as wide as the widest."""
        if self.kind is FontKind.SEGMENTS:
            return self.size[0] * len(text)
        if self.width:
            return self.width * len(text)
        glyphs = (self.glyph(code) for code in text)
        return sum((self.count if fixed else glyph.advance) + 1 for glyph in glyphs if glyph is not None)

    def _read_glyphs(self) -> None:
        place = _HEADER_BYTES
        while self.byte(place) != _END and place < len(self.data):
            glyph = self._read_glyph(place)
            self._glyphs.setdefault(self.byte(place), glyph)
            place += _CHARACTER_BYTES + (_whole_bytes(len(glyph.bits)) if glyph.width else 0)
        self.unknown = self._read_glyph(place)

    def _read_glyph(self, place: int) -> Glyph:
        top, width, height, left, advance = (self.byte(place + index) for index in range(1, _CHARACTER_BYTES))
        first = place + _CHARACTER_BYTES
        bits = tuple(bool(self.byte(first + index // 8) >> 7 - index % 8 & 1) for index in range(width * height))
        # A distance to the left is taken for one to the right.
        return Glyph(top, width, height, min(left, 0x100 - left), advance, bits)


class FontFileError(Exception):
    """A file that is no font. The text is what the device logs."""


def font_of_file(data: bytes) -> Font:
    """Return the font in a file. Raises `FontFileError` as ``load_file_font`` does."""
    if len(data) < _FILE_BYTES_MIN:
        raise FontFileError("Error getting font file size")
    if not data.endswith(_FILE_ID):
        raise FontFileError("Font ID not found")
    expected = len(data) - len(_FILE_ID)
    found = _size_of(data, expected)
    if found != expected:
        raise FontFileError(f"Font size error: found {found} expected {expected})")
    return Font.of(data)


def _size_of(data: bytes, limit: int) -> int:
    """Return how many bytes the characters of a font take, as far as they do not reach too far."""
    width, height, _, count = data[:_HEADER_BYTES]
    if width:
        return width * height * count // 8 + _HEADER_BYTES
    place = _HEADER_BYTES
    while True:
        if data[place] == _END:
            return place + 1
        width, height = data[place + 2], data[place + 3]
        place += _CHARACTER_BYTES + (_whole_bytes(width * height) if width else 0)
        if place >= limit:
            return place


def _whole_bytes(bits: int) -> int:
    """Return the bytes that so many bits take; with none the device counts the byte of the first."""
    return (bits - 1) // 8 + 1 if bits else 1


@cache
def built_in(number: int) -> Font:
    """Return a font by its number; the default font for one that there is not."""
    if number == FONT_7SEG:
        return Font(FontKind.SEGMENTS, b"", width=SEGMENT_LENGTH, height=SEGMENT_WIDTH)
    if number == FONT_LCD:
        return _lcd()
    height, pen, characters = METRICS[number if number in METRICS else FONT_DEFAULT]
    sizes = bytes.fromhex(characters)
    data = bytearray((0, height, 0, 0))
    for code in range(FIRST, LAST + 1):
        top, width, box_height, left, advance = sizes[5 * (code - FIRST) : 5 * (code - FIRST) + 5]
        data += bytes((code, top, width, box_height, left, advance))
        bits = [bit for row in draw_glyph(chr(code), width, box_height, pen) for bit in row]
        data += _packed(bits)
    data.append(_END)
    return Font.of(bytes(data))


def _packed(bits: list[bool]) -> bytes:
    """Return bits in whole bytes, the first one highest."""
    count = (len(bits) + 7) // 8
    number = int("0" + "".join("01"[bit] for bit in bits), 2)
    return (number << 8 * count - len(bits)).to_bytes(count, "big")


def _lcd() -> Font:
    data = bytearray()
    for index, code in enumerate(range(FIRST, LAST + 2)):
        left, top, width, height = (int(digit) for digit in LCD_BOXES[4 * index : 4 * index + 4])
        columns = [0] * LCD_WIDTH
        for y, row in enumerate(draw_glyph(chr(code), width, height, 1)):
            for x, bit in enumerate(row):
                columns[left + x] |= bit << top + y
        data += bytes(columns)
    count = LAST + 2 - FIRST
    return Font(FontKind.COLUMNS, bytes(data), width=LCD_WIDTH, height=LCD_HEIGHT, first=FIRST, count=count)
