"""The board's file systems: that of the ``storage`` partition in the format of a real board's flash, RAM, memory card.

Knows paths, files and directories, and what Lua RTOS's drivers answer; knows neither Lua nor mount points and current
directory. Synchronous, without time: what an operation costs is told by the flash chip or the card below. Read
`interface.py` first, then `spiffs.py`.
"""

from simulator.filesystem.detect import FileSystemLayout, detect
from simulator.filesystem.interface import (
    DirectoryEntry,
    Errno,
    FileStatus,
    FileSystem,
    FileSystemError,
    FileSystemKind,
    FileType,
    NotFormattedError,
    NotFormattedReason,
    OpenFile,
    OpenMode,
    Usage,
    Whence,
)
from simulator.filesystem.mount import build_file_system, format, mount  # noqa: A004

__all__ = [
    "DirectoryEntry",
    "Errno",
    "FileStatus",
    "FileSystem",
    "FileSystemError",
    "FileSystemKind",
    "FileSystemLayout",
    "FileType",
    "NotFormattedError",
    "NotFormattedReason",
    "OpenFile",
    "OpenMode",
    "Usage",
    "Whence",
    "build_file_system",
    "detect",
    "format",
    "mount",
]
