"""Memory cards against dosfstools, mtools, and ChaN's FatFs itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import fatfs
import pytest
from fatfs import wrapper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.filesystem import FileSystemError
from simulator.filesystem.fat import FatFileSystem
from simulator.filesystem.fat_layout import SECTOR_BYTES, find_volume
from simulator.hardware.parts.memory_card import SdCard

pytestmark = pytest.mark.real

FILES = {
    "/config.txt": "name = value\n",
    "/A longer name than eight.lua": "print(1)\n" * 700,
    "/log/messages.log": "started\n",
    "/log/deep/er/file.with.dots": "x" * 4000,
}
SIZES_MB = (1, 8, 40)


def new_card(size_mb: int, files: dict[str, str] = FILES) -> SdCard:
    return SdCard(name="sd", size_mb=size_mb, files=files)


def mounted(card: SdCard) -> FatFileSystem:
    return FatFileSystem(card, now_s=lambda: 1_700_000_000)


def volume_image(card: SdCard, path: Path) -> Path:
    """Write the volume alone, without the partition table in front."""
    geometry = find_volume(card)
    assert geometry is not None
    path.write_bytes(card.to_bytes()[geometry.start * SECTOR_BYTES :])
    return path


def run(*command: str | Path) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout


class Image:
    """Sectors of a file's bytes."""

    def __init__(self, data: bytes | bytearray) -> None:
        self.data = data if isinstance(data, bytearray) else bytearray(data)
        self.sector_count = len(data) // SECTOR_BYTES

    def read(self, sector: int, count: int = 1) -> bytes:
        return bytes(self.data[sector * SECTOR_BYTES : (sector + count) * SECTOR_BYTES])

    def write(self, sector: int, data: bytes) -> None:
        self.data[sector * SECTOR_BYTES : sector * SECTOR_BYTES + len(data)] = data


@pytest.mark.parametrize("size_mb", SIZES_MB)
def test_a_card_passes_the_file_system_check_and_mtools_reads_it(size_mb, tmp_path):
    image = volume_image(new_card(size_mb), tmp_path / "card.img")
    run("fsck.fat", "-n", image)
    for name, text in FILES.items():
        assert run("mcopy", "-i", image, f"::{name}", "-") == text.encode()


def test_a_card_that_the_board_formatted_is_fat32_and_passes_the_check(tmp_path):
    card = new_card(64)
    file_system = mounted(card)
    file_system.format()
    for name in ("/one", "/Two words"):
        file_system.write_file(name, name.encode() * 100)
    image = volume_image(card, tmp_path / "card.img")
    assert b"32-bit" in run("fsck.fat", "-n", "-v", image) or b"FAT32" in image.read_bytes()[:90]
    assert run("mcopy", "-i", image, "::/Two words", "-") == b"/Two words" * 100


@pytest.mark.parametrize("bits", [12, 16, 32])
def test_a_volume_of_mkfs_and_mtools_is_read(bits, tmp_path):
    image = tmp_path / "made.img"
    sectors = {12: 4000, 16: 40_000, 32: 140_000}[bits]
    run("mkfs.fat", "-F", str(bits), "-s", "1", "-n", "LABEL", "-C", image, str(sectors // 2))
    (tmp_path / "a long name.txt").write_bytes(b"content" * 1000)
    run("mmd", "-i", image, "::folder")
    run("mcopy", "-i", image, tmp_path / "a long name.txt", "::folder")
    file_system = FatFileSystem(Image(image.read_bytes()), now_s=lambda: 0)
    assert file_system.volume.geometry.bits == bits
    assert [entry.name for entry in file_system.listdir("/")] == ["folder"]  # and no label
    assert file_system.read_file("/folder/a long name.txt") == b"content" * 1000


def test_fatfs_reads_what_we_wrote_and_we_read_what_it_wrote():
    storage = bytearray(new_card(8).to_bytes())
    partition = fatfs.Partition(fatfs.RamDisk(storage))
    partition.mount()
    try:
        theirs = fatfs.PartitionExtended(partition)
        assert theirs.listdir("/") == ["config.txt", "A longer name than eight.lua", "log"]
        handle = wrapper.FIL_Handle()
        assert wrapper.pyf_open(handle, partition.pname + b"/log/deep/er/file.with.dots", fatfs.FA_READ) == fatfs.FR_OK
        assert wrapper.pyf_read(handle, 5000) == (fatfs.FR_OK, b"x" * 4000)
        wrapper.pyf_close(handle)
        partition.mkdir("/made by FatFs")
        with partition.open("/made by FatFs/numbers.txt", "w") as file:
            file.write(b"0123456789" * 500)
        theirs.rename("/config.txt", "/made by FatFs/Config.txt")
        theirs.remove("/log/messages.log")
    finally:
        partition.unmount()
    ours = FatFileSystem(Image(storage), now_s=lambda: 0)
    assert {name: data for name, data in ours.contents() if data is not None} == {
        "/A longer name than eight.lua": b"print(1)\n" * 700,
        "/log/deep/er/file.with.dots": b"x" * 4000,
        "/made by FatFs/numbers.txt": b"0123456789" * 500,
        "/made by FatFs/Config.txt": b"name = value\n",
    }


NAMES = st.sampled_from(["a", "B", "long name one", "long name two", "d", "d/x", "d/long name one", "e", "e/x.y.z"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, st.integers(0, 3000)),
        st.tuples(st.just("append"), NAMES, st.integers(0, 1500)),
        st.tuples(st.just("mkdir"), NAMES),
        st.tuples(st.just("remove"), NAMES),
        st.tuples(st.just("rmdir"), NAMES),
        st.tuples(st.just("rename"), NAMES, NAMES),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, size_mb=st.sampled_from([1, 8]))
def test_whatever_is_done_the_volume_passes_the_check(steps, size_mb, tmp_path):
    card = new_card(size_mb, {})
    file_system = mounted(card)
    replaced_directory = False
    for step, name, *rest in steps:
        path = f"/{name}"
        try:
            if step == "write":
                file_system.write_file(path, b"w" * rest[0])
            elif step == "append":
                with file_system.open(path, "a") as file:
                    file.write(b"a" * rest[0])
            elif step == "rename":
                replaced_directory |= file_system.exists(f"/{rest[0]}") and rest[0] != name
                if not rest[0].startswith(f"{name}/"):
                    file_system.rename(path, f"/{rest[0]}")
            else:
                getattr(file_system, step)(path)
        except FileSystemError:
            continue
    checked = subprocess.run(
        ["fsck.fat", "-n", volume_image(card, tmp_path / "card.img")], capture_output=True, check=False, text=True
    )
    if replaced_directory:  # its cluster is lost, as on the device
        assert checked.returncode == 0 or "Reclaimed" in checked.stdout, checked.stdout
    else:
        assert checked.returncode == 0, checked.stdout
