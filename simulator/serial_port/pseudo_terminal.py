"""A pseudo-terminal: for most programs a serial port like any other, but one without reset lines.

Its far end can tell when nobody has the near end open, though not wait for somebody, so that is looked for.
"""

from __future__ import annotations

import os
import pty
import select
import tty
from types import TracebackType
from typing import Final

import trio

_READ_BYTES: Final = 4096
_LOOK_EVERY_S: Final = 0.01


class PseudoTerminal:
    """A `Host`: whoever has ``path`` open, one program after the other. Leaving the ``with`` block closes it."""

    def __init__(self) -> None:
        self._far, near = pty.openpty()
        self.path = os.ttyname(near)
        tty.setraw(near)  # it stays so; a fresh one would echo the boot text back to the board
        os.close(near)
        os.set_blocking(self._far, False)
        self._poll = select.poll()
        self._poll.register(self._far, 0)

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        trio.lowlevel.notify_closing(self._far)
        os.close(self._far)

    async def opened(self) -> None:
        """Return when somebody has it open."""
        while self._poll.poll(0):
            await trio.sleep(_LOOK_EVERY_S)

    async def receive(self) -> bytes:
        """See `Host.receive`; broken when the last program has closed it."""
        while True:
            await trio.lowlevel.wait_readable(self._far)
            try:
                return os.read(self._far, _READ_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError from error

    async def send(self, data: bytes) -> None:
        """See `Host.send`."""
        while data:
            await trio.lowlevel.wait_writable(self._far)
            try:
                data = data[os.write(self._far, data) :]
            except BlockingIOError:
                continue
