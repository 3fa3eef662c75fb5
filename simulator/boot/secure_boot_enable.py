"""The first boot with secure boot: the bootloader has found a good app, and locks the chip to its key for ever.

v1: a key is drawn and burned into block 2, where software can never read it again; a digest of the bootloader is made
with it and written to flash address 0; ABS_DONE_0 makes the ROM compare it at every reset from now on.

v2: the digest of the public key in the bootloader's signature is burned into block 2; ABS_DONE_1 makes the ROM verify
that signature at every reset.

Sources: ``secure_boot.c`` of ESP-IDF v4.0 and v5.2, ``load_image`` in ``bootloader_utility.c``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET
from simulator.boot.esp32 import Esp32
from simulator.boot.image_check import ImageCheck
from simulator.boot.log import BootLine, BootLog
from simulator.boot.revision import Revision
from simulator.boot.secure_boot import BLANK_KEY, V2_TAG, SignatureCheck, digest_v1, read_block_v2
from simulator.boot.steps import Work
from simulator.efuses import (
    READ_PROTECT_BLOCK2,
    WRITE_PROTECT_BLOCK2,
    WRITE_PROTECT_RD_DIS,
    Fuse,
)
from simulator.flash.chip import SECTOR_BYTES, FlashChip
from simulator.formats.esp_err import EspErr
from simulator.formats.image import DIGEST_BYTES, AppImage
from simulator.formats.partition_table import SUBTYPE_FACTORY, TYPE_APP, Partition
from simulator.signatures import IV_BYTES, SignatureBlock

TAG: Final = "boot"
_FEATURES_TAG: Final = "secure_boot"
_EFUSE_TAG: Final = "efuse"
_KEY_BYTES: Final = 32
_BOOTLOADER: Final = Partition("", TYPE_APP, SUBTYPE_FACTORY, BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES)


class AbortError(Exception):
    """The bootloader calls ``abort()``."""


class Enabling:
    """Makes sure that secure boot is enabled, before an app starts. Each method prints and returns an error code."""

    def __init__(self, chip: FlashChip, esp32: Esp32, revision: Revision, log: BootLog) -> None:
        self.chip = chip
        self.esp32 = esp32
        self.efuses = esp32.efuses
        self.revision = revision
        self.log = log

    # --- v1

    def enable_v1(self) -> Work[bool]:
        """Return whether the app may start. Raises `AbortError` if secure boot cannot be enabled."""
        log = self.log
        code = yield from self._generate_digest()
        if code is not EspErr.ESP_OK:
            yield log.error(TAG, f"Bootloader digest generation for secure boot failed ({int(code)}).")
            return False
        yield log.info(TAG, "Checking secure boot...")
        code = yield from self._permanently_enable_v1()
        if code is not EspErr.ESP_OK:
            yield log.error(TAG, f"FAILED TO ENABLE SECURE BOOT ({int(code)}).")
            raise AbortError
        return True

    def _generate_digest(self) -> Work[EspErr]:
        log, tag, efuses = self.log, self.revision.secure_boot_v1_tag, self.efuses
        if efuses.read(Fuse.ABS_DONE_0):
            yield log.info(tag, "bootloader secure boot is already enabled. No need to generate digest. continuing..")
            return EspErr.ESP_OK
        scheme = efuses.read(Fuse.CODING_SCHEME)
        if scheme > 1:
            yield log.error(tag, f"Unknown/unsupported CODING_SCHEME value 0x{scheme:x}")
            return EspErr.ESP_ERR_NOT_SUPPORTED
        image = yield from self._check_bootloader(tag, None)
        if image is None:
            return EspErr.ESP_ERR_IMAGE_INVALID
        is_protected = efuses.read(Fuse.RD_DIS) & READ_PROTECT_BLOCK2 or efuses.read(Fuse.WR_DIS) & WRITE_PROTECT_BLOCK2
        if not is_protected and efuses.block2() == BLANK_KEY:
            yield log.info(tag, "Generating new secure boot key...")
            efuses.burn(Fuse.BLOCK2, int.from_bytes(self.esp32.random_bytes(_KEY_BYTES), "little"))
            yield from self._tell_burned(2)
        else:
            yield log.warn(tag, "Using pre-loaded secure boot key in EFUSE block 2")
        yield log.info(tag, "Generating secure boot digest...")
        length = image.length - (DIGEST_BYTES if image.digest is not None else 0)
        iv = self.esp32.random_bytes(IV_BYTES)
        digest = digest_v1(self.chip, length, iv, efuses)
        self.chip.erase(0, SECTOR_BYTES)
        yield None
        self.chip.program(0, iv + digest)
        yield None
        yield log.info(tag, "Digest generation complete.")
        return EspErr.ESP_OK

    def _permanently_enable_v1(self) -> Work[EspErr]:
        log, tag, efuses = self.log, self.revision.secure_boot_v1_tag, self.efuses
        if efuses.read(Fuse.ABS_DONE_0):
            yield log.info(tag, "bootloader secure boot is already enabled, continuing..")
            return EspErr.ESP_OK
        is_read_protected = bool(efuses.read(Fuse.RD_DIS) & READ_PROTECT_BLOCK2)
        is_write_protected = bool(efuses.read(Fuse.WR_DIS) & WRITE_PROTECT_BLOCK2)
        if is_read_protected is not is_write_protected:
            missing = "write" if is_read_protected else "read"
            yield log.error(tag, f"Pre-loaded key is not {missing} protected. Refusing to blow secure boot efuse.")
            return EspErr.ESP_ERR_INVALID_STATE
        if self.revision.burns_efuses_in_batches:
            yield log.info(_EFUSE_TAG, "Batch mode of writing fields is enabled")
            yield log.info(tag, "blowing secure boot efuse...")
            yield log.info(_FEATURES_TAG, "Read & write protecting new key...")
            features_tag = _FEATURES_TAG
        else:
            if not is_read_protected:
                yield log.info(tag, "Read & write protecting new key...")
            yield log.info(tag, "blowing secure boot efuse...")
            features_tag = tag
        yield log.info(features_tag, "Disable JTAG...")
        yield log.info(features_tag, "Disable ROM BASIC interpreter fallback...")
        efuses.burn(Fuse.RD_DIS, READ_PROTECT_BLOCK2)
        for fuse in (Fuse.ABS_DONE_0, Fuse.JTAG_DISABLE, Fuse.CONSOLE_DEBUG_DISABLE):
            efuses.burn(fuse, 1)
        efuses.burn(Fuse.WR_DIS, WRITE_PROTECT_BLOCK2)
        yield from self._tell_burned(0)
        yield from self._tell_committed()
        yield log.info(tag, "secure boot is now enabled for bootloader image")
        return EspErr.ESP_OK

    # --- v2

    def enable_v2(self, check: SignatureCheck, partition: Partition, image: AppImage) -> Work[bool]:
        """Return whether the app may start."""
        code = yield from self._permanently_enable_v2(check, partition, image)
        if code is not EspErr.ESP_OK:
            yield self.log.error(TAG, f"Secure Boot v2 failed ({int(code)})")
        return code is EspErr.ESP_OK

    def _permanently_enable_v2(self, check: SignatureCheck, partition: Partition, image: AppImage) -> Work[EspErr]:
        log, efuses = self.log, self.efuses
        yield log.info(V2_TAG, "enabling secure boot v2...")
        if efuses.read(Fuse.ABS_DONE_1):
            yield log.info(V2_TAG, "secure boot v2 is already enabled, continuing..")
            return EspErr.ESP_OK
        yield log.info(_EFUSE_TAG, "Batch mode of writing fields is enabled")
        scheme = efuses.read(Fuse.CODING_SCHEME)
        if scheme:
            message = f"No coding schemes are supported in secure boot v2.(Detected scheme: 0x{scheme:x})"
            yield log.error(V2_TAG, message)
            return EspErr.ESP_ERR_NOT_SUPPORTED
        bootloader = yield from self._check_bootloader(V2_TAG, check)
        if bootloader is None:
            return EspErr.ESP_ERR_IMAGE_INVALID
        key_digest = efuses.block2()
        is_blank = key_digest == BLANK_KEY
        yield log.info(V2_TAG, f"Secure boot digests {'absent, generating..' if is_blank else 'already present'}")
        if is_blank:
            key_digest = self._block_behind(BOOTLOADER_OFFSET, bootloader).key_digest
            yield from self._tell_digests(BOOTLOADER_OFFSET, "bootloader")
            yield log.info(V2_TAG, "Burning public key hash to eFuse")
            yield log.info(_EFUSE_TAG, "Writing EFUSE_BLK_KEY1 with purpose 2")
        else:
            yield log.warn(V2_TAG, "Using pre-loaded public key digest in eFuse")
        yield from self._tell_digests(partition.offset, "app")
        if self._block_behind(partition.offset, image).key_digest != key_digest:
            yield log.error(V2_TAG, "No application key digest matches the bootloader key digest.")
            return EspErr.ESP_FAIL
        yield log.info(V2_TAG, "Application key(0) matches with bootloader key(0).")
        yield log.info(V2_TAG, "blowing secure boot efuse...")
        yield log.info(_FEATURES_TAG, "Disable JTAG...")
        yield log.info(_FEATURES_TAG, "Disable ROM BASIC interpreter fallback...")
        yield log.warn(_FEATURES_TAG, "UART ROM Download mode kept enabled - SECURITY COMPROMISED")
        yield log.info(_FEATURES_TAG, "Prevent read disabling of additional efuses...")
        if is_blank:
            efuses.burn(Fuse.BLOCK2, int.from_bytes(key_digest, "little"))
            yield from self._tell_burned(2)
        for fuse in (Fuse.ABS_DONE_1, Fuse.JTAG_DISABLE, Fuse.CONSOLE_DEBUG_DISABLE):
            efuses.burn(fuse, 1)
        efuses.burn(Fuse.WR_DIS, WRITE_PROTECT_BLOCK2 | WRITE_PROTECT_RD_DIS)
        yield from self._tell_burned(0)
        yield from self._tell_committed()
        yield log.info(V2_TAG, "Secure boot permanently enabled")
        return EspErr.ESP_OK

    def _tell_digests(self, offset: int, what: str) -> Iterator[BootLine]:
        log = self.log
        yield log.info(V2_TAG, f"Digests successfully calculated, 1 valid signatures (image offset 0x{offset:x})")
        yield log.info(V2_TAG, f"1 signature block(s) found appended to the {what}.")

    def _block_behind(self, offset: int, image: AppImage) -> SignatureBlock:
        return read_block_v2(self.chip, offset + image.length, hashlib.sha256())[0]

    # --- parts

    def _check_bootloader(self, tag: str, check: SignatureCheck | None) -> Work[AppImage | None]:
        verify = ImageCheck(
            chip=self.chip,
            revision=self.revision,
            log=self.log,
            chip_revision=self.esp32.revision,
            signature=check,
        )
        image = yield from verify(_BOOTLOADER)
        if image is None:
            code = int(EspErr.ESP_ERR_IMAGE_INVALID)
            yield self.log.error(tag, f"bootloader image appears invalid! error {code}")
        return image

    def _tell_burned(self, block: int) -> Iterator[BootLine]:
        if self.revision.burns_efuses_in_batches:
            yield self.log.info(_EFUSE_TAG, f"BURN BLOCK{block}")
            # Block 0 has bits that were burned before; the others were empty.
            verdict = "write block == read block" if block else "all write block bits are set"
            yield self.log.info(_EFUSE_TAG, f"BURN BLOCK{block} - OK ({verdict})")

    def _tell_committed(self) -> Iterator[BootLine]:
        if self.revision.burns_efuses_in_batches:
            yield self.log.info(_EFUSE_TAG, "Batch mode. Prepared fields are committed")
