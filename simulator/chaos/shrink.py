"""From a plan that fails to a smallest one that still does: first fewer faults, then simpler ones.

Fewer is delta debugging (ddmin: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002):
parts of the plan are left out, ever smaller ones, until none can be spared. Then each fault is made earlier, shorter
and rounder as long as the plan fails, which may make another one superfluous; so it goes round until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.chaos.plan import Plan, simpler_faults

TRIES_MAX = 400
"""After so many runs the smallest plan so far has to do."""


class _Enough(Exception):  # noqa: N818 (it is no error)
    """There have been tries enough."""


class _Search:
    """The smallest plan so far, and what is known of others: a plan is never tried twice."""

    def __init__(self, plan: Plan, fails: Callable[[Plan], bool], tries_max: int) -> None:
        self.smallest = plan
        self._fails = fails
        self._tries_left = tries_max
        self._known: dict[Plan, bool] = {plan: True}

    def takes(self, plan: Plan) -> bool:
        """Try a plan; one that fails is the smallest from now on."""
        verdict = self._known.get(plan)
        if verdict is None:
            if not self._tries_left:
                raise _Enough
            self._tries_left -= 1
            verdict = self._known[plan] = self._fails(plan)
        if verdict:
            self.smallest = plan
        return verdict

    def with_fewer(self) -> None:
        """Leave out what can be left out."""
        parts = 2
        while self.smallest:
            parts = min(parts, len(self.smallest))
            if any(self.takes(rest) for rest in _without_a_part(self.smallest, parts)):
                parts = max(parts - 1, 2)
            elif parts == len(self.smallest):
                return
            else:
                parts *= 2

    def with_simpler(self) -> bool:
        """Make each fault as simple as it can be. Returns whether anything changed."""
        before = self.smallest
        for index in range(len(before)):
            while any(self.takes(plan) for plan in _with_a_simpler(self.smallest, index)):
                pass
        return self.smallest != before


def shrink(plan: Plan, fails: Callable[[Plan], bool], *, tries_max: int = TRIES_MAX) -> Plan:
    """Return a smallest plan for which ``fails`` is true, as it is for ``plan``, after ``tries_max`` calls at most.

    No fault of it can be left out, and none made simpler by one step, unless the tries did not suffice for that. The
    order of the faults is kept. ``fails`` has to answer the same for the same plan.
    """
    search = _Search(plan, fails, tries_max)
    try:
        search.with_fewer()
        while search.with_simpler():
            search.with_fewer()
    except _Enough:
        pass
    return search.smallest


def _without_a_part(plan: Plan, parts: int) -> Iterator[Plan]:
    """Yield the plan without one of so many parts of it, each in its turn: the later faults first."""
    for part in reversed(range(parts)):
        start, stop = len(plan) * part // parts, len(plan) * (part + 1) // parts
        yield plan[:start] + plan[stop:]


def _with_a_simpler(plan: Plan, index: int) -> Iterator[Plan]:
    for fault in simpler_faults(plan[index]):
        yield (*plan[:index], fault, *plan[index + 1 :])
