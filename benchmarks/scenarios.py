"""``luatwin test``, in processes of its own: one scenario of twenty steps with an update, and many of them.

A worker is a process, so how much faster two are than one is measured in real time, and shows only where two cores have
nothing else to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import README, Row, at_least, at_most
from benchmarks.timing import Effort, medians

MANY = 100

_HEAD = """\
version: 1
board: N1ESP32-OTA
lua: |
  net.wf.setup(net.wf.mode.STA, "luatwin", "virtual-wifi")
  net.wf.start(false)
  print("joined")
  nvs.write("app", "starts", nvs.read("app", "starts", 0) + 1)
  net.ota()
  for n = 1, 10 do print("step", n) end
steps:
  - wait-event: {kind: boot.app, label: factory}
  - wait-serial: joined
  - wait-event: ota.begin
  - wait-event: ota.end
  - wait-event: {kind: boot.app, label: ota_0}
  - expect-boot: {slot: ota_0, commit: published}
  - wait-serial: joined
  - expect-nvs: {namespace: app, key: starts, value: 2}
  - expect-file: /autorun.lua
"""
_WAITS = "".join(f'  - wait-serial: "step\\t{number}"\n' for number in range(1, 11))
_SCENARIO = f"{_HEAD}{_WAITS}  - expect-exit: 0\n"


def measure(effort: Effort) -> list[Row]:
    many = MANY if effort.rounds > 1 else 4
    with tempfile.TemporaryDirectory(prefix="luatwin-") as name:
        folder = Path(name)
        for number in range(many):
            (folder / f"{number:03}.scenario.yaml").write_text(f"name: number {number}\n{_SCENARIO}")
        (one_s,) = medians(effort, lambda: _taken_s("000.scenario.yaml", folder=folder, jobs=1))
        single_s = _taken_s(".", folder=folder, jobs=1)
        double_s = _taken_s(".", folder=folder, jobs=2)
    return [
        Row(
            what="luatwin test, 20 steps with an update of 1 MiB",
            value=one_s,
            unit="s",
            aim=at_most(1),
            detail="real time, the start of the process included",
        ),
        Row(
            what=f"luatwin test, {many} of them in two workers",
            value=double_s,
            unit="s",
            aim=at_most(30),
            detail=f"real time; in one worker {single_s:.1f} s",
        ),
        Row(
            what="two workers, against one",
            value=single_s / double_s,
            unit="times as fast",
            aim=at_least(1.7),
            detail="real time, so only on cores that have nothing else to do",
        ),
    ]


def _taken_s(path: str, *, folder: Path, jobs: int) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(README.parent)
    command = [sys.executable, "-m", "simulator.cli", "test", path, "-j", str(jobs), "-q"]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
