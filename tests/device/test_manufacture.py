"""A new board's flash: what the factory signs, and which keys it takes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from simulator.boards import Board, load_board
from simulator.boot import BootConfig, boot, find_boot_config
from simulator.device.manufacture import new_chip, with_secure_boot
from simulator.efuses import Efuses, Fuse
from simulator.errors import UsageError
from simulator.firmware import SMALLEST_IMAGE_BYTES, first_manifest
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET
from simulator.signatures import SIGNATURE_V1_BYTES, SigningKey, verify_v1
from simulator.units import KIB
from tests.signatures.signing_keys import OTHER_V1, V1, V2

BOARD = replace(load_board("N1ESP32-OTA"), factory_partition=True)
IMAGE_BYTES = SMALLEST_IMAGE_BYTES + 8 * KIB


def built_for(key: SigningKey) -> BootConfig:
    """Return the bootloader of the board whose firmware is signed with ``key``."""
    return BootConfig.for_board(with_secure_boot(BOARD, key))


def made(board: Board, key: SigningKey | None = None) -> bytes:
    return new_chip(board, first_manifest(board), {}, image_bytes=IMAGE_BYTES, key=key).to_bytes()


def test_the_bootloader_is_built_with_the_options_of_the_board() -> None:
    board = replace(BOARD, rollback=True, anti_rollback=True, secure_version_bits=8, test_app_pin=18, hold_s=2)
    assert find_boot_config(made(board)) == BootConfig.for_board(board)


def test_the_bootloader_of_a_hardened_firmware_has_rollback() -> None:
    chip = new_chip(BOARD, first_manifest(BOARD, profile="hardened"), {}, image_bytes=SMALLEST_IMAGE_BYTES)
    config = find_boot_config(chip.to_bytes())
    assert config is not None
    assert config.rollback


@pytest.mark.parametrize("key", [V1, V2], ids=["v1", "v2"])
def test_a_board_with_secure_boot_enables_it_at_its_first_boot_and_boots_on(key: SigningKey) -> None:
    efuses = Efuses()
    first = boot(made(with_secure_boot(BOARD, key), key), built_for(key), efuses=efuses)
    assert first.label == "factory", first.log
    done = Fuse.ABS_DONE_0 if key.scheme == "v1" else Fuse.ABS_DONE_1
    assert efuses.read(done) == 1
    assert efuses.block2() == (key.public.data if key.scheme == "v2" else bytes(32))  # v1: hidden from software
    again = boot(first.flash, built_for(key), efuses=efuses)
    assert (again.label, again.flash) == ("factory", first.flash)


def test_the_partition_table_is_signed_for_secure_boot_v1() -> None:
    flash = made(with_secure_boot(BOARD, V1), V1)
    end = TABLE_OFFSET + TABLE_BYTES
    digest = hashlib.sha256(flash[TABLE_OFFSET:end]).digest()
    assert verify_v1(flash[end : end + SIGNATURE_V1_BYTES], digest, V1.public.data)


@pytest.mark.parametrize(
    ("board", "key", "why"),
    [
        (BOARD, V1, "the key is for secure boot v1, and the board has no secure boot"),
        (
            with_secure_boot(BOARD, V1),
            None,
            "the board has secure boot v1, so its firmware needs a key to sign it with",
        ),
        (with_secure_boot(BOARD, V1), V2, "the key is for secure boot v2, and the board has secure boot v1"),
        (with_secure_boot(BOARD, V1), OTHER_V1, "the key is not the one that the board verifies signatures with"),
    ],
)
def test_a_key_that_is_not_the_one_for_the_board_is_refused(board: Board, key: SigningKey | None, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        made(board, key)
    assert str(caught.value) == why
