"""NVS, ESP-IDF's key-value store in flash: what a page, its header and an entry look like. No state.

A page is one sector. It starts with a header and a table of two bits for each of its 126 entries (``nvs_page.hpp``)::

     0          4          8         9                28        32                    64
    +----------+----------+---------+----------------+---------+---------------------+----------------------+
    | state    | sequence | version | FF x 19        | crc     | entry states (32)   | 126 entries of 32    |
    +----------+----------+---------+----------------+---------+---------------------+----------------------+

The header's CRC covers bytes 4 to 27, not the state. States, of pages and of entries, only ever lose bits, so each
change is one small write. The table starts with entry 0 in the lowest bits; its last four bits stay 1.

An item is one entry, or an entry and the entries with its data that follow (``nvs_types.hpp``)::

     0           1      2      3       4     8                24          26       28             32
    +-----------+------+------+-------+-----+----------------+-----------+--------+--------------+
    | namespace | type | span | chunk | crc | key (16)       | size      | FF FF  | CRC of data  |  text, blob, chunk
    +-----------+------+------+-------+-----+----------------+-----------+--------+--------------+
                                                             | number, then FF                   |  integer
                                                             +--------------------+-------+------+
                                                             | size               | count | start|  index of a blob
                                                             +--------------------+-------+------+

``span`` counts the entries of the item. The CRC covers all but itself. Namespace 0 is the list of namespaces: the key
is a name, the number its index. Since version 2 a blob is several *chunks*, numbered from ``start`` (0x00 or 0x80, the
other one at each rewrite), and an *index* that is written last; in version 1 it is one item of type BLOB.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Final

from simulator.formats.crc import rom_crc32

PAGE_BYTES: Final = 4096
ENTRY_BYTES: Final = 32
ENTRY_COUNT: Final = 126
HEADER_BYTES: Final = 32
STATES_OFFSET: Final = 32
STATES_BYTES: Final = 32
ENTRIES_OFFSET: Final = 64

VERSION_1: Final = 0xFF
VERSION_2: Final = 0xFE
"""With blobs over several pages. Versions count down, as every format in flash prefers."""

NAME_LENGTH_MAX: Final = 15
"""Bytes of a key or of the name of a namespace."""
DATA_BYTES_MAX: Final = ENTRY_BYTES * (ENTRY_COUNT - 1)
"""What one item can hold: 4000 bytes."""
ANY: Final = 0xFF
"""Stands for any namespace, any type or no chunk number; none of them has this number."""
BLOB_VERSIONS: Final = (0x00, 0x80)
"""The two numbers that a blob's chunks can start from; a rewritten blob takes the one that its old chunks have not."""

_HEADER: Final = struct.Struct("<IIB19sI")
_ITEM: Final = struct.Struct("<BBBBI16s8s")
_VARIABLE: Final = struct.Struct("<HHI")
_BLOB_INDEX: Final = struct.Struct("<IBBH")
_UNUSED: Final = b"\xff" * 19


class PageState(IntEnum):
    """The state of a page: the numbers in flash, and INVALID."""

    UNINITIALIZED = 0xFFFFFFFF
    ACTIVE = 0xFFFFFFFE
    """Takes new items, if no other active page has a higher sequence number."""
    FULL = 0xFFFFFFFC
    FREEING = 0xFFFFFFF8
    """Its items are being copied to a new page; then it is erased."""
    CORRUPT = 0xFFFFFFF0
    """Never written. A page whose header is wrong counts as such, and is erased before it is used again."""
    INVALID = 0
    """Never written. A page that could not be read or written counts as such."""


class EntryState(IntEnum):
    """The state of an entry, two bits. The number 1 never occurs."""

    EMPTY = 3
    WRITTEN = 2
    ERASED = 0


class ItemType(IntEnum):
    """The type of an item. Of an integer's code the low half is its size, and 0x10 says that it is signed."""

    U8 = 0x01
    I8 = 0x11
    U16 = 0x02
    I16 = 0x12
    U32 = 0x04
    I32 = 0x14
    U64 = 0x08
    I64 = 0x18
    STRING = 0x21
    BLOB = 0x41
    """A whole blob, as version 1 writes it."""
    BLOB_DATA = 0x42
    """A chunk of a blob."""
    BLOB_INDEX = 0x48
    """Says how many chunks a blob has."""


INTEGER_TYPES: Final = {type_.name.lower(): type_ for type_ in ItemType if type_ < ItemType.STRING}
"""By name, ``u8`` to ``i64``."""
VARIABLE_TYPES: Final = frozenset({ItemType.STRING, ItemType.BLOB, ItemType.BLOB_DATA})
"""Items whose data lies in the entries behind the first one."""


def integer_to_bytes(type_: ItemType, value: int) -> bytes:
    """Return the bytes of a number of an integer type. Raises OverflowError if it does not fit."""
    return value.to_bytes(type_ & 0x0F, "little", signed=bool(type_ & 0x10))


def integer_from_bytes(type_: ItemType, data: bytes) -> int:
    """Return the number at the start of ``data``."""
    return int.from_bytes(data[: type_ & 0x0F], "little", signed=bool(type_ & 0x10))


@dataclass(frozen=True, slots=True)
class PageHeader:
    """The first 32 bytes of a page, right or wrong. ``state`` is one of `PageState` unless the flash is damaged."""

    state: int
    sequence: int
    version: int
    unused: bytes
    crc: int

    @classmethod
    def make(cls, state: PageState, sequence: int, version: int) -> PageHeader:
        """Return a header with the right CRC."""
        covered = _HEADER.pack(0, sequence, version, _UNUSED, 0)[4:28]
        return cls(state, sequence, version, _UNUSED, rom_crc32(covered))

    @classmethod
    def from_bytes(cls, data: bytes) -> PageHeader:
        """Read the header at the start of ``data``."""
        return cls(*_HEADER.unpack_from(data))

    def to_bytes(self) -> bytes:
        """Return the 32 bytes."""
        return _HEADER.pack(self.state, self.sequence, self.version, self.unused, self.crc)

    @property
    def is_crc_good(self) -> bool:
        """Whether the CRC fits the sequence number, the version and the unused bytes."""
        return self.crc == rom_crc32(self.to_bytes()[4:28])


def key_hash(namespace: int, key: bytes, chunk: int) -> int:
    """Return the 24 bits by which a page finds an item. ``key`` has its 16 bytes. The type is not part of it."""
    return rom_crc32(bytes((namespace,)) + key + bytes((chunk,))) & 0xFFFFFF


@dataclass(frozen=True)
class Item:
    """The first entry of an item, right or wrong. ``type`` is one of `ItemType` unless the flash is damaged.

    No slots: what is computed from an item is kept in it, since the same ones are read again and again.
    """

    namespace: int
    type: int
    span: int
    chunk: int
    """The number of a blob's chunk; `ANY` for every other item."""
    crc: int
    key: bytes
    """All 16 bytes."""
    data: bytes
    """The last 8 bytes."""

    @classmethod
    def make(cls, namespace: int, type_: ItemType, key: bytes, data: bytes, *, span: int = 1, chunk: int = ANY) -> Item:
        """Return an item with the right CRC; ``data`` is filled up with 0xFF."""
        head = bytes((namespace, type_, span, chunk))
        key, data = key.ljust(16, b"\0"), data.ljust(8, b"\xff")
        return cls(namespace, type_, span, chunk, rom_crc32(head + key + data), key, data)

    @classmethod
    def make_variable(cls, namespace: int, type_: ItemType, key: bytes, data: bytes, *, chunk: int = ANY) -> Item:
        """Return the first entry of an item whose ``data`` lies in the entries behind it."""
        span = 1 + -(-len(data) // ENTRY_BYTES)
        described = _VARIABLE.pack(len(data), 0xFFFF, rom_crc32(data))
        return cls.make(namespace, type_, key, described, span=span, chunk=chunk)

    @classmethod
    def make_blob_index(cls, namespace: int, key: bytes, size: int, chunk_count: int, chunk_start: int) -> Item:
        """Return the index of a blob of ``size`` bytes."""
        described = _BLOB_INDEX.pack(size, chunk_count, chunk_start, 0xFFFF)
        return cls.make(namespace, ItemType.BLOB_INDEX, key, described)

    @staticmethod
    @lru_cache(maxsize=4096)
    def from_bytes(entry: bytes) -> Item:
        """Read an entry of 32 bytes as the first one of an item."""
        return Item(*_ITEM.unpack(entry))

    def to_bytes(self) -> bytes:
        """Return the 32 bytes."""
        return _ITEM.pack(self.namespace, self.type, self.span, self.chunk, self.crc, self.key, self.data)

    @cached_property
    def is_crc_good(self) -> bool:
        """Whether the CRC fits all the rest. It hardly ever does if the entry is not the first one of an item."""
        entry = self.to_bytes()
        return self.crc == rom_crc32(entry[:4] + entry[8:])

    @cached_property
    def name(self) -> bytes:
        """The key as a C string."""
        return self.key[:NAME_LENGTH_MAX].partition(b"\0")[0]

    @cached_property
    def hash(self) -> int:
        """See `key_hash`."""
        return key_hash(self.namespace, self.key, self.chunk)

    @property
    def is_variable(self) -> bool:
        """Whether data lies in the entries behind it."""
        return self.type in VARIABLE_TYPES

    @property
    def data_size(self) -> int:
        """How many bytes of data a text, blob or chunk has."""
        return int(_VARIABLE.unpack(self.data)[0])

    @property
    def data_crc(self) -> int:
        """The CRC of the data of a text, blob or chunk."""
        return int(_VARIABLE.unpack(self.data)[2])

    @property
    def blob_size(self) -> int:
        """How many bytes all chunks of the blob have together, says its index."""
        return int(_BLOB_INDEX.unpack(self.data)[0])

    @property
    def chunk_count(self) -> int:
        """How many chunks the blob has, says its index."""
        return self.data[4]

    @property
    def chunk_start(self) -> int:
        """The number of the blob's first chunk, says its index; one of `BLOB_VERSIONS` unless the flash is damaged."""
        return self.data[5]
