"""One fault as a user asks for it: ``NAME[@WHEN][+TIME]``, such as ``truncate-clean@50%`` or ``ap-down@8s+20s``.

``WHEN`` is a simulated time (``3s``), a share of the download (``50%``), a byte of it (``byte:1000`` or ``byte:64K``),
or the number of a flash operation (``flash-op:1742``); if the power goes then, also what becomes of that operation
(``flash-op:1742:torn:0.5``, see `simulator.flash.cut`). ``TIME`` is how long a fault lasts; without it, for good, or
as long as is usual.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from simulator.errors import UsageError
from simulator.faults.catalogue import FAULTS, FaultKind, Layer
from simulator.flash.cut import Cut, parse_cut
from simulator.units import format_duration, parse_duration, parse_size, write_duration

_SHAPE: Final = re.compile(r"(?P<name>[^@+]+)(@(?P<when>[^+]+))?(\+(?P<duration>.+))?", re.DOTALL)
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%")
_NUMBER: Final = re.compile(r"\d{1,9}")
_FLASH_OP: Final = "flash-op"
RESET: Final = "reset"
"""The fault of the power that leaves the flash chip its power."""


@dataclass(frozen=True, slots=True)
class Always:
    """From the beginning."""

    @property
    def text(self) -> str:
        """What stands behind the ``@`` when a user writes it; nothing means that there is no ``@`` either."""
        return ""

    def __str__(self) -> str:
        return "from the beginning"


@dataclass(frozen=True, slots=True)
class AtTime:
    """After so many simulated nanoseconds."""

    time_ns: int

    @property
    def text(self) -> str:
        """What stands behind the ``@`` when a user writes it."""
        return write_duration(self.time_ns)

    def __str__(self) -> str:
        return f"at {format_duration(self.time_ns)}"


@dataclass(frozen=True, slots=True)
class AtShare:
    """When so much of the image has been sent, 0 to 1."""

    share: float

    def offset(self, size_bytes: int) -> int:
        """Return the first byte that is not sent as it should be."""
        return min(int(self.share * size_bytes), max(size_bytes - 1, 0))

    @property
    def text(self) -> str:
        """What stands behind the ``@`` when a user writes it."""
        return f"{self.share * 100:.6f}".rstrip("0").rstrip(".") + "%"

    def __str__(self) -> str:
        return f"at {self.share * 100:g} % of the download"


@dataclass(frozen=True, slots=True)
class AtByte:
    """When so many bytes of the image have been sent."""

    byte: int

    def offset(self, size_bytes: int) -> int:
        """Return the first byte that is not sent as it should be."""
        return min(self.byte, max(size_bytes - 1, 0))

    @property
    def text(self) -> str:
        """What stands behind the ``@`` when a user writes it."""
        return f"byte:{self.byte}"

    def __str__(self) -> str:
        return f"at byte {self.byte} of the download"


@dataclass(frozen=True, slots=True)
class AtFlashOp:
    """At the flash operation with this number, counted from 0: after it, or with it if flash is what goes wrong."""

    number: int

    @property
    def text(self) -> str:
        """What stands behind the ``@`` when a user writes it."""
        return f"{_FLASH_OP}:{self.number}"

    def __str__(self) -> str:
        return f"at flash operation {self.number}"


@dataclass(frozen=True, slots=True)
class AtCut:
    """When the power goes at a flash operation."""

    cut: Cut

    @property
    def text(self) -> str:
        """What stands behind the ``@`` when a user writes it."""
        return f"{_FLASH_OP}:{self.cut}"

    def __str__(self) -> str:
        return f"at flash operation {self.cut}"


Position: TypeAlias = AtShare | AtByte
Moment: TypeAlias = Always | AtTime | AtFlashOp | AtCut | Position


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, when it begins, and for how many nanoseconds it lasts (None: for good)."""

    kind: FaultKind
    when: Moment
    duration_ns: int | None = None

    @property
    def name(self) -> str:
        """The name of its kind."""
        return self.kind.name

    @property
    def text(self) -> str:
        """The fault as a user writes it, of which `parse_fault` makes an equal one."""
        when = f"@{self.when.text}" if self.when.text else ""
        lasts = "" if self.duration_ns is None else f"+{write_duration(self.duration_ns)}"
        return f"{self.name}{when}{lasts}"

    def __str__(self) -> str:
        lasts = "" if self.duration_ns is None else f", for {format_duration(self.duration_ns)}"
        return f"{self.name} {self.when}{lasts}"


def parse_fault(text: str) -> Fault:
    """Return the fault that ``text`` asks for. Raises `UsageError` that says what is allowed."""
    match = _SHAPE.fullmatch(text.strip())
    kind = FAULTS.get(match["name"].strip()) if match else None
    if match is None or kind is None:
        near = difflib.get_close_matches(text.partition("@")[0], FAULTS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"--fault {text!r}: there is no such fault{hint} 'luatwin faults' lists them")
    when = _when(text, kind, match["when"] or kind.when)
    if match["duration"] is not None and not kind.lasts:
        raise UsageError(f"--fault {text!r}: {kind.name} strikes once, it does not last")
    duration = match["duration"] or kind.duration
    return Fault(kind, when, parse_duration(duration) if duration else None)


def power_cut(cut: Cut) -> Fault:
    """Return the fault that is this power cut, after which power comes back as soon as it usually does."""
    kind = FAULTS["power-cut"]
    return Fault(kind, AtCut(cut), parse_duration(kind.duration))


def _when(text: str, kind: FaultKind, when: str) -> Moment:
    if not when:
        return Always()
    share = _SHARE.fullmatch(when)
    if share:
        if float(share[1]) > 100:
            raise UsageError(f"--fault {text!r}: {when} of the download is more than there is")
        return AtShare(float(share[1]) / 100)
    word, colon, number = when.partition(":")
    if colon and word == "byte":
        return AtByte(parse_size(number))
    if colon and word == _FLASH_OP and kind.layer is Layer.POWER:
        try:
            cut = parse_cut(number)
        except UsageError as error:
            raise UsageError(f"--fault {text!r}: {error}") from error
        if kind.name == RESET and cut.phase == "torn":
            raise UsageError(f"--fault {text!r}: a flash chip with power does what it has begun; write before or after")
        return AtCut(cut)
    if colon and word == _FLASH_OP and _NUMBER.fullmatch(number):
        return AtFlashOp(int(number))
    try:
        return AtTime(parse_duration(when))
    except UsageError as error:
        raise UsageError(
            f"--fault {text!r}: {when!r} is no moment; write a time such as 3s, a share of the download such as 50%, "
            "byte:64K or flash-op:1742"
        ) from error


def describe(kind: FaultKind) -> str:
    """Return when a fault begins of which nobody says when."""
    return str(_when(kind.name, kind, kind.when))
