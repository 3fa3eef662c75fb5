"""The one place that makes trio's order of tasks a function of the seed.

Each turn, trio runs the tasks that are ready in an order that is random on purpose, and that also depends on how sets
happen to iterate. With the private flag ``_ALLOW_DETERMINISTIC_SCHEDULING`` it first sorts them by age; what is left
is one private generator, and that we seed. Both names are checked on entry, so that a trio that has dropped them is
an error and not a run that nobody can repeat; the range of trio in ``pyproject.toml`` is narrow for the same reason.

Another seed gives another order: looking for a race is running with many seeds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Final, TypeVar, TypeVarTuple

import trio

from simulator.errors import SimulatorInternalError

PosArgs = TypeVarTuple("PosArgs")
Result = TypeVar("Result")


_FLAG: Final = "_ALLOW_DETERMINISTIC_SCHEDULING"
_GENERATOR: Final = "_r"


@contextmanager
def deterministic_scheduling(seed: int) -> Iterator[None]:
    """Let ``seed`` decide the order of tasks until the block ends; trio's own state is put back afterwards.

    Raises `SimulatorInternalError` if this trio cannot be told to.
    """
    private = vars(import_module("trio._core._run"))
    if _FLAG not in private or _GENERATOR not in private:
        raise SimulatorInternalError(f"trio {trio.__version__} lost {_FLAG} or {_GENERATOR}: no run would repeat")
    generator = private[_GENERATOR]
    flag_before, state_before = private[_FLAG], generator.getstate()
    private[_FLAG] = True
    generator.seed(seed)
    try:
        yield
    finally:
        private[_FLAG] = flag_before
        generator.setstate(state_before)


def run_world(
    async_fn: Callable[[*PosArgs], Awaitable[Result]],
    *args: *PosArgs,
    seed: int = 0,
    clock: trio.abc.Clock | None = None,
) -> Result:
    """Be `trio.run` with an order of tasks that is the same for the same ``seed``; ``clock`` as there."""
    with deterministic_scheduling(seed):
        return trio.run(async_fn, *args, clock=clock)
