"""How a run of the app ends: values, not errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from simulator.boot.reset import ResetReason


@dataclass(frozen=True, slots=True)
class Restart:
    """The chip restarts. ``panic`` is what it prints before, as it goes over the wire.

    ``forgets``: what a panic before has left is cleared.
    """

    reason: ResetReason = ResetReason.SW_CPU_RESET
    panic: bytes = b""
    forgets: bool = False


class WakeupCause(IntEnum):
    """What ended a deep sleep (``esp_sleep_wakeup_cause_t``)."""

    UNDEFINED = 0
    EXT0 = 2
    EXT1 = 3
    TIMER = 4
    TOUCHPAD = 5
    ULP = 6


class Wakeup(NamedTuple):
    """How a deep sleep ended; ``ext1_mask`` has the bits of the pins that did it."""

    cause: WakeupCause = WakeupCause.UNDEFINED
    ext1_mask: int = 0


NO_WAKEUP: Final = Wakeup()


@dataclass(frozen=True, slots=True)
class DeepSleep:
    """The chip sleeps and starts again after ``duration_ns``, or when one of the other things happens.

    ``ext0`` is a pin and the level that wakes, ``ext1`` pins and whether any that is high wakes, or else all that are
    low; ``touch`` are the counts of the pads below which a touch wakes. What is None does not wake. ``pulls`` are the
    pull-ups (1) and pull-downs (0) that stay on meanwhile, by the pin.
    """

    duration_ns: int | None = None
    ext0: tuple[int, int] | None = None
    ext1: tuple[frozenset[int], bool] | None = None
    touch: tuple[int, ...] | None = None
    pulls: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing more happens until somebody presses reset; ``why`` is for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """The interpreter starts again without a reset of the chip, because its main function was left by an error."""


Outcome = Restart | DeepSleep | Hang | Rerun
