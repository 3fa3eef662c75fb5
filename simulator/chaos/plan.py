"""A plan of what goes wrong, drawn from a seed, and each fault of it made simpler.

A plan is nothing but ordinary faults (`simulator.faults`), each as a user can write it; so a plan is a command line,
and what one plan did is repeated by hand. It is drawn for a board from how a run of it without faults went, the
`Course`: when its update is over, how long its image is, which flash operations there are. All arithmetic is that of
integers, so that a seed means the same plan on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from simulator.faults import FAULTS, AtByte, AtCut, AtFlashOp, AtShare, AtTime, Fault, FaultKind, Layer, Moment
from simulator.faults.fault import RESET
from simulator.flash.cut import Cut, Pattern, Phase
from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from simulator.boards.schema import Profile

T = TypeVar("T")

Plan: TypeAlias = tuple[Fault, ...]
"""What goes wrong, in the order in which it was drawn, which means nothing."""

FOREIGN: Final = frozenset({"dns-wrong", "wrong-board", "downgrade", "replay"})
"""Faults that hand a board firmware which is not meant for it. The stock profile takes it (it is all in the museum of
`scenarios/`), and what that firmware does then is not for the promises of ours; so only hardened boards meet them."""

_COUNTS: Final = (1, 1, 2, 2, 2, 3, 3, 4, 5, 6)
"""How many faults a plan has."""
_HALF: Final = 0.5
_PHASES: Final[tuple[Phase, ...]] = ("before", "torn", "torn", "after")
_PHASES_OF_RESET: Final[tuple[Phase, ...]] = ("before", "after")
_SHARES: Final = 16
"""How far a torn operation came is a whole number of parts of which there are so many."""
_PATTERNS: Final[tuple[Pattern, ...]] = (*("prefix",) * 3, "bits", "zeros", "weak")
_SHORT_MS: Final = 20
_LONGEST_SHIFT: Final = 11
"""What lasts does so for up to 20 ms times a power of two up to this one: short ones are as likely as long ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a run without faults went."""

    duration_ns: int
    """Until the board was idle."""
    operations: int
    """How many flash operations there were."""
    decisive: tuple[tuple[int, ...], ...]
    """The numbers of those that are not of the image, by what they are of: otadata, NVS, file system."""
    image_bytes: int
    """The length of what is downloaded; 0 if nothing is."""
    profile: Profile


def draw_plan(seed: int, course: Course) -> Plan:
    """Return the plan that ``seed`` means for a board whose run without faults was as ``course`` tells."""
    draw = _Draw(Rng(seed, "chaos"), course)
    return tuple(draw.fault() for _ in range(draw.one_of(_COUNTS)))


def options_of(plan: Plan) -> list[str]:
    """Return the options of a command line that mean the same plan."""
    return [word for fault in plan for word in ("--fault", fault.text)]


class _Draw:
    """Draws one fault after the other."""

    def __init__(self, rng: Rng, course: Course) -> None:
        self._rng = rng
        self._course = course
        kinds = [kind for kind in FAULTS.values() if course.profile != "stock" or kind.name not in FOREIGN]
        power = [kind for kind in kinds if kind.layer is Layer.POWER]
        link = [kind for kind in kinds if kind.layer in (Layer.RADIO, Layer.NETWORK)]
        server = [kind for kind in kinds if kind.layer.is_of_server]
        self._groups = (power, power, link, server)
        """Each as likely as the others, so one fault in two is one of the power. A flash chip with a damaged sector
        keeps no promise, so that is none of them."""

    def one_of(self, things: Sequence[T]) -> T:
        return things[self._rng.integer(0, len(things) - 1)]

    def one_in(self, count: int) -> bool:
        return self._rng.integer(1, count) == 1

    def fault(self) -> Fault:
        kind = self.one_of(self.one_of(self._groups))
        when = self._when_of_power(kind) if kind.layer is Layer.POWER else self._when()
        return Fault(kind, when, self._duration_ns() if kind.lasts else None)

    def _when_of_power(self, kind: FaultKind) -> Moment:
        if self.one_in(4) or not self._course.operations:
            return self._time()
        number = self._operation()
        if kind.name == RESET:  # a chip with power carries out what it has begun
            return AtCut(Cut(number, self.one_of(_PHASES_OF_RESET)))
        phase = self.one_of(_PHASES)
        if phase != "torn":
            return AtCut(Cut(number, phase))
        share = self._rng.integer(0, _SHARES) / _SHARES
        return AtCut(Cut(number, "torn", share, self.one_of(_PATTERNS)))

    def _operation(self) -> int:
        """Return a number: that of a decisive operation, or of any; also of those that only an earlier fault causes."""
        decisive = self._course.decisive
        if decisive and self.one_in(2):
            return self.one_of(self.one_of(decisive)) + self._rng.integer(0, 2)
        return self._rng.integer(0, self._course.operations * 3 // 2)

    def _when(self) -> Moment:
        if self._course.image_bytes and self.one_in(2):
            return AtByte(self._rng.integer(0, self._course.image_bytes - 1))
        return self._time()

    def _time(self) -> AtTime:
        return AtTime(self._rng.integer(0, self._course.duration_ns * 5 // 4 // NS_PER_MS) * NS_PER_MS)

    def _duration_ns(self) -> int:
        return self._rng.integer(1, _SHORT_MS << self._rng.integer(0, _LONGEST_SHIFT)) * NS_PER_MS


def simpler_faults(fault: Fault) -> Iterator[Fault]:
    """Yield the faults that say the same in a simpler way, simplest first: one that is earlier, shorter or rounder.

    Each of them has fewer of these again, so that whoever follows them comes to an end.
    """
    for when in _simpler_moments(fault.when):
        yield replace(fault, when=when)
    if fault.duration_ns is not None:
        for duration_ns in _simpler_times(fault.duration_ns):
            if duration_ns:
                yield replace(fault, duration_ns=duration_ns)


def _simpler_moments(when: Moment) -> Iterator[Moment]:
    match when:
        case AtTime(time_ns):
            yield from map(AtTime, _simpler_times(time_ns))
        case AtByte(byte):
            yield from map(AtByte, _smaller(byte))
        case AtFlashOp(number):
            yield from map(AtFlashOp, _smaller(number))
        case AtCut(cut):
            yield from map(AtCut, _simpler_cuts(cut))
        case AtShare(share) if share:
            yield AtShare(0.0)


def _simpler_cuts(cut: Cut) -> Iterator[Cut]:
    for number in _smaller(cut.operation):
        yield replace(cut, operation=number)
    if cut.phase != "before":
        yield Cut(cut.operation, "before")
    if cut.phase == "torn":
        if cut.pattern != "prefix":
            yield replace(cut, pattern="prefix")
        if cut.share != _HALF:
            yield replace(cut, share=_HALF)


def _smaller(number: int) -> Iterator[int]:
    """Yield smaller numbers: first 0, then nearer and nearer to it."""
    step = number
    while step:
        yield number - step
        step //= 2


def _simpler_times(time_ns: int) -> Iterator[int]:
    """Yield shorter times, those first that are round."""
    for unit in (NS_PER_S, NS_PER_S // 10, NS_PER_MS):
        yield from (count * unit for count in _smaller(-(-time_ns // unit)) if count * unit < time_ns)
        if time_ns % unit == 0:
            return
