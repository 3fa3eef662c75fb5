"""The signatures of secure boot: what stands behind an image, who made it, and whether it fits.

Two schemes: v1 is ECDSA with a public key inside bootloader and app, v2 is RSA-PSS with the digest of the public key in
the eFuses. The mathematics is that of ``cryptography``, imported when it is needed; nothing else in the simulator but
the update server's TLS knows that library. Which images are asked for a signature is for `simulator.boot` to say.
Read `keys` first, then `scheme_v1` and `scheme_v2`; `bootloader_digest` is what protects the bootloader in v1.
"""

from __future__ import annotations

from simulator.signatures.bootloader_digest import BOOTLOADER_DIGEST_BYTES, IV_BYTES, bootloader_digest
from simulator.signatures.keys import Scheme, SigningKey, VerificationKey, load_key
from simulator.signatures.scheme_v1 import PUBLIC_KEY_BYTES, SIGNATURE_V1_BYTES, signature_version, verify_v1
from simulator.signatures.scheme_v2 import (
    SIGNATURE_BLOCK_BYTES,
    SIGNATURE_MAGIC,
    SIGNATURE_SECTOR_BYTES,
    SignatureBlock,
)

__all__ = [
    "BOOTLOADER_DIGEST_BYTES",
    "IV_BYTES",
    "PUBLIC_KEY_BYTES",
    "SIGNATURE_BLOCK_BYTES",
    "SIGNATURE_MAGIC",
    "SIGNATURE_SECTOR_BYTES",
    "SIGNATURE_V1_BYTES",
    "Scheme",
    "SignatureBlock",
    "SigningKey",
    "VerificationKey",
    "bootloader_digest",
    "load_key",
    "signature_version",
    "verify_v1",
]
