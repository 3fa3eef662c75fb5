"""A flash file has the size of a chip, and is written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from simulator.errors import UsageError
from simulator.flash_file import CHIP_SIZES, read_flash_file, write_flash_file
from simulator.units import MIB


@pytest.mark.parametrize("size_bytes", CHIP_SIZES)
def test_what_was_written_is_read_again(size_bytes: int, tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    data = bytes(range(256)) * (size_bytes // 256)
    write_flash_file(file, data)
    assert read_flash_file(file) == read_flash_file(file, size_bytes=size_bytes) == data
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("size_bytes", [0, 1, 4 * MIB - 1, 4 * MIB + 1, 3 * MIB, 32 * MIB])
def test_a_file_of_another_size_is_refused(size_bytes: int, tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    file.write_bytes(bytes(size_bytes))
    with pytest.raises(UsageError, match=rf"flash\.bin: {size_bytes} bytes .* 1 MiB or 2 MiB or 4 MiB"):
        read_flash_file(file)


def test_a_file_for_another_chip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    file.write_bytes(bytes(2 * MIB))
    with pytest.raises(UsageError, match=r"2097152 bytes are no flash file; it has to have 4 MiB$"):
        read_flash_file(file, size_bytes=4 * MIB)


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "flash.bin"
    write_flash_file(file, b"before")

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left") as failed:
        write_flash_file(file, b"after")
    assert failed.value.filename == str(file)
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "no" / "flash.bin"
    with pytest.raises(FileNotFoundError) as failed:
        write_flash_file(file, b"")
    assert failed.value.filename == str(file)


def test_rights_and_links_are_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "flash.bin", tmp_path / "link.bin"
    file.write_bytes(b"before")
    file.chmod(0o640)
    link.symlink_to(file)
    write_flash_file(link, b"after")
    assert link.is_symlink()
    assert file.read_bytes() == b"after"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
