from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.boot import ResetReason, boot, build_bootloader_image
from simulator.efuses import Efuses
from simulator.errors import UsageError
from simulator.formats import ImageState
from tests.boot.two_slots import OTA_0, OTA_1, WITH_FACTORY, entry, make_chip, small_image


def at_version(version: int) -> Efuses:
    efuses = Efuses()
    efuses.burn_secure_version(version)
    return efuses


BOTH = pytest.mark.parametrize("bootloader", ["v4.0", "v5.2"])
FIRST_BOOT = make_chip().to_bytes()


@BOTH
def test_verdict_names_partition_offset_log_and_flash_afterwards(bootloader: str) -> None:
    before = bytearray(FIRST_BOOT)
    result = boot(before, bootloader)  # type: ignore[arg-type]
    assert before == FIRST_BOOT
    assert (result.label, result.offset) == ("ota_0", 0xA0000)
    assert "I boot: Loaded app from partition at offset 0xa0000" in result.log
    assert "I boot: Set actual ota_seq=1 in otadata[0]" in result.log
    assert result.flash[0x8F000:0x8F020].hex() == "01000000" + "ff" * 20 + "020000009a984347"
    assert result.flash[:0x8F000] == FIRST_BOOT[:0x8F000]
    assert result.flash[0x8F020:] == FIRST_BOOT[0x8F020:]
    again = boot(result.flash, bootloader)  # type: ignore[arg-type]
    assert again.label == "ota_0"
    assert again.flash is result.flash


def test_nothing_bootable_is_a_verdict_too() -> None:
    result = boot(make_chip(images={}).to_bytes())
    assert (result.label, result.offset) == (None, None)
    assert result.log[-1] == "E boot: No bootable app partitions in the partition table"


@BOTH
def test_flash_without_a_bootloader_is_booted_as_with_a_stock_one_and_gets_none(bootloader: str) -> None:
    bare = bytearray(FIRST_BOOT)
    bare[0x1000:0x8000] = b"\xff" * 0x7000
    result = boot(bare, bootloader)  # type: ignore[arg-type]
    assert result.label == "ota_0"
    assert result.flash[0x1000:0x8000] == b"\xff" * 0x7000
    assert result.flash != bare


def test_broken_bootloader_gives_the_lines_of_the_rom() -> None:
    flash = bytearray(FIRST_BOOT)
    flash[0x1000] = 0
    result = boot(flash, reset_reason=ResetReason.SW_CPU_RESET)
    assert result.label is None
    assert result.log[2] == "rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"
    assert result.log[-1] == "ets_main.c 371 "
    assert result.flash == flash


def test_options_reach_the_bootloader() -> None:
    chip = make_chip(otadata=(entry(1, ImageState.VALID), entry(2, ImageState.PENDING_VERIFY)))
    assert boot(chip.to_bytes()).label == "ota_1"
    assert boot(chip.to_bytes(), rollback=True).label == "ota_0"
    images = {"ota_0": small_image(secure_version=1), "ota_1": small_image(secure_version=3)}
    newer = make_chip(images=images, otadata=(entry(2, ImageState.VALID), None)).to_bytes()
    result = boot(newer, anti_rollback=True, efuses=at_version(2))
    assert (result.label, result.burned) == ("ota_1", (3,))
    assert boot(newer, anti_rollback=True, efuses=at_version(4)).label is None
    image = bytearray(small_image())
    image[15] = 100  # minimum chip revision 1.0
    assert (
        "E boot_comm: Image requires chip rev >= v1.0, but chip is v0.0"
        in boot(make_chip(images={"ota_0": bytes(image)}).to_bytes(), "v5.2").log
    )


def test_unknown_bootloader_is_named_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"unknown bootloader 'v3.3'; known are v4.0, v5.2"):
        boot(b"", "v3.3")  # type: ignore[arg-type]


@BOTH
@pytest.mark.parametrize("flash", [b"", b"\xff", b"\0" * 5000, b"\xff" * 0x100000, b"\xe9" * 0x9000])
def test_any_length_is_a_flash(bootloader: str, flash: bytes) -> None:
    result = boot(flash, bootloader)  # type: ignore[arg-type]
    assert result.label is None
    assert result.log
    assert len(result.flash) == len(flash)


def test_larger_flash_than_a_header_can_tell_is_one_of_16_mb() -> None:
    flash = bytearray(b"\xff" * (32 << 20))
    flash[0x8000:0x8C00] = WITH_FACTORY.to_bytes()
    assert "I boot: SPI Flash Size : 16MB" in boot(bytes(flash)).log


# The places where a wrong byte makes a difference.
_INTERESTING = [
    offset
    for start, length in (
        (0x1000, 0x40),
        (0x8000, 0xE0),
        (0x8F000, 0x20),
        (0x90000, 0x20),
        (OTA_0.offset, 0x150),
        (OTA_1.offset, 0x150),
    )
    for offset in range(start, start + length)
]


@BOTH
@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    changes=st.lists(st.tuples(st.sampled_from(_INTERESTING), st.integers(0, 255)), max_size=6),
    rollback=st.booleans(),
    anti_rollback=st.booleans(),
)
def test_every_damaged_flash_has_a_verdict(
    bootloader: str, changes: list[tuple[int, int]], rollback: bool, anti_rollback: bool
) -> None:
    flash = bytearray(FIRST_BOOT)
    for offset, value in changes:
        flash[offset] = value
    result = boot(flash, bootloader, rollback=rollback, anti_rollback=anti_rollback)  # type: ignore[arg-type]
    assert result.log
    assert len(result.flash) == len(flash)
    assert (result.label is None) == (result.offset is None)


@BOTH
@settings(max_examples=100, derandomize=True, deadline=None)
@given(table=st.binary(max_size=600), otadata=st.binary(max_size=64), image=st.binary(max_size=600))
def test_every_flash_of_random_parts_has_a_verdict(bootloader: str, table: bytes, otadata: bytes, image: bytes) -> None:
    flash = bytearray(b"\xff" * 0x200000)
    bootloader_image = build_bootloader_image(flash_size=2 << 20)
    for offset, part in ((0x1000, bootloader_image), (0x8000, table), (0x8F000, otadata), (0xA0000, image)):
        flash[offset : offset + len(part)] = part
    assert boot(flash, bootloader).log  # type: ignore[arg-type]
