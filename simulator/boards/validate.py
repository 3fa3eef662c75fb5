"""The judge of board files: pydantic, with what it finds said in our words; and the JSON Schema that editors can use.

Slow to import. `load` comes here only when `construct` has a doubt; see there.
"""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from simulator.boards.construct import declared_fields
from simulator.boards.ids import did_you_mean
from simulator.boards.partitions import CombinationError
from simulator.boards.schema import Board
from simulator.boards.source import Sources
from simulator.boards.toml_lines import KeyPath
from simulator.errors import DescriptionError, Problem

_SHOULD: Final = {
    "bool_type": "should be true or false",
    "string_type": "should be text",
    "tuple_type": "should be a list",
    "dict_type": "should be a table",
    "dataclass_type": "should be a table",
    "model_attributes_type": "should be a table",
}


def judge(sources: Sources, values: dict[str, Any]) -> Board:
    """Return the board that ``values``, the merged content of ``sources``, describe.

    Raises `DescriptionError` with every problem: those met while reading, and those of the values.
    """
    problems = list(sources.problems)
    try:
        # As JSON, because only there does pydantic's strict mode take lists for tuples and tables for dataclasses.
        board: Board = _adapter().validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            # What is missing may well be in the file that could not be read: one mistake, one problem.
            if not (sources.problems and details["type"] in {"missing", "union_tag_not_found"}):
                key, message = _complaint(values, details)
                path, line = sources.place(key)
                problems.append(Problem(path=path, line=line, message=message))
    if problems:
        raise DescriptionError(problems)
    return board


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a board file.

    Nothing is required in it: what one file leaves out, a file that it uses can hold.
    """
    schema = _adapter().json_schema()
    for table in (schema, *schema["$defs"].values()):
        table.pop("required", None)
    schema["title"] = "LuaTwin board file"
    del schema["properties"]["id"]
    using = {
        "description": "Files that this one builds upon; a later one overrides an earlier one.",
        "items": {"type": "string"},
        "type": "array",
    }
    schema["properties"] = {"using": using, **schema["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


@cache
def _adapter() -> TypeAdapter[Board]:
    return TypeAdapter(Board)


def _complaint(values: dict[str, Any], details: ErrorDetails) -> tuple[KeyPath, str]:
    """Return the key to blame and what to say about it."""
    kind, told = details["type"], details.get("ctx", {})
    key = _key_path(values, details["loc"])
    if kind == "value_error" and isinstance(error := told["error"], CombinationError):
        return (error.field,), str(error)
    if kind == "unexpected_keyword_argument":
        return key, f"unknown key {_dotted(key)}{did_you_mean(str(key[-1]), _known_keys(key[:-1]))}"
    found = details["input"]
    if kind.startswith("union_tag_"):
        key = (*key, told["discriminator"].strip("'"))
        found = told.get("tag")
    if kind in {"missing", "union_tag_not_found"}:
        return key, f"there is no {_dotted(key)}"
    if kind == "union_tag_invalid":
        should = f"should be one of {told['expected_tags']}"
    else:
        should = _SHOULD.get(kind) or details["msg"].replace("Input should", "should")
    return key, f"{_dotted(key)} = {json.dumps(found, default=str)} {should}"


def _key_path(values: dict[str, Any], location: tuple[str | int, ...]) -> KeyPath:
    """Return pydantic's ``location`` without the names it puts in for the chosen member of a union."""
    path: list[str | int] = []
    here: Any = values
    for number, step in enumerate(location, start=1):
        if isinstance(here, dict) and step not in here and number < len(location):
            continue
        path.append(step)
        here = here.get(step) if isinstance(here, dict) else None
    return tuple(path)


def _known_keys(path: KeyPath) -> list[str]:
    """Return the keys that the table at ``path`` may have; those of all its forms if it has several."""
    tables: list[type] = [Board]
    for step in path:
        tables = [member for table in tables for member in _tables_in(declared_fields(table).get(str(step)))]
    return [name for table in tables for name in declared_fields(table) if name != "id"]


def _tables_in(declared: Any) -> list[type]:
    if is_dataclass(declared):
        return [declared]  # type: ignore[list-item]
    return [table for part in get_args(declared) for table in _tables_in(part)]


def _dotted(key: KeyPath) -> str:
    text = ""
    for step in key:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
