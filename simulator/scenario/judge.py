"""Whether a value is what it should be, asked of pydantic and answered in our words."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from simulator.boards.ids import did_you_mean
from simulator.descriptions.complaints import Complaint, dotted, words_of
from simulator.descriptions.yaml_document import KeyPath

Complain = Callable[[Complaint], None]


def judge(kind: Any, value: Any, key: KeyPath, complain: Complain) -> Any | None:
    """Return ``value``, which stands at ``key``, as ``kind`` has it; None once everything wrong is complained of."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            complain(_complaint(details, kind, key))
        return None


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def _complaint(details: ErrorDetails, kind: Any, at: KeyPath) -> Complaint:
    type_ = details["type"]
    key = (*at, *details["loc"])
    if type_ == "extra_forbidden":
        known = _known_keys(kind, details["loc"][:-1])
        hint = did_you_mean(str(key[-1]), known) or f"; there are {', '.join(known)}"
        return Complaint(key, f"unknown key {dotted(key)}{hint}", is_of_key=True)
    if type_ == "missing":
        what = f"{dotted(key[:-1])} needs" if key[:-1] else "a scenario needs"
        return Complaint(key[:-1], f"{what} {key[-1]}", is_of_key=True)
    if not key:
        return Complaint(key, words_of(details))
    if key[-1] == "[key]":
        return Complaint(key[:-1], f"{dotted(key[:-2])}: {key[-2]!r} {words_of(details)}", is_of_key=True)
    if isinstance(details["input"], (dict, list)):
        return Complaint(key, f"{dotted(key)} {words_of(details)}")
    return Complaint(key, f"{dotted(key)} = {json.dumps(details['input'], default=str)} {words_of(details)}")


def _known_keys(kind: Any, place: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the table at a place in what ``kind`` describes."""
    model = _bare(kind)
    for step in place:
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields = model.model_fields
            model = _bare(next(field.annotation for name, field in fields.items() if (field.alias or name) == step))
        else:  # the values of a dictionary, or what is in a list
            model = _bare([item for item in get_args(model) if item is not Ellipsis][-1])
    return [field.alias or name for name, field in model.model_fields.items()]


def _bare(kind: Any) -> Any:
    """Return the type in a type with remarks, or that may be None."""
    while get_origin(kind) is Annotated or type(None) in get_args(kind):
        kind = next(item for item in get_args(kind) if item is not type(None))
    return kind
