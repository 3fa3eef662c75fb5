"""Carries out what a scenario file says, in a world, and tells how it went.

The steps are carried out one after the other through a session's ``steer``. What happens in the world is kept in one
record, in order, and one cursor goes through it: that makes waiting exact (see `simulator.play.record`). What comes
out is a `Verdict`. Read `player` first.
"""

from simulator.play.player import play
from simulator.play.verdict import Failure, Outcome, StepResult, Verdict

__all__ = ["Failure", "Outcome", "StepResult", "Verdict", "play"]
