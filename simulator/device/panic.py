"""The text of a panic, which goes to the UART as it is and ends with a restart (``esp32/panic.c``).

What a twin without a CPU cannot know, the registers and addresses, is made up: plausible, and the same on every run.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from simulator.firmware import Manifest

BROWNOUT_TEXT: Final = b"\r\nBrownout detector was triggered\r\n\r\n"
"""What the app's interrupt handler of the brownout detector prints before it restarts (``esp32/brownout.c``)."""

_ABORT_PC: Final = 0x40087FB0
_FAULT_PC: Final = 0x4000C2D0
_FREED_BLOCK: Final = 0x3FFD6A4C
_STACK: Final = 0x3FFB5E40


class Frame(NamedTuple):
    """An address of code, and where the stack was."""

    pc: int
    sp: int


def backtrace_of(panic: bytes) -> tuple[Frame, ...]:
    """Return the frames that a panic has printed."""
    _, _, line = panic.rpartition(b"\nBacktrace:")
    return tuple(Frame(int(pc, 16), int(sp, 16)) for pc, sp in re.findall(rb" 0x([0-9a-f]+):0x([0-9a-f]+)", line))


def abort_text(manifest: Manifest) -> bytes:
    """Return what ``abort()`` prints: a failed assertion, ``os.exit(1)``."""
    return f"abort() was called at PC 0x{_ABORT_PC:08x} on core 0\r\n".encode() + _end(manifest, _ABORT_PC)


def corrupt_heap_text(manifest: Manifest) -> bytes:
    """Return what the heap prints when memory is given back twice (``multi_heap.c``)."""
    return f"CORRUPT HEAP: multi_heap.c:477 detected at 0x{_FREED_BLOCK:08x}\r\n".encode() + abort_text(manifest)


def exception_text(manifest: Manifest, reason: str, *, core: int = 0, address: int = 0) -> bytes:
    """Return what a CPU exception prints: ``reason`` is like ``LoadProhibited``, ``address`` what was touched."""
    names = ["PC", "PS", *(f"A{n}" for n in range(16)), "SAR", "EXCCAUSE", "EXCVADDR", "LBEG", "LEND", "LCOUNT"]
    values = {"PC": _FAULT_PC, "PS": 0x00060D30, "A0": 0x800D5678, "A1": _STACK, "EXCCAUSE": 0x1C, "EXCVADDR": address}
    registers = [f"{name:<8}: 0x{values.get(name, 0):08x}  " for name in names]
    rows = "".join("".join(registers[start : start + 4]) + "\r\n" for start in range(0, len(registers), 4))
    head = f"Guru Meditation Error: Core {core:2d} panic'ed ({reason}). Exception was unhandled.\r\n"
    return f"{head}Core {core} register dump:\r\n{rows}".encode() + _end(manifest, _FAULT_PC)


def _end(manifest: Manifest, pc: int) -> bytes:
    digest = manifest.commit.ljust(64, "0")  # the twin's app has no ELF file; its commit stands in
    trace = f"Backtrace: 0x{pc:08x}:0x{_STACK:08x} 0x400d5675:0x{_STACK + 0x20:08x}"
    return f"\r\nELF file SHA256: {digest}\r\n\r\n{trace}\r\n\r\nRebooting...\r\n".encode()
