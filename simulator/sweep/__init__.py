"""The sweep: cut the power at every flash operation of a run, and look whether anything is broken.

One run without a cut is rehearsed (`rehearsal`); its journal gives the state in which every cut leaves the flash. Each
state is examined (`examiner`): what boots (`boot_check`), what is stored (`stored`), how the board goes on. What that
comes to is computed only if nothing is known that says so (`knowledge`). Read `examiner` first.
"""

from __future__ import annotations

from simulator.sweep.examiner import Cuts, Failure, Torn, Verdict
from simulator.sweep.plan import Plan, parse_operations
from simulator.sweep.sweep import Progress, Sweep, SweepReport, cuts_text

__all__ = [
    "Cuts",
    "Failure",
    "Plan",
    "Progress",
    "Sweep",
    "SweepReport",
    "Torn",
    "Verdict",
    "cuts_text",
    "parse_operations",
]
