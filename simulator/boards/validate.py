"""The judge of board files: pydantic, with what it finds said in our words; and the JSON Schema that editors can use.

Slow to import. `load` comes here only when `construct` has a doubt; see there.
"""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from simulator.boards.construct import declared_fields, declared_parts
from simulator.boards.ids import did_you_mean
from simulator.boards.limits import ToldApartBy
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
                key, message = _complaint(details)
                path, line = sources.place(key)
                problems.append(Problem(path=path, line=line, message=message))
    if problems:
        rank: dict[Path | str, int] = {file.path: number for number, file in enumerate(reversed(sources.files))}
        raise DescriptionError(sorted(problems, key=lambda problem: (rank.get(problem.path, 0), problem.line)))
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


def _complaint(details: ErrorDetails) -> tuple[KeyPath, str]:
    """Return the key to blame and what to say about it."""
    kind, told = details["type"], details.get("ctx", {})
    if kind == "value_error" and isinstance(error := told["error"], CombinationError):
        return (error.field,), str(error)
    key, tables = _key_and_tables(details["loc"])
    if kind == "unexpected_keyword_argument":
        known = [name for table in tables for name in declared_fields(table) if name != "id"]
        return key, f"unknown key {_dotted(key)}{did_you_mean(str(key[-1]), known)}"
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


def _key_and_tables(location: tuple[str | int, ...]) -> tuple[KeyPath, list[type]]:
    """Return where ``location`` of pydantic is in the file, and the tables that may stand around its last key.

    Where tables are told apart by a key, pydantic puts the value of that key between the two steps.
    """
    path: KeyPath = ()
    around: list[type] = []
    inside: list[type] = [Board]
    told_apart_by: ToldApartBy | None = None
    for step in location:
        if told_apart_by:
            inside = [table for table in inside if step in get_args(declared_fields(table)[told_apart_by.key])]
            told_apart_by = None
        else:
            path, around = (*path, step), inside
            parts = [part for table in inside for part in declared_parts(declared_fields(table).get(str(step)))]
            inside = [part for part in parts if is_dataclass(part) and isinstance(part, type)]
            told_apart_by = next((part for part in parts if isinstance(part, ToldApartBy)), None)
    return path, around


def _dotted(key: KeyPath) -> str:
    text = ""
    for step in key:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
