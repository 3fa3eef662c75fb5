"""A bench with a clock that a test sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.descriptions import describe_part
from simulator.events import Event, EventLog
from simulator.hardware import Bench
from simulator.hardware.gpio import Gpio
from simulator.hardware.parts import Part
from simulator.units import NS_PER_MS


class Table:
    """A bench, the chip's pins on it, a clock, and the events."""

    def __init__(self, *parts: Mapping[str, Any]) -> None:
        self.now_ns = 0
        self.events: list[Event] = []
        log = EventLog(lambda: self.now_ns)
        log.subscribe(self.events.append)
        self.bench = Bench(now_ns=lambda: self.now_ns, events=log)
        self.gpio = Gpio(self.bench)
        for part in parts:
            self.bench.attach(describe_part(part).make())

    def __getitem__(self, name: str) -> Part:
        return self.bench.part(name)

    def wait_ms(self, duration_ms: float) -> None:
        self.now_ns += round(duration_ms * NS_PER_MS)
        self.bench.advance(self.now_ns)

    def level(self, gpio: int) -> int:
        return self.bench.wire(gpio).level(self.now_ns)

    def output(self, gpio: int, level: int) -> None:
        self.gpio.set_latch(gpio, level)
        self.gpio.configure(gpio, output=True)
