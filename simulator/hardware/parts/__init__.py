"""The parts that can be put around a board, and what one is before it is made.

`PARTS` has them by type. Files and command lines that describe parts are `simulator.descriptions`. Read `part` first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.hardware.courses import Course
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
    radio_parts,
    segment_parts,
    serial_parts,
    spi_parts,
)
from simulator.hardware.parts.part import Control, Part

_MODULES: Final = (
    basic,
    analog,
    pulse_parts,
    radio_parts,
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

__all__ = ["PARTS", "Control", "Part", "PartDescription", "part_fields"]


def part_fields(kind: type[Part]) -> dict[str, dataclasses.Field[Any]]:
    """Return the fields of a type of part that a description can give, its name included."""
    return {field.name: field for field in dataclasses.fields(kind) if field.init}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDescription:
    """A part that is to be made, for one board or for many. ``courses`` are what its controls follow."""

    kind: type[Part]
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, float] = field(default_factory=dict)
    """What controls are set to from the beginning."""
    courses: Mapping[str, Course] = field(default_factory=dict)

    def make(self) -> Part:
        """Return a part that is on no bench yet. Raises `UsageError` for a value that a control cannot have."""
        part = self.kind(name=self.name, **self.fields)
        for control, value in self.presets.items():
            part.preset(control, value)
        for control, course in self.courses.items():
            first = course.at(0)
            if isinstance(first, (int, float)):
                part.preset(control, first)
        part.courses = dict(self.courses)
        return part
