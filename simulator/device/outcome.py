"""How a run of the app ends: values, not errors."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.boot.reset import ResetReason


@dataclass(frozen=True, slots=True)
class Restart:
    """The chip resets itself at once; ``panic`` is the text that goes to the UART first, untranslated."""

    reason: ResetReason = ResetReason.SW_CPU_RESET
    panic: bytes = b""


@dataclass(frozen=True, slots=True)
class DeepSleep:
    """The chip sleeps and starts again after ``duration_ns``."""

    duration_ns: int


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing more happens until somebody presses reset; ``why`` is for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """The interpreter starts again without a reset of the chip, because its main function was left by an error."""


Outcome = Restart | DeepSleep | Hang | Rerun
