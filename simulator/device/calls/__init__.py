"""What the requests of the Lua machine do: one module for each group, one method for each request.

A method marked with `call` gets the arguments of the request (bytes, numbers, booleans, None) and returns a tuple of
the values to answer with, or None for no value. A plain method is carried out at once; an async one in a task of its
own. It raises `DriverError` or `LuaError` to raise an error in the script, and may return `kernel.WAIT` and answer
later. Read `console` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from simulator.device.kernel import Kernel

_NAME: Final = "lua_request"

_F = TypeVar("_F", bound=Callable[..., Any])


def call(name: str) -> Callable[[_F], _F]:
    """Mark a method as what carries out the request ``name``."""

    def mark(function: _F) -> _F:
        setattr(function, _NAME, name.encode())
        return function

    return mark


def text_of(data: bytes) -> str:
    """Return a string of a script as text; what is no UTF-8 in it is kept, and `bytes_of` gives it back."""
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """Return text as the bytes that a script sees."""
    return text.encode("utf-8", "surrogateescape")


class CallGroup:
    """One module's calls. A group that outlives the interpreter is connected to the kernel of each that starts."""

    kernel: Kernel

    def connect(self, kernel: Kernel) -> None:
        """Take ``kernel`` as the one whose requests are carried out from now on."""
        self.kernel = kernel


def collect(*groups: CallGroup) -> Mapping[bytes, Callable[..., Any]]:
    """Return the marked methods of ``groups`` by the name of their request."""
    return _Calls(groups, _table(*map(type, groups)))


class _Calls(Mapping[bytes, Callable[..., Any]]):
    """Binds a method when it is asked for: a board uses few of them, and the table is one for all boards."""

    __slots__ = ("_groups", "_table")

    def __init__(self, groups: Sequence[CallGroup], table: Mapping[bytes, tuple[int, str]]) -> None:
        self._groups = groups
        self._table = table

    def __getitem__(self, name: bytes) -> Callable[..., Any]:
        index, attribute = self._table[name]
        method: Callable[..., Any] = getattr(self._groups[index], attribute)
        return method

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


@cache
def _table(*kinds: type[CallGroup]) -> Mapping[bytes, tuple[int, str]]:
    """Return which of the groups carries out each request, and by which method."""
    table: dict[bytes, tuple[int, str]] = {}
    for index, kind in enumerate(kinds):
        for attribute, function in vars(kind).items():
            name = getattr(function, _NAME, None)
            if name is not None:
                assert name not in table, name
                table[name] = index, attribute
    return table
