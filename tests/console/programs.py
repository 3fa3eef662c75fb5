"""Runs the console's programs without a board."""

from __future__ import annotations

from typing import TypeVar

from simulator.console.program import Pause, Program, Read
from simulator.filesystem import Errno, FileSystemError

T = TypeVar("T")


class Typist:
    """Sits before a program: types, and sees what it writes. Nobody answers the question for the size unless asked to.

    ``output`` is what was written since it was last taken, ``pauses`` how long it slept.
    """

    def __init__(self, program: Program[T], *, size: tuple[int, int] | None = None) -> None:
        self.output = b""
        self.result: object = None
        self.is_over = False
        self.pauses: list[float] = []
        self._program = program
        self._waits = False
        self._answer = b"" if size is None else b"\x1b[%d;%dR" % size
        self._go_on(None)

    def _go_on(self, answer: bytes | None) -> None:
        while True:
            try:
                effect = next(self._program) if answer is None else self._program.send(answer)
            except StopIteration as stop:
                self.is_over, self.result = True, stop.value
                return
            if isinstance(effect, bytes):
                self.output += effect
                self._pending = self._answer if effect.endswith(b"\x1b[6n\x1b[u") else self._pending
                answer = b""
            elif isinstance(effect, Pause):
                self.pauses.append(effect.seconds)
                answer = b""
            elif effect is Read.THIS_SECOND:
                answer, self._pending = self._pending[:1], self._pending[1:]
            else:
                return

    _pending = b""

    def type(self, keys: bytes) -> bytes:
        """Type, and return what was written meanwhile."""
        self.output = b""
        for index in range(len(keys)):
            assert not self.is_over, keys[index:]
            self._go_on(keys[index : index + 1])
        return self.output


class FilesInMemory:
    """The files of the editor. What is in ``unwritable`` is on a full file system."""

    def __init__(self, files: dict[bytes, bytes]) -> None:
        self.files = files
        self.unwritable: set[bytes] = set()

    def read(self, path: bytes) -> bytes:
        if path not in self.files:
            raise FileSystemError(Errno.ENOENT)
        return self.files[path]

    def write(self, path: bytes, data: bytes) -> None:
        if path in self.unwritable:
            raise FileSystemError(Errno.ENOSPC)
        self.files[path] = data
