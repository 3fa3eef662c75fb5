"""Which key a terminal's bytes mean to the editor, with its gaps: it knows modifiers only in ``ESC [ 1 ; m``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from simulator.console.program import READ, Program


class Key(Enum):
    """A key that is no character. With shift or ctrl held the same key goes further, see `Stroke`."""

    BACKSPACE = "backspace"
    ESCAPE = "escape"
    DELETE = "delete"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    HOME = "home"
    END = "end"
    PAGE_UP = "page up"
    PAGE_DOWN = "page down"
    ENTER = "enter"
    TAB = "tab"
    UNKNOWN = "unknown"


Stroke: TypeAlias = tuple[Key | int, bool, bool]
"""A key or the code of a character, whether shift and whether ctrl was held."""

_BY_BYTE: Final[Mapping[int, Key]] = {
    0x08: Key.BACKSPACE,
    0x09: Key.TAB,
    0x0A: Key.ENTER,
    0x0D: Key.ENTER,
    0x7F: Key.BACKSPACE,
}
_AFTER_ESC_O: Final = {b"F": Key.END, b"H": Key.HOME}
_AFTER_ESC_BRACKET: Final = {
    b"A": Key.UP,
    b"B": Key.DOWN,
    b"C": Key.RIGHT,
    b"D": Key.LEFT,
    b"F": Key.END,
    b"H": Key.HOME,
}
_NUMBERED: Final = {
    b"1": Key.HOME,
    b"3": Key.DELETE,
    b"4": Key.END,
    b"5": Key.PAGE_UP,
    b"6": Key.PAGE_DOWN,
}
_NUMBERED_AND_UNUSED: Final = b"2"
_MODIFIERS: Final = {b"2": (True, False), b"5": (False, True), b"6": (True, True)}
_WITHOUT_CTRL: Final = (Key.PAGE_UP, Key.PAGE_DOWN, Key.DELETE)

# What follows 0x00 or 0xE0, as a PC's keyboard sends it: key, shift, ctrl.
_EXTENDED: Final[Mapping[int, Stroke]] = {
    0x0F: (Key.TAB, True, False),
    0x47: (Key.HOME, False, False),
    0x48: (Key.UP, False, False),
    0x49: (Key.PAGE_UP, False, False),
    0x4B: (Key.LEFT, False, False),
    0x4D: (Key.RIGHT, False, False),
    0x4F: (Key.END, False, False),
    0x50: (Key.DOWN, False, False),
    0x51: (Key.PAGE_DOWN, False, False),
    0x53: (Key.DELETE, False, False),
    0x73: (Key.LEFT, False, True),
    0x74: (Key.RIGHT, False, True),
    0x75: (Key.END, False, True),
    0x77: (Key.HOME, False, True),
    0x94: (Key.TAB, False, True),
    0xB7: (Key.HOME, True, False),
    0xB8: (Key.UP, True, False),
    0xB9: (Key.PAGE_UP, True, False),
    0xBB: (Key.LEFT, True, False),
    0xBD: (Key.RIGHT, True, False),
    0xBF: (Key.END, True, False),
    0xC0: (Key.DOWN, True, False),
    0xC1: (Key.PAGE_DOWN, True, False),
    0xD7: (Key.HOME, True, True),
    0xDB: (Key.LEFT, True, True),
    0xDD: (Key.RIGHT, True, True),
    0xDF: (Key.END, True, True),
}
_UNKNOWN: Final[Stroke] = (Key.UNKNOWN, False, False)


def read_key() -> Program[Stroke]:
    """Return the next key; a sequence that is not known is `Key.UNKNOWN`, as far as it was read."""
    (byte,) = yield READ
    if byte == 0x1B:
        return (yield from _after_escape())
    if byte in (0x00, 0xE0):
        (code,) = yield READ
        return _EXTENDED.get(code, _UNKNOWN)
    return _BY_BYTE.get(byte, byte), False, False


def _after_escape() -> Program[Stroke]:
    byte = yield READ
    if byte == b"\x1b":
        return Key.ESCAPE, False, False
    if byte == b"O":
        return _AFTER_ESC_O.get((yield READ), Key.UNKNOWN), False, False
    if byte != b"[":
        return _UNKNOWN
    byte, shift, ctrl = (yield READ), False, False
    if byte == b"1":
        byte = yield READ
        if byte == b"~":
            return Key.HOME, False, False
        if byte == b"5":  # F5
            yield READ
            return _UNKNOWN
        if byte != b";":
            return _UNKNOWN
        shift, ctrl = _MODIFIERS.get((yield READ), (False, False))
        byte = yield READ
    if byte == b"Z":
        return Key.TAB, True, False
    if byte == b"[":  # F1 to F5 of a Linux console
        yield READ
        return _UNKNOWN
    if byte in _NUMBERED or byte == _NUMBERED_AND_UNUSED:
        key = _NUMBERED.get(byte, Key.UNKNOWN) if (yield READ) == b"~" else Key.UNKNOWN
    else:
        key = _AFTER_ESC_BRACKET.get(byte, Key.UNKNOWN)
    return key, shift and key is not Key.DELETE, ctrl and key not in _WITHOUT_CTRL
