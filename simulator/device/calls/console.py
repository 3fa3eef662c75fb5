"""The console: writing, the line editor, the shell, error reports, and what becomes of received bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import trio

from simulator.console import CommandCall, ConsoleInput, History, HistoryStore, LineEditor, Log, LuaLine, Outcome, Usage
from simulator.console import shell as shell_rules
from simulator.console.syslog import BUFFER_BYTES
from simulator.device.calls import CallGroup, bytes_of, call
from simulator.device.kernel import WAIT, Kernel, Task
from simulator.device.uart import Uart
from simulator.units import NS_PER_S


class Reader(Protocol):
    """A program that has the console to itself."""

    is_reading: bool

    @property
    def is_over(self) -> bool:
        """Whether it will never read again."""

    def take(self, byte: bytes) -> None:
        """Take a byte that was typed. Only while it is reading."""


class ErrorReport(Protocol):
    """Gets every error report of Lua: its text, and whether a ``script``, the ``prompt`` or a ``thread`` raised it."""

    def __call__(self, text: str, origin: str) -> None:
        """Take note."""


class ConsoleCalls(CallGroup):
    """The console of one run of the app.

    ``is_script`` tells whether a path is a file that can be run by its name; ``report`` hears of every Lua error, also
    of those that the log mask keeps from the console.
    """

    def __init__(
        self,
        uart: Uart,
        log: Log,
        *,
        arguments: tuple[str, ...],
        history: HistoryStore,
        is_script: Callable[[bytes], bool],
        report: ErrorReport,
    ) -> None:
        self.input = ConsoleInput()
        self.history = History(history)
        self.shell_enabled = True
        self.scripts_done = False
        """Whether the boot scripts have run, so that the prompt has been reached."""
        self._uart = uart
        self._log = log
        self._arguments = arguments
        self._is_script = is_script
        self._report = report
        self._editor: tuple[Task, LineEditor] | None = None
        self._readers: deque[Task] = deque()
        self._foreground: list[Reader] = []
        self._arrival, self._raw_end = trio.lowlevel.ParkingLot(), trio.lowlevel.ParkingLot()
        self._holder: Task | None = None
        """Who has locked the port (``uart.lock``)."""
        self._held_output: list[tuple[bytes, Task | None]] = []
        self._on_interrupt: Callable[[], None] | None = None
        self.on_input: Callable[[], None] | None = None
        """Called when there is something to read, before anybody of the console reads it."""

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: nobody reads yet, and Ctrl-C is a byte like any other."""
        super().connect(kernel)
        self._editor = self._on_interrupt = self._holder = None
        self._readers.clear()
        self._foreground.clear()
        self.input.has_interrupt_handler = False

    @property
    def waits_for_input(self) -> bool:
        """Whether somebody reads and there is nothing to read."""
        reads = self._editor is not None or bool(self._readers) or self._reading() is not None
        return reads and not len(self.input)

    def _reading(self) -> Reader | None:
        """Return the program that is to get the next byte."""
        self._foreground = [program for program in self._foreground if not program.is_over]
        return next((program for program in self._foreground if program.is_reading), None)

    def write(self, data: bytes, *, writer: Task | None = None) -> None:
        """Write as a program does: line feeds become CR LF, and the running Lua thread pays for the time.

        ``writer`` is who writes, if it is not that thread.
        """
        self.kernel.charge(self.send(data, ahead_ns=self.kernel.ahead_ns, writer=writer))

    def send(self, data: bytes, *, ahead_ns: int = 0, writer: Task | None = None) -> int:
        """Write as `write`, for a call that waits: return the nanoseconds it has to let pass.

        ``ahead_ns`` is what it has to let pass already. During a file transfer, and while somebody else has locked the
        port, the bytes wait for the end of that.
        """
        if self._is_held_back(writer):
            self._held_output.append((data, None))
            return 0
        return self._uart.write(data, ahead_ns=ahead_ns)

    def put_raw(self, data: bytes) -> None:
        """Send bytes as they are; the running Lua thread pays for the time."""
        self.kernel.charge(self._uart.write_raw(data, ahead_ns=self.kernel.ahead_ns))

    def set_baud(self, baud: int) -> None:
        """Send with another speed from now on; who listens goes along."""
        self._uart.set_baud(baud)

    async def write_from_task(self, text: str) -> None:
        """Write as a call that waits does: it takes the time itself."""
        wait_ns = self.send(bytes_of(text))
        if wait_ns:
            await trio.sleep(wait_ns / NS_PER_S)

    # -- taking the port for oneself ------------------------------------------------------------------------------

    def hold(self, holder: Task | None) -> None:
        """Let ``holder`` alone write from now on, or everybody again; only `put_raw` does not heed it."""
        self._holder = holder
        if holder is None:
            self._let_out()

    def _is_held_back(self, writer: Task | None = None) -> bool:
        """Whether ``writer``, by default who runs now, has to wait. (One who waits for a call writes in that call.)"""
        holder, writer = self._holder, writer or self.kernel.running
        is_locked = holder is not None and (holder.served is None if writer is None else writer is not holder)
        return self.input.raw or is_locked

    async def begin_raw(self) -> None:
        """Take the console for a file transfer: received bytes are data, and what others write or transfer waits."""
        while self._is_held_back():
            await self._raw_end.park()
        self.input.raw = True

    def end_raw(self) -> None:
        """Give the console back, and write what had to wait."""
        self.input.raw = False
        self._let_out()
        self._serve_readers()

    def _let_out(self) -> None:
        """Write what had to wait, as far as nothing else keeps it back, and let the next transfer begin."""
        if self._is_held_back():
            return
        held, self._held_output = self._held_output, []
        for data, task in held:
            if task is None:
                self._uart.write(data)
            elif self.kernel.has(task):
                self.kernel.sleep(task, self._uart.write(data))
        self._raw_end.unpark()

    async def take_raw(self, count: int, timeout_ns: int) -> bytes:
        """Return up to ``count`` received bytes, at least one; ``b""`` if none comes in ``timeout_ns``."""
        if not len(self.input):
            with trio.move_on_after(timeout_ns / NS_PER_S):
                await self._arrival.park()
        return self.input.take(count)

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, and wait while the transmitter's buffer is full."""
        wait_ns = self._uart.write_raw(data)
        if wait_ns:
            await trio.sleep(wait_ns / NS_PER_S)

    # -- programs -------------------------------------------------------------------------------------------------

    def begin_foreground(self, program: Reader) -> None:
        """Let a program have what is typed while it reads."""
        self._foreground.append(program)

    def end_foreground(self, program: Reader) -> None:
        """Take note that a program has ended."""
        self._foreground.remove(program)

    # -- what others use ------------------------------------------------------------------------------------------

    def copy_to(self, file: Callable[[bytes], object] | None) -> None:
        """Let ``file`` get what is written from now on, too; None ends that."""
        self._uart.copy = file

    @contextmanager
    def interrupts(self, interrupted: Callable[[], None]) -> Iterator[None]:
        """Let Ctrl-C call ``interrupted`` instead of reaching the Lua code, until the block ends.

        The firmware does not put the old handler back: afterwards Ctrl-C is swallowed until the running chunk ends.
        """
        self._on_interrupt = interrupted
        self.input.has_interrupt_handler = True
        try:
            yield
        finally:
            self._on_interrupt = _swallow

    def log(self, priority: int, message: bytes) -> None:
        """Write a log message, as far as the log mask lets it through."""
        self.write(self._log.write(priority, message))

    def pass_on(self, line: str) -> None:
        """Let a log server have a line of ESP-IDF's own log. It is not written: it is on its way to the console."""
        if self._log.server is not None:
            self._log.server(bytes_of(line)[: BUFFER_BYTES - 1])

    def receive(self, data: bytes) -> None:
        """Bytes arrive at the UART's receiver."""
        reaction = self.input.receive(data)
        if reaction.answer:
            self._uart.write_raw(reaction.answer)
        if reaction.interrupt and self._on_interrupt is not None:
            self._on_interrupt()
        elif reaction.interrupt:
            main = next((task for task in self.kernel.tasks.values() if task.lua.kind == "main"), None)
            if main is not None:
                self.kernel.interrupt(main)
        self._serve_readers()

    def _serve_readers(self) -> None:
        if self.input.raw:
            self._arrival.unpark_all()
            return
        if self.on_input is not None:
            self.on_input()
        while self._readers and len(self.input):
            task = self._readers.popleft()
            if self.kernel.has(task):
                self.kernel.answer(task, (True, self.input.take(1)))
        while len(self.input) and (program := self._reading()) is not None:
            program.take(self.input.take(1))
        while self._editor is not None and len(self.input):
            task, editor = self._editor
            self.write(editor.feed(self.input.take(1)[0]), writer=task)
            if editor.outcome is not None:
                self._editor = None
                line = editor.line if editor.outcome is Outcome.LINE else None
                self.kernel.answer(task, (True, line))

    @call("console.write")
    def _write(self, data: bytes) -> Any:
        if self._is_held_back():
            self._held_output.append((data, self.kernel.current))
            return WAIT
        self.write(data)
        return None

    @call("console.read_line")
    def _read_line(self, prompt: bytes) -> Any:
        editor = LineEditor(prompt, history=self.history)
        self.write(editor.start())
        self._editor = (self.kernel.current, editor)
        self._serve_readers()
        return WAIT

    @call("console.read")
    def _read(self) -> Any:
        self._readers.append(self.kernel.current)
        self._serve_readers()
        return WAIT

    @call("console.shell")
    def _shell(self, line: bytes) -> tuple[Any, ...]:
        match shell_rules.read(line, self._is_script):
            case LuaLine(text):
                return (b"lua", text)
            case Usage(text):
                return (b"usage", text)
            case CommandCall(command, arguments):
                return (b"command", command.function.encode(), command.shows_result, *arguments)
        raise AssertionError(line)

    @call("console.scripts_aborted")
    def _scripts_aborted(self) -> tuple[Any, ...]:
        self.input.running = True
        return (self.input.abort_boot_scripts,)

    @call("script.arguments")
    def _script_arguments(self) -> tuple[Any, ...]:
        return tuple(argument.encode() for argument in self._arguments)

    @call("lua.running")
    def _lua_running(self, running: bool) -> None:
        self.input.has_interrupt_handler = running
        self._on_interrupt = None
        if not running:
            self.kernel.interrupted = False

    @call("lua.boot_done")
    def _lua_boot_done(self) -> None:
        self.scripts_done = True

    @call("lua.error")
    def _lua_error(self, text: bytes, origin: bytes) -> None:
        self.write(self._log.error(text + b"\n"))
        self._report(text.decode("utf-8", "replace"), origin.decode())

    @call("os.shell")
    def _os_shell(self, enabled: bool | None = None) -> tuple[Any, ...] | None:
        if enabled is None:
            return (self.shell_enabled,)
        self.shell_enabled = enabled
        return None

    @call("os.history")
    def _os_history(self, enabled: bool | None = None) -> tuple[Any, ...] | None:
        if enabled is None:
            return (self.history.enabled,)
        self.history.enabled = enabled
        if not enabled:
            self.history.clear()
        return None


def _swallow() -> None:
    """Do nothing."""
