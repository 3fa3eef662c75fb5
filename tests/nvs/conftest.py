from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.flash import FlashChip, Nvs, PartitionView
from simulator.flash.chip import FlashOperation
from simulator.formats import Partition


class NvsChip:
    """A chip that is one NVS partition, and what was done to it."""

    def __init__(self, pages: int, contents: bytes = b"") -> None:
        self.chip = FlashChip(pages * 4096, contents)
        self.view = PartitionView(self.chip, Partition("nvs", 1, 2, 0, pages * 4096))
        self.operations: list[FlashOperation] = []
        self.chip.on_operation = self.operations.append

    def start(self) -> Nvs:
        """Return the NVS as it is after a reset."""
        nvs = Nvs(self.view)
        nvs.init()
        return nvs

    def take_trace(self) -> list[str]:
        """Return what was done since the last call: ``address: bytes`` or ``erase address``."""
        trace = [
            f"erase {operation.address:#06x}"
            if operation.kind == "erase"
            else f"{operation.address:#06x}: {operation.data.hex()}"
            for operation in self.operations
        ]
        self.operations.clear()
        return trace


@pytest.fixture
def nvs_chip() -> Callable[..., NvsChip]:
    return NvsChip
