"""A power cut at one flash operation, and the state in which it leaves a chip.

A cut is written ``1742:before``, ``1742:torn:0.5``, ``1742:torn:0.5:bits`` or ``1742:after``: the number of the
operation, what became of it, and of a torn one how far it came and what it left. Which states those are and why is
the fault model, `simulator.flash.damage`.

`apply_cut` needs no chip and copies only the sectors that the operation touches, so that the states of a thousand cuts
of one recorded run cost next to nothing.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import or_
from typing import Final, Literal, TypeAlias, get_args

from simulator.errors import UsageError
from simulator.flash.chip import SECTOR_BYTES, FlashOperation, FlashSnapshot, share_erased
from simulator.flash.timing import PAGE_BYTES, PROGRAM_COMMAND_BYTES
from simulator.rng import Rng

Phase: TypeAlias = Literal["before", "torn", "after"]
Pattern: TypeAlias = Literal["prefix", "bits", "zeros", "weak"]

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
PATTERNS: Final[tuple[Pattern, ...]] = get_args(Pattern)
SHARES: Final = (0.25, 0.5, 0.75)
"""How far the torn operations of `cuts_of` came, if nobody says otherwise."""

WEAK_SHARE: Final = 1 / 8
"""So many of the bits of a sector whose erase was interrupted are weak."""

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
        seen = {0, length} if pattern in ("prefix", "zeros") else set()
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
    changed = dict(_changed(before.sectors.__getitem__, operation, cut))
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
    weak = before.weak
    if weak or (cut.phase == "torn" and cut.pattern == "weak"):
        weak = _weak_bits(before, operation, cut)
    return FlashSnapshot(tuple(sectors), wear, weak)


def sectors_of(operation: FlashOperation) -> range:
    """Return the indexes of the sectors that an operation is about."""
    return range(operation.address // SECTOR_BYTES, -(-(operation.address + operation.length) // SECTOR_BYTES))


def _changed(
    old: Callable[[int], bytes], operation: FlashOperation, cut: Cut, *, erased: bytes = _ALL_ONES
) -> Iterator[tuple[int, bytes]]:
    """Yield the index and the new contents of every sector that was worked on before the power went.

    ``old`` returns what was in one, ``erased`` is what an erase makes of it.
    """
    pattern = cut.pattern if cut.phase == "torn" else "prefix"
    done = cut.done_bytes(operation.length) if cut.phase == "torn" else operation.length
    if operation.kind == "program":
        data = operation.data[:done]
        if pattern in ("bits", "weak"):
            start, wanted, spared = _command_under_way(operation, cut)
            data = data[:start] + bytes(map(or_, wanted, spared))
        yield from _programmed(old, operation.address, data)
    elif pattern in ("bits", "weak"):
        rng = Rng(cut.operation, "torn erase")
        for index in sectors_of(operation):
            yield index, random_bits(rng, cut.share)
    else:
        filling = _ALL_ZEROS if pattern == "zeros" else erased
        for index in sectors_of(operation):
            here = min(done, SECTOR_BYTES)
            if here:
                yield index, filling[:here] + old(index)[here:]
            done -= here


def _programmed(old: Callable[[int], bytes], address: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    index, offset = divmod(address, SECTOR_BYTES)
    start = 0
    while start < len(data):
        piece = data[start : start + SECTOR_BYTES - offset]
        sector, end = old(index), offset + len(piece)
        merged = int.from_bytes(sector[offset:end], "little") & int.from_bytes(piece, "little")
        yield index, b"".join((sector[:offset], merged.to_bytes(len(piece), "little"), sector[end:]))
        start += len(piece)
        index, offset = index + 1, 0


def _command_under_way(operation: FlashOperation, cut: Cut) -> tuple[int, bytes, bytes]:
    """Return the command at which a cut stops a program call: where it starts, its data, and the bits it has spared.

    The place counts from the beginning of the data. Chance decides which bits were spared.
    """
    address, data = operation.address, operation.data
    at = address + min(cut.done_bytes(operation.length), operation.length - 1)
    page = at - at % PAGE_BYTES
    first = max(address, page)  # the first command in this page
    start = first + (at - first) // PROGRAM_COMMAND_BYTES * PROGRAM_COMMAND_BYTES - address
    command = data[start : min(start + PROGRAM_COMMAND_BYTES, page + PAGE_BYTES - address)]
    return start, command, Rng(cut.operation, "torn program").bytes(len(command))


def _weak_bits(before: FlashSnapshot, operation: FlashOperation, cut: Cut) -> tuple[tuple[int, bytes], ...]:
    """Return which bits are weak after a cut: those that were and are not firm now, and those that it leaves so."""
    weak = dict(before.weak)
    rng = Rng(cut.operation, "weak")
    is_weak = cut.phase == "torn" and cut.pattern == "weak"

    def old(index: int) -> bytes:
        return weak.get(index, _ALL_ZEROS)

    if operation.kind == "program":
        # A bit that is programmed to 0 is firm: the masks change as the sectors do.
        weak.update(_changed(old, operation, cut))
        if is_weak:
            start, wanted, spared = _command_under_way(operation, cut)
            at, chance = operation.address + start, rng.bytes(len(wanted))
            for place, bits in enumerate(map(_undecided, wanted, spared, chance), at):
                index, offset = divmod(place, SECTOR_BYTES)
                mask = bytearray(old(index))
                mask[offset] |= bits & before.sectors[index][offset]
                weak[index] = bytes(mask)
    elif is_weak:
        weak.update((index, random_bits(rng, WEAK_SHARE)) for index in sectors_of(operation))
    elif cut.phase == "torn" and cut.pattern == "bits":
        weak.update((index, _ALL_ZEROS) for index in sectors_of(operation))
    else:
        weak.update(_changed(old, operation, cut, erased=_ALL_ZEROS))
    return tuple(sorted((index, mask) for index, mask in weak.items() if mask != _ALL_ZEROS))


def _undecided(wanted: int, spared: int, chance: int) -> int:
    """Return the bits of a byte that were to be cleared, are not, and by chance are not what they were either."""
    return ~wanted & spared & chance & 0xFF


def random_bits(rng: Rng, chance: float) -> bytes:
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
