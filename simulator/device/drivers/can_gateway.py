"""net.service.can: frames of the bus over TCP, with what is wrong with it (``can_gateway_start`` of ``drivers/can.c``).

It was written for an older driver, and takes the flags of a frame for its length. So what has no flags, an ordinary
frame, is taken for an empty one and goes nowhere; an extended frame has the length 1 and no mark that it is extended.
What a client sends has on the device whatever length is left on a stack, and none of it goes out here. A client that
has gone leaves a thread behind that never ends by itself: there is no second client until the gateway starts anew.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import trio

from simulator.console import Level
from simulator.device.drivers.shared import Shared
from simulator.hardware.can import CanFrame

QUEUE_LENGTH: Final = 100
"""Of the controller, if the gateway sets it up."""
_PACKET: Final = struct.Struct("<IB3x8s")
"""``struct can_frame``: identifier, length, data."""
_LENGTH_OF_EXTENDED: Final = 1
"""``CAN_MSG_FLAG_EXTD``."""

_JOIN_S: Final = 0.001
"""What closing a socket and waiting for its thread takes at least (our estimate): longer than a short frame."""


class CanGateway:
    """One start of the gateway. ``next_frame`` returns what comes on the bus, and is cancelled without a loss."""

    def __init__(self, shared: Shared, port: int, next_frame: Callable[[], Awaitable[CanFrame]]) -> None:
        self._shared = shared
        self._port = port
        self._next_frame = next_frame
        self._stopping = trio.Event()
        self._accepting = trio.CancelScope()
        self._ended = trio.Event()

    def start(self) -> None:
        """Begin to listen. That a port cannot be had is only logged."""
        self._shared.network.driver.initialise()
        try:
            listener = self._shared.network.interface.listen(self._port & 0xFFFF)
        except OSError:
            self._log(Level.ERR, f"can't bind to port {self._port}")
            self._ended.set()
            return
        self._log(Level.INFO, f"started at port {self._port}")
        self._shared.network.nursery.start_soon(self._run, listener)

    async def stop(self) -> None:
        """Let it end, and wait for that: with a client until a frame has come."""
        self._stopping.set()
        self._accepting.cancel()
        await self._ended.wait()
        await trio.sleep(_JOIN_S)

    def _log(self, level: Level, text: str) -> None:
        self._shared.log(f"can0 gateway: {text}", level)

    async def _run(self, listener: trio.abc.Listener[trio.abc.HalfCloseableStream]) -> None:
        async with listener:
            with self._accepting:
                client = await listener.accept()
            if not self._accepting.cancelled_caught:
                await self._serve(client)
        self._ended.set()

    async def _serve(self, client: trio.abc.HalfCloseableStream) -> None:
        self._log(Level.INFO, "client connected")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen_to, client)
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._forward(client)
            await client.aclose()
            await self._stopping.wait()

    async def _forward(self, client: trio.abc.HalfCloseableStream) -> None:
        """Send what has a length until the gateway is to stop, which is seen when a frame has come."""
        while not self._stopping.is_set():
            frame = await self._next_frame()
            if not frame.extended:
                continue
            try:
                await client.send_all(_PACKET.pack(frame.identifier, _LENGTH_OF_EXTENDED, frame.data))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._log(Level.ERR, "can't write to socket")
                raise

    async def _listen_to(self, client: trio.abc.HalfCloseableStream) -> None:
        """Read what comes, until nothing more does."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while await client.receive_some():
                pass
