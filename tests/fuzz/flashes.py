"""Hypothesis's strategies for hostile flash: good ones with damage, and ones put together of whatever fits.

Four megabytes of noise boot nothing and test nothing. What goes deep is almost right: so most examples are a good flash
with a few bytes changed where they count, and the checksums are often made right again behind the damage.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Final

from hypothesis import strategies as st

from simulator.boards import load_board
from simulator.boot import V4_0, V5_2, BootConfig, SecureBoot, run_bootloader
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET, build_bootloader_image
from simulator.efuses import Efuses, Fuse
from simulator.errors import FormatError
from simulator.formats import (
    AppDescriptor,
    AppImage,
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
from simulator.signatures import SIGNATURE_BLOCK_BYTES, SIGNATURE_SECTOR_BYTES, SigningKey
from simulator.testing import TWO_SLOTS, build_flash, small_firmware
from simulator.units import MIB
from tests.boot.secure_flash import config_for, esp32_for, secure_chip
from tests.firmware.linked_image import dump_of, hello_world, lua_rtos
from tests.fuzz.recipes import WORD, WORDS, Edit, Mender, Recipe, edits
from tests.signatures.signing_keys import V1, V2

STATES: Final = st.one_of(st.sampled_from(list(ImageState)), WORDS)
MOSTLY: Final = st.sampled_from([True, True, True, False])
SECOND_ENTRY: Final = 0x1000


@cache
def good_flashes() -> tuple[bytes, ...]:
    """Return flashes of 4 MB that boot."""
    firmware, descriptor = small_firmware(), AppDescriptor(secure_version=2, project_name="lua_rtos")
    secure = build_image(
        [Segment(0x3F400020, descriptor.to_bytes()), Segment(0x40080400, b"code" * 8)], entry=0x40080400
    )
    select = OtaData((SelectEntry.make(1, ImageState.VALID), SelectEntry.make(2, ImageState.NEW))).to_bytes()
    board = load_board("N1ESP32-OTA")
    bare = bytearray(build_flash({"ota_0": firmware, "ota_1": firmware, "otadata": select}))
    bare[BOOTLOADER_OFFSET : BOOTLOADER_OFFSET + BOOTLOADER_AREA_BYTES] = b"\xff" * BOOTLOADER_AREA_BYTES
    return (
        bytes(bare),
        build_flash({"factory": firmware, "ota_0": firmware, "ota_1": firmware, "otadata": select}),
        build_flash({"factory": firmware}),
        build_flash({"ota_0": secure, "ota_1": firmware, "otadata": select}),
        dump_of(board, {"ota_0": lua_rtos(), "ota_1": hello_world()}, files={"/autorun.lua": b"print(1)", "/d": None}),
        *(signed_flash(key).flash for key in (V1, V2)),
    )


@dataclass(frozen=True, slots=True)
class SignedFlash:
    """A flash on which everything is signed, as its first boot leaves it, and the eFuses that this boot burned."""

    flash: bytes
    efuses: bytes


@cache
def signed_flash(key: SigningKey) -> SignedFlash:
    """Return one for ``key``."""
    chip, esp32 = secure_chip(key), esp32_for(key)
    run_bootloader(chip, config_for(key), esp32)
    return SignedFlash(chip.to_bytes(), esp32.efuses.to_bytes())


@cache
def places(flash: bytes) -> list[tuple[int, int]]:
    """Return where damage counts, as offsets and lengths: headers, table, otadata, and the heads of images.

    Also the options of our bootloader, signatures, and what is stored in partitions.
    """
    table = PartitionTable.as_read_by_app(flash[TABLE_OFFSET:][:0xC00])
    found = [(BOOTLOADER_OFFSET, 64), (TABLE_OFFSET, 0x200), (TABLE_OFFSET + 0xBE0, 128)]
    options = flash.find(b"LUATWIN-BOOT", BOOTLOADER_OFFSET, TABLE_OFFSET)
    if options >= 0:
        found.append((options, 160))
    for offset, size in (
        (BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES),
        *((app.offset, app.size) for app in table.app_partitions),
    ):
        try:
            end = offset + AppImage.from_bytes(flash[offset : offset + size]).length
        except FormatError:
            continue
        block = end + -end % SIGNATURE_SECTOR_BYTES
        found += [(end - 48, 48 + 68), (block, SIGNATURE_BLOCK_BYTES)]
    found += [(partition.offset, 64 if partition.is_app else 0x400) for partition in table]
    return found + [(entry, 32) for entry in _select_entries(flash)]


def _select_entries(flash: bytes) -> tuple[int, ...]:
    otadata = PartitionTable.as_read_by_app(flash[TABLE_OFFSET:][:0xC00]).otadata
    return () if otadata is None else (otadata.offset, otadata.offset + SECOND_ENTRY)


@st.composite
def damaged_flashes(draw: st.DrawFn) -> Recipe:
    """Return a good flash with some changes where they count, and perhaps what it says of itself mended."""
    base = draw(st.sampled_from(good_flashes()))
    offsets = st.one_of(
        *[st.sampled_from(places(base)).flatmap(lambda place: st.integers(place[0], place[0] + place[1] - 1))] * 9,
        st.integers(0, len(base) - 1),
    )
    menders: list[Mender] = []
    if draw(MOSTLY):
        menders.append(_mend_table)
    if draw(MOSTLY):
        menders += [partial(_mend_entry, offset=offset) for offset in _select_entries(base)]
    menders += [partial(_mend_image, offset=offset) for offset in _images_in(base) if draw(MOSTLY)]
    return Recipe(base, draw(edits(offsets, most=8)), tuple(menders))


def _mend_table(flash: bytearray) -> None:
    for row in range(TABLE_OFFSET, TABLE_OFFSET + 0xC00, 32):
        if flash[row : row + 2] == b"\xeb\xeb":
            flash[row + 16 : row + 32] = hashlib.md5(flash[TABLE_OFFSET:row]).digest()
            return


def _mend_entry(flash: bytearray, *, offset: int) -> None:
    (seq,) = WORD.unpack_from(flash, offset)
    flash[offset + 28 : offset + 32] = WORD.pack(SelectEntry.make(seq, 0).crc)


@cache
def _images_in(flash: bytes) -> tuple[int, ...]:
    table = PartitionTable.as_read_by_app(flash[TABLE_OFFSET:][:0xC00])
    offsets = (BOOTLOADER_OFFSET, *(partition.offset for partition in table.app_partitions))
    return tuple(offset for offset in offsets if flash[offset] == IMAGE_MAGIC)


def _mend_image(flash: bytearray, *, offset: int) -> None:
    """Make checksum and digest right, as far as the lengths lead anywhere."""
    if flash[offset] != IMAGE_MAGIC or flash[offset + 1] > 16:
        return
    position, data = offset + HEADER_BYTES, []
    for _ in range(flash[offset + 1]):
        (length,) = WORD.unpack_from(flash, position + 4) if position + 8 <= len(flash) else (len(flash),)
        position += 8
        if position + length > len(flash):
            return
        data.append(bytes(flash[position : position + length]))
        position += length
    position += padding_length(position - offset)
    if position + 33 <= len(flash):
        flash[position] = checksum(data)
        if flash[offset + 23]:
            flash[position + 1 : position + 33] = hashlib.sha256(flash[offset : position + 1]).digest()


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


@lru_cache(maxsize=2)
def noise(seed: int) -> bytes:
    """Return any 4 MB."""
    return hashlib.shake_128(seed.to_bytes(4, "little")).digest(4 * MIB)


@dataclass(frozen=True, slots=True)
class Noise:
    """Any 4 MB, with some parts of a flash put where they belong so that somebody looks at the rest."""

    seed: int
    parts: tuple[tuple[int, bytes], ...] = ()

    def build(self) -> bytes:
        """Return the bytes."""
        data = bytearray(noise(self.seed))
        for offset, part in self.parts:
            data[offset : offset + len(part)] = part
        return bytes(data)


@st.composite
def noisy_flashes(draw: st.DrawFn) -> Noise:
    """Return noise, and in it a bootloader or none at all, a table, otadata, the head of an image."""
    parts: list[tuple[int, bytes]] = []
    if draw(st.booleans()):
        erased = b"\xff" * BOOTLOADER_AREA_BYTES
        parts.append((BOOTLOADER_OFFSET, draw(st.sampled_from([erased, build_bootloader_image()]))))
    if draw(st.booleans()):
        parts.append((TABLE_OFFSET, draw(st.one_of(st.just(TWO_SLOTS.to_bytes()), tables()))))
    for partition in TWO_SLOTS:
        if draw(st.booleans()):
            head = ENTRIES if partition == TWO_SLOTS.otadata else st.one_of(images(), st.just(b"\xe9\x10"))
            parts.append((partition.offset, draw(head)))
    return Noise(draw(st.integers(0, 0xFFFFFFFF)), tuple(parts))


FLASHES: Final = st.one_of(*[damaged_flashes()] * 10, *[assembled_flashes()] * 8, *[noisy_flashes()] * 2)


# -- and what boots them ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Booting:
    """A flash, how the bootloader was built, and on what it runs."""

    recipe: Recipe | Noise
    config: BootConfig
    efuses: Efuses
    chip_revision: int
    length: int | None
    """Of the flash, if it is not that of the recipe."""

    def flash(self) -> bytes:
        """Return the bytes of the flash."""
        data = self.recipe.build()
        return data if self.length is None else data[: self.length].ljust(self.length, b"\xff")


@cache
def some_efuses() -> tuple[Efuses, ...]:
    """Return eFuses of all sorts: blank, with secure versions, with secure boot locked, with odd bits."""
    found = [Efuses()]
    for version in (1, 2, 3, 32):
        found.append(Efuses())
        found[-1].burn_secure_version(version)
    for key in (V1, V2):
        found += [Efuses.from_bytes(signed_flash(key).efuses)] * 2
    for fuse, value in ((Fuse.CODING_SCHEME, 1), (Fuse.CODING_SCHEME, 2), (Fuse.ABS_DONE_0, 1), (Fuse.ABS_DONE_1, 1)):
        found.append(Efuses())
        found[-1].burn(fuse, value)
    found[-1].burn(Fuse.CONSOLE_DEBUG_DISABLE, 1)
    return tuple(found)


BOOTINGS: Final = st.builds(
    Booting,
    FLASHES,
    st.builds(
        BootConfig,
        revision=st.sampled_from([V4_0, V5_2]),
        rollback=st.booleans(),
        anti_rollback=st.sampled_from([False, False, True]),
        secure_version_bits=st.sampled_from([32, 32, 4, 1, 0]),
        secure_boot=st.sampled_from([None, None, None, SecureBoot(key=V1.public), SecureBoot()]),
    ),
    st.deferred(lambda: st.sampled_from(some_efuses())),
    st.sampled_from([0, 0, 100, 300, 300, 399]),
    st.one_of(*[st.none()] * 15, st.sampled_from([0, 1, 0x1000, 0x8000, 0x8C00, 0x10020, MIB, 2 * MIB, 8 * MIB])),
)
