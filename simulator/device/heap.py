"""The heap of a board: what its Lua objects and the stacks of its Lua threads share."""

from __future__ import annotations

from typing import Final

from simulator.boards import Board
from simulator.units import KIB, MIB
from simulator.vm.machine import Machine

INTERNAL_BYTES: Final = 224 * KIB
"""What Lua RTOS leaves free of the chip's own memory (our estimate; no size is configured)."""
PSRAM_BYTES: Final = 4 * MIB
TASK_BYTES: Final = 1 * KIB
"""What a task takes besides its stack."""

_HOST_BYTES_PER_BYTE: Final = 2
"""The host's Lua objects have 64-bit pointers; a table or string takes about twice what it takes on the ESP32."""


def heap_bytes(board: Board) -> int:
    """Return the free heap of a board on which Lua RTOS has just started."""
    return INTERNAL_BYTES + (PSRAM_BYTES if board.psram is not None else 0)


class Heap:
    """The memory that is left when Lua RTOS has started. Stacks have to be in the chip's own, Lua objects anywhere."""

    def __init__(self, board: Board) -> None:
        self._bytes = heap_bytes(board)
        self.machine = Machine(board, heap_bytes=self._bytes * _HOST_BYTES_PER_BYTE)
        self._stacks_bytes = 0
        self._least_free_bytes = self._bytes

    @property
    def free_bytes(self) -> int:
        """What is free now."""
        lua_bytes = self.machine.heap_used_bytes // _HOST_BYTES_PER_BYTE
        free_bytes = max(0, self._bytes - self._stacks_bytes - lua_bytes)
        self._least_free_bytes = min(self._least_free_bytes, free_bytes)
        return free_bytes

    @property
    def least_free_bytes(self) -> int:
        """The least that was free whenever somebody asked, now included."""
        return min(self.free_bytes, self._least_free_bytes)

    def has_room(self, stack_bytes: int) -> bool:
        """Whether a task with such a stack could be made. The heap is never used up to the last byte."""
        needed_bytes = stack_bytes + TASK_BYTES
        return needed_bytes < min(self.free_bytes, INTERNAL_BYTES - self._stacks_bytes)

    def take(self, stack_bytes: int) -> None:
        """Take what a task with such a stack needs."""
        self._change(stack_bytes + TASK_BYTES)

    def give(self, stack_bytes: int) -> None:
        """Give it back."""
        self._change(-stack_bytes - TASK_BYTES)

    def _change(self, more_bytes: int) -> None:
        self._stacks_bytes += more_bytes
        self.machine.set_aside(self._stacks_bytes * _HOST_BYTES_PER_BYTE)
