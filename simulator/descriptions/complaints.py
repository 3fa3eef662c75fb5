"""What pydantic finds wrong, in our words: what all files share that a person writes in YAML."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from pydantic_core import ErrorDetails

_SHOULD: Final = {
    "bool_type": "should be true or false",
    "dict_type": "should be a table",
    "finite_number": "should be a number",
    "float_type": "should be a number",
    "int_type": "should be a whole number",
    "list_type": "should be a list",
    "model_attributes_type": "should be a table",
    "model_type": "should be a table",
    "string_type": "should be a text",
    "tuple_type": "should be a list",
}


class Complaint(NamedTuple):
    """Something that is wrong: where, what, and whether it is the key rather than its value."""

    key: tuple[Any, ...]
    message: str
    is_of_key: bool = False


def words_of(details: ErrorDetails) -> str:
    """Return what a value should be, as it goes on after the value."""
    type_ = details["type"]
    if type_ in _SHOULD:
        return _SHOULD[type_]
    if type_ == "value_error":
        return str(details["ctx"]["error"])
    return details["msg"].replace("Input should", "should")


def dotted(key: tuple[Any, ...]) -> str:
    """Return the keys and list positions that lead to a value as one text: ``steps[2].timeout``."""
    text = ""
    for step in key:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
