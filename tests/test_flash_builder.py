"""The flash images of the tests are what a flashing tool would have made."""

from __future__ import annotations

import pytest

from simulator.boot import boot
from simulator.formats import AppImage, PartitionTable
from simulator.formats.partition_table import TABLE_OFFSET
from simulator.testing import TWO_SLOTS, build_flash, small_firmware
from simulator.units import MIB


def test_every_part_lies_where_the_table_says() -> None:
    flash = build_flash({"nvs": b"nvs", "ota_1": small_firmware()})
    assert len(flash) == 4 * MIB
    assert PartitionTable.from_bytes(flash[TABLE_OFFSET:]) == TWO_SLOTS
    assert flash[0x9000:0x9004] == b"nvs\xff"
    assert AppImage.from_bytes(flash[0x210000:]).to_bytes() == small_firmware()
    assert flash[0x10000:0x210000] == b"\xff" * (2 * MIB)


def test_the_bootloader_is_a_sound_one() -> None:
    assert boot(build_flash({"factory": small_firmware()})).label == "factory"


@pytest.mark.parametrize("contents", [{"ota_2": b""}, {"phy_init": bytes(4097)}])
def test_what_does_not_fit_is_refused(contents: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="no such partition, or a smaller one"):
        build_flash(contents)


def test_firmware_tells_its_commit() -> None:
    assert small_firmware(commit="a" * 40) != small_firmware()
    descriptor = AppImage.from_bytes(small_firmware(commit="a" * 40)).app_descriptor
    assert descriptor is not None
    assert descriptor.version == "a" * 12
