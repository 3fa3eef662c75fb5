"""The error families, divided by who caused the error.

======================== ============================================================ =========
family                   caused by                                                    exit code
======================== ============================================================ =========
`UsageError`             a command line, an option, a file that is not there          2
`DescriptionError`       a file that a person wrote (board, sdkconfig, scenario)      2
`FormatError`            bytes that are not what they should be (image, table, ...)   2
`SimulatorInternalError` us; never caught, ends the run                               (traceback)
======================== ============================================================ =========

What the *device* experiences (no station, connection refused, flash worn out) is none of these: it is an answer
to a Lua script and lives in `simulator.vm.exceptions`. Outcomes (nothing bootable, interrupted) are values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class LuaTwinError(Exception):
    """Something that a user can mend. ``str()`` is what the command line prints, in one to three lines."""

    exit_code = 2


class UsageError(LuaTwinError):
    """A command line, an option value or a missing file; the message names the value and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file that a person wrote. ``line`` and ``column`` count from 1; 0 means unknown."""

    path: Path | str
    line: int = 0
    column: int = 0
    message: str

    def __str__(self) -> str:
        place = str(self.path)
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return f"{place}: {self.message}"


class DescriptionError(LuaTwinError):
    """A file that a person wrote breaks its rules. Holds every problem found, so that one run reports them all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class FormatError(LuaTwinError):
    """Bytes that break their format. Each format has a subclass and an enum of reasons.

    ``offset`` is where in the given bytes it went wrong; ``esp_err`` is the code that ESP-IDF's own function returns
    for it (``esp_err.h`` of the pinned revision), so that the device can show what a real one shows.
    """

    def __init__(self, message: str, *, reason: Enum, offset: int = 0, esp_err: int = -1) -> None:
        super().__init__(message)
        self.reason = reason
        self.offset = offset
        self.esp_err = esp_err


class SimulatorInternalError(Exception):
    """A bug of ours. Deliberately no `LuaTwinError`: nothing catches it, and the traceback is wanted."""
