"""A power cut at one flash operation, and the state in which it leaves a chip.

A cut is written ``1742:before``, ``1742:torn:0.5``, ``1742:torn:0.5:bits`` or ``1742:after``: the number of the
operation, what became of it, and of a torn one how far it came and what it left.

What a torn operation leaves, by pattern
    ``prefix``: the first bytes are done, the others are as they were.
    ``bits``: the same of a program call, but the command under way (at most 32 bytes) has cleared only some of its
    bits, at random. Of an erase: the chip was raising the bits of all its sectors, as great a share as it came far
    has arrived at 1, at random.
    ``zeros``: an erase begins by programming all bits to 0, so that they rise evenly; the first bytes are 0, the
    others as they were. A program call has no such stage: it leaves what ``prefix`` does.

`apply_cut` needs no chip and copies only the sectors that the operation touches, so that the states of a thousand cuts
of one recorded run cost next to nothing.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from simulator.errors import UsageError
from simulator.flash.chip import SECTOR_BYTES, FlashOperation, FlashSnapshot, share_erased
from simulator.flash.timing import PAGE_BYTES, PROGRAM_COMMAND_BYTES
from simulator.rng import Rng

Phase: TypeAlias = Literal["before", "torn", "after"]
Pattern: TypeAlias = Literal["prefix", "bits", "zeros"]

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
PATTERNS: Final[tuple[Pattern, ...]] = get_args(Pattern)
SHARES: Final = (0.25, 0.5, 0.75)
"""How far the torn operations of `cuts_of` came, if nobody says otherwise."""

_SHAPE: Final = re.compile(r"(?P<operation>\d{1,9})(:(?P<how>.*))?", re.DOTALL)
_SHARE: Final = re.compile(r"(\d{1,3}(\.\d{1,20})?|\.\d{1,20})(e-\d{1,3})?")
_ALL_ONES: Final = b"\xff" * SECTOR_BYTES
_ALL_ZEROS: Final = bytes(SECTOR_BYTES)
_CHANCE_BITS: Final = 8
"""The chance of a bit to be 1 is a whole number of 256ths."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes at the operation with the number ``operation``, counted as `FlashOperation.index` is.

    ``share``, 0 to 1, and ``pattern`` are those of a torn operation, and mean nothing otherwise.
    """

    operation: int
    phase: Phase
    share: float = 0.5
    pattern: Pattern = "prefix"

    def __str__(self) -> str:
        text = f"{self.operation}:{self.phase}"
        if self.phase == "torn":
            text += f":{self.share!r}".removesuffix(".0")
            if self.pattern != "prefix":
                text += f":{self.pattern}"
        return text

    def done_bytes(self, length: int) -> int:
        """Return how many bytes of a torn operation over ``length`` bytes were done."""
        return round(self.share * length)


def parse_cut(text: str) -> Cut:
    """Return the cut that ``text`` stands for, as ``str`` writes it. Raises `UsageError` that says what is allowed."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} is no power cut; write the number of a flash operation and what becomes of it, "
            "such as 1742:before, 1742:torn:0.5 or 1742:after"
        )
    return parse_how(int(match["operation"]), match["how"] or "before", text)


def parse_how(operation: int, how: str, text: str) -> Cut:
    """Return the cut of an operation that ``how`` describes, such as ``torn:0.5``. ``text`` is what errors name."""
    phase, *rest = how.split(":")
    if phase not in PHASES or (rest and phase != "torn") or len(rest) > 2:
        raise UsageError(f"{text!r}: {how!r} is no way to cut; write before, torn, torn:SHARE[:PATTERN] or after")
    if not rest:
        return Cut(operation, phase)
    share, pattern = rest[0], rest[1] if len(rest) > 1 else "prefix"
    if not _SHARE.fullmatch(share) or float(share) > 1:
        raise UsageError(f"{text!r}: {share!r} is no share of an operation; write a number from 0 to 1, such as 0.5")
    if pattern not in PATTERNS:
        raise UsageError(f"{text!r}: there is no pattern {pattern!r}; there are {', '.join(PATTERNS)}")
    return Cut(operation, "torn", float(share), pattern)


def cuts_of(
    operation: FlashOperation, *, shares: Sequence[float] = SHARES, patterns: Sequence[Pattern] = ("prefix",)
) -> Iterator[Cut]:
    """Yield the cuts of one operation: before it, torn, after it.

    Left out are those that leave the same by their definition: shares that come to as many bytes, or to none or all
    of them, and ``zeros`` where nothing is erased.
    """
    number, length = operation.index, operation.length
    yield Cut(number, "before")
    for pattern in patterns:
        if pattern == "zeros" and operation.kind == "program" and "prefix" in patterns:
            continue
        seen = {0, length} if pattern != "bits" else set()
        for share in shares:
            cut = Cut(number, "torn", share, pattern)
            done = cut.done_bytes(length)
            if done not in seen:
                seen.add(done)
                yield cut
    yield Cut(number, "after")


def apply_cut(before: FlashSnapshot, operation: FlashOperation, cut: Cut) -> FlashSnapshot:
    """Return the state in which ``cut`` leaves a chip that was in the state ``before`` when ``operation`` began."""
    if cut.phase == "before":
        return before
    changed = dict(_changed(before.sectors, operation, cut))
    if not changed:
        return before
    sectors = list(before.sectors)
    for index, contents in changed.items():
        sectors[index] = share_erased(contents)
    wear = before.erase_counts
    if operation.kind == "erase":
        counts = array("I", wear)
        for index in changed:
            counts[index] += 1
        wear = counts.tobytes()
    return FlashSnapshot(tuple(sectors), wear)


def _changed(sectors: Sequence[bytes], operation: FlashOperation, cut: Cut) -> Iterator[tuple[int, bytes]]:
    """Yield the index and the new contents of every sector that was worked on before the power went."""
    length = operation.length
    pattern = cut.pattern if cut.phase == "torn" else "prefix"
    done = cut.done_bytes(length) if cut.phase == "torn" else length
    first = operation.address // SECTOR_BYTES
    if operation.kind == "program":
        data = _half_programmed(operation, done, cut) if pattern == "bits" else operation.data[:done]
        yield from _programmed(sectors, operation.address, data)
    elif pattern == "bits":
        rng = Rng(cut.operation, "torn erase")
        for index in range(first, first + length // SECTOR_BYTES):
            yield index, _bits(rng, cut.share)
    else:
        filling = _ALL_ZEROS if pattern == "zeros" else _ALL_ONES
        for index in range(first, first + -(-done // SECTOR_BYTES)):
            here = done - (index - first) * SECTOR_BYTES
            yield index, filling[:here] + sectors[index][here:]


def _programmed(sectors: Sequence[bytes], address: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    index, offset = divmod(address, SECTOR_BYTES)
    start = 0
    while start < len(data):
        piece = data[start : start + SECTOR_BYTES - offset]
        old, end = sectors[index], offset + len(piece)
        merged = int.from_bytes(old[offset:end], "little") & int.from_bytes(piece, "little")
        yield index, b"".join((old[:offset], merged.to_bytes(len(piece), "little"), old[end:]))
        start += len(piece)
        index, offset = index + 1, 0


def _half_programmed(operation: FlashOperation, done: int, cut: Cut) -> bytes:
    """Return data that programs what a cut leaves of a program call: of the command under way, a part of its bits."""
    address, data = operation.address, operation.data
    at = address + min(done, len(data) - 1)
    in_page = max(address, at - at % PAGE_BYTES)  # where the commands of this page begin
    start = in_page + (at - in_page) // PROGRAM_COMMAND_BYTES * PROGRAM_COMMAND_BYTES
    end = min(start + PROGRAM_COMMAND_BYTES, at - at % PAGE_BYTES + PAGE_BYTES, address + len(data))
    command = data[start - address : end - address]
    spared = Rng(cut.operation, "torn program", str(start)).bytes(len(command))
    return data[: start - address] + bytes(wanted | spare for wanted, spare in zip(command, spared, strict=True))


def _bits(rng: Rng, chance: float) -> bytes:
    """Return a sector of random bits, each 1 with so great a chance."""
    digits = round(chance * (1 << _CHANCE_BITS))
    if digits >> _CHANCE_BITS:
        return _ALL_ONES
    # Each digit of the chance, from the last to the first, halves what the bits have of it and adds its own.
    bits = 0
    for place in range(_CHANCE_BITS):
        random = int.from_bytes(rng.bytes(SECTOR_BYTES), "little")
        bits = bits | random if digits >> place & 1 else bits & random
    return bits.to_bytes(SECTOR_BYTES, "little")
