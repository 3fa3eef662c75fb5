"""The tree of what is known, held against a computation that is written down: what it finds is what that comes to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import SimulatorInternalError
from simulator.sweep.knowledge import Knowledge

SECTORS = 6
State = tuple[bytes, ...]


def state(text: str) -> State:
    """Return a flash with one letter in each sector."""
    return tuple(letter.encode() for letter in text)


def walk(start: State) -> tuple[tuple[int, ...], str]:
    """Compute something: each sector that is read says which one is next, and one that was read before is the end."""
    reads: list[int] = []
    sector = 0
    while sector not in reads:
        reads.append(sector)
        sector = start[sector][0] % SECTORS
    return tuple(reads), "".join(start[index].decode() for index in reads)


def learned(*texts: str) -> Knowledge[str]:
    known: Knowledge[str] = Knowledge()
    for text in texts:
        known.learn(state(text), *walk(state(text)))
    return known


def test_nothing_is_known_in_the_beginning() -> None:
    assert Knowledge[str]().find(state("aaaaaa")) is None


def test_a_sector_that_was_not_read_does_not_matter() -> None:
    """The letter c leads from sector 0 to 3, f back to 0, and a to 1."""
    known = learned("cxxfxx")
    assert walk(state("cxxfxx"))[0] == (0, 3)
    assert known.find(state("cyzfyz")) == "cf"
    assert known.find(state("cxxaxx")) is None


@given(st.lists(st.text("abcdefghijkl", min_size=SECTORS, max_size=SECTORS), min_size=1, max_size=40))
def test_what_is_known_is_found_and_nothing_else(texts: list[str]) -> None:
    known: Knowledge[str] = Knowledge()
    tried = set()
    for text in texts:
        reads, outcome = walk(state(text))
        assert known.find(state(text)) == (outcome if (reads, outcome) in tried else None)
        known.learn(state(text), reads, outcome)
        tried.add((reads, outcome))
    for text in texts:
        assert known.find(state(text)) == walk(state(text))[1]


@pytest.mark.parametrize(
    "contradict",
    [
        lambda known: known.learn(state("cxxfxx"), (0, 3), "another outcome"),
        lambda known: known.learn(state("cxxfxx"), (0, 4), "cf"),
        lambda known: known.learn(state("cxxfxx"), (0, 3, 4), "cf"),
        lambda known: known.learn(state("cxxfxx"), (0,), "cf"),
        lambda known: known.learn(state("cxxaxx"), (0, 4), "cf"),
    ],
    ids=["another outcome", "another sector", "one more", "one less", "another sector to depart at"],
)
def test_a_computation_that_depends_on_more_than_the_flash_is_found_out(
    contradict: Callable[[Knowledge[str]], None],
) -> None:
    with pytest.raises(SimulatorInternalError, match="went on differently"):
        contradict(learned("cxxfxx"))
