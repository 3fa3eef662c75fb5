"""What protects the bootloader in secure boot v1: a keyed digest at the very start of the flash.

192 bytes at 0x0: an IV of 128 bytes that was random when the digest was made, and the digest, 64 bytes. The hardware
encrypts IV and image with AES-256 and hashes the result with SHA-512; the order of its bytes is what its bus makes of
them (``espsecure digest-secure-bootloader`` computes the same).
"""

from __future__ import annotations

import hashlib
from array import array
from typing import Final

IV_BYTES: Final = 128
BOOTLOADER_DIGEST_BYTES: Final = 64
HASHED_IN_BYTES: Final = 128
"""The image is read in blocks of this, beyond its end if need be; its appended digest is no part of it."""


def bootloader_digest(image: bytes, iv: bytes, key: bytes) -> bytes:
    """Return the 64 bytes for ``image``, of whole blocks of 128 bytes. ``key`` are the 32 bytes of an AES-256 key."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 (the hardware's choice)
    # Turned round, so that the bytes of each AES block are; and back.
    encrypted = encryptor.update((iv + image)[::-1])[::-1]
    return _swapped(hashlib.sha512(_swapped(encrypted)).digest())


def _swapped(data: bytes) -> bytes:
    """Return ``data`` with the bytes of each 32-bit word in the opposite order."""
    words = array("I", data)
    words.byteswap()
    return words.tobytes()
