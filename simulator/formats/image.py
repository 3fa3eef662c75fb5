"""The image: what the ROM, the bootloader and an update agree on (``esp_image_format.h``). Little-endian::

      0      1          2          3                4                8        9          12        14
    +------+----------+----------+----------------+----------------+--------+----------+---------+---
    | 0xE9 | segments | SPI mode | size  | speed  | entry address  | WP pin | pin      | chip id | ...
    |      | 0 to 16  |          | (high | low    |                |        | drive(3) |         |
    |      |          |          |     nibble)    |                |        |          |         |
    +------+----------+----------+----------------+----------------+--------+----------+---------+---
      14              15                     17                     19            23              24
    +---------------+----------------------+----------------------+-------------+---------------+
    | min. revision | min. revision (full, | max. revision (full) | reserved(4) | digest        |
    | (old)         | major * 100 + minor) |                      |             | appended, 0/1 |
    +---------------+----------------------+----------------------+-------------+---------------+

    then each segment:   | load address (4) | length (4), a multiple of 4 | data |
    then                 | padding (0 to 15), so that the image ends on 16 bytes | checksum (1) |
    then if appended     | SHA-256 of everything before it (32) |

Bytes 12 to 22 are reserved and zero at the revision that Lua RTOS pins; later ones give them the meaning drawn here.
The checksum is 0xEF XOR every byte of segment *data*, headers and padding left out, so two equal bit flips cancel:
only the digest sees those.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from simulator.errors import FormatError
from simulator.formats.app_descriptor import AppDescriptor, AppDescriptorError
from simulator.formats.esp_err import EspErr
from simulator.formats.memory_map import MMU_PAGE_BYTES, LoadKind, load_kind

IMAGE_MAGIC: Final = 0xE9
HEADER_BYTES: Final = 24
SEGMENT_HEADER_BYTES: Final = 8
DIGEST_BYTES: Final = 32
MAX_SEGMENTS: Final = 16
MAX_SEGMENT_BYTES: Final = 0x1000000
"""A segment is shorter than this (16 MB)."""
CHECKSUM_SEED: Final = 0xEF
CHIP_ID_ESP32: Final = 0
WP_PIN_DISABLED: Final = 0xEE

_HEADER: Final = struct.Struct("<BBBBIB3sHBHH4sB")
_SEGMENT_HEADER: Final = struct.Struct("<II")
_FOLD_BYTES: Final = 8192


class SpiMode(IntEnum):
    """How the ROM reads the flash chip (header byte 2)."""

    QIO = 0
    QOUT = 1
    DIO = 2
    DOUT = 3
    FAST_READ = 4
    SLOW_READ = 5


class SpiSpeed(IntEnum):
    """The clock of the flash chip (low nibble of header byte 3)."""

    MHZ_40 = 0
    MHZ_26 = 1
    MHZ_20 = 2
    MHZ_80 = 0xF


def flash_size_code(size_bytes: int) -> int:
    """Return the header nibble for a chip of ``size_bytes``: 0 for 1 MB, one more for each doubling.

    Raises ValueError if the nibble has no such size.
    """
    code = (size_bytes >> 20).bit_length() - 1
    if not 0 <= code <= 7 or size_bytes != 1 << (20 + code):
        raise ValueError(f"no flash size code for {size_bytes} bytes; 1, 2, 4, ... 128 MB have one")
    return code


def flash_size_bytes(code: int) -> int:
    """Return the chip size that the bootloader takes the nibble for; a code it does not know counts as 2 MB.

    ``update_flash_config`` in ``bootloader_init.c`` knows 1 to 16 MB.
    """
    return 1 << (20 + code) if 0 <= code <= 4 else 2 << 20


class ImageFault(Enum):
    """Why bytes are no sound image."""

    TRUNCATED = "the bytes end before the image does"
    MAGIC = "wrong magic byte"
    SEGMENT_COUNT = "too many segments"
    SEGMENT_LENGTH = "impossible segment length"
    CHECKSUM = "wrong checksum"
    DIGEST = "wrong appended digest"


class ImageError(FormatError):
    """The bytes are no sound image."""


def _error(message: str, reason: ImageFault, offset: int) -> ImageError:
    return ImageError(message, reason=reason, offset=offset, esp_err=EspErr.ESP_ERR_IMAGE_INVALID)


def checksum(segments: Iterable[bytes]) -> int:
    """Return 0xEF XOR every byte of ``segments``.

    Folds 8 KiB at a time as one big integer: about 0.7 ms for 1 MiB.
    """
    accumulated = 0
    for data in segments:
        view = memoryview(data)
        for start in range(0, len(view), _FOLD_BYTES):
            accumulated ^= int.from_bytes(view[start : start + _FOLD_BYTES], "little")
    width = 1 << max(3, (accumulated.bit_length() - 1).bit_length())
    while width > 8:
        width //= 2
        accumulated = (accumulated >> width) ^ (accumulated & ((1 << width) - 1))
    return accumulated ^ CHECKSUM_SEED


def padding_length(unpadded_bytes: int) -> int:
    """Return how many bytes stand between the last segment and the checksum byte, for an image so long without both."""
    return -(unpadded_bytes + 1) % 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """The first 24 bytes, as they are: nothing is checked but that they fit their fields."""

    magic: int = IMAGE_MAGIC
    segment_count: int = 0
    spi_mode: int = SpiMode.DIO
    spi_speed: int = SpiSpeed.MHZ_40
    flash_size: int = 2
    """The code; `flash_size_bytes` has the bytes."""
    entry: int = 0
    wp_pin: int = WP_PIN_DISABLED
    pin_drive: bytes = bytes(3)
    """Nibbles, low one first: clk and q, d and cs0, hd and wp."""
    chip_id: int = CHIP_ID_ESP32
    min_revision: int = 0
    min_revision_full: int = 0
    max_revision_full: int = 0
    reserved: bytes = bytes(4)
    hash_appended: int = 1
    """ESP-IDF takes any value but 0 for yes."""

    @classmethod
    def from_bytes(cls, data: bytes) -> ImageHeader:
        """Read the header at the start of ``data``, which has at least 24 bytes."""
        (
            magic,
            segment_count,
            spi_mode,
            size_and_speed,
            entry,
            wp_pin,
            pin_drive,
            chip_id,
            min_revision,
            min_revision_full,
            max_revision_full,
            reserved,
            hash_appended,
        ) = _HEADER.unpack_from(data)
        return cls(
            magic=magic,
            segment_count=segment_count,
            spi_mode=spi_mode,
            spi_speed=size_and_speed & 0xF,
            flash_size=size_and_speed >> 4,
            entry=entry,
            wp_pin=wp_pin,
            pin_drive=pin_drive,
            chip_id=chip_id,
            min_revision=min_revision,
            min_revision_full=min_revision_full,
            max_revision_full=max_revision_full,
            reserved=reserved,
            hash_appended=hash_appended,
        )

    def to_bytes(self) -> bytes:
        """Return the 24 bytes."""
        return _HEADER.pack(
            self.magic,
            self.segment_count,
            self.spi_mode,
            self.flash_size << 4 | self.spi_speed,
            self.entry,
            self.wp_pin,
            self.pin_drive,
            self.chip_id,
            self.min_revision,
            self.min_revision_full,
            self.max_revision_full,
            self.reserved,
            self.hash_appended,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the image and the address at which the chip sees it."""

    load_address: int
    data: bytes

    def to_bytes(self) -> bytes:
        """Return its header and data."""
        return _SEGMENT_HEADER.pack(self.load_address, len(self.data)) + self.data


def parse_segment_header(data: bytes) -> tuple[int, int]:
    """Return the load address and the length that the eight bytes of a segment header name."""
    load_address, length = _SEGMENT_HEADER.unpack(data)
    return load_address, length


@dataclass(frozen=True, slots=True, kw_only=True)
class AppImage:
    """A whole image, its parts as they are in the bytes. Also the form of the bootloader's own image."""

    header: ImageHeader
    segments: tuple[Segment, ...]
    padding: bytes
    """What stands before the checksum byte: zeros, unless somebody changed them. The digest covers it."""
    checksum: int
    digest: bytes | None
    """The appended SHA-256, None if there is none."""

    @classmethod
    def from_bytes(cls, data: bytes) -> AppImage:
        """Read the image at the start of ``data``; what follows it, such as the rest of a partition, is ignored.

        Raises `ImageError`, which names the first fault and its offset, if any part is missing, impossible or does
        not fit its checksum or digest. Addresses are not judged: whether this image can boot from a certain place
        is for `simulator.boot` to say.
        """
        header = ImageHeader.from_bytes(_take(data, 0, HEADER_BYTES, "image header"))
        if header.magic != IMAGE_MAGIC:
            raise _error(f"magic byte is 0x{header.magic:02x}, not 0xe9: this is no ESP32 image", ImageFault.MAGIC, 0)
        if header.segment_count > MAX_SEGMENTS:
            message = f"segment count {header.segment_count} exceeds max {MAX_SEGMENTS}"
            raise _error(message, ImageFault.SEGMENT_COUNT, 1)
        segments: list[Segment] = []
        position = HEADER_BYTES
        for index in range(header.segment_count):
            what = f"segment {index}"
            load_address, length = parse_segment_header(_take(data, position, SEGMENT_HEADER_BYTES, f"{what} header"))
            if length % 4 or length >= MAX_SEGMENT_BYTES:
                message = f"{what} at 0x{position:x} has invalid length 0x{length:x}"
                raise _error(message, ImageFault.SEGMENT_LENGTH, position + 4)
            position += SEGMENT_HEADER_BYTES
            segments.append(Segment(load_address, _take(data, position, length, what)))
            position += length
        tail = _take(data, position, padding_length(position) + 1, "checksum")
        position += len(tail)
        digest = _take(data, position, DIGEST_BYTES, "appended digest") if header.hash_appended else None
        image = cls(header=header, segments=tuple(segments), padding=tail[:-1], checksum=tail[-1], digest=digest)
        expected = image.computed_checksum()
        if expected != image.checksum:
            message = f"checksum is 0x{image.checksum:02x}, the segments give 0x{expected:02x}"
            raise _error(message, ImageFault.CHECKSUM, position - 1)
        if digest is not None and hashlib.sha256(memoryview(data)[:position]).digest() != digest:
            raise _error("the appended SHA-256 does not fit the image", ImageFault.DIGEST, position)
        return image

    def to_bytes(self) -> bytes:
        """Return the bytes again."""
        body = [segment.to_bytes() for segment in self.segments]
        return b"".join((self.header.to_bytes(), *body, self.padding, bytes((self.checksum,)), self.digest or b""))

    @property
    def length(self) -> int:
        """The size of the image in bytes, digest included."""
        segments = sum(SEGMENT_HEADER_BYTES + len(segment.data) for segment in self.segments)
        return HEADER_BYTES + segments + len(self.padding) + 1 + len(self.digest or b"")

    @property
    def entry(self) -> int:
        """The address of the first instruction."""
        return self.header.entry

    @property
    def app_descriptor(self) -> AppDescriptor | None:
        """What the app says about itself, None if the first segment does not start with a descriptor."""
        if not self.segments:
            return None
        try:
            return AppDescriptor.from_bytes(self.segments[0].data)
        except AppDescriptorError:
            return None

    def computed_checksum(self) -> int:
        """Return the checksum that the segments ask for."""
        return checksum(segment.data for segment in self.segments)


def _take(data: bytes, start: int, length: int, what: str) -> bytes:
    part = data[start : start + length]
    if len(part) < length:
        message = f"{what} at 0x{start:x} needs {length} bytes, {len(part)} are left"
        raise _error(message, ImageFault.TRUNCATED, len(data))
    return bytes(part)


def build_image(
    segments: Sequence[Segment],
    *,
    entry: int,
    spi_mode: SpiMode = SpiMode.DIO,
    spi_speed: SpiSpeed = SpiSpeed.MHZ_40,
    flash_size: int = 4 << 20,
    hash_appended: bool = True,
    chip_id: int = CHIP_ID_ESP32,
    min_revision: int = 0,
    min_revision_full: int = 0,
    max_revision_full: int = 0,
) -> bytes:
    """Return an image of ``segments`` in the order given, checksum and digest right. ``flash_size`` is in bytes.

    Data is filled up with zeros to a multiple of 4. Where a segment that the cache maps would not lie at its address
    modulo 64 KiB, a padding segment (load address 0) goes before it, on the assumption that the image is flashed
    on a 64 KiB boundary, as app partitions are. Raises ValueError if this takes more than 16 segments, a segment is
    too long or cannot be mapped at its address, or the flash size has no code.
    """
    parts: list[Segment] = []
    position = HEADER_BYTES
    for segment in segments:
        data = segment.data + bytes(-len(segment.data) % 4)
        if len(data) >= MAX_SEGMENT_BYTES:
            raise ValueError(f"segment for 0x{segment.load_address:08x} has {len(data)} bytes; 16 MB is too much")
        if load_kind(segment.load_address) is LoadKind.MAP:
            if segment.load_address % 4:
                raise ValueError(f"a mapped segment starts on a word; 0x{segment.load_address:08x} does not")
            misplaced = (segment.load_address - (position + SEGMENT_HEADER_BYTES)) % MMU_PAGE_BYTES
            if misplaced:
                padding = Segment(0, bytes((misplaced - SEGMENT_HEADER_BYTES) % MMU_PAGE_BYTES))
                parts.append(padding)
                position += SEGMENT_HEADER_BYTES + len(padding.data)
        parts.append(Segment(segment.load_address, data))
        position += SEGMENT_HEADER_BYTES + len(data)
    if len(parts) > MAX_SEGMENTS:
        raise ValueError(f"{len(parts)} segments with padding; an image holds {MAX_SEGMENTS}")
    header = ImageHeader(
        segment_count=len(parts),
        spi_mode=spi_mode,
        spi_speed=spi_speed,
        flash_size=flash_size_code(flash_size),
        entry=entry,
        chip_id=chip_id,
        min_revision=min_revision,
        min_revision_full=min_revision_full,
        max_revision_full=max_revision_full,
        hash_appended=hash_appended,
    )
    body = b"".join(
        (
            header.to_bytes(),
            *(part.to_bytes() for part in parts),
            bytes(padding_length(position)),
            bytes((checksum(part.data for part in parts),)),
        )
    )
    return body + hashlib.sha256(body).digest() if hash_appended else body
