"""`net.ping`: one run of Lua RTOS's ping utility, packet by packet.

Source: ``components/sys/lwip/ping.c`` (Lua RTOS 6b455df4). A run is iterated: each step sends a packet and gives the
reply or the timeout, which the caller prints; the pause follows every packet, the last one too, so it lies between
the caller's printing and the next step. `Ping.interrupt` is what SIGINT does: no further packet.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Final

import trio

from simulator.network import NetworkInterface, PingNotPermittedError
from simulator.vm.exceptions import DriverError

COUNT: Final = 10
INTERVAL_S: Final = 1
SIZE_BYTES: Final = 32
TIMEOUT_S: Final = 1
"""What 0 stands for."""

_HEADER_BYTES: Final = 28
_RECEIVED_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class PingReply:
    """An answer: bytes received with the IP header, cut to the receive buffer; time as measured."""

    size_bytes: int
    address: str
    sequence: int
    time_ms: float


@dataclass(frozen=True, slots=True)
class PingTimeout:
    """No answer in time."""

    sequence: int


@dataclass(frozen=True, slots=True)
class PingSummary:
    """The figures at the end; the times are 0 if nothing was received. ``loss_percent`` of nothing sent is NaN."""

    transmitted: int
    received: int
    loss_percent: float
    min_ms: float
    avg_ms: float
    max_ms: float
    stddev_ms: float


class Ping:
    """A run: ``address`` is where the packets go, ``size_bytes`` the data in each. 0 stands for the default values.

    Made by `NetDriver.ping`. Iterate it once: ``async for outcome in run``.
    """

    def __init__(
        self, interface: NetworkInterface, address: str, *, count: int, interval_s: int, size_bytes: int, timeout_s: int
    ) -> None:
        self._interface = interface
        self._count = count or COUNT
        self._interval_s = interval_s or INTERVAL_S
        self._timeout_s = timeout_s or TIMEOUT_S
        self._sequence = 0
        self._interrupted = False
        self._times_ms: list[float] = []
        self.address: Final = address
        self.size_bytes: Final = size_bytes or SIZE_BYTES

    def interrupt(self) -> None:
        """Send no further packet; the pause that is under way is kept to the end."""
        self._interrupted = True

    def __aiter__(self) -> Ping:
        return self

    async def __anext__(self) -> PingReply | PingTimeout:
        if self._sequence:
            await trio.sleep(self._interval_s)
        if self._interrupted or self._sequence >= self._count:
            raise StopAsyncIteration
        self._sequence += 1
        trip_s = await self._send()
        if trip_s is None:
            return PingTimeout(self._sequence)
        time_ms = round(trip_s * 1e6) / 1000  # it reads a clock of microseconds
        self._times_ms.append(time_ms)
        size_bytes = min(_HEADER_BYTES + self.size_bytes, _RECEIVED_BYTES_MAX)
        return PingReply(size_bytes, self.address, self._sequence, time_ms)

    async def _send(self) -> float | None:
        """Return the round trip in seconds; without a link the packet goes nowhere, and the wait is the same.

        Raises `DriverError` CannotCreateSocket where the host of the simulation does not let us ping.
        """
        if not self._interface.is_up:
            await trio.sleep(self._timeout_s)
            return None
        try:
            return await self._interface.ping(self.address, self.size_bytes, self._timeout_s)
        except PingNotPermittedError as error:
            raise DriverError("net", "CannotCreateSocket", str(error)) from error

    def summary(self) -> PingSummary:
        """Return the figures of the run so far; the deviation is that of the population."""
        times_ms = self._times_ms
        sent, received = self._sequence, len(times_ms)
        loss_percent = (sent - received) / sent * 100 if sent else nan
        if not received:
            return PingSummary(sent, 0, loss_percent, 0.0, 0.0, 0.0, 0.0)
        mean = sum(times_ms) / received
        deviation = sqrt(sum((time - mean) ** 2 for time in times_ms) / received)
        return PingSummary(sent, received, loss_percent, min(times_ms), mean, max(times_ms), deviation)
