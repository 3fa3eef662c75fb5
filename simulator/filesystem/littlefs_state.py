"""Whether a littlefs is in a state that littlefs leaves: asked once, before the library may write to it.

The library takes the state for granted. On one that no littlefs left, though every CRC fits, an assertion in its C code
ends the whole process, all other boards with it. So what its assertions are about is looked at here:

- the *global state*, which is spread over all metadata pairs and put together by XOR: either nothing, or a move that
  was cut off, of an entry that is there; the count of orphans is never on flash, only whether there are any;
- the number of *entries* in a pair, which its log adds to and takes from.

A pair of blocks holds one log in two versions. It is read as ``lfs_dir_fetchmatch`` reads it (``lfs.c`` of version
2.11): commits of tags, each ending with a CRC, the newest block with a good commit counts. A tag has 32 bits, the most
significant byte first, and is stored XOR the one before::

     31       30         20 19      10 9        0
    +-------+-------------+----------+----------+
    | 0 if  | type (11)   | entry    | length,  |
    | valid |             | (10)     | 0x3ff: 0 |
    +-------+-------------+----------+----------+
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_TAG: Final = struct.Struct(">I")
_WORD: Final = struct.Struct("<I")
_PAIR: Final = struct.Struct("<II")
_GLOBAL_STATE: Final = struct.Struct("<III")

_KIND: Final = 0x700
_NAME, _SPLICE, _TAIL = 0x000, 0x400, 0x600
_CREATE, _DELETE = 0x401, 0x4FF
_COMMIT_CRC, _COMMIT_CRC_MASK = 0x500, 0x780
_MOVE_STATE: Final = 0x7FF
_NO_DATA: Final = 0x3FF
_INVALID: Final = 1 << 31
_NULL: Final = 0xFFFFFFFF

Pair = tuple[int, int]


class ImpossibleStateError(Exception):
    """No littlefs leaves a flash like this."""


@dataclass(slots=True)
class _Log:
    """What the good commits of a block say."""

    count: int = 0
    tail: Pair = (_NULL, _NULL)
    global_state: tuple[int, int, int] = (0, 0, 0)


def check_state(blocks: Mapping[int, bytes | bytearray]) -> None:
    """Raise `ImpossibleStateError` if an assertion of the library would fail on this file system.

    ``blocks`` are all that the library has read to mount it, by their numbers; bytes that it did not look at are 0xFF.
    """
    logs: dict[frozenset[int], _Log] = {}
    tag = first = second = 0
    pair: Pair = (0, 1)
    while pair != (_NULL, _NULL):
        assert frozenset(pair) not in logs, "the library mounts no list of directories that has no end"
        log = logs[frozenset(pair)] = _newest(pair, blocks)
        tag, first, second = tag ^ log.global_state[0], first ^ log.global_state[1], second ^ log.global_state[2]
        pair = log.tail
    if tag & _NO_DATA:
        raise ImpossibleStateError("a number of orphans on flash")
    if tag & ~_INVALID:
        moved_from = logs.get(frozenset((first, second)))
        type_, entry = tag >> 20 & 0x7FF, tag >> 10 & 0x3FF
        if type_ != _DELETE or moved_from is None or entry >= moved_from.count:
            raise ImpossibleStateError("a move of nothing")


def _newest(pair: Pair, blocks: Mapping[int, bytes | bytearray]) -> _Log:
    first, second = (blocks.get(block, b"") for block in pair)
    if len(first) >= _WORD.size <= len(second):
        (revision,), (other,) = _WORD.unpack_from(first), _WORD.unpack_from(second)
        if 0 < (other - revision) & _NULL < 1 << 31:
            first, second = second, first
    log = _read(first) or _read(second)
    if log is None:
        raise ImpossibleStateError(f"no log in blocks {pair[0]} and {pair[1]}")
    return log


def _read(block: bytes | bytearray) -> _Log | None:
    """Return what the log in a block says up to its last good commit, None if it has none."""
    log = _Log()
    is_good = False
    commit: list[tuple[int, int, bytes | bytearray]] = []
    crc = _crc(block[: _WORD.size])
    position, previous = _WORD.size, _NULL
    while position + _TAG.size <= len(block):
        tag = _TAG.unpack_from(block, position)[0] ^ previous
        length = 0 if tag & _NO_DATA == _NO_DATA else tag & _NO_DATA
        data = block[position + _TAG.size :][:length]
        if tag & _INVALID or len(data) < length:
            break
        crc = _crc(block[position : position + _TAG.size], crc)
        type_ = tag >> 20
        previous = tag
        if type_ & _COMMIT_CRC_MASK == _COMMIT_CRC:
            if len(data) < _WORD.size or _WORD.unpack_from(data)[0] != crc:
                break
            for change in commit:  # not before, for a commit that was cut off says anything
                _carry_out(log, *change)
            is_good = True
            commit = []
            crc = _crc(b"")
            previous ^= (type_ & 1) << 31
        else:
            crc = _crc(data, crc)
            commit.append((type_, tag >> 10 & 0x3FF, data))
        position += _TAG.size + length
    return log if is_good else None


def _carry_out(log: _Log, type_: int, entry: int, data: bytes | bytearray) -> None:
    """Let one tag change what the log says."""
    kind = type_ & _KIND
    if kind == _NAME:
        log.count = max(log.count, entry + 1)
    elif type_ == _CREATE:
        log.count += 1
    elif type_ == _DELETE:
        if entry >= log.count:
            raise ImpossibleStateError("an entry that is deleted without being there")
        log.count -= 1
    elif kind == _SPLICE:
        raise ImpossibleStateError("an unknown change of the number of entries")
    elif kind == _TAIL:
        log.tail = _unpack(_PAIR, data)
    elif type_ == _MOVE_STATE:
        log.global_state = _unpack(_GLOBAL_STATE, data)


def _unpack(layout: struct.Struct, data: bytes | bytearray) -> Any:
    if len(data) != layout.size:
        raise ImpossibleStateError(f"{len(data)} bytes where {layout.size} belong")
    return layout.unpack(data)


def _crc(data: bytes | bytearray, crc: int = _NULL) -> int:
    """Return littlefs's CRC-32: that of zip files without the inversion at either end."""
    return zlib.crc32(data, crc ^ _NULL) ^ _NULL
