"""net.service.telnet: hands what Telnet clients say to a function, line by line (``components/telnet/telnetsrv.c``).

A connection is looked at five times a second. What has come until then is cut into lines, and the rest that is no
whole line yet is thrown away; so a client that sends each key as it is pressed is not understood. That the client has
closed is not noticed either: only `QUIT`, or silence for long enough, ends a connection here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Final

import trio

from simulator.console import Level
from simulator.device.calls import call
from simulator.device.calls.timers import CallbackQueue
from simulator.device.drivers.acceptor import Acceptor, Stream
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import Kernel

LOOK_S: Final = 0.001
POLL_S: Final = 0.2
LINE_BYTES_MAX: Final = 255
CHILD_STACK_BYTES: Final = 3072
PRIORITY: Final = 10
CORE: Final = 1
"""``CONFIG_LUA_RTOS_TELNET_SERVER_*`` of the boards."""


@dataclass(slots=True)
class _Connection:
    stream: Stream
    address: bytes
    received: bytes = b""
    has_ended: bool = False

    async def read(self) -> None:
        """Keep what comes, for the next look."""
        try:
            while data := await self.stream.receive_some():
                self.received += bytes(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self.has_ended = True

    def take_lines(self) -> list[bytes]:
        """Return what has come since the last look, in lines without their ends. An empty read is no line.

        A piece without an end counts only if the client has closed, or is as long as the buffer.
        """
        received, self.received = self.received, b""
        lines = []
        while received:
            piece = received[:LINE_BYTES_MAX]
            end = piece.find(b"\n") + 1
            if not end and len(piece) < LINE_BYTES_MAX and not self.has_ended:
                break
            line = received[: end or len(piece)]
            received = received[len(line) :]
            text = line.split(b"\0", 1)[0]
            if text:
                lines.append(text.rstrip(b"\r\n"))
        return lines


class TelnetDriver(Driver):
    """The server; there is one, whose function and port a script chooses."""

    name: ClassVar[str] = "telnet"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._running = False
        self._port = 0
        self._silence_s = 0
        self._callback_id = self.shared.new_callback_id()
        self._acceptor = Acceptor(self.shared.network, self._accepted, look_s=LOOK_S, ended=self._ended)
        self._connections: dict[int, _Connection] = {}
        self._numbers = count(1)
        self._queue: CallbackQueue

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts; the function went with the old one."""
        super().connect(kernel)
        self._acceptor.stop()
        self._running = False
        self._queue = self.shared.new_queue("telnet", stack_bytes=CHILD_STACK_BYTES, priority=PRIORITY, core=CORE)

    @call("telnet.callback")
    def _callback(self) -> tuple[Any, ...]:
        """Answer with the number of the function that gets address and line."""
        return (self._callback_id,)

    @call("telnet.start")
    def _start(self, port: int, silence_s: int) -> None:
        """Begin to serve. That a port cannot be had is only logged."""
        self._running = True
        if not port:
            return
        self._port, self._silence_s = port, silence_s
        self.shared.network.driver.initialise()
        try:
            self._acceptor.start(port)
        except OSError:
            self.shared.console.log(Level.ERR, b"couldn't bind to port %d\n" % port)
        else:
            self.shared.console.log(Level.INFO, b"telnet: server listening on port %d\n" % port)

    @call("telnet.stop")
    def _stop(self) -> None:
        self._acceptor.stop()
        self._running = False

    def _ended(self) -> None:
        self.shared.console.log(Level.INFO, b"telnet: server shutting down on port %d\n" % self._port)

    @call("telnet.running")
    def _is_running(self) -> tuple[Any, ...]:
        return (self._running,)

    @call("telnet.print")
    async def _print(self, number: int, text: bytes) -> None:
        """Send a text, of which a NUL ends what is sent and so does the buffer."""
        connection = self._connections.get(number)
        if connection is not None:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await connection.stream.send_all(text.split(b"\0", 1)[0][:LINE_BYTES_MAX])

    async def _accepted(self, stream: Stream) -> None:
        """Give a connection a task of its own."""
        address = getattr(stream, "remote", ("", 0))[0].encode()
        self.shared.network.nursery.start_soon(self._serve, _Connection(stream, address))
        await trio.lowlevel.checkpoint()

    async def _serve(self, connection: _Connection) -> None:
        number = next(self._numbers)
        self._connections[number] = connection
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connection.read)
                await self._talk(number, connection)
                nursery.cancel_scope.cancel()
        finally:
            del self._connections[number]
            await trio.aclose_forcefully(connection.stream)

    async def _talk(self, number: int, connection: _Connection) -> None:
        heard_at = trio.current_time()
        while True:
            for line in connection.take_lines():
                if line.upper() == b"QUIT":
                    return
                heard_at = trio.current_time()
                self._queue.put(self._callback_id, number, connection.address, line)
                while not self._queue.idle:
                    await self._queue.drained.wait()
            if self._silence_s and int(trio.current_time()) - int(heard_at) > self._silence_s:
                return
            await trio.sleep(POLL_S)
