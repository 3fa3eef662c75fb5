"""A pydantic model for each type of part, made from what the part says of its own fields and controls.

A field's type says what it may be (`simulator.hardware.parts.part`); a control takes a value within its limits, or a
course (`courses`). What is wrong is told in our words, with the nearest key for one that is not known.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from types import SimpleNamespace
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationError, create_model
from pydantic_core import ErrorDetails, core_schema

from simulator.boards.ids import did_you_mean
from simulator.descriptions.complaints import Complaint, dotted, words_of
from simulator.descriptions.courses import (
    KINDS,
    CourseTable,
    RampTable,
    SeriesTable,
    SineTable,
    StepsTable,
    Table,
)
from simulator.hardware import GPIOS
from simulator.hardware.parts import PARTS, Control, Part, part_fields
from simulator.hardware.parts.part import NO_PIN, Limits, PinOf

_NO_GPIO: Final = "is no pin; the ESP32 has GPIO 0 to 23, 25 to 27 and 32 to 39"
_TAG: Final = "?"
"""Begins what pydantic puts into a place to say which alternative it took."""

_PLAIN_TEXTS: Final[Mapping[Any, str]] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    str: "a text",
    Mapping[str, str]: "a table of texts",
}


def pin_number(value: Any, *, is_optional: bool = False) -> int:
    """Return the GPIO of ``26`` or ``GPIO26``. Raises `ValueError`."""
    number = value
    if isinstance(value, str) and value[:4].upper() == "GPIO" and value[4:].isdecimal():
        number = int(value[4:])
    is_known = isinstance(number, int) and not isinstance(number, bool) and number in GPIOS
    if not (is_known or (is_optional and number == NO_PIN)):
        raise ValueError(_NO_GPIO)
    return int(number)


def summary_of(kind: type[Part]) -> str:
    """Return what a part is, in a line."""
    return (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")


# -- from a part to a model -------------------------------------------------------------------------------------------


def model_of(kind: type[Part]) -> type[Table]:
    """Return the model of a type of part. Its fields have made-up names; what counts are their aliases."""
    return _model(kind.type_name)


@cache
def _model(type_name: str) -> type[Table]:
    kind = PARTS[type_name]
    fields: dict[str, Any] = {"type": (Literal[kind.type_name], ...)}
    for name, field in part_fields(kind).items():
        if name == "name":
            continue
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        required = default is dataclasses.MISSING
        fields[f"field_{name}"] = (_annotation(_hint(kind, name)), Field(... if required else default, alias=name))
    for number, (name, control) in enumerate(kind.controls.items()):
        annotation = _control_annotation(control)
        fields[f"control_{number}"] = (annotation, Field(None, alias=name, description=control.summary))
    for number, (name, meaning) in enumerate(kind.text_controls.items()):
        fields[f"text_{number}"] = (_text_annotation(), Field(None, alias=name, description=meaning))
    model: type[Table] = create_model(kind.type_name, __base__=Table, __doc__=summary_of(kind), **fields)
    return model


def _hint(kind: type[Part], name: str) -> Any:
    """Return the type of a field, which is looked up where the field is declared: others are not there at run time."""
    declaring = next(base for base in kind.__mro__ if name in vars(base).get("__annotations__", {}))
    only = SimpleNamespace(__annotations__={name: declaring.__annotations__[name]})
    return get_type_hints(only, vars(sys.modules[declaring.__module__]), include_extras=True)[name]


def _annotation(hint: Any) -> Any:
    """Return how pydantic checks a field of this type."""
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        for mark in marks:
            if isinstance(mark, PinOf):
                return Annotated[
                    int,
                    BeforeValidator(
                        partial(pin_number, is_optional=mark.is_optional), json_schema_input_type=int | str
                    ),
                ]
            if isinstance(mark, Limits):
                return Annotated[base, _Within(mark.low, mark.high, is_whole=base is int)]
        raise AssertionError(hint)
    if get_origin(hint) is tuple:
        items = tuple(_annotation(item) for item in get_args(hint))
        return Annotated[tuple[items], Field(strict=False)]  # type: ignore[valid-type]
    return hint


def limits_text(kind: type[Part], name: str) -> str:
    """Return in words what a field of a part may be."""
    return _hint_text(_hint(kind, name), partial(value_text, name=name))


def value_text(value: Any, *, name: str = "") -> str:
    """Return a value of a field as data sheets have it: an ``address`` is hexadecimal."""
    if name == "address":
        return f"{value:#04x}"
    if isinstance(value, bool):
        return str(value).lower()
    return _plain(value) if isinstance(value, (int, float)) else str(value)


def _hint_text(hint: Any, show: Callable[[Any], str]) -> str:
    if hint in _PLAIN_TEXTS:
        return _PLAIN_TEXTS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(", ".join(map(show, arguments)).rsplit(", ", 1))
    if origin is tuple:
        return f"{len(arguments)} times {_hint_text(arguments[0], show)}"
    if origin is Annotated:
        base, mark = arguments
        if isinstance(mark, PinOf):
            return "a pin, if it is connected" if mark.is_optional else "a pin"
        return _within_text(mark.low, mark.high, is_whole=base is int, show=show)
    raise AssertionError(hint)


def _within_text(low: float, high: float, *, is_whole: bool, show: Callable[[Any], str] = value_text) -> str:
    number = "a whole number" if is_whole else "a number"
    if high == math.inf:
        return f"{number} of at least {show(low)}"
    return f"{number} from {show(low)} to {show(high)}"


class _Within:
    """Lets pydantic check a number and refuse in our words."""

    def __init__(self, low: float, high: float, *, is_whole: bool) -> None:
        self._low = low
        self._high = high
        self._is_whole = is_whole

    def __str__(self) -> str:
        return _within_text(self._low, self._high, is_whole=self._is_whole)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        number: core_schema.CoreSchema
        if self._is_whole:
            high = None if self._high == math.inf else int(self._high)
            number = core_schema.int_schema(ge=int(self._low), le=high, strict=True)
        else:
            number = core_schema.float_schema(
                ge=self._low, le=None if self._high == math.inf else self._high, strict=True, allow_inf_nan=False
            )
        return core_schema.custom_error_schema(number, "limit", custom_error_message=f"should be {self}")


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"


def _kind_of_value(value: Any) -> str:
    """Tell a course by its key; everything else is a value."""
    if isinstance(value, Mapping):
        found = [kind for kind in KINDS if kind in value]
        return f"{_TAG}{found[0]}" if len(found) == 1 else f"{_TAG}none"
    return f"{_TAG}value"


def _value_or_course(value: Any, what: str, *, is_text: bool) -> Any:
    alternatives: list[Any] = [Annotated[value, Tag(f"{_TAG}value")], Annotated[StepsTable, Tag(f"{_TAG}steps")]]
    known = "steps"
    if not is_text:
        known = "one of steps, ramp, sine and csv"
        alternatives += [
            Annotated[RampTable, Tag(f"{_TAG}ramp")],
            Annotated[SineTable, Tag(f"{_TAG}sine")],
            Annotated[SeriesTable, Tag(f"{_TAG}csv")],
        ]
    union: Any = alternatives[0]
    for alternative in alternatives[1:]:
        union |= alternative
    return Annotated[
        union,
        Discriminator(
            _kind_of_value,
            custom_error_type="course",
            custom_error_message=f"should be {what}, or a table with {known}",
        ),
    ]


def _control_annotation(control: Control) -> Any:
    within = _Within(control.low, control.high, is_whole=False)
    course = _value_or_course(Annotated[float, within], str(within), is_text=False)
    return Annotated[course, AfterValidator(partial(_check_course, control))] | None


def _text_annotation() -> Any:
    return _value_or_course(str, "a text", is_text=True) | None


def _check_course(control: Control, value: float | CourseTable) -> float | CourseTable:
    for number in _extremes(value):
        if isinstance(number, str) or not control.low <= number <= control.high:
            number = number if isinstance(number, str) else _plain(number)
            raise ValueError(f"comes to {number}, which is not from {_plain(control.low)} to {_plain(control.high)}")
    return value


def _extremes(value: float | CourseTable) -> Iterator[float | str]:
    match value:
        case StepsTable(steps=steps):
            yield from steps.values()
        case RampTable(ramp=ramp):
            yield from (ramp.first, ramp.last)
        case SineTable(sine=sine):
            yield from (sine.middle - abs(sine.swing), sine.middle + abs(sine.swing))


# -- what is wrong --------------------------------------------------------------------------------------------------


def complaints(error: ValidationError, kind: type[Part], name: str) -> Iterator[Complaint]:
    """Yield what is wrong with the part ``name``; keys begin with it."""
    for details in error.errors(include_url=False):
        yield _complaint(details, kind, name)


def _complaint(details: ErrorDetails, kind: type[Part], name: str) -> Complaint:
    type_ = details["type"]
    key = (name, *(step for step in details["loc"] if not str(step).startswith(_TAG)))
    place = dotted(key)
    if type_ == "extra_forbidden":
        known = _known_keys(details["loc"][:-1], kind)
        hint = did_you_mean(str(key[-1]), known) or f"; it has {', '.join(known)}"
        return Complaint(key, f"unknown key {place}{hint}", is_of_key=True)
    if type_ == "missing" and isinstance(key[-1], str):
        what = f"{name} ({kind.type_name})" if len(key) == 2 else dotted(key[:-1])
        return Complaint(key[:-1], f"{what} needs {key[-1]}", is_of_key=True)
    if type_ in ("missing", "too_long"):  # of a list, whose length is that of its type
        key = key[:-1] if type_ == "missing" else key
        return Complaint(key, f"{dotted(key)} should have {_length(kind, str(key[1]))} entries")
    if key[-1] == "[key]":
        return Complaint(key[:-2], f"{dotted(key[:-2])}: {key[-2]!r} {words_of(details)}")
    if type_ == "value_error" and isinstance(details["input"], Mapping):
        return Complaint(key, f"{place} {words_of(details)}")
    return Complaint(key, f"{place} = {json.dumps(details['input'], default=str)} {words_of(details)}")


def _length(kind: type[Part], name: str) -> int:
    return len(get_args(_hint(kind, name)))


def _known_keys(place: tuple[int | str, ...], kind: type[Part]) -> list[str]:
    """Return the keys of the table at a place in the model of a part."""
    model: Any = model_of(kind)
    for step in place:
        if str(step).startswith(_TAG):
            model = {"steps": StepsTable, "ramp": RampTable, "sine": SineTable, "csv": SeriesTable}[str(step)[1:]]
        elif model is not model_of(kind):
            model = model.model_fields[str(step)].annotation
    return [field.alias or name for name, field in model.model_fields.items()]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a description."""
    from pydantic import TypeAdapter

    every: Any = model_of(next(iter(PARTS.values())))
    for kind in list(PARTS.values())[1:]:
        every |= model_of(kind)
    schema = TypeAdapter(dict[str, Annotated[every, Field(discriminator="type")]]).json_schema(by_alias=True)
    definitions = schema.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": definitions,
        "title": "LuaTwin hardware description",
        "type": "object",
        "additionalProperties": False,
        "required": ["parts"],
        "properties": {"parts": {**schema, "description": "The parts, by the names that scenarios call them."}},
    }
