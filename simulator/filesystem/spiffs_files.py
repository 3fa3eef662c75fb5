"""SPIFFS's file functions as the driver calls them: a table of five descriptors and small writes held in RAM.

Three habits of the original (``spiffs_hydrogen.c``, ``spiffs_cache.c``) show on the device and are kept:

* A write shorter than a page stays in RAM until another one does not fit beside it, or something else is done with
  the file. A power cut loses it, and a full flash is reported by whatever flushes it.
* The descriptor that `remove` borrows comes back only if the slot was used for an open file before. A board that
  deletes four files first thing after a reset can then open one file at a time.
* Removing a file does not drop the small write held for it. The next file that gets its object number receives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from simulator.filesystem import spiffs_objects as objects
from simulator.filesystem.interface import Whence
from simulator.filesystem.spiffs_layout import INDEX_FLAG, NAME_LENGTH, NO_SIZE, IndexHeader
from simulator.filesystem.spiffs_objects import Descriptor
from simulator.filesystem.spiffs_volume import Result, SpiffsError, Volume

_DESCRIPTORS: Final = 5  # components/sys/vfs/spiffs.c
_HELD_WRITES_MAX: Final = 3  # four cache pages fit in the driver's 1280 bytes; the page read last always keeps one
_HIT_SCORE: Final = 4
_SCORE_MAX: Final = 0xFFFF


@dataclass(slots=True)
class _HeldWrite:
    """A small write that is not on flash yet."""

    offset: int
    data: bytearray

    @property
    def end(self) -> int:
        return self.offset + len(self.data)

    def accepts(self, offset: int, length: int, limit: int) -> bool:
        return self.offset <= offset <= self.end and offset + length <= self.offset + limit

    def put(self, offset: int, data: bytes) -> None:
        start = offset - self.offset
        self.data[start : start + len(data)] = data


class Files:
    """The file functions of a mounted volume. Files are known by descriptor numbers, 1 to 5. Raises `SpiffsError`."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._slots = [Descriptor() for _ in range(_DESCRIPTORS)]
        self._held: dict[int, _HeldWrite] = {}  # by object number
        volume.on_index_change = self._follow_index

    def open(
        self, name: bytes, *, readable: bool = False, writable: bool = False, create: bool = False, empty: bool = False
    ) -> int:
        """Return the number of a descriptor for the file of that name."""
        _check_name(name)
        file = self._borrow(name)
        try:
            try:
                page = self._volume.find_name(name)
            except SpiffsError:
                if not create:
                    raise
                page = objects.create(self._volume, self._volume.unused_object_id(), name)
                empty = False
            file.point_at(self._volume, page)
            file.readable, file.writable = readable, writable
            if empty:
                objects.empty(self._volume, file)
        except SpiffsError:
            file.number = 0
            raise
        return file.number

    def close(self, number: int) -> None:
        """Flush and give the descriptor back. If flushing fails the descriptor stays taken."""
        self.flush(number)
        self._get(number).number = 0

    def flush(self, number: int) -> None:
        """Write the small write held for the file, if any."""
        file = self._get(number)
        held = self._held.get(file.object_id)
        if held is not None:
            self._write_held(file, held)

    def position(self, number: int) -> int:
        """Return where the next read or write is."""
        return self._get(number).position

    def size(self, number: int) -> int:
        """Flush as well as possible and return the file's length on flash."""
        self._flush_quietly(number)
        return self._volume.index_header(self._get(number).header_page).file_size

    def read(self, number: int, length: int) -> bytes:
        """Return up to ``length`` bytes."""
        file = self._get(number)
        if not file.readable:
            raise SpiffsError(Result.NOT_READABLE)
        if file.size == NO_SIZE:
            return b""
        self._flush_quietly(number)
        length = min(length, file.size - file.position)
        if length <= 0:
            return b""
        data = objects.read(self._volume, file, file.position, length)
        file.position += length
        return data

    def write(self, number: int, data: bytes) -> None:
        """Write at the position, or hold the write back if it is small."""
        file = self._get(number)
        if not file.writable:
            raise SpiffsError(Result.NOT_WRITABLE)
        if not data:
            return
        page_size = self._volume.geometry.page_size
        held = self._held.get(file.object_id)
        small = len(data) < page_size
        if held is not None and not (small and held.accepts(file.position, len(data), page_size)):
            self._write_held(file, held)
            held = None
        if small and held is None and len(self._held) < _HELD_WRITES_MAX:
            held = self._held[file.object_id] = _HeldWrite(file.position, bytearray())
        if held is not None:
            held.put(file.position, data)
        else:
            objects.write(self._volume, file, file.position, data)
        file.position += len(data)

    def seek(self, number: int, offset: int, whence: Whence) -> int:
        """Move the position. Past the end it stops at the end and END_OF_OBJECT is raised.

        The original also looks up the index page of the new position. That fails with NOT_FOUND for a negative
        position, and at the end of a file whose last index page is just full.
        """
        file = self._get(number)
        self._flush_quietly(number)
        if whence is Whence.CURRENT:
            offset += file.position
        elif whence is Whence.END:
            offset += file.length
        if offset > file.length:
            file.position = file.length
            raise SpiffsError(Result.END_OF_OBJECT)
        if offset < 0:
            raise SpiffsError(Result.NOT_FOUND)
        span = self._volume.geometry.index_span(offset // self._volume.geometry.data_length)
        if file.cursor_span != span:
            file.cursor_page = self._volume.find(file.object_id, span)
            file.cursor_span = span
        file.position = offset
        return offset

    def remove(self, name: bytes) -> None:
        """Delete the file of that name."""
        _check_name(name)
        file = self._borrow(None)
        try:
            file.point_at(self._volume, self._volume.find_name(name))
            objects.remove(self._volume, file)
        except SpiffsError:
            file.number = 0
            raise

    def rename(self, old: bytes, new: bytes) -> None:
        """Give a file another name that no file has yet."""
        _check_name(old)
        _check_name(new)
        page = self._volume.find_name(old)
        if self.exists(new):
            raise SpiffsError(Result.CONFLICTING_NAME)
        file = self._borrow(None)
        try:
            file.point_at(self._volume, page)
            file.header_page = self._volume.update_index_header(page, file.object_id, name=new)
            self._rehash(old, new)
        finally:
            file.number = 0

    def exists(self, name: bytes) -> bool:
        """Say whether there is a file of that name."""
        _check_name(name)
        try:
            self._volume.find_name(name)
        except SpiffsError:
            return False
        return True

    def list(self) -> Iterator[IndexHeader]:
        """Yield the index headers of all files in page order."""
        return self._volume.files()

    def close_all(self) -> None:
        """Flush what is open, as well as possible."""
        for file in self._slots:
            if file.number:
                self._flush_quietly(file.number)
                file.number = 0

    # ---- the descriptor table ------------------------------------------------------------------------------------

    def _get(self, number: int) -> Descriptor:
        file = self._slots[number - 1]
        if not file.number:
            raise SpiffsError(Result.FILE_CLOSED)
        return file

    def _borrow(self, name: bytes | None) -> Descriptor:
        """Take a free slot: the one that had this name before, else the one with the lowest score."""
        name_hash = 0 if name is None else _hash(name)
        free = [file for file in self._slots if not file.number]
        if not free:
            raise SpiffsError(Result.OUT_OF_FILE_DESCRIPTORS)
        if name is None:
            chosen = min(free, key=lambda file: file.score)
        else:
            for file in free:
                file.score = max(file.score - 1, min(file.score, 1))
            known = next((file for file in free if file.name_hash == name_hash), None)
            chosen = known or min(free, key=lambda file: file.score)
            if known and known.score:
                self._volume.start_search_at(known.header_page)
                known.score = min(known.score + _HIT_SCORE, _SCORE_MAX)
            else:
                chosen.score = _HIT_SCORE
                chosen.name_hash = name_hash
        chosen.number = self._slots.index(chosen) + 1
        return chosen

    def _rehash(self, old: bytes, new: bytes) -> None:
        for file in self._slots:
            if file.score and file.name_hash == _hash(old):
                file.name_hash = _hash(new)

    def _follow_index(self, object_id: int, span: int, page: int | None, size: int) -> None:
        """Keep descriptors pointing at index pages that moved; close a deleted file's, but not in slots never used."""
        for file in self._slots:
            if not file.score or (file.object_id ^ object_id) & ~INDEX_FLAG:
                continue
            if span == 0:
                if page is None:
                    file.number = 0
                    file.object_id = 0
                else:
                    file.header_page = page
                    file.size = size or file.size
            if file.cursor_span == span:
                file.cursor_page = page or 0

    # ---- held writes ---------------------------------------------------------------------------------------------

    def _write_held(self, file: Descriptor, held: _HeldWrite) -> None:
        try:
            objects.write(self._volume, file, held.offset, bytes(held.data))
        finally:
            self._held = {key: value for key, value in self._held.items() if value is not held}

    def _flush_quietly(self, number: int) -> None:
        with suppress(SpiffsError):  # as the original; the write is lost
            self.flush(number)


def _check_name(name: bytes) -> None:
    if len(name) >= NAME_LENGTH:
        raise SpiffsError(Result.NAME_TOO_LONG)


def _hash(name: bytes) -> int:
    """Return the djb2 hash of a file name, in 32 bits."""
    value = 5381
    for byte in name:
        value = (value * 33 ^ byte) & 0xFFFF_FFFF
    return value
