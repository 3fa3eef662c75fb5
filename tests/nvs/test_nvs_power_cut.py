"""The power fails before, in the middle of and after every flash operation: each value is the old or the new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import pytest

from simulator.flash import FaultyFlashChip, FlashChip, FlashSnapshot, Journal, Nvs, PartitionView
from simulator.flash.cut import Pattern
from simulator.formats import EspErr, EspError, Partition
from simulator.nvs import NvsHandle
from tests.helpers import torn

Step = Callable[[NvsHandle], None]
Values = dict[str, object]

KEYS = {"number": "u32", "text": "str", "blob": "blob", "big": "blob", "other": "i64", "k0": "u8", "k50": "u8"}


def setting(type_: str, key: str, value: object) -> Step:
    return lambda handle: getattr(handle, f"set_{type_}")(key, value)


def erasing(key: str) -> Step:
    return lambda handle: handle.erase_key(key)


def every_kind() -> Iterator[Step]:
    """Set, overwrite and delete values of every kind."""
    for turn in range(3):
        yield setting("u32", "number", turn)
        yield setting("str", "text", f"text number {turn} " * (1 + 3 * turn))
        yield setting("blob", "blob", bytes((turn,)) * (5 + 900 * turn))
        yield setting("i64", "other", -turn)
        yield setting("blob", "blob", b"x")
        yield erasing("text")
        yield erasing("number")


def filled() -> Iterator[Step]:
    """Fill two of three pages with values of every kind and with garbage."""
    yield setting("u32", "number", 1)
    yield setting("str", "text", "text" * 20)
    yield setting("blob", "blob", bytes(range(200)))
    for number in range(227):
        yield setting("u8", f"k{number % 85}", number)


def garbage() -> Iterator[Step]:
    """Collect it, twice."""
    for number in range(60):
        yield setting("u8", f"k{number}", 255)
    yield setting("str", "text", "other text" * 20)
    for number in range(60):
        yield setting("u8", f"k{number}", 254)


def blobs_over_pages() -> Iterator[Step]:
    """Overwrite a blob that takes more than a page."""
    yield setting("blob", "big", bytes(4500))
    yield setting("u32", "number", 1)
    yield setting("blob", "big", b"n" * 6000)
    yield setting("blob", "big", b"m" * 100)
    yield setting("blob", "big", b"l" * 5000)


def start(chip: FlashChip) -> Nvs:
    nvs = Nvs(PartitionView(chip, Partition("nvs", 1, 2, 0, chip.size_bytes)))
    nvs.init()
    return nvs


def values(nvs: Nvs) -> Values:
    """Return what the getters of the keys say, None for what is not found."""
    handle = nvs.open("storage", read_only=True)
    found: Values = {}
    for key, type_ in KEYS.items():
        try:
            found[key] = getattr(handle, f"get_{type_}")(key)
        except EspError as error:
            if error.code != EspErr.ESP_ERR_NVS_NOT_FOUND:
                raise
            found[key] = None
    return found


@dataclass(frozen=True)
class Cut:
    """A state that a power cut can leave, with the values before and after the step that it interrupted."""

    where: str
    kind: str
    flash: FlashSnapshot
    old: Values
    new: Values


def torn_bytes(kind: str, length: int) -> tuple[int, ...]:
    """Return after how many bytes an operation is cut: in its first word, its middle, before its last byte."""
    sizes = (1, 2, 3, 8, 24, 28, 31) if kind == "program" else (1, 3, 4, 28, 33, 64, 100, 2000, 4095)
    return tuple(sorted({size for size in (*sizes, length // 2, length - 1) if 0 < size < length}))


def cuts(steps: Iterator[Step], pages: int, before: Iterable[Step], pattern: Pattern = "prefix") -> Iterator[Cut]:
    chip = FlashChip(pages * 4096)
    nvs = start(chip)
    handle = nvs.open("storage")
    for step in before:
        step(handle)
    old = values(nvs)
    for number, step in enumerate(steps):
        journal = chip.journal = Journal(chip.snapshot())
        step(handle)
        chip.journal = None
        new = values(start(FlashChip.from_snapshot(chip.snapshot())))
        for operation, (flash, after) in zip(journal.operations, pairwise(journal.states()), strict=True):
            where, kind = f"step {number}, operation {operation.index}", operation.kind
            for size in torn_bytes(kind, operation.length):
                yield Cut(f"{where} after {size} bytes", kind, torn(flash, operation, size, pattern), old, new)
            yield Cut(where, kind, after, old, new)
        old = new


@pytest.mark.parametrize(
    ("steps", "pages", "before", "count_min"),
    [
        pytest.param(every_kind, 3, tuple, 500, id="every kind"),
        pytest.param(blobs_over_pages, 6, tuple, 500, id="blobs over pages"),
        pytest.param(garbage, 3, filled, 1500, id="garbage", marks=pytest.mark.slow),
    ],
)
def test_every_value_is_the_old_or_the_new_one(steps, pages, before, count_min):
    count = 0
    for cut in cuts(steps(), pages, before()):
        count += 1
        found = values(start(FlashChip.from_snapshot(cut.flash)))
        for key, value in found.items():
            assert value in (cut.old[key], cut.new[key]), (cut.where, key)
    assert count > count_min


@pytest.mark.parametrize("pattern", ["zeros", "bits", "weak"])
@pytest.mark.parametrize(
    ("steps", "pages", "before"),
    [
        pytest.param(every_kind, 3, tuple, id="every kind"),
        pytest.param(garbage, 3, filled, id="garbage", marks=pytest.mark.slow),
    ],
)
def test_every_value_is_the_old_or_the_new_one_whatever_torn_operations_leave(steps, pages, before, pattern):
    """In the first stage of an erase, with random bits, and with bits that read either way."""
    kinds = set()
    for number, cut in enumerate(cuts(steps(), pages, before(), pattern)):
        if steps is garbage and cut.kind == "program" and number % 25:
            continue  # of these the other case has enough
        kinds.add(cut.kind)
        found = values(start(FaultyFlashChip.from_snapshot(cut.flash)))
        for key, value in found.items():
            assert value in (cut.old[key], cut.new[key]), (cut.where, key)
    assert kinds == ({"program"} if steps is every_kind else {"program", "erase"})


@pytest.mark.slow
@pytest.mark.parametrize("pages", [3, 4])
def test_cut_leaves_a_store_that_goes_on_working(pages):
    """Two more collections after each cut, and nothing that was not touched changes."""
    for cut in islice(cuts(garbage(), pages, filled()), 0, None, 37):
        chip = FlashChip.from_snapshot(cut.flash)
        nvs = start(chip)
        kept = values(nvs)
        handle = nvs.open("storage")
        for value in range(260):
            handle.set_u32("after", value)
        for again in (nvs, start(chip)):
            assert values(again) == kept, cut.where
            assert again.open("storage").get_u32("after") == 259


@pytest.mark.slow
def test_cut_while_recovering_from_a_cut_costs_nothing_either():
    for cut in islice(cuts(garbage(), 3, filled()), 0, None, 37):
        chip = FlashChip.from_snapshot(cut.flash)
        journal = chip.journal = Journal(cut.flash)
        start(chip)
        chip.journal = None
        for operation, (flash, after) in zip(journal.operations, pairwise(journal.states()), strict=True):
            for left in (torn(flash, operation, operation.length // 2), after):
                found = values(start(FlashChip.from_snapshot(left)))
                for key, value in found.items():
                    assert value in (cut.old[key], cut.new[key]), (cut.where, operation.index, key)
