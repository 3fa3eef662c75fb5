"""What is on offer, and what a folder of images offers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from simulator.boards import load_board
from simulator.errors import UsageError
from simulator.firmware import Manifest, build_firmware, first_manifest, next_manifest
from simulator.ota_protocol import Catalogue, Firmware
from simulator.ota_server import WatchedFolder, read_firmware
from simulator.units import KIB

FIRST = first_manifest(load_board("N1ESP32-OTA"))
SECOND = next_manifest(FIRST)


def write(path: Path, manifest: Manifest) -> bytes:
    image = build_firmware(manifest, size_bytes=64 * KIB)
    path.write_bytes(image)
    return image


def read_folder(folder: Path) -> Catalogue:
    catalogue = Catalogue()
    WatchedFolder(folder, catalogue, print)
    return catalogue


def test_a_firmware_is_found_by_every_id_it_has():
    firmware = Firmware(ids=("A-OTA", "B-OTA"), commit=FIRST.commit, image=b"")
    catalogue = Catalogue()
    catalogue.publish(firmware)
    assert catalogue.newest("A-OTA") is catalogue.newest("B-OTA") is firmware
    assert catalogue.newest("C-OTA") is None
    assert catalogue.offers == [firmware]


def test_what_is_published_later_is_newer():
    older, newer = (Firmware(ids=("A-OTA",), commit=manifest.commit, image=b"") for manifest in (FIRST, SECOND))
    catalogue = Catalogue()
    catalogue.publish(older)
    catalogue.publish(newer)
    assert catalogue.newest("A-OTA") is newer
    assert catalogue.offers == [newer]


def test_the_identity_is_read_out_of_the_image(tmp_path: Path):
    image = write(tmp_path / "any name.bin", FIRST)
    assert read_firmware(tmp_path / "any name.bin") == Firmware(
        ids=("N1ESP32-OTA", "WHITECAT-ESP32-N1-OTA"), commit=FIRST.commit, image=image
    )


def test_in_a_folder_the_firmware_that_was_built_last_is_the_newest(tmp_path: Path):
    write(tmp_path / "a.bin", SECOND)
    write(tmp_path / "b.bin", FIRST)
    (tmp_path / "notes.txt").write_text("not looked at")
    newest = read_folder(tmp_path).newest("N1ESP32-OTA")
    assert newest is not None
    assert newest.commit == SECOND.commit


def test_of_two_that_were_built_at_once_the_last_name_is_the_newest(tmp_path: Path):
    twin = dataclasses.replace(FIRST, commit=SECOND.commit)
    write(tmp_path / "a.bin", twin)
    write(tmp_path / "b.bin", FIRST)
    newest = read_folder(tmp_path).newest("N1ESP32-OTA")
    assert newest is not None
    assert newest.commit == FIRST.commit


@pytest.mark.parametrize("name", ["nowhere", "file.bin"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str):
    (tmp_path / "file.bin").write_bytes(b"")
    with pytest.raises(UsageError, match="is not a folder"):
        read_folder(tmp_path / name)


def test_a_folder_without_firmware_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"there is no firmware \(\*\.bin\) in .* 'luatwin image build' makes one"):
        read_folder(tmp_path)


def test_an_image_that_is_none_is_named(tmp_path: Path):
    (tmp_path / "broken.bin").write_bytes(b"\xe9 not an image")
    with pytest.raises(UsageError, match=r"broken\.bin: "):
        read_folder(tmp_path)
    with pytest.raises(UsageError, match=r"nowhere\.bin: No such file"):
        read_firmware(tmp_path / "nowhere.bin")
