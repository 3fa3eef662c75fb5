"""eFuses are burned from 0 to 1 only, and hide and protect themselves as the chip's do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.efuses import (
    EFUSE_FILE_BYTES,
    READ_PROTECT_BLOCK2,
    WRITE_PROTECT_BLOCK2,
    EfuseFileError,
    Efuses,
    Fuse,
    mac_crc8,
)

MAC = bytes.fromhex("30aea4c38694")


def test_burning_sets_bits_and_never_clears_one() -> None:
    efuses = Efuses()
    efuses.burn(Fuse.SECURE_VERSION, 0b0011)
    efuses.burn(Fuse.SECURE_VERSION, 0b1000)
    efuses.burn(Fuse.SECURE_VERSION, 0)
    assert efuses.read(Fuse.SECURE_VERSION) == 0b1011


@given(st.lists(st.tuples(st.sampled_from(Fuse), st.integers(0, 2**256 - 1))))
def test_whatever_is_burned_the_file_only_gains_bits_and_brings_it_all_back(burns: list[tuple[Fuse, int]]) -> None:
    efuses = Efuses()
    before = efuses.to_bytes()
    for fuse, value in burns:
        efuses.burn(fuse, value)
        after = efuses.to_bytes()
        assert int.from_bytes(before, "big") & ~int.from_bytes(after, "big") == 0
        before = after
    again = Efuses.from_bytes(before)
    assert again.to_bytes() == before
    assert [again.read(fuse) for fuse in Fuse] == [efuses.read(fuse) for fuse in Fuse]


def test_fields_do_not_overlap() -> None:
    places = [fuse.value for fuse in Fuse]
    bits = [(place.block, place.bit + bit) for place in places for bit in range(place.length)]
    assert len(set(bits)) == len(bits)


@pytest.mark.parametrize(("mac", "crc"), [("30:ae:a4:c3:86:94", 0x99), ("94:b9:7e:5a:6e:58", 0xE2)])
def test_the_crc_of_a_mac_address_is_that_of_real_boards(mac: str, crc: int) -> None:
    assert mac_crc8(bytes.fromhex(mac.replace(":", ""))) == crc


@pytest.mark.parametrize(("revision", "bits"), [(0, (0, 0)), (1, (1, 0)), (2, (1, 1)), (3, (1, 1))])
def test_a_chip_leaves_the_factory_with_its_mac_address_and_revision(revision: int, bits: tuple[int, int]) -> None:
    efuses = Efuses.manufactured(MAC, revision)
    assert efuses.mac == MAC
    assert efuses.is_mac_good
    assert (efuses.read(Fuse.CHIP_VER_REV1), efuses.read(Fuse.CHIP_VER_REV2)) == bits
    assert not efuses.is_changed


def test_a_second_mac_address_burned_over_the_first_has_a_wrong_crc() -> None:
    efuses = Efuses.manufactured(MAC, 0)
    efuses.burn(Fuse.MAC, 1 << 40)
    assert efuses.mac != MAC
    assert not efuses.is_mac_good
    assert efuses.is_changed


def test_the_secure_version_is_the_number_of_bits_of_the_configured_width() -> None:
    efuses = Efuses()
    efuses.burn_secure_version(5)
    assert efuses.secure_version() == 5
    assert efuses.secure_version(3) == 3
    efuses.burn_secure_version(2)
    assert efuses.secure_version() == 5


def test_a_write_protected_block_stays_as_it_is() -> None:
    efuses = Efuses()
    efuses.burn(Fuse.BLOCK2, 1)
    efuses.burn(Fuse.WR_DIS, WRITE_PROTECT_BLOCK2)
    efuses.burn(Fuse.BLOCK2, 2)
    efuses.burn(Fuse.BLOCK1, 2)
    assert (efuses.read(Fuse.BLOCK2), efuses.read(Fuse.BLOCK1)) == (1, 2)


def test_a_read_protected_key_is_hidden_from_software_and_there_for_the_hardware() -> None:
    efuses = Efuses()
    key = bytes(range(32))
    efuses.burn(Fuse.BLOCK2, int.from_bytes(key, "big"))
    assert efuses.block2() == key[::-1]
    efuses.burn(Fuse.RD_DIS, READ_PROTECT_BLOCK2)
    assert efuses.block2() == bytes(32)
    assert efuses.secure_boot_key() == key
    assert Efuses.from_bytes(efuses.to_bytes()).secure_boot_key() == key


def test_who_listens_hears_of_what_changes_and_of_nothing_else() -> None:
    efuses = Efuses()
    heard: list[Fuse] = []
    efuses.on_burn = heard.append
    efuses.burn(Fuse.ABS_DONE_0, 1)
    efuses.burn(Fuse.ABS_DONE_0, 1)
    efuses.burn(Fuse.JTAG_DISABLE, 0)
    assert heard == [Fuse.ABS_DONE_0]
    efuses.copy().burn(Fuse.JTAG_DISABLE, 1)
    assert heard == [Fuse.ABS_DONE_0]
    assert not efuses.read(Fuse.JTAG_DISABLE)


@pytest.mark.parametrize("length", [0, EFUSE_FILE_BYTES - 1, EFUSE_FILE_BYTES + 1])
def test_a_file_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(EfuseFileError, match=f"{length} bytes are no eFuse file; it has 288"):
        Efuses.from_bytes(bytes(length))
