"""Our signatures against espsecure, which signs real firmware: we take what it signs, it takes what we sign."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from simulator.boot import build_bootloader_image
from simulator.formats import AppImage, Segment, build_image
from simulator.signatures import (
    SIGNATURE_BLOCK_BYTES,
    SIGNATURE_SECTOR_BYTES,
    SIGNATURE_V1_BYTES,
    SignatureBlock,
    SigningKey,
    bootloader_digest,
    load_key,
    verify_v1,
)
from tests.helpers import run_python
from tests.signatures.signing_keys import V1, V1_PEM, V2, V2_PEM

pytestmark = pytest.mark.real

SIZES = [1, 4096, 100_000]


def espsecure(*arguments: str | Path) -> str:
    """Run espsecure and return what it prints; it must succeed."""
    finished = run_python("-m", "espsecure", *arguments)
    assert "No module named espsecure" not in finished.stderr, "espsecure is missing: pip install 'esptool>=5.1,<6'"
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def key_file(key_pem: bytes, folder: Path) -> Path:
    path = folder / "key.pem"
    path.write_bytes(key_pem)
    return path


def content(size: int) -> bytes:
    return hashlib.shake_128(b"image").digest(size)


@pytest.mark.parametrize(("version", "scheme"), [("1", "v1"), ("2", "v2")])
def test_we_can_sign_with_the_keys_that_espsecure_makes(version: str, scheme: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    espsecure("generate-signing-key", "--version", version, path)
    key = load_key(path.read_bytes())
    assert isinstance(key, SigningKey)
    assert key.scheme == scheme
    signed = tmp_path / "signed.bin"
    signed.write_bytes(key.sign(content(100_000)))
    said = espsecure("verify-signature", "--version", version, "--keyfile", path, signed)
    assert "Signature is valid." in said or "verification successful" in said


@pytest.mark.parametrize("size", SIZES)
def test_we_accept_what_espsecure_signs_for_v1_and_sign_the_same_bytes(size: int, tmp_path: Path) -> None:
    data, signed = tmp_path / "image.bin", tmp_path / "signed.bin"
    data.write_bytes(content(size))
    espsecure("sign-data", "--version", "1", "--keyfile", key_file(V1_PEM, tmp_path), "--output", signed, data)
    theirs = signed.read_bytes()
    assert theirs == V1.sign(content(size))
    digest = hashlib.sha256(content(size)).digest()
    assert verify_v1(theirs[-SIGNATURE_V1_BYTES:], digest, V1.public.data)
    flipped = bytearray(theirs[-SIGNATURE_V1_BYTES:])
    flipped[40] ^= 1
    assert not verify_v1(bytes(flipped), digest, V1.public.data)


@pytest.mark.parametrize("size", SIZES)
def test_we_accept_what_espsecure_signs_for_v2(size: int, tmp_path: Path) -> None:
    data, signed = tmp_path / "image.bin", tmp_path / "signed.bin"
    data.write_bytes(content(size))
    espsecure("sign-data", "--version", "2", "--keyfile", key_file(V2_PEM, tmp_path), "--output", signed, data)
    theirs = signed.read_bytes()
    ours = V2.sign(content(size))
    assert len(ours) == len(theirs)
    assert ours[:-SIGNATURE_SECTOR_BYTES] == theirs[:-SIGNATURE_SECTOR_BYTES]
    block = SignatureBlock(theirs[-SIGNATURE_SECTOR_BYTES:][:SIGNATURE_BLOCK_BYTES])
    assert block.is_crc_good
    assert block.key_digest == V2.public.data
    assert block.verifies(hashlib.sha256(theirs[:-SIGNATURE_SECTOR_BYTES]).digest())
    # All but the signature, which is salted, and the CRC over it.
    at = len(ours) - SIGNATURE_SECTOR_BYTES
    assert ours[at : at + 812] == theirs[at : at + 812]
    assert ours[at + 1200 :] == theirs[at + 1200 :]


def test_what_a_device_knows_of_a_key_is_what_espsecure_extracts(tmp_path: Path) -> None:
    output = tmp_path / "public.bin"
    espsecure("extract-public-key", "--version", "1", "--keyfile", key_file(V1_PEM, tmp_path), output)
    assert output.read_bytes() == V1.public.data
    espsecure("digest-sbv2-public-key", "--keyfile", key_file(V2_PEM, tmp_path), "--output", output)
    assert output.read_bytes() == V2.public.data


@pytest.mark.parametrize("cut", [0, 4, 60, 100])
def test_the_digest_of_the_bootloader_is_the_one_of_espsecure(cut: int, tmp_path: Path) -> None:
    whole = AppImage.from_bytes(build_bootloader_image())
    segments = [*whole.segments[:-1], Segment(0x40080400, whole.segments[-1].data[cut:])]
    image = build_image(segments, entry=whole.entry)
    key, iv = content(32), content(160)[32:]
    for name, data in (("key", key), ("iv", iv), ("image", image)):
        (tmp_path / name).write_bytes(data)
    output = tmp_path / "digest.bin"
    espsecure(
        "digest-secure-bootloader", "--keyfile", tmp_path / "key", "--iv", tmp_path / "iv", "--output", output,
        tmp_path / "image",
    )  # fmt: skip
    theirs = output.read_bytes()
    length = len(image) - 32
    covered = image.ljust(len(image) + 128, b"\xff")[: length + -length % 128]
    assert theirs[:128] == iv
    assert theirs[128:192] == bootloader_digest(covered, iv, key)
