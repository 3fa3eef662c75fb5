"""What a scenario file says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from simulator.descriptions.yaml_document import Place
from simulator.setting import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do, to wait for, or to find true."""

    kind: str
    """Such as ``wait-serial``; `simulator.scenario.steps` has what ``value`` is for each."""
    value: Any
    place: Place
    text: str
    """What it does, in one line, as it was written."""
    name: str = ""
    timeout_ns: int | None = None
    """None: as long as the scenario may take."""
    boards: tuple[str, ...] = ()
    """Whom it is about; empty: the first board."""

    def __str__(self) -> str:
        return self.name or self.text


class SourcePlace(NamedTuple):
    """Where a file on a board comes from: a file of the user's, and the lines before it there."""

    path: Path
    lines_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPlan:
    """A board of a scenario, by the name that steps and events call it."""

    name: str
    request: Request
    sources: Mapping[str, SourcePlace] = field(default_factory=dict)
    """Where files on the board come from, by their path there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scenario with everything filled in: one of those that its ``for`` makes, or the only one."""

    label: str
    """What tells it from the others, such as ``board=N1ESP32-OTA fault=http-500``; empty if it is the only one."""
    boards: tuple[BoardPlan, ...]
    steps: tuple[Step, ...]
    timeout_ns: int
    """Of simulated time, for all of it."""
    sweep_place: Place | None = None
    """Where it says that no power cut may break anything; None if it does not."""

    @property
    def request(self) -> Request:
        """What the first board begins with."""
        return self.boards[0].request


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario file."""

    path: Path
    name: str
    why: str = ""
    """The line that says why it exists."""
    author: str = ""
    wall_timeout_ns: int | None = None
    """Of real time, for each case."""
    cases: tuple[Case, ...]
    inputs: Mapping[str, str]
    """The files that it names, with the SHA-256 of what is in them."""

    @property
    def request(self) -> Request:
        """What the first board of the first case begins with."""
        return self.cases[0].request

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the first case."""
        return self.cases[0].steps
