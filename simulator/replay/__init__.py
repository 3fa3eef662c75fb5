"""Running a recording again, and proof that it is the same run.

`replayer` runs what a recording holds and compares every event as it comes; whatever differs first ends it. It changes
no file and asks no host: all it needs is in the recording. What is in the file is `simulator.recording`'s business, and
printing what was found that of `simulator.cli.replay`. Read `replayer` first.
"""

from __future__ import annotations

from simulator.replay.replayer import AtEvent, AtTime, Difference, Moment, Replayed, replay

__all__ = ["AtEvent", "AtTime", "Difference", "Moment", "Replayed", "replay"]
