"""What is known of a computation that reads a flash chip: for which contents it comes to what.

Such a computation is a function of what it reads. It reads one sector first, whatever is in the flash; what is in it
decides which sector is read next, and so on to the outcome. So all that can happen is a tree: each fork asks what is in
one sector, each leaf is an outcome. `Knowledge` is the part of that tree that has been seen. A state of the flash that
leads to a leaf needs not be tried, whatever its other sectors hold: nobody would have looked at them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, TypeVar

from simulator.errors import SimulatorInternalError

Outcome = TypeVar("Outcome")
Sectors = Sequence[bytes]
"""The contents of a flash, sector by sector."""


@dataclass(slots=True)
class _Stretch(Generic[Outcome]):
    """A way without forks: sectors that are read one after the other, and what was in them.

    Then comes either the outcome or a fork, by what is in one sector.
    """

    sectors: tuple[int, ...]
    contents: tuple[bytes, ...]
    outcome: Outcome | None = None
    fork: int | None = None
    branches: dict[bytes, _Stretch[Outcome]] = field(default_factory=dict)
    pick: Callable[[Sectors], object] | None = None
    """Gets the contents of ``sectors`` out of a state, much faster than one by one."""

    def __post_init__(self) -> None:
        self.pick = itemgetter(*self.sectors) if len(self.sectors) > 1 else None

    def departure(self, state: Sectors) -> int | None:
        """Return which of the sectors is the first with another content in ``state``, None if none is."""
        if self.pick is not None and self.pick(state) == self.contents:
            return None
        pairs = enumerate(zip(self.sectors, self.contents, strict=True))
        return next((index for index, (sector, content) in pairs if state[sector] != content), None)

    def split(self, index: int) -> None:
        """Make the sector with that index the fork; what comes after it becomes a branch."""
        rest = _Stretch(self.sectors[index + 1 :], self.contents[index + 1 :], self.outcome, self.fork, self.branches)
        self.outcome, self.fork, self.branches = None, self.sectors[index], {self.contents[index]: rest}
        self.sectors, self.contents = self.sectors[:index], self.contents[:index]
        self.__post_init__()


class Knowledge(Generic[Outcome]):
    """The known part of the tree."""

    def __init__(self) -> None:
        self._root: _Stretch[Outcome] | None = None

    def find(self, state: Sectors) -> Outcome | None:
        """Return what the computation comes to in ``state``, None if that is not known."""
        stretch = self._root
        while stretch is not None and stretch.departure(state) is None:
            if stretch.fork is None:
                return stretch.outcome
            stretch = stretch.branches.get(state[stretch.fork])
        return None

    def learn(self, state: Sectors, reads: Sequence[int], outcome: Outcome) -> None:
        """Take note that the computation, tried in ``state``, read these sectors in this order and came to ``outcome``.

        What is known already is not changed. Raises `SimulatorInternalError` if it contradicts what is known: then the
        outcome depends on something else than the flash.
        """
        reads, position = tuple(reads), 0
        stretch = self._root
        if stretch is None:
            self._root = _explored(state, reads, outcome)
            return
        while True:
            index = stretch.departure(state)
            length = len(stretch.sectors) if index is None else index
            _check(stretch.sectors[:length] == reads[position : position + length])
            position += length
            if index is not None:
                _check(reads[position : position + 1] == (stretch.sectors[index],))
                stretch.split(index)
            if stretch.fork is None:
                _check(position == len(reads) and stretch.outcome == outcome)
                return
            _check(reads[position : position + 1] == (stretch.fork,))
            position += 1
            content = state[stretch.fork]
            branch = stretch.branches.get(content)
            if branch is None:
                stretch.branches[content] = _explored(state, reads[position:], outcome)
                return
            stretch = branch


def _explored(state: Sectors, reads: tuple[int, ...], outcome: Outcome) -> _Stretch[Outcome]:
    return _Stretch(reads, tuple(state[sector] for sector in reads), outcome)


def _check(agrees: bool) -> None:
    if not agrees:
        raise SimulatorInternalError("two runs that had read the same went on differently")
