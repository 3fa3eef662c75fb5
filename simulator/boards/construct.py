"""Build a `Board` from the plain values of its files, without pydantic.

pydantic is the judge of board files, but to import it and to build its schema takes 150 to 200 ms, and a board shall
have shown its first byte by then. So a value of exactly the declared shape is built here, from the same declarations;
at the slightest doubt `validate` decides and finds the words. `tests/boards` holds the two to the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


class DoubtError(Exception):
    """The value may not be of the declared shape; nothing more is known."""


@cache
def declared_fields(table: type) -> dict[str, Any]:
    """Return the fields of a dataclass with their whole types, limits included."""
    return {
        name: kind
        for name, kind in get_type_hints(table, include_extras=True).items()
        if name in table.__dataclass_fields__  # type: ignore[attr-defined]
    }


def declared_parts(declared: Any) -> Iterator[Any]:
    """Yield a declared type and all types and limits that it is made of."""
    yield declared
    for part in get_args(declared):
        yield from declared_parts(part)


def construct(declared: Any, value: Any) -> Any:
    """Return ``value``, as tomllib gives it, as an instance of the type ``declared``. Raises `DoubtError`."""
    origin = get_origin(declared)
    if origin is Annotated:
        kind, *limits = get_args(declared)
        built = construct(kind, value)
        if not all(limit.holds(built) for limit in limits):
            raise DoubtError
        return built
    if origin in {Union, UnionType}:
        for member in get_args(declared):
            try:
                return construct(member, value)
            except DoubtError:
                continue
        raise DoubtError
    if origin is Literal:
        if not any(type(value) is type(choice) and value == choice for choice in get_args(declared)):
            raise DoubtError
        return value
    if origin is tuple:
        if type(value) is not list:
            raise DoubtError
        return tuple(construct(get_args(declared)[0], item) for item in value)
    if is_dataclass(declared):
        return _table(declared, value)  # type: ignore[arg-type]
    if type(value) is not declared:
        raise DoubtError
    return value


def _table(declared: type, value: Any) -> Any:
    fields = declared_fields(declared)
    if type(value) is not dict or not value.keys() <= fields.keys():
        raise DoubtError
    values = {key: construct(fields[key], item) for key, item in value.items()}
    try:
        return declared(**values)
    except (TypeError, ValueError):  # a key is missing; values do not go together
        raise DoubtError from None
