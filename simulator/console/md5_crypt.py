"""The password hash of ``/etc/passwd``: crypt(3) with MD5, ``$1$salt$hash``.

Python's own ``crypt`` is gone, and with it every library that was built on it. What this makes is compared with
openssl's in ``tests/against_reference``.
"""

from __future__ import annotations

from hashlib import md5
from typing import Final

SALT_CHARACTERS: Final = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SALT_BYTES: Final = 8

_MAGIC: Final = b"$1$"
_ROUNDS: Final = 1000
_DIGITS_ORDER: Final = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))
_LAST_DIGIT: Final = 11


def hash_password(password: bytes, salt: bytes) -> bytes:
    """Return the hash of a password. ``salt`` may be a whole hash, whose salt is then used."""
    salt = salt.removeprefix(_MAGIC).partition(b"$")[0][:SALT_BYTES]
    size = len(password)
    inner = _md5(password + salt + password)
    text = password + _MAGIC + salt + (inner * (size // len(inner) + 1))[:size]
    while size:
        text += b"\0" if size & 1 else password[:1]
        size >>= 1
    digest = _md5(text)
    for number in range(_ROUNDS):
        is_odd = number % 2
        digest = _md5(
            (password if is_odd else digest)
            + (salt if number % 3 else b"")
            + (password if number % 7 else b"")
            + (digest if is_odd else password)
        )
    characters = bytearray()
    for first, second, third in _DIGITS_ORDER:
        characters += _base64(digest[first] << 16 | digest[second] << 8 | digest[third], 4)
    return _MAGIC + salt + b"$" + characters + _base64(digest[_LAST_DIGIT], 2)


def _md5(data: bytes) -> bytes:
    return md5(data, usedforsecurity=False).digest()


def _base64(value: int, count: int) -> bytes:
    return bytes(SALT_CHARACTERS[value >> 6 * index & 0x3F] for index in range(count))
