"""Log lines of ESP-IDF: what they say, and the characters that stand for them on UART0."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class LogLevel(IntEnum):
    """``CONFIG_LOG_BOOTLOADER_LEVEL`` and ``CONFIG_LOG_DEFAULT_LEVEL``: lines up to this level are compiled in."""

    NONE = 0
    ERROR = 1
    WARN = 2
    INFO = 3
    DEBUG = 4
    VERBOSE = 5


_LETTERS: Final = {
    LogLevel.ERROR: "E",
    LogLevel.WARN: "W",
    LogLevel.INFO: "I",
    LogLevel.DEBUG: "D",
    LogLevel.VERBOSE: "V",
}
_COLOURS: Final = {LogLevel.ERROR: "\x1b[0;31m", LogLevel.WARN: "\x1b[0;33m", LogLevel.INFO: "\x1b[0;32m"}
_RESET_COLOUR: Final = "\x1b[0m"


class BootLine(NamedTuple):
    """One line of the log. As ``str`` it has neither colour nor time stamp: ``I boot: Defaulting to factory image``.

    A line of level NONE is printed past the log, by a function in ROM: at every log level, and the text alone.
    """

    level: LogLevel
    tag: str
    text: str

    def __str__(self) -> str:
        return f"{_LETTERS[self.level]} {self.tag}: {self.text}" if self.level else self.text


class BootLog:
    """Collects lines. Every method adds one and returns it, so that ``yield log.error(...)`` also shows it."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[BootLine] = []

    def error(self, tag: str, text: str) -> BootLine:
        """Add a line of level ERROR."""
        return self._add(BootLine(LogLevel.ERROR, tag, text))

    def warn(self, tag: str, text: str) -> BootLine:
        """Add a line of level WARN."""
        return self._add(BootLine(LogLevel.WARN, tag, text))

    def info(self, tag: str, text: str) -> BootLine:
        """Add a line of level INFO."""
        return self._add(BootLine(LogLevel.INFO, tag, text))

    def past(self, text: str) -> BootLine:
        """Add a line that a function in ROM prints past the log."""
        return self._add(BootLine(LogLevel.NONE, "", text))

    def _add(self, line: BootLine) -> BootLine:
        self.lines.append(line)
        return line


def render_line(line: BootLine, time_ms: int, *, colour: bool = True) -> str:
    """Return the line as it goes over the wire, with colour, time stamp and CR LF (``esp_log.h``)."""
    if line.level is LogLevel.NONE:
        return f"{line.text}\r\n"
    before = _COLOURS.get(line.level, "") if colour else ""
    after = _RESET_COLOUR if before else ""
    return f"{before}{_LETTERS[line.level]} ({time_ms}) {line.tag}: {line.text}{after}\r\n"
