"""How a description says what a control is set to over time, and the `Course` that it means.

=========== ==================================================================================================
key         meaning
=========== ==================================================================================================
``steps``   moments and values: ``{0s: 20, 30s: 25.5}``; with ``repeat: 1m`` from the beginning again
``ramp``    ``{from: 20, to: 30, start: 10s, over: 5m}``: a straight line
``sine``    ``{middle: 20, swing: 5, period: 24h}``
``csv``     a file beside the description with a column of times and one of values; ``column`` and ``time``
            name them, otherwise they are the one of the control's name and the first; ``repeat`` as above
=========== ==================================================================================================

``every`` says how often a ramp or a sine is looked at; a hundred times on the way otherwise.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from simulator.boards.ids import did_you_mean
from simulator.errors import DescriptionError, Problem, UsageError
from simulator.hardware.courses import Course, Ramp, Sine, Steps
from simulator.units import NS_PER_MS, NS_PER_S, parse_duration

KINDS: Final = ("steps", "ramp", "sine", "csv")
"""The keys that tell the kinds of courses apart."""

_LOOKS: Final = 100
_EVERY_NS_MIN: Final = NS_PER_MS

ReadFile = Callable[[str], tuple[Path, str]]
"""Returns the path and the text of a file that a description names. Raises OSError, or `LuaTwinError`."""


def _duration_ns(value: Any) -> int:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return round(value * NS_PER_S)
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except UsageError:
            pass
    raise ValueError("is no time; write a number with one of ns, us, ms, s, m, h (such as 250ms)")


Moment = Annotated[int, BeforeValidator(_duration_ns), Field(json_schema_extra={"examples": ["250ms", "1.5s", "24h"]})]
Duration = Annotated[Moment, Field(gt=0)]


class Table(BaseModel):
    """What all tables of a description share."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StepsTable(Table):
    """Values from given moments on."""

    steps: dict[Moment, float | str] = Field(min_length=1)
    repeat: Duration | None = None

    def course(self) -> Course:
        """Return the course."""
        moments = sorted(self.steps)
        return _repeated(Steps(tuple(moments), tuple(self.steps[at_ns] for at_ns in moments)), self.repeat)


class RampEnds(Table):
    """From where to where, and when."""

    first: float = Field(alias="from")
    last: float = Field(alias="to")
    start: Moment = 0
    over: Duration


class RampTable(Table):
    """A straight line."""

    ramp: RampEnds
    every: Duration | None = None

    def course(self) -> Course:
        """Return the course."""
        ends = self.ramp
        return Ramp(ends.first, ends.last, ends.start, ends.over, self.every or _looks(ends.over))


class SineShape(Table):
    """Around what, how far, and how fast."""

    middle: float
    swing: float
    period: Duration


class SineTable(Table):
    """A wave."""

    sine: SineShape
    every: Duration | None = None

    def course(self) -> Course:
        """Return the course."""
        shape = self.sine
        return Sine(shape.middle, shape.swing, shape.period, self.every or _looks(shape.period))


class SeriesTable(Table):
    """Values that were measured somewhere."""

    csv: str
    column: str | None = None
    time: str | None = None
    repeat: Duration | None = None

    def course_from(self, path: Path, text: str, *, column: str) -> Steps:
        """Return the course in the text of the file; ``column`` is the default. Raises `DescriptionError`."""
        rows = list(_rows(path, text, time=self.time, column=self.column or column))
        steps = Steps(tuple(at_ns for at_ns, _ in rows), tuple(value for _, value in rows), keeps_waiting=False)
        return _repeated(steps, self.repeat)


CourseTable = StepsTable | RampTable | SineTable | SeriesTable


def _looks(duration_ns: int) -> int:
    return max(duration_ns // _LOOKS, _EVERY_NS_MIN)


def _repeated(steps: Steps, repeat_ns: int | None) -> Steps:
    if repeat_ns is None:
        return steps
    within = [number for number, at_ns in enumerate(steps.times_ns) if at_ns < repeat_ns] or [0]
    return Steps(
        tuple(steps.times_ns[number] for number in within), tuple(steps.values[number] for number in within), repeat_ns
    )


def _rows(path: Path, text: str, *, time: str | None, column: str) -> Iterator[tuple[int, float]]:
    """Yield moments and values, in order. Raises `DescriptionError` with every line that is none."""
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    names = list(reader.fieldnames or [])
    time = time or (names[0] if names else "")
    for name in (time, column):
        if name not in names:
            hint = did_you_mean(name, names) or f"; it has {', '.join(names)}"
            raise DescriptionError([Problem(path=path, line=1, message=f"there is no column {name!r}{hint}")])
    problems: list[Problem] = []
    last_ns = -1
    for row in reader:
        try:
            at_ns, value = _moment(row[time]), float(row[column])
        except (TypeError, ValueError):
            wrong = f"{time} = {row[time]!r}, {column} = {row[column]!r} should be a time and a number"
            problems.append(Problem(path=path, line=reader.line_num, message=wrong))
            continue
        if at_ns <= last_ns:
            problems.append(
                Problem(path=path, line=reader.line_num, message=f"{row[time]} is not after the one before")
            )
        last_ns = at_ns
        yield at_ns, value
    if last_ns < 0 and not problems:
        problems.append(Problem(path=path, line=1, message="there is no row"))
    if problems:
        raise DescriptionError(problems)


def _moment(text: str) -> int:
    try:
        return parse_duration(text.strip())
    except UsageError as error:
        raise ValueError from error
