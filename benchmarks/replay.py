"""Jumping about in a recording of ten minutes: a board that updates itself, and then measures, stores and prints."""

from __future__ import annotations

import tempfile
import time
from itertools import cycle
from pathlib import Path

from benchmarks.report import Row, at_most
from benchmarks.timing import Effort, medians
from simulator.recording import Recording
from simulator.replay import TimeTravel, replay
from simulator.resources import data_dir
from simulator.session import run_session
from simulator.setting import Request
from simulator.units import NS_PER_S

_TEN_MINUTES_S = 600
_LOGGER = """
local last
local ticks = 0
thread.start(function()
  while true do
    ticks = ticks + 1
    for i = 1, 200 do last = math.sqrt(i * ticks) end
    thread.sleepms(100)
  end
end)
while true do
  nvs.write("logger", "ticks", ticks)
  print("logged", ticks, last)
  tmr.sleepms(400)
end
"""


def measure(effort: Effort) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="luatwin-") as folder:
        recording = _recorded(Path(folder), max(5, round(_TEN_MINUTES_S * effort.loops)))
        with TimeTravel(recording) as travel:
            count = len(recording.lines)
            # Through the whole of it, in an order that looks random and is the same every time.
            places = cycle([number * 7919 % count for number in range(100)])

            def jump() -> float:
                started = time.perf_counter()  # the work is done in other processes
                travel.jump(next(places))
                return time.perf_counter() - started

            (jump_s,) = medians(effort, jump)
            checkpoints = len(travel.checkpoints)
        started = time.perf_counter()
        replay(recording)
        whole_s = time.perf_counter() - started
    return [
        Row(
            what="jump to an event in a recording of 10 minutes",
            value=jump_s,
            unit="s",
            aim=at_most(0.3),
            detail=f"{count:,} events, {checkpoints} checkpoints; all of it runs in {whole_s:.2f} s",
        )
    ]


def _recorded(folder: Path, duration_s: int) -> Recording:
    script, events = folder / "logger.lua", folder / "events.ndjson"
    script.write_text((data_dir("lua") / "demo" / "ota.lua").read_text() + _LOGGER)
    request = Request(script=script, timeout_ns=duration_s * NS_PER_S, events=events)
    run_session(request, heard=lambda _data: None)
    return Recording.read(events)
