from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from simulator.boot.image_check import ImageCheck
from simulator.boot.log import BootLog
from simulator.boot.revision import V4_0, V5_2, Revision
from simulator.boot.steps import Steps
from simulator.flash import FlashChip
from simulator.formats import AppImage, Partition, Segment, build_image
from tests.boot.two_slots import broken, small_image

SLOT = Partition("ota_0", 0, 0x10, 0x1C0000, 0x120000)
BOTH = pytest.mark.parametrize("revision", [V4_0, V5_2], ids=["v4.0", "v5.2"])


def check(
    image: bytes, revision: Revision = V4_0, *, partition: Partition = SLOT, **options: object
) -> tuple[AppImage | None, list[str]]:
    """Check ``image`` in ``partition`` as the bootloader does; return the image and the lines."""
    chip = FlashChip()
    chip.program(partition.offset, image)
    log = BootLog()
    options.setdefault("loads", True)
    checker = ImageCheck(chip=chip, revision=revision, log=log, **options)  # type: ignore[arg-type]
    steps: Steps[AppImage | None] = Steps(checker(partition))
    shown = [str(line) for line in steps if line is not None]
    assert shown == [str(line) for line in log.lines]
    return steps.result, shown


def refusal(image: bytes, revision: Revision = V4_0, **options: object) -> str:
    """Return the last line of a refused image."""
    result, lines = check(image, revision, **options)  # type: ignore[arg-type]
    assert result is None
    return lines[-1]


def with_bytes(image: bytes, offset: int, new: bytes) -> bytes:
    return image[:offset] + new + image[offset + len(new) :]


def loading_at(load_address: int, length: int = 0x40) -> bytes:
    return build_image([Segment(load_address, bytes(length))], entry=0)


@BOTH
def test_sound_image_is_returned_as_it_is(revision: Revision) -> None:
    image = small_image(segments=[Segment(0x40080400, b"code")])
    result, lines = check(image, revision)
    assert result is not None
    assert result.to_bytes() == image
    assert len(lines) == 2


def test_image_that_was_sound_is_checked_again_when_a_bit_has_changed() -> None:
    chip = FlashChip()
    chip.program(SLOT.offset, small_image(segments=[Segment(0x40080400, b"code")]))
    check_it = ImageCheck(chip=chip, revision=V4_0, log=BootLog())
    sound = chip.snapshot()
    assert Steps(check_it(SLOT)).run() is not None
    chip.program(SLOT.offset + 0x20, b"\0")
    assert Steps(check_it(SLOT)).run() is None
    chip.restore(sound)
    assert Steps(check_it(SLOT)).run() is not None


def test_erased_slot_gives_exactly_these_lines() -> None:
    assert check(b"") == (
        None,
        [
            "E esp_image: image at 0x1c0000 has invalid magic byte",
            "W esp_image: image at 0x1c0000 has invalid SPI mode 255",
            "W esp_image: image at 0x1c0000 has invalid SPI size 15",
        ],
    )
    assert check(b"", V5_2) == (
        None,
        ["E esp_image: image at 0x1c0000 has invalid magic byte (nothing flashed here?)"],
    )


def test_impossible_spi_settings_are_only_warned_of() -> None:
    odd = build_image([], entry=0, hash_appended=False)
    result, lines = check(with_bytes(odd, 2, b"\x06\xf0"))
    assert result is not None
    assert lines == [
        "W esp_image: image at 0x1c0000 has invalid SPI mode 6",
        "W esp_image: image at 0x1c0000 has invalid SPI size 15",
    ]


@BOTH
def test_corrupt_image_prints_its_segments_first(revision: Revision) -> None:
    result, lines = check(broken(small_image()), revision)
    assert result is None
    assert lines[0].startswith("I esp_image: segment 0: ")
    assert lines[1].startswith("E esp_image: Checksum failed. Calculated 0x")


@BOTH
def test_two_flipped_bits_are_found_by_the_digest_only(revision: Revision) -> None:
    image = small_image()
    twice = with_bytes(image, 100, bytes((image[100] ^ 1, image[101] ^ 1)))
    assert refusal(twice, revision) == "E esp_image: Image hash failed - image is corrupt"
    assert check(with_bytes(twice, 23, b"\0"), revision)[0] is not None


@BOTH
def test_padding_is_hashed_with_what_it_contains(revision: Revision) -> None:
    image = small_image()
    padding = image.index(b"\0\0\0", len(image) - 48)
    assert refusal(with_bytes(image, padding, b"\1"), revision) == "E esp_image: Image hash failed - image is corrupt"


@BOTH
@pytest.mark.parametrize(
    ("offset", "new", "line"),
    [
        (1, b"\x11", "image at 0x1c0000 segment count 17 exceeds max 16"),
        (28, b"\x01", "invalid segment length 0x101"),
        (31, b"\x01", "invalid segment length 0x1000100"),
        (24, b"\x24", "Segment 0 load address 0x3f400024, doesn't match data 0x001c0020"),
        (28, b"\xfc", "Checksum failed"),
    ],
)
def test_broken_headers_are_named(revision: Revision, offset: int, new: bytes, line: str) -> None:
    assert line in refusal(with_bytes(small_image(), offset, new), revision)


def test_length_is_compared_with_the_partition_after_everything_was_read() -> None:
    image = small_image()
    small = replace(SLOT, size=len(image) - 1)
    result, lines = check(image, partition=small)
    assert result is None
    assert lines[-1] == f"E esp_image: Image length {len(image)} doesn't fit in partition length {len(image) - 1}"
    assert check(image, partition=replace(SLOT, size=len(image)))[0] is not None
    assert "Checksum failed" in refusal(broken(image), partition=small)


@BOTH
def test_partition_larger_than_16_mb_is_not_looked_at(revision: Revision) -> None:
    huge = replace(SLOT, size=0x1000001)
    expected = "E esp_image: partition size 0x1000001 invalid, larger than 16MB"
    assert check(small_image(), revision, partition=huge) == (None, [expected])


def test_bootloader_reads_words_and_an_app_does_not_care() -> None:
    odd = replace(SLOT, offset=0x1C0002)
    image = build_image([Segment(0x3FFB0000, bytes(4))], entry=0)
    assert refusal(image, partition=odd) == (
        "E bootloader_flash: bootloader_flash_read src_addr 0x1c0002 not 4-byte aligned"
    )
    assert check(image, partition=odd, loads=False)[0] is not None


@BOTH
def test_digest_of_the_bootloader_itself_is_not_checked(revision: Revision) -> None:
    image = loading_at(0x3FFB0000)
    wrong = image[:-1] + bytes((image[-1] ^ 1,))
    assert check(wrong, revision, partition=Partition("", 0, 0, 0x1000, 0x7000))[0] is not None
    assert check(wrong, revision)[0] is None


def test_segment_that_reaches_beyond_the_chip_is_read_as_erased_there() -> None:
    far = with_bytes(build_image([Segment(0, bytes(4))] * 2, entry=0), 28, struct.pack("<I", 0x300000))
    assert refusal(far, V5_2) == "E esp_image: invalid segment length 0xffffffff"
    further = with_bytes(far, 28, struct.pack("<I", 0xFFFFFC))
    assert refusal(further, V5_2) == "E esp_image: invalid segment length 0xbaadbaad"


def test_older_bootloader_maps_no_more_than_fifty_pages() -> None:
    large = with_bytes(build_image([Segment(0, bytes(4))], entry=0), 28, struct.pack("<I", 0x320004))
    assert check(large)[1][-2:] == [
        "E bootloader_flash: bootloader_mmap excess size 320004",
        "E esp_image: bootloader_mmap(0x1c0020, 0x320004) failed",
    ]
    assert "Checksum failed" in refusal(large, loads=False)


# --- an app verifies, the bootloader loads


def test_app_neither_loads_nor_protects_the_bootloader() -> None:
    image = loading_at(0x40078000)
    result, lines = check(image, loads=False)
    assert result is not None
    assert lines == ["I esp_image: segment 0: paddr=0x001c0020 vaddr=0x40078000 size=0x00040 (    64) "]


@pytest.mark.parametrize(
    ("load_address", "length", "line"),
    [
        (
            0x3FFDB000,
            0x1000,
            "Segment 0 end address 0x3ffdc000 too high (bootloader stack 0x3ffe3b40 limit 0x3ffdbb40)",
        ),
        (0x4007AD64, 8, "Segment 0 (0x4007ad64-0x4007ad6c) overlaps bootloader IRAM (0x40078000-0x4007ad68)"),
    ],
)
def test_older_bootloader_protects_its_stack_and_loader(load_address: int, length: int, line: str) -> None:
    assert refusal(loading_at(load_address, length)) == f"E esp_image: {line}"


@pytest.mark.parametrize("load_address", [0x3FFB0000, 0x3FFDB000, 0x40080000, 0x4007AD68, 0x60000000, 0xFFFFFFF0])
def test_older_bootloader_lets_everything_else_pass(load_address: int) -> None:
    assert check(loading_at(load_address))[0] is not None


@pytest.mark.parametrize(
    ("load_address", "line"),
    [
        (0x3E400020, "Segment 0 0x3e400020-0x3e400060 invalid: bad load address range"),
        (0x80080000, "Segment 0 0x80080000-0x80080040 invalid: bad load address range"),
        (0xFFFFFFF0, "Segment 0 0xfffffff0-0x00000030 invalid: bad load address range"),
        (0x400A9FF0, "Segment 0 0x400a9ff0-0x400aa030 invalid: bad load address range"),
        (0x40078000, "Segment 0 0x40078000-0x40078040 invalid: bad load address range"),
        (0x3FFADFF0, "Segment 0 0x3ffadff0-0x3ffae030 invalid: bad load address range"),
        (0x3FFDC000, "Segment 0 0x3ffdc000-0x3ffdc040 invalid: overlaps bootloader stack"),
        (0x3FFF0000, "Segment 0 0x3fff0000-0x3fff0040 invalid: overlaps bootloader data"),
        # SRAM from here on is seen a second time, backwards, at an address that is not IRAM.
        (0x3FFE4000, "Segment 0 0x400bbfbc-0x400bbffc invalid: bad load address range"),
        (0x50001FF0, "Segment 0 0x50001ff0-0x50002030 invalid: bad load address range"),
    ],
)
def test_newer_bootloader_loads_only_into_memory_that_is_free(load_address: int, line: str) -> None:
    assert refusal(loading_at(load_address), V5_2) == f"E esp_image: {line}"


@pytest.mark.parametrize(
    "load_address",
    [0x3FFB0000, 0x3FFF8000, 0x40080000, 0x400A0000, 0x400C0000, 0x3FF80000, 0x50000000, 0x0, 0x0FFFFFF0],
)
def test_newer_bootloader_accepts_memory_that_is_free(load_address: int) -> None:
    assert check(loading_at(load_address), V5_2)[0] is not None


def test_newer_bootloader_lets_an_empty_segment_go_anywhere() -> None:
    assert check(loading_at(0x60000000, 0), V5_2)[0] is not None


# --- which chip


@pytest.mark.parametrize(
    ("options", "revision", "lines"),
    [
        ({"chip_id": 5}, 300, ["E boot_comm: mismatch chip ID, expected 0, found 5"]),
        ({"min_revision_full": 301}, 300, ["E boot_comm: Image requires chip rev >= v3.1, but chip is v3.0"]),
        ({"max_revision_full": 299}, 300, ["E boot_comm: Image requires chip rev <= v2.99, but chip is v3.0"]),
        (
            {"min_revision_full": 301, "max_revision_full": 299},
            300,
            [
                "E boot_comm: Image requires chip rev >= v3.1, but chip is v3.0",
                "E boot_comm: Image requires chip rev <= v2.99, but chip is v3.0",
            ],
        ),
    ],
)
def test_newer_bootloader_wants_an_image_for_its_chip(options: dict[str, int], revision: int, lines: list[str]) -> None:
    image = build_image([], entry=0, **options)  # type: ignore[arg-type]
    assert check(image, V5_2, chip_revision=revision, silent=True) == (None, lines)
    assert check(image, V4_0, chip_revision=revision)[0] is not None


@pytest.mark.parametrize(
    "options", [{"min_revision_full": 300, "max_revision_full": 399}, {"max_revision_full": 0xFFFF}]
)
def test_image_for_a_range_of_revisions_starts_in_it(options: dict[str, int]) -> None:
    assert check(build_image([], entry=0, **options), V5_2, chip_revision=300)[0] is not None  # type: ignore[arg-type]


# --- silent


@BOTH
@pytest.mark.parametrize(
    "image",
    [
        b"",
        with_bytes(small_image(), 1, b"\x11"),
        with_bytes(small_image(), 28, b"\x01"),
        with_bytes(small_image(), 24, b"\x24"),
    ],
)
def test_silent_check_says_nothing_of_broken_headers(revision: Revision, image: bytes) -> None:
    assert check(image, revision, silent=True, loads=False) == (None, [])


def test_silent_check_still_says_that_checksum_or_digest_are_wrong() -> None:
    assert "Checksum failed" in refusal(broken(small_image()), silent=True, loads=False)
    image = small_image()
    wrong = image[:-1] + bytes((image[-1] ^ 1,))
    assert check(wrong, silent=True, loads=False)[1] == ["E esp_image: Image hash failed - image is corrupt"]
    tight = replace(SLOT, size=16)
    assert check(image, silent=True, loads=False, partition=tight) == (None, [])
    assert check(image, silent=True, partition=replace(SLOT, size=0x1000001)) == (None, [])
