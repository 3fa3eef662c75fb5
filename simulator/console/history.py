r"""The prompt's history: one file that grows by ``\n`` + line, walked by file offset.

The firmware keeps it only where a FAT or RAM file system is mounted, so on most boards nothing is stored and the
arrow keys just redraw the line (``components/sys/sys/history.c``, ``components/sys/sys/mount.c``). Where the file is
and what happens when the disk is full is the business of the store.
"""

from __future__ import annotations

from typing import Final, Protocol

LINE_BYTES_MAX: Final = 255
"""Bytes of a line: the buffer is ``LUA_MAXINPUT`` (256) with its terminator."""

NOT_IN_HISTORY: Final = -1
"""The index of a line that was not taken from the history."""


class HistoryStore(Protocol):
    """The history file."""

    def read(self) -> bytes | None:
        """Return the content, ``b""`` for a new file, None if no FAT or RAM file system is mounted."""

    def append(self, data: bytes) -> None:
        """Add to the end. Does nothing if there is no file system for it."""

    def clear(self) -> None:
        """Remove the file."""


class History:
    """What the line editor may ask of the history. ``enabled`` is the flag behind ``os.history``."""

    __slots__ = ("_store", "enabled")

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self.enabled = True

    def add(self, line: bytes) -> None:
        """Store an accepted line, duplicates included."""
        if self.enabled:
            self._store.append(b"\n")
            self._store.append(line)

    def clear(self) -> None:
        """Forget everything."""
        self._store.clear()

    def older(self, index: int, current: bytes) -> tuple[int, bytes] | None:
        """Return index and text of the entry before ``index``; None if there is none (the line stays as it is)."""
        content = self._store.read()
        if content is None:
            return None
        end = len(content) if index == NOT_IN_HISTORY else index
        if end == 0:
            return None
        start = content.rfind(b"\n", 0, end)
        return (0, b"") if start < 0 else (start, _entry(content, start, current))

    def newer(self, index: int, current: bytes) -> tuple[int, bytes] | None:
        """Return index and text of the entry after ``index``; past the newest one the line is empty."""
        content = self._store.read()
        if content is None:
            return None
        start = -1 if index == NOT_IN_HISTORY else content.find(b"\n", index + 1)
        return (NOT_IN_HISTORY, b"") if start < 0 else (start, _entry(content, start, current))


def _entry(content: bytes, start: int, current: bytes) -> bytes:
    """Return the entry whose LF is at ``start``. At the very end nothing can be read and ``current`` stays."""
    if start + 1 == len(content):
        return current.rstrip(b"\r\n")
    end = content.find(b"\n", start + 1)
    entry = content[start + 1 : len(content) if end < 0 else end]
    return entry[:LINE_BYTES_MAX].partition(b"\0")[0].rstrip(b"\r\n")
