"""How hostile bytes are made. Hypothesis keeps what it has drawn, so it draws recipes and not megabytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from hypothesis import strategies as st

from tests.filesystem.littlefs_log import BLOCK_BYTES, blocks_with_logs, edited, read_log

Edit = tuple[int, bytes | int, int]
"""Where, and what how often; instead of bytes, where to copy so many bytes from."""
Mender = Callable[[bytearray], None]
"""Makes right again what bytes say of themselves."""

WORDS: Final = st.one_of(
    st.sampled_from(
        [
            *(0, 1, 2, 3, 4, 0x10, 0xFF, 0x100, 0x1000, 0x2000, 0x8000, 0x9000, 0x10000, 0x110000, 0x320000, 0x320004),
            *(0x3FF000, 0x400000, 0x400001, 0xFFFFFC, 0x1000000, 0x1000004, 0x7FFFFFFF, 0x80000000),
            *(0x3F400020, 0x3FFAE000, 0x3FFB0000, 0x3FFFFFFC, 0x40078000, 0x40080400, 0x400C0000, 0x400D0020),
            *(0x50000000, 0xFFFF0000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF),
        ]
    ),
    st.integers(0, 0xFFFFFFFF),
)
WORD: Final = struct.Struct("<I")


@runtime_checkable
class Buildable(Protocol):
    """Something that bytes are made from."""

    def build(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """Changes to bytes, which have the same length afterwards, unless ``length`` is another."""

    base: bytes = field(repr=False)
    edits: tuple[Edit, ...] = ()
    menders: tuple[Mender, ...] = ()
    length: int | None = None

    def build(self) -> bytes:
        data = bytearray(self.base)
        for offset, unit, count in self.edits:
            piece = data[unit : unit + count] if isinstance(unit, int) else unit * count
            data[offset : offset + len(piece)] = piece[: max(0, len(data) - offset)]
        for mend in self.menders:
            mend(data)
        return bytes(data if self.length is None else data[: self.length].ljust(self.length, b"\xff"))


def edits(offsets: st.SearchStrategy[int], *, most: int) -> st.SearchStrategy[tuple[Edit, ...]]:
    """Return a strategy for changes: bytes, words, stretches of the same byte, and copies from elsewhere."""
    fills = st.sampled_from([b"\0", b"\xff", b"\x5a"])
    edit = st.one_of(
        *[st.tuples(offsets, st.binary(min_size=1, max_size=1), st.just(1))] * 3,
        *[st.tuples(offsets.map(lambda offset: offset & ~3), WORDS.map(WORD.pack), st.just(1))] * 2,
        st.tuples(offsets, fills, st.sampled_from([2, 4, 32, 256, 4096, 65536])),
        st.tuples(offsets, offsets, st.just(32)),
    )
    return st.lists(edit, max_size=most).map(tuple)


def damaged(make: Callable[[], tuple[bytes, ...]]) -> st.SearchStrategy[Recipe]:
    """Return a strategy for one of some byte strings with up to a dozen changes anywhere."""
    return st.deferred(lambda: st.sampled_from(make())).flatmap(
        lambda base: st.builds(Recipe, st.just(base), edits(st.integers(0, len(base) - 1), most=12))
    )


# -- littlefs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TagEdit:
    """A change to a tag in the logs of a littlefs; ``block`` and ``index`` wrap around those that there are."""

    block: int
    index: int
    type: int | None
    entry: int | None
    word_at: int
    word: int | None
    length: int | None

    def apply(self, contents: bytes) -> bytes:
        blocks = blocks_with_logs(contents)
        if not blocks:
            return contents
        block = blocks[self.block % len(blocks)]
        tags = read_log(contents[block * BLOCK_BYTES :][:BLOCK_BYTES])
        index = self.index % len(tags)
        data = bytearray(tags[index].data)
        if self.word is not None and data:
            at = self.word_at * 4 % len(data)
            data[at : at + 4] = WORD.pack(self.word)[: len(data) - at]
        if self.length is not None:
            data = data[: self.length].ljust(self.length, b"\0")
        return edited(contents, block, index, tags[index].changed(type_=self.type, entry=self.entry, data=bytes(data)))


@dataclass(frozen=True, slots=True)
class LogRecipe:
    """Changes to what the logs of a littlefs say, every CRC right."""

    base: bytes = field(repr=False)
    edits: tuple[TagEdit, ...]

    def build(self) -> bytes:
        contents = self.base
        for edit in self.edits:
            contents = edit.apply(contents)
        return contents


def relogged(make: Callable[[], tuple[bytes, ...]]) -> st.SearchStrategy[LogRecipe]:
    """Return a strategy for littlefs whose logs say something else."""
    types = st.one_of(
        st.sampled_from([0, 1, 2, 0xFF, 0x200, 0x201, 0x202, 0x300, 0x401, 0x402, 0x4FF, 0x500, 0x501, 0x5FF]),
        st.sampled_from([0x600, 0x601, 0x7FF]),
        st.integers(0, 0x7FF),
    )
    edit = st.builds(
        TagEdit,
        block=st.integers(0, 7),
        index=st.integers(0, 40),
        type=st.one_of(st.none(), st.none(), types),
        entry=st.one_of(st.none(), st.none(), st.integers(0, 6), st.just(0x3FF), st.integers(0, 0x3FF)),
        word_at=st.integers(0, 5),
        word=st.one_of(st.none(), st.integers(0, 16), WORDS, st.sampled_from([0x4FF00000, 0x4FF00400, 0x80000000])),
        length=st.one_of(st.none(), st.none(), st.none(), st.sampled_from([0, 1, 4, 8, 12, 24, 0x3FE])),
    )
    return st.deferred(lambda: st.sampled_from(make())).flatmap(
        lambda base: st.builds(LogRecipe, st.just(base), st.lists(edit, min_size=1, max_size=4).map(tuple))
    )
