"""The remote control peripheral, as far as drivers share it: who has which channel (``components/sys/drivers/rmt.c``).

Of the eight channels the driver hands out seven. A channel belongs to a pin, and locks it.
"""

from __future__ import annotations

from typing import Final

from simulator.hardware import GPIOS, Locks, Unit

_CHANNELS: Final = 7


class Rmt:
    """The channels of one run of the chip."""

    def __init__(self) -> None:
        self._pins: dict[int, int] = {}

    def take(self, locks: Locks, gpio: int) -> int | None:
        """Return the channel of a pin, a free one if it has none; None if there is none for it.

        Raises `LockedError` if somebody else has the pin. Drivers then do without the channel.
        """
        if gpio not in GPIOS:
            return None
        for channel, pin in self._pins.items():
            if pin == gpio:
                return channel
        channel = next((number for number in range(_CHANNELS) if number not in self._pins), _CHANNELS)
        if channel == _CHANNELS:
            return None
        locks.take_gpio(Unit("rmt", channel), gpio)
        self._pins[channel] = gpio
        return channel

    def release(self, locks: Locks, channel: int) -> None:
        """Give a channel back."""
        gpio = self._pins.pop(channel, None)
        if gpio is not None:
            locks.release_gpio(gpio)
