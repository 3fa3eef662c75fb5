from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import reduce
from operator import xor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.formats.app_descriptor import AppDescriptor, AppDescriptorError, AppDescriptorFault
from simulator.formats.esp_err import EspErr
from simulator.formats.image import (
    AppImage,
    ImageError,
    ImageFault,
    ImageHeader,
    Segment,
    SpiMode,
    SpiSpeed,
    build_image,
    checksum,
    flash_size_bytes,
    flash_size_code,
    padding_length,
)

DESCRIPTOR = AppDescriptor(
    version="1.0.0", project_name="twin", time="00:00:00", date="Jan  1 2020", idf_ver="v4.0-dev-59-gcc9b06d4d"
)

# Section 3.5 of the flash reference: accepted by the real bootloader and by esptool.
MINIMAL_IMAGE = bytes.fromhex(
    "e9020220 00040840 ee000000 00000000 00000000 00000001 2000403f 00010000"
    "3254cdab 00000000 00000000 00000000 312e302e 30000000 00000000 00000000"
    "00000000 00000000 00000000 00000000 7477696e 00000000 00000000 00000000"
    "00000000 00000000 00000000 00000000 30303a30 303a3030 00000000 00000000"
    "4a616e20 20312032 30323000 00000000 76342e30 2d646576 2d35392d 67636339"
    "62303664 34640000 00000000 00000000 00000000 00000000 00000000 00000000"
    + "00"
    * 0x60
    + "00040840 04000000 06000000 0000008c e4c6d1f6 e456df0a c9a2f3ee 5179e455"
    "8145ceb8 8c231ee8 9ee193c6 f9594884"
)


def minimal_image(**options: object) -> bytes:
    segments = [Segment(0x3F400020, DESCRIPTOR.to_bytes()), Segment(0x40080400, bytes.fromhex("06000000"))]
    return build_image(segments, entry=0x40080400, **options)  # type: ignore[arg-type]


def fault_of(data: bytes) -> ImageFault:
    with pytest.raises(ImageError) as error:
        AppImage.from_bytes(data)
    assert error.value.esp_err == EspErr.ESP_ERR_IMAGE_INVALID
    assert isinstance(error.value.reason, ImageFault)
    return error.value.reason


def test_builds_the_worked_image_of_the_reference_byte_for_byte() -> None:
    assert minimal_image() == MINIMAL_IMAGE
    assert len(MINIMAL_IMAGE) == 336


def test_parses_the_worked_image() -> None:
    image = AppImage.from_bytes(MINIMAL_IMAGE)
    assert image.entry == 0x40080400
    assert [(segment.load_address, len(segment.data)) for segment in image.segments] == [
        (0x3F400020, 0x100),
        (0x40080400, 4),
    ]
    assert image.checksum == 0x8C
    assert image.digest is not None
    assert image.digest.hex() == "e4c6d1f6e456df0ac9a2f3ee5179e4558145ceb88c231ee89ee193c6f9594884"
    assert image.length == 336
    assert image.app_descriptor == DESCRIPTOR
    assert image.to_bytes() == MINIMAL_IMAGE


def test_what_follows_the_image_is_ignored() -> None:
    assert AppImage.from_bytes(MINIMAL_IMAGE + b"\xff" * 1000) == AppImage.from_bytes(MINIMAL_IMAGE)


def test_truncated_anywhere_it_is_refused() -> None:
    for length in range(len(MINIMAL_IMAGE)):
        assert fault_of(MINIMAL_IMAGE[:length]) is ImageFault.TRUNCATED


def test_one_flipped_bit_breaks_the_checksum_and_two_equal_ones_only_the_digest() -> None:
    one = bytearray(MINIMAL_IMAGE)
    one[0x40] ^= 1
    assert fault_of(bytes(one)) is ImageFault.CHECKSUM
    one[0x41] ^= 1
    assert fault_of(bytes(one)) is ImageFault.DIGEST
    one[23] = 0
    assert AppImage.from_bytes(bytes(one)).digest is None


@pytest.mark.parametrize(
    ("offset", "value", "fault"),
    [
        (0, 0xEA, ImageFault.MAGIC),
        (1, 17, ImageFault.SEGMENT_COUNT),
        (1, 255, ImageFault.SEGMENT_COUNT),
        (0x1C, 1, ImageFault.SEGMENT_LENGTH),
        (0x1F, 1, ImageFault.SEGMENT_LENGTH),
        (0x1E, 0x7F, ImageFault.TRUNCATED),
        (0x12C, 1, ImageFault.DIGEST),
        (0x12F, 0, ImageFault.CHECKSUM),
        (0x150 - 1, 0, ImageFault.DIGEST),
    ],
)
def test_a_wrong_byte_is_named(offset: int, value: int, fault: ImageFault) -> None:
    wrong = bytearray(MINIMAL_IMAGE)
    wrong[offset] = value
    assert fault_of(bytes(wrong)) is fault


@settings(max_examples=300, derandomize=True)
@given(st.data())
def test_hostile_bytes_give_an_image_or_an_image_error(data: st.DataObject) -> None:
    hostile = bytearray(data.draw(st.one_of(st.binary(max_size=400), st.just(MINIMAL_IMAGE)), label="bytes"))
    for offset, value in data.draw(st.lists(st.tuples(st.integers(0, 399), st.integers(0, 255)), max_size=8)):
        if offset < len(hostile):
            hostile[offset] = value
    try:
        image = AppImage.from_bytes(bytes(hostile))
    except ImageError as error:
        assert 0 <= error.offset <= len(hostile)  # noqa: PT017
    else:
        assert bytes(hostile).startswith(image.to_bytes())


def test_header_keeps_every_field_both_ways() -> None:
    header = ImageHeader(
        segment_count=3,
        spi_mode=SpiMode.QOUT,
        spi_speed=SpiSpeed.MHZ_80,
        flash_size=4,
        entry=0x40081234,
        wp_pin=7,
        pin_drive=b"\x21\x43\x65",
        chip_id=0x1234,
        min_revision=3,
        min_revision_full=301,
        max_revision_full=399,
        reserved=b"\x01\x02\x03\x04",
        hash_appended=0,
    )
    assert ImageHeader.from_bytes(header.to_bytes()) == header
    hostile = bytes(range(24))
    assert ImageHeader.from_bytes(hostile).to_bytes() == hostile


def test_build_options_reach_their_fields() -> None:
    image = AppImage.from_bytes(
        minimal_image(
            spi_mode=SpiMode.QIO,
            spi_speed=SpiSpeed.MHZ_80,
            flash_size=16 << 20,
            hash_appended=False,
            chip_id=2,
            min_revision=1,
            min_revision_full=100,
            max_revision_full=399,
        )
    )
    expected = ImageHeader(
        segment_count=2,
        spi_mode=SpiMode.QIO,
        spi_speed=SpiSpeed.MHZ_80,
        flash_size=4,
        entry=0x40080400,
        chip_id=2,
        min_revision=1,
        min_revision_full=100,
        max_revision_full=399,
        hash_appended=0,
    )
    assert image.header == expected
    assert image.digest is None


def test_image_without_segments_is_sound() -> None:
    image = AppImage.from_bytes(build_image([], entry=0))
    assert image.segments == ()
    assert image.checksum == 0xEF
    assert image.app_descriptor is None


def test_odd_data_is_filled_up_to_words() -> None:
    image = AppImage.from_bytes(build_image([Segment(0x3FFB0000, b"abcde")], entry=0))
    assert image.segments[0].data == b"abcde\0\0\0"


def test_mapped_segments_are_moved_to_their_place_in_the_64_kib_page() -> None:
    segments = [
        Segment(0x3F400020, bytes(1000)),
        Segment(0x3FFB0000, bytes(12)),
        Segment(0x400D0020, bytes(2000)),
        Segment(0x400E0010, bytes(4)),
    ]
    image = AppImage.from_bytes(build_image(segments, entry=0x400D0020))
    assert [segment for segment in image.segments if segment.load_address] == segments
    position = 24
    for segment in image.segments:
        position += 8
        if segment.load_address >= 0x400D0000:
            assert position % 0x10000 == segment.load_address % 0x10000
        position += len(segment.data)


def test_unbuildable_images_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="17 segments"):
        build_image([Segment(0x3FFB0000, b"")] * 17, entry=0)
    with pytest.raises(ValueError, match="16 MB"):
        build_image([Segment(0x3FFB0000, bytes(0x1000000))], entry=0)
    with pytest.raises(ValueError, match="0x3f400021"):
        build_image([Segment(0x3F400021, b"")], entry=0)
    with pytest.raises(ValueError, match="no flash size code"):
        build_image([], entry=0, flash_size=3 << 20)


@pytest.mark.parametrize("length", [0, 1, 4, 8191, 8192, 8193, 3 * 8192 + 5])
def test_checksum_is_the_xor_of_every_byte(length: int) -> None:
    data = (hashlib.sha256(b"seed").digest() * (length // 32 + 1))[:length]
    assert checksum([data]) == reduce(xor, data, 0xEF)
    assert checksum([data[:7], data[7:]]) == checksum([data])


def test_image_with_checksum_byte_ends_on_sixteen_bytes() -> None:
    assert [padding_length(length) for length in (24, 28, 300, 319, 320)] == [7, 3, 3, 0, 15]


def test_flash_size_codes_double_from_one_megabyte() -> None:
    assert [flash_size_code(size << 20) for size in (1, 2, 4, 8, 16, 128)] == [0, 1, 2, 3, 4, 7]
    assert [flash_size_bytes(code) >> 20 for code in range(7)] == [1, 2, 4, 8, 16, 2, 2]
    with pytest.raises(ValueError, match="no flash size code"):
        flash_size_code(512 << 10)


def test_descriptor_survives_the_way_to_bytes_and_back() -> None:
    full = replace(DESCRIPTOR, secure_version=7, version="v" * 32, app_elf_sha256=bytes(range(32)))
    assert AppDescriptor.from_bytes(full.to_bytes() + b"code") == full
    with pytest.raises(ValueError, match="33 bytes"):
        replace(full, version="v" * 33).to_bytes()


def test_descriptor_with_wrong_magic_or_too_short_is_not_found() -> None:
    good = DESCRIPTOR.to_bytes()
    for data, fault in ((b"\0" + good[1:], AppDescriptorFault.MAGIC), (good[:255], AppDescriptorFault.TRUNCATED)):
        with pytest.raises(AppDescriptorError) as error:
            AppDescriptor.from_bytes(data)
        assert error.value.reason is fault
        assert error.value.esp_err == EspErr.ESP_ERR_NOT_FOUND


def test_image_whose_first_segment_is_no_descriptor_has_none() -> None:
    image = AppImage.from_bytes(build_image([Segment(0x3FFB0000, bytes(300))], entry=0))
    assert image.app_descriptor is None
