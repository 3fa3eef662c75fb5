"""How a scenario went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.board_state import BoardState
from simulator.descriptions.yaml_document import Place
from simulator.scenario import Step
from simulator.session import Report
from simulator.units import NS_PER_S, format_duration

OPERATIONS_SHOWN: Final = 2


def title_of(path: Path, label: str) -> str:
    """Return what a case is called in a list: its file, and what tells it from the others there."""
    return f"{path}[{label}]" if label else str(path)


class Outcome(Enum):
    """How it ended. The value is what reports call it."""

    PASSED = "passed"
    FAILED = "failed"
    """Something was not as expected."""
    BROKEN = "broken"
    """A step could not be carried out: it names something that is not there."""
    BRICKED = "bricked"
    """A board lost what it must not lose."""
    LIMIT = "limit"
    """The time was up, and nothing was being waited for."""

    @property
    def exit_code(self) -> int:
        """What a command exits with."""
        codes = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.BROKEN: 2, Outcome.BRICKED: 3, Outcome.LIMIT: 42}
        return codes[self]


def state_lines(state: BoardState) -> Iterator[str]:
    """Yield in short what a board was like: what would start next, and what was done to its flash."""
    boot = state.next_boot
    commit = f" (commit {boot.commit[:8]})" if boot.commit else ""
    starts = f"{boot.label}{commit} would start" if boot.label else f"nothing would start: {boot.why}"
    yield f"it {state.stage}; at a reset {starts}"
    if state.operations:
        yield f"last on the flash: {', '.join(state.operations[-OPERATIONS_SHOWN:])}"


class LuaError(NamedTuple):
    """An error of a script, in a file of the user's."""

    path: Path
    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong, and what helps to see why."""

    place: Place
    """Of the step in the file."""
    what: str
    """Which step it was."""
    board: str
    message: str
    """One sentence: what was expected, what was found."""
    hints: tuple[str, ...] = ()
    """Near misses, a line each."""
    console: tuple[str, ...] = ()
    """The last lines that the board printed."""
    time_ns: int = 0
    """When, in simulated time."""
    lua_errors: tuple[LuaError, ...] = ()
    """Errors of scripts that the user can look up."""
    state: BoardState | None = None
    """What the board was like."""

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        yield f"{self.message} (at {format_duration(self.time_ns)} of simulated time)"
        yield from (f"  {hint}" for hint in self.hints)
        yield from (f"  see {error.path}:{error.line}" for error in self.lua_errors)
        if self.console:
            yield f"  {self.board} printed last:"
            yield from (f"  | {line}" for line in self.console)
        if self.state is not None:
            yield from (f"  {line}" for line in state_lines(self.state))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """A step that was begun, and how it went."""

    step: Step
    board: str
    began_ns: int
    ended_ns: int
    is_ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one case of a scenario went."""

    path: Path
    name: str
    label: str
    outcome: Outcome
    failure: Failure | None
    steps: tuple[StepResult, ...]
    consoles: Mapping[str, bytes]
    """What each board printed, by its name."""
    report: Report

    @property
    def place(self) -> str:
        """The file, and the line and column of the step that failed, if any."""
        if self.failure is None:
            return str(self.path)
        return f"{self.path}:{self.failure.place.line}:{self.failure.place.column}"

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return title_of(self.path, self.label)

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        failure = self.failure
        return {
            "file": str(self.path),
            "name": self.name,
            "case": self.label or None,
            "outcome": self.outcome.value,
            "simulated_s": self.report.simulated_ns / NS_PER_S,
            "steps": len(self.steps),
            "failure": None
            if failure is None
            else {
                "line": failure.place.line,
                "column": failure.place.column,
                "step": failure.what,
                "board": failure.board,
                "message": failure.message,
                "hints": list(failure.hints),
                "simulated_s": failure.time_ns / NS_PER_S,
            },
        }
