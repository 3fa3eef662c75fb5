"""Secure boot v2: a sector behind the image, which is filled up with 0xFF to whole sectors. Little-endian::

     0      1      2      4            36            420        424     808     812             1196   1200     1216
    +------+------+------+------------+-------------+----------+-------+-------+---------------+------+--------+
    | 0xE7 | 0x02 | 0, 0 | SHA-256 of | RSA modulus | exponent | R     | M'    | signature     | CRC  | 0 (16) |
    |      |      |      | all before | (384)       | (4)      | (384) | (4)   | (384)         | (4)  |        |
    +------+------+------+------------+-------------+----------+-------+-------+---------------+------+--------+
                                      |<---------- public key (776) ---------->|

and 0xFF to the end of the sector. R and M' are what the RSA hardware needs to work with the modulus. The signature is
RSA-3072 PSS with a salt of 32 bytes; the CRC-32 that of zip files. The eFuses hold the SHA-256 of the 776 bytes of the
public key. Of the three blocks that the sector has room for the ESP32 looks at the first only.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SIGNATURE_SECTOR_BYTES: Final = 4096
SIGNATURE_BLOCK_BYTES: Final = 1216
SIGNATURE_MAGIC: Final = 0xE7
SIGNATURE_VERSION: Final = 2
RSA_BITS: Final = 3072

_RSA_BYTES: Final = RSA_BITS // 8
_DIGEST_BYTES: Final = 32
_SIGNED: Final = struct.Struct("<36x384sI384sI384s20x")
_KEY: Final = slice(36, 812)
_CRC_OFFSET: Final = 1196


@dataclass(frozen=True, slots=True)
class SignatureBlock:
    """The 1216 bytes, as they are: nothing is checked yet."""

    data: bytes

    @property
    def magic(self) -> int:
        """0xE7 if there is a signature block at all."""
        return self.data[0]

    @property
    def is_crc_good(self) -> bool:
        """Whether the CRC fits the block."""
        return int.from_bytes(self.data[_CRC_OFFSET : _CRC_OFFSET + 4], "little") == zlib.crc32(self.data[:_CRC_OFFSET])

    @property
    def image_digest(self) -> bytes:
        """What was signed, by its own account."""
        return self.data[4 : 4 + _DIGEST_BYTES]

    @property
    def key_digest(self) -> bytes:
        """The SHA-256 of its public key: what the eFuses hold of a key that is trusted."""
        return hashlib.sha256(self.data[_KEY]).digest()

    def verifies(self, digest: bytes) -> bool:
        """Whether the signature signs ``digest`` with the block's own public key; whose that is, is another question.

        False as well if the public key is none, or R and M' do not belong to it: the hardware then computes nonsense.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

        modulus_bytes, exponent, r_bytes, m_prime, signature = _SIGNED.unpack(self.data)
        modulus = int.from_bytes(modulus_bytes, "little")
        if modulus.bit_length() != RSA_BITS or not modulus % 2:
            return False
        if (int.from_bytes(r_bytes, "little"), m_prime) != _montgomery(modulus):
            return False
        scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=_DIGEST_BYTES)
        try:
            key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
            key.verify(signature[::-1], digest, scheme, utils.Prehashed(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def sign_v2(key: RSAPrivateKey, data: bytes) -> bytes:
    """Return what goes behind ``data``: 0xFF to the end of its sector, and the signature sector.

    The same key and data give the same bytes: see `_sign`.
    """
    filler = b"\xff" * (-len(data) % SIGNATURE_SECTOR_BYTES)
    digest = hashlib.sha256(data + filler).digest()
    head = bytes((SIGNATURE_MAGIC, SIGNATURE_VERSION, 0, 0))
    signature = _sign(key, digest).to_bytes(_RSA_BYTES, "little")
    block = head + digest + _public_key_bytes(key.public_key()) + signature
    block += zlib.crc32(block).to_bytes(4, "little") + bytes(16)
    return filler + block.ljust(SIGNATURE_SECTOR_BYTES, b"\xff")


def public_key_digest(key: RSAPublicKey) -> bytes:
    """Return the SHA-256 of ``key`` as it stands in a signature block."""
    return hashlib.sha256(_public_key_bytes(key)).digest()


def _public_key_bytes(key: RSAPublicKey) -> bytes:
    numbers = key.public_numbers()
    r, m_prime = _montgomery(numbers.n)
    modulus, r_bytes = (number.to_bytes(_RSA_BYTES, "little") for number in (numbers.n, r))
    return modulus + numbers.e.to_bytes(4, "little") + r_bytes + m_prime.to_bytes(4, "little")


def _montgomery(modulus: int) -> tuple[int, int]:
    """Return R and M' of a modulus."""
    return (1 << 2 * RSA_BITS) % modulus, -pow(modulus, -1, 1 << 32) % (1 << 32)


def _sign(key: RSAPrivateKey, digest: bytes) -> int:
    """Return the PSS signature of ``digest`` (RFC 8017, 8.1.1 and 9.1.1), as a number.

    ``cryptography`` draws a random salt and takes none, and then the same firmware would have other bytes in every
    run, and with it the event log. So the encoding is done here, and the salt follows from key and digest.
    """
    numbers = key.private_numbers()
    salt = hashlib.sha256(numbers.d.to_bytes(_RSA_BYTES, "big") + digest).digest()
    hashed = hashlib.sha256(bytes(8) + digest + salt).digest()
    block_bytes = _RSA_BYTES - _DIGEST_BYTES - 1
    block = (b"\x01" + salt).rjust(block_bytes, b"\0")
    mask = b"".join(hashlib.sha256(hashed + n.to_bytes(4, "big")).digest() for n in range(-(-block_bytes // 32)))
    masked = int.from_bytes(block, "big") ^ int.from_bytes(mask[:block_bytes], "big")
    masked &= (1 << 8 * block_bytes - 1) - 1  # the encoded message is one bit shorter than the modulus
    encoded = int.from_bytes(masked.to_bytes(block_bytes, "big") + hashed + b"\xbc", "big")
    # By the Chinese remainder theorem, which is four times as fast.
    p = pow(encoded, numbers.dmp1, numbers.p)
    q = pow(encoded, numbers.dmq1, numbers.q)
    return q + (p - q) * numbers.iqmp % numbers.p * numbers.q
