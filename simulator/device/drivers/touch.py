"""touch: touch pads (``components/lua/modules/hw/touch.c``, ESP-IDF ``driver/rtc_module.c``).

Counts are filtered unless a script wants them raw, so a touch is seen in full some tenths of a second later only. The
filter runs by a timer; here it catches up when somebody looks.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.hardware.bench import TOUCH_PADS
from simulator.units import NS_PER_MS, NS_PER_US

PADS: Final = len(TOUCH_PADS)
_MEASURE_NS: Final = 0x7FFF * NS_PER_US // 8
"""A measurement of a pad: TOUCH_PAD_MEASURE_CYCLE_DEFAULT at 8 MHz."""

_NONE: Final = (0,) * PADS
_FRACTION_BITS: Final = 4
_FACTOR: Final = 4


class TouchDriver(Driver):
    """The pads, all or none."""

    name: ClassVar[str] = "touch"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._is_started = False
        self._is_filtered = True
        """What the last who said anything about it wanted."""
        self._thresholds = _NONE
        self._raw = _NONE
        self._filtered = _NONE
        self._period_ns = 0
        """Of the filter; 0 until it is first started."""
        self._filter_due_ns = 0
        self.shared.bench.on_touch.append(self._touched)

    def close(self) -> None:
        """The chip is reset."""
        self.shared.bench.on_touch.remove(self._touched)

    @property
    def wake_thresholds(self) -> tuple[int, ...]:
        """Return the counts below which a pad wakes the chip from deep sleep; 0 where nothing does."""
        return self._thresholds if self._is_started else _NONE

    def _touched(self, at_ns: int) -> None:
        """A count has changed: filter what there was before."""
        self._filter(at_ns)
        self._raw = self.shared.bench.counts_of_pads()

    def _filter(self, now_ns: int) -> None:
        """Let the timer of the filter have fired as often as it is due."""
        while self._period_ns and self._filter_due_ns <= now_ns:
            before = self._filtered
            self._filtered = tuple(
                ((raw << _FRACTION_BITS) + (_FACTOR - 1) * last) // _FACTOR
                for raw, last in zip(self._raw, before, strict=True)
            )
            self._filter_due_ns += self._period_ns
            if self._filtered == before:  # and so it stays
                missed = max(0, now_ns - self._filter_due_ns + self._period_ns) // self._period_ns
                self._filter_due_ns += missed * self._period_ns

    @call("touch.init")
    def _init(self, is_filtered: bool | None, period_ms: int) -> None:
        for gpio in TOUCH_PADS:  # whoever has them
            self.shared.gpio.configure(gpio, output=False)
        if is_filtered is not None:
            self._is_filtered = is_filtered
        self._is_started = True
        self._thresholds = _NONE
        self._raw = self.shared.bench.counts_of_pads()
        if self._is_filtered:
            self.shared.pay(PADS * _MEASURE_NS)
            if not self._period_ns:
                self._period_ns = max(1, period_ms) * NS_PER_MS
                self._filter_due_ns = self.shared.now_ns() + self._period_ns
                self._filtered = tuple(raw << _FRACTION_BITS for raw in self._raw)

    @call("touch.read")
    def _read(self) -> tuple[Any, ...]:
        """Return the counts. Before ``init`` they are 0; on the device they can be anything."""
        self.shared.pay()
        if not self._is_started:
            return _NONE
        if not self._is_filtered:
            return self._raw
        self._filter(self.shared.now_ns())
        half = 1 << (_FRACTION_BITS - 1)
        return tuple((count + half) >> _FRACTION_BITS for count in self._filtered)

    @call("touch.wakethreshold")
    def _wakethreshold(self, *counts: int) -> None:
        self.shared.pay()
        given = tuple(count & 0xFFFF for count in counts)
        self._thresholds = given + self._thresholds[len(given) :]
