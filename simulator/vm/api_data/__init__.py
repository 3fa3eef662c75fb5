"""The catalogue's data, one module a subject, as nested tuples of constants so that loading them costs next to nothing.

Each module has ``MODULES``: a tuple of ``(path, condition, summary, members)``. A condition is a name of
`simulator.vm.api_builds`. A member is one of

- ``("function", name, parameters, summary)``
- ``("method", "type:name", parameters, summary)``, the type as the device names the userdata
- ``("constant", name, value, summary)``, value None where it is not a number or text, or not known

with a condition of its own as a fifth item where it is not always in the build. Read `simulator.vm.api`, not this.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["function", "method", "constant", "table"]
Value: TypeAlias = int | float | str | None
Member: TypeAlias = tuple[Kind, str, Value, str] | tuple[Kind, str, Value, str, str]
ModuleData: TypeAlias = tuple[str, str, str, tuple[Member, ...]]
