"""A text of lines that end with LF, and what was changed in it."""

from __future__ import annotations

from dataclasses import dataclass

TAB_COLUMNS = 8


@dataclass(slots=True)
class _Change:
    """At ``at`` the text ``erased`` was replaced by ``inserted``."""

    at: int
    erased: bytes
    inserted: bytes


class Text:
    """The bytes, with undo and redo. ``is_dirty`` is whether they were changed since they were saved."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.is_dirty = False
        self._changes: list[_Change] = []
        self._done = 0
        """How many of the changes have not been undone."""

    def __len__(self) -> int:
        return len(self.data)

    # -- changing -------------------------------------------------------------------------------------------------

    def replace(self, at: int, length: int, new: bytes) -> None:
        """Replace so many bytes; what is typed or deleted one after the other is one change."""
        del self._changes[self._done :]
        old = bytes(self.data[at : at + length])
        last = self._changes[-1] if self._changes else None
        if last and not old and len(new) == 1 and not last.erased and at == last.at + len(last.inserted):
            last.inserted += new
        elif last and len(old) == 1 and not new and not last.inserted and at in (last.at, last.at - 1):
            last.erased = last.erased + old if at == last.at else old + last.erased
            last.at = at
        else:
            self._changes.append(_Change(at, old, new))
        self._done = len(self._changes)
        self.data[at : at + length] = new
        self.is_dirty = True

    @property
    def last_change(self) -> int | None:
        """Where the change is that `undo` would take back; None if there is none."""
        return self._changes[self._done - 1].at if self._done else None

    def undo(self) -> None:
        """Take the last change back."""
        self._done -= 1
        change = self._changes[self._done]
        self.data[change.at : change.at + len(change.inserted)] = change.erased
        self.is_dirty = self._done > 0

    def redo(self) -> int | None:
        """Make the change again that was taken back last, and return where; None if there is none."""
        if self._done == len(self._changes):
            return None
        change = self._changes[self._done]
        self._done += 1
        self.data[change.at : change.at + len(change.erased)] = change.inserted
        self.is_dirty = True
        return change.at

    def saved(self) -> None:
        """Take note that it was saved; nothing from before can be taken back."""
        self.is_dirty = False
        self._changes.clear()
        self._done = 0

    # -- lines ----------------------------------------------------------------------------------------------------

    def line_start(self, position: int) -> int:
        """Return where the line of a position begins."""
        return self.data.rfind(b"\n", 0, position) + 1

    def next_line(self, position: int) -> int | None:
        """Return where the next line begins; None in the last."""
        end = self.data.find(b"\n", position)
        return None if end < 0 else end + 1

    def previous_line(self, position: int) -> int | None:
        """Return where the line before begins; None in the first."""
        start = self.line_start(position)
        return None if start == 0 else self.line_start(start - 1)

    def line_length(self, start: int) -> int:
        """Return the length of the line at ``start`` without its end, CR LF or LF."""
        ends = (end for end in (self.data.find(b"\n", start), self.data.find(b"\r", start)) if end >= 0)
        return min(ends, default=len(self.data)) - start

    def line_number(self, position: int) -> int:
        """Return the number of the line of a position, from 0."""
        return self.data.count(b"\n", 0, position)

    def line_at(self, number: int) -> int | None:
        """Return where the line of a number begins; None if there are not so many."""
        start: int | None = 0
        for _ in range(number):
            if start is None:
                return None
            start = self.next_line(start)
        return start

    def column(self, start: int, position: int) -> int:
        """Return the screen column of a position in the line at ``start``, its tabs expanded."""
        column = 0
        for byte in self.data[start:position]:
            column += TAB_COLUMNS - column % TAB_COLUMNS if byte == 0x09 else 1
        return column
