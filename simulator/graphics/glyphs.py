"""An alphabet of our own, drawn with strokes into boxes of any size.

The fonts of the device are other people's work, so the twin has its own shapes for the characters 32 to 127, and takes
from the device only how large each one is and where it stands (`simulator.graphics.metrics`). A shape is drawn on a
grid of 7 columns and 9 rows that is stretched to the box, and touches all four sides of it.

A word of a shape is a polyline: pairs of digits, column and row. One that begins with ``#`` is a filled rectangle
between two corners.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

_COLUMNS, _ROWS = 6, 8
"""The last column and the last row of the grid."""

_ROUND: Final = "204062664828060220"
_LETTER_C: Final = "6150200206285867"
_LETTER_S: Final = "615010010314546567581807"
_BAR: Final = "#0068"
_TWO_BARS: Final = "#0062 #0668"

_SHAPES: Final = {
    " ": "",
    "!": "#0065 #0768",
    '"': "#0028 #4068",
    "#": "2018 5048 0363 0565",
    "$": "625111020314546566571706 3038",
    "%": "6008 10212213020110 55666758474655",
    "&": "681211203041420507184865",
    "'": _BAR,
    "(": "602203052668",
    ")": "004263654608",
    "*": "3038 0266 0662",
    "+": "3038 0464",
    ",": "#3065 6508",
    "-": _BAR,
    ".": _BAR,
    "/": "6008",
    "0": _ROUND,
    "1": "023038 0868",
    "2": "0201105061630868",
    "3": "01105061635424 546567581807",
    "4": "58500666",
    "5": "60000413536467581807",
    "6": "615010010718586765541405",
    "7": "006028",
    "8": "105061635414030110 1405071858676554",
    "9": "071858676150100103145463",
    ":": _TWO_BARS,
    ";": "#0061 #3567 6708",
    "<": "600468",
    "=": _TWO_BARS,
    ">": "006408",
    "?": "01105061623435 3838",
    "@": "58280602204062654543232545",
    "A": "083068 1555",
    "B": "00085867655404 5463615000",
    "C": _LETTER_C,
    "D": "00406266480800",
    "E": "60000868 0454",
    "F": "600008 0454",
    "G": "615020020628686434",
    "H": "0008 6068 0464",
    "I": "0060 #2048 0868",
    "J": "6066481807",
    "K": "0008 6005 2368",
    "L": "000868",
    "M": "0800346068",
    "N": "08006860",
    "O": _ROUND,
    "P": "08005061645505",
    "Q": f"{_ROUND} 4668",
    "R": "08005061645505 3568",
    "S": _LETTER_S,
    "T": "0060 3038",
    "U": "000628486660",
    "V": "003860",
    "W": "0018345860",
    "X": "0068 6008",
    "Y": "003460 3438",
    "Z": "00600868",
    "[": "60000868",
    "\\": "0068",
    "]": "00606808",
    "^": "083068",
    "_": _BAR,
    "`": "0068",
    "a": "0110506168 64140507184866",
    "b": "0008 0423536467582807",
    "c": _LETTER_C,
    "d": "6068 6443130407184867",
    "e": "04646240200206285867",
    "f": "60402128 0363",
    "g": "6140200104254564 6067581807",
    "h": "0008 0423536468",
    "i": "#2041 0343 #2348 0868",
    "j": "#4061 63674808",
    "k": "0008 6306 2568",
    "l": "0040 #2048 0868",
    "m": "0008 0110203138 3140506168",
    "n": "0008 0120506168",
    "o": _ROUND,
    "p": "0008 0120406164452504",
    "q": "6068 6140200104254564",
    "r": "0008 022060",
    "s": _LETTER_S,
    "t": "20274868 0262",
    "u": "0007184867 6068",
    "v": "003860",
    "w": "0018345860",
    "x": "0068 6008",
    "y": "0035 602808",
    "z": "00600868",
    "{": "604031330435374868",
    "|": _BAR,
    "}": "002031336435372808",
    "~": "081020485860",
    "\x7f": "0464 3064 3864",
}


def draw_glyph(character: str, width: int, height: int, pen: int) -> list[list[bool]]:
    """Return the rows of a character that fills a box, drawn with a pen so many pixels wide."""
    rows = [[False] * width for _ in range(height)]
    if not width or not height:
        return rows
    pen = min(pen, width, height)

    def dot(x: int, y: int) -> None:
        for row in rows[y : y + pen]:
            row[x : x + pen] = [True] * pen

    def place(column: int, row: int, pen: int) -> tuple[int, int]:
        return _scaled(column, _COLUMNS, width - pen), _scaled(row, _ROWS, height - pen)

    for word in _SHAPES[character].split():
        digits = [int(digit) for digit in word.lstrip("#")]
        points = list(zip(digits[::2], digits[1::2], strict=True))
        if word.startswith("#"):
            (left, top), (right, bottom) = (place(*point, 1) for point in points)
            for row in rows[top : bottom + 1]:
                row[left : right + 1] = [True] * (right + 1 - left)
            continue
        corners = [place(*point, pen) for point in points]
        for start, end in pairwise(corners):
            for x, y in _steps(start, end):
                dot(x, y)
    return rows


def _scaled(position: int, last: int, length: int) -> int:
    """Return a position on the grid in pixels; half a pixel counts as one."""
    return (2 * position * length + last) // (2 * last)


def _steps(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the pixels of a straight line."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    count = max(abs(dx), abs(dy))
    if not count:
        return [start]
    return [
        (start[0] + (2 * step * dx + count) // (2 * count), start[1] + (2 * step * dy + count) // (2 * count))
        for step in range(count + 1)
    ]
