"""What the RTC keeps while the rest of the chip is off or starts anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from simulator.boot.reset import ResetReason
from simulator.device.calls.system import DeviceClock
from simulator.device.outcome import NO_WAKEUP, Wakeup
from simulator.device.panic import Frame
from simulator.units import KIB

SLOW_MEMORY: Final = 0x50000000
"""Where slow RTC memory is (ESP32 technical reference manual, system structure)."""
SLOW_MEMORY_BYTES: Final = 8 * KIB


@dataclass(slots=True)
class RtcMemory:
    """The clock and the coprocessor's memory run on through every reset but a power-on, the rest through deep sleep."""

    clock: DeviceClock = field(default_factory=DeviceClock)
    ulp: bytearray = field(default_factory=lambda: bytearray(SLOW_MEMORY_BYTES))
    """All of slow memory as the coprocessor's program sees it. What the firmware itself has there is not in it."""
    boot_count: int = 0
    stack: list[tuple[str, Any]] = field(default_factory=list)
    """What scripts have pushed with ``rtc.mem``: kind and value."""
    variables: dict[str, Any] = field(default_factory=dict)
    """What drivers keep there (``RTC_DATA_ATTR``)."""
    wakeup: Wakeup = NO_WAKEUP
    """How the last deep sleep ended."""
    backtrace: tuple[Frame, ...] = ()
    """What the last panic printed: not here, but in RAM that no start clears (``__NOINIT_ATTR``)."""

    def start(self, reason: ResetReason) -> None:
        """The app starts: what its image has in RTC memory is loaded again, except after deep sleep."""
        if reason is not ResetReason.DEEPSLEEP_RESET:
            self.stack.clear()
            self.variables.clear()
            self.wakeup = NO_WAKEUP
            self.boot_count = 0
        else:
            self.backtrace = ()  # that RAM had no power
        self.boot_count += 1
