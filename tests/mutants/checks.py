"""What looks for a defect: its test, and the small sweeps. Each runs in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from tests.mutants.mutant import ROOT, Mutant

_LIMIT_S: Final = 300
_PYTEST: Final = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no", "-x")
_FAILED_TEST: Final = re.compile(r"^FAILED tests/", re.MULTILINE)
_PROBLEM: Final = re.compile(r"^([\w ]+): ", re.MULTILINE)


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
    finished = _run(defect, "pytest", *_PYTEST, f"tests/{test}")
    if finished is None:
        return Finding(Verdict.ENDLESS)
    # Only a test that ran and failed has found something: neither one that cannot be collected nor one that is not
    # there.
    if finished.returncode == 1 and _FAILED_TEST.search(finished.stdout):
        return Finding(Verdict.FOUND, test)
    return _nothing_found(finished)


def run_sweeps(defect: str, *scenarios: str) -> Finding:
    """Run small sweeps, by default all, with the defect of that name, or with none if it is ``-``."""
    finished = _run(defect, "sweeps", *scenarios)
    if finished is None:
        return Finding(Verdict.ENDLESS)
    with_problems = _PROBLEM.findall(finished.stdout)
    if finished.returncode == 1 and with_problems:
        return Finding(Verdict.FOUND, ", ".join(with_problems))
    return _nothing_found(finished)


CHECKS: Final[dict[str, Callable[[Mutant], Finding]]] = {
    "test": lambda mutant: run_test(mutant.test, mutant.name),
    "sweep": lambda mutant: run_sweeps(mutant.name),
}
"""By the name of their column in the table."""


def _nothing_found(finished: subprocess.CompletedProcess[str]) -> Finding:
    if finished.returncode == 0:
        return Finding(Verdict.MISSED)
    return Finding(Verdict.BROKEN, finished.stdout + finished.stderr)


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
