"""The small values that scenario files are made of: how they are written, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from simulator.descriptions.part_models import pin_number
from simulator.errors import UsageError
from simulator.faults import Always, AtCut, AtFlashOp, AtTime, Fault, Layer, parse_fault
from simulator.units import parse_duration, parse_size

_ZERO: Final = re.compile(r"0(\.0*)?")


def _time_ns(value: Any) -> int:
    """Return the nanoseconds of a time as wokwi-cli writes it, ``1.5 s`` or ``100ms``; also ``2m`` and ``1h30m``."""
    text = str(value).strip().lower() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    if _ZERO.fullmatch(text):
        return 0
    if text[-1:].isdecimal():
        raise ValueError("has no unit; write one of ns, us, ms, s, m, h (such as 500ms)")
    try:
        return parse_duration(re.sub(r"\.(?=[a-z])", "", re.sub(r"\s+(?=[a-z])", "", text)))
    except UsageError:
        raise ValueError("is no time; write a number with one of ns, us, ms, s, m, h (such as 500ms)") from None


def _size_bytes(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return parse_size(str(value))
    except UsageError:
        raise ValueError("is no size; write bytes, or a number with K or M (such as 512K)") from None


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    is_list = isinstance(value, list) and value
    if is_list and all(isinstance(byte, int) and not isinstance(byte, bool) and 0 <= byte <= 255 for byte in value):
        return bytes(value)
    raise ValueError("should be a text, or a list of numbers from 0 to 255")


def _level(value: Any) -> int:
    if isinstance(value, int) and value in (0, 1):
        return int(value)
    raise ValueError("should be 0 or 1")


def _word(value: Any) -> str:
    """Return a name that may look like a number, such as that of a pin."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise ValueError("should be a name")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("should be a whole number")


def _setting(value: Any) -> float | str:
    """Return what a control can be set to."""
    if isinstance(value, (int, float, str)):
        return int(value) if isinstance(value, bool) else value
    raise ValueError("should be a number or a text")


def as_fault(text: Any) -> Fault:
    """Return the fault in a text as ``--fault`` takes it. Raises `ValueError`."""
    if not isinstance(text, str):
        raise ValueError("should be the name of a fault")  # noqa: TRY004 (pydantic wants this one)
    try:
        return parse_fault(text)
    except UsageError as error:
        raise ValueError(str(error).removeprefix(f"--fault {text!r}: ")) from None


def _fault_of_step(*layers: Layer) -> Callable[[Any], Fault]:
    """Return what reads the fault of a step, which begins with the step or at a place of the download after it."""

    def read(text: Any) -> Fault:
        fault = as_fault(text)
        if layers and fault.kind.layer not in layers:
            raise ValueError(f"is a fault of the layer {fault.kind.layer.value}, not of {layers[0].value}")
        if "@" not in text and fault.kind.lasts and not fault.kind.layer.is_of_server:
            return Fault(fault.kind, Always(), fault.duration_ns)
        if isinstance(fault.when, (AtTime, AtFlashOp, AtCut)):
            raise ValueError("happens when the step does: leave the moment out, or put it under faults")  # noqa: TRY004
        return fault

    return read


def _fault_or_none(text: Any) -> Fault | None:
    return None if text == "none" else _fault_of_step()(text)


Time = Annotated[int, BeforeValidator(_time_ns, json_schema_input_type=str), Field(examples=["500ms", "1.5s", "2m"])]
"""Simulated nanoseconds."""
Size = Annotated[int, BeforeValidator(_size_bytes, json_schema_input_type=int | str), Field(examples=["64K", "1MiB"])]
Bytes = Annotated[bytes, BeforeValidator(_bytes, json_schema_input_type=str | list[int])]
Level = Annotated[int, BeforeValidator(_level, json_schema_input_type=int | bool)]
Word = Annotated[str, BeforeValidator(_word, json_schema_input_type=str | int)]
Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
Setting = Annotated[float | str, BeforeValidator(_setting, json_schema_input_type=float | str | bool)]
Gpio = Annotated[int, BeforeValidator(pin_number, json_schema_input_type=int | str)]
StartFault = Annotated[Any, BeforeValidator(as_fault, json_schema_input_type=str)]
RadioFault = Annotated[Any, BeforeValidator(_fault_of_step(Layer.RADIO), json_schema_input_type=str)]
NetworkFault = Annotated[Any, BeforeValidator(_fault_of_step(Layer.NETWORK), json_schema_input_type=str)]
ServerFault = Annotated[Any, BeforeValidator(_fault_of_step(Layer.SERVER, Layer.TLS), json_schema_input_type=str)]
AnyFault = Annotated[Any, BeforeValidator(_fault_or_none, json_schema_input_type=str)]
"""None: no fault any more."""
