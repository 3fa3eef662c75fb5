"""The LED controller, which makes PWM: four timers and eight channels of the high-speed group.

Two facts of it show in scripts: a timer only takes frequencies that its divider can make at the wanted resolution, and
channels on the same timer share its frequency and its pauses (ESP-IDF, ``driver/ledc.c``).
"""

from __future__ import annotations

from typing import Final

from simulator.hardware.bench import Bench
from simulator.hardware.gpio import Gpio
from simulator.hardware.wire import Wave
from simulator.units import NS_PER_S

CHANNELS: Final = 8
TIMERS: Final = 4

_APB_HZ: Final = 80_000_000
_REF_TICK_HZ: Final = 1_000_000
_DIVIDER_MIN: Final = 1 << 8  # eight of its bits are a fraction
_DIVIDER_MAX: Final = 0x3FFFF


class _Timer:
    __slots__ = ("bits", "clock_hz", "divider", "is_paused", "started_ns")

    def __init__(self) -> None:
        self.bits = 0
        self.clock_hz = 0
        self.divider = 0
        self.is_paused = True
        self.started_ns = 0

    @property
    def period_ns(self) -> int:
        return round((self.divider << self.bits) * NS_PER_S / (self.clock_hz * 256)) if self.divider else 0


class _Channel:
    __slots__ = ("duty", "gpio", "timer")

    def __init__(self) -> None:
        self.duty = 0
        self.timer = 0
        self.gpio: int | None = None
        """The pin that it is connected to, while it is."""


class Ledc:
    """The controller of one run of the chip."""

    def __init__(self, bench: Bench, gpio: Gpio) -> None:
        self._bench = bench
        self._gpio = gpio
        self._timers = [_Timer() for _ in range(TIMERS)]
        self._channels = [_Channel() for _ in range(CHANNELS)]

    def set_timer(self, number: int, *, frequency_hz: int, bits: int) -> bool:
        """Let a timer run with a frequency and a resolution; return whether its divider can do that."""
        for clock_hz in (_APB_HZ, _REF_TICK_HZ):
            divider = (clock_hz << 8) // frequency_hz >> bits
            if divider < _DIVIDER_MIN:
                return False
            if divider <= _DIVIDER_MAX:
                timer = self._timers[number]
                timer.clock_hz, timer.divider, timer.bits = clock_hz, divider, bits
                timer.is_paused = False
                timer.started_ns = self._bench.now_ns()
                self._refresh(number)
                return True
        return False

    def frequency_hz(self, number: int) -> int:
        """Return the frequency of a timer, without its fraction."""
        timer = self._timers[number]
        return (timer.clock_hz << 8) // (timer.divider << timer.bits) if timer.divider else 0

    def pause(self, number: int) -> None:
        """Stop a timer: its channels stay as they are."""
        self._timers[number].is_paused = True
        self._refresh(number)

    def resume(self, number: int) -> None:
        """Let a timer run on."""
        timer = self._timers[number]
        if timer.is_paused:
            timer.is_paused = False
            timer.started_ns = self._bench.now_ns()
        self._refresh(number)

    def set_channel(self, number: int, *, timer: int, duty: int) -> None:
        """Choose timer and duty of a channel."""
        if number < CHANNELS:
            channel = self._channels[number]
            channel.timer, channel.duty = timer, duty
            self._show(channel)

    def duty(self, number: int) -> int:
        """Return the duty of a channel, in steps of its timer's resolution."""
        return self._channels[number].duty if number < CHANNELS else 0

    def set_duty(self, number: int, duty: int) -> None:
        """Choose the duty."""
        if number < CHANNELS:
            self._channels[number].duty = duty
            self._show(self._channels[number])

    def connect(self, number: int, gpio: int) -> None:
        """Give a pin to a channel. Those from 8 on do not exist in hardware: their pins stay low."""
        self._gpio.route(gpio, output=True)
        if number < CHANNELS:
            self._channels[number].gpio = gpio
            self._show(self._channels[number])
        else:
            self._gpio.drive(gpio, 0)

    def disconnect(self, number: int) -> None:
        """Take the pin away from a channel."""
        if number < CHANNELS:
            channel = self._channels[number]
            if channel.gpio is not None:
                self._gpio.play(channel.gpio, None)
                channel.gpio = None

    def _refresh(self, timer: int) -> None:
        for channel in self._channels:
            if channel.timer == timer:
                self._show(channel)

    def _show(self, channel: _Channel) -> None:
        if channel.gpio is None:
            return
        timer = self._timers[channel.timer]
        period_ns = timer.period_ns
        if not period_ns:
            return
        high_ns = min(period_ns, round(period_ns * channel.duty / (1 << timer.bits)))
        wave = Wave(timer.started_ns, period_ns, high_ns)
        if timer.is_paused or high_ns in (0, period_ns):
            level = wave.level(self._bench.now_ns())
            self._gpio.play(channel.gpio, None)
            self._gpio.drive(channel.gpio, level)
        else:
            self._gpio.play(channel.gpio, wave)
