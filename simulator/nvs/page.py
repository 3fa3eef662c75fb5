"""One page: finds, reads, writes and erases the items in it (``nvs_page.cpp``).

Every change is in flash when the call returns. Its small writes come in the one order that a power cut cannot harm:
an entry before its two bits in the table, an item's first entry before the others, and the bits of a range from the
last word of the table down, so that the first entry is the last to count as erased.

What is in RAM is what ESP-IDF has there: the table, two cursors, and for each item a 24-bit hash of namespace, key
and chunk number. Items are read from flash each time they are looked at, as on the device.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, insort
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from simulator.flash_view import FlashView
from simulator.formats.crc import rom_crc32
from simulator.formats.esp_err import EspErr, EspError
from simulator.formats.nvs import (
    ANY,
    DATA_BYTES_MAX,
    ENTRIES_OFFSET,
    ENTRY_BYTES,
    ENTRY_COUNT,
    HEADER_BYTES,
    NAME_LENGTH_MAX,
    PAGE_BYTES,
    STATES_BYTES,
    STATES_OFFSET,
    VARIABLE_TYPES,
    VERSION_2,
    EntryState,
    Item,
    ItemType,
    PageHeader,
    PageState,
    integer_from_bytes,
    key_hash,
)
from simulator.nvs.errors import NvsError, NvsFatalError

_BLANK_ENTRY: Final = b"\xff" * ENTRY_BYTES
_BLANK_PAGE: Final = b"\xff" * PAGE_BYTES
_STATES_PER_WORD: Final = 16
_LOADED: Final = frozenset({PageState.ACTIVE, PageState.FULL, PageState.FREEING})


@dataclass(frozen=True, slots=True)
class Query:
    """Which item is wanted. What is left at its default is not asked about.

    A key is a C string of which 15 bytes are compared: a longer one finds the item whose key is its beginning. Asking
    for namespace, type and key goes through the hashes, and there ``ANY`` as ``chunk`` means an item that is no chunk.
    """

    namespace: int = ANY
    type: int = ANY
    key: bytes | None = None
    chunk: int = ANY
    chunk_start: int = ANY
    """Only of an index: the number of the blob's first chunk."""

    @property
    def name(self) -> bytes | None:
        """The bytes of the key that are compared."""
        return None if self.key is None else self.key[:NAME_LENGTH_MAX]

    @property
    def hash(self) -> int | None:
        """The hash of the item, None if the query does not tell it."""
        if self.key is None or self.namespace == ANY or self.type == ANY:
            return None
        return key_hash(self.namespace, self.key[:NAME_LENGTH_MAX].ljust(16, b"\0"), self.chunk)

    def passes_over(self, item: Item) -> bool:
        """Return whether the search goes on behind ``item``. If not, it ends there: with it, or for its type."""
        if self.namespace not in (ANY, item.namespace) or (self.key is not None and self.name != item.name):
            return True
        if self.type == ItemType.BLOB_DATA and self.chunk not in (ANY, item.chunk):
            return True
        if self.type == ItemType.BLOB_INDEX and (item.chunk != ANY or self.chunk_start not in (ANY, item.chunk_start)):
            return True
        of_any_kind = self.key is None and self.namespace == ANY and self.chunk == ANY
        return of_any_kind and self.type not in (ANY, item.type)


class _StateTable:
    """The two-bit states of a page's entries, in the words in which flash has them."""

    __slots__ = ("words",)

    def __init__(self, data: bytes = b"\xff" * STATES_BYTES) -> None:
        self.words: list[int] = list(struct.unpack("<8I", data))

    def __getitem__(self, index: int) -> int:
        if index >= ENTRY_COUNT:
            raise NvsFatalError("an item reaches beyond its page")
        return self.words[index // _STATES_PER_WORD] >> index % _STATES_PER_WORD * 2 & 3

    def __setitem__(self, index: int, state: EntryState) -> None:
        word, shift = index // _STATES_PER_WORD, index % _STATES_PER_WORD * 2
        self.words[word] = self.words[word] & ~(3 << shift) | state << shift

    def first(self, state: EntryState, start: int, end: int) -> int | None:
        return next((index for index in range(start, end) if self[index] == state), None)


class Page:
    """The page in one sector of ``view``. Nothing is known of it before `load`."""

    __slots__ = (
        "_base",
        "_first_used",
        "_next_free",
        "_places",
        "_states",
        "_view",
        "sequence",
        "state",
        "used_entries",
        "version",
    )

    def __init__(self, view: FlashView, sector: int) -> None:
        self.state = PageState.INVALID
        self.sequence = 0
        self.version = VERSION_2
        self.used_entries = 0
        self._view = view
        self._base = sector * PAGE_BYTES
        self._states = _StateTable()
        self._next_free: int | None = None
        """Where the next item goes; None if unknown: the page is not active, or no entry of it was ever empty."""
        self._first_used: int | None = None
        self._places: dict[int, list[int]] = {}
        """By hash: the entries at which such items start, in order."""

    # -- from flash -----------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the page, and erase what an interrupted write has left. Raises if it is of a later version."""
        header = PageHeader.from_bytes(self._view.read(self._base, HEADER_BYTES))
        if header.state == PageState.UNINITIALIZED:
            blank = self._view.read(self._base, PAGE_BYTES) == _BLANK_PAGE
            self.state = PageState.UNINITIALIZED if blank else PageState.CORRUPT
            return
        self.state = PageState.CORRUPT
        if not header.is_crc_good:
            return
        if header.version < VERSION_2:
            raise NvsError(EspErr.ESP_ERR_NVS_NEW_VERSION_FOUND)
        self.sequence, self.version = header.sequence, header.version
        if header.state in _LOADED:
            self.state = PageState(header.state)
            with suppress(EspError):  # nobody asks whether it worked; the page is INVALID then
                self._load_items()

    def _load_items(self) -> None:
        self._states = states = _StateTable(self._view.read(self._base + STATES_OFFSET, STATES_BYTES))
        self._first_used = states.first(EntryState.WRITTEN, 0, ENTRY_COUNT)
        self.used_entries = sum(states[index] == EntryState.WRITTEN for index in range(ENTRY_COUNT))
        if self.state is PageState.ACTIVE:
            self._next_free = states.first(EntryState.EMPTY, 0, ENTRY_COUNT)
            self._skip_unfinished_entries()
            self._load_active()
        elif self._first_used is not None:
            self._load_closed(self._first_used)

    def _skip_unfinished_entries(self) -> None:
        """Erase entries that were written, at least in part, when the power failed before the table said so."""
        while self._next_free is not None and self._next_free < ENTRY_COUNT:
            index = self._next_free
            if self._view.read(self._address(index), 4) == _BLANK_ENTRY[:4]:
                return
            if self._states[index] == EntryState.WRITTEN:
                self.used_entries -= 1
            self._set_state(index, EntryState.ERASED)
            self._next_free += 1

    def _load_active(self) -> None:
        """Take in the items; erase the wrong, the incomplete, and of two with one hash the earlier."""
        last: tuple[int, Item] | None = None
        index, end = 0, self._end
        while index < end:
            if self._states[index] == EntryState.ERASED:
                last = None
                index += 1
                continue
            item = self._item(index)
            last = (index, item)
            if not item.is_crc_good:
                self._erase_at(index)
                index += 1
                continue
            self._remember(item.hash, index)
            span = 1
            if item.is_variable:
                span = item.span
                if span == 0:
                    raise NvsFatalError("an item has no length; it is remembered until the memory is full")
                if any(self._states[i] != EntryState.WRITTEN for i in range(index, index + span)):
                    self._erase_at(index)
                    last = None
                    index += span
                    continue
            earlier = self._places[item.hash][0]
            if earlier < index:
                self._erase_at(earlier)
            index += span
        if last is not None:
            index, item = last
            found = self.find(Query(item.namespace, item.type, item.name))
            if found is not None and found[0] < index:
                self._erase_at(found[0])

    def _load_closed(self, index: int) -> None:
        """Take in the items of a page that gets no more; erase the wrong and the incomplete."""
        while index < ENTRY_COUNT:
            if self._states[index] != EntryState.WRITTEN:
                index += 1
                continue
            item = self._item(index)
            if not item.is_crc_good:
                self._erase_at(index)
                index += 1
                continue
            if item.span == 0:
                raise NvsFatalError("an item has no length")
            self._remember(item.hash, index)
            if item.is_variable and any(
                self._states[i] != EntryState.WRITTEN for i in range(index + 1, index + item.span)
            ):
                self._erase_at(index)
            index += item.span

    # -- looking --------------------------------------------------------------------------------------------------

    def find(self, query: Query, start: int = 0) -> tuple[int, Item] | None:
        """Return the first item that fits, at entry ``start`` or later, and where it is.

        Erases wrong entries that it comes across. An item of another type under the wanted hash ends the search,
        which is why a key that has two types on one page cannot be read as the second.
        """
        if self.state not in _LOADED or self._first_used is None or start >= ENTRY_COUNT:
            return None
        index = max(start, self._first_used)
        hash_ = query.hash
        if hash_ is not None:
            places = self._places.get(hash_, ())
            position = bisect_left(places, index)
            if position == len(places):
                return None
            index = places[position]
        end = self._end
        while index < end:
            here = index
            index += 1
            if self._states[here] != EntryState.WRITTEN:
                continue
            item = self._item(here)
            if not item.is_crc_good:
                self._erase_at(here)
                continue
            if query.passes_over(item):
                if item.is_variable:
                    index = here + item.span
                if index == here:
                    raise NvsFatalError("an item has no length; the search never gets beyond it", hangs=True)
                continue
            return (here, item) if query.type in (ANY, item.type) else None
        return None

    def scan(self, query: Query) -> Iterator[Item]:
        """Return every item that fits, in order; the page may be changed meanwhile."""
        start = 0
        while (found := self.find(query, start)) is not None:
            yield found[1]
            start = found[0] + found[1].span
            if found[1].span == 0:
                raise NvsFatalError("an item has no length; the search finds it again and again", hangs=True)

    def read(self, query: Query, size: int) -> bytes | None:
        """Return the data of an item of at most ``size`` bytes, None if there is none or its CRC is wrong.

        An item with a wrong CRC is erased. Raises ``ESP_ERR_NVS_INVALID_LENGTH`` if it is longer.
        """
        if self.state is PageState.INVALID:
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_STATE)
        found = self.find(query)
        if found is None:
            return None
        index, item = found
        if not item.is_variable:
            return item.data
        if item.data_size > size:
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_LENGTH)
        data = self._data(index, item)
        if rom_crc32(data) != item.data_crc:
            self._erase_at(index)
            return None
        return data

    def entries(self) -> Iterator[tuple[Item, bytes | int | None]]:
        """Return every item with what it holds, without changing anything: its data, a number, or None if damaged."""
        if self.state not in _LOADED:
            return
        index = 0
        while index < self._end:
            if self._states[index] == EntryState.WRITTEN:
                item = self._item(index)
                if item.is_crc_good and index + item.span <= ENTRY_COUNT:
                    yield item, self._value(index, item)
                    index += max(item.span, 1)
                    continue
            index += 1

    # -- changing -------------------------------------------------------------------------------------------------

    def write(self, namespace: int, type_: ItemType, key: bytes, data: bytes, chunk: int = ANY) -> bool:
        """Append an item; returns False if the page has no room for it. A blank page gets its header first.

        Raises ``ESP_ERR_NVS_KEY_TOO_LONG`` or ``ESP_ERR_NVS_VALUE_TOO_LONG`` (more than 4000 bytes).
        """
        if self.state is PageState.INVALID:
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_STATE)
        if self.state is PageState.UNINITIALIZED:
            self._initialize()
        if self.state is PageState.FULL:
            return False
        if len(key) > NAME_LENGTH_MAX:
            raise NvsError(EspErr.ESP_ERR_NVS_KEY_TOO_LONG)
        if len(data) > DATA_BYTES_MAX:
            raise NvsError(EspErr.ESP_ERR_NVS_VALUE_TOO_LONG)
        variable = type_ in VARIABLE_TYPES
        if variable:
            item = Item.make_variable(namespace, type_, key, data, chunk=chunk)
        else:
            item = Item.make(namespace, type_, key, data, chunk=chunk)
        if self._next_free is None or self._next_free + item.span > ENTRY_COUNT:
            return False
        self._remember(item.hash, self._next_free)
        self._write_entry(item.to_bytes())
        if variable:
            whole = len(data) // ENTRY_BYTES * ENTRY_BYTES
            if whole:
                self._write_whole_entries(data[:whole])
            if whole < len(data):
                self._write_entry(data[whole:].ljust(ENTRY_BYTES, b"\xff"))
        return True

    def erase_item(self, query: Query) -> bool:
        """Mark the first item that fits as erased, all its entries; returns whether there was one."""
        found = self.find(query)
        if found is None:
            return False
        self._erase_at(found[0])
        return True

    def mark_full(self) -> None:
        """Let nothing more be written to an active page."""
        if self.state is not PageState.ACTIVE:
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_STATE)
        self._mark(PageState.FULL)

    def mark_freeing(self) -> None:
        """Note that the items are about to be moved."""
        if self.state not in (PageState.FULL, PageState.ACTIVE):
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_STATE)
        self._mark(PageState.FREEING)

    def copy_items(self, other: Page) -> None:
        """Append every item to ``other``."""
        if self._first_used is None:
            return
        index = self._first_used
        while index < ENTRY_COUNT:
            if self._states[index] != EntryState.WRITTEN:
                if index == self._first_used:
                    raise NvsFatalError("the first entry in use was not finished when the page was loaded")
                index += 1
                continue
            entry = self._entry(index)
            span = Item.from_bytes(entry).span
            other.append_copy(entry, starts_item=True)
            if index + span > ENTRY_COUNT:
                raise NvsFatalError("an item reaches beyond its page")
            for following in range(index + 1, index + span):
                other.append_copy(self._entry(following))
            index += span

    def append_copy(self, entry: bytes, *, starts_item: bool = False) -> None:
        """Append an entry that another page has."""
        if self.state is PageState.UNINITIALIZED:
            self._initialize()
        if starts_item and self._next_free is not None:
            self._remember(Item.from_bytes(entry).hash, self._next_free)
        self._write_entry(entry)

    def erase(self) -> None:
        """Make the page blank. Its version stays in RAM, and is written again when the page is used next."""
        try:
            self._view.erase(self._base, PAGE_BYTES)
        except EspError:
            self.state = PageState.INVALID
            raise
        self.state = PageState.UNINITIALIZED
        self.used_entries = 0
        self._first_used = self._next_free = None
        self._places.clear()

    @property
    def tailroom(self) -> int:
        """How many bytes of data an item could have that is written now."""
        if self.state is PageState.UNINITIALIZED:
            return DATA_BYTES_MAX
        if self.state is PageState.FULL or self._next_free is None:
            return 0
        return max(ENTRY_COUNT - self._next_free - 1, 0) * ENTRY_BYTES

    # -- inside ---------------------------------------------------------------------------------------------------

    @property
    def _end(self) -> int:
        """Behind the last entry that can be in use."""
        return ENTRY_COUNT if self._next_free is None else min(self._next_free, ENTRY_COUNT)

    def _address(self, index: int) -> int:
        if index >= ENTRY_COUNT:
            raise NvsFatalError("an item reaches beyond its page")
        return self._base + ENTRIES_OFFSET + index * ENTRY_BYTES

    def _entry(self, index: int) -> bytes:
        return self._view.read(self._address(index), ENTRY_BYTES)

    def _item(self, index: int) -> Item:
        return Item.from_bytes(self._entry(index))

    def _data(self, index: int, item: Item) -> bytes:
        data = b"".join(self._entry(i) for i in range(index + 1, index + item.span))
        return data[: item.data_size].ljust(item.data_size, b"\0")

    def _value(self, index: int, item: Item) -> bytes | int | None:
        if not item.is_variable:
            try:
                return integer_from_bytes(ItemType(item.type), item.data)
            except ValueError:
                return None
        data = self._data(index, item)
        return data if rom_crc32(data) == item.data_crc else None

    def _remember(self, hash_: int, index: int) -> None:
        insort(self._places.setdefault(hash_, []), index)

    def _forget(self, index: int) -> bool:
        for places in self._places.values():
            if index in places:
                places.remove(index)
                return True
        return False

    def _program(self, address: int, data: bytes) -> None:
        try:
            self._view.program(address, data)
        except EspError:
            self.state = PageState.INVALID
            raise

    def _initialize(self) -> None:
        self.state = PageState.ACTIVE
        self._program(self._base, PageHeader.make(self.state, self.sequence, self.version).to_bytes())
        self._next_free = 0
        self._states = _StateTable()

    def _mark(self, state: PageState) -> None:
        self._program(self._base, state.to_bytes(4, "little"))
        self.state = state

    def _write_entry(self, entry: bytes) -> None:
        index = ENTRY_COUNT if self._next_free is None else self._next_free
        self._program(self._address(index), entry)
        self._set_state(index, EntryState.WRITTEN)
        if self._first_used is None:
            self._first_used = index
        self.used_entries += 1
        self._next_free = index + 1

    def _write_whole_entries(self, data: bytes) -> None:
        assert self._next_free is not None
        count = len(data) // ENTRY_BYTES
        self._program(self._address(self._next_free), data)
        self._set_states(self._next_free, self._next_free + count, EntryState.WRITTEN)
        self.used_entries += count
        self._next_free += count

    def _set_state(self, index: int, state: EntryState) -> None:
        self._states[index] = state
        self._program(*self._state_word(index // _STATES_PER_WORD))

    def _set_states(self, begin: int, end: int, state: EntryState) -> None:
        """Set the states of a range, from its last word in the table down to its first."""
        for word in range((end - 1) // _STATES_PER_WORD, begin // _STATES_PER_WORD - 1, -1):
            first = word * _STATES_PER_WORD
            for index in range(max(begin, first), min(end, first + _STATES_PER_WORD)):
                self._states[index] = state
            self._view.program(*self._state_word(word))  # if it fails the page stays in use, unlike elsewhere

    def _state_word(self, word: int) -> tuple[int, bytes]:
        return self._base + STATES_OFFSET + word * 4, self._states.words[word].to_bytes(4, "little")

    def _erase_at(self, index: int) -> None:
        """Mark the item at ``index`` as erased, or only its first entry if that is wrong and cannot tell the span."""
        state = self._states[index]
        span = 1
        if state == EntryState.WRITTEN:
            item = self._item(index)
            if not item.is_crc_good:
                self._forget(index)
                self.used_entries -= 1
                self._set_state(index, EntryState.ERASED)
            else:
                if not self._forget(index):
                    raise NvsFatalError("an item was not seen when the page was loaded")
                span = item.span
                if span == 0:
                    raise NvsFatalError("an item has no length")
                written = sum(self._states[i] == EntryState.WRITTEN for i in range(index + span - 1, index - 1, -1))
                self.used_entries -= written
                if span == 1:
                    self._set_state(index, EntryState.ERASED)
                else:
                    self._set_states(index, index + span, EntryState.ERASED)
        elif state == EntryState.EMPTY:
            self._set_state(index, EntryState.ERASED)
        else:
            raise NvsFatalError("an entry that is not in use was to be erased")
        if index == self._first_used:
            self._first_used = self._states.first(EntryState.WRITTEN, index + span, self._end)
        if self._next_free is not None:
            self._next_free = max(self._next_free, index + span)
