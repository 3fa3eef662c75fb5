"""``luatwin run --check-determinism``: the same run in another process, with another order of sets, compared."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import SimulatorInternalError, UsageError

if TYPE_CHECKING:
    from simulator.session import Report
    from simulator.setting import Request

_SAME: Final = 0
_DIFFERS: Final = 1
_REFUSED: Final = 2


def run_twice(request: Request, run: Callable[[Request], Report]) -> tuple[Report, dict[str, Any]]:
    """Return the report of ``run``, and what ``luatwin replay --json`` in another process says of its recording.

    Raises `UsageError` if the run cannot be repeated.
    """
    with tempfile.TemporaryDirectory(prefix="luatwin-") as folder:
        events = request.events or Path(folder) / "events.ndjson"
        report = run(dataclasses.replace(request, events=events))
        return report, _replay_elsewhere(events)


def _replay_elsewhere(events: Path) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "simulator.cli", "replay", "--json", str(events)]
    finished = subprocess.run(command, env=_other_environment(), capture_output=True, encoding="utf-8", check=False)
    if finished.returncode == _REFUSED:
        raise UsageError(f"--check-determinism: {finished.stderr.strip().removeprefix('luatwin: ')}")
    if finished.returncode not in (_SAME, _DIFFERS):
        raise SimulatorInternalError(f"{command} ended with {finished.returncode}: {finished.stderr}")
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


def _other_environment() -> dict[str, str]:
    """Return the environment with another seed of Python's hashes, and with this simulator on the path."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    return {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
