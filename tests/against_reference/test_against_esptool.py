"""Our images against esptool: it accepts what we build and reads the same in it; we read what it builds."""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.boot import V4_0, V5_2, BootConfig, Revision, boot, build_bootloader_image
from simulator.formats import AppDescriptor, AppImage, PartitionTable, Segment, SpiMode, SpiSpeed, build_image
from simulator.formats.partition_table import TABLE_OFFSET
from tests.helpers import run_python

pytestmark = pytest.mark.real

DESCRIPTOR = AppDescriptor(
    secure_version=3,
    version="1.2.3",
    project_name="lua_rtos",
    time="12:34:56",
    date="Nov  1 2022",
    idf_ver="v4.0-dev-59-gcc9b06d4d-dirty",
    app_elf_sha256=bytes(range(32)),
)
UNLINKED = replace(DESCRIPTOR, app_elf_sha256=bytes(32))  # esptool fills the digest in
TABLE = PartitionTable.from_csv("otadata,data,ota,,8K\nota_0,app,ota_0,0x10000,1M\nota_1,app,ota_1,,1M\n")


def esptool(*arguments: str | Path) -> str:
    """Run esptool and return what it prints; it must succeed."""
    finished = run_python("-m", "esptool", "--chip", "esp32", *arguments)
    assert "No module named esptool" not in finished.stderr, "esptool is missing: pip install 'esptool>=5.1,<6'"
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def what_esptool_sees(image: bytes, tmp_path: Path) -> dict[str, str]:
    """Return ``esptool image-info`` as a dict; the segments are under "segments", checksum and digest are valid."""
    path = tmp_path / "image.bin"
    path.write_bytes(image)
    printed = esptool("image-info", path)
    seen = dict(re.findall(r"^([A-Z][\w -]*?): +(.*?) *$", printed, re.MULTILINE))
    seen["segments"] = " ".join(re.findall(r"^ +\d+ +(0x\w+ +0x\w+ +0x\w+)", printed, re.MULTILINE))
    assert seen["Checksum"].endswith("(valid)")
    assert not image[23] or seen["Validation hash"].endswith("(valid)")
    return seen


def what_we_see(image: bytes) -> dict[str, str]:
    """Return the same from our own parser."""
    ours = AppImage.from_bytes(image)
    header = ours.header
    segments = []
    position = 24
    for segment in ours.segments:
        segments.append(f"0x{len(segment.data):05x}  0x{segment.load_address:08x}  0x{position:08x}")
        position += 8 + len(segment.data)
    seen = {
        "Image size": f"{len(image)} bytes",
        "Entry point": f"0x{ours.entry:08x}",
        "Segments": str(len(ours.segments)),
        "Flash size": f"{1 << header.flash_size}MB",
        "Flash freq": {0: "40m", 1: "26m", 2: "20m", 15: "80m"}[header.spi_speed],
        "Flash mode": SpiMode(header.spi_mode).name,
        "Chip ID": f"{header.chip_id} (ESP32)",
        "Minimal chip revision": f"v{header.min_revision_full // 100}.{header.min_revision_full % 100}, "
        f"(legacy min_rev = {header.min_revision})",
        "Maximal chip revision": f"v{header.max_revision_full // 100}.{header.max_revision_full % 100}",
        "segments": " ".join(segments),
        "Checksum": f"0x{ours.checksum:02x} (valid)",
    }
    if ours.digest is not None:
        seen["Validation hash"] = f"{ours.digest.hex()} (valid)"
    descriptor = ours.app_descriptor
    if descriptor is not None:
        seen |= {
            "Project name": descriptor.project_name,
            "App version": descriptor.version,
            "Compile time": f"{descriptor.date} {descriptor.time}",
            "ELF file SHA256": descriptor.app_elf_sha256.hex(),
            "ESP-IDF": descriptor.idf_ver,
            "Secure version": str(descriptor.secure_version),
        }
    return seen


def assert_seen_alike(image: bytes, tmp_path: Path) -> None:
    ours = what_we_see(image)
    theirs = what_esptool_sees(image, tmp_path)
    assert {name: theirs.get(name) for name in ours} == ours


def app_image(**options: object) -> bytes:
    segments = [
        Segment(0x3F400020, DESCRIPTOR.to_bytes() + bytes(1000)),
        Segment(0x3FFB0000, b"data" * 100),
        Segment(0x400D0020, b"code" * 500),
        Segment(0x40080400, b"iram" * 200),
    ]
    return build_image(segments, entry=0x40080400, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "image",
    [
        app_image(),
        app_image(
            spi_mode=SpiMode.QIO,
            spi_speed=SpiSpeed.MHZ_80,
            flash_size=16 << 20,
            min_revision=1,
            min_revision_full=100,
            max_revision_full=399,
        ),
        app_image(hash_appended=False, spi_speed=SpiSpeed.MHZ_26, flash_size=1 << 20, spi_mode=SpiMode.DOUT),
        build_bootloader_image(spi_speed=SpiSpeed.MHZ_80),
    ],
    ids=["app", "app-with-options", "app-without-digest", "bootloader"],
)
def test_esptool_accepts_our_images_and_reads_the_same_in_them(image: bytes, tmp_path: Path) -> None:
    assert_seen_alike(image, tmp_path)


def elf_file(sections: list[tuple[str, int, bytes]], entry: int) -> bytes:
    """Return a 32-bit Xtensa ELF file of program sections, as little as esptool needs to make an image of it."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name, _, _ in sections) + b".shstrtab\0"
    body = b"".join(data for _, _, data in sections) + names
    headers = [bytes(40)]
    offset = 52
    for name, address, data in sections:
        name_at = names.index(b"\0" + name.encode() + b"\0") + 1
        # sh_type 1 is PROGBITS, flags 6 are ALLOC and EXECINSTR
        headers.append(struct.pack("<10I", name_at, 1, 6, address, offset, len(data), 0, 0, 4, 0))
        offset += len(data)
    headers.append(struct.pack("<10I", names.index(b".shstrtab"), 3, 0, 0, offset, len(names), 0, 0, 1, 0))
    head = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        2,  # executable
        94,  # Xtensa
        1,
        entry,
        0,
        52 + len(body),
        0,
        52,
        0,
        0,
        40,
        len(headers),
        len(headers) - 1,
    )
    return head + body + b"".join(headers)


def image_by_esptool(sections: list[tuple[str, int, bytes]], tmp_path: Path, *options: str) -> tuple[bytes, bytes]:
    """Let esptool make an image of an ELF file; return the image and the SHA-256 of the ELF file."""
    elf = tmp_path / "app.elf"
    elf.write_bytes(elf_file(sections, 0x40080400))
    image = tmp_path / "app.bin"
    esptool("elf2image", *options, "-o", image, elf)
    return image.read_bytes(), hashlib.sha256(elf.read_bytes()).digest()


def test_we_build_what_esptool_builds_of_the_same_segments(tmp_path: Path) -> None:
    rodata = UNLINKED.to_bytes() + b"rodata" * 50
    code = b"code" * 77
    theirs, digest = image_by_esptool(
        [(".flash.rodata", 0x3F400020, rodata), (".iram0.text", 0x40080400, code)],
        tmp_path,
        *("--flash-mode", "dio", "--flash-freq", "40m", "--flash-size", "4MB", "--elf-sha256-offset", "0xb0"),
    )
    rodata = replace(DESCRIPTOR, app_elf_sha256=digest).to_bytes() + b"rodata" * 50
    # esptool takes every chip revision for allowed, unless it is told otherwise.
    latest = AppImage.from_bytes(theirs).header.max_revision_full
    ours = build_image(
        [Segment(0x3F400020, rodata), Segment(0x40080400, code)], entry=0x40080400, max_revision_full=latest
    )
    assert ours == theirs


def test_we_read_what_esptool_builds_and_it_boots(tmp_path: Path) -> None:
    image, digest = image_by_esptool(
        [
            (".flash.rodata", 0x3F400020, UNLINKED.to_bytes() + b"rodata!!" * 200),
            (".dram0.data", 0x3FFB0000, b"data" * 3000),
            (".flash.text", 0x400D0020, b"text" * 4000),
            (".iram0.text", 0x40080400, b"iram" * 5000),
        ],
        tmp_path,
        *("--flash-mode", "qio", "--flash-freq", "80m", "--flash-size", "4MB", "--elf-sha256-offset", "0xb0"),
    )
    parsed = AppImage.from_bytes(image)
    assert parsed.to_bytes() == image
    assert parsed.app_descriptor == replace(DESCRIPTOR, app_elf_sha256=digest)
    assert_seen_alike(image, tmp_path)
    flash = bytearray(b"\xff" * (4 << 20))
    flash[TABLE_OFFSET : TABLE_OFFSET + 0xC00] = TABLE.to_bytes()
    flash[0x10000 : 0x10000 + len(image)] = image
    assert boot(flash, "v4.0").label == "ota_0"
    assert boot(flash, "v5.2").label == "ota_0"


@pytest.mark.parametrize("revision", [V4_0, V5_2], ids=["v4.0", "v5.2"])
def test_segments_of_the_bootloader_lie_where_a_bootloader_may_lie(revision: Revision, tmp_path: Path) -> None:
    seen = what_esptool_sees(build_bootloader_image(BootConfig(revision=revision)), tmp_path)
    assert seen["Entry point"] == f"0x{revision.entry:08x}"
    assert seen["Segments"] == "4"
