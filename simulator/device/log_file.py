"""The log's file on a memory card (``openlog`` and ``closelog`` of ``components/sys/unix/syslog.c``)."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from simulator.console import Log
from simulator.device.mounts import Mounts
from simulator.filesystem import FileSystemError, OpenFile

_FOLDER: Final = "/log"
_NAME: Final = "/log/messages.log"


class LogFile:
    """``/log/messages.log`` of the card, as long as the log is open that it was opened with.

    Messages are handed to the driver at once, but their file has its new length only when it is closed.
    """

    def __init__(self, mounts: Mounts, log: Log) -> None:
        self._mounts = mounts
        self._log = log
        self._file: OpenFile | None = None

    @property
    def path(self) -> str | None:
        """Where it is, None if no card is mounted."""
        mounted = self._mounts.path_of("fat")
        return None if mounted is None else mounted.rstrip("/") + _NAME

    def reopen(self) -> None:
        """Close it, and open it if a card is mounted now."""
        with suppress(FileSystemError):
            if self._file is not None:
                self._file.close()
        self._file = self._log.file = None
        path = self.path
        if path is None:
            return
        file_system, inner = self._mounts.locate(path)
        with suppress(FileSystemError):
            if not file_system.exists(_FOLDER):
                file_system.mkdir(_FOLDER)
            self._file = file_system.open(inner, "a+")
            self._log.file = self._write

    def _write(self, text: bytes) -> None:
        assert self._file is not None
        with suppress(FileSystemError):  # nobody looks
            self._file.write(text)
