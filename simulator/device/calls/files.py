"""The board's files, as scripts see them: the current directory, open files, and what ``os`` does with paths."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import trio

from simulator.device.calls import CallGroup, bytes_of, call, text_of
from simulator.device.calls.console import ConsoleCalls
from simulator.device.kernel import Kernel
from simulator.filesystem import Errno, FileSystem, FileSystemError, FileType, OpenFile, Whence
from simulator.flash.chip import FlashChip
from simulator.units import NS_PER_S

_WHENCE: Final = {b"set": Whence.START, b"cur": Whence.CURRENT, b"end": Whence.END}
_NO_DATE: Final = " " * 24  # neither SPIFFS nor LFS keeps times

Result = tuple[Any, ...]


class FileCalls(CallGroup):
    """The root file system and what is open on it. ``root`` is None when it could not be mounted."""

    def __init__(
        self,
        root: FileSystem | None,
        chip: FlashChip,
        console: ConsoleCalls,
        *,
        emit: Callable[..., None],
        mounts: tuple[str, ...],
    ) -> None:
        self.directory = "/"
        self._root = root
        self._chip = chip
        self._console = console
        self._emit = emit
        self._mounts = mounts
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

    def is_regular_file(self, path: bytes) -> bool:
        """Return whether ``path`` names a file."""
        try:
            return self._root is not None and self._root.stat(self.absolute(path)).type is FileType.FILE
        except FileSystemError:
            return False

    def _is_directory(self, target: str) -> bool:
        try:
            return target == "/" or self.root.stat(target).type is FileType.DIRECTORY
        except FileSystemError:
            return False

    @property
    def root(self) -> FileSystem:
        """The root file system; ENODEV if there is none."""
        if self._root is None:
            raise FileSystemError(Errno.ENODEV)
        return self._root

    def open(self, path: bytes, mode: str) -> OpenFile:
        """Open a file by the path that a script gave; `FileSystemError` if that cannot be."""
        file = self.root.open(self.absolute(path), mode)
        if "r" not in mode or "+" in mode:
            self._emit("fs.write", path=self.absolute(path), mode=mode)
        return file

    def load(self, path: bytes) -> bytes:
        """Return what is in a file, and let the running Lua thread pay for reading it; or `FileSystemError`."""
        data = self.root.read_file(self.absolute(path))
        self._pay()
        return data

    async def settle(self) -> None:
        """Let a call that waits pay for what the flash chip did."""
        busy_ns = self._chip.take_busy_ns()
        if busy_ns:
            await trio.sleep(busy_ns / NS_PER_S)

    def _pay(self) -> None:
        """Let the running Lua thread pay for what the flash chip did."""
        self.kernel.charge(self._chip.take_busy_ns())

    def _failed(self, error: FileSystemError, path: bytes | None = None) -> Result:
        text = error.text.encode()
        return (None, path + b": " + text if path is not None else text, error.errno)

    # -- whole files and the io library ---------------------------------------------------------------------------

    @call("fs.readable")
    def _readable(self, path: bytes) -> Result:
        return (self.is_regular_file(path),)

    @call("fs.load")
    def _load(self, path: bytes) -> Result:
        try:
            return (self.load(path),)
        except FileSystemError as error:
            return (None, error.text.encode())

    @call("fs.open")
    def _open_file(self, path: bytes, mode: bytes) -> Result:
        try:
            file = self.open(path, mode.decode())
        except FileSystemError as error:
            return self._failed(error, path)
        handle = self._next_handle
        self._next_handle += 1
        self._open[handle] = file
        self._pay()
        return (handle,)

    def _on_handle(self, handle: int, action: Callable[[OpenFile], Any]) -> Result:
        file = self._open.get(handle)
        if file is None:
            return self._failed(FileSystemError(Errno.EBADF))
        try:
            result = action(file)
        except FileSystemError as error:
            return self._failed(error)
        self._pay()
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
    def _stat(self, path: bytes) -> Result:
        try:
            status = self.root.stat(self.absolute(path))
        except FileSystemError:
            return (None,)
        return (status.type.value.encode(), status.size_bytes)

    # -- os -------------------------------------------------------------------------------------------------------

    @call("os.pwd")
    def _pwd(self) -> Result:
        return (bytes_of(self.directory),)

    @call("os.cd")
    def _cd(self, path: bytes) -> Result:
        target = self.absolute(path)
        if not self._is_directory(target):
            # Whatever is wrong with it, chdir.c says this.
            return self._failed(FileSystemError(Errno.ENOTDIR), path)
        self.directory = target
        return ()

    @call("os.exists")
    def _exists(self, path: bytes) -> Result:
        return (self._root is not None and (self.absolute(path) == "/" or self._root.exists(self.absolute(path))),)

    @call("os.mkdir")
    def _mkdir(self, path: bytes) -> Result:
        try:
            self.root.mkdir(self.absolute(path))
        except FileSystemError as error:
            return self._failed(error, path)
        self._pay()
        return (True,)

    @call("os.remove")
    def _remove(self, path: bytes) -> Result:
        target = self.absolute(path)
        if b"*" in path and not self.root.exists(target):
            return self._remove_matching(path)
        try:
            self._remove_one(target)
        except FileSystemError as error:
            return self._failed(error, path)
        self._pay()
        return (True,)

    def _remove_one(self, target: str) -> None:
        if self.root.stat(target).type is FileType.DIRECTORY:
            self.root.rmdir(target)
        else:
            self.root.remove(target)

    def _remove_matching(self, path: bytes) -> Result:
        """Remove what a pattern names, the device's way: matches are deleted by bare name in the current directory."""
        directory, _, pattern = text_of(path).rpartition("/")
        listing = self._listing(self.absolute(bytes_of(directory or ".")))
        matches = [entry.name for entry in listing if _matches(entry.name, pattern)]
        if not matches:
            return self._failed(FileSystemError(Errno.ENOENT), path)
        for name in matches:
            try:
                self._remove_one(self.absolute(bytes_of(name)))
            except FileSystemError:
                return (True,)  # the status argument is inverted there
        self._pay()
        return ()

    @call("os.rename")
    def _rename(self, old: bytes, new: bytes) -> Result:
        try:
            self.root.rename(self.absolute(old), self.absolute(new))
        except FileSystemError as error:
            return self._failed(error)
        self._pay()
        return (True,)

    @call("os.cp")
    def _copy_file(self, source: bytes, target: bytes) -> Result:
        if self.absolute(source) == self.absolute(target):
            return (True,)
        try:
            data = self.root.read_file(self.absolute(source))
        except FileSystemError as error:
            return self._failed(error, source)
        try:
            self.root.write_file(self.absolute(target), data)
        except FileSystemError as error:
            return self._failed(error, target)
        self._pay()
        return (True,)

    @call("os.cat")
    def _cat(self, path: bytes) -> Result:
        target = self.absolute(path)
        if self._is_directory(target):
            return self._failed(FileSystemError(Errno.EISDIR), path)
        try:
            data = self.root.read_file(target)
        except FileSystemError as error:
            return self._failed(error, path)
        self._pay()
        self._console.write(data)
        return ()

    def _listing(self, directory: str) -> list[Any]:
        try:
            return self.root.listdir(directory)
        except FileSystemError:
            return []

    @call("os.ls")
    def _ls(self, path: bytes) -> Result:
        target = self.absolute(path)
        pattern = ""
        try:
            if target != "/" and self.root.stat(target).type is FileType.FILE:
                target, _, pattern = target.rpartition("/")
        except FileSystemError:
            target, _, pattern = target.rpartition("/")
        target = target or "/"
        lines = []
        if target == "/" and not pattern:
            lines += [f"d\t       -\t{_NO_DATE}\t{name}\n" for name in self._mounts]
        for entry in self._listing(target):
            if pattern and not _matches(entry.name, pattern):
                continue
            if entry.type is FileType.FILE:
                lines.append(f"f\t{entry.size_bytes:8d}\t{_NO_DATE}\t{entry.name}\n")
            else:
                lines.append(f"d\t       -\t{_NO_DATE}\t{entry.name}\n")
        self._pay()
        for line in lines:
            self._console.write(bytes_of(line))
        return ()

    @call("os.df")
    def _df(self, path: bytes) -> Result:
        if self.absolute(path) != "/" or self._root is None:
            self._console.write(b"can't get free space of " + path + b"\r\n")
            return ()
        usage = self._root.usage()
        self._pay()
        return (usage.total_bytes - usage.used_bytes, usage.total_bytes)

    @call("os.format")
    def _format(self, path: bytes) -> Result:
        """Erase everything; the script has asked the user before. Nobody looks whether that worked."""
        with suppress(FileSystemError):
            self.root.format()
        self._open.clear()
        self._pay()
        return ()

    @call("fs.format_name")
    def _format_name(self, path: bytes) -> Result:
        return (self._root.kind.encode() if self._root is not None and self.absolute(path) == "/" else None,)

    @call("os.stdout")
    def _stdout(self, path: bytes | None = None) -> Result:
        self._console.copy_to(None)
        with suppress(FileSystemError):  # neither a file that cannot be opened nor a full one is told
            if self._copy is not None:
                file, self._copy = self._copy, None
                file.close()
        if path is not None:
            with suppress(FileSystemError):
                self._copy = self.root.open(self.absolute(path), "a+")
                self._console.copy_to(self._write_copy)
        return ()

    def _write_copy(self, wire: bytes) -> None:
        assert self._copy is not None
        with suppress(FileSystemError):
            self._copy.write(wire)


def _matches(name: str, pattern: str) -> bool:
    """Return whether a name fits a pattern of ``os.ls``: no star, one star anywhere, or ``*text*``."""
    if pattern.startswith("*") and pattern.endswith("*") and len(pattern) > 1:
        return pattern[1:-1] in name
    head, star, tail = pattern.partition("*")
    if not star:
        return name == pattern
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
