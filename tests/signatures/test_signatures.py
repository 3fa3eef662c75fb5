"""What is signed verifies, and nothing else does."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.signatures import (
    SIGNATURE_BLOCK_BYTES,
    SIGNATURE_SECTOR_BYTES,
    SIGNATURE_V1_BYTES,
    SignatureBlock,
    SigningKey,
    VerificationKey,
    load_key,
    verify_v1,
)
from tests.signatures.signing_keys import OTHER_V1, OTHER_V2, V1, V1_PEM, V2, V2_PEM

DATA = b"an image" * 1000
DIGEST = hashlib.sha256(DATA).digest()


def block_behind(signed: bytes) -> SignatureBlock:
    return SignatureBlock(signed[-SIGNATURE_SECTOR_BYTES:][:SIGNATURE_BLOCK_BYTES])


def with_good_crc(block: bytes) -> SignatureBlock:
    return SignatureBlock(block[:1196] + zlib.crc32(block[:1196]).to_bytes(4, "little") + block[1200:])


# --- v1


def test_v1_puts_68_bytes_behind_the_data_the_same_every_time() -> None:
    signed = V1.sign(DATA)
    assert signed[: len(DATA)] == DATA
    assert len(signed) == len(DATA) + SIGNATURE_V1_BYTES
    assert V1.sign(DATA) == signed
    assert verify_v1(signed[len(DATA) :], DIGEST, V1.public.data)


def test_v1_refuses_another_key_and_other_data() -> None:
    block = V1.sign(DATA)[-SIGNATURE_V1_BYTES:]
    assert not verify_v1(block, DIGEST, OTHER_V1.public.data)
    assert not verify_v1(block, hashlib.sha256(DATA + b"!").digest(), V1.public.data)
    assert not verify_v1(OTHER_V1.sign(DATA)[-SIGNATURE_V1_BYTES:], DIGEST, V1.public.data)


@given(st.integers(4, SIGNATURE_V1_BYTES - 1), st.integers(0, 7))
def test_v1_refuses_any_flipped_bit_of_the_signature(position: int, bit: int) -> None:
    block = bytearray(V1.sign(DATA)[-SIGNATURE_V1_BYTES:])
    block[position] ^= 1 << bit
    assert not verify_v1(bytes(block), DIGEST, V1.public.data)


@given(st.binary(min_size=SIGNATURE_V1_BYTES, max_size=SIGNATURE_V1_BYTES), st.binary(min_size=64, max_size=64))
def test_v1_refuses_any_bytes_for_signature_and_key(block: bytes, public_key: bytes) -> None:
    assert not verify_v1(block, DIGEST, V1.public.data)
    assert not verify_v1(block, DIGEST, public_key)


@pytest.mark.parametrize("filler", [b"\0", b"\xff"])
def test_v1_refuses_blank_signatures_and_keys(filler: bytes) -> None:
    assert not verify_v1(filler * SIGNATURE_V1_BYTES, DIGEST, V1.public.data)
    assert not verify_v1(V1.sign(DATA)[-SIGNATURE_V1_BYTES:], DIGEST, filler * 64)


# --- v2


def test_v2_fills_the_sector_up_and_puts_a_signature_sector_behind() -> None:
    signed = V2.sign(DATA)
    assert len(signed) % SIGNATURE_SECTOR_BYTES == 0
    body = signed[:-SIGNATURE_SECTOR_BYTES]
    assert body == DATA.ljust(len(body), b"\xff")
    assert len(body) - len(DATA) < SIGNATURE_SECTOR_BYTES
    block = block_behind(signed)
    assert (block.magic, block.is_crc_good) == (0xE7, True)
    assert block.image_digest == hashlib.sha256(body).digest()
    assert block.key_digest == V2.public.data
    assert block.verifies(block.image_digest)
    assert V2.sign(DATA) == signed
    assert signed.endswith(b"\xff" * (SIGNATURE_SECTOR_BYTES - SIGNATURE_BLOCK_BYTES))


def test_v2_data_of_whole_sectors_needs_no_filler() -> None:
    data = DATA[:SIGNATURE_SECTOR_BYTES]
    assert V2.sign(data)[:SIGNATURE_SECTOR_BYTES] == data
    assert len(V2.sign(data)) == 2 * SIGNATURE_SECTOR_BYTES


def test_v2_refuses_another_digest_and_tells_another_key() -> None:
    block = block_behind(V2.sign(DATA))
    assert not block.verifies(DIGEST)
    other = block_behind(OTHER_V2.sign(DATA))
    assert other.verifies(other.image_digest)
    assert other.key_digest == OTHER_V2.public.data != V2.public.data


@pytest.mark.parametrize("position", [36, 419, 420, 423, 424, 807, 808, 811, 812, 1000, 1195])
@pytest.mark.parametrize("bit", [0, 7])
def test_v2_refuses_a_flipped_bit_in_key_and_signature_even_with_a_good_crc(position: int, bit: int) -> None:
    block = bytearray(block_behind(V2.sign(DATA)).data)
    block[position] ^= 1 << bit
    flipped = SignatureBlock(bytes(block))
    assert not flipped.is_crc_good
    mended = with_good_crc(bytes(block))
    assert mended.is_crc_good
    assert not mended.verifies(mended.image_digest)


@given(st.binary(min_size=SIGNATURE_BLOCK_BYTES, max_size=SIGNATURE_BLOCK_BYTES))
def test_v2_refuses_any_bytes(data: bytes) -> None:
    assert not SignatureBlock(data).verifies(DIGEST)


@pytest.mark.parametrize("filler", [b"\0", b"\xff"])
def test_v2_refuses_blank_blocks(filler: bytes) -> None:
    assert not with_good_crc(filler * SIGNATURE_BLOCK_BYTES).verifies(DIGEST)


# --- keys


def test_a_key_file_tells_its_scheme() -> None:
    assert load_key(V1_PEM) == V1
    assert load_key(V2_PEM) == V2
    assert (V1.scheme, V2.scheme) == ("v1", "v2")
    assert V1 != OTHER_V1


def test_a_raw_public_key_is_one_of_v1() -> None:
    assert load_key(V1.public.data) == VerificationKey("v1", V1.public.data)


def test_the_public_half_in_pem_form_is_the_same_key() -> None:
    from cryptography.hazmat.primitives import serialization

    for pem, key in ((V1_PEM, V1), (V2_PEM, V2)):
        public = serialization.load_pem_private_key(pem, password=None).public_key()
        text = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert load_key(text) == key.public


def test_keys_of_other_kinds_are_refused() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    for private in (ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()):
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with pytest.raises(UsageError, match="this key is none for secure boot"):
            load_key(pem)


@pytest.mark.parametrize("data", [b"", b"\0" * 65, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="this is no key in PEM form without a password"):
        load_key(data)


def test_a_private_key_does_not_show_itself() -> None:
    assert isinstance(V1, SigningKey)
    assert "private" not in repr(V1)
