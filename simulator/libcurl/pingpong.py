"""Protocols of commands and answers, as libcurl speaks them (``lib/pingpong.c``)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final, NamedTuple

import trio

from simulator.libcurl.easy import LAP_S
from simulator.libcurl.failure import Failure
from simulator.libcurl.transfer import Transfer

ANSWER_S: Final = 120
"""How long an answer may take (``RESP_TIMEOUT``)."""
_BUFFER_BYTES: Final = 4096


class Reply(NamedTuple):
    """An answer: its code, and its last line without the end."""

    code: int
    line: bytes


class PingPong(Transfer):
    """A transfer over a connection on which commands are given."""

    _asked_at = 0.0
    _pending = b""
    """What has been read behind the last answer, or is the beginning of a line."""

    async def command(self, text: str) -> None:
        """Give a command. Raises `CurlError`."""
        line = f"{text}\r\n".encode("latin-1", "replace")
        self.easy.show(b"> ", line)
        await self.send_all(line)
        self.awaits_reply()

    def awaits_reply(self) -> None:
        """Begin to wait for an answer."""
        self._asked_at = trio.current_time()

    async def greeting(self) -> Reply:
        """Return what the server begins with, pass by pass. Raises `CurlError`."""
        self.awaits_reply()
        return self._read_reply() or await self.reply()

    async def reply(self) -> Reply:
        """Return the answer to a command, pass by pass. Raises `CurlError`."""
        while True:
            await self.easy.next_pass(self._has_input)
            self._check_answer_time("server response timeout", ANSWER_S)
            reply = self._read_reply()
            if reply is not None:
                return reply

    async def reply_at_once(self) -> Reply:
        """Return the answer to a command for which everything else waits. Raises `CurlError`."""
        while True:
            self._check_answer_time("server response timeout", ANSWER_S)
            await self.easy.wait(self._has_input, LAP_S)
            await self.easy.update()
            reply = self._read_reply()
            if reply is not None:
                return reply

    async def last_word(self, late: str, limit_s: float) -> Reply:
        """Return what is said of a transfer that is over, after at most so long. Raises `CurlError`."""
        self.awaits_reply()
        while True:
            self._check_answer_time(late, limit_s)
            if not await self.easy.wait(self._has_input, LAP_S):
                await self.easy.update()
                continue
            reply = self._read_reply()
            if reply is not None:
                return reply

    def _has_input(self) -> bool:
        return self.wire.is_readable or b"\n" in self._pending

    def _check_answer_time(self, late: str, limit_s: float) -> None:
        if min(limit_s - (trio.current_time() - self._asked_at), self.easy.left_s) <= 0:
            raise self.easy.fail(Failure.OPERATION_TIMEDOUT, late)

    def _read_reply(self) -> Reply | None:
        """Read lines, and return an answer if there is a whole one. Raises `CurlError`."""
        while True:
            while b"\n" in self._pending:
                line, _, self._pending = self._pending.partition(b"\n")
                self.easy.show(b"< ", line + b"\n")
                self.header += line + b"\n"
                code = self.code_of_last_line(line + b"\n")
                if code is not None:
                    return Reply(code, line)
            if len(self._pending) > _BUFFER_BYTES // 2:
                size = len(self._pending)
                self.easy.info(f"Excessive server response line length received, {size} bytes. Stripping")
                self._pending = self._pending[:_KEPT_BYTES]
            data = self.wire.read(_BUFFER_BYTES)
            if data is None:
                return None
            if not data:
                raise self.easy.fail(Failure.RECV_ERROR, "response reading failed")
            self._pending += data

    @abstractmethod
    def code_of_last_line(self, line: bytes) -> int | None:
        """Return the code if ``line``, with its end, is the last one of an answer."""


_KEPT_BYTES: Final = 40
"""What is kept of a line that is far too long."""


def has_code(line: bytes) -> bool:
    """Return whether a line begins with three digits."""
    return line[:3].isdigit() and len(line) > len("xyz")
