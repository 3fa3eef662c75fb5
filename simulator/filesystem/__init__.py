"""The board's root file system in the ``storage`` partition, in the format that is on a real board's flash.

Knows paths, files and directories, and what Lua RTOS's drivers answer; knows neither Lua nor mount points, current
directory, or the other file systems (RAM, SD card). Synchronous, without time: what a flash operation costs is told
by the chip below. Read `interface.py` first, then `spiffs.py`.
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
