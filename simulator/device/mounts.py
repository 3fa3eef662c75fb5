"""What is mounted where: the mount table of Lua RTOS (``components/sys/sys/mount.c``).

One file system of each kind that the build has can be mounted at a directory of the root, which needs not be there
and is not made. A logical path such as ``/sd/a.txt`` becomes a physical one, ``/fat/a.txt``, and that finds the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from simulator.device.file_systems import FileSystemDriver, LogLine
from simulator.filesystem import Errno, FileSystem, FileSystemError
from simulator.vm.exceptions import LuaError

PATH_BYTES_MAX: Final = 64
"""PATH_MAX, which only some functions check."""

_ORDER: Final = ("fat", "lfs", "ramfs", "romfs", "spiffs", "dev")
_ROOT: Final = "/"
_DEVICES: Final = "/dev"
_EXCLUDED_BY: Final[Mapping[str, str]] = {"spiffs": "lfs", "lfs": "spiffs"}


class PathLockLeftError(LuaError):
    """A failure that leaves the lock of the mount table with the caller, so that nobody else gets past it."""


@dataclass(slots=True)
class _Point:
    """A line of the table. Devices have a path and no driver, and never count as mounted."""

    name: str
    driver: FileSystemDriver | None
    path: str | None = None
    file_system: FileSystem | None = None


class Mounts:
    """The mount table of one run of the app; ``drivers`` are those of the build by name.

    Paths are logical, absolute and normalised. ``log`` writes a log line.
    """

    def __init__(self, drivers: Mapping[str, FileSystemDriver], log: Callable[[int, bytes], None]) -> None:
        self._points = [
            _Point(name, drivers.get(name), _DEVICES if name == "dev" else None)
            for name in _ORDER
            if name in drivers or name == "dev"
        ]
        self._log = log

    # -- paths ----------------------------------------------------------------------------------------------------

    def locate(self, path: str) -> tuple[FileSystem, str]:
        """Return the file system that a path is in and the path there; ENOENT if it is in none."""
        point = self._point_of(path)
        if point is None or point.file_system is None or point.path is None:
            raise FileSystemError(Errno.ENOENT)
        inner = path if point.path == _ROOT else path[len(point.path) :]
        return point.file_system, inner or _ROOT

    def _point_of(self, path: str) -> _Point | None:
        root = None
        for point in self._points:
            if point.path == _ROOT:
                root = point
            elif point.path is not None and (path == point.path or path.startswith(f"{point.path}/")):
                return point
        return root

    def _mounted_at(self, path: str) -> _Point | None:
        """Return the line of the table whose directory ``path`` is."""
        point = self._point_of(path)
        return point if point is not None and point.path == path else None

    def directories(self) -> list[str]:
        """Return the names of the directories of the root that something is mounted at, as a listing shows them."""
        return [
            point.path[1:]
            for point in self._points
            if point.file_system is not None and point.path is not None and point.path != _ROOT
        ]

    def path_of(self, *names: str) -> str | None:
        """Return where the first of the file systems ``names`` that is mounted is, None if none is."""
        by_name = {point.name: point for point in self._points if point.file_system is not None}
        return next((by_name[name].path for name in names if name in by_name), None)

    # -- mounting -------------------------------------------------------------------------------------------------

    def steps(self, target: str, name: str) -> Iterator[LogLine]:
        """Mount the file system ``name``, yielding the log lines in between. It may fail, which only the log tells."""
        point = next(point for point in self._points if point.name == name)
        assert point.driver is not None
        point.file_system = yield from point.driver.mount(target)
        point.path = target if point.file_system is not None else None

    def mount(self, target: str, name: str) -> None:
        """Mount for a script. Raises `LuaError` for what the table refuses, but not when the driver fails."""
        self._check_target(target)
        point = next((point for point in self._points if point.name == name), None)
        if point is None:
            raise LuaError("non-existent file system")
        if point.file_system is not None:
            raise LuaError("target is mounted")
        if self._mounted_at(target) is not None:
            raise LuaError("target is used by other file system, or the file system has an invalid superblock")
        if point.driver is None:
            return
        if self.path_of(_EXCLUDED_BY.get(name, "")) is not None:
            raise PathLockLeftError("not allowed")
        for line in self.steps(target, name):
            self._log(*line)

    def unmount(self, target: str) -> None:
        """Unmount for a script. Raises `LuaError`."""
        self._check_target(target)
        point = self._mounted_at(target)
        if point is None:
            raise LuaError("target is not a mount point")
        if target == _ROOT and self.directories():
            raise PathLockLeftError("not allowed")
        if point.file_system is None or point.driver is None:
            raise LuaError("Device or resource busy")
        self._log(*point.driver.unmount(point.file_system))
        point.file_system = point.path = None

    def _check_target(self, target: str) -> None:
        if len(target.encode("utf-8", "surrogateescape")) > PATH_BYTES_MAX:
            raise LuaError(Errno.ENAMETOOLONG.text)
        if target.count("/") != 1:
            raise PathLockLeftError(Errno.ENOTDIR.text)

    # -- what is done to a whole file system ----------------------------------------------------------------------

    def at(self, path: str) -> FileSystem | None:
        """Return the file system that is mounted at exactly this path."""
        point = self._mounted_at(path)
        return None if point is None else point.file_system

    def can_format(self, path: str) -> bool:
        """Return whether what is mounted at a path can be formatted."""
        point = self._mounted_at(path)
        return point is not None and point.driver is not None and point.driver.can_format

    def format(self, path: str) -> None:
        """Format what is mounted at a path. If that fails it is still in the table, without a file system."""
        point = self._mounted_at(path)
        assert point is not None
        assert point.driver is not None
        assert point.file_system is not None
        steps = point.driver.format(point.file_system, path)
        while True:
            try:
                self._log(*next(steps))
            except StopIteration as stop:
                point.file_system = stop.value
                return

    def take_busy_ns(self) -> int:
        """Return the nanoseconds that all memories were busy since it was last asked."""
        return sum(point.driver.take_busy_ns() for point in self._points if point.driver is not None)
