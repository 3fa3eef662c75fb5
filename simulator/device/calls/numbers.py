"""math.random (``lmathlib.c``): the numbers of the task that asks, since newlib keeps a generator for each."""

from __future__ import annotations

from simulator.c_numbers import whole
from simulator.device.calls import CallGroup, call
from simulator.device.rand import RAND_MAX


class NumberCalls(CallGroup):
    """The generator, as scripts have it."""

    @call("math.random")
    def _random(self, low: int | None = None, high: int | None = None) -> tuple[float]:
        """Return a number from 0 to 1, or a whole one of an interval that is none too large."""
        share = self.kernel.current.rand.next() * (1.0 / (RAND_MAX + 1.0))
        if low is None or high is None:
            return (share,)
        return (low + int(share * (float(high - low) + 1.0)),)

    @call("math.randomseed")
    def _randomseed(self, seed: float) -> None:
        rand = self.kernel.current.rand
        rand.seed(whole(seed))
        rand.next()  # dropped, as there
