"""The sentence ``GGA`` of a GPS receiver, as Lua RTOS reads it (``components/nmea/nmea0183.c``).

It takes every field as it comes and looks at the checksum at the end, which only decides whether the position counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TALKERS: Final = ("GPGGA", "GNGGA")
_LATITUDE, _NORTH, _LONGITUDE, _EAST, _QUALITY, _SATELLITES, _HEIGHT = 1, 2, 3, 4, 5, 6, 8
_GOOD: Final = (1, 2)
"""A fix, and a differential one."""


@dataclass(slots=True)
class Position:
    """The last position, one for all receivers of a board. ``is_new``: the last sentence was whole, and had a fix."""

    longitude: float = 0.0
    latitude: float = 0.0
    satellites: int = 0
    height: float = 0.0
    is_new: bool = False

    def take(self, sentence: str) -> None:
        """Read a sentence; others than GGA change nothing."""
        head, comma, rest = sentence.partition(",")
        talker = head.removeprefix("$")[:5]
        if not comma or talker not in _TALKERS:
            return
        self.is_new = False
        body, _, checksum = rest.partition("*")
        computed = 0
        for character in f"{talker},{body}":
            computed ^= ord(character)
        is_good = True
        *fields, last = body.split(",")
        for number, field in enumerate(fields):
            if number == _LATITUDE:
                self.latitude = _degrees(field)
            elif number == _NORTH and field == "S":
                self.latitude = -self.latitude
            elif number == _LONGITUDE:
                self.longitude = _degrees(field)
            elif number == _EAST and field == "W":
                self.longitude = -self.longitude
            elif number == _QUALITY:
                is_good = _number(field) in _GOOD
            elif number == _SATELLITES:
                self.satellites = _number(field)
            elif number == _HEIGHT:
                self.height = _decimal(field)
        given = re.match(r"\s*(?:0[xX])?([0-9A-Fa-f]*)", checksum if "*" in rest else last)
        assert given is not None
        self.is_new = is_good and int(given[1] or "0", 16) == computed


def _degrees(field: str) -> float:
    """Return decimal degrees of degrees and minutes: the two digits in front of the point are whole minutes."""
    whole, point, fraction = field.partition(".")
    if not point:
        return 0.0
    minutes: float = _number(whole[-2:]) + _number(fraction) / 10 ** len(fraction)
    return _number(whole[:-2]) + minutes / 60


def _number(text: str) -> int:
    """Return what ``atoi`` makes of it."""
    found = re.match(r"\s*([+-]?\d+)", text)
    return int(found[1]) if found else 0


def _decimal(text: str) -> float:
    """Return what ``strtod`` makes of it."""
    found = re.match(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", text)
    return float(found[1]) if found else 0.0
