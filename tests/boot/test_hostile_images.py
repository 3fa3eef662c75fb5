"""Images that mean harm: every header byte, every length, every truncation. None crashes, none makes anybody loop, and
none makes anybody read outside its slot.

But for what the original does: ``image_load`` goes where the lengths in an image lead, and compares their sum with the
partition only when it has read everything; rows of the real bootloader in ``against_reference`` tell what it read
beyond the chip. So what is held here is: outside the slot nothing is read but that, and an image that leads there is
refused.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import pytest

from simulator.boot import V4_0, V5_2, BootConfig, Ending, Esp32, Ota, Revision, run_bootloader, start_rom
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET, build_bootloader_image
from simulator.boot.image_check import ImageCheck
from simulator.boot.log import BootLog
from simulator.boot.secure_boot import SignatureCheck, app_check, bootloader_check
from simulator.boot.steps import Steps
from simulator.efuses import Efuses, Fuse
from simulator.errors import FormatError
from simulator.flash import FlashChip, FlashOperation, FlashSnapshot
from simulator.formats import (
    AppImage,
    EspError,
    ImageState,
    Partition,
    PartitionTable,
    Segment,
    SelectEntry,
    build_image,
)
from simulator.formats.image import HEADER_BYTES, checksum
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET
from simulator.signatures import SIGNATURE_SECTOR_BYTES, SIGNATURE_V1_BYTES, SigningKey
from tests.boot.secure_flash import config_for, flipped, signed
from tests.boot.two_slots import small_image
from tests.reads import CountedBytes, recorded_reads
from tests.signatures.signing_keys import V1, V2

# Between the slots lies flash that belongs to nobody, so that a read too far is seen.
OTADATA = Partition("otadata", 1, 0, 0x9000, 0x2000)
BEFORE = Partition("ota_0", 0, 0x10, 0x20000, 0x10000)
SLOT = Partition("ota_1", 0, 0x11, 0x40000, 0x10000)
AFTER = Partition("ota_2", 0, 0x12, 0x60000, 0x10000)
TABLE = PartitionTable((OTADATA, BEFORE, SLOT, AFTER))
CHIP_BYTES = 0x100000

READS_MAX = 2 * 16 + 8
"""Header and data of 16 segments; header, checksum, digest, filler and signature of the image, and all of it again."""

SEGMENTS = (Segment(0x3FFB0000, b"data" * 16), Segment(0x40080400, b"code" * 8), Segment(0x50000000, b"rtc " * 4))
PLAIN = small_image(segments=SEGMENTS)
SEGMENT_HEADERS = (24, 24 + 8 + 256, 24 + 8 + 256 + 8 + 64, 24 + 8 + 256 + 8 + 64 + 8 + 32)
DIGEST_AT = len(PLAIN) - 32


# --- who asks


@dataclass(frozen=True)
class Asker:
    """Somebody who checks an image: bootloader or app of a revision, and whose signature it wants to see."""

    name: str
    revision: Revision
    loads: bool
    silent: bool = False
    key: SigningKey | None = None

    @property
    def good(self) -> bytes:
        """An image that it accepts."""
        return self.dressed(PLAIN)

    def dressed(self, image: bytes) -> bytes:
        """Return ``image`` as this asker wants it: signed, if at all."""
        return image if self.key is None else signed(self.key, image)

    def check(self, chip: FlashChip) -> AppImage | None:
        """Return what becomes of the image in the slot."""
        verify = ImageCheck(
            chip=chip,
            revision=self.revision,
            log=BootLog(),
            loads=self.loads,
            silent=self.silent,
            chip_revision=300,
            signature=self._signature(),
        )
        return Steps(verify(SLOT)).run()

    def _signature(self) -> SignatureCheck | None:
        if self.key is None:
            return None
        make = bootloader_check if self.loads else app_check
        secure_boot = config_for(self.key, self.revision).secure_boot
        return make(secure_boot, revision=self.revision, efuses=locked_efuses(self.key))

    def lines(self, chip: FlashChip) -> list[str]:
        """Return what it prints."""
        log = BootLog()
        verify = ImageCheck(
            chip=chip, revision=self.revision, log=log, loads=self.loads, chip_revision=300, signature=self._signature()
        )
        Steps(verify(SLOT)).run()
        return [str(line) for line in log.lines]


ASKERS = (
    Asker("bootloader-v4.0", V4_0, loads=True),
    Asker("bootloader-v5.2", V5_2, loads=True),
    Asker("app-v4.0", V4_0, loads=False),
    Asker("app-v5.2", V5_2, loads=False, silent=True),
)
SIGNED_ASKERS = (
    Asker("bootloader-v4.0-signed-v1", V4_0, loads=True, key=V1),
    Asker("app-v4.0-signed-v1", V4_0, loads=False, silent=True, key=V1),
    Asker("bootloader-v5.2-signed-v1", V5_2, loads=True, key=V1),
    Asker("bootloader-v5.2-signed-v2", V5_2, loads=True, key=V2),
    Asker("app-v5.2-signed-v2", V5_2, loads=False, key=V2),
)
EVERYBODY = pytest.mark.parametrize("asker", ASKERS + SIGNED_ASKERS, ids=lambda asker: asker.name)
AS_IT_IS_OR_MENDED = pytest.mark.parametrize(
    ("asker", "mend"),
    [*product(ASKERS + SIGNED_ASKERS, (False,)), *product(ASKERS, (True,))],
    ids=lambda value: ("as-it-is", "digest-mended")[value] if isinstance(value, bool) else value.name,
)
EVERYBODY_WHO_WANTS_A_SIGNATURE = pytest.mark.parametrize("asker", SIGNED_ASKERS, ids=lambda asker: asker.name)


@cache
def locked_efuses(key: SigningKey) -> Efuses:
    """Return the eFuses of a chip that trusts ``key`` for ever."""
    efuses = Efuses()
    if key.scheme == "v2":
        efuses.burn(Fuse.BLOCK2, int.from_bytes(key.public.data, "little"))
        efuses.burn(Fuse.ABS_DONE_1, 1)
    return efuses


# --- what is held


@cache
def around(filler: bytes) -> FlashSnapshot:
    """Return a chip with sound apps before and behind the slot, and ``filler`` in what belongs to nobody."""
    contents = bytearray(filler * (CHIP_BYTES // len(filler)))
    contents[SLOT.offset : SLOT.end] = b"\xff" * SLOT.size
    for partition in (BEFORE, AFTER):
        contents[partition.offset : partition.end] = small_image(partition.label).ljust(partition.size, b"\xff")
    return FlashChip(CHIP_BYTES, bytes(contents)).snapshot()


ERASED_AROUND = around(b"\xff")


def where_it_leads(chip: FlashChip) -> int:
    """Return the address at which the image in the slot ends by its own account, as far as its lengths are possible."""
    start = SLOT.offset
    header = chip.read_mapped(start, HEADER_BYTES)
    position = start + HEADER_BYTES
    if header[1] > 16:
        return position
    for _ in range(header[1]):
        (length,) = struct.unpack("<4xI", chip.read_mapped(position, 8))
        position += 8
        if length % 4 or length >= 0x1000000:
            return position
        position += length
    return start + (position - start + 16) // 16 * 16 + (32 if header[23] else 0)


def examine(asker: Asker, image: bytes, what: object, *, surroundings: FlashSnapshot = ERASED_AROUND) -> bool:
    """Let ``asker`` check ``image``, hold it to the rules above, and return whether it accepts."""
    chip = FlashChip.from_snapshot(surroundings)
    chip.program(SLOT.offset, image)
    end = where_it_leads(chip)
    operations = chip.operation_count
    with recorded_reads(READS_MAX) as reads:
        accepted = asker.check(chip)
    allowed = max(SLOT.end, end)
    if asker.key is V1 and asker.revision is V4_0 and end <= SLOT.end:
        allowed = max(SLOT.end, end + SIGNATURE_V1_BYTES)
    assert reads.outside(range(SLOT.offset, allowed)) == [], what
    assert chip.operation_count == operations
    if accepted is None:
        return False
    assert end <= SLOT.end, what
    assert accepted.to_bytes() == chip.read_mapped(SLOT.offset, end - SLOT.offset), what
    return True


def mended(image: bytes) -> bytes:
    """Return ``image`` with the appended digest made right again."""
    return image[:DIGEST_AT] + hashlib.sha256(image[:DIGEST_AT]).digest() + image[DIGEST_AT + 32 :]


def with_bytes(image: bytes, offset: int, new: bytes) -> bytes:
    return image[:offset] + new + image[offset + len(new) :]


@EVERYBODY
def test_a_sound_image_is_accepted_and_nothing_else_is_read(asker: Asker) -> None:
    assert examine(asker, asker.good, "good")


# --- the header


@AS_IT_IS_OR_MENDED
def test_every_value_of_every_byte_of_the_header(asker: Asker, mend: bool) -> None:
    accepted = set()
    for offset, value in product(range(HEADER_BYTES), range(256)):
        image = with_bytes(asker.good, offset, bytes((value,)))
        if value != PLAIN[offset] and examine(asker, mended(image) if mend else image, (offset, value)):
            accepted.add(offset)
    # What counts if the digest fits: the magic, the number of segments, and in v5.2 the chip and its revision, for no
    # low byte of a highest revision makes that more than the 3.0 of this chip.
    assert not accepted & {0, 1}
    if asker.key is not None or not mend:
        assert accepted <= {23}
    elif asker.revision is V4_0:
        assert accepted == set(range(2, 24))
    else:
        assert accepted == set(range(2, 24)) - {12, 13, 17}


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.name)
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 18, 254, 255])
def test_there_are_16_segments_at_most_however_sound_they_are(asker: Asker, count: int) -> None:
    header = bytes((0xE9, count)) + PLAIN[2:HEADER_BYTES]
    body = header + b"".join(Segment(0, bytes((index,) * 4)).to_bytes() for index in range(count))
    body += bytes(-(len(body) + 1) % 16) + b"\xef"
    assert examine(asker, body + hashlib.sha256(body).digest(), count) is (count <= 16)


# --- the segment headers

BYTES = sorted({0, 1, 3, 4, 0x0F, 0x10, 0x11, 0x20, 0x3F, 0x40, 0x50, 0x7F, 0x80, 0xAA, 0xE9, 0xEE, 0xF0, 0xFE, 0xFF})

_EDGES = (
    *(0x0, 0x10000000, 0x3F400000, 0x3F800000, 0x3FF80000, 0x3FF82000, 0x3FFAE000, 0x3FFDBB40, 0x3FFE0000, 0x3FFF0000),
    *(0x40000000, 0x40070000, 0x40078000, 0x4007AD68, 0x40080000, 0x400A0000, 0x400AA000, 0x400C0000, 0x400C2000),
    *(0x400D0000, 0x40400000, 0x50000000, 0x50002000, 0x60000000, 0x80000000, 0xFFFFFFFC),
)
ADDRESSES = sorted({(edge + step) & 0xFFFFFFFF for edge in _EDGES for step in (-0x40, -4, -1, 0, 1, 4, 0x20)})


@AS_IT_IS_OR_MENDED
def test_every_byte_of_every_segment_header(asker: Asker, mend: bool) -> None:
    for start, offset, value in product(SEGMENT_HEADERS, range(8), BYTES):
        image = with_bytes(asker.good, start + offset, bytes((value,)))
        accepted = examine(asker, mended(image) if mend else image, (start, offset, value))
        assert mend or accepted is (image == asker.good)


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.name)
def test_every_kind_of_load_address_in_every_segment(asker: Asker) -> None:
    accepted = set()
    for start, address in product(SEGMENT_HEADERS, ADDRESSES):
        image = mended(with_bytes(PLAIN, start, struct.pack("<I", address)))
        if examine(asker, image, (start, hex(address))):
            accepted.add(address)
    # Who does not load does not mind, but for what the cache would map at another place than it lies.
    assert len(accepted) < len(ADDRESSES)
    assert asker.loads or accepted >= {address for address in ADDRESSES if not 0x3F400000 <= address < 0x40400000}


def lengths(start: int) -> Iterator[int]:
    """Yield lengths of a segment whose header is at ``start`` of the image: of each class, and around its edges."""
    data_at = SLOT.offset + start + 8
    near = (data_at, data_at + 256, data_at + 4096, SLOT.end, AFTER.offset, AFTER.end, CHIP_BYTES)
    for end, step in product(near, (-48, -32, -16, -8, -4, -1, 0, 1, 2, 3, 4, 8, 16, 32, 48)):
        if end + step >= data_at:
            yield end + step - data_at
    for end, step in product((0x1000000, data_at + 0x1000000, data_at + 0x320000), (-4, -1, 0, 4)):
        yield end + step - data_at
    yield from (0x7FFFFFFC, 0x80000000, 0xFFFF0000, 0xFFFFFFF8, 0xFFFFFFFC, 0xFFFFFFFF)


@pytest.mark.parametrize(
    ("asker", "filler"),
    [*product(ASKERS, (b"\xff", b"\0", b"\x04\0\0\0")), *product(SIGNED_ASKERS, (b"\x04\0\0\0",))],
    ids=lambda value: value.hex() if isinstance(value, bytes) else value.name,
)
def test_every_class_of_length_in_every_segment(asker: Asker, filler: bytes) -> None:
    """What lies behind the slot goes on with segments of some length, too."""
    surroundings = around(filler)
    for start in SEGMENT_HEADERS:
        for length in lengths(start):
            image = with_bytes(asker.good, start + 4, struct.pack("<I", length))
            if image != asker.good:
                assert not examine(asker, image, (start, length), surroundings=surroundings)


def long_image(length: int, *, hash_appended: bool = True) -> bytes:
    """Return a sound image of so many bytes."""
    overhead = len(build_image([Segment(0x3FFB0000, b"")], entry=0, hash_appended=hash_appended))
    body = hashlib.shake_128(b"long").digest(length - overhead)
    image = build_image([Segment(0x3FFB0000, body)], entry=0, hash_appended=hash_appended)
    assert len(image) == length
    return image


@pytest.mark.parametrize("hash_appended", [True, False])
@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.name)
@pytest.mark.parametrize("beyond", range(-64, 80, 16))
def test_a_sound_image_that_goes_on_behind_the_slot_is_refused(asker: Asker, beyond: int, hash_appended: bool) -> None:
    image = long_image(SLOT.size + beyond, hash_appended=hash_appended)
    assert examine(asker, image, beyond) is (beyond <= 0)


# --- truncations


@EVERYBODY
@pytest.mark.parametrize("rest", [b"\xff", b"\0", b"old"], ids=["erased", "zeros", "old"])
def test_every_truncation(asker: Asker, rest: bytes) -> None:
    """A download that ended too early: behind it lies erased flash, or what was there before."""
    good = asker.good
    old = asker.dressed(small_image("older", segments=SEGMENTS)) if rest == b"old" else rest * len(good)
    needed = len(good) if asker.key is not V2 else len(good) - SIGNATURE_SECTOR_BYTES + 1200
    inside = range(needed) if asker.key is None else [*range(0, needed, 61), *range(needed - 80, needed)]
    whole = {good[:needed], old[:needed]} if rest == b"old" else {good[:needed]}
    for length in inside:
        image = good[:length] + old[length:]
        assert examine(asker, image, length) is (image[:needed] in whole), length


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.name)
def test_an_image_that_ends_with_the_slot_in_the_middle_of_anything(asker: Asker) -> None:
    """The slot ends in a header, in data, before the checksum, in the digest."""
    chip = FlashChip.from_snapshot(ERASED_AROUND)
    chip.program(SLOT.offset, asker.good)
    for length in range(len(PLAIN)):
        slot = Partition("ota_1", 0, 0x11, SLOT.offset, length)
        with recorded_reads(READS_MAX) as reads:
            verify = ImageCheck(chip=chip, revision=asker.revision, log=BootLog(), loads=asker.loads, chip_revision=300)
            assert Steps(verify(slot)).run() is None, length
        assert reads.outside(range(SLOT.offset, SLOT.offset + len(PLAIN))) == []


# --- signatures


@EVERYBODY_WHO_WANTS_A_SIGNATURE
def test_every_byte_of_a_signature_counts(asker: Asker) -> None:
    good = asker.good
    start, length = len(PLAIN), SIGNATURE_V1_BYTES
    if asker.key is V2:
        start, length = len(good) - SIGNATURE_SECTOR_BYTES, 1200
    unread = {1, 2, 3} if asker.key is V2 else set()
    for offset, bit in product(range(length), (0, 7)):
        accepted = examine(asker, flipped(good, start + offset, bit), (offset, bit))
        assert not accepted or offset in unread, (offset, bit)


@pytest.mark.parametrize("asker", [asker for asker in SIGNED_ASKERS if asker.key is V2], ids=lambda asker: asker.name)
def test_every_field_of_a_signature_whose_crc_was_mended_counts(asker: Asker) -> None:
    """But for the digest of the image: an app does not look at it, for mbedTLS verifies the one that was computed."""
    good = asker.good
    start = len(good) - SIGNATURE_SECTOR_BYTES
    for offset in (0, 4, 35, 36, 419, 420, 423, 424, 807, 808, 811, 812, 1195):
        for new in {good[start + offset] ^ 1, 0, 0xFF} - {good[start + offset]}:
            image = bytearray(good)
            image[start + offset] = new
            image[start + 1196 : start + 1200] = zlib.crc32(image[start : start + 1196]).to_bytes(4, "little")
            passed_over = not asker.loads and 4 <= offset < 36
            assert examine(asker, bytes(image), (offset, new)) is passed_over


def signed_to_fit(asker: Asker, beyond: int) -> bytes:
    """Return a signed image whose signature ends so many bytes behind the slot."""
    assert asker.key is not None
    behind = SIGNATURE_V1_BYTES if asker.key is V1 else SIGNATURE_SECTOR_BYTES
    length = (SLOT.size + beyond - behind) // 16 * 16
    return signed(asker.key, long_image(length))


@EVERYBODY_WHO_WANTS_A_SIGNATURE
@pytest.mark.parametrize("beyond", [-SIGNATURE_SECTOR_BYTES, 0, 16, 64, SIGNATURE_SECTOR_BYTES])
def test_a_signature_behind_the_slot_counts_for_v4_0_only(asker: Asker, beyond: int) -> None:
    """It compares the image with the slot, but not the signature; v5.2 compares both together."""
    image = signed_to_fit(asker, beyond)
    unsigned = len(image) - (SIGNATURE_V1_BYTES if asker.key is V1 else SIGNATURE_SECTOR_BYTES)
    fits = len(image) <= SLOT.size or (asker.revision is V4_0 and unsigned <= SLOT.size)
    assert examine(asker, image, beyond) is fits
    chip = FlashChip(CHIP_BYTES)
    chip.program(SLOT.offset, image)
    refusal = f"E esp_image: Image length {len(image)} doesn't fit in partition length {SLOT.size}"
    assert (refusal in asker.lines(chip)) is (asker.revision is V5_2 and not fits)


# --- the whole way: as an update, and at a reset


def hostile_images() -> Iterator[tuple[str, bytes]]:
    """Yield some of each kind of the above."""
    for offset, value in product(range(HEADER_BYTES), (0, 1, 0x10, 0x11, 0x7F, 0xFF)):
        image = with_bytes(PLAIN, offset, bytes((value,)))
        yield f"header byte {offset} = {value}", image
        yield f"header byte {offset} = {value}, mended", mended(image)
    for start in SEGMENT_HEADERS:
        for length in lengths(start):
            yield f"length {length} at {start}", with_bytes(PLAIN, start + 4, struct.pack("<I", length))
        for address in ADDRESSES[::3]:
            yield f"address {address:x} at {start}", mended(with_bytes(PLAIN, start, struct.pack("<I", address)))
    for length in range(1, len(PLAIN), 7):
        yield f"{length} bytes", PLAIN[:length]
    for beyond in (0, 16, 32, 64, 0x10000, 0x20000):
        yield f"{beyond} too long", long_image(SLOT.size + beyond)


@cache
def bootable(revision: Revision) -> FlashSnapshot:
    chip = FlashChip.from_snapshot(around(b"\x04\0\0\0"))
    for address, size in ((0, 0x10000), (SLOT.offset, SLOT.size)):
        chip.erase(address, size)
    chip.program(BOOTLOADER_OFFSET, build_bootloader_image(BootConfig(revision=revision), flash_size=CHIP_BYTES))
    chip.program(TABLE_OFFSET, TABLE.to_bytes())
    chip.program(OTADATA.offset, SelectEntry.make(1, ImageState.UNDEFINED).to_bytes())
    return chip.snapshot()


def written(operations: list[FlashOperation], *areas: Partition) -> bool:
    """Whether every operation lies in one of ``areas``."""
    return all(
        any(area.offset <= operation.address and operation.address + operation.length <= area.end for area in areas)
        for operation in operations
    )


@pytest.mark.parametrize("revision", [V4_0, V5_2], ids=["v4.0", "v5.2"])
def test_a_hostile_update_touches_nothing_but_its_slot_and_the_device_boots(revision: Revision) -> None:
    own = [range(BOOTLOADER_OFFSET, BOOTLOADER_OFFSET + HEADER_BYTES), range(TABLE_OFFSET, TABLE_OFFSET + TABLE_BYTES)]
    own += [range(OTADATA.offset + sector, OTADATA.offset + sector + 32) for sector in (0, 0x1000)]
    config = BootConfig(revision=revision)
    booted = set()
    for name, image in hostile_images():
        chip = FlashChip.from_snapshot(bootable(revision))
        operations: list[FlashOperation] = []
        chip.on_operation = operations.append
        ota = Ota(chip, TABLE, BEFORE, revision=revision)
        slot = range(SLOT.offset, SLOT.end)
        with recorded_reads(3 * READS_MAX) as reads:
            try:
                update = ota.begin(SLOT).run()
                for start in range(0, len(image), 4096):
                    update.write(image[start : start + 4096])
                update.end().run()
                ota.set_boot_partition(SLOT).run()
            except EspError:
                pass
        leads = range(SLOT.offset, max(SLOT.end, where_it_leads(chip)))
        assert reads.outside(leads, *own) == [], name
        assert written(operations, SLOT, OTADATA), name

        operations.clear()
        with recorded_reads(4 * READS_MAX) as reads:
            outcome = run_bootloader(chip, config, Esp32())
        others = [range(partition.offset, partition.end) for partition in (BEFORE, AFTER)]
        assert reads.outside(leads, *own, *others) == [], name
        assert operations == [], name
        assert outcome.ending is Ending.STARTED, name
        assert outcome.label in ("ota_0", "ota_1"), name
        if outcome.label == "ota_1":
            assert leads == slot, name
        booted.add(outcome.label)
    assert booted == {"ota_0", "ota_1"}


@pytest.mark.parametrize("revision", [0, 300])
def test_a_hostile_bootloader_is_no_endless_work_for_the_rom(revision: int) -> None:
    good = bytearray(build_bootloader_image(flash_size=CHIP_BYTES))
    esp32 = Esp32(revision=revision)
    starts = [24]
    for _ in range(3):
        (length,) = struct.unpack_from("<I", good, starts[-1] + 4)
        starts.append(starts[-1] + 8 + length)
    for offset in (*range(HEADER_BYTES), *(start + index for start in starts for index in range(8))):
        for value in BYTES:
            chip = FlashChip(CHIP_BYTES, bytes(BOOTLOADER_OFFSET) + with_bytes(bytes(good), offset, bytes((value,))))
            with recorded_reads(READS_MAX) as reads:
                assert start_rom(chip, esp32).lines
            assert reads.outside(range(BOOTLOADER_OFFSET, CHIP_BYTES)) == [], (offset, value)
            assert reads.length < CHIP_BYTES + BOOTLOADER_AREA_BYTES


# --- the parser


def test_the_parser_reads_an_image_in_a_bounded_number_of_steps() -> None:
    for name, image in hostile_images():
        data = CountedBytes(image[: SLOT.size])
        try:
            found = AppImage.from_bytes(data)
        except FormatError as error:
            assert 0 <= error.offset <= len(data), name  # noqa: PT017
        else:
            assert found.to_bytes() == image[: found.length]
            assert checksum(segment.data for segment in found.segments) == found.checksum
        assert data.reads <= READS_MAX, name
