"""What there is to say of each type of part: for ``luatwin parts`` and the documentation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from simulator.descriptions.part_models import limits_text, model_of, summary_of, value_text
from simulator.hardware.parts import PARTS, Control, Part
from simulator.hardware.parts.part import NO_PIN


@dataclass(frozen=True, slots=True)
class KeyTexts:
    """A key of a part. ``default`` is empty if it has to be given."""

    name: str
    meaning: str
    default: str


@dataclass(frozen=True, slots=True)
class PartTexts:
    """A type of part."""

    type: str
    summary: str
    """In a line."""
    description: str
    fields: tuple[KeyTexts, ...]
    """What tells it from another of its type."""
    controls: tuple[KeyTexts, ...]
    """What can be set over time."""

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def part_texts() -> Iterator[PartTexts]:
    """Yield all types, in the order of their names."""
    for _, kind in sorted(PARTS.items()):
        yield _texts(kind)


def _texts(kind: type[Part]) -> PartTexts:
    fields = [
        KeyTexts(str(item.alias), limits_text(kind, str(item.alias)), _default(str(item.alias), item.default))
        for name, item in model_of(kind).model_fields.items()
        if name.startswith("field_")
    ]
    controls = [
        KeyTexts(name, _control_text(control), f"{control.initial:g}") for name, control in kind.controls.items()
    ]
    controls += [KeyTexts(name, f"{meaning} (a text)", "nothing") for name, meaning in kind.text_controls.items()]
    return PartTexts(
        kind.type_name, summary_of(kind), inspect.getdoc(kind) or "", tuple(fields), tuple(controls)
    )  # fmt: skip


def _control_text(control: Control) -> str:
    return f"{control.summary}; {control.low:g} to {control.high:g}"


def _default(name: str, value: Any) -> str:
    if value is PydanticUndefined:
        return ""
    return "none" if value in (None, NO_PIN, {}) else value_text(value, name=name)
