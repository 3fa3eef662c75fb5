"""Fetching one image into one slot, over as many connections as it takes.

A connection that breaks, stalls or ends early is followed by another that asks for the rest; waits double and are
random, so that a thousand boards do not come back at the same moment. As long as each attempt brings something there is
no limit; `ATTEMPTS_MAX` in a row that bring nothing are the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Final

import trio

from simulator.device.update import DownloadBrokenError
from simulator.device.update.checks import HEAD_BYTES, check_size
from simulator.device.update.server import ImageAnswer, StalePartError, UpdateServer
from simulator.device.update.slot_writer import BLOCK_BYTES, SlotWriter
from simulator.network.trace import Trace
from simulator.rng import Rng

ATTEMPTS_MAX: Final = 6
PROGRESS_BYTES: Final = 4096
"""What an attempt has to bring to count as progress."""
BACKOFF_S: Final = 1.0
"""Longest wait before the second attempt in a row; half of it is random."""
BACKOFF_MAX_S: Final = 60.0


class Download:
    """``check`` is given the first bytes of the image and raises if it is not wanted, before anything is erased.

    ``settle`` lets the time pass that the flash was busy, ``report`` hears how far the image is and how long it will
    be (None: nobody knows), ``emit`` writes events, ``trace`` makes what httpx reports of each request.
    """

    def __init__(
        self,
        server: UpdateServer,
        writer: SlotWriter,
        *,
        check: Callable[[bytes], object],
        settle: Callable[[], Awaitable[None]],
        report: Callable[[int, int | None], Awaitable[None]],
        emit: Callable[..., None],
        trace: Callable[[], Trace],
        rng: Rng,
    ) -> None:
        self._server = server
        self._writer = writer
        self._check = check
        self._settle = settle
        self._report = report
        self._emit = emit
        self._trace = trace
        self._rng = rng

    async def fetch(self) -> bool:
        """Return True when the whole image is in the slot, False if there is nothing newer.

        Raises `UpdateRefusedError`; and the last `DownloadBrokenError` when it gives up.
        """
        self._writer.resume()
        if self._writer.received_bytes:
            self._check(self._writer.head(HEAD_BYTES))
        attempts = 0
        farthest = self._writer.received_bytes  # progress is what no attempt brought before, or a liar goes on for ever
        while True:
            try:
                return await self._attempt()
            except DownloadBrokenError as error:
                attempts = 1 if self._writer.received_bytes >= farthest + PROGRESS_BYTES else attempts + 1
                farthest = max(farthest, self._writer.received_bytes)
                if isinstance(error, StalePartError):
                    self._writer.restart("")
                if attempts >= ATTEMPTS_MAX:
                    raise
                longest_s = min(BACKOFF_S * 2 ** (attempts - 1), BACKOFF_MAX_S)
                wait_s = self._rng.uniform(longest_s / 2, longest_s)
                self._emit("ota.retry", attempt=attempts, wait_ms=round(wait_s * 1000), why=str(error))
                await trio.sleep(wait_s)

    async def _attempt(self) -> bool:
        writer = self._writer
        first = writer.received_bytes if writer.etag else 0
        async with self._server.ask(self._trace(), first=first, etag=writer.etag) as answer:
            if answer is None:
                return False
            await self._take(answer)
        if answer.sha256 is not None and answer.sha256 != writer.sha256:
            raise StalePartError("the SHA-256 of what arrived is not the one that the server names")
        self._emit("ota.end", partition=writer.label, written=writer.received_bytes)
        return True

    async def _take(self, answer: ImageAnswer) -> None:
        writer = self._writer
        if answer.size_bytes is not None:
            check_size(answer.size_bytes, writer.slot_bytes)
        if answer.first == 0:
            writer.restart(answer.etag)
        elif answer.first != writer.received_bytes or answer.etag != writer.etag:
            raise StalePartError("the server sends another part than the one asked for")
        else:
            self._begin(answer)
        head = b""
        async with aclosing(answer.parts()) as parts:
            async for part in parts:
                data = part
                if writer.received_bytes == 0:
                    head += part
                    if len(head) < HEAD_BYTES:
                        continue
                    data = self._checked(head, answer)
                await self._carry_out(writer.write(data), answer)
        if writer.received_bytes == 0:
            check_size(len(head), writer.slot_bytes)
            await self._carry_out(writer.write(self._checked(head, answer)), answer)
        await self._carry_out(writer.finish(), answer)

    def _checked(self, head: bytes, answer: ImageAnswer) -> bytes:
        self._check(head)
        self._begin(answer)
        return head

    def _begin(self, answer: ImageAnswer) -> None:
        writer = self._writer
        self._emit(
            "ota.begin", partition=writer.label, offset=writer.slot_offset, size=answer.size_bytes, first=answer.first
        )

    async def _carry_out(self, work: Iterator[None], answer: ImageAnswer) -> None:
        writer = self._writer
        block = writer.programmed_bytes // BLOCK_BYTES
        for _ in work:
            await self._settle()
            if writer.programmed_bytes // BLOCK_BYTES != block:
                block = writer.programmed_bytes // BLOCK_BYTES
                self._emit("ota.progress", written=writer.programmed_bytes)
                await self._report(writer.programmed_bytes, answer.size_bytes)
