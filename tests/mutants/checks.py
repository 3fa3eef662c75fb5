"""What looks for a defect: its test, the tests of whole boards. Each runs in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from tests.mutants.mutant import ROOT, Mutant

WHOLE_BOARDS: Final = tuple(
    f"tests/device/test_{subject}.py"
    for subject in (
        "ota_timelines",
        "running_app",
        "hardened_ota",
        "net_ota",
        "secure_updates",
        "device_power",
        "nvs_calls",
        "file_calls",
    )
)
"""Boards that boot, update themselves, lose their power, and keep values and files."""

_LIMIT_S: Final = 300
_PYTEST: Final = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no", "-x")
_FAILED_TEST: Final = re.compile(r"^FAILED tests/(?:\w+/)*(\w+)\.py::", re.MULTILINE)


class Verdict(Enum):
    """What a check says about code with a defect in it."""

    FOUND = "found"
    MISSED = "missed"
    BROKEN = "does not even run"
    ENDLESS = "does not come to an end"


class Finding(NamedTuple):
    """A verdict, and who came to it, in few words."""

    verdict: Verdict
    by: str = ""


def run_test(test: str, defect: str) -> Finding:
    """Run ``test`` with the defect of that name, or with none if it is ``-``."""
    return _pytest(defect, f"tests/{test}")._replace(by=test)


def run_narrowest_test(mutant: Mutant) -> Finding:
    """Run the test that is named with the defect."""
    return run_test(mutant.test, mutant.name)


def run_whole_boards(mutant: Mutant) -> Finding:
    """Run the tests of whole boards up to the first that fails."""
    return _pytest(mutant.name, *WHOLE_BOARDS)


CHECKS: Final[dict[str, Callable[[Mutant], Finding]]] = {
    "test": run_narrowest_test,
}
"""By the name of their column in the table; each has to find every defect, or to say that it did not."""


def _pytest(defect: str, *arguments: str) -> Finding:
    finished = _run(defect, "pytest", *_PYTEST, *arguments)
    if finished is None:
        return Finding(Verdict.ENDLESS)
    if finished.returncode == 0:
        return Finding(Verdict.MISSED)
    failed = _FAILED_TEST.search(finished.stdout)
    # Only a test that ran and failed has found something: neither one that cannot be collected nor one that is not
    # there.
    if finished.returncode != 1 or failed is None:
        return Finding(Verdict.BROKEN, finished.stdout + finished.stderr)
    return Finding(Verdict.FOUND, failed[1])


def _run(*arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Run `tests.mutants.under` and return what it left, None if it had to be stopped."""
    try:
        return subprocess.run(
            [sys.executable, "-m", "tests.mutants.under", *arguments],
            cwd=ROOT,
            env={**os.environ, "CI": "1"},  # Hypothesis then draws the same examples every time
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
