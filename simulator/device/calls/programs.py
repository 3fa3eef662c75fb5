"""The commands that have the console to themselves: the editor, the pager, the dialogue for the password."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from simulator.console import screen
from simulator.console.pager import page_through
from simulator.console.passwd import HASH_BYTES_MAX, change_password
from simulator.console.program import Pause, Program, Read
from simulator.device.calls import CallGroup, bytes_of, call
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.files import FileCalls
from simulator.device.calls.system import DeviceClock
from simulator.device.kernel import WAIT, Timer
from simulator.device.log_file import LogFile
from simulator.filesystem import Errno, FileSystemError
from simulator.rng import Rng
from simulator.units import NS_PER_S
from simulator.vm.exceptions import LuaError

_ETC: Final = b"/etc"
_PASSWORD_FILE: Final = b"/etc/passwd"

Result = tuple[Any, ...]


class Foreground:
    """A program that a Lua thread has started and waits for. It gets what is typed until it ends."""

    def __init__(self, calls: ProgramCalls, program: Program[Result]) -> None:
        self.is_reading = False
        self._calls = calls
        self._kernel = calls.kernel
        self._task = calls.kernel.current
        self._program = program
        self._timer: Timer | None = None

    @property
    def is_over(self) -> bool:
        """Whether the Lua thread is gone that it was for."""
        return not self._kernel.has(self._task)

    def take(self, byte: bytes) -> None:
        """Hand over a byte that was typed, or nothing if none came in time, and let it go on as far as it can."""
        self.is_reading = False
        if self._timer is not None:
            self._timer.cancelled, self._timer = True, None
        self.go_on(byte)

    def go_on(self, answer: bytes | None = None) -> None:
        """Let it begin, or go on with an answer, until it waits for something or ends."""
        kernel, console = self._kernel, self._calls.console
        while not self.is_over:
            try:
                effect = next(self._program) if answer is None else self._program.send(answer)
            except StopIteration as stop:
                console.end_foreground(self)
                kernel.answer(self._task, (True, *stop.value))
                return
            if isinstance(effect, bytes):
                console.write(effect)
                answer = b""
            elif isinstance(effect, Pause):
                kernel.at(kernel.now_ns() + round(effect.seconds * NS_PER_S), lambda: self.go_on(b""))
                return
            else:
                answer = console.input.take()
                if not answer and effect is not Read.NOW:
                    self._wait(effect)
                    return

    def _wait(self, effect: Read) -> None:
        self.is_reading = True
        if effect is Read.THIS_SECOND:
            self._timer = self._kernel.at(self._calls.next_second_ns(), lambda: self.take(b""))


class ProgramCalls(CallGroup):
    """``os.edit``, ``os.more``, ``os.dmesg`` and ``os.passwd``."""

    def __init__(
        self, console: ConsoleCalls, files: FileCalls, log_file: LogFile, clock: DeviceClock, rng: Rng
    ) -> None:
        self.console = console
        self._files = files
        self._log_file = log_file
        self._clock = clock
        self._rng = rng

    def next_second_ns(self) -> int:
        """Return when the board's clock shows the next second, in the world's time."""
        now_ns = self.kernel.now_ns()
        return now_ns + NS_PER_S - (self._clock.offset_ns + now_ns) % NS_PER_S

    def run(self, program: Program[Result]) -> object:
        """Run a program for the Lua thread that runs now, and answer it with what the program returns."""
        foreground = Foreground(self, program)
        self.console.begin_foreground(foreground)
        foreground.go_on()
        return WAIT

    # -- os -------------------------------------------------------------------------------------------------------

    @call("os.more")
    def _more(self, path: bytes) -> Any:
        try:
            content = self._files.shown(path)
        except FileSystemError as error:
            return self._files.failed(error, path)
        return self.run(_without_result(page_through(path, content)))

    @call("os.dmesg")
    def _dmesg(self) -> Any:
        path = self._log_file.path
        if path is None:
            raise LuaError("logging disabled or not available")
        return self._more(bytes_of(path))

    @call("os.edit")
    def _edit(self, path: bytes) -> Any:
        if self._files.is_directory(path):
            return self._files.failed(FileSystemError(Errno.EISDIR), path)
        is_new = not self._files.is_regular_file(path)
        if is_new:
            try:
                self._files.write(path, b"", mode="a")
            except FileSystemError as error:
                return self._files.failed(error, path)
        return self.run(self._edit_file(path, is_new=is_new))

    def _edit_file(self, path: bytes, *, is_new: bool) -> Program[Result]:
        from simulator.console.editor import edit  # few boards ever see it

        has_saved = yield from edit(path, _EditedFiles(self._files))
        if is_new and not has_saved:
            with suppress(FileSystemError):
                self._files.remove(path)
        yield screen.CLEAR
        return ()

    @call("os.passwd")
    def _passwd(self) -> Any:
        return self.run(self._change_password())

    def _change_password(self) -> Program[Result]:
        files = self._files
        with suppress(FileSystemError):
            if not files.is_directory(_ETC):
                files.make_directory(_ETC)
        try:
            current = files.load(_PASSWORD_FILE).partition(b"\n")[0][:HASH_BYTES_MAX]
        except FileSystemError:
            current = b""
            with suppress(FileSystemError):
                files.write(_PASSWORD_FILE, b"", mode="a+")
        new = yield from change_password(current, history=self.console.history, random_bytes=self._rng.bytes)
        if new is not None:
            try:
                files.write(_PASSWORD_FILE, new, mode="w")
            except FileSystemError as error:
                yield f"can't write to {_PASSWORD_FILE.decode()} ({error.text})\r\n".encode()
        return ()


class _EditedFiles:
    """The files as the editor sees them."""

    def __init__(self, files: FileCalls) -> None:
        self._files = files

    def read(self, path: bytes) -> bytes:
        return self._files.load(path)

    def write(self, path: bytes, data: bytes) -> None:
        self._files.write(path, data, mode="w")


def _without_result(program: Program[None]) -> Program[Result]:
    yield from program
    return ()
