"""The file system in RAM: 4 KiB of blocks and names, lost when it is unmounted (``components/ramfs/ramfs.c``).

What of the original's manners a script can see is kept:

* Names and blocks are counted as the C structures are large, and what a rename leaves behind is never given back.
* In an empty file system a path of several names makes its first one only.
* Truncating keeps the first block. Writing behind the end of the blocks goes to the start of a new one, and makes the
  file only as much longer as was written.
* A file that is removed while it is open keeps its blocks until it is closed.

Where the original goes through a null pointer or takes a directory for a file, this one says ENOENT, EISDIR or
ENOTDIR.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from simulator.filesystem.interface import (
    DirectoryEntry,
    Errno,
    FileStatus,
    FileSystem,
    FileSystemError,
    FileType,
    OpenFile,
    OpenMode,
    Usage,
    Whence,
)
from simulator.units import KIB

SIZE_BYTES: Final = 4 * KIB
"""CONFIG_LUA_RTOS_RAM_FS_SIZE of every board."""
BLOCK_BYTES: Final = 128
"""CONFIG_LUA_RTOS_RAM_FS_BLOCK_SIZE of every board."""

PATH_BYTES_MAX: Final = 64  # PATH_MAX
_ENTRY_BYTES: Final = 15  # sizeof (ramfs_entry_t), of which one byte is the name's
_HEADER_BYTES: Final = 12  # sizeof (ram_file_header_t)
_BLOCK_OVERHEAD_BYTES: Final = 7  # sizeof (ramfs_block_t), of which one byte is data


@dataclass(eq=False, slots=True)
class _Node:
    """A file or directory; ``data`` is as long as the file's blocks, ``size`` what of it counts."""

    name: str
    type: FileType
    children: dict[str, _Node] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    size: int = 0
    uses: int = 0
    is_removed: bool = False

    @property
    def is_directory(self) -> bool:
        return self.type is FileType.DIRECTORY

    @property
    def blocks(self) -> int:
        return len(self.data) // BLOCK_BYTES

    @property
    def entry_bytes(self) -> int:
        return _ENTRY_BYTES + len(self.name.encode("utf-8", "surrogateescape"))

    @property
    def content_bytes(self) -> int:
        return 0 if self.is_directory else _HEADER_BYTES + self.blocks * (BLOCK_BYTES + _BLOCK_OVERHEAD_BYTES)


class RamFileSystem(FileSystem):
    """A mounted file system in RAM; a new one is empty."""

    kind = "ramfs"
    block_bytes = BLOCK_BYTES

    def __init__(self) -> None:
        self._root = _Node("", FileType.DIRECTORY)
        self.used_bytes = 0
        self._open_files: set[_RamFile] = set()

    # -- paths ----------------------------------------------------------------------------------------------------

    def _find(self, path: str) -> _Node:
        """Return what is at a path. ENOENT, ENOTDIR if a file is taken for a directory, ENAMETOOLONG."""
        node = self._root
        for name in _names(path):
            if not node.is_directory:
                raise FileSystemError(Errno.ENOTDIR)
            if name not in node.children:
                raise FileSystemError(Errno.ENOENT)
            node = node.children[name]
        return node

    def _make(self, path: str, type_: FileType) -> _Node:
        """Make the last name of a path, whose directory must be there; ENOSPC."""
        names = _names(path)
        if not self._root.children:
            names = names[:1]
        parent = self._find("/" + "/".join(names[:-1]))
        if not parent.is_directory:
            raise FileSystemError(Errno.ENOTDIR)
        node = _Node(names[-1], type_)
        self.take(node.entry_bytes + node.content_bytes)
        parent.children[node.name] = node
        return node

    def take(self, count: int) -> None:
        """Use so many bytes more, or ENOSPC."""
        if self.used_bytes + count > SIZE_BYTES:
            raise FileSystemError(Errno.ENOSPC)
        self.used_bytes += count

    def _drop(self, path: str) -> _Node:
        """Take the entry of a path out of its directory; what it takes up is given back by the caller."""
        node = self._find(path)
        del self._find(path.rpartition("/")[0] or "/").children[node.name]
        return node

    # -- FileSystem -----------------------------------------------------------------------------------------------

    def open(self, path: str, mode: str = "r") -> OpenFile:
        """Open a file; EISDIR for a directory."""
        how = OpenMode.parse(mode)
        try:
            node = self._find(path)
        except FileSystemError as error:
            if not how.create or error.errno != Errno.ENOENT:
                raise
            node = self._make(path, FileType.FILE)
        if node.is_directory:
            raise FileSystemError(Errno.EISDIR)
        if how.truncate:
            for _ in range(max(0, node.size - 1) // BLOCK_BYTES):
                del node.data[-BLOCK_BYTES:]
                self.used_bytes -= BLOCK_BYTES + _BLOCK_OVERHEAD_BYTES
            node.size = 0
        file = _RamFile(self, node, how)
        self._open_files.add(file)
        return file

    def stat(self, path: str) -> FileStatus:
        """Return type and size."""
        node = self._find(path)
        return FileStatus(node.type, node.size)

    def listdir(self, path: str = "/") -> list[DirectoryEntry]:
        """Return the entries in the order in which they were made; ENOTDIR for a file."""
        node = self._find(path)
        if not node.is_directory:
            raise FileSystemError(Errno.ENOTDIR)
        return [DirectoryEntry(child.name, child.type, child.size) for child in node.children.values()]

    def mkdir(self, path: str) -> None:
        """Make a directory; EEXIST."""
        try:
            self._find(path)
        except FileSystemError as error:
            if error.errno != Errno.ENOENT:
                raise
            self._make(path, FileType.DIRECTORY)
        else:
            raise FileSystemError(Errno.EEXIST)

    def remove(self, path: str) -> None:
        """Remove a file; EPERM for a directory."""
        if self._find(path).is_directory:
            raise FileSystemError(Errno.EPERM)
        node = self._drop(path)
        node.is_removed = True
        self.release(node)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        if path == "/":
            raise FileSystemError(Errno.EBUSY)
        node = self._find(path)
        if not node.is_directory:
            raise FileSystemError(Errno.ENOTDIR)
        if node.children:
            raise FileSystemError(Errno.ENOTEMPTY)
        self.used_bytes -= self._drop(path).entry_bytes

    def rename(self, old: str, new: str) -> None:
        """Rename; a file or empty directory of the new name loses its content, which is never given back."""
        source = self._find(old)
        try:
            target = self._find(new)
        except FileSystemError as error:
            if error.errno != Errno.ENOENT:
                raise
            target = self._make(new, source.type)
        if target is source:
            return
        if target.is_directory and not source.is_directory:
            raise FileSystemError(Errno.EISDIR)
        if target.children:
            raise FileSystemError(Errno.ENOTEMPTY)
        if source.is_directory and not target.is_directory:
            raise FileSystemError(Errno.ENOTDIR)
        target.children, target.data, target.size = source.children, source.data, source.size
        self.used_bytes -= self._drop(old).entry_bytes

    def usage(self) -> Usage:
        """Return the size, and what names and blocks take of it."""
        return Usage(SIZE_BYTES, self.used_bytes)

    def format(self) -> None:
        """Forget everything."""
        self.unmount()

    def unmount(self) -> None:
        """Forget everything; files that are open can only be closed."""
        self._root = _Node("", FileType.DIRECTORY)
        self.used_bytes = 0
        for file in self._open_files:
            file.is_lost = True
        self._open_files.clear()

    # -- open files -----------------------------------------------------------------------------------------------

    def closed(self, file: _RamFile, node: _Node) -> None:
        """Take note that an open file was closed."""
        self._open_files.discard(file)
        self.release(node)

    def release(self, node: _Node) -> None:
        """Give back what a file takes up, once it is removed and nobody has it open."""
        if node.is_removed and not node.uses:
            self.used_bytes -= node.entry_bytes + node.content_bytes


class _RamFile(OpenFile):
    """An open file. The block in which the next byte is read or written is known apart from the position."""

    def __init__(self, file_system: RamFileSystem, node: _Node, mode: OpenMode) -> None:
        self.is_lost = False
        self._file_system = file_system
        self._node = node
        self._mode = mode
        self._offset = 0
        self._at: int | None = None
        """Where in the data; the end of a block counts to that block. None behind the last block."""
        self._is_closed = False
        node.uses += 1
        self.seek(0)

    def read(self, length: int = -1) -> bytes:
        self._require(readable=True)
        node, data = self._node, bytearray()
        wanted = node.size - self._offset if length < 0 else min(length, node.size - self._offset)
        while len(data) < wanted:
            if self._at is None or self._at >= len(node.data):
                self._at = None
                break
            count = min(BLOCK_BYTES - self._at % BLOCK_BYTES, wanted - len(data))
            data += node.data[self._at : self._at + count]
            self._at += count
            self._offset += count
        return bytes(data)

    def write(self, data: bytes) -> int:
        self._require(writable=True)
        if self._mode.append:
            self.seek(0, Whence.END)
        node, rest = self._node, memoryview(data)
        while rest:
            if self._at is None or self._at >= len(node.data):
                self._add_block()
            assert self._at is not None
            chunk = rest[: BLOCK_BYTES - self._at % BLOCK_BYTES]
            rest = rest[len(chunk) :]
            node.data[self._at : self._at + len(chunk)] = chunk
            node.size += max(0, len(chunk) - max(0, node.size - self._offset))
            self._at += len(chunk)
            self._offset += len(chunk)
        return len(data)

    def _add_block(self) -> None:
        node = self._node
        self._at = None
        self._file_system.take(BLOCK_BYTES + _BLOCK_OVERHEAD_BYTES)
        self._at = len(node.data)
        node.data += bytes(BLOCK_BYTES)

    def seek(self, offset: int, whence: Whence = Whence.START) -> int:
        self._require()
        base = {Whence.START: 0, Whence.CURRENT: self._offset, Whence.END: self._node.size}[whence]
        if base + offset < 0:
            raise FileSystemError(Errno.EINVAL)
        self._offset = base + offset
        self._at = self._offset if self._offset // BLOCK_BYTES < self._node.blocks else None
        return self._offset

    def tell(self) -> int:
        self._require()
        return self._offset

    def flush(self) -> None:
        self._require()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._node.uses -= 1
            if not self.is_lost:
                self._file_system.closed(self, self._node)

    def _require(self, *, readable: bool = False, writable: bool = False) -> None:
        wrong_mode = (readable and not self._mode.readable) or (writable and not self._mode.writable)
        if self._is_closed or self.is_lost or wrong_mode:
            raise FileSystemError(Errno.EBADF)


def _names(path: str) -> list[str]:
    if len(path.encode("utf-8", "surrogateescape")) > PATH_BYTES_MAX:
        raise FileSystemError(Errno.ENAMETOOLONG)
    return [name for name in path.split("/") if name]
