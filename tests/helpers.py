"""What several test folders need. Anything a user's tests could need too lives in `simulator.testing`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from trio.testing import MockClock

from simulator.determinism import run_world

PosArgs = TypeVarTuple("PosArgs")
Result = TypeVar("Result")

ROOT = Path(__file__).resolve().parent.parent

_PROCESS_TIMEOUT_S = 60


def run_virtual(async_fn: Callable[[*PosArgs], Awaitable[Result]], *args: *PosArgs, seed: int = 0) -> Result:
    """Run ``async_fn(*args)`` in virtual time: sleeping costs nothing, and ``seed`` decides the order of tasks."""
    return run_world(async_fn, *args, seed=seed, clock=MockClock(autojump_threshold=0))


def run_process(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` to its end and return its exit code, stdout and stderr, whatever they are.

    It runs in the root of the checkout, without a terminal, with ``environment`` added to that of the tests.
    """
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=_PROCESS_TIMEOUT_S,
        check=False,
    )


def run_python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in a process of its own; the rest as `run_process`."""
    return run_process(sys.executable, *arguments, **environment)


def run_luatwin(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command ``luatwin`` in a process of its own; the rest as `run_process`."""
    return run_python("-m", "simulator.cli", *arguments, **environment)
