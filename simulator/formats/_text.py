"""Fixed-size, NUL-padded character fields, as every ESP-IDF structure has them.

One character stands for one byte (Latin-1), so that any bytes survive the way to ``str`` and back.
"""

from __future__ import annotations


def decode_field(field: bytes) -> str:
    """Return the characters before the first NUL, or all of them if there is none."""
    return field.partition(b"\0")[0].decode("latin-1")


def encode_field(text: str, size_bytes: int) -> bytes:
    """Return ``text`` padded with NULs to ``size_bytes``; it may fill the field to the last byte.

    Raises ValueError if it does not fit or has a character that is not one byte.
    """
    encoded = text.encode("latin-1")
    if len(encoded) > size_bytes:
        raise ValueError(f"{text!r} has {len(encoded)} bytes; the field holds {size_bytes}")
    return encoded.ljust(size_bytes, b"\0")
