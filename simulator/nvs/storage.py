"""Namespaces, values and blobs over the pages of a partition (``nvs_storage.cpp``).

A new value is written before the old one is erased, so that a power cut leaves one of them. A blob is written as
chunks that fill the rest of a page each, then the index that makes them count; then the old index and the old chunks
are erased. Nothing but the order of these writes marks a value as complete.

The habits of the pinned revision that can be seen from outside are kept. A value equal to the stored one is written
again. Erasing a key erases the first item under it, which of a blob is one chunk; reading the blob then finds the
chunk missing, and only that erases the rest. A blob that does not fit erases the chunks it has written by counting
from 0, whatever they were numbered from, and so takes chunks of the old value with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from simulator.flash_view import FlashView
from simulator.formats.esp_err import EspErr, EspError
from simulator.formats.nvs import (
    ANY,
    BLOB_VERSIONS,
    DATA_BYTES_MAX,
    ENTRY_BYTES,
    NAME_LENGTH_MAX,
    Item,
    ItemType,
    PageState,
    integer_from_bytes,
)
from simulator.nvs.errors import NvsError, NvsFatalError
from simulator.nvs.page import Page, Query
from simulator.nvs.pages import Pages

_NAMESPACES: Final = 0
_FIRST_CHUNK_BYTES_MIN: Final = DATA_BYTES_MAX // 10
_CHUNKS_MAX: Final = (ANY - 1) // 2


@contextmanager
def _erasing_replaced() -> Iterator[None]:
    """Tell by a code of its own that the flash failed when the new value was already written."""
    try:
        yield
    except EspError as error:
        if error.code == EspErr.ESP_ERR_FLASH_OP_FAIL:
            raise NvsError(EspErr.ESP_ERR_NVS_REMOVE_FAILED) from error
        raise


class Found(NamedTuple):
    """Where an item was found."""

    page: Page
    item: Item


class Storage:
    """The values of a partition. Loading it repairs what a power cut has left."""

    def __init__(self, view: FlashView) -> None:
        self.pages = Pages(view)
        self.commit = view.commit
        self.namespaces: list[tuple[bytes, int]] = [
            (item.name, integer_from_bytes(ItemType.U8, item.data))
            for page in self.pages.in_use
            for item in page.scan(Query(_NAMESPACES, ItemType.U8))
        ]
        self._erase_orphan_chunks()

    def _erase_orphan_chunks(self) -> None:
        """Erase the chunks that no index names: the blob was not finished, or not completely erased."""
        indices = [item for page in self.pages.in_use for item in page.scan(Query(type=ItemType.BLOB_INDEX))]
        named = {
            (index.namespace, index.name, index.chunk_start + number)
            for index in indices
            for number in range(index.chunk_count)
        }
        for page in self.pages.in_use:
            for chunk in page.scan(Query(type=ItemType.BLOB_DATA)):
                if (chunk.namespace, chunk.name, chunk.chunk) not in named:
                    page.erase_item(Query(chunk.namespace, chunk.type, chunk.name, chunk.chunk))

    # -- namespaces -----------------------------------------------------------------------------------------------

    def namespace(self, name: bytes) -> int | None:
        """Return the index of a namespace, None if there is none of that name. 15 bytes are compared."""
        return next((index for known, index in self.namespaces if known == name[:NAME_LENGTH_MAX]), None)

    def create_namespace(self, name: bytes) -> int:
        """Give a new namespace the lowest free index, and return it."""
        used = {index for _, index in self.namespaces}
        index = next((index for index in range(1, ANY) if index not in used), None)
        if index is None:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE)
        self.write(_NAMESPACES, ItemType.U8, name, bytes((index,)))
        self.namespaces.append((name, index))
        return index

    # -- values ---------------------------------------------------------------------------------------------------

    def find(self, query: Query) -> Found | None:
        """Return the first item that fits, in the order of the pages."""
        for page in self.pages.in_use:
            found = page.find(query)
            if found is not None:
                return Found(page, found[1])
        return None

    def size(self, namespace: int, type_: ItemType, key: bytes) -> int | None:
        """Return the size of a text or, if ``type_`` is BLOB, of a blob; None if there is none."""
        found = self.find(Query(namespace, type_, key))
        if found is not None:
            return found.item.data_size
        if type_ == ItemType.BLOB:
            found = self.find(Query(namespace, ItemType.BLOB_INDEX, key))
        return None if found is None else found.item.blob_size

    def read(self, namespace: int, type_: ItemType, key: bytes, size: int) -> bytes | None:
        """Return the data of a value, None if there is none or it is damaged; then it is erased.

        ``size`` is what `size` told; of integers it does not matter.
        """
        query = Query(namespace, type_, key)
        if type_ == ItemType.BLOB:
            blob = self._read_chunks(namespace, key, size)
            if blob is not None:
                return blob
        found = self.find(query)
        return None if found is None else found.page.read(query, size)

    def write(self, namespace: int, type_: ItemType, key: bytes, data: bytes) -> None:
        """Store an integer or a text, then erase the value of the same type that it replaces."""
        query = Query(namespace, type_, key)
        old = self.find(query)
        pages = self.pages
        if not pages.current.write(namespace, type_, key, data):
            self._request_page()
            if not pages.current.write(namespace, type_, key, data):
                raise NvsError(EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE)
        if old is not None:
            self._erase_replaced(old.page, query)

    def write_blob(self, namespace: int, key: bytes, data: bytes) -> None:
        """Store a blob, then erase the one that it replaces."""
        old = self.find(Query(namespace, ItemType.BLOB_INDEX, key))
        first, second = BLOB_VERSIONS
        start = first
        if old is not None:
            if old.item.chunk_start not in BLOB_VERSIONS:
                raise NvsFatalError("the chunks of a blob start from an unknown number")
            start = second if old.item.chunk_start == first else first
        self._write_chunks(namespace, key, data, start)
        if old is not None:
            with _erasing_replaced():
                if not self._erase_blob(namespace, key, old.item.chunk_start):
                    raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)
            return
        whole = Query(namespace, ItemType.BLOB, key)
        of_version_1 = self.find(whole)
        if of_version_1 is not None:
            self._erase_replaced(of_version_1.page, whole)

    def erase(self, namespace: int, key: bytes) -> bool:
        """Erase the first item under a key, whatever its type; returns whether there was one."""
        query = Query(namespace, key=key)
        found = self.find(query)
        return found is not None and found.page.erase_item(query)

    def erase_namespace(self, namespace: int) -> None:
        """Erase every item of a namespace. The namespace itself stays."""
        for page in self.pages.in_use:
            while page.erase_item(Query(namespace)):
                pass

    def used_entries(self, namespace: int) -> int:
        """Return how many entries the items of a namespace have."""
        return sum(item.span for page in self.pages.in_use for item in page.scan(Query(namespace)))

    def entries(self) -> Iterator[tuple[Item, bytes | int | None]]:
        """Return every item with its value, in the order of the pages, without changing anything."""
        for page in self.pages.in_use:
            yield from page.entries()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _request_page(self) -> None:
        """Go on with another page."""
        if self.pages.current.state is not PageState.FULL:
            self.pages.current.mark_full()
        self.pages.request()

    def _erase_replaced(self, page: Page, query: Query) -> None:
        """Erase an old value that was on ``page`` before the new one was written."""
        if page.state in (PageState.UNINITIALIZED, PageState.INVALID):  # it was moved meanwhile
            found = self.find(query)
            if found is None:
                raise NvsFatalError("a value is gone after garbage was collected")
            page = found.page
        with _erasing_replaced():
            if not page.erase_item(query):
                raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)

    def _write_chunks(self, namespace: int, key: bytes, data: bytes, start: int) -> None:
        pages = self.pages
        if len(data) > min(pages.count - 1, _CHUNKS_MAX) * DATA_BYTES_MAX:
            raise NvsError(EspErr.ESP_ERR_NVS_VALUE_TOO_LONG)
        room = pages.current.tailroom
        while room < min(len(data), _FIRST_CHUNK_BYTES_MIN):
            self._request_page()
            if pages.current.tailroom == room:
                raise NvsError(EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE)
            room = pages.current.tailroom
        written: list[Page] = []
        try:
            offset = 0
            while True:
                page = pages.current
                room = page.tailroom
                if room == 0:
                    raise NvsError(EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE)
                chunk = data[offset : offset + room]
                if not page.write(namespace, ItemType.BLOB_DATA, key, chunk, start + len(written)):
                    raise NvsFatalError("a page has less room than it said")
                written.append(page)
                offset += len(chunk)
                if offset < len(data) or room - len(chunk) < ENTRY_BYTES:
                    self._request_page()
                if offset == len(data):
                    break
            index = Item.make_blob_index(namespace, key, len(data), len(written), start)
            if not pages.current.write(namespace, ItemType.BLOB_INDEX, key, index.data):
                raise NvsFatalError("a page has less room than it said")
        except EspError:
            for number, page in enumerate(written):
                with suppress(EspError):
                    page.erase_item(Query(namespace, ItemType.BLOB_DATA, key, number))
            raise

    def _read_chunks(self, namespace: int, key: bytes, size: int) -> bytes | None:
        """Return a blob of version 2, None if there is none or a chunk is missing or damaged."""
        found = self.find(Query(namespace, ItemType.BLOB_INDEX, key))
        if found is None:
            return None
        index = found.item
        if index.blob_size != size:
            raise NvsFatalError("a key has blobs of both versions")
        data = bytearray()
        for number in range(index.chunk_start, index.chunk_start + index.chunk_count):
            query = Query(namespace, ItemType.BLOB_DATA, key, number & 0xFF)
            chunk = self.find(query)
            if chunk is None:
                self._erase_blob(namespace, key)
                return None
            read = chunk.page.read(query, chunk.item.data_size)
            if read is None:
                return None
            if chunk.item.chunk != number:
                raise NvsFatalError("the chunks of a blob have more numbers than there are")
            data += read
        if len(data) != size:
            raise NvsFatalError("the chunks of a blob have another size than its index says")
        return bytes(data)

    def _erase_blob(self, namespace: int, key: bytes, start: int = ANY) -> bool:
        """Erase the index first, then the chunks that are there; returns whether there was an index."""
        query = Query(namespace, ItemType.BLOB_INDEX, key, chunk_start=start)
        found = self.find(query)
        if found is None or not found.page.erase_item(query):
            return False
        index = found.item
        for number in range(index.chunk_start, index.chunk_start + index.chunk_count):
            query = Query(namespace, ItemType.BLOB_DATA, key, number & 0xFF)
            chunk = self.find(query)
            if chunk is not None:
                chunk.page.erase_item(query)
        return True
