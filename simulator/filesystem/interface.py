"""What the device does with a file system, whichever format is on its flash.

Paths are absolute and normalised (no ``.``, ``..`` or ``//``, no slash at the end except the root) and are text; bytes
that are no UTF-8 travel as surrogate escapes, so any Lua string can be a name. Limits count bytes. Every failure that
a script can see is a `FileSystemError` with newlib's number and text, as Lua RTOS's own drivers report it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar, Final, Literal, NamedTuple

from simulator.errors import FormatError

FileSystemKind = Literal["spiffs", "lfs"]
"""Those of a partition of the flash chip."""


class Errno(IntEnum):
    """Newlib's numbers of the errors that the drivers give (``sys/errno.h`` of the ESP32 toolchain)."""

    SUCCESS = 0
    EPERM = 1
    ENOENT = 2
    EIO = 5
    EBADF = 9
    ENOMEM = 12
    EACCES = 13
    EBUSY = 16
    EEXIST = 17
    EXDEV = 18
    ENODEV = 19
    ENOTDIR = 20
    EISDIR = 21
    EINVAL = 22
    ENFILE = 23
    EFBIG = 27
    ENOSPC = 28
    EROFS = 30
    ENOTEMPTY = 90
    ENAMETOOLONG = 91

    @property
    def text(self) -> str:
        """What newlib's ``strerror`` returns."""
        return _STRERROR[self]


_STRERROR: Final = {
    Errno.SUCCESS: "Success",
    Errno.EPERM: "Not owner",
    Errno.ENOENT: "No such file or directory",
    Errno.EIO: "I/O error",
    Errno.EBADF: "Bad file number",
    Errno.ENOMEM: "Not enough space",
    Errno.EACCES: "Permission denied",
    Errno.EBUSY: "Device or resource busy",
    Errno.EEXIST: "File exists",
    Errno.EXDEV: "Cross-device link",
    Errno.ENODEV: "No such device",
    Errno.ENOTDIR: "Not a directory",
    Errno.EISDIR: "Is a directory",
    Errno.EINVAL: "Invalid argument",
    Errno.ENFILE: "Too many open files in system",
    Errno.EFBIG: "File too large",
    Errno.ENOSPC: "No space left on device",
    Errno.EROFS: "Read-only file system",
    Errno.ENOTEMPTY: "Directory not empty",
    Errno.ENAMETOOLONG: "File or path name too long",
}


class FileSystemError(Exception):
    """The device's own answer to a file operation: ``errno`` (number), ``name`` (``ENOENT``), ``text`` (newlib's).

    Not a user's mistake on the host, hence no `LuaTwinError`: it becomes ``nil, "<path>: <text>", errno`` in Lua.
    """

    def __init__(self, errno: Errno) -> None:
        super().__init__(errno.text)
        self.errno = int(errno)
        self.name = errno.name
        self.text = errno.text


class NotFormattedReason(Enum):
    """What is missing from a partition that holds no file system."""

    NO_MAGIC = "SPIFFS's magic in all blocks but one"
    NO_SUPERBLOCK = "a littlefs superblock of these sizes"
    NO_VOLUME = "a FAT volume"
    IMPOSSIBLE = "a state in which littlefs would leave it"


class NotFormattedError(FormatError):
    """The partition holds no file system of the wanted kind and sizes; the device formats it and says so."""


class FileType(Enum):
    """The two types there are; the values are the words of `io.attributes`."""

    FILE = "file"
    DIRECTORY = "directory"


class FileStatus(NamedTuple):
    """What `FileSystem.stat` tells. A directory's size is 0.

    ``modified_s`` is when it was written, in seconds since 1970: 0 where the file system keeps no times, as those of
    flash and RAM.
    """

    type: FileType
    size_bytes: int
    modified_s: int = 0


class DirectoryEntry(NamedTuple):
    """One line of a listing: the bare name, its type, its size (0 for directories) and, if it is kept, its time."""

    name: str
    type: FileType
    size_bytes: int
    modified_s: int = 0


class Usage(NamedTuple):
    """Bytes as the driver counts them for ``os.df``, overheads included; free is the difference."""

    total_bytes: int
    used_bytes: int


class Whence(IntEnum):
    """Where a seek counts from, with the numbers of C."""

    START = 0
    CURRENT = 1
    END = 2


@dataclass(frozen=True, slots=True)
class OpenMode:
    """A C mode string taken apart. ``append`` writes at the end of the file wherever the position is."""

    readable: bool
    writable: bool
    create: bool
    truncate: bool
    append: bool

    @classmethod
    def parse(cls, text: str) -> OpenMode:
        """Take ``r``, ``w``, ``a``, each with ``+`` or ``b`` or both; EINVAL for anything else, as newlib's fopen."""
        try:
            return _MODES[text.replace("b", "", 1)]
        except KeyError:
            raise FileSystemError(Errno.EINVAL) from None


_MODES: Final = {
    "r": OpenMode(readable=True, writable=False, create=False, truncate=False, append=False),
    "r+": OpenMode(readable=True, writable=True, create=False, truncate=False, append=False),
    "w": OpenMode(readable=False, writable=True, create=True, truncate=True, append=False),
    "w+": OpenMode(readable=True, writable=True, create=True, truncate=True, append=False),
    "a": OpenMode(readable=False, writable=True, create=True, truncate=False, append=True),
    "a+": OpenMode(readable=True, writable=True, create=True, truncate=False, append=True),
}


class OpenFile(ABC):
    """A file descriptor with the manners of a C stream that has no buffer of its own."""

    @abstractmethod
    def read(self, length: int = -1) -> bytes:
        """Return up to ``length`` bytes, all that is left if negative; ``b""`` at the end of the file."""

    @abstractmethod
    def write(self, data: bytes) -> int:
        """Write all of ``data`` and return its length. What a full flash refuses may only show in `flush`."""

    @abstractmethod
    def seek(self, offset: int, whence: Whence = Whence.START) -> int:
        """Move the position and return it, counted from the start."""

    @abstractmethod
    def tell(self) -> int:
        """Return the position."""

    @abstractmethod
    def flush(self) -> None:
        """Put on flash what the driver still holds in RAM: C's ``fsync``.

        Newlib's ``fflush``, and so Lua's ``file:flush()``, only hands the stream's own buffer to the driver.
        """

    @abstractmethod
    def close(self) -> None:
        """Flush and give the descriptor back; a second close does nothing."""

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FileSystem(ABC):
    """A mounted file system. All of it raises `FileSystemError`; nothing else that the flash's bytes can cause."""

    kind: FileSystemKind | Literal["ramfs", "romfs", "fat"]
    has_permissions: ClassVar[bool] = False
    """Whether ``st_mode`` has more in it than the type, so that code which compares it whole takes a file for none."""
    block_bytes: int = 1024
    """What ``fstat`` says as ``st_blksize``, or newlib takes where it says nothing."""

    @abstractmethod
    def open(self, path: str, mode: str = "r") -> OpenFile:
        """Open a file; see `OpenMode`."""

    @abstractmethod
    def stat(self, path: str) -> FileStatus:
        """Return type and size."""

    @abstractmethod
    def listdir(self, path: str = "/") -> list[DirectoryEntry]:
        """Return the entries of a directory in the order the device lists them."""

    @abstractmethod
    def mkdir(self, path: str) -> None:
        """Make one directory; its parent must be there."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file; EPERM for a directory."""

    @abstractmethod
    def rmdir(self, path: str) -> None:
        """Remove an empty directory; ENOTDIR for a file, ENOTEMPTY, EBUSY for the root."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Rename or move a file or a directory with all that is below it."""

    @abstractmethod
    def usage(self) -> Usage:
        """Return total and used bytes."""

    @abstractmethod
    def format(self) -> None:
        """Erase everything and leave an empty file system, mounted; open files are lost."""

    @abstractmethod
    def unmount(self) -> None:
        """Flush the open files and let go; nothing may be called afterwards."""

    def exists(self, path: str) -> bool:
        """Say whether ``stat`` would succeed, which is how the device answers ``os.exists``."""
        try:
            self.stat(path)
        except FileSystemError:
            return False
        return True

    def read_file(self, path: str) -> bytes:
        """Return all of a file."""
        with self.open(path) as file:
            return file.read()

    def contents(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield all that is stored: the path and the data of every file, the path and None of every directory."""
        directories = [""]
        while directories:
            directory = directories.pop()
            for entry in self.listdir(directory or "/"):
                path = f"{directory}/{entry.name}"
                if entry.type is FileType.DIRECTORY:
                    directories.append(path)
                yield path, None if entry.type is FileType.DIRECTORY else self.read_file(path)

    def write_file(self, path: str, data: bytes) -> None:
        """Create or replace a file; unlike `OpenFile.close` this reports a full flash (ENOSPC)."""
        with self.open(path, "w") as file:
            file.write(data)
            file.flush()
