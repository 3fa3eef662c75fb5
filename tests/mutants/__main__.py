"""The long form: every check on every defect, and the table. ``python -m tests.mutants``, or ``make mutants``.

Goes on where it was stopped as long as no file has changed. Exits with 1 if a defect has no test that finds it, or if
the sweeps find something where there is no defect.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.mutants.catalogue import MUTANTS
from tests.mutants.checks import CHECKS, Finding, Verdict, run_sweeps
from tests.mutants.mutant import ROOT
from tests.mutants.table import PAGE, render

KEPT: Final = ROOT / "build" / "mutants.json"
_FOLDERS: Final = ("boards", "lua", "scenarios", "simulator", "tests")


class Kept:
    """The findings so far, on disk, for exactly the files that are there now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = _digest_of_files()
        self.findings: dict[str, dict[str, Finding]] = {}
        try:
            kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if kept.get("files") == self._files:
            for name, by_check in kept["findings"].items():
                self.findings[name] = {check: Finding(Verdict(said), by) for check, (said, by) in by_check.items()}

    def add(self, name: str, check: str, finding: Finding) -> None:
        """Note a finding."""
        self.findings.setdefault(name, {})[check] = finding
        findings = {
            name: {check: (finding.verdict.value, finding.by) for check, finding in by_check.items()}
            for name, by_check in self.findings.items()
        }
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps({"files": self._files, "findings": findings}), encoding="utf-8")


def _digest_of_files() -> str:
    """Return a digest of everything that a check depends on and that is ours."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _files():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def run(names: list[str], jobs: int, console: Console) -> dict[str, dict[str, Finding]]:
    """Let every check look at every defect of those ``names``; return what each found, by name and check."""
    kept = Kept(KEPT)
    left = [(name, check) for name in names for check in CHECKS if check not in kept.findings.get(name, {})]
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    with progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("defects", total=len(names) * len(CHECKS))
        progress.advance(task, len(names) * len(CHECKS) - len(left))
        futures = {pool.submit(CHECKS[check], MUTANTS[name]): (name, check) for name, check in left}
        try:
            for future in as_completed(futures):
                name, check = futures[future]
                finding = future.result()
                kept.add(name, check, finding)
                progress.advance(task)
                if check == "test" and finding.verdict is not Verdict.FOUND:
                    progress.print(f"{name}: {MUTANTS[name].test}: {finding.verdict.value}\n{finding.by}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {name: kept.findings[name] for name in names}


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description="Defects put in on purpose: is each of them found?")
    parser.add_argument("--only", metavar="NAME", action="append", choices=MUTANTS, help="this one, and no table")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="at a time (default: %(default)s)")
    options = parser.parse_args()
    console = Console(stderr=True)
    without_defect = run_sweeps("-")
    if without_defect.verdict is not Verdict.MISSED:
        console.print(f"without a defect, sweep: {without_defect.verdict.value}\n{without_defect.by}")
        return 1
    findings = run(options.only or list(MUTANTS), options.jobs, console)
    for check in CHECKS:
        found = sum(by_check[check].verdict is Verdict.FOUND for by_check in findings.values())
        console.print(f"{check}: {found} of {len(findings)} found")
    if not options.only:
        rows = {
            name: {check: found.by if found.verdict is Verdict.FOUND else "" for check, found in by_check.items()}
            for name, by_check in findings.items()
        }
        PAGE.write_text(render(rows), encoding="utf-8")
    return int(any(by_check["test"].verdict is not Verdict.FOUND for by_check in findings.values()))


if __name__ == "__main__":
    sys.exit(main())
