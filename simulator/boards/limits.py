"""What a value of a board file may be, said once, beside the field, for both of its readers.

A limit stands in a field's ``Annotated[...]``. `construct` asks `holds`; pydantic asks for its own schema of the same
limit (and so puts it into the JSON Schema). pydantic is imported only there: see `construct` for why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number from ``low`` to ``high``, both included, that ``step`` divides."""

    low: int
    high: int
    step: int = 1

    def __str__(self) -> str:
        steps = f", a multiple of {self.step}" if self.step > 1 else ""
        return f"a whole number from {self.low} to {self.high}{steps}"

    def holds(self, value: object) -> bool:
        """Say whether ``value`` is within the limit."""
        return type(value) is int and self.low <= value <= self.high and value % self.step == 0

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        step = self.step if self.step > 1 else None
        number = core_schema.int_schema(ge=self.low, le=self.high, multiple_of=step, strict=True)
        return _said_by(self, number)


@dataclass(frozen=True, slots=True)
class Text:
    """Text that ``pattern`` matches as a whole; ``meaning`` says in words what it matches."""

    pattern: str
    meaning: str

    def __str__(self) -> str:
        return self.meaning

    def holds(self, value: object) -> bool:
        """Say whether ``value`` is within the limit."""
        return isinstance(value, str) and re.fullmatch(self.pattern, value, re.ASCII) is not None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return _said_by(self, core_schema.str_schema(pattern=f"^(?:{self.pattern})$", strict=True))


@dataclass(frozen=True, slots=True)
class ToldApartBy:
    """One of several tables, told apart by the value of ``key``."""

    key: str

    def holds(self, value: object) -> bool:
        """Say yes: a table that was built is one of them."""
        return True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from typing import Annotated

        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator=self.key)])


def _said_by(limit: Range | Text, schema: CoreSchema) -> CoreSchema:
    """Let pydantic refuse in the words of the limit instead of its own."""
    from pydantic_core import core_schema

    return core_schema.custom_error_schema(schema, "limit", custom_error_message=f"should be {limit}")
