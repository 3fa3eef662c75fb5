"""What all protocols have in common: the states of a transfer from its URL to its end (``multi_runsingle``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeAlias

import trio

from simulator.libcurl.connection import Connector
from simulator.libcurl.easy import LAP_S, UNKNOWN, Easy
from simulator.libcurl.failure import CurlError, Failure
from simulator.libcurl.url import Url
from simulator.libcurl.wire import Wire

Sink: TypeAlias = Callable[[bytes], bool]


class Transfer(ABC):
    """One transfer. The header that it receives is in ``header``, pieces of the body go to ``sink``.

    A sink returns whether it could take a piece.
    """

    wire: Wire

    def __init__(self, easy: Easy, url: Url, sink: Sink) -> None:
        self.easy = easy
        self.url = url
        self.header = bytearray()
        self._sink = sink
        self.address = ""
        self._connector: Connector

    async def run(self) -> None:
        """Do it all. Raises `CurlError`."""
        async with trio.open_nursery() as nursery:
            self._connector = Connector(self.easy, nursery)
            failed = await self._run()
        if failed is not None:
            raise failed

    async def _run(self) -> CurlError | None:
        easy = self.easy
        failed: CurlError | None = None
        is_premature = True
        """Whether the protocol's own way to end it is out of the question."""
        try:
            await self._connect()
            await self.log_in()
            await easy.update()
            is_premature = False
            easy.is_connecting = False
            has_more = await self.ask()
            await easy.update()  # DO_DONE
            if has_more:
                await easy.update()  # WAITPERFORM
                is_premature = True
                await self.exchange()
                await easy.update()
                is_premature = False
        except _NeverConnected as error:
            await self._close()
            return error
        except CurlError as error:
            failed = error
        if failed is not None and failed.failure in _PREMATURE:
            is_premature = True
        failed = await self._finish(failed, is_premature)
        await self._close()
        return failed

    async def _connect(self) -> None:
        easy, url, connector = self.easy, self.url, self._connector
        try:
            try:
                self.address = await connector.resolve(url.host, url.port)
            except CurlError:
                easy.info(f"Couldn't resolve host '{url.shown}'")
                raise
            self.wire = await connector.begin(self.address, url.port)
        except CurlError as error:
            raise _NeverConnected(error.failure) from error
        await easy.update()
        try:
            while not await connector.finish(self.wire, self.address, url.port, url.shown, url.port):
                await easy.next_pass(self._is_settled, over="Connection timed out")
        except CurlError as error:
            if error.failure is Failure.COULDNT_CONNECT:
                raise _NeverConnected(error.failure) from error
            raise
        await easy.update()

    def _is_settled(self) -> bool:
        return self.wire.is_connected or self.wire.trouble is not None

    async def _finish(self, failed: CurlError | None, is_premature: bool) -> CurlError | None:
        """End it as ``multi_done`` does, and return how it went after all."""
        try:
            await self.end(failed, is_premature)
        except CurlError as error:
            failed = failed or error
        try:
            if failed is None or failed.failure is not Failure.ABORTED_BY_CALLBACK:
                await self.easy.update()
        except CurlError as error:
            failed = failed or error
        if not is_premature:
            await self.part()
        return failed

    async def _close(self) -> None:
        self.easy.info("Closing connection 0")
        await self._connector.close()

    async def connect_tls(self) -> None:
        """Do a handshake on the connection, pass by pass. Raises `CurlError`."""
        await self._connector.begin_tls(self.wire, self.url.host, self.url.port)
        while not self.wire.tls_ended:
            await self.easy.next_pass(lambda: bool(self.wire.tls_ended))
        self._connector.finish_tls(self.wire)

    async def send_all(self, data: bytes) -> None:
        """Send as much as fits, and wait for the rest. Raises `CurlError`."""
        wire = self.wire
        while data:
            data = data[wire.write(data) :]
            while data and not await self.easy.wait(lambda: wire.is_writable, LAP_S):
                self.easy.check_time()

    def take_body(self, data: bytes) -> None:
        """Give what has been received to whom it is for. Raises `CurlError`."""
        if not self._sink(data):
            raise self.easy.fail(Failure.WRITE_ERROR, f"Failed writing body (0 != {len(data)})")

    def check_whole(self) -> None:
        """Raise `CurlError` if less has come than was announced."""
        easy = self.easy
        if easy.size not in (UNKNOWN, easy.received):
            left = easy.size - easy.received
            raise easy.fail(Failure.PARTIAL_FILE, f"transfer closed with {left} bytes remaining to read")

    # -- what the protocols do ------------------------------------------------------------------------------------

    @abstractmethod
    async def log_in(self) -> None:
        """Do what comes before the first request. Raises `CurlError`."""

    @abstractmethod
    async def ask(self) -> bool:
        """Ask for what is wanted, and return whether something is to be sent or received. Raises `CurlError`."""

    @abstractmethod
    async def exchange(self) -> None:
        """Send and receive it. Raises `CurlError`."""

    @abstractmethod
    async def end(self, failed: CurlError | None, is_premature: bool) -> None:
        """See whether it has ended well, if it has not ``failed``. Raises `CurlError`."""

    async def part(self) -> None:  # noqa: B027 (most protocols say nothing)
        """Say goodbye on a connection that may still be used."""


class _NeverConnected(CurlError):  # noqa: N818 (it is an outcome)
    """There was no connection, so there is nothing to end."""


_PREMATURE: Final = (Failure.ABORTED_BY_CALLBACK, Failure.OPERATION_TIMEDOUT, Failure.WRITE_ERROR)
"""After these the other side is in no known state, whatever was under way."""
