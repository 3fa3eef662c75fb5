"""SPIFFS on flash, as Lua RTOS builds it: where things are and how a page's head reads. No state.

A *block* (one or two flash sectors on the boards) starts with its lookup: two bytes for each page that follows, naming
the object that the page belongs to. The last two entries of the lookup page are the block's magic and erase count.
All other pages start with a five-byte page header; *data pages* hold 251 bytes of a file after it, *index pages* hold
the page numbers of a file's data pages. The first index page of a file, the *index header*, also holds name and size.

A page's life is told by clearing bits only: free (all ones), named in the lookup, used, final, deleted.

Numbers are those of ``components/spiffs/spiffs_config.h`` and ``spiffs_nucleus.h`` of Lua RTOS: 64-byte names, one
byte of metadata, 16-bit page and object numbers, magic that depends on the length, tables aligned to 4 bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

FREE: Final = 0xFFFF  # lookup entry of a page never written, and an empty slot of an index
DELETED: Final = 0x0000  # lookup entry of a page that waits for its block to be erased
INDEX_FLAG: Final = 0x8000  # set in the object number of index pages
NO_SIZE: Final = 0xFFFF_FFFF  # size of a file that nothing was written to

# Page flags, each true when its bit is 0 (spiffs_nucleus.h).
USED: Final = 0x01
FINAL: Final = 0x02
INDEX: Final = 0x04
REMOVING: Final = 0x40  # of an index header: its file is being removed
GONE: Final = 0x80  # page deleted

NAME_LENGTH: Final = 64  # terminating zero included
METADATA_LENGTH: Final = 1
TYPE_FILE: Final = 1

_MAGIC: Final = 0x20140529
_PAGE_HEADER: Final = struct.Struct("<HHB")
_INDEX_HEADER: Final = struct.Struct(f"<HHB3sIB{NAME_LENGTH}s{METADATA_LENGTH}s")
PAGE_HEADER_LENGTH: Final = _PAGE_HEADER.size
FLAGS_OFFSET: Final = PAGE_HEADER_LENGTH - 1
INDEX_HEADER_LENGTH: Final = _INDEX_HEADER.size
INDEX_PAGE_HEADER_LENGTH: Final = 8  # page header, aligned


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes that follow from the partition and the two configured ones; ``block_count`` ignores a rest."""

    size_bytes: int
    block_size: int
    page_size: int
    block_count: int = field(init=False)
    pages_per_block: int = field(init=False)
    lookup_pages: int = field(init=False)
    entries_per_block: int = field(init=False)
    page_count: int = field(init=False)
    data_length: int = field(init=False)
    header_slots: int = field(init=False)
    index_slots: int = field(init=False)

    def __post_init__(self) -> None:
        pages_per_block = self.block_size // self.page_size
        lookup_pages = max(1, pages_per_block * 2 // self.page_size)
        block_count = self.size_bytes // self.block_size
        for name, value in (
            ("block_count", block_count),
            ("pages_per_block", pages_per_block),
            ("lookup_pages", lookup_pages),
            ("entries_per_block", pages_per_block - lookup_pages),
            ("page_count", block_count * pages_per_block),
            ("data_length", self.page_size - PAGE_HEADER_LENGTH),
            ("header_slots", (self.page_size - INDEX_HEADER_LENGTH) // 2),
            ("index_slots", (self.page_size - INDEX_PAGE_HEADER_LENGTH) // 2),
        ):
            object.__setattr__(self, name, value)

    @property
    def problem(self) -> str | None:
        """Say why the driver cannot work with these sizes, or None; the two bounds below are its data types'."""
        if self.page_size < 128 or self.block_size % self.page_size or self.block_size % 4096:
            return f"pages of {self.page_size} bytes do not divide a block of {self.block_size} bytes"
        if self.block_count < 3:
            return f"{self.size_bytes} bytes are fewer than three blocks of {self.block_size} bytes"
        if self.page_count > 0xFFFF:
            return f"{self.page_count} pages are more than 16 bits can number"
        entries_per_page = self.page_size // 2
        if self.entries_per_block % entries_per_page > entries_per_page - 2:
            return f"blocks of {self.block_size} bytes leave no room for the magic"
        return None

    def magic(self, block: int) -> int:
        """Return the mark of a formatted block; it tells page size and distance to the end of the partition."""
        return (_MAGIC ^ self.page_size ^ (self.block_count - block)) & 0xFFFF

    def first_page(self, block: int) -> int:
        """Return the first page of a block that is not lookup."""
        return block * self.pages_per_block + self.lookup_pages

    def is_lookup(self, page: int) -> bool:
        """Say whether the page belongs to a block's lookup."""
        return page % self.pages_per_block < self.lookup_pages

    def lookup_address(self, page: int) -> int:
        """Return where the lookup entry of ``page`` is."""
        block, index = divmod(page, self.pages_per_block)
        return block * self.block_size + (index - self.lookup_pages) * 2

    def magic_address(self, block: int) -> int:
        """Return where the block's magic is; its erase count follows."""
        return block * self.block_size + self.lookup_pages * self.page_size - 4

    def index_span(self, span: int) -> int:
        """Return which index page of a file (0 the header) lists its data page number ``span``."""
        return 0 if span < self.header_slots else 1 + (span - self.header_slots) // self.index_slots

    def slot_offset(self, span: int) -> int:
        """Return where in its index page data page number ``span`` is listed."""
        if span < self.header_slots:
            return INDEX_HEADER_LENGTH + span * 2
        return INDEX_PAGE_HEADER_LENGTH + (span - self.header_slots) % self.index_slots * 2


class PageHeader(NamedTuple):
    """The first five bytes of a page: object, place of the page in it, flags."""

    object_id: int
    span: int
    flags: int

    @classmethod
    def parse(cls, data: bytes | bytearray) -> PageHeader:
        """Read the first bytes of a page."""
        return cls(*_PAGE_HEADER.unpack_from(data))

    def to_bytes(self) -> bytes:
        """Return the five bytes."""
        return _PAGE_HEADER.pack(*self)


class IndexHeader(NamedTuple):
    """The head of a file's first index page."""

    object_id: int
    span: int
    flags: int
    size: int
    type: int
    name: bytes

    @classmethod
    def parse(cls, data: bytes) -> IndexHeader:
        """Read the first bytes of an index page; what is no index header gives fields without sense, not an error."""
        object_id, span, flags, _, size, type_, name, _ = _INDEX_HEADER.unpack_from(data)
        return cls(object_id, span, flags, size, type_, name.partition(b"\0")[0])

    def to_bytes(self) -> bytes:
        """Return the head; alignment (which the original fills with anything) and metadata stay erased."""
        return _INDEX_HEADER.pack(*self[:3], b"\xff" * 3, *self[3:], b"\xff" * METADATA_LENGTH)

    @property
    def names_a_file(self) -> bool:
        """Say whether this is a live index header, one that a search by name may find."""
        return self.span == 0 and self.flags & (GONE | FINAL | REMOVING) == GONE | REMOVING

    @property
    def file_size(self) -> int:
        """The file's length in bytes."""
        return 0 if self.size == NO_SIZE else self.size


SIZE_OFFSET: Final = 8
NAME_OFFSET: Final = 13


def lifetime_flags(*cleared: int) -> int:
    """Return page flags in which the given marks are set, that is, their bits cleared."""
    flags = 0xFF
    for mark in cleared:
        flags &= ~mark
    return flags
