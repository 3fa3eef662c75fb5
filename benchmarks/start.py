"""From the start of the command ``luatwin run`` to the first byte on the board's console, in real time.

With bytecode caches, as after the first use: the round that is not counted makes them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.report import README, Row, at_most
from benchmarks.timing import Effort, medians


def measure(effort: Effort) -> list[Row]:
    first_byte_s, nothing_s = medians(effort, lambda: _first_byte_s(_COMMAND), lambda: _first_byte_s(_PYTHON))
    return [
        Row(
            what="luatwin run, start to first console byte",
            value=first_byte_s,
            unit="s",
            aim=at_most(0.4),
            detail=f"Python alone {nothing_s:.3f} s",
        )
    ]


_COMMAND = ["-m", "simulator.cli", "run", "-e", "print(1)"]
_PYTHON = ["-c", "print(1)"]


def _first_byte_s(arguments: list[str]) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=README.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        taken_s = time.perf_counter() - started
        process.stdout.read()
    return taken_s
