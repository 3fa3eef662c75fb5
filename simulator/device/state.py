"""What can be told of a board at a moment, as values for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

RecentOperation: TypeAlias = tuple[int, Literal["erase", "program"], int, int]
"""An operation on the flash chip without its data: number, kind, address and length."""


class ThreadState(NamedTuple):
    """A Lua thread. ``kind`` is ``main``, ``thread`` or ``callback``; ``doing`` says it in words."""

    name: str
    kind: str
    doing: str
    stack: tuple[str, ...]
    """Where the functions of scripts are on its stack, ``/autorun.lua:12``, innermost first."""


class NetworkState(NamedTuple):
    """The network of a board. ``station`` is the state of its station as ESP-IDF's log names it."""

    wifi_mode: str
    station: str
    ssid: str
    """Of the access point that it is to join."""
    rssi_dbm: int | None
    """Of the access point that it has joined."""
    addresses: Mapping[str, str]
    """By interface."""
