"""What can be seen on a display: rows of pixels, and a file of them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final, Literal

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_RGB_8_BITS: Final = (8, 2, 0, 0, 0)
"""Bit depth, colour type, compression, filter, interlace of a PNG header."""

Depth = Literal["mono", "rgb565"]


@dataclass(frozen=True, slots=True)
class Picture:
    """``pixels`` row by row from the top left: a byte each for ``mono``, 0 is dark; two, high one first, for
    ``rgb565``.
    """

    width: int
    height: int
    depth: Depth
    pixels: bytes

    @property
    def sha256(self) -> str:
        """Return the digest of the pixels, by which pictures are compared."""
        return sha256(self.pixels).hexdigest()

    def rgb(self) -> bytes:
        """Return three bytes for each pixel: red, green, blue."""
        if self.depth == "mono":
            return b"".join(b"\xff\xff\xff" if pixel else b"\0\0\0" for pixel in self.pixels)
        table = _rgb_of_565()
        words = struct.unpack(f">{len(self.pixels) // 2}H", self.pixels)
        return b"".join([table[word] for word in words])

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        rgb, stride = self.rgb(), 3 * self.width
        rows = b"".join(b"\0" + rgb[start : start + stride] for start in range(0, len(rgb), stride))
        header = struct.pack(">II5B", self.width, self.height, *_RGB_8_BITS)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        return _PNG_SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def _rgb_of_565() -> list[bytes]:
    """Return the three bytes of every colour, full intensity as 255."""
    colours = ((word >> 11, word >> 5 & 63, word & 31) for word in range(1 << 16))
    return [bytes((red * 255 // 31, green * 255 // 63, blue * 255 // 31)) for red, green, blue in colours]
