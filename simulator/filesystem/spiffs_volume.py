"""The pages of a SPIFFS volume: find, allocate, move, delete, and collect garbage.

The volume keeps a copy of all lookup tables in RAM, read once at mount, so that searching costs no flash reads. All
changes go to flash at once and in the order of the original (``spiffs_nucleus.c``, ``spiffs_gc.c``), because that
order decides what a power cut leaves behind: a page is named in the lookup before it is written, a copy is complete
before its original is deleted, an erased block gets its erase count before its magic.

Two cursors make the results depend on history, as on the device. Searches start where the last one succeeded, which
matters only when a power cut left two copies of a page. Free pages are taken from where the last one was taken.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import chain
from typing import Final

from simulator.filesystem.interface import NotFormattedError, NotFormattedReason
from simulator.filesystem.spiffs_layout import (
    DELETED,
    FINAL,
    FLAGS_OFFSET,
    FREE,
    GONE,
    INDEX,
    INDEX_FLAG,
    INDEX_HEADER_LENGTH,
    NAME_LENGTH,
    NAME_OFFSET,
    PAGE_HEADER_LENGTH,
    REMOVING,
    SIZE_OFFSET,
    USED,
    Geometry,
    IndexHeader,
    PageHeader,
    lifetime_flags,
)
from simulator.flash_view import FlashView

_SECTOR: Final = 4096  # CONFIG_LUA_RTOS_SPIFFS_ERASE_SIZE of all boards
_GC_RUNS_MAX: Final = 3
_GC_WEIGHT_DELETED: Final = 5
_GC_WEIGHT_USED: Final = -1
_GC_WEIGHT_AGE: Final = 50


class Result(IntEnum):
    """SPIFFS's own error numbers (``spiffs.h``), those that can occur here."""

    FULL = -10001
    NOT_FOUND = -10002
    END_OF_OBJECT = -10003
    DELETED = -10004
    NOT_FINALIZED = -10005
    NOT_INDEX = -10006
    OUT_OF_FILE_DESCRIPTORS = -10007
    FILE_CLOSED = -10008
    IS_INDEX = -10011
    IS_FREE = -10012
    INDEX_SPAN_MISMATCH = -10013
    DATA_SPAN_MISMATCH = -10014
    INDEX_REF_FREE = -10015
    INDEX_REF_LOOKUP = -10016
    INDEX_REF_INVALID = -10017
    NOT_WRITABLE = -10021
    NOT_READABLE = -10022
    CONFLICTING_NAME = -10023
    NAME_TOO_LONG = -10036


class SpiffsError(Exception):
    """A SPIFFS function failed; `simulator.filesystem.spiffs` turns ``result`` into an errno."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.name)
        self.result = result


IndexListener = Callable[[int, int, int | None, int], None]
"""Told ``(object_id, span, new page or None if deleted, new size or 0 if unchanged)`` whenever an index page moves."""


class Volume:
    """A mounted volume. ``allocated`` and ``deleted`` count pages, as ``SPIFFS_info`` and the collector need them."""

    def __init__(self, view: FlashView, geometry: Geometry) -> None:
        self.geometry = geometry
        self.allocated = 0
        self.deleted = 0
        self.on_index_change: IndexListener = lambda _object_id, _span, _page, _size: None
        self._view = view
        self._lookup = array("H")
        self._index_pages: list[int] = []  # in page order: every page that the lookup gives to an index
        self._index_headers: dict[int, IndexHeader] = {}
        self._search_from = 0
        self._free_from = 0
        self._free_block = 0  # of the page last taken; `_free_from` may already be in the block after it
        self._free_blocks = 0
        self._next_erase_count = 0
        self._cleaning = False
        self._load()

    @staticmethod
    def format(view: FlashView, geometry: Geometry) -> None:
        """Erase every block and mark it with erase count 0 and the magic."""
        for block in range(geometry.block_count):
            _erase_block(view, geometry, block, 0)

    def _load(self) -> None:
        """Read the lookup of every block. One block may lack its magic: its erase was cut, and it is erased again."""
        geometry = self.geometry
        lookup_length = geometry.lookup_pages * geometry.page_size
        entries = struct.Struct(f"<{geometry.entries_per_block}H")
        mark = struct.Struct("<HH")
        counts: list[int] = []
        unmarked: list[int] = []
        for block in range(geometry.block_count):
            data = self._view.read(block * geometry.block_size, lookup_length)
            magic, erase_count = mark.unpack_from(data, lookup_length - mark.size)
            if magic != geometry.magic(block):
                unmarked.append(block)
                if len(unmarked) > 1:
                    raise NotFormattedError("no SPIFFS of this geometry", reason=NotFormattedReason.NO_MAGIC)
            if erase_count != FREE:
                counts.append(erase_count)
            self._lookup.extend((DELETED,) * geometry.lookup_pages)  # a value that no search looks for
            self._lookup.extend(entries.unpack_from(data))
        low, high = min(counts, default=FREE), max(counts, default=0)
        self._next_erase_count = (low if high - low > FREE // 2 else high) + 1
        for block in unmarked:
            self._erase(block)
        self._recount()

    def _recount(self) -> None:
        geometry, lookup = self.geometry, self._lookup
        lookup_pages = geometry.block_count * geometry.lookup_pages
        free = lookup.count(FREE)
        self.deleted = lookup.count(DELETED) - lookup_pages
        self.allocated = geometry.page_count - lookup_pages - free - self.deleted
        self._free_blocks = sum(lookup[geometry.first_page(block)] == FREE for block in range(geometry.block_count))
        self._index_pages = [page for page, entry in enumerate(lookup) if entry & INDEX_FLAG and entry != FREE]

    # ---- reading -------------------------------------------------------------------------------------------------

    def owner(self, page: int) -> int:
        """Return the lookup entry of a page."""
        return self._lookup[page]

    def read(self, page: int, offset: int, length: int) -> bytes:
        """Return bytes of one page."""
        return self._view.read(page * self.geometry.page_size + offset, length)

    def read_page(self, page: int) -> bytearray:
        """Return all of a page, to be changed and written elsewhere."""
        return bytearray(self.read(page, 0, self.geometry.page_size))

    def page_header(self, page: int) -> PageHeader:
        """Return the head of any page."""
        return PageHeader.parse(self.read(page, 0, PAGE_HEADER_LENGTH))

    def index_header(self, page: int) -> IndexHeader:
        """Return the head of an index page; remembered until the page is written to."""
        header = self._index_headers.get(page)
        if header is None:
            header = self._index_headers[page] = IndexHeader.parse(self.read(page, 0, INDEX_HEADER_LENGTH))
        return header

    def check_page(self, page: int) -> None:
        """Raise unless ``page``, read from an index, is the number of a page that files can use."""
        if page == FREE:
            raise SpiffsError(Result.INDEX_REF_FREE)
        if page >= self.geometry.page_count:
            raise SpiffsError(Result.INDEX_REF_INVALID)
        if self.geometry.is_lookup(page):
            raise SpiffsError(Result.INDEX_REF_LOOKUP)

    def check_data(self, page: int, span: int) -> None:
        """Raise unless ``page``, read from an index, is a live data page with place ``span`` in its file."""
        self.check_page(page)
        header = self.page_header(page)
        _require_final(header)
        if not header.flags & INDEX:
            raise SpiffsError(Result.IS_INDEX)
        if header.span != span:
            raise SpiffsError(Result.DATA_SPAN_MISMATCH)

    # ---- searching -----------------------------------------------------------------------------------------------

    def start_search_at(self, page: int) -> None:
        """Let the next search begin at a page where the wanted one was seen before."""
        self._search_from = page

    def find(self, object_id: int, span: int) -> int:
        """Return the page that holds part ``span`` of an object; NOT_FOUND if there is none."""
        for page in self._pages_of(object_id):
            header = self.page_header(page)
            if (
                header.object_id == object_id
                and header.span == span
                and header.flags & (FINAL | GONE | USED) == GONE
                and not (object_id & INDEX_FLAG and span == 0 and not header.flags & REMOVING)
            ):
                self._search_from = page
                return page
        raise SpiffsError(Result.NOT_FOUND)

    def find_name(self, name: bytes) -> int:
        """Return the index header page of the file with that name; NOT_FOUND if there is none."""
        pages = self._index_pages
        start = bisect_left(pages, self._search_from)
        for page in chain(pages[start:], pages[:start]):
            header = self.index_header(page)
            if header.name == name and header.names_a_file:
                self._search_from = page
                return page
        raise SpiffsError(Result.NOT_FOUND)

    def files(self) -> Iterator[IndexHeader]:
        """Yield the index header of every file in page order; a file renamed meanwhile may be met again further on."""
        position = 0
        while (index := bisect_left(self._index_pages, position)) < len(self._index_pages):
            page = self._index_pages[index]
            position = page + 1
            header = self.index_header(page)
            if header.names_a_file:
                yield header

    def unused_object_id(self) -> int:
        """Return the lowest object number that no page belongs to; FULL if there is none.

        The original counts in steps once a partition has more than 4096 pages; no board has one that large.
        """
        used = {entry & ~INDEX_FLAG for entry in set(self._lookup) if entry not in (FREE, DELETED)}
        for object_id in range(1, self.geometry.page_size * 8 + 1):
            if object_id not in used:
                return object_id
        raise SpiffsError(Result.FULL)

    def _pages_of(self, object_id: int) -> Iterator[int]:
        """Yield the pages that the lookup gives to the object, once around from the search cursor."""
        for first, last in ((self._search_from, len(self._lookup)), (0, self._search_from)):
            page = first - 1
            while True:
                try:
                    page = self._lookup.index(object_id, page + 1, last)
                except ValueError:
                    break
                yield page

    # ---- writing -------------------------------------------------------------------------------------------------

    def program(self, page: int, offset: int, data: bytes | bytearray) -> None:
        """Clear bits of one page."""
        self._index_headers.pop(page, None)
        self._view.program(page * self.geometry.page_size + offset, bytes(data))

    def program_flags(self, page: int, flags: int) -> None:
        """Clear bits of a page's flags."""
        self.program(page, FLAGS_OFFSET, bytes((flags,)))

    def claim_page(self, object_id: int) -> int:
        """Take a free page, give it to the object in the lookup, and return it."""
        page = self._take_free_page()
        self._give(page, object_id)
        return page

    def allocate(self, header: PageHeader, data: bytes = b"") -> int:
        """Take a free page and write head and data; a head without the final mark gets it after the data."""
        page = self.claim_page(header.object_id)
        header = header._replace(flags=header.flags & ~USED)
        self.program(page, 0, header.to_bytes())
        if data:
            self.program(page, PAGE_HEADER_LENGTH, data)
        if header.flags & FINAL:
            self.program_flags(page, header.flags & ~FINAL)
        return page

    def move(self, page: int, object_id: int, content: bytearray | None = None) -> int:
        """Write a page anew, changed to ``content`` or as it is, delete the old one and return the new one."""
        new_page = self._take_free_page()
        if content is None:
            self.program(new_page, 0, self.read(page, 0, self.geometry.page_size))
            self._give(new_page, object_id)
        else:
            flags = content[FLAGS_OFFSET] & ~USED
            content[FLAGS_OFFSET] = flags | FINAL
            self.program(new_page, 0, content)
            self._give(new_page, object_id)
            if not flags & FINAL:
                content[FLAGS_OFFSET] = flags
                self.program_flags(new_page, flags)
        self.delete(page)
        return new_page

    def delete(self, page: int) -> None:
        """Mark a page deleted, in the lookup first."""
        self._view.program(self.geometry.lookup_address(page), DELETED.to_bytes(2, "little"))
        if _is_index(self._lookup[page]):
            del self._index_pages[bisect_left(self._index_pages, page)]
        self._lookup[page] = DELETED
        self.deleted += 1
        self.allocated -= 1
        self.program_flags(page, lifetime_flags(USED, GONE))

    def update_index_header(
        self, page: int, object_id: int, content: bytearray | None = None, *, name: bytes = b"", size: int = 0
    ) -> int:
        """Write an index header anew with another table, name or size (none and 0: unchanged); return its page."""
        if content is None:
            content = self.read_page(page)
        require_index(PageHeader.parse(content), object_id, 0)
        if name:
            content[NAME_OFFSET : NAME_OFFSET + NAME_LENGTH] = name.ljust(NAME_LENGTH, b"\0")
        if size:
            struct.pack_into("<I", content, SIZE_OFFSET, size)
        new_page = self.move(page, object_id, content)
        self.on_index_change(object_id, 0, new_page, *struct.unpack_from("<I", content, SIZE_OFFSET))
        return new_page

    def _give(self, page: int, object_id: int) -> None:
        self._view.program(self.geometry.lookup_address(page), object_id.to_bytes(2, "little"))
        self._lookup[page] = object_id
        if object_id & INDEX_FLAG:
            insort(self._index_pages, page)
        self.allocated += 1

    def _take_free_page(self) -> int:
        """Move the free cursor to a free page and return it. Two blocks stay free for the collector to move into."""
        if not self._cleaning and self._free_blocks < 2:
            self._erase_one_deleted_block()
            if self._free_blocks < 2:
                raise SpiffsError(Result.FULL)
        try:
            page = self._lookup.index(FREE, self._free_from)
        except ValueError:
            try:
                page = self._lookup.index(FREE)
            except ValueError:
                raise SpiffsError(Result.NOT_FOUND) from None
        self._free_from = page + 1
        self._free_block = page // self.geometry.pages_per_block
        if page == self.geometry.first_page(self._free_block):
            self._free_blocks -= 1
        return page

    # ---- garbage collection --------------------------------------------------------------------------------------

    def make_room(self, length: int) -> None:
        """Collect garbage, three blocks at most, until ``length`` bytes fit; FULL if they cannot."""
        data_length = self.geometry.data_length
        free = self._usable_pages()
        if self._free_blocks > 3 and length < free * data_length:
            return
        needed = -(-length // data_length)
        if needed > free + self.deleted:
            raise SpiffsError(Result.FULL)
        for _ in range(_GC_RUNS_MAX):
            before = free
            block = self._block_to_collect(crammed=free <= 0)
            if block is None:
                if needed < free:
                    return
                raise SpiffsError(Result.FULL)
            self._collect(block)
            free = self._usable_pages()
            if before <= 0 and before == free:
                break
            if self._free_blocks > 2 and length <= free * data_length:
                break
        if length > free * data_length:
            raise SpiffsError(Result.FULL)

    def _usable_pages(self) -> int:
        geometry = self.geometry
        return geometry.entries_per_block * (geometry.block_count - 2) - self.allocated - self.deleted

    def _entries(self, block: int) -> array[int]:
        first = self.geometry.first_page(block)
        return self._lookup[first : first + self.geometry.entries_per_block]

    def _erase_one_deleted_block(self) -> None:
        for block in range(self.geometry.block_count):
            if self._entries(block).count(DELETED) == self.geometry.entries_per_block:
                self.deleted -= self.geometry.entries_per_block
                self._erase(block)
                return

    def _block_to_collect(self, *, crammed: bool) -> int | None:
        """Return the block with most to win: many deleted and few used pages, and long not erased unless crammed."""
        best, best_score = None, 0
        for block in range(self.geometry.block_count):
            entries = self._entries(block)
            written = len(entries) if entries[-1] != FREE else entries.index(FREE)
            deleted = entries[:written].count(DELETED)
            if not deleted:
                continue
            score = deleted * _GC_WEIGHT_DELETED + (written - deleted) * _GC_WEIGHT_USED
            if not crammed:
                score += self._erase_age(block) * _GC_WEIGHT_AGE
            if best is None or score > best_score:
                best, best_score = block, score
        return best

    def _erase_age(self, block: int) -> int:
        count = int.from_bytes(self._view.read(self.geometry.magic_address(block) + 2, 2), "little")
        if self._next_erase_count > count:
            return self._next_erase_count - count
        return FREE - (count - self._next_erase_count)

    def _collect(self, block: int) -> None:
        """Move what lives in a block elsewhere and erase the block."""
        self._cleaning = True
        try:
            if self._free_block == block:
                self._free_block = (block + 1) % self.geometry.block_count
                self._free_from = self._free_block * self.geometry.pages_per_block
            self._move_data_out(block)
            self._move_indexes_out(block)
        finally:
            self._cleaning = False
        entries = self._entries(block)
        free, deleted = entries.count(FREE), entries.count(DELETED)
        self.deleted -= deleted
        self.allocated -= len(entries) - free - deleted
        self._erase(block)

    def _block_pages(self, block: int) -> range:
        first = self.geometry.first_page(block)
        return range(first, first + self.geometry.entries_per_block)

    def _move_data_out(self, block: int) -> None:
        """Move data pages, all that one index page lists at a time, so that each index page is written once.

        The old pages are deleted before that, so a power cut in between costs the file: the original's weak spot.
        SPIFFS has a check that would mend it, and Lua RTOS never runs it.
        """
        for page in self._block_pages(block):
            object_id = self._lookup[page]
            if object_id == DELETED or object_id & INDEX_FLAG:  # a free page has all bits set
                continue
            index_id = object_id | INDEX_FLAG
            index_span = self.geometry.index_span(self.page_header(page).span)
            try:
                index_page = self.find(index_id, index_span)
            except SpiffsError:
                self.delete(page)  # nothing refers to it: its file was being removed when the power was cut
                continue
            content = self.read_page(index_page)
            require_index(PageHeader.parse(content), index_id, index_span)
            for other in self._block_pages(block):
                if self._lookup[other] == object_id:
                    self._move_listed_page(other, index_span, content)
            if index_span == 0:
                self.update_index_header(index_page, index_id, content)
            else:
                new_page = self.move(index_page, index_id, content)
                self.on_index_change(index_id, index_span, new_page, 0)

    def _move_listed_page(self, page: int, index_span: int, content: bytearray) -> None:
        """Move a data page if the index page with that ``content`` lists it, and list its new place."""
        header = self.page_header(page)
        if self.geometry.index_span(header.span) != index_span:
            return
        if header.flags & GONE:
            new_page = self.move(page, self._lookup[page])
        else:
            self.delete(page)  # a deletion that was cut between page and lookup
            new_page = FREE
        struct.pack_into("<H", content, self.geometry.slot_offset(header.span), new_page)

    def _move_indexes_out(self, block: int) -> None:
        for page in self._block_pages(block):
            object_id = self._lookup[page]
            if not _is_index(object_id):
                continue
            header = self.page_header(page)
            if header.flags & GONE:
                self.on_index_change(object_id, header.span, self.move(page, object_id), 0)
            else:
                self.delete(page)
                self.on_index_change(object_id, header.span, None, 0)

    def _erase(self, block: int) -> None:
        geometry = self.geometry
        _erase_block(self._view, geometry, block, self._next_erase_count)
        self._next_erase_count = (self._next_erase_count + 1) % INDEX_FLAG
        first = geometry.first_page(block)
        last = first + geometry.entries_per_block
        for page in range(first, last):
            self._lookup[page] = FREE
            self._index_headers.pop(page, None)
        del self._index_pages[bisect_left(self._index_pages, first) : bisect_left(self._index_pages, last)]
        self._free_blocks += 1


def _erase_block(view: FlashView, geometry: Geometry, block: int, erase_count: int) -> None:
    start = block * geometry.block_size
    for sector in range(start, start + geometry.block_size, _SECTOR):
        view.erase(sector, _SECTOR)
    view.program(geometry.magic_address(block) + 2, erase_count.to_bytes(2, "little"))
    view.program(geometry.magic_address(block), geometry.magic(block).to_bytes(2, "little"))


def _is_index(entry: int) -> bool:
    return bool(entry & INDEX_FLAG) and entry != FREE


def _require_final(header: PageHeader) -> None:
    if header.flags & USED:
        raise SpiffsError(Result.IS_FREE)
    if not header.flags & GONE:
        raise SpiffsError(Result.DELETED)
    if header.flags & FINAL:
        raise SpiffsError(Result.NOT_FINALIZED)


def require_index(header: PageHeader, object_id: int, span: int) -> None:
    """Raise unless the head is that of index page ``span``; ``object_id`` must have the index flag."""
    _require_final(header)
    if header.flags & INDEX or not object_id & INDEX_FLAG:
        raise SpiffsError(Result.NOT_INDEX)
    if header.span != span:
        raise SpiffsError(Result.INDEX_SPAN_MISMATCH)
