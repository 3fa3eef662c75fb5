"""Whether an app partition holds an image that can start: ``image_load`` of ``esp_image_format.c``, step by step.

Bootloader and app run the same steps. Only the bootloader also loads, so only it looks at where a segment would go
in memory: an image can pass the check at the end of an update and be refused at the next boot. The order of the
steps shows in the log, for a broken image prints its segment lines before its checksum error, and the length is
compared with the partition only after everything has been read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.boot.log import BootLine, BootLog
from simulator.boot.revision import Revision
from simulator.boot.secure_boot import SignatureCheck
from simulator.flash.chip import FlashChip, MappedBytes
from simulator.formats.image import (
    CHIP_ID_ESP32,
    DIGEST_BYTES,
    HEADER_BYTES,
    IMAGE_MAGIC,
    MAX_SEGMENT_BYTES,
    MAX_SEGMENTS,
    SEGMENT_HEADER_BYTES,
    AppImage,
    ImageHeader,
    Segment,
    SpiMode,
    checksum,
    padding_length,
    parse_segment_header,
)
from simulator.formats.memory_map import (
    DRAM,
    IRAM,
    MMU_PAGE_BYTES,
    RTC_FAST_CODE,
    RTC_FAST_DATA,
    RTC_SLOW,
    LoadKind,
    load_kind,
)
from simulator.formats.partition_table import Partition

TAG: Final = "esp_image"
LARGEST_MAPPING_BYTES: Final = 0x320000
"""The bootloader's window into the flash: 50 pages of the cache (``bootloader_flash.c``)."""

_HASH_FAILED: Final = "Image hash failed - image is corrupt"
_LARGEST_PARTITION_BYTES: Final = 0x1000000
_LARGEST_FLASH_SIZE_CODE: Final = 5
_NO_MAXIMUM: Final = frozenset({0, 0xFFFF})
_STACK_POINTER: Final = 0x3FFE3B40
"""Where a build's stack is at this point; it differs by some hundred bytes between builds."""
_STACK_START: Final = 0x3FFE3F20
_STACK_HEADROOM_BYTES: Final = 32768
_LAST_DRAM_END: Final = 0x3FFFFFFC

# The upper part of SRAM is seen twice, as DRAM and, backwards, as IRAM.
_SHARED_DRAM: Final = range(0x3FFE0000, 0x40000000)
_SHARED_IRAM: Final = range(0x400A0000, 0x400C0000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCheck:
    """Who asks, and how: the settings of one bootloader or app.

    `__call__` checks one partition: it yields the lines that this prints and returns the image, or None if it is
    refused.
    """

    chip: FlashChip
    revision: Revision
    log: BootLog
    loads: bool = False
    """Whether the bootloader asks, which copies the segments to their places, rather than an app."""
    wakes_from_deep_sleep: bool = False
    """RTC memory then keeps its contents, its segments are not loaded."""
    chip_revision: int = 0
    """Major number times 100, plus minor number."""
    silent: bool = False
    """Leave out most lines, as ``ESP_IMAGE_VERIFY_SILENT`` does, but not all."""
    signature: SignatureCheck | None = None
    """Verifies what must stand behind the image; None if a build without secure boot asks."""

    def __call__(self, partition: Partition) -> Generator[BootLine, None, AppImage | None]:
        """Check the image in ``partition``."""
        chip, log = self.chip, self.log
        start = partition.offset
        if partition.size > _LARGEST_PARTITION_BYTES:
            if not self.silent:
                yield log.error(TAG, f"partition size 0x{partition.size:x} invalid, larger than 16MB")
            return None
        if self.loads and start % 4:
            yield log.error("bootloader_flash", f"bootloader_flash_read src_addr 0x{start:x} not 4-byte aligned")
            return None

        header_bytes = chip.read_mapped(start, HEADER_BYTES)
        header = ImageHeader.from_bytes(header_bytes)
        if not (yield from self._check_header(start, header)):
            return None

        parts: list[tuple[bytes, MappedBytes]] = []
        position = start + HEADER_BYTES
        for index in range(header.segment_count):
            segment_header = chip.read_mapped(position, SEGMENT_HEADER_BYTES)
            load_address, length = parse_segment_header(segment_header)
            position += SEGMENT_HEADER_BYTES
            if not (yield from self._check_segment(index, position, load_address, length)):
                return None
            parts.append((segment_header, chip.map(position, length)))
            position += length

        tail = chip.read_mapped(position, padding_length(position - start) + 1)
        position += len(tail)
        sum_up = _sum_up_once if position <= chip.size_bytes else _sum_up
        segments, computed, hasher = sum_up(header_bytes, tuple(parts), tail)
        if computed != tail[-1]:
            yield log.error(TAG, f"Checksum failed. Calculated 0x{computed:x} read 0x{tail[-1]:x}")
            return None
        digest = chip.read_mapped(position, DIGEST_BYTES) if header.hash_appended else None
        image_length = position - start + len(digest or b"")
        full_length = image_length
        if self.signature is not None and self.revision.signature_must_fit:
            full_length += self.signature.bytes_behind(image_length)
        if full_length > partition.size:
            if not self.silent:
                yield log.error(TAG, f"Image length {full_length} doesn't fit in partition length {partition.size}")
            return None
        if self.signature is not None:
            hasher = hasher.copy()
            hasher.update(digest or b"")
            if not (yield from self._check_signature(self.signature, start, image_length, hasher)):
                return None
        # Nobody checks the digest of the bootloader's own image: esptool may have changed its header.
        elif header.hash_appended and start != BOOTLOADER_OFFSET and hasher.digest() != digest:
            yield log.error(TAG, _HASH_FAILED)
            return None
        return AppImage(header=header, segments=segments, padding=tail[:-1], checksum=computed, digest=digest)

    def _check_signature(
        self, signature: SignatureCheck, start: int, image_length: int, hasher: hashlib._Hash
    ) -> Generator[BootLine, None, bool]:
        """Check the signature, which stands for the digest; if it is bad, say whether the image is, too."""
        log = self.log
        yield log.info(TAG, "Verifying image signature...")
        if (yield from signature(self.chip, log, start + image_length, hasher)):
            return True
        yield log.error(TAG, "Secure boot signature verification failed")
        yield log.info(TAG, "Calculating simple hash to check for corruption...")
        # The last 32 bytes are taken for the digest, whether the header says so or not.
        whole = self.chip.read_mapped(start, image_length)
        if hashlib.sha256(whole[:-DIGEST_BYTES]).digest() != whole[-DIGEST_BYTES:]:
            yield log.error(TAG, _HASH_FAILED)
            yield log.warn(TAG, "image corrupted on flash")
        else:
            yield log.warn(TAG, "image valid, signature bad")
        return False

    def _check_header(self, start: int, header: ImageHeader) -> Generator[BootLine, None, bool]:
        place = f"image at 0x{start:x}"
        has_magic = header.magic == IMAGE_MAGIC
        if not has_magic and not self.silent:
            yield self.log.error(TAG, f"{place} has invalid magic byte{self.revision.magic_suffix}")
        if self.revision.warns_of_spi_fields and not self.silent:
            if header.spi_mode > max(SpiMode):
                yield self.log.warn(TAG, f"{place} has invalid SPI mode {header.spi_mode}")
            if header.flash_size > _LARGEST_FLASH_SIZE_CODE:
                yield self.log.warn(TAG, f"{place} has invalid SPI size {header.flash_size}")
        if not has_magic:
            return False
        if self.revision.checks_chip and not (yield from self._check_chip(header)):
            return False
        if header.segment_count > MAX_SEGMENTS:
            if not self.silent:
                message = f"{place} segment count {header.segment_count} exceeds max {MAX_SEGMENTS}"
                yield self.log.error(TAG, message)
            return False
        return True

    def _check_chip(self, header: ImageHeader) -> Generator[BootLine, None, bool]:
        """Check that the image is for this chip (``bootloader_common_check_chip_validity``); never silent."""
        tag = "boot_comm"
        if header.chip_id != CHIP_ID_ESP32:
            yield self.log.error(tag, f"mismatch chip ID, expected {CHIP_ID_ESP32}, found {header.chip_id}")
            return False
        actual = self.chip_revision
        low, high = header.min_revision_full, header.max_revision_full
        complaints = [(">=", low)] if actual < low else []
        if actual > high and high not in _NO_MAXIMUM:
            complaints.append(("<=", high))
        for comparison, limit in complaints:
            required, found = (f"v{revision // 100}.{revision % 100}" for revision in (limit, actual))
            yield self.log.error(tag, f"Image requires chip rev {comparison} {required}, but chip is {found}")
        return not complaints

    def _check_segment(
        self, index: int, position: int, load_address: int, length: int
    ) -> Generator[BootLine, None, bool]:
        """Check one segment whose data starts at flash address ``position``, before it is read."""
        log = self.log
        if length % 4 or length >= MAX_SEGMENT_BYTES:
            if not self.silent:
                yield log.error(TAG, f"invalid segment length 0x{length:x}")
            return False
        kind = load_kind(load_address)
        if kind is LoadKind.MAP and position % MMU_PAGE_BYTES != load_address % MMU_PAGE_BYTES:
            if not self.silent:
                message = f"Segment {index} load address 0x{load_address:08x}, doesn't match data 0x{position:08x}"
                yield log.error(TAG, message)
            return False
        is_copied = kind is LoadKind.LOAD or (kind is LoadKind.LOAD_RTC and not self.wakes_from_deep_sleep)
        is_loaded = self.loads and is_copied
        if not self.silent:
            fate = "load" if is_loaded else "map" if kind is LoadKind.MAP else ""
            yield log.info(TAG, self.revision.segment_line % (index, position, load_address, length, length, fate))
        if is_loaded:
            refuse = _refuse_range if self.revision.checks_load_range else _refuse_overwrite
            refusal = refuse(index, load_address, length, self.revision)
            if refusal:
                yield log.error(TAG, refusal)
                return False
        if self.loads and length > LARGEST_MAPPING_BYTES and not self.revision.maps_piecewise:
            yield log.error("bootloader_flash", f"bootloader_mmap excess size {length:x}")
            yield log.error(TAG, f"bootloader_mmap(0x{position:x}, 0x{length:x}) failed")
            return False
        return True


class _Sums(NamedTuple):
    """What an image holds, and what it therefore has to end with."""

    segments: tuple[Segment, ...]
    checksum: int
    hasher: hashlib._Hash
    """Has seen everything up to the checksum; to be copied by who goes on."""


def _sum_up(header: bytes, parts: tuple[tuple[bytes, MappedBytes], ...], tail: bytes) -> _Sums:
    """Read the segments of an image, each with its header, and take them into a checksum and a digest."""
    hasher = hashlib.sha256(header)
    segments: list[Segment] = []
    for segment_header, mapped in parts:
        segment = Segment(parse_segment_header(segment_header)[0], bytes(mapped))
        segments.append(segment)
        hasher.update(segment_header)
        hasher.update(segment.data)
    hasher.update(tail)
    return _Sums(tuple(segments), checksum(segment.data for segment in segments), hasher)


_sum_up_once: Final = lru_cache(maxsize=8)(_sum_up)
"""Remembers the last images: an update checks the same one three times, and boards of one kind have the same ones."""


def _refuse_overwrite(index: int, load_address: int, length: int, revision: Revision) -> str:
    """Return why a segment would overwrite the bootloader, empty if not: the check of v4.0.

    It protects stack and loader code and nothing else, so that an address without memory passes.
    """
    end = (load_address + length) & 0xFFFFFFFF
    if end <= _LAST_DRAM_END:
        limit = _STACK_POINTER - _STACK_HEADROOM_BYTES
        if end > limit:
            return (
                f"Segment {index} end address 0x{end:08x} too high "
                f"(bootloader stack 0x{_STACK_POINTER:08x} limit 0x{limit:08x})"
            )
    elif _overlap(revision.loader_code, load_address, end):
        code = revision.loader_code
        return (
            f"Segment {index} (0x{load_address:08x}-0x{end:08x}) overlaps bootloader IRAM "
            f"(0x{code.start:08x}-0x{code.stop:08x})"
        )
    return ""


def _refuse_range(index: int, load_address: int, length: int, revision: Revision) -> str:
    """Return why a segment cannot be loaded where it wants to, empty if it can: the check of v5.2.

    A range in SRAM that is seen twice is checked under its other addresses too, and those are then printed.
    """
    start, end = load_address, load_address + length
    if not length:
        return ""
    reason = _reason_against(start, end, revision)
    if not reason:
        mirrored = _mirror(start, end)
        if mirrored:
            start, end = mirrored
            reason = _reason_against(start, end, revision)
    if not reason:
        return ""
    return f"Segment {index} 0x{start:08x}-0x{end & 0xFFFFFFFF:08x} invalid: {reason}"


def _reason_against(start: int, end: int, revision: Revision) -> str:
    last = end - 1
    if start in DRAM and last in DRAM:
        if _overlap(range(_STACK_POINTER - _STACK_HEADROOM_BYTES, _STACK_START), start, end):
            return "overlaps bootloader stack"
        if _overlap(revision.static_data, start, end):
            return "overlaps bootloader data"
        return ""
    if start in IRAM and last in IRAM:
        return "overlaps loader IRAM" if _overlap(revision.loader_code, start, end) else ""
    if any(start in memory and last in memory for memory in (RTC_FAST_CODE, RTC_FAST_DATA, RTC_SLOW)):
        return ""
    return "bad load address range"


def _mirror(start: int, end: int) -> tuple[int, int] | None:
    """Return the other addresses of what lies in twice-seen SRAM of a range in DRAM or IRAM, if anything does."""
    for here, there in ((_SHARED_DRAM, _SHARED_IRAM), (_SHARED_IRAM, _SHARED_DRAM)):
        low, high = max(start, here.start), min(end, here.stop)
        if low < high:
            # Word by word backwards: the last word here is the first word there.
            return there.start + (here.stop - high) - 4, there.start + (here.stop - low) - 4
    return None


def _overlap(memory: range, start: int, end: int) -> bool:
    return start < memory.stop and memory.start < end
