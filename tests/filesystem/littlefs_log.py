"""The logs of a littlefs 2 taken apart and put together again with every CRC right, whatever was changed in between.

Damage that a CRC gives away goes no deeper than the CRC. This goes deeper.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

BLOCK_BYTES: Final = 4096
_NULL: Final = 0xFFFFFFFF


class Tag(NamedTuple):
    """One tag of a log: what it says is `word`, before it is stored XOR the one before."""

    word: int
    data: bytes

    @property
    def type(self) -> int:
        return self.word >> 20 & 0x7FF

    @property
    def entry(self) -> int:
        return self.word >> 10 & 0x3FF

    @property
    def is_crc(self) -> bool:
        return self.type & 0x780 == 0x500

    def changed(self, *, type_: int | None = None, entry: int | None = None, data: bytes | None = None) -> Tag:
        """Return the tag with some of it changed, its length that of its data."""
        data = self.data if data is None else data
        type_, entry = self.type if type_ is None else type_, self.entry if entry is None else entry
        return Tag((type_ & 0x7FF) << 20 | (entry & 0x3FF) << 10 | min(len(data), 0x3FE), data[:0x3FE])


def read_log(block: bytes) -> list[Tag]:
    """Return the tags of the good commits in a block, none if it holds no log."""
    tags: list[Tag] = []
    good = 0
    position, previous, crc = 4, _NULL, _crc(block[:4])
    while position + 4 <= len(block):
        word = struct.unpack_from(">I", block, position)[0] ^ previous
        length = 0 if word & 0x3FF == 0x3FF else word & 0x3FF
        tag = Tag(word, block[position + 4 :][:length])
        if word >> 31 or len(tag.data) < length:
            break
        crc = _crc(block[position : position + 4], crc)
        tags.append(tag)
        previous = word
        if tag.is_crc:
            if tag.data[:4] != struct.pack("<I", crc):
                break
            good, crc = len(tags), _NULL
            previous ^= (tag.type & 1) << 31
        else:
            crc = _crc(tag.data, crc)
        position += 4 + length
    return tags[:good]


def with_log(block: bytes, tags: list[Tag]) -> bytes:
    """Return ``block`` with its log written anew; what does not fit is cut off."""
    new = bytearray(block[:4])
    previous, crc = _NULL, _crc(block[:4])
    for tag in tags:
        data = tag.data
        stored = struct.pack(">I", tag.word ^ previous)
        crc = _crc(stored, crc)
        previous = tag.word
        if tag.is_crc:
            data = struct.pack("<I", crc) + data[4:]
            crc = _NULL
            previous ^= (tag.type & 1) << 31
        else:
            crc = _crc(data, crc)
        new += stored + data
    return bytes(new + block[len(new) :])[: len(block)]


def blocks_with_logs(contents: bytes) -> list[int]:
    """Return the numbers of the blocks that hold a log."""
    return [
        start // BLOCK_BYTES
        for start in range(0, len(contents), BLOCK_BYTES)
        if read_log(contents[start : start + BLOCK_BYTES])
    ]


def edited(contents: bytes, block: int, index: int, tag: Tag) -> bytes:
    """Return a littlefs in which tag ``index`` of the log in ``block`` is another one."""
    start = block * BLOCK_BYTES
    tags = read_log(contents[start : start + BLOCK_BYTES])
    tags[index] = tag
    new = with_log(contents[start : start + BLOCK_BYTES], tags)
    return contents[:start] + new + contents[start + BLOCK_BYTES :]


def _crc(data: bytes, crc: int = _NULL) -> int:
    return zlib.crc32(data, crc ^ _NULL) ^ _NULL
