"""Scenario files: a story of boards in YAML, read, checked, and every mistake told with its place.

The format has everything of version 1 of wokwi-cli's automation scenarios, and on top of it boards, their files, what
is around them, faults, and steps that know of updates. Nothing is carried out here: that is `simulator.play`. What
comes out is a `Scenario`. Read `read` first, then `steps`, which has a model for every step.
"""

from simulator.scenario.read import read_scenario
from simulator.scenario.story import BoardPlan, Case, Scenario, Step

__all__ = ["BoardPlan", "Case", "Scenario", "Step", "read_scenario"]
