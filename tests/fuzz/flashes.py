"""Hypothesis's strategies for hostile flash: good ones with damage, and ones put together of whatever fits.

Four megabytes of noise boot nothing and test nothing. What goes deep is almost right: so most examples are a good flash
with a few bytes changed where they count, and the checksums are often made right again behind the damage.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from hypothesis import strategies as st

from simulator.boards import load_board
from simulator.formats import (
    AppDescriptor,
    ImageState,
    OtaData,
    Partition,
    PartitionTable,
    Segment,
    SelectEntry,
    build_image,
)
from simulator.formats.image import HEADER_BYTES, IMAGE_MAGIC, checksum, padding_length
from simulator.formats.partition_table import TABLE_OFFSET
from simulator.testing import TWO_SLOTS, build_flash, small_firmware
from simulator.units import MIB
from tests.firmware.linked_image import dump_of, hello_world, lua_rtos

WORDS: Final = st.one_of(
    st.sampled_from(
        [
            *(0, 1, 2, 3, 4, 0x10, 0xFF, 0x100, 0x1000, 0x2000, 0x8000, 0x9000, 0x10000, 0x110000, 0x320000, 0x320004),
            *(0x3FF000, 0x400000, 0x400001, 0xFFFFFC, 0x1000000, 0x1000004, 0x7FFFFFFF, 0x80000000),
            *(0x3F400020, 0x3FFAE000, 0x3FFB0000, 0x3FFFFFFC, 0x40078000, 0x40080400, 0x400C0000, 0x400D0020),
            *(0x50000000, 0xFFFF0000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF),
        ]
    ),
    st.integers(0, 0xFFFFFFFF),
)
STATES: Final = st.one_of(st.sampled_from(list(ImageState)), WORDS)
SECOND_ENTRY: Final = 0x1000

Edit = tuple[int, bytes | int, int]
"""Where, and what how often; instead of bytes, where to copy so many bytes from."""

_WORD: Final = struct.Struct("<I")


@cache
def good_flashes() -> tuple[bytes, ...]:
    """Return flashes of 4 MB that boot."""
    firmware, descriptor = small_firmware(), AppDescriptor(secure_version=2, project_name="lua_rtos")
    secure = build_image(
        [Segment(0x3F400020, descriptor.to_bytes()), Segment(0x40080400, b"code" * 8)], entry=0x40080400
    )
    select = OtaData((SelectEntry.make(1, ImageState.VALID), SelectEntry.make(2, ImageState.NEW))).to_bytes()
    board = load_board("N1ESP32-OTA")
    return (
        build_flash({"factory": firmware, "ota_0": firmware, "ota_1": firmware, "otadata": select}),
        build_flash({"factory": firmware}),
        build_flash({"ota_0": secure, "ota_1": firmware, "otadata": select}),
        dump_of(board, {"ota_0": lua_rtos(), "ota_1": hello_world()}),
        build_flash({"factory": firmware, "otadata": select})[: MIB * 4],
    )


def places(flash: bytes) -> list[tuple[int, int]]:
    """Return where damage counts, as offsets and lengths: headers, table, otadata, and the heads of images."""
    table = PartitionTable.as_read_by_app(flash[TABLE_OFFSET:][:0xC00])
    found = [(0x1000, 64), (TABLE_OFFSET, 0x200), (TABLE_OFFSET + 0xBE0, 64)]
    for partition in table:
        found.append((partition.offset, 64 if partition.is_app else 48))
        if partition.type == 1 and partition.subtype == 0:
            found.append((partition.offset + SECOND_ENTRY, 48))
    return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """How hostile bytes are made. Hypothesis keeps thousands of examples, and would of whole flashes, too."""

    base: bytes = field(repr=False)
    edits: tuple[Edit, ...] = ()
    mended_entries: tuple[int, ...] = ()
    """Where the CRC of a select entry is made right again."""
    mends_table: bool = False
    """Whether the MD5 of the partition table is."""

    def build(self) -> bytes:
        """Return the bytes, as many as ``base`` has."""
        data = bytearray(self.base)
        for offset, unit, count in self.edits:
            piece = data[unit : unit + count] if isinstance(unit, int) else unit * count
            data[offset : offset + len(piece)] = piece[: max(0, len(data) - offset)]
        if self.mends_table:
            _mend_table(data)
        for offset in self.mended_entries:
            _mend_entry(data, offset)
        return bytes(data)


def edits(offsets: st.SearchStrategy[int], *, most: int) -> st.SearchStrategy[tuple[Edit, ...]]:
    """Return a strategy for changes: bytes, words, stretches of the same byte, and copies from elsewhere."""
    fills = st.sampled_from([b"\0", b"\xff", b"\x5a"])
    edit = st.one_of(
        *[st.tuples(offsets, st.binary(min_size=1, max_size=1), st.just(1))] * 3,
        *[st.tuples(offsets.map(lambda offset: offset & ~3), WORDS.map(_WORD.pack), st.just(1))] * 2,
        st.tuples(offsets, fills, st.sampled_from([2, 4, 32, 256, 4096, 65536])),
        st.tuples(offsets, offsets, st.just(32)),
    )
    return st.lists(edit, max_size=most).map(tuple)


@st.composite
def damaged_flashes(draw: st.DrawFn) -> Recipe:
    """Return a good flash with some changes where they count, and perhaps what it says of itself mended."""
    base = draw(st.sampled_from(good_flashes()))
    where = places(base)
    offsets = st.sampled_from(where).flatmap(lambda place: st.integers(place[0], place[0] + place[1] - 1))
    return Recipe(
        base,
        draw(edits(offsets, most=8)),
        tuple(start for start, _ in where[3:]) if draw(st.booleans()) else (),
        mends_table=draw(st.booleans()),
    )


def _mend_table(flash: bytearray) -> None:
    for row in range(TABLE_OFFSET, TABLE_OFFSET + 0xC00, 32):
        if flash[row : row + 2] == b"\xeb\xeb":
            flash[row + 16 : row + 32] = hashlib.md5(flash[TABLE_OFFSET:row]).digest()
            return


def _mend_entry(flash: bytearray, offset: int) -> None:
    if flash[offset] != IMAGE_MAGIC:
        (seq,) = _WORD.unpack_from(flash, offset)
        flash[offset + 28 : offset + 32] = _WORD.pack(SelectEntry.make(seq, 0).crc)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Return 0xC00 bytes that look like a partition table."""
    rows = bytearray()
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from("ppppppmej"))
        if kind == "p":
            type_ = draw(st.sampled_from([0, 0, 1, 1, 2, 0x40, 0xFF]))
            subtype = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x1F, 0x20, 0x40, 0x41, 0xFF]))
            offset = draw(st.one_of(st.sampled_from([0x9000, 0xD000, 0xF000, 0x10000, 0x110000, 0x210000]), WORDS))
            size = draw(st.one_of(st.sampled_from([0x1000, 0x2000, 0x6000, 0x80000, 0x100000]), WORDS))
            label = draw(st.sampled_from(["nvs", "otadata", "factory", "ota_0", "ota_1", "storage", "x" * 16, ""]))
            rows += Partition(
                label, type_, subtype, offset, size, other_flags=draw(st.sampled_from([0, 2, 8]))
            ).to_row()
        elif kind == "m":
            rows += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()
        elif kind == "e":
            rows += b"\xff" * 32
        else:
            rows += draw(st.binary(min_size=32, max_size=32))
    if draw(st.booleans()):
        rows += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()
    return bytes(rows).ljust(0xC00, draw(st.sampled_from([b"\xff", b"\xff", b"\xff", b"\0"])))[:0xC00]


@st.composite
def images(draw: st.DrawFn) -> bytes:
    """Return bytes that look like an image, with checksum and digest right more often than not."""
    count = draw(st.integers(0, 4))
    parts = bytearray()
    data = []
    for _ in range(count):
        address, length = draw(WORDS), draw(st.sampled_from([0, 4, 8, 256, 260, 1024]))
        body = draw(
            st.sampled_from([bytes(length), b"\xff" * length, AppDescriptor().to_bytes()[:length].ljust(length)])
        )
        data.append(body)
        told = draw(st.sampled_from([length] * 6 + [length + 1, 0xFFFFFC, 0x1000000, 0xFFFFFFFF]))
        parts += struct.pack("<II", address, told) + body
    segments = draw(st.sampled_from([count] * 6 + [0, 16, 17, 255]))
    header = bytes((0xE9, segments, *draw(st.binary(min_size=2, max_size=2)))) + struct.pack("<I", draw(WORDS))
    reserved = draw(st.sampled_from([bytes(15), b"\xee" + bytes(14), b"\xff" * 15]))
    hashed = draw(st.sampled_from([0, 1, 1, 2]))
    head = bytearray(header + reserved + bytes((hashed,)) + parts)
    assert len(header) + len(reserved) + 1 == HEADER_BYTES
    head += bytes(padding_length(len(head))) + bytes((checksum(data) ^ draw(st.sampled_from([0] * 6 + [1])),))
    if hashed:
        head += hashlib.sha256(head).digest()
    for _ in range(draw(st.integers(0, 2))):
        head[draw(st.integers(0, len(head) - 1))] = draw(st.integers(0, 255))
    return bytes(head[: draw(st.sampled_from([len(head)] * 4 + [len(head) // 2, 23, 1, 0]))])


ENTRIES: Final = st.one_of(
    st.builds(lambda seq, state: SelectEntry.make(seq, state).to_bytes(), WORDS, STATES),
    st.builds(lambda seq, state, crc: SelectEntry(seq, state, crc).to_bytes(), WORDS, STATES, WORDS),
    st.just(b"\xff" * 32),
    st.binary(min_size=32, max_size=32),
)


@st.composite
def assembled_flashes(draw: st.DrawFn) -> Recipe:
    """Return 4 MB with any table, any otadata and any images, in the places of a usual table or of their own."""
    data = draw(st.one_of(tables(), st.just(TWO_SLOTS.to_bytes())))
    table = PartitionTable.as_read_by_app(data)
    parts: list[Edit] = [(TABLE_OFFSET, data, 1)]
    for offset in (table.otadata.offset, table.otadata.offset + SECOND_ENTRY) if table.otadata else ():
        parts.append((offset, draw(ENTRIES), 1))
    for partition in table.app_partitions[:4]:
        app = draw(st.one_of(images(), st.just(small_firmware()), st.just(b"\xff" * 64)))
        parts.append((partition.offset, app, 1))
    return Recipe(draw(st.sampled_from(good_flashes())), tuple(parts))


@cache
def _noise(seed: int) -> bytes:
    return hashlib.shake_128(seed.to_bytes(1, "little")).digest(4 * MIB)


NOISE: Final = st.integers(0, 7).map(lambda seed: Recipe(_noise(seed)))
FLASHES: Final = st.one_of(*[damaged_flashes()] * 10, *[assembled_flashes()] * 9, NOISE)


def damaged(make: Callable[[], tuple[bytes, ...]]) -> st.SearchStrategy[Recipe]:
    """Return a strategy for one of some byte strings with up to a dozen changes anywhere."""
    return st.deferred(lambda: st.sampled_from(make())).flatmap(
        lambda base: st.builds(Recipe, st.just(base), edits(st.integers(0, len(base) - 1), most=12))
    )
