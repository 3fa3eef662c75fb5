"""What the firmware's own servers have in common: a task that accepts connections, and a port that is never given back.

Stopping such a server ends the task when it next looks, and leaves the socket: who connects then waits for the next
start. So a server that is started again with another port still listens on its first one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf

import trio

from simulator.device.drivers.shared import Network

Stream = trio.abc.HalfCloseableStream


class Acceptor:
    """One server. ``serve`` is called with each connection and keeps the next one waiting until it returns.

    ``look_s`` is how often the task looks whether it is to stop, and ``ended`` is called when it has.
    """

    def __init__(
        self,
        network: Network,
        serve: Callable[[Stream], Awaitable[None]],
        *,
        look_s: float,
        ended: Callable[[], None],
    ) -> None:
        self._network = network
        self._serve = serve
        self._look_s = look_s
        self._ended = ended
        self._listener: trio.abc.Listener[Stream] | None = None
        self._wait = trio.CancelScope()
        self._waits_since = 0.0
        self._stops = False
        self.rests = trio.Event()
        """Set while there is no task."""
        self.rests.set()

    def start(self, port: int) -> None:
        """Begin to accept, on ``port`` if this is the first time. One that was to stop and has not yet goes on.

        Raises `OSError`, as ``listen`` does.
        """
        if self._listener is None:
            self._listener = self._network.interface.listen(port)
            self._network.nursery.start_soon(_hold, self._listener)
        self._stops = False
        self._wait.deadline = inf
        if self.rests.is_set():
            self.rests = trio.Event()
            self._network.nursery.start_soon(self._run, self._listener)

    def stop(self) -> None:
        """Let the task end when it next looks: after the connection that it serves, or within ``look_s``."""
        self._stops = True
        now = trio.current_time()
        self._wait.deadline = now + self._look_s - (now - self._waits_since) % self._look_s

    async def _run(self, listener: trio.abc.Listener[Stream]) -> None:
        while not self._stops:
            self._waits_since = trio.current_time()
            with trio.CancelScope() as self._wait:
                stream = await listener.accept()
            if self._wait.cancelled_caught:
                break
            await self._serve(stream)
        self.rests.set()
        self._ended()


async def _hold(listener: trio.abc.Listener[Stream]) -> None:
    """Keep the port until the chip is reset."""
    async with listener:
        await trio.sleep_forever()
