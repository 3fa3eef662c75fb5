"""Secure boot: who asks for a signature, which key counts, and what is printed about it.

The same image is verified in three places that differ in words and in what they trust:

- the mask ROM verifies the bootloader, once the eFuses say so: by a keyed digest at 0x0 in v1 (`verify_digest_v1`), by
  its signature in v2 (`rom_verdict_v2`);
- the bootloader verifies the app that it is about to start (`SignatureCheckV1`, `BootloaderCheckV2`), and before the
  eFuses are burned as well: what was built with secure boot starts nothing unsigned;
- the app verifies its update in ``esp_ota_end`` and ``esp_ota_set_boot_partition`` (`SignatureCheckV1`, `AppCheckV2`).

What the first boot burns is in `secure_boot_enable`. Sources: ``secure_boot_signatures*.c`` of ESP-IDF v4.0 (v1) and
v5.2 (both), and what real chips print.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, Protocol

from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.boot.config import SecureBoot
from simulator.boot.log import BootLine, BootLog
from simulator.boot.revision import Revision
from simulator.efuses import KEY_BYTES, Efuses, Fuse
from simulator.flash.chip import FlashChip
from simulator.signatures import (
    BOOTLOADER_DIGEST_BYTES,
    IV_BYTES,
    SIGNATURE_BLOCK_BYTES,
    SIGNATURE_MAGIC,
    SIGNATURE_SECTOR_BYTES,
    SIGNATURE_V1_BYTES,
    SignatureBlock,
    bootloader_digest,
    signature_version,
    verify_v1,
)

V2_TAG: Final = "secure_boot_v2"
BLANK_KEY: Final = bytes(KEY_BYTES)

_PSS_VERIFY_FAILED: Final = -0x4380
"""``MBEDTLS_ERR_RSA_VERIFY_FAILED``."""


class _Hash(Protocol):
    """A SHA-256 that goes on."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class SignatureCheck(Protocol):
    """Verifies what stands behind an image that ends at flash address ``end`` and whose bytes ``hasher`` has seen."""

    def __call__(self, chip: FlashChip, log: BootLog, end: int, hasher: _Hash, /) -> Generator[BootLine, None, bool]:
        """Yield the lines that this prints, and return whether the image may run."""
        ...

    def bytes_behind(self, image_length: int, /) -> int:
        """Return how many bytes behind an image of so many bytes belong to it: filler, and the signature."""
        ...


@dataclass(frozen=True, slots=True)
class SignatureCheckV1:
    """68 bytes behind the image, verified with the key that was linked in."""

    tag: str
    public_key: bytes

    def __call__(self, chip: FlashChip, log: BootLog, end: int, hasher: _Hash) -> Generator[BootLine, None, bool]:
        """Verify; an unknown version of the block has a line of its own."""
        block = chip.read_mapped(end, SIGNATURE_V1_BYTES)
        version = signature_version(block)
        if version:
            yield log.error(self.tag, f"image has invalid signature version field 0x{version:08x}")
            return False
        return verify_v1(block, hasher.digest(), self.public_key)

    def bytes_behind(self, _image_length: int) -> int:
        """The signature itself."""
        return SIGNATURE_V1_BYTES


def rom_verdict_v2(block: SignatureBlock, digest: bytes, trusted: bytes) -> str | None:
    """Return what ``ets_secure_boot_verify_signature`` of the ROM prints about a block that it refuses.

    None if the block is good. ``trusted`` is the digest of the key that counts; no text is known for another one.
    """
    if block.magic != SIGNATURE_MAGIC:
        return (
            "No signature block magic byte found at signature sector "
            f"(found 0x{block.magic:x} not 0x{SIGNATURE_MAGIC:x}). Image not V2 signed?"
        )
    if not block.is_crc_good:
        return "Sig block 0 invalid: Stored CRC ends"  # how the line goes on is not documented
    if block.image_digest != digest:
        return "Sig block 0 invalid: Image digest does not match"
    return None if block.key_digest == trusted and block.verifies(digest) else ""


def read_block_v2(chip: FlashChip, end: int, hasher: _Hash) -> tuple[SignatureBlock, bytes]:
    """Return the signature block behind an image that ends at ``end``, and the digest of image and filler."""
    filler = chip.read_mapped(end, -end % SIGNATURE_SECTOR_BYTES)
    hasher.update(filler)
    return SignatureBlock(chip.read_mapped(end + len(filler), SIGNATURE_BLOCK_BYTES)), hasher.digest()


def bytes_behind_v2(image_length: int) -> int:
    """Return the length of filler and signature sector behind an image of so many bytes."""
    return -image_length % SIGNATURE_SECTOR_BYTES + SIGNATURE_SECTOR_BYTES


@dataclass(frozen=True, slots=True)
class BootloaderCheckV2:
    """A signature sector behind the image, verified by the function in ROM (``secure_boot_signatures_bootloader.c``).

    Until the eFuses hold the digest of a key, any key counts: the first boot burns the one it meets.
    """

    efuses: Efuses

    def __call__(self, chip: FlashChip, log: BootLog, end: int, hasher: _Hash) -> Generator[BootLine, None, bool]:
        """Verify."""
        block, digest = read_block_v2(chip, end, hasher)
        trusted = self.efuses.block2()
        if trusted == BLANK_KEY:
            if self.efuses.read(Fuse.ABS_DONE_1):
                yield log.error(V2_TAG, "Could not read eFuse secure boot digests!")
                return False
            yield log.info(V2_TAG, "Secure boot V2 is not enabled yet and eFuse digest keys are not set")
            trusted = block.key_digest
        yield log.info(V2_TAG, "Verifying with RSA-PSS...")
        refusal = rom_verdict_v2(block, digest, trusted)
        if refusal is None:
            yield log.info(V2_TAG, "Signature verified successfully!")
            return True
        if refusal:
            yield log.past(refusal)
        yield log.error(V2_TAG, "Secure Boot V2 verification failed.")
        return False

    def bytes_behind(self, image_length: int) -> int:
        """Filler up to a sector, and the signature's own sector."""
        return bytes_behind_v2(image_length)


@dataclass(frozen=True, slots=True)
class AppCheckV2:
    """The same as an app does it, with mbedTLS (``secure_boot_signatures_app.c``)."""

    efuses: Efuses

    def __call__(self, chip: FlashChip, log: BootLog, end: int, hasher: _Hash) -> Generator[BootLine, None, bool]:
        """Verify. A block that is damaged or of another key is passed over without a word."""
        block, digest = read_block_v2(chip, end, hasher)
        yield log.info(V2_TAG, "Take trusted digest key(s) from eFuse block(s)")
        trusted = self.efuses.block2()
        if trusted == BLANK_KEY:
            yield log.error(V2_TAG, "Could not read secure boot digests!")
            return False
        if block.magic != SIGNATURE_MAGIC or not block.is_crc_good or block.key_digest != trusted:
            return False
        yield log.info(V2_TAG, "#0 app key digest == #0 trusted key digest")
        yield log.info(V2_TAG, "Verifying with RSA-PSS...")
        if block.verifies(digest):
            yield log.info(f"{V2_TAG}_rsa", "Signature verified successfully!")
            return True
        yield log.error(f"{V2_TAG}_rsa", f"Failed mbedtls_rsa_rsassa_pss_verify, err: {_PSS_VERIFY_FAILED}")
        return False

    def bytes_behind(self, image_length: int) -> int:
        """Filler up to a sector, and the signature's own sector."""
        return bytes_behind_v2(image_length)


def bootloader_check(secure_boot: SecureBoot | None, *, revision: Revision, efuses: Efuses) -> SignatureCheck | None:
    """Return how a bootloader verifies signatures, None if it was built to verify none."""
    if secure_boot is None:
        return None
    if secure_boot.key is None:
        return BootloaderCheckV2(efuses)
    return SignatureCheckV1(revision.secure_boot_v1_tag, secure_boot.key.data)


def app_check(secure_boot: SecureBoot | None, *, revision: Revision, efuses: Efuses) -> SignatureCheck | None:
    """Return how an app verifies the signatures of its updates, None if it was built to verify none."""
    if secure_boot is not None and secure_boot.key is None:
        return AppCheckV2(efuses)
    return bootloader_check(secure_boot, revision=revision, efuses=efuses)


def digest_v1(chip: FlashChip, length: int, iv: bytes, efuses: Efuses) -> bytes:
    """Return what the hardware of secure boot v1 computes over the first ``length`` bytes of the bootloader image.

    It reads whole blocks of 128 bytes, so what lies behind the image counts, too.
    """
    image = chip.read_mapped(BOOTLOADER_OFFSET, length + -length % IV_BYTES)
    return bootloader_digest(image, iv, efuses.secure_boot_key())


def verify_digest_v1(chip: FlashChip, length: int, efuses: Efuses) -> bool:
    """Whether the digest at 0x0 fits a bootloader image of ``length`` bytes, its appended digest left out."""
    stored = chip.read_mapped(0, IV_BYTES + BOOTLOADER_DIGEST_BYTES)
    return digest_v1(chip, length, stored[:IV_BYTES], efuses) == stored[IV_BYTES:]
