"""Building firmware: what is in an image besides its manifest, and how large it becomes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.boards import load_board
from simulator.firmware import (
    SMALLEST_IMAGE_BYTES,
    Manifest,
    ManifestError,
    build_firmware,
    build_for,
    first_manifest,
    next_manifest,
    read_manifest,
)
from simulator.formats.image import AppImage
from simulator.signatures import (
    SIGNATURE_BLOCK_BYTES,
    SIGNATURE_SECTOR_BYTES,
    SIGNATURE_V1_BYTES,
    SignatureBlock,
)
from simulator.units import KIB
from tests.firmware.linked_image import lua_rtos
from tests.signatures.signing_keys import V1, V2

BOARD = load_board("N1ESP32-OTA")
MANIFEST = first_manifest(BOARD)


def test_the_secure_version_is_that_of_the_board_unless_another_is_asked_for() -> None:
    board = replace(BOARD, rollback=True, anti_rollback=True, secure_version=3)

    def version(asked_for: int | None) -> int:
        data = build_for(board, MANIFEST, size_bytes=SMALLEST_IMAGE_BYTES, secure_version=asked_for)
        descriptor = AppImage.from_bytes(data).app_descriptor
        assert descriptor is not None
        return descriptor.secure_version

    assert (version(None), version(5)) == (3, 5)


@pytest.mark.parametrize("size", [SMALLEST_IMAGE_BYTES + SIGNATURE_V1_BYTES, 200 * KIB + 1234])
def test_a_signature_is_part_of_the_size(size: int) -> None:
    plain = build_firmware(MANIFEST, size_bytes=size - SIGNATURE_V1_BYTES)
    assert build_firmware(MANIFEST, size_bytes=size, key=V1) == V1.sign(plain)
    signed = build_firmware(MANIFEST, size_bytes=size, key=V2)
    assert size - 2 * SIGNATURE_SECTOR_BYTES < len(signed) <= size
    assert SignatureBlock(signed[-SIGNATURE_SECTOR_BYTES:][:SIGNATURE_BLOCK_BYTES]).key_digest == V2.public.data
    assert read_manifest(signed) == MANIFEST


def test_the_smallest_image_has_room_for_a_signature() -> None:
    board = replace(BOARD, secure_boot="v1", secure_boot_key=V1.public.data.hex())
    for key in (V1, V2):
        manifest = first_manifest(board)
        assert read_manifest(build_firmware(manifest, size_bytes=SMALLEST_IMAGE_BYTES, key=key)) == manifest


def test_hardened_firmware_has_rollback_whatever_the_board_says() -> None:
    assert not first_manifest(BOARD).rollback
    hardened = first_manifest(BOARD, profile="hardened")
    assert (hardened.profile, hardened.rollback) == ("hardened", True)
    assert (next_manifest(hardened).profile, next_manifest(hardened).rollback) == ("hardened", True)


def test_what_bootloader_and_app_agree_on_is_in_the_manifest_and_no_part_of_the_board_it_runs_on() -> None:
    board = replace(
        BOARD,
        rollback=True,
        anti_rollback=True,
        secure_version_bits=8,
        secure_boot="v1",
        secure_boot_key=V1.public.data.hex(),
    )
    manifest = read_manifest(build_for(board, first_manifest(board), size_bytes=SMALLEST_IMAGE_BYTES))
    assert (manifest.rollback, manifest.anti_rollback, manifest.secure_version_bits) == (True, True, 8)
    assert (manifest.secure_boot, manifest.secure_boot_key) == ("v1", V1.public.data.hex())
    assert manifest.apply(BOARD) == BOARD


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"secure_version_bits": 0}, "a secure version has no 0 bits"),
        ({"secure_version_bits": 33}, "a secure version has no 33 bits"),
        ({"secure_boot": "v3"}, "secure_boot 'v3' is none of none, v1, v2"),
        ({"secure_boot": "v1"}, "'' is no key for secure boot v1"),
        ({"secure_boot": "v1", "secure_boot_key": "AB" * 64}, "is no key for secure boot v1"),
        ({"secure_boot": "v2", "secure_boot_key": "ab" * 64}, "is no key for secure boot v2"),
    ],
)
def test_a_manifest_with_options_that_mean_nothing_is_malformed(options: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(MANIFEST, **options)  # type: ignore[arg-type]
    foreign = Manifest.__new__(Manifest)
    for name in Manifest.__slots__:
        object.__setattr__(foreign, name, options.get(name, getattr(MANIFEST, name)))
    with pytest.raises(ManifestError, match=f"the manifest is malformed: .*{why}"):
        read_manifest(build_firmware(foreign, size_bytes=SMALLEST_IMAGE_BYTES))


def test_how_a_real_build_handles_updates_is_taken_from_the_board_that_it_runs_on() -> None:
    image = lua_rtos()
    assert not read_manifest(image).rollback
    assert read_manifest(image, board=replace(BOARD, rollback=True)).rollback
