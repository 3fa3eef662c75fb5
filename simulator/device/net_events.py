"""FreeRTOS's event group: bits that stay until somebody who waits for them takes them.

Source: ``components/freertos/event_groups.c`` (ESP-IDF cc9b06d4), for waiters that want *any* of their bits and clear
them on leaving, which is how Lua RTOS waits everywhere. What a waiter gets are all bits that were set at that moment;
what is cleared are the bits it waited for. Bits that were set before anybody waited are stale but count all the same.
"""

from __future__ import annotations

import trio

from simulator.wifi import NetEvent


class _Waiter:
    __slots__ = ("event", "mask", "seen")

    def __init__(self, mask: NetEvent) -> None:
        self.mask = mask
        self.seen = NetEvent.NONE
        self.event = trio.Event()


class EventGroup:
    """The group of one board."""

    def __init__(self) -> None:
        self._bits = NetEvent.NONE
        self._waiters: list[_Waiter] = []

    @property
    def bits(self) -> NetEvent:
        """The bits that are set."""
        return self._bits

    def set(self, bits: NetEvent) -> None:
        """``xEventGroupSetBits``: wake everybody who waits for one of ``bits``, then clear what they waited for."""
        self._bits |= bits
        taken = NetEvent.NONE
        for waiter in [waiter for waiter in self._waiters if waiter.mask & self._bits]:
            self._waiters.remove(waiter)
            waiter.seen = self._bits
            waiter.event.set()
            taken |= waiter.mask
        self._bits &= ~taken

    async def wait(self, mask: NetEvent, timeout_s: float | None = None) -> NetEvent:
        """``xEventGroupWaitBits``: return the bits that woke it, or when ``timeout_s`` is over those that are set."""
        if self._bits & mask:
            seen = self._bits
            self._bits &= ~mask
            await trio.lowlevel.checkpoint()
            return seen
        waiter = _Waiter(mask)
        self._waiters.append(waiter)
        try:
            with trio.move_on_after(float("inf") if timeout_s is None else timeout_s):
                await waiter.event.wait()
                return waiter.seen
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return self._bits
