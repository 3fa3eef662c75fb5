"""Codes of remote-controlled switches at 433 MHz: how bits are pulses, and how pulses become bits again.

A bit is two pulses, the first one high unless the protocol is inverted; a code is sent several times, each time with a
pair of pulses behind it that is like no bit. Lengths are multiples of the pulse length (the protocols are those of the
Arduino library RCSwitch, in ``components/rc-switch/RCSwitch.c``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

PULSE_US: Final = 350
BITS: Final = 24
REPEATS: Final = 10


class Protocol(NamedTuple):
    """The pulse length in microseconds, and the pairs of pulses in multiples of it."""

    pulse_us: int
    pause: tuple[int, int]
    zero: tuple[int, int]
    one: tuple[int, int]
    inverted: bool = False


PROTOCOLS: Final = (
    Protocol(350, (1, 31), (1, 3), (3, 1)),
    Protocol(650, (1, 10), (1, 2), (2, 1)),
    Protocol(100, (30, 71), (4, 11), (9, 6)),
    Protocol(380, (1, 6), (1, 3), (3, 1)),
    Protocol(500, (6, 14), (1, 2), (2, 1)),
    Protocol(450, (23, 1), (1, 2), (2, 1), inverted=True),
    Protocol(150, (2, 62), (1, 6), (6, 1)),
)
"""Protocol 1 is the first one."""

Pulse = tuple[int, int]
"""A level, and for how many microseconds."""


def protocol(number: int) -> Protocol:
    """Return a protocol by its number; the first one for a number that there is not."""
    return PROTOCOLS[number - 1 if 1 <= number <= len(PROTOCOLS) else 0]


def pulses(code: int, bits: int, how: Protocol, pulse_us: int, repeats: int = REPEATS) -> Iterator[Pulse]:
    """Yield the pulses of a code, its highest bit first."""
    first = int(not how.inverted)
    for _ in range(repeats):
        pairs = [how.one if code >> bit & 1 else how.zero for bit in range(bits - 1, -1, -1)]
        for high, low in (*pairs, how.pause):
            yield first, pulse_us * high
            yield 1 - first, pulse_us * low


class Received(NamedTuple):
    """A code that came in: how many bits, in which protocol, and how long a pulse of it seemed to be."""

    code: int
    bits: int
    protocol: int
    pulse_us: int


class Receiver:
    """Listens to the edges of a receiver. A code counts when it has come at least twice, between three equal pauses."""

    _PAUSE_US_MIN: Final = 4300
    _PAUSE_TOLERANCE_US: Final = 200
    _TOLERANCE_PERCENT: Final = 60
    _CHANGES_MAX: Final = 67
    _CHANGES_MIN: Final = 7

    def __init__(self) -> None:
        self._lengths = [0] * self._CHANGES_MAX
        self._count = 0
        self._repeats = 0
        self._last_us = 0

    def edge(self, at_us: int) -> Received | None:
        """Take note that the level has changed; return the code that this makes complete."""
        received = None
        length_us = at_us - self._last_us
        self._last_us = at_us
        if length_us > self._PAUSE_US_MIN:
            if abs(length_us - self._lengths[0]) < self._PAUSE_TOLERANCE_US:
                self._repeats += 1
                if self._repeats == 2:
                    self._repeats = 0
                    found = (self._decode(number, how) for number, how in enumerate(PROTOCOLS, 1))
                    received = next((code for code in found if code is not None), None)
            self._count = 0
        if self._count >= self._CHANGES_MAX:
            self._count = self._repeats = 0
        self._lengths[self._count] = length_us
        self._count += 1
        return received

    def _decode(self, number: int, how: Protocol) -> Received | None:
        """Return the code if the lengths, of which the first is that of the pause, are those of a protocol."""
        pulse_us = self._lengths[0] // max(how.pause)
        tolerance_us = pulse_us * self._TOLERANCE_PERCENT // 100
        code = 0
        for index in range(2 if how.inverted else 1, self._count - 1, 2):
            pair = self._lengths[index : index + 2]
            bit = next((bit for bit, wanted in enumerate((how.zero, how.one))
                        if all(abs(length - pulse_us * times) < tolerance_us
                               for length, times in zip(pair, wanted, strict=True))), None)  # fmt: skip
            if bit is None:
                return None
            code = (code << 1 | bit) & 0xFFFFFFFF
        return Received(code, (self._count - 1) // 2, number, pulse_us) if self._count > self._CHANGES_MIN else None
