from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from simulator.filesystem.memory import MemoryFlash


class RecordingFlash(MemoryFlash):
    """Remembers every change, so that it can be replayed up to any point."""

    __slots__ = ("operations",)

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self.operations: list[tuple[int, bytes | int]] = []

    def program(self, offset: int, data: bytes, /) -> None:
        self.operations.append((offset, data))
        super().program(offset, data)

    def erase(self, offset: int, length: int, /) -> None:
        assert offset % 4096 == 0
        assert length % 4096 == 0
        self.operations.append((offset, length))
        super().erase(offset, length)

    def cuts(self, start: bytes) -> Iterator[tuple[str, MemoryFlash]]:
        """Yield the flash as it is when the power fails before, in the middle of, or after each operation."""
        flash = memory_flash(start)
        for number, (offset, change) in enumerate(self.operations):
            yield f"before {number}", memory_flash(flash.to_bytes())
            torn = memory_flash(flash.to_bytes())
            if isinstance(change, bytes):
                torn.program(offset, change[: len(change) // 2])
                flash.program(offset, change)
            else:
                torn.erase(offset, change // 2)
                flash.erase(offset, change)
            yield f"torn {number}", torn
        yield "after all", memory_flash(flash.to_bytes())


def memory_flash(contents: bytes) -> MemoryFlash:
    flash = MemoryFlash(len(contents))
    flash.program(0, contents)
    return flash


@pytest.fixture
def recording_flash() -> Callable[[int], RecordingFlash]:
    return RecordingFlash


@pytest.fixture
def flash_with() -> Callable[[bytes], MemoryFlash]:
    """Make a flash with the given contents."""
    return memory_flash
