"""From a file, a mapping or a word on a command line to `PartDescription` values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from simulator.boards import Board
from simulator.boards.ids import did_you_mean
from simulator.descriptions.complaints import Complaint
from simulator.descriptions.courses import ReadFile, SeriesTable, Table
from simulator.descriptions.part_models import complaints, model_of
from simulator.descriptions.yaml_document import Document, parse_document
from simulator.errors import DescriptionError, LuaTwinError, Problem, UsageError
from simulator.hardware.courses import Course, Steps
from simulator.hardware.parts import PARTS, Control, Part, PartDescription
from simulator.resources import data_dir
from simulator.units import format_duration

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PARTS: Final = "parts"


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a file describes. ``inputs`` are the files that were read, by their names."""

    parts: tuple[PartDescription, ...]
    inputs: Mapping[str, bytes] = field(default_factory=dict)


def read_hardware(path: Path, read_bytes: Callable[[Path], bytes] = Path.read_bytes) -> Hardware:
    """Return what the YAML file at ``path`` describes. ``read_bytes`` reads it, and what it names.

    Raises `UsageError` if it cannot be read, `DescriptionError` with everything that is wrong with it.
    """
    inputs: dict[str, bytes] = {}

    def read(name: str) -> tuple[Path, str]:
        other = path.parent / name
        data = inputs[str(other)] = read_bytes(other)
        return other, data.decode()

    try:
        _, text = read(path.name)
    except OSError as error:
        raise UsageError(f"hardware file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DescriptionError([Problem(path=path, message="should be text in UTF-8")]) from error
    document = parse_document(text, path)
    return Hardware(tuple(_parts(document, read)), inputs)


def board_hardware(board: Board) -> tuple[PartDescription, ...]:
    """Return what is on every board of a kind, by its own description. Raises as `read_hardware` does."""
    return tuple(part for name in board.hardware for part in _shipped(data_dir("boards") / name).parts)


_shipped = cache(read_hardware)


def describe_part(description: Mapping[str, Any]) -> PartDescription:
    """Return the part that a mapping means: ``type``, ``name``, its fields, and what its controls are set to.

    Raises `UsageError` with everything that is wrong with it.
    """
    rest = dict(description)
    name = rest.pop("name", None)
    if not isinstance(name, str):
        raise UsageError(f"a part needs a name: {description!r}")
    found: list[Complaint] = []
    part = _part(name, rest, found.append, _no_file)
    if part is None or found:
        raise UsageError("\n".join(f"part {complaint.message}" for complaint in found))
    return part


def describe_parts(
    descriptions: Mapping[Any, Any], complain: Callable[[Complaint], None], read: ReadFile
) -> list[PartDescription]:  # fmt: skip
    """Return the parts of a table by their names, which is in somebody else's document; ``read`` reads beside that.

    What is wrong is told to ``complain``, with keys that begin with the name of the part.
    """
    made = (_part(name, description, complain, read) for name, description in descriptions.items())
    return [part for part in made if part is not None]


def parse_part(text: str, *, taken: Iterable[str] = ()) -> PartDescription:
    """Return the part that ``TYPE[:VALUE]...[:KEY=VALUE]...`` means, as on a command line: ``led:26``.

    Values without a key go to the fields that the part needs, in their order. Its name is its type, unless it is
    ``taken`` or ``name=`` gives one. Raises `UsageError`.
    """
    type_name, *words = text.split(":")
    description: dict[str, Any] = {"type": type_name}
    kind = PARTS.get(type_name)
    if kind is None:
        raise UsageError(f"--part {text!r}: there is no part {type_name!r}{_nearest_type(type_name)}")
    needed = iter(_needed(kind))
    for word in words:
        key, is_named, value = word.partition("=")
        if not is_named:
            key, value = next(needed, ""), word
            if not key:
                raise UsageError(f"--part {text!r}: {word!r} is one value too many; write KEY=VALUE for others")
        try:
            description[key] = parse_document(value, "").values
        except DescriptionError:
            raise UsageError(f"--part {text!r}: {key} = {value!r} is no value") from None
    name = str(description.pop("name", type_name))
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    try:
        return describe_part({"name": free, **description})
    except UsageError as error:
        raise UsageError(f"--part {text!r}: {error}") from error


def _nearest_type(type_name: Any) -> str:
    return did_you_mean(str(type_name), PARTS) or f"; there are {', '.join(PARTS)}"


def _needed(kind: type[Part]) -> list[str]:
    return [item.alias or name for name, item in model_of(kind).model_fields.items() if item.is_required()][1:]


def _no_file(name: str) -> tuple[Path, str]:
    raise UsageError(f"{name}: a file of values can only be named in a file, beside which it is")


# -- a document -------------------------------------------------------------------------------------------------------


def _parts(document: Document, read: ReadFile) -> list[PartDescription]:
    problems: list[Problem] = []

    def complain(complaint: Complaint) -> None:
        key = (_PARTS, *complaint.key)
        problems.append(document.problem(key, complaint.message, of_key=complaint.is_of_key))

    parts = describe_parts(_entries(document, problems), complain, read)
    if problems:
        raise DescriptionError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return parts


def _entries(document: Document, problems: list[Problem]) -> Mapping[Any, Any]:
    """Return the tables of the parts by their names; what is wrong around them becomes a problem."""
    values = document.values
    if not isinstance(values, dict):
        problems.append(document.problem((), f"should be a table with the key {_PARTS}"))
        return {}
    for key in values:
        if key != _PARTS:
            hint = did_you_mean(str(key), (_PARTS,)) or f"; there is only {_PARTS}"
            problems.append(document.problem((key,), f"unknown key {key}{hint}", of_key=True))
    entries = values.get(_PARTS, {})
    if not isinstance(entries, dict):
        problems.append(document.problem((_PARTS,), f"{_PARTS} should be a table of parts by their names"))
        return {}
    return entries


def _part(
    name: Any, description: Any, complain: Callable[[Complaint], None], read: ReadFile
) -> PartDescription | None:  # fmt: skip
    """Return a part, or complain."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        complain(Complaint((name,), f"{name!r} is no name: letters, digits, '_', '-' and '.'", is_of_key=True))
        return None
    if not isinstance(description, Mapping):
        complain(Complaint((name,), f"{name} should be a table with the type of a part"))
        return None
    type_name = description.get("type")
    kind = PARTS.get(type_name) if isinstance(type_name, str) else None
    if kind is None:
        if type_name is None:
            complain(Complaint((name,), f"{name} needs a type, such as led", is_of_key=True))
        else:
            message = f"{name}.type: there is no part {type_name!r}{_nearest_type(type_name)}"
            complain(Complaint((name, "type"), message))
        return None
    try:
        model = model_of(kind).model_validate(description)
    except ValidationError as error:
        for complaint in complaints(error, kind, name):
            complain(complaint)
        return None
    return _described(kind, name, model, complain, read)


def _described(
    kind: type[Part], name: str, model: Table, complain: Callable[[Complaint], None], read: ReadFile
) -> PartDescription | None:  # fmt: skip
    fields: dict[str, Any] = {}
    presets: dict[str, float] = {}
    courses: dict[str, Course] = {}
    for attribute in sorted(model.model_fields_set - {"type"}):
        key = str(type(model).model_fields[attribute].alias)
        value = getattr(model, attribute)
        if attribute.startswith("field_"):
            fields[key] = value
        elif isinstance(value, SeriesTable):
            try:
                courses[key] = _series(value, key, kind.controls[key], read)
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
                complain(Complaint((name, key, "csv"), f"{name}.{key}.csv: {value.csv}: {why}"))
            except LuaTwinError as error:
                complain(Complaint((name, key, "csv"), f"{name}.{key}.csv: {error}"))
        elif isinstance(value, Table):
            courses[key] = value.course()  # type: ignore[attr-defined]
        elif isinstance(value, str):
            courses[key] = Steps((0,), (value,))
        elif value is not None:
            presets[key] = value
    return PartDescription(kind=kind, name=name, fields=fields, presets=presets, courses=courses)


def _series(table: SeriesTable, key: str, control: Control, read: ReadFile) -> Course:
    path, text = read(table.csv)
    course = table.course_from(path, text, column=key)
    for at_ns, value in zip(course.times_ns, course.values, strict=True):
        if not isinstance(value, str) and not control.low <= value <= control.high:
            limits = f"{control.low:g} to {control.high:g}"
            raise UsageError(f"{path}: {value:g} at {format_duration(at_ns)} is not from {limits}")
    return course
