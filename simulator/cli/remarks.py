"""What a person should know of a run beyond the board's console."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.session import Report


def remarks_of(report: Report) -> list[str]:
    """Return a line for each thing; of a run that failed also what explains it."""
    lines = [f"script error: {error.splitlines()[0]}" for error in report.script_errors]
    if report.why:
        at = f", last seen at {report.where}" if report.where else ""
        lines.append(report.why + at)
    return [*lines, *report.explanation]
