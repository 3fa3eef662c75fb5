"""The board's files, as scripts see them: the current directory, open files, and what ``os`` does with paths."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final

import trio

from simulator.c_numbers import int32
from simulator.device.calls import CallGroup, bytes_of, call, text_of
from simulator.device.calls.console import ConsoleCalls
from simulator.device.kernel import WAIT, Kernel
from simulator.device.mounts import Mounts, PathLockLeftError
from simulator.filesystem import DirectoryEntry, Errno, FileSystem, FileSystemError, FileType, OpenFile, Whence
from simulator.units import NS_PER_S
from simulator.vm.exceptions import LuaError

_WHENCE: Final = {b"set": Whence.START, b"cur": Whence.CURRENT, b"end": Whence.END}
_NO_DATE: Final = " " * 24  # only FAT keeps times

Result = tuple[Any, ...]


def _looks_up(function: Callable[..., Result]) -> Callable[..., Any]:
    """Make a call wait for ever if somebody else was left with the lock of the mount table, which it needs."""

    @wraps(function)
    def locked(self: FileCalls, *arguments: Any) -> Any:
        if self.path_lock_holder not in (None, self.kernel.current.id):
            return WAIT
        return function(self, *arguments)

    return locked


class FileCalls(CallGroup):
    """The files of all that is mounted, and which of them are open."""

    def __init__(self, mounts: Mounts, console: ConsoleCalls, *, emit: Callable[..., None]) -> None:
        self.directory = "/"
        self.path_lock_holder: int | None = None
        """The Lua thread that a failed mount left with the lock of the mount table."""
        self._mounts = mounts
        self._console = console
        self._emit = emit
        self._open: dict[int, OpenFile] = {}
        self._next_handle = 3  # after the standard streams
        self._copy: OpenFile | None = None

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts; the one before has closed its files when its Lua state went."""
        super().connect(kernel)
        for handle in tuple(self._open):
            self._close(handle)

    # -- paths ----------------------------------------------------------------------------------------------------

    def absolute(self, path: bytes) -> str:
        """Return a path as a script gave it, absolute and without ``.``, ``..`` and ``//``."""
        return posixpath.normpath("/" + posixpath.join(self.directory, text_of(path))).replace("//", "/")

    def locate(self, path: bytes) -> tuple[FileSystem, str]:
        """Return the file system that a path is in, as a script gave it, and the path there; ENOENT."""
        if not path:
            raise FileSystemError(Errno.ENOENT)
        return self._mounts.locate(self.absolute(path))

    def is_regular_file(self, path: bytes) -> bool:
        """Return whether ``path`` names a file."""
        try:
            file_system, inner = self.locate(path)
            return file_system.stat(inner).type is FileType.FILE
        except FileSystemError:
            return False

    def is_runnable(self, path: bytes) -> bool:
        """Return whether the shell takes ``path`` for a script: it compares the whole mode, which FAT adds to."""
        return self.is_regular_file(path) and not self.locate(path)[0].has_permissions

    def is_directory(self, path: bytes) -> bool:
        """Return whether ``path`` names a directory."""
        try:
            file_system, inner = self.locate(path)
            return file_system.stat(inner).type is FileType.DIRECTORY
        except FileSystemError:
            return False

    def open(self, path: bytes, mode: str) -> OpenFile:
        """Open a file by the path that a script gave; `FileSystemError` if that cannot be."""
        file_system, inner = self.locate(path)
        file = file_system.open(inner, mode)
        if "r" not in mode or "+" in mode:
            self._emit("fs.write", path=self.absolute(path), mode=mode)
        return file

    def remove(self, path: bytes) -> None:
        """Remove a file or an empty directory; or `FileSystemError`."""
        file_system, inner = self.locate(path)
        if file_system.stat(inner).type is FileType.DIRECTORY:
            file_system.rmdir(inner)
        else:
            file_system.remove(inner)

    def make_directory(self, path: bytes) -> None:
        """Make a directory; or `FileSystemError`."""
        file_system, inner = self.locate(path)
        file_system.mkdir(inner)

    def write(self, path: bytes, data: bytes, *, mode: str) -> None:
        """Open a file, write, and close it; or `FileSystemError`."""
        with self.open(path, mode) as file:
            file.write(data)
            file.flush()
        self.pay()

    def load(self, path: bytes) -> bytes:
        """Return what is in a file, and let the running Lua thread pay for reading it; or `FileSystemError`."""
        file_system, inner = self.locate(path)
        data = file_system.read_file(inner)
        self.pay()
        return data

    def shown(self, path: bytes) -> bytes:
        """Return what ``os.cat`` and ``os.more`` show of a file; or `FileSystemError` if it cannot be opened.

        A directory of SPIFFS can, and has nothing to read: they take every failure for the end of the file.
        """
        data = b""
        with self.open(path, "r") as file, suppress(FileSystemError):
            data = file.read()
        self.pay()
        return data

    async def settle(self) -> None:
        """Let a call that waits pay for what flash chip and card did."""
        busy_ns = self._mounts.take_busy_ns()
        if busy_ns:
            await trio.sleep(busy_ns / NS_PER_S)

    def pay(self) -> None:
        """Let the running Lua thread pay for what flash chip and card did."""
        self.kernel.charge(self._mounts.take_busy_ns())

    def failed(self, error: FileSystemError, path: bytes | None = None) -> Result:
        """Return what a function of Lua's libraries returns when a file operation failed (``luaL_fileresult``)."""
        text = error.text.encode()
        return (None, path + b": " + text if path is not None else text, error.errno)

    # -- whole files and the io library ---------------------------------------------------------------------------

    @call("fs.readable")
    @_looks_up
    def _readable(self, path: bytes) -> Result:
        return (self.is_regular_file(path),)

    @call("fs.load")
    @_looks_up
    def _load(self, path: bytes) -> Result:
        try:
            return (self.load(path),)
        except FileSystemError as error:
            return (None, error.text.encode())

    @call("fs.open")
    @_looks_up
    def _open_file(self, path: bytes, mode: bytes) -> Result:
        try:
            file = self.open(path, mode.decode())
        except FileSystemError as error:
            return self.failed(error, path)
        handle = self._next_handle
        self._next_handle += 1
        self._open[handle] = file
        self.pay()
        return (handle,)

    def _on_handle(self, handle: int, action: Callable[[OpenFile], Any]) -> Result:
        file = self._open.get(handle)
        if file is None:
            return self.failed(FileSystemError(Errno.EBADF))
        try:
            result = action(file)
        except FileSystemError as error:
            return self.failed(error)
        self.pay()
        return (result,)

    @call("fs.read")
    def _read(self, handle: int, length: int) -> Result:
        return self._on_handle(handle, lambda file: file.read(length))

    @call("fs.write")
    def _write(self, handle: int, data: bytes) -> Result:
        return self._on_handle(handle, lambda file: file.write(data))

    @call("fs.seek")
    def _seek(self, handle: int, whence: bytes, offset: int) -> Result:
        return self._on_handle(handle, lambda file: file.seek(offset, _WHENCE[whence]))

    @call("fs.flush")
    def _flush(self, handle: int) -> Result:
        # newlib's fflush does not reach the driver: what the file system holds in RAM stays there until close.
        return self._on_handle(handle, lambda _: True)

    @call("fs.close")
    def _close(self, handle: int) -> Result:
        result = self._on_handle(handle, lambda file: file.close() or True)
        self._open.pop(handle, None)
        return result

    @call("fs.stat")
    @_looks_up
    def _stat(self, path: bytes) -> Result:
        try:
            file_system, inner = self.locate(path)
            status = file_system.stat(inner)
        except FileSystemError:
            return (None,)
        # What is no type alone leaves the text as it was, which is undefined.
        type_ = b"" if file_system.has_permissions else status.type.value.encode()
        return (type_, status.size_bytes)

    # -- os -------------------------------------------------------------------------------------------------------

    @call("os.pwd")
    def _pwd(self) -> Result:
        return (bytes_of(self.directory),)

    @call("os.cd")
    @_looks_up
    def _cd(self, path: bytes) -> Result:
        if not self.is_directory(path):
            # Whatever is wrong with it, chdir.c says this.
            return self.failed(FileSystemError(Errno.ENOTDIR), path)
        self.directory = self.absolute(path)
        return ()

    @call("os.exists")
    @_looks_up
    def _exists(self, path: bytes) -> Result:
        try:
            file_system, inner = self.locate(path)
        except FileSystemError:
            return (False,)
        return (file_system.exists(inner),)

    @call("os.mkdir")
    @_looks_up
    def _mkdir(self, path: bytes | None = None) -> Result:
        path = bytes_of(self.directory) if path is None else path
        try:
            self.make_directory(path)
        except FileSystemError as error:
            return self.failed(error, path)
        self.pay()
        return (True,)

    @call("os.remove")
    @_looks_up
    def _remove(self, path: bytes) -> Result:
        if b"*" in path and not self.is_regular_file(path) and not self.is_directory(path):
            return self._remove_matching(path)
        try:
            self.remove(path)
        except FileSystemError as error:
            return self.failed(error, path)
        self.pay()
        return (True,)

    def _remove_matching(self, path: bytes) -> Result:
        """Remove what a pattern names, the device's way: matches are deleted by bare name in the current directory."""
        directory, slash, pattern = text_of(path).rpartition("/")
        try:
            names = [entry.name for entry in self._listing(bytes_of(directory or slash or "."))]
        except FileSystemError as error:
            return self.failed(error, bytes_of(directory))
        matches = [name for name in names if _matches(name, pattern)]
        for name in map(bytes_of, matches):
            if self.is_regular_file(name) or self.is_directory(name):
                try:
                    self.remove(name)
                except FileSystemError:
                    return (True,)  # the status argument is inverted there
        self.pay()
        return () if matches else self.failed(FileSystemError(Errno.ENOENT), bytes_of(pattern))

    @call("os.rename")
    @_looks_up
    def _rename(self, old: bytes, new: bytes) -> Result:
        try:
            source, old_inner = self.locate(old)
            target, new_inner = self.locate(new)
            if source is target and old_inner != new_inner:
                source.rename(old_inner, new_inner)
        except FileSystemError as error:
            return self.failed(error)
        if source is not target:
            return self.failed(FileSystemError(Errno.EXDEV))
        self.pay()
        return (True,)

    @call("os.cp")
    @_looks_up
    def _copy_file(self, source: bytes, target: bytes) -> Result:
        if self.absolute(source) == self.absolute(target):
            return (True,)
        try:
            data = self.load(source)
        except FileSystemError as error:
            return self.failed(error, source)
        try:
            file_system, inner = self.locate(target)
            file_system.write_file(inner, data)
        except FileSystemError as error:
            return self.failed(error, target)
        self.pay()
        return (True,)

    @call("os.cat")
    @_looks_up
    def _cat(self, path: bytes) -> Result:
        try:
            data = self.shown(path)
        except FileSystemError as error:
            return self.failed(error, path)
        self._console.write(data)
        return ()

    def _listing(self, directory: bytes) -> list[DirectoryEntry]:
        file_system, inner = self.locate(directory)
        mounted = self._mounts.directories() if self.absolute(directory) == "/" else []
        return [*(DirectoryEntry(name, FileType.DIRECTORY, 0) for name in mounted), *file_system.listdir(inner)]

    @call("os.ls")
    @_looks_up
    def _ls(self, path: bytes | None = None) -> Result:
        path, pattern = path or b".", ""
        if not self.is_directory(path):
            head, slash, tail = text_of(path).rpartition("/")
            path, pattern = bytes_of(head or slash or "."), tail
        try:
            entries = self._listing(path)
        except FileSystemError as error:
            return self.failed(error, path)
        self.pay()
        for entry in entries:
            if not pattern or _matches(entry.name, pattern):
                self._console.write(bytes_of(_listing_line(entry)))
        return ()

    @call("os.df")
    @_looks_up
    def _df(self, path: bytes) -> Result:
        file_system = self._mounts.at(self.absolute(path)) if path else None
        if file_system is None:
            self._console.write(b"can't get free space of " + path + b"\r\n")
            return ()
        usage = file_system.usage()
        self.pay()
        # A large card counts over.
        return (int32(usage.total_bytes - usage.used_bytes), int32(usage.total_bytes))

    @call("os.format")
    def _format(self, path: bytes) -> Result:
        """Erase everything; the script has asked the user before. Nobody looks whether that worked."""
        with suppress(FileSystemError):
            self._mounts.format(self.absolute(path))
        self.pay()
        return ()

    @call("os.tmpname")
    @_looks_up
    def _tmpname(self) -> Result:
        """Make an empty file under a name that nobody has; there is no ``/tmp`` unless a script makes one."""
        for name in _temporary_names():
            path = b"/tmp/lua_" + name.encode()
            try:
                file_system, inner = self.locate(path)
                if not file_system.exists(inner):
                    self.open(path, "w").close()
                    self.pay()
                    return (path,)
            except FileSystemError:
                break
        return (None,)

    @call("fs.format_name")
    @_looks_up
    def _format_name(self, path: bytes) -> Result:
        target = self.absolute(path)
        file_system = self._mounts.at(target) if path and self._mounts.can_format(target) else None
        return (None if file_system is None else file_system.kind.encode(),)

    @call("fs.mount")
    @_looks_up
    def _mount(self, target: bytes, name: bytes) -> Result:
        return self._change_mounts(target, lambda path: self._mounts.mount(path, text_of(name)))

    @call("fs.umount")
    @_looks_up
    def _unmount(self, target: bytes) -> Result:
        return self._change_mounts(target, self._mounts.unmount)

    def _change_mounts(self, target: bytes, change: Callable[[str], None]) -> Result:
        if not target:
            raise LuaError("target is empty")
        try:
            change(self.absolute(target))
        except PathLockLeftError:
            self.path_lock_holder = self.kernel.current.id
            raise
        self.pay()
        return ()

    @call("os.stdout")
    def _stdout(self, path: bytes | None = None) -> Result:
        self._console.copy_to(None)
        with suppress(FileSystemError):  # neither a file that cannot be opened nor a full one is told
            if self._copy is not None:
                file, self._copy = self._copy, None
                file.close()
        if path is not None:
            with suppress(FileSystemError):
                file_system, inner = self.locate(path)
                self._copy = file_system.open(inner, "a+")
                self._console.copy_to(self._write_copy)
        return ()

    def _write_copy(self, wire: bytes) -> None:
        assert self._copy is not None
        with suppress(FileSystemError):
            self._copy.write(wire)


def _listing_line(entry: DirectoryEntry) -> str:
    date = _NO_DATE
    if entry.modified_s:
        date = datetime.fromtimestamp(entry.modified_s, UTC).strftime("%a %b %e %H:%M:%S %Y")
    kind, size = ("f", f"{entry.size_bytes:8d}") if entry.type is FileType.FILE else ("d", "       -")
    return f"{kind}\t{size}\t{date}\t{entry.name}\n"


def _matches(name: str, pattern: str) -> bool:
    """Return whether a name fits a pattern of ``os.ls``: no star, one star anywhere, or ``*text*``."""
    if pattern.startswith("*") and pattern.endswith("*") and len(pattern) > 1:
        return pattern[1:-1] in name
    head, star, tail = pattern.partition("*")
    if not star:
        return name == pattern
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)


def _temporary_names() -> Iterator[str]:
    """Yield what newlib's ``mkstemp`` tries for six X (``mktemp.c``): the process, 1, and then letters."""
    name = "000001"
    while True:
        yield name
        counted = len(name) - len(name.lstrip("z"))
        if counted == len(name):
            return
        digit = name[counted]
        name = "a" * counted + ("a" if digit.isdigit() else chr(ord(digit) + 1)) + name[counted + 1 :]
