"""A folder of images as a catalogue that follows the folder.

A file counts when it has not changed since the last look: one that is still being written is left for the next. What is
no sound image is told of once and not offered; what disappears is no longer offered. So a copy, a move or a deletion
takes effect within two looks, and nobody ever gets half a file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import trio

from simulator.errors import UsageError
from simulator.ota_protocol import Catalogue, Firmware
from simulator.ota_server.catalogue import IMAGE_PATTERN, read_dated

LOOK_S: Final = 1.0


class _Stamp(NamedTuple):
    """What tells whether a file is the one it was."""

    inode: int
    size: int
    changed_ns: int


class _File(NamedTuple):
    """A file as it was read. ``firmware`` is None if it is none; ``built`` is when it was built, Unix seconds."""

    stamp: _Stamp
    built: int
    firmware: Firmware | None


class WatchedFolder:
    """Keeps ``catalogue`` at what is in ``folder``, beginning with what is there now.

    ``say`` hears what changed later, and what is wrong with it. Raises `UsageError` if there is no folder, no image,
    or an image that is none.
    """

    def __init__(self, folder: Path, catalogue: Catalogue, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._say = say
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder")
        self._seen = self._stamps()
        self._files = {path: _File(stamp, *read_dated(path)) for path, stamp in self._seen.items()}
        if not self._files:
            raise UsageError(f"there is no firmware ({IMAGE_PATTERN}) in {folder}; 'luatwin image build' makes one")
        self._publish()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await trio.sleep(LOOK_S)
            await trio.to_thread.run_sync(self.look)

    def look(self) -> None:
        """Look once, and bring the catalogue up to date."""
        stamps = self._stamps()
        gone = [path for path in self._files if path not in stamps]
        settled = [
            path
            for path, stamp in stamps.items()
            if self._seen.get(path) == stamp and (path not in self._files or self._files[path].stamp != stamp)
        ]
        self._seen = stamps
        for path in gone:
            del self._files[path]
            self._say(f"no longer offering {path.name}")
        for path in settled:
            self._files[path] = self._read(path, stamps[path])
        if gone or settled:
            self._publish()

    def _publish(self) -> None:
        offered = [(file.built, path.name, file.firmware) for path, file in self._files.items() if file.firmware]
        offered.sort(key=lambda entry: entry[:2])
        self._catalogue.replace([firmware for _, _, firmware in offered])

    def _read(self, path: Path, stamp: _Stamp) -> _File:
        try:
            built, firmware = read_dated(path)
        except UsageError as error:
            self._say(f"not offered: {error}")
            return _File(stamp, 0, None)
        self._say(f"offering {path.name}: {', '.join(firmware.ids)}, commit {firmware.commit[:12]}")
        return _File(stamp, built, firmware)

    def _stamps(self) -> dict[Path, _Stamp]:
        stamps = {}
        for path in sorted(self._folder.glob(IMAGE_PATTERN)):
            try:
                found = path.stat()
            except OSError:
                continue  # gone since the folder was read
            stamps[path] = _Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
        return stamps
