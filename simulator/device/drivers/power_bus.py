"""The power bus: a pin that feeds the peripherals while anybody needs it (``components/sys/drivers/power_bus.c``)."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from simulator.units import NS_PER_MS

if TYPE_CHECKING:
    from simulator.device.drivers.shared import Shared

_STABLE_NS: Final = 100 * NS_PER_MS
"""CONFIG_LUA_RTOS_POWER_BUS_DELAY."""


class PowerBus:
    """The pin of one run of the chip. Boards without one are always powered."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._gpio = shared.board.pins.power_bus
        self._users = 0
        self._on_since_ns = 0

    def on(self) -> Generator[int, None, None]:
        """Somebody needs it: switch it on and wait until it is stable, if it is not on."""
        if self._gpio is None:
            return
        self._users += 1
        if self._users == 1:
            self._on_since_ns = self._shared.now_ns()
            self._shared.gpio.set_latch(self._gpio, 1)
            yield _STABLE_NS

    def off(self) -> None:
        """Somebody needs it no more."""
        if self._gpio is None or not self._users:
            return
        self._users -= 1
        if not self._users:
            self._shared.gpio.set_latch(self._gpio, 0)

    def on_for_ns(self) -> float:
        """Return how long it has been on."""
        return math.inf if self._gpio is None else self._shared.now_ns() - self._on_since_ns
