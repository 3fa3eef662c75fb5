"""Secure boot v1: 68 bytes behind the image (``secure_boot_signatures.c``). Little-endian::

     0             4                                   68
    +-------------+-----------------------------------+
    | version, 0  | signature: r (32), s (32), both   |
    |             | with the most significant byte    |
    |             | first                             |
    +-------------+-----------------------------------+

The signature is ECDSA on the curve NIST P-256 over the SHA-256 of everything before it, the appended digest included.
The public key is the 64 bytes x and y that ``espsecure extract-public-key`` writes and the build links in.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

SIGNATURE_V1_BYTES: Final = 68
PUBLIC_KEY_BYTES: Final = 64

_BLOCK: Final = struct.Struct("<I64s")
_NUMBER_BYTES: Final = 32


def signature_version(block: bytes) -> int:
    """Return the version field of the 68 bytes; ESP-IDF knows version 0."""
    version, _ = _BLOCK.unpack(block)
    return int(version)


def verify_v1(block: bytes, digest: bytes, public_key: bytes) -> bool:
    """Whether the 68 bytes ``block`` sign ``digest``, a SHA-256; its version is for the caller to look at.

    False as well if ``public_key`` is no point on the curve.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    _, signature = _BLOCK.unpack(block)
    x, y, r, s = (
        int.from_bytes(number, "big")
        for number in (
            public_key[:_NUMBER_BYTES],
            public_key[_NUMBER_BYTES:],
            signature[:_NUMBER_BYTES],
            signature[_NUMBER_BYTES:],
        )
    )
    try:
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        key.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key_bytes(key: EllipticCurvePublicKey) -> bytes:
    """Return the 64 bytes of ``key``."""
    numbers = key.public_numbers()
    return numbers.x.to_bytes(_NUMBER_BYTES, "big") + numbers.y.to_bytes(_NUMBER_BYTES, "big")


def sign_v1(key: EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """Return the 68 bytes that sign ``digest``. The same key and digest give the same bytes (RFC 6979)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)
    r, s = utils.decode_dss_signature(key.sign(digest, algorithm))
    return _BLOCK.pack(0, r.to_bytes(_NUMBER_BYTES, "big") + s.to_bytes(_NUMBER_BYTES, "big"))
