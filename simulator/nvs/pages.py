"""The pages of a partition: which are in use, which are free, and garbage collection (``nvs_pagemanager.cpp``).

Pages in use are ordered by sequence number; the last one is written to, the others are only searched. One page always
stays free, because garbage is collected by copying what is still good in a page to a free one, and erasing the page.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from simulator.flash_view import FlashView
from simulator.formats.esp_err import EspErr
from simulator.formats.nvs import ENTRY_COUNT, PAGE_BYTES, ItemType, PageState
from simulator.nvs.errors import NvsError, NvsFatalError
from simulator.nvs.page import Page, Query


class Pages:
    """All pages of a partition, loaded, with the traces of a power cut removed."""

    def __init__(self, view: FlashView) -> None:
        self.count = view.size_bytes // PAGE_BYTES
        self.in_use: list[Page] = []
        self._free: deque[Page] = deque()
        self._next_sequence = 0
        for sector in range(self.count):
            page = Page(view, sector)
            page.load()
            if page.state in (PageState.UNINITIALIZED, PageState.CORRUPT, PageState.INVALID):
                self._free.append(page)
            else:
                position = bisect_right(self.in_use, page.sequence, key=lambda other: other.sequence)
                self.in_use.insert(position, page)
        if not self.in_use:
            self._activate()
            return
        self._next_sequence = (self.current.sequence + 1) & 0xFFFFFFFF
        self._remove_older_value()
        self._finish_freeing()
        if not self._free:
            raise NvsError(EspErr.ESP_ERR_NVS_NO_FREE_PAGES)

    @property
    def current(self) -> Page:
        """The page that is written to."""
        return self.in_use[-1]

    def request(self) -> None:
        """Make another page the current one, collecting garbage if only one is free.

        Raises ``ESP_ERR_NVS_NOT_ENOUGH_SPACE`` if there is no garbage.
        """
        if not self._free:
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_STATE)
        if len(self._free) >= 2:
            self._activate()
            return
        # Unsigned, as there: a damaged page can count more entries than it has.
        most_garbage = max(self.in_use, key=lambda page: (ENTRY_COUNT - page.used_entries) & 0xFFFFFFFF)
        used = most_garbage.used_entries
        if used == ENTRY_COUNT:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE)
        self._activate()
        most_garbage.mark_freeing()
        self._move(most_garbage)
        if self.current.used_entries != used:
            raise NvsFatalError("not all entries of a page were moved")

    def _activate(self) -> None:
        """Take the first free page into use. Its header is written with its first item."""
        if not self._free:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_ENOUGH_SPACE)
        page = self._free[0]
        if page.state is PageState.CORRUPT:
            page.erase()
        self.in_use.append(self._free.popleft())
        if page.state is PageState.UNINITIALIZED:
            page.sequence = self._next_sequence
        self._next_sequence = (self._next_sequence + 1) & 0xFFFFFFFF

    def _move(self, page: Page) -> None:
        """Copy the items of ``page`` to the current page, and make it a free one."""
        page.copy_items(self.current)
        page.erase()
        self._set_free(page)

    def _set_free(self, page: Page) -> None:
        self.in_use.remove(page)
        self._free.append(page)

    def _remove_older_value(self) -> None:
        """Erase what the last item of the newest page replaces: the power may have failed before that was done."""
        *older, newest = self.in_use
        items = list(newest.scan(Query()))
        if not items:
            return
        last = items[-1]
        same = Query(last.namespace, last.type, last.name, last.chunk)
        if self._erase_first(older, same) or last.type != ItemType.BLOB_INDEX:
            return
        self._erase_first(older, Query(last.namespace, ItemType.BLOB, last.name, last.chunk))

    def _erase_first(self, pages: list[Page], query: Query) -> bool:
        return any(page.state is not PageState.FREEING and page.erase_item(query) for page in pages)

    def _finish_freeing(self) -> None:
        """Move the items of a page again whose garbage was being collected. What was copied already is given up."""
        freeing = next((page for page in self.in_use if page.state is PageState.FREEING), None)
        if freeing is None:
            return
        if self.current.state is PageState.ACTIVE:
            self.current.erase()
            self._set_free(self.current)
        self._activate()
        self._move(freeing)
