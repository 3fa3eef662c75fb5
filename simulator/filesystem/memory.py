"""A partition in RAM, in which file systems are built at manufacture."""

from __future__ import annotations


class MemoryFlash:
    """NOR flash without a chip around it: no wear, no time, no journal. Starts erased."""

    __slots__ = ("_contents",)

    def __init__(self, size_bytes: int) -> None:
        self._contents = bytearray(b"\xff") * size_bytes

    @property
    def size_bytes(self) -> int:
        """Bytes in the partition."""
        return len(self._contents)

    def read(self, offset: int, length: int, /) -> bytes:
        """Return bytes."""
        return bytes(self._contents[offset : offset + length])

    def program(self, offset: int, data: bytes, /) -> None:
        """Clear the bits that are 0 in ``data``."""
        end = offset + len(data)
        old = self._contents[offset:end]
        merged = int.from_bytes(old, "little") & int.from_bytes(data, "little")
        self._contents[offset:end] = merged.to_bytes(len(data), "little")

    def erase(self, offset: int, length: int, /) -> None:
        """Set every bit."""
        self._contents[offset : offset + length] = b"\xff" * length

    def commit(self) -> None:
        """Do nothing: there is no power to fail."""

    def to_bytes(self) -> bytes:
        """Return everything."""
        return bytes(self._contents)
