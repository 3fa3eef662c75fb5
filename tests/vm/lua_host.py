"""A host for one Lua machine: answers its requests from a table, so that a test needs no device.

What the table does not have is answered as by a board on which nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.boards import Board
from simulator.formats.lua_bytecode import BytecodeError
from simulator.vm import dumps
from simulator.vm.machine import THREAD_END, Answer, LuaThread, Machine, Request

DONE: Answer = (True,)
MAIN_ID = 1

Reply = Answer | Callable[[Request], Answer]

NO_FILE: Answer = (True, None, b"No such file or directory")


def to_host(data: bytes) -> Answer:
    """Return the answer to who wants to load bytecode."""
    try:
        return (True, dumps.to_host(data))
    except BytecodeError as error:
        return (True, None, error.reason.value.encode())
    except PermissionError:
        return (True, None, b"foreign")


QUIET_BOARD: Mapping[bytes, Reply] = {
    b"bytecode.from_host": lambda request: (True, dumps.from_host(request[1])),
    b"bytecode.to_host": lambda request: to_host(request[1]),
    b"console.read_line": (True, None),
    b"console.scripts_aborted": (True, True),
    b"fs.load": NO_FILE,
    b"fs.readable": (True, False),
    b"math.random": lambda request: (True, request[1] if len(request) > 1 else 0.0),  # the least that there is
    b"net.exception": lambda request: (True, request[1] + b"." + request[2]),
    b"os.pwd": (True, b"/"),
    b"os.shell": (True, False),
}


def files(**chunks: str) -> dict[bytes, Reply]:
    """Return the replies of a file system that holds ``/name.lua`` for every argument."""
    found = {f"/{name}.lua".encode(): chunk.encode() for name, chunk in chunks.items()}

    def path(request: Request) -> bytes:
        return b"/" + bytes(request[1]).removeprefix(b"./").removeprefix(b"/")

    return {
        b"fs.load": lambda request: (True, found[path(request)]) if path(request) in found else NO_FILE,
        b"fs.readable": lambda request: (True, path(request) in found),
    }


@dataclass
class Host:
    """A machine with its Lua threads, what they asked for, and what the main one wrote and reported."""

    replies: Mapping[bytes, Reply] = field(default_factory=dict)
    heap_bytes: int = 0
    board: Board | None = None

    def __post_init__(self) -> None:
        self.machine = Machine(self.board, heap_bytes=self.heap_bytes)
        self.main = self.machine.start("main", MAIN_ID)
        self.threads: dict[int, LuaThread] = {}
        """What ``thread.start`` has started, by id; nobody runs them until the test does."""
        self.requests: list[Request] = []
        self.written = b""
        self.errors: list[str] = []
        self.parked: Request | None = None
        """What the main Lua thread waits for."""

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.close()

    def reply(self, request: Request) -> Answer:
        """Answer one request."""
        name = request[0]
        reply = self.replies.get(name, QUIET_BOARD.get(name))
        if reply is not None:
            return reply(request) if callable(reply) else reply
        match name:
            case b"console.write":
                self.written += request[1]
            case b"lua.error":
                self.errors.append(request[1].decode("utf-8", "backslashreplace"))
            case b"thread.reserve":
                return (True, MAIN_ID + 1 + len(self.threads))
            case b"thread.begin":
                self.threads[request[1]] = self.machine.start("thread", request[1])
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
        """Give the prompt a line, and run until the next prompt or until the request ``until``."""
        if self.parked is None:
            self.parked = self.until(b"console.read_line")
        assert self.parked[0] == b"console.read_line", self.parked
        self.requests, self.written, self.errors = [], b"", []
        return self.go_on((True, line.encode() if isinstance(line, str) else line), until=until)

    def go_on(self, answer: Answer = DONE, *, until: bytes = b"console.read_line") -> Request:
        """Answer the request that the main Lua thread waits for, and run until the next prompt or ``until``."""
        self.parked = self.until(until, b"console.read_line", answer=answer)
        return self.parked

    @property
    def shown(self) -> str:
        """What the console shows of the last line: output, then error reports."""
        return self.written.decode("utf-8", "backslashreplace") + "".join(f"{error}\n" for error in self.errors)

    def run(self, code: str | bytes) -> str:
        """Run a chunk from the prompt and return what the console shows."""
        self.type(code)
        return self.shown

    def eval(self, expression: str) -> str:
        """Return what the prompt prints for an expression, without the line end."""
        shown = self.run(f"={expression}")
        assert not self.errors, self.errors
        return shown.removesuffix("\n")

    def asked(self, name: bytes) -> list[tuple[Any, ...]]:
        """Return the arguments of all requests of this name since the last line was typed."""
        return [tuple(arguments) for asked, *arguments in self.requests if asked == name]


def run(code: str | bytes, **options: Any) -> str:
    """Run a chunk on a machine of its own, made with the ``options`` of `Host`; return what the console shows."""
    with Host(**options) as host:
        return host.run(code)
