"""Plans of random faults, and how one that fails becomes a small one.

Knows faults, seeds and how a run without faults went; neither boards nor what became of them: that is
`simulator.survival`, which runs a board through a plan. Read `simulator.chaos.plan`.
"""

from __future__ import annotations

from simulator.chaos.plan import Course, Plan, draw_plan, options_of, simpler_faults
from simulator.chaos.shrink import shrink

__all__ = ["Course", "Plan", "draw_plan", "options_of", "shrink", "simpler_faults"]
