r"""The console as a wire for files: ``io.receive``, ``io.send`` and the upload of ``os.run``.

The receiver of a file asks for each chunk with ``C\n``, two bytes that nothing translates; a chunk is a length byte
and so many bytes of data, and a chunk of length 0 is the end. There is no checksum and no other acknowledgement. For
as long as it takes, every received byte is data and everybody else's output waits
(``components/lua/modules/sys/liolib_adds.inc``, ``loslib_adds.inc``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from simulator.device.calls import CallGroup, call
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.files import FileCalls
from simulator.filesystem import FileSystemError
from simulator.units import NS_PER_MS
from simulator.vm.exceptions import LuaError

CHUNK_BYTES_MAX: Final = 255
"""What the length byte can say, and the size of each chunk but the last that a board sends."""

BYTE_TIMEOUT_NS: Final = 2000 * NS_PER_MS
"""How long a board waits for any byte."""

_QUIET_NS: Final = 1 * NS_PER_MS
_NEXT: Final = b"C\n"
_STREAM_BUFFER_BYTES: Final = 10240
"""The buffer that ``io.receive`` gives its stream, so the file grows by so much at a time."""

Result = tuple[Any, ...]


class TransferCalls(CallGroup):
    """File transfers over the console UART.

    A Lua thread that is stopped in the middle of one leaves the console to nobody, as on the device.
    """

    def __init__(self, console: ConsoleCalls, files: FileCalls) -> None:
        self._console = console
        self._files = files

    @call("io.receive")
    async def _receive(self, path: bytes) -> Result:
        try:
            file = self._files.open(path, "w")
        except FileSystemError as error:
            raise LuaError(error.text) from error
        buffer = bytearray()

        async def write(length: int) -> None:
            with suppress(FileSystemError):  # nobody looks: what a full file system did not take is missing
                file.write(bytes(buffer[:length]))
            del buffer[:length]
            await self._files.settle()

        async def take(chunk: bytes) -> None:
            buffer.extend(chunk)
            if len(buffer) >= _STREAM_BUFFER_BYTES:
                await write(_STREAM_BUFFER_BYTES)

        complete = await self._take_chunks(take)
        await write(len(buffer))
        with suppress(FileSystemError):
            file.close()
        await self._files.settle()
        self._console.end_raw()
        if not complete:
            raise LuaError("timeout")
        return (True,)

    @call("os.receive_chunk")
    async def _receive_code(self) -> Result:
        code = bytearray()

        async def take(chunk: bytes) -> None:
            code.extend(chunk)

        complete = await self._take_chunks(take)
        self._console.end_raw()
        if not complete:
            raise LuaError("timeout")
        return (bytes(code) if code else None,)

    async def _take_chunks(self, take: Callable[[bytes], Awaitable[None]]) -> bool:
        """Receive chunks until the empty one (True) or until nothing comes (False); the console stays raw."""
        console = self._console
        await console.begin_raw()
        while await console.take_raw(CHUNK_BYTES_MAX, _QUIET_NS):
            pass  # what was typed ahead is thrown away
        chunk = bytearray(CHUNK_BYTES_MAX)
        while True:
            await console.send_raw(_NEXT)
            length = await console.take_raw(1, BYTE_TIMEOUT_NS)
            if not length:
                return False
            if length == b"\0":
                return True
            received = 0
            while received < length[0]:
                data = await console.take_raw(length[0] - received, BYTE_TIMEOUT_NS)
                if not data:
                    break  # what is missing is what the chunk before had there
                chunk[received : received + len(data)] = data
                received += len(data)
            await take(bytes(chunk[: length[0]]))

    @call("io.send")
    async def _send(self, path: bytes) -> None:
        try:
            file = self._files.open(path, "r")
        except FileSystemError as error:
            raise LuaError(error.text) from error
        console = self._console
        await console.begin_raw()
        chunk = b"?" * CHUNK_BYTES_MAX
        try:
            # Only a short read tells the end of a file: one of a multiple of 255 bytes ends with an empty chunk more.
            while len(chunk) == CHUNK_BYTES_MAX:
                chunk = file.read(CHUNK_BYTES_MAX)
                await self._files.settle()
                await self._expect_next()
                await console.send_raw(bytes((len(chunk),)) + chunk)
            file.close()
            await self._expect_next()
            await console.send_raw(b"\0")
        except LuaError:
            file.close()
            console.end_raw()
            raise
        console.end_raw()

    async def _expect_next(self) -> None:
        for expected in _NEXT:
            byte = await self._console.take_raw(1, BYTE_TIMEOUT_NS)
            if not byte:
                raise LuaError("timeout")
            if byte[0] != expected:
                raise LuaError("unnexpected input")
