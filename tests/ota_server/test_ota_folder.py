"""A folder of images that changes while it is served."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.boards import load_board
from simulator.firmware import build_firmware, first_manifest, next_manifest
from simulator.ota_protocol import Catalogue
from simulator.ota_server import WatchedFolder
from simulator.units import KIB

FIRST = first_manifest(load_board("N1ESP32-OTA"))
SECOND = next_manifest(FIRST)
OLD, NEW = (build_firmware(manifest, size_bytes=64 * KIB) for manifest in (FIRST, SECOND))


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "old.bin").write_bytes(OLD)
        self.said: list[str] = []
        self.catalogue = Catalogue()
        self.watched = WatchedFolder(path, self.catalogue, self.said.append)

    @property
    def newest(self) -> str | None:
        found = self.catalogue.newest("N1ESP32-OTA")
        return None if found is None else found.commit

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.watched.look()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_an_image_that_is_put_there_is_offered_after_two_looks(folder: Folder) -> None:
    (folder.path / "new.bin").write_bytes(NEW)
    folder.look()
    assert folder.newest == FIRST.commit, "it may still be growing"
    folder.look()
    assert folder.newest == SECOND.commit
    assert folder.said == [f"offering new.bin: N1ESP32-OTA, WHITECAT-ESP32-N1-OTA, commit {SECOND.commit[:12]}"]


def test_half_an_image_is_never_offered(folder: Folder) -> None:
    file = folder.path / "new.bin"
    for end in range(0, len(NEW), 4096):
        file.write_bytes(NEW[:end])
        os.utime(file, ns=(end, end))
        folder.look()
        assert folder.newest == FIRST.commit
    folder.look(3)  # the copy stalls: now it is looked at, and it is none
    assert folder.newest == FIRST.commit
    assert folder.said[-1].startswith(f"not offered: {file}: ")
    said = len(folder.said)
    folder.look(5)
    assert len(folder.said) == said, "that is said once"
    file.write_bytes(NEW)
    folder.look(2)
    assert folder.newest == SECOND.commit


def test_what_disappears_is_no_longer_offered(folder: Folder) -> None:
    (folder.path / "new.bin").write_bytes(NEW)
    folder.look(2)
    (folder.path / "new.bin").unlink()
    folder.look()
    assert folder.newest == FIRST.commit
    assert folder.said[-1] == "no longer offering new.bin"
    (folder.path / "old.bin").unlink()
    folder.look()
    assert folder.newest is None


def test_an_image_that_is_replaced_takes_the_place_of_the_other(folder: Folder) -> None:
    fresh = folder.path / "tmp"
    fresh.write_bytes(NEW)
    fresh.replace(folder.path / "old.bin")
    folder.look(2)
    assert folder.newest == SECOND.commit
    assert len(folder.catalogue.offers) == 1


def test_a_download_that_goes_on_keeps_the_image_that_it_began_with(folder: Folder) -> None:
    begun = folder.catalogue.newest("N1ESP32-OTA")
    (folder.path / "old.bin").write_bytes(NEW)
    folder.look(2)
    assert begun is not None
    assert begun.image == OLD
