"""The parts that can be put around a board, and how to make one from a description.

`PARTS` has them by type. A description is a table as in a board or scenario file: ``type``, ``name``, the fields of the
part, and first values of its controls. Read `part` first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from simulator.errors import UsageError
from simulator.hardware.parts import (
    actuators,
    analog,
    basic,
    bme280,
    display_parts,
    i2c_parts,
    memory_card,
    one_wire_parts,
    pulse_parts,
    segment_parts,
    serial_parts,
    spi_parts,
)
from simulator.hardware.parts.part import Control, Part

_MODULES: Final = (
    basic,
    analog,
    pulse_parts,
    i2c_parts,
    bme280,
    one_wire_parts,
    spi_parts,
    serial_parts,
    actuators,
    display_parts,
    segment_parts,
    memory_card,
)

PARTS: Final[Mapping[str, type[Part]]] = {
    kind.type_name: kind
    for module in _MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Part) and "type_name" in vars(kind)
}
"""Every type of part by its name."""

__all__ = ["PARTS", "Control", "Part", "make_part", "part_fields"]


def part_fields(kind: type[Part]) -> dict[str, dataclasses.Field[Any]]:
    """Return the fields of a type of part that a description can give, its name included."""
    return {field.name: field for field in dataclasses.fields(kind) if field.init}


def make_part(description: Mapping[str, Any]) -> Part:
    """Return the part that a description means.

    Raises `UsageError` for a type that does not exist, for a key that the part does not have, for one that is missing,
    and for a value of the wrong type or out of its range.
    """
    rest = dict(description)
    type_name = rest.pop("type", None)
    kind = PARTS.get(type_name) if isinstance(type_name, str) else None
    name = rest.get("name", "?")
    if kind is None:
        close = get_close_matches(str(type_name), PARTS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; types: {', '.join(PARTS)}"
        raise UsageError(f"part {name!r}: there is no type {type_name!r}{hint}")
    fields = part_fields(kind)
    controls = {key: rest.pop(key) for key in list(rest) if key in kind.controls and key not in fields}
    for key in rest:
        if key not in fields:
            known = ", ".join((*fields, *kind.controls))
            raise UsageError(f"part {name!r} ({type_name}): there is no {key!r}; it has {known}")
    missing = [key for key, field in fields.items() if key not in rest and _is_required(field)]
    if missing:
        raise UsageError(f"part {name!r} ({type_name}): needs {', '.join(missing)}")
    called = f"part {name!r} ({type_name})"
    part = kind(**{key: _checked(called, fields[key], value) for key, value in rest.items()})
    for key, value in controls.items():
        part.preset(key, value)
    return part


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_CHECKS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "int": (_is_whole, "a whole number"),
    "float": (_is_number, "a number"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "str": (lambda value: isinstance(value, str), "a text"),
    "tuple[int, ...]": (
        lambda value: isinstance(value, (list, tuple)) and all(map(_is_whole, value)),
        "a list of pins",
    ),
    "Mapping[str, str]": (lambda value: isinstance(value, Mapping), "a table of texts"),
}
"""Declared type of a field to what a value has to be, and how that is called."""


def _checked(part: str, field: dataclasses.Field[Any], value: Any) -> Any:
    """Return ``value`` as the field has it."""
    holds, expected = _CHECKS[str(field.type)]
    if not holds(value):
        raise UsageError(f"{part}: {field.name} = {value!r} is not {expected}")
    return tuple(value) if isinstance(value, list) else value
