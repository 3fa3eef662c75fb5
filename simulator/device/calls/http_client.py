"""net.http: fetching by HTTPS with the client of ``net.ota`` (``net_http.inc`` in ``components/lua/modules/net``).

What the firmware does with memory that it never filled, or with a length of -1, has no one outcome; the one chosen here
is said in a comment.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import trio

from simulator.console import Level
from simulator.device.calls import CallGroup, call
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.files import FileCalls
from simulator.device.calls.system import Identity
from simulator.device.outcome import Restart
from simulator.device.panic import exception_text
from simulator.filesystem import FileSystemError
from simulator.network import NetworkInterface
from simulator.network.trace import event_trace
from simulator.vm.exceptions import DriverError

if TYPE_CHECKING:
    import httpx

OK: Final = 200
INDICES: Final = 256
"""The index of a chunk has eight bits: what would be number 256 goes to index 0, and the next overwrite the first."""
TOO_BIG: Final = b"memory allocation error: block too big"
"""What Lua says of a string of ``(size_t) -1`` bytes, which is what a failed read asks for. It has no position."""

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")

Result = tuple[Any, ...]


def _c_string(value: bytes) -> bytes:
    return value.split(b"\0", 1)[0]


class HttpClientCalls(CallGroup):
    """``net.http``."""

    def __init__(
        self,
        identity: Identity,
        interface: NetworkInterface,
        console: ConsoleCalls,
        files: FileCalls,
        emit: Callable[..., None],
    ) -> None:
        self._identity = identity
        self._interface = interface
        self._console = console
        self._files = files
        self._emit = emit

    @call("net.http.get")
    async def _get(self, server: bytes, resource: bytes, expected_type: bytes | None) -> Result:
        """Answer with the code; after a 200 with a body with the number of chunks' last index and what is at 0, 1, 2...

        A read that failed answers with None and the message.
        """
        from simulator.network.stock_http import ReadEnd

        async with self._response(server, resource, expected_type) as response:
            answer, body = response.extensions["stock"], response.extensions["stock_body"]
            if answer.code != OK or answer.content_length == 0:
                return (int(answer.code or 0),)
            chunks: list[bytes | None] = [None] * INDICES
            index = 0
            while chunk := await body.read():
                index = (index + 1) % INDICES
                chunks[index] = chunk
            if body.end is ReadEnd.CLOSED:
                await trio.sleep_forever()  # the loop waits for a byte, and SSL_read returns none for ever
            if body.end is ReadEnd.ERROR:
                return (None, TOO_BIG)
            used = INDICES - next(i for i, chunk in enumerate(reversed(chunks)) if chunk is not None)
            return (OK, *chunks[:used]) if index else (OK,)

    @call("net.http.download")
    async def _download(
        self, server: bytes, resource: bytes, expected_type: bytes, path: bytes, overwrite: bool
    ) -> Result:
        existed = self._files.is_regular_file(path)
        if existed and not overwrite:
            raise DriverError("http", "OutputAlreadyExists")
        async with self._response(server, resource, expected_type) as response:
            answer, body = response.extensions["stock"], response.extensions["stock_body"]
            if answer.code == OK and answer.content_length != 0:
                await self._write(body, path, existed=existed)
            return (int(answer.code or 0),)

    async def _write(self, body: Any, path: bytes, *, existed: bool) -> None:
        from simulator.network.stock_http import ReadEnd

        try:
            file = self._files.open(path, "w")
        except FileSystemError as error:
            self._console.log(Level.ERR, b"Error opening output file " + path + b" for writing\n")
            raise DriverError("http", "CannotOpen") from error
        try:
            while chunk := await body.read():
                file.write(chunk)
                await self._files.settle()
            if body.end is ReadEnd.CLOSED:
                await trio.sleep_forever()  # as in `_get`
            failed = (
                body.end is ReadEnd.ERROR
            )  # a write of 4 GB from a buffer of 1 KB: refused or a crash, here refused
        except FileSystemError:
            failed = True
        finally:
            with suppress(FileSystemError):
                file.close()
        await self._files.settle()
        if failed:
            self._console.log(Level.ERR, b"Error writing to output file " + path + b"\n")
            if not existed:
                with suppress(FileSystemError):
                    self._files.remove(path)
            raise DriverError("http", "CannotWrite")

    @asynccontextmanager
    async def _response(
        self, server: bytes, resource: bytes, expected_type: bytes | None
    ) -> AsyncIterator[httpx.Response]:
        """Ask ``server``; the response is open up to its body. Raises `DriverError`, and a null pointer is a panic."""
        # httpx is costly to import, and most runs never come here.
        import httpx

        from simulator.network.stock_http import StockTransport
        from simulator.network.stock_response import StockHttpError, StockPanicError

        name = _c_string(server).decode("latin-1")
        if not _HOST_NAME.fullmatch(name):
            raise DriverError("net", "NameCannotBeResolved")  # by no name server
        extensions = {
            "target": _c_string(resource),
            "expected_type": None if expected_type is None else _c_string(expected_type).decode("latin-1"),
            "trace": event_trace(self._emit),
        }
        async with httpx.AsyncClient(transport=StockTransport(self._interface), trust_env=False) as client:
            request = client.build_request("GET", f"https://{name}/", headers={"Host": name}, extensions=extensions)
            try:
                response = await client.send(request, stream=True)
            except StockHttpError as error:
                raise DriverError("net", error.failure.value, error.extra) from error
            except StockPanicError:
                self.kernel.end(Restart(panic=exception_text(self._identity.manifest, "LoadProhibited")))
                await trio.sleep_forever()
            async with aclosing(response):
                yield response
