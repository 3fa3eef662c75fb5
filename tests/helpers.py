"""What several test folders need. Anything a user's tests could need too lives in `simulator.testing`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from trio.testing import MockClock

from simulator.cli import main
from simulator.determinism import run_world
from simulator.flash import Cut, FlashOperation, FlashSnapshot, apply_cut
from simulator.flash.cut import Pattern

PosArgs = TypeVarTuple("PosArgs")
Result = TypeVar("Result")

ROOT = Path(__file__).resolve().parent.parent

_PROCESS_TIMEOUT_S = 60


def run_virtual(async_fn: Callable[[*PosArgs], Awaitable[Result]], *args: *PosArgs, seed: int = 0) -> Result:
    """Run ``async_fn(*args)`` in virtual time: sleeping costs nothing, and ``seed`` decides the order of tasks."""
    return run_world(async_fn, *args, seed=seed, clock=MockClock(autojump_threshold=0))


def torn(
    before: FlashSnapshot, operation: FlashOperation, done_bytes: int, pattern: Pattern = "prefix"
) -> FlashSnapshot:
    """Return the state in which a power cut leaves a chip when the first ``done_bytes`` of ``operation`` were done."""
    return apply_cut(before, operation, Cut(operation.index, "torn", done_bytes / operation.length, pattern))


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


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object on stdout of a command that succeeded with ``--json``."""
        assert self.code == 0, self.err
        result: dict[str, Any] = json.loads(self.out)
        return result


class _Screen(io.TextIOWrapper):
    """A standard stream that keeps what is written, as text or through ``buffer`` as bytes."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding="utf-8", newline="", write_through=True)

    def text(self) -> str:
        return self._bytes.getvalue().decode()


def luatwin(*arguments: str | Path) -> Finished:
    """Run the command ``luatwin`` in this process, which is fast, and return its exit code, stdout and stderr."""
    out, err = _Screen(), _Screen()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(word) for word in arguments])
        except SystemExit as exited:
            code = int(exited.code or 0)
    return Finished(code, out.text(), err.text())
