"""Sizes and durations: the constants, and the two little languages people write them in.

Sizes are bytes and durations are simulated nanoseconds, always as ``int``. Only text that a person wrote or will
read goes through this module; everything inside the simulator carries plain numbers with the unit in the name.
"""

from __future__ import annotations

import re
from typing import Final

from simulator.errors import UsageError

KIB: Final = 1024
MIB: Final = 1024 * 1024

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000

_NS_PER_UNIT: Final = {
    "ns": 1,
    "us": NS_PER_US,
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3600 * NS_PER_S,
}
_SIZE: Final = re.compile(r"(0x[0-9a-f]+|\d+)(?:(k|m)(?:i?b)?|b)?", re.ASCII | re.IGNORECASE)
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)?", re.ASCII)


def parse_duration(text: str) -> int:
    """Return the nanoseconds in ``text``, such as ``250ms``, ``1.5s``, ``2m`` or ``1h30m``.

    A number without a unit counts seconds. Raises `UsageError` that names the text and the units allowed.
    """
    position = 0
    total_ns = 0.0
    for match in _DURATION.finditer(text):
        if match.start() != position:
            break
        number, unit = match.groups()
        total_ns += float(number) * _NS_PER_UNIT[unit or "s"]
        position = match.end()
    if position == 0 or position != len(text):
        raise UsageError(f"{text!r} is not a time; write a number with one of ns, us, ms, s, m, h (such as 250ms)")
    return round(total_ns)


def parse_size(text: str) -> int:
    """Return the bytes in ``text``, such as ``1048576``, ``0x100000``, ``1024K`` or ``1MiB``.

    K and M are 1024 and 1024 * 1024, as for everything that deals with flash. Raises `UsageError` that names the text.
    """
    match = _SIZE.fullmatch(text)
    if not match:
        raise UsageError(f"{text!r} is not a size; write bytes, or a number with K or M (such as 512K or 1MiB)")
    number, unit = match.groups()
    base = 16 if number[:2] in ("0x", "0X") else 10
    return int(number, base) * {"": 1, "k": KIB, "m": MIB}[(unit or "").lower()]


def format_duration(duration_ns: int) -> str:
    """Return ``duration_ns`` for people, with three significant decimals: ``1.234 s``, ``45.000 ms``."""
    if duration_ns >= NS_PER_S:
        return f"{duration_ns / NS_PER_S:.3f} s"
    if duration_ns >= NS_PER_MS:
        return f"{duration_ns / NS_PER_MS:.3f} ms"
    return f"{duration_ns / NS_PER_US:.3f} us"


def write_duration(duration_ns: int) -> str:
    """Return ``duration_ns`` for programs, exactly, in the largest unit that divides it: ``3s``, ``1500ms``.

    `parse_duration` is its inverse.
    """
    unit = next(unit for unit in ("s", "ms", "us", "ns") if duration_ns % _NS_PER_UNIT[unit] == 0)
    return f"{duration_ns // _NS_PER_UNIT[unit]}{unit}"


def format_size(size_bytes: int) -> str:
    """Return ``size_bytes`` for people, in the largest unit that divides it: ``4 MiB``, ``24 KiB``, ``100 B``."""
    if size_bytes and size_bytes % MIB == 0:
        return f"{size_bytes // MIB} MiB"
    if size_bytes and size_bytes % KIB == 0:
        return f"{size_bytes // KIB} KiB"
    return f"{size_bytes} B"
