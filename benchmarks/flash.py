"""The flash chip alone: an image programmed in the pieces in which an update writes it."""

from __future__ import annotations

from benchmarks.report import Row
from benchmarks.timing import Effort, median_cpu_s
from simulator.flash import FlashChip
from simulator.flash.journal import Journal
from simulator.units import KIB, MIB

_PIECE_BYTES = 1 * KIB


def measure(effort: Effort) -> list[Row]:
    pieces = [bytes([number % 255]) * _PIECE_BYTES for number in range(MIB // _PIECE_BYTES)]
    plain_s, journalled_s = median_cpu_s(
        effort, lambda: _program(pieces, journalled=False), lambda: _program(pieces, journalled=True)
    )
    return [
        Row(
            what="flash: 1 MiB programmed in pieces of 1 KiB",
            value=plain_s * 1e3,
            unit="ms",
            detail=f"with a journal {journalled_s * 1e3:.2f} ms",
        )
    ]


def _program(pieces: list[bytes], *, journalled: bool) -> None:
    chip = FlashChip()
    if journalled:
        chip.journal = Journal(chip.snapshot())
    for number, piece in enumerate(pieces):
        chip.program(number * _PIECE_BYTES, piece)
