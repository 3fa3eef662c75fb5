"""Deep sleep: what the chip waits for, by what is on its pins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio

from simulator.device.outcome import DeepSleep, Wakeup, WakeupCause
from simulator.hardware import SUPPLY_MV, Bench, Strength, Watcher, Wire, pull_of
from simulator.units import NS_PER_S
from simulator.wifi.timed import earliest


async def sleep_deeply(sleep: DeepSleep, bench: Bench, now_ns: Callable[[], int]) -> Wakeup:
    """Sleep until something wakes the chip, and return what. With nothing to wake it that is never."""
    changed = trio.lowlevel.ParkingLot()

    def look() -> None:
        changed.unpark_all()

    end_ns = None if sleep.duration_ns is None else now_ns() + sleep.duration_ns
    with _kept(sleep, bench), _watched(bench, look):
        while True:
            time_ns = now_ns()
            bench.advance(time_ns)
            wakeup = _cause(sleep, bench, time_ns, is_time=end_ns is not None and time_ns >= end_ns)
            if wakeup is not None:
                return wakeup
            due_ns = earliest((bench.deadline_ns, end_ns))
            timeout_ns = math.inf if due_ns is None else due_ns - time_ns
            with trio.move_on_after(timeout_ns / NS_PER_S):
                await changed.park()


def _cause(sleep: DeepSleep, bench: Bench, now_ns: int, *, is_time: bool) -> Wakeup | None:
    """Return what wakes the chip now; of several the first that ``esp_sleep_get_wakeup_cause`` looks for."""
    if sleep.ext0 is not None:
        gpio, level = sleep.ext0
        if bench.wire(gpio).level(now_ns) == level:
            return Wakeup(WakeupCause.EXT0)
    if sleep.ext1 is not None:
        pins, any_high = sleep.ext1
        high = {gpio for gpio in pins if bench.wire(gpio).level(now_ns)}
        waking = high if any_high else pins if not high else set()
        if waking:
            return Wakeup(WakeupCause.EXT1, sum(1 << gpio for gpio in waking))
    if is_time:
        return Wakeup(WakeupCause.TIMER)
    if sleep.touch is not None and any(map(int.__lt__, bench.counts_of_pads(), sleep.touch)):
        return Wakeup(WakeupCause.TOUCHPAD)
    return None


@contextmanager
def _kept(sleep: DeepSleep, bench: Bench) -> Iterator[None]:
    """Keep pulls on."""
    for gpio, level in sleep.pulls.items():
        wire = bench.wire(gpio)
        wire.drive(pull_of(gpio), SUPPLY_MV * level, bench.now_ns(), strength=Strength.PULL)
    try:
        yield
    finally:
        for gpio in sleep.pulls:
            bench.wire(gpio).drive(pull_of(gpio), None, bench.now_ns())


class _Alarm(Watcher):
    """Calls somebody when a level on any wire has changed."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring

    def level_changed(self, wire: Wire, level: int, at_ns: int) -> None:
        self._ring()


@contextmanager
def _watched(bench: Bench, look: Callable[[], None]) -> Iterator[None]:
    """Have somebody look whenever something around the chip changes, or will earlier than it seemed."""

    def touched(at_ns: int) -> None:
        del at_ns
        look()

    end_watch = bench.watch(_Alarm(look))
    bench.on_touch.append(touched)
    bench.on_deadline = look
    try:
        yield
    finally:
        bench.on_deadline = lambda: None
        bench.on_touch.remove(touched)
        end_watch()
