"""Chunked transfer coding as libcurl 7.54.1 reads it (``lib/http_chunks.c``)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from simulator.libcurl.c_text import LONG_MAX

_DIGITS_MAX: Final = 16
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_CR, _LF = b"\r\n"


class ChunksError(Exception):
    """The coding is broken; the text says how."""


class _State(Enum):
    SIZE = auto()
    SIZE_END = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()
    TRAILER_CR = auto()
    TRAILER_END = auto()
    LAST_LF = auto()
    OVER = auto()


class Chunks:
    """Takes the coding off. ``left_over`` is how many bytes came behind its end."""

    def __init__(self, take_data: Callable[[bytes], None], take_trailer: Callable[[bytes], None]) -> None:
        self.left_over = 0
        self._take_data = take_data
        self._take_trailer = take_trailer
        self._state = _State.SIZE
        self._digits = b""
        self._left = 0
        self._trailer = b""

    @property
    def is_over(self) -> bool:
        """Whether the last chunk has come, and what belongs to it but for a last LF."""
        return self._state in (_State.OVER, _State.LAST_LF)

    @property
    def has_ended(self) -> bool:
        """Whether nothing is to follow."""
        return self._state is _State.OVER

    def feed(self, data: bytes) -> int:
        """Take what has arrived, and return how much of it was data.

        Raises `ChunksError`, and what ``take_data`` raises.
        """
        position = size = 0
        while position < len(data):
            if self._state is _State.DATA:
                piece = data[position : position + self._left]
                self._take_data(piece)
                size += len(piece)
                position += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = _State.DATA_END
            else:
                position += self._take(data[position])
                if self._state is _State.OVER:
                    self.left_over = len(data) - position
                    break
        return size

    def _take(self, byte: int) -> int:
        """Take one byte that is no data; return 1, or 0 if it is to be looked at again."""
        match self._state:
            case _State.SIZE:
                return self._take_digit(byte)
            case _State.SIZE_END:
                if byte == _LF:
                    self._state = _State.DATA if self._left else _State.TRAILER
                    self._trailer = b""
            case _State.DATA_END:
                if byte == _LF:
                    self._state, self._digits = _State.SIZE, b""
                elif byte != _CR:
                    raise ChunksError("Malformed encoding found")
            case _State.TRAILER:
                return self._take_trailer_byte(byte)
            case _State.TRAILER_CR:
                if byte != _LF:
                    raise ChunksError("Malformed encoding found")
                self._state = _State.TRAILER_END
            case _State.TRAILER_END:
                if byte not in (_CR, _LF):
                    self._state = _State.TRAILER
                    return 0
                self._state = _State.LAST_LF
                return int(byte == _CR)
            case _State.LAST_LF:
                if byte != _LF:
                    raise ChunksError("Malformed encoding found")
                self._state = _State.OVER
        return 1

    def _take_digit(self, byte: int) -> int:
        if byte in _HEX:
            if len(self._digits) == _DIGITS_MAX:
                raise ChunksError("Too long hexadecimal number")
            self._digits += bytes([byte])
            return 1
        size = int(self._digits or b"-1", 16)
        if not 0 <= size <= LONG_MAX:
            raise ChunksError("Illegal or missing hexadecimal sequence")
        self._left = size
        self._state = _State.SIZE_END
        return 0

    def _take_trailer_byte(self, byte: int) -> int:
        if byte not in (_CR, _LF):
            self._trailer += bytes([byte])
            return 1
        if not self._trailer:
            self._state = _State.TRAILER_END
            return 0
        self._take_trailer(self._trailer + b"\r\n")
        self._trailer = b""
        self._state = _State.TRAILER_CR
        return int(byte == _CR)
