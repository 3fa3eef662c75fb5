"""crc and md5: what the functions of the chip's ROM compute (``rom/crc.h``, ``rom/md5_hash.h``)."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Final

from simulator.c_numbers import int32
from simulator.device.calls import CallGroup, call
from simulator.device.calls.files import FileCalls
from simulator.filesystem import FileSystemError

_REFLECTED_POLYNOMIALS: Final = {8: 0xE0, 16: 0x8408}

Result = tuple[Any, ...]


def _table(polynomial: int) -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_TABLES: Final = {bits: _table(polynomial) for bits, polynomial in _REFLECTED_POLYNOMIALS.items()}


def rom_crc(bits: int, data: bytes, start: int) -> int:
    """Return what ``crc8_le``, ``crc16_le`` or ``crc32_le`` do, which invert the value before and after."""
    mask = (1 << bits) - 1
    if bits == 32:
        return zlib.crc32(data, start & mask)
    table = _TABLES[bits]
    value = ~start & mask
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return ~value & mask


class ChecksumCalls(CallGroup):
    """Checksums of texts and files."""

    def __init__(self, files: FileCalls) -> None:
        self._files = files

    @call("crc")
    def _crc(self, bits: int, data: bytes, start: int) -> Result:
        value = rom_crc(bits, data, start)
        return (int32(value),)

    @call("md5.string")
    def _md5_string(self, data: bytes) -> Result:
        return (hashlib.md5(data, usedforsecurity=False).hexdigest().encode(),)

    @call("md5.file")
    def _md5_file(self, path: bytes) -> Result:
        try:
            data = self._files.load(path)
        except FileSystemError as error:
            return (None, path + b": " + error.text.encode(), error.errno)
        return self._md5_string(data)
