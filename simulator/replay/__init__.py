"""Running a recording again, and proof that it is the same run.

`replayer` runs what a recording holds and compares every event as it comes; whatever differs first ends it. It changes
no file and asks no host: all it needs is in the recording. `time_travel` jumps about in one, with copies of a process
(`explorer`) that hold it at many places. What is in the file is `simulator.recording`'s business, and
printing what was found that of `simulator.cli.replay`. Read `replayer` first.
"""

from __future__ import annotations

from simulator.replay.replayer import AtEvent, AtTime, Difference, Moment, Replayed, replay
from simulator.replay.time_travel import TimeTravel

__all__ = ["AtEvent", "AtTime", "Difference", "Moment", "Replayed", "TimeTravel", "replay"]
