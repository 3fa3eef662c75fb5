"""All randomness: one root seed, and child generators by name.

A child depends on the root seed and its own name only, never on how many numbers somebody else drew, so that adding
a board or a fault does not change what the others see. Nothing else in the simulator imports `random`.
"""

from __future__ import annotations

import hashlib
import random


class Rng:
    """A generator with named children: ``Rng(7).child("net", "b0").uniform(0.0, 1.0)``."""

    __slots__ = ("_generator", "_path")

    def __init__(self, seed: int, *path: str) -> None:
        self._path = (str(seed), *path)
        self._generator: random.Random | None = None

    @property
    def _random(self) -> random.Random:
        """The generator, made when it is first used: its state has 2.5 KB, and many only ever have children."""
        if self._generator is None:
            digest = hashlib.sha256("\0".join(self._path).encode()).digest()
            self._generator = random.Random(int.from_bytes(digest, "big"))
        return self._generator

    def child(self, *names: str) -> Rng:
        """Return the generator of that name; the same names always give the same sequence."""
        seed, *path = self._path
        return Rng(int(seed), *path, *names)

    def bytes(self, count: int) -> bytes:
        """Return ``count`` random bytes."""
        return self._random.randbytes(count)

    def integer(self, low: int, high: int) -> int:
        """Return an integer from ``low`` to ``high``, both included."""
        return self._random.randint(low, high)

    def uniform(self, low: float, high: float) -> float:
        """Return a float from ``low`` to ``high``."""
        return self._random.uniform(low, high)

    def gauss(self, mean: float, deviation: float) -> float:
        """Return a normally distributed float."""
        return self._random.gauss(mean, deviation)
