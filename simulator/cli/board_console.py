"""A board's console on this program's stdout."""

from __future__ import annotations

import sys


class BoardConsole:
    """Writes it byte for byte: on a terminal at once, else the first bytes, then by the buffer."""

    def __init__(self) -> None:
        self._file = sys.stdout.buffer
        self._flush_always = sys.stdout.isatty()
        self._flushed = False

    def write(self, data: bytes) -> None:
        """Write what the board has sent."""
        self._file.write(data)
        if self._flush_always or not self._flushed:
            self._flushed = True
            self._file.flush()

    def flush(self) -> None:
        """Let all of it be seen."""
        self._file.flush()
