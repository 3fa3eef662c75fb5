"""What a format that lives in a partition asks of the flash below it. `simulator.flash.PartitionView` is one."""

from __future__ import annotations

from typing import Protocol


class FlashView(Protocol):
    """The part of a flash chip that is somebody's own; offsets count from its start.

    ``program`` clears bits only (NOR); ``erase`` sets all bits of whole 4096-byte sectors.
    """

    @property
    def size_bytes(self) -> int:
        """Bytes in the partition."""

    def read(self, offset: int, length: int, /) -> bytes:
        """Return ``length`` bytes from ``offset``."""

    def program(self, offset: int, data: bytes, /) -> None:
        """Clear the bits that are 0 in ``data``."""

    def erase(self, offset: int, length: int, /) -> None:
        """Set every bit of the sectors from ``offset`` on."""

    def commit(self) -> None:
        """Hear that a call has returned to whoever asked for it: what is stored now has to survive any power cut.

        Whoever tests that wants to know; otherwise nothing happens.
        """
