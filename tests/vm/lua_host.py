"""A host for one Lua machine: answers its requests from a table, so that a test needs no device.

What the table does not have is answered as a board would on which nothing happens; the catalogue answers for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.boards import Board, load_board
from simulator.vm import api
from simulator.vm.machine import THREAD_END, Answer, LuaThread, Machine, Request

DONE: Answer = (True,)
MAIN = 1

Reply = Answer | Callable[[Request], Answer]

QUIET_BOARD: Mapping[bytes, Reply] = {
    b"console.read_line": (True, None),
    b"console.scripts_aborted": (True, True),
    b"fs.readable": (True, False),
    b"fs.load": (True, None, b"No such file or directory"),
    b"os.pwd": (True, b"/"),
    b"os.shell": (True, False),
}


@dataclass
class Host:
    """A machine, its main Lua thread, and what it wrote and reported."""

    replies: Mapping[bytes, Reply] = field(default_factory=dict)
    heap_bytes: int = 0
    ethernet: str = "none"
    board: Board = field(default_factory=lambda: load_board("GENERIC-OTA"))

    def __post_init__(self) -> None:
        self.machine = Machine(heap_bytes=self.heap_bytes, ethernet=self.ethernet)
        self.main = self.machine.start("main", MAIN)
        self.threads: dict[int, LuaThread] = {}
        self.requests: list[Request] = []
        self.written = b""
        self.errors: list[bytes] = []
        self._parked: Request | None = None

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.close()

    def reply(self, request: Request) -> Answer:
        """Answer one request."""
        name = request[0]
        if name == b"console.write":
            self.written += request[1]
        elif name == b"lua.error":
            self.errors.append(request[1])
        reply = self.replies.get(name, QUIET_BOARD.get(name, self._answer_from_the_catalogue))
        return reply(request) if callable(reply) else reply

    def _answer_from_the_catalogue(self, request: Request) -> Answer:
        if request[0] == b"api.members":
            return (True, *api.build_members(request[1].decode(), self.board))
        if request[0] == b"api.has_module":
            return (True, api.build_has_module(request[1].decode("utf-8", "replace"), self.board))
        return DONE

    def step(self, thread: LuaThread, answer: Answer | None) -> Request:
        """Let a Lua thread run until its next request."""
        request = thread.resume(answer)
        self.requests.append(request)
        return request

    def until(self, *names: bytes, thread: LuaThread | None = None, answer: Answer | None = None) -> Request:
        """Run a Lua thread (the main one) until it asks for one of ``names`` or ends; return that request."""
        request = self.step(thread or self.main, answer)
        while request[0] not in (*names, THREAD_END):
            request = self.step(thread or self.main, self.reply(request))
        return request

    def type(self, line: str | bytes, *, until: bytes = b"console.read_line") -> Request:
        """Give the prompt a line, and run until the next prompt or the request ``until``."""
        if self._parked is None:
            self._parked = self.until(b"console.read_line")
        assert self._parked[0] == b"console.read_line", self._parked
        self.written, self.errors = b"", []
        line = line.encode() if isinstance(line, str) else line
        self._parked = self.until(until, answer=(True, line))
        return self._parked

    def run(self, code: str | bytes) -> str:
        """Run a chunk from the prompt and return what the console shows: output and error reports."""
        self.type(code)
        return (self.written + b"".join(error + b"\n" for error in self.errors)).decode("utf-8", "backslashreplace")

    def eval(self, expression: str) -> str:
        """Return what the prompt prints for an expression, without the line end."""
        shown = self.run(f"={expression}")
        assert not self.errors, self.errors
        return shown.removesuffix("\n")

    def error(self, code: str | bytes) -> str:
        """Run a chunk that fails and return the error report."""
        self.type(code)
        assert self.errors, "no error"
        return self.errors[0].decode("utf-8", "backslashreplace")


def run(code: str | bytes, **options: Any) -> str:
    """Run a chunk on a machine of its own; see `Host.run`."""
    with Host(**options) as host:
        return host.run(code)
