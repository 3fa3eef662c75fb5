"""How the models of this room take part in time without having a clock.

A model is told the time with every call that needs it. It says when it next wants to be called, and then does what is
due until then, each thing as of the moment when it was due. Whoever drives it sleeps in between; if anything else
happens to the model, its deadline may have moved and has to be asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Timed(Protocol):
    """A model that does things by itself. Times are nanoseconds on one and the same scale."""

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do if nothing else happens before; None if never."""

    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""


def earliest(times_ns: Iterable[int | None]) -> int | None:
    """Return the earliest of ``times_ns``, of which None means never."""
    return min((time_ns for time_ns in times_ns if time_ns is not None), default=None)
