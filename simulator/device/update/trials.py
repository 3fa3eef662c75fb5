"""How often a firmware was put on trial, noted in NVS, so that a bad one is refused in the end and a good one is not.

A trial that nobody confirmed has failed, but why it did cannot be seen: a firmware that crashes looks like a good one
whose board lost power before it came to confirm itself. So a firmware has `TRIALS_MAX` trials.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from simulator.device.update.slot_writer import NAMESPACE
from simulator.formats import EspError
from simulator.nvs import Nvs, NvsFatalError

TRIALS_MAX: Final = 3
_KEY: Final = "trials"


class Trials:
    """The trials of one firmware at a time. A board without NVS gives each only one."""

    def __init__(self, nvs: Nvs | None) -> None:
        self._nvs = nvs

    def are_over(self, commit: str) -> bool:
        """Return whether the firmware, which failed a trial, gets no other."""
        return self._nvs is None or self._count(commit) >= TRIALS_MAX

    def begin(self, commit: str) -> None:
        """Note, before it is selected, that a firmware is about to be put on trial."""
        if self._nvs is not None:
            with suppress(EspError), self._nvs.open(NAMESPACE) as handle:
                handle.set_str(_KEY, f"{self._count(commit) + 1} {commit}")

    def _count(self, commit: str) -> int:
        assert self._nvs is not None
        with suppress(EspError, NvsFatalError), self._nvs.open(NAMESPACE, read_only=True) as handle:
            count, _, noted = handle.get_str(_KEY).partition(" ")
            if noted == commit and count.isdecimal():
                return int(count)
        return 0
