"""Work that takes simulated time, and in the middle of which the power can fail, done by rooms that have no clock.

The work is a generator that stops wherever time may pass: after every flash command, at every log line, and where it
waits. The caller decides what happens then::

    steps = ota.begin(partition)
    for step in steps:  # a BootLine, a Pause, or None after a flash command
        await trio.sleep(chip.take_busy_ns() / 1e9)
    update = steps.result

A caller without a clock writes ``ota.begin(partition).run()``. A power cut is to stop iterating.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Generic, NamedTuple, ParamSpec, TypeAlias, TypeVar

from simulator.boot.log import BootLine

Params = ParamSpec("Params")
Result = TypeVar("Result")


class Pause(NamedTuple):
    """Nothing happens for a while: a pin is watched, say."""

    duration_ns: int


Step: TypeAlias = BootLine | Pause | None
Work: TypeAlias = Generator[Step, None, Result]
"""What the function behind a `Steps` is."""


class Steps(Generic[Result]):
    """One piece of such work, to be iterated once. ``result`` is there when it has come to its end."""

    __slots__ = ("_work", "result")

    result: Result

    def __init__(self, work: Work[Result]) -> None:
        self._work = work

    def __iter__(self) -> Work[Result]:
        self.result = yield from self._work
        return self.result

    def run(self) -> Result:
        """Do all of it at once and return the result."""
        for _ in self:
            pass
        return self.result


def steps(function: Callable[Params, Work[Result]]) -> Callable[Params, Steps[Result]]:
    """Make a generator function return its work as `Steps`. Nothing runs before the first step is asked for."""

    @wraps(function)
    def start(*args: Params.args, **kwargs: Params.kwargs) -> Steps[Result]:
        return Steps(function(*args, **kwargs))

    return start
