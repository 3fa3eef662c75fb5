"""The contents of SPIFFS files: read, append, modify, empty, remove.

Contents are never changed in place. What can be appended without clearing a set bit twice is: bytes after the end in
the last data page, slots in the last index page, and the size of a file that had none. Everything else is a new page
and a deleted old one, and each change of size or table ends in a new index header. The sequence of flash writes is
that of the original's object functions (``spiffs_nucleus.c``), so a cut leaves what it leaves on the board: a file
being appended to keeps what it had, one being overwritten may have lost a page.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from simulator.filesystem.spiffs_layout import (
    FINAL,
    FREE,
    INDEX,
    INDEX_FLAG,
    INDEX_HEADER_LENGTH,
    NAME_LENGTH,
    NO_SIZE,
    PAGE_HEADER_LENGTH,
    REMOVING,
    SIZE_OFFSET,
    TYPE_FILE,
    USED,
    IndexHeader,
    PageHeader,
    lifetime_flags,
)
from simulator.filesystem.spiffs_volume import Result, SpiffsError, Volume, require_index

_SPAN_MASK: Final = 0xFFFF  # spans are 16 bits; a damaged size can ask for more


@dataclass(slots=True, eq=False)
class Descriptor:
    """What SPIFFS knows of a file in use. Lives in a slot of the descriptor table and outlives `close` there.

    ``object_id`` has the index flag. ``cursor_span`` and ``cursor_page`` are the index page used last.
    ``number`` is 0 while the slot is free; ``score`` and ``name_hash`` tell how likely the same file comes again.
    """

    number: int = 0
    object_id: int = 0
    size: int = NO_SIZE
    header_page: int = 0
    cursor_span: int = 0
    cursor_page: int = 0
    position: int = 0
    readable: bool = False
    writable: bool = False
    score: int = 0
    name_hash: int = 0

    @property
    def length(self) -> int:
        """The file's length in bytes."""
        return 0 if self.size == NO_SIZE else self.size

    def point_at(self, volume: Volume, page: int) -> None:
        """Refer to the file whose index header is on ``page``."""
        header = volume.index_header(page)
        self.object_id = volume.owner(page)
        self.size = header.size
        self.header_page = self.cursor_page = page
        self.cursor_span = 0
        self.position = 0
        require_index(PageHeader(header.object_id, header.span, header.flags), self.object_id, 0)


def create(volume: Volume, object_id: int, name: bytes) -> int:
    """Make an empty file and return its index header page."""
    volume.make_room(volume.geometry.data_length)
    index_id = object_id | INDEX_FLAG
    page = volume.claim_page(index_id)
    flags = lifetime_flags(USED, FINAL, INDEX)
    header = IndexHeader(index_id, 0, flags, NO_SIZE, TYPE_FILE, name.ljust(NAME_LENGTH, b"\0"))
    volume.program(page, 0, header.to_bytes())
    volume.on_index_change(index_id, 0, page, NO_SIZE)
    return page


def read(volume: Volume, file: Descriptor, offset: int, length: int) -> bytes:
    """Return ``length`` bytes from ``offset``, all of which must lie in the file."""
    geometry = volume.geometry
    parts: list[bytes] = []
    index: _Index | None = None
    end = offset + length
    while offset < end:
        span, start = divmod(offset, geometry.data_length)
        span &= _SPAN_MASK
        index_span = geometry.index_span(span)
        if index is None or index.span != index_span:
            index = _Index.load(volume, file, index_span, _index_page(volume, file, index_span))
        page = index.slot(span)
        volume.check_data(page, span)
        count = min(end - offset, geometry.data_length - start)
        parts.append(volume.read(page, PAGE_HEADER_LENGTH + start, count))
        offset += count
    return b"".join(parts)


def write(volume: Volume, file: Descriptor, offset: int, data: bytes) -> None:
    """Write at ``offset``, over what is there and past the end."""
    overlap = 0
    if file.size != NO_SIZE and offset < file.size:
        overlap = min(file.size - offset, len(data))
        _modify(volume, file, offset, data[:overlap])
    if overlap < len(data):
        _append(volume, file, offset + overlap, data[overlap:])


def empty(volume: Volume, file: Descriptor) -> None:
    """Delete the contents and keep the file."""
    if file.length:
        volume.make_room(volume.geometry.data_length * 2)
        _delete_contents(volume, file, remove=False)


def remove(volume: Volume, file: Descriptor) -> None:
    """Delete all pages of the file. The mark set first keeps a half-removed file from being found again."""
    volume.program_flags(file.header_page, lifetime_flags(USED, INDEX, FINAL, REMOVING))
    _delete_contents(volume, file, remove=True)


class _Index:
    """An index page in RAM, about to be changed and stored."""

    __slots__ = ("_volume", "content", "page", "span")

    def __init__(self, volume: Volume, span: int, page: int, content: bytearray) -> None:
        self._volume = volume
        self.span = span
        self.page = page
        self.content = content

    @classmethod
    def load(cls, volume: Volume, file: Descriptor, span: int, page: int) -> _Index:
        """Read an index page and remember where it was."""
        content = volume.read_page(page)
        require_index(PageHeader.parse(content), file.object_id, span)
        file.cursor_span, file.cursor_page = span, page
        return cls(volume, span, page, content)

    @classmethod
    def create(cls, volume: Volume, file: Descriptor, span: int) -> _Index:
        """Take a page for the next part of the table; it is stored once there is something in it."""
        header = PageHeader(file.object_id, span, lifetime_flags(USED, FINAL, INDEX))
        page = volume.allocate(header)
        volume.on_index_change(file.object_id, span, page, 0)
        file.cursor_span, file.cursor_page = span, page
        content = bytearray(b"\xff") * volume.geometry.page_size
        content[:PAGE_HEADER_LENGTH] = header.to_bytes()
        return cls(volume, span, page, content)

    def slot(self, span: int) -> int:
        page: int
        (page,) = struct.unpack_from("<H", self.content, self._volume.geometry.slot_offset(span))
        return page

    def set_slot(self, span: int, page: int) -> None:
        struct.pack_into("<H", self.content, self._volume.geometry.slot_offset(span), page)

    def set_size(self, size: int) -> None:
        struct.pack_into("<I", self.content, SIZE_OFFSET, size)

    def store_in_place(self) -> None:
        """Program the page over itself: only erased slots were filled."""
        require_index(self._volume.page_header(self.page), INDEX_FLAG, self.span)
        self._volume.program(self.page, 0, self.content)

    def store_anew(self, file: Descriptor) -> None:
        """Move the page, changed, to a free one."""
        volume = self._volume
        if self.span == 0:
            file.header_page = volume.update_index_header(file.header_page, file.object_id, self.content)
        else:
            require_index(volume.page_header(self.page), INDEX_FLAG, self.span)
            self.page = volume.move(self.page, file.object_id, self.content)
            volume.on_index_change(file.object_id, self.span, self.page, 0)


def _index_page(volume: Volume, file: Descriptor, span: int) -> int:
    """Return the page of part ``span`` of the file's table, from the file's memory if it was the last one used."""
    if span == 0:
        return file.header_page
    if file.cursor_span == span:
        return file.cursor_page
    return volume.find(file.object_id, span)


def _resize(volume: Volume, file: Descriptor, size: int) -> None:
    """Write the index header anew with another size."""
    file.header_page = volume.update_index_header(file.header_page, file.object_id, size=size)


def _append(volume: Volume, file: Descriptor, offset: int, data: bytes) -> None:
    geometry = volume.geometry
    offset = min(offset, file.size)
    volume.make_room(len(data) + geometry.data_length)  # a page more for the index
    fresh = offset == 0  # the index header has no size and no table yet, so it can be completed in place
    span, start = divmod(offset, geometry.data_length)
    index: _Index | None = None
    written = 0
    failure: SpiffsError | None = None
    while written < len(data):
        index_span = geometry.index_span(span)
        if index is None or index.span != index_span:
            if index is not None:
                _store_appended(volume, file, index, offset + written, fresh=fresh)
                file.size = offset + written
            index = _index_to_append(volume, file, index_span, is_first=written == 0)
            if index_span:
                file.size = offset + written
        part = data[written : written + geometry.data_length - start]
        if start:
            page = index.slot(span)
            volume.check_data(page, span)
            volume.program(page, PAGE_HEADER_LENGTH + start, part)
        else:
            header = PageHeader(file.object_id & ~INDEX_FLAG, span, lifetime_flags(FINAL))
            try:
                page = volume.allocate(header, part)
            except SpiffsError as error:
                failure = error  # what was written so far still becomes part of the file
                break
        index.set_slot(span, page)
        start = 0
        span += 1
        written += len(part)
    assert index is not None, "nothing to append"
    file.size = offset + written
    file.cursor_span, file.cursor_page = index.span, index.page
    _store_appended(volume, file, index, offset + written, fresh=fresh)
    if failure:
        raise failure


def _index_to_append(volume: Volume, file: Descriptor, span: int, *, is_first: bool) -> _Index:
    if span == 0:
        return _Index.load(volume, file, 0, file.header_page)
    last_span = volume.geometry.index_span((file.size - 1) // volume.geometry.data_length)
    if not is_first or span > last_span:
        return _Index.create(volume, file, span)
    return _Index.load(volume, file, span, _index_page(volume, file, span))


def _store_appended(volume: Volume, file: Descriptor, index: _Index, size: int, *, fresh: bool) -> None:
    if index.span:
        index.store_in_place()
        volume.on_index_change(file.object_id, index.span, index.page, 0)
        _resize(volume, file, size)
    else:
        index.set_size(size)
        if fresh:
            index.store_in_place()
            volume.on_index_change(file.object_id, 0, index.page, size)
        else:
            index.store_anew(file)


def _modify(volume: Volume, file: Descriptor, offset: int, data: bytes) -> None:
    geometry = volume.geometry
    volume.make_room(len(data) + geometry.data_length)
    span, start = divmod(offset, geometry.data_length)
    index: _Index | None = None
    written = 0
    failure: SpiffsError | None = None
    while written < len(data):
        index_span = geometry.index_span(span)
        if index is None or index.span != index_span:
            if index is not None:
                index.store_anew(file)
            index = _Index.load(volume, file, index_span, _index_page(volume, file, index_span))
        part = data[written : written + geometry.data_length - start]
        old_page = index.slot(span)
        if len(part) < geometry.data_length:
            volume.check_data(old_page, span)
            old = volume.read(old_page, PAGE_HEADER_LENGTH, geometry.data_length)
            content = old[:start] + part + old[start + len(part) :]
        else:
            content = part
        try:
            page = volume.allocate(PageHeader(file.object_id & ~INDEX_FLAG, span, lifetime_flags()), content)
            volume.check_page(old_page)
        except SpiffsError as error:
            failure = error
            break
        volume.delete(old_page)  # a page replaced whole is not looked at first
        index.set_slot(span, page)
        start = 0
        span += 1
        written += len(part)
    assert index is not None, "nothing to modify"
    index.store_anew(file)
    file.cursor_span, file.cursor_page = index.span, file.header_page if index.span == 0 else index.page
    if failure:
        raise failure


def _delete_contents(volume: Volume, file: Descriptor, *, remove: bool) -> None:
    """Delete from the end, and with ``remove`` the file itself. In a damaged file stop and store what is known."""
    geometry = volume.geometry
    left = file.length
    span = max(left - 1, 0) // geometry.data_length & _SPAN_MASK
    index: _Index | None = None
    while left:
        index_span = geometry.index_span(span)
        if index is None or index.span != index_span:
            if index is not None:
                _drop_index(volume, file, index.span, index.page)
                if not remove:
                    _resize(volume, file, left)
            page = file.header_page if index_span == 0 else volume.find(file.object_id, index_span)
            index = _Index.load(volume, file, index_span, page)
        page = index.slot(span)
        index.set_slot(span, FREE)
        try:
            _drop_data(volume, page, span)
        except SpiffsError:
            break
        left -= left % geometry.data_length or geometry.data_length
        file.size = left
        span = (span - 1) & _SPAN_MASK
    if index is not None and index.span:
        index.store_anew(file)
        file.cursor_span, file.cursor_page = index.span, index.page
        _resize(volume, file, left)
    elif remove and left == 0:
        _drop_index(volume, file, 0, file.header_page)
    else:
        assert index is not None, "a file without contents is not emptied"
        if left == 0:
            index.content[INDEX_HEADER_LENGTH:] = b"\xff" * (geometry.page_size - INDEX_HEADER_LENGTH)
        index.set_size(left or NO_SIZE)
        index.store_anew(file)
    file.size = left


def _drop_index(volume: Volume, file: Descriptor, span: int, page: int) -> None:
    require_index(volume.page_header(page), INDEX_FLAG, span)
    volume.delete(page)
    volume.on_index_change(file.object_id, span, None, 0)


def _drop_data(volume: Volume, page: int, span: int) -> None:
    try:
        volume.check_data(page, span)
    except SpiffsError as error:
        if error.result not in (Result.DELETED, Result.INDEX_REF_FREE):
            raise
    else:
        volume.delete(page)
