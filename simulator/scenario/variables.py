"""Variables: ``${name}`` in a text is what ``vars`` or ``for`` say, and ``$${`` is a dollar and a brace."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.boards.ids import did_you_mean
from simulator.descriptions.complaints import Complaint, dotted
from simulator.descriptions.yaml_document import KeyPath
from simulator.scenario.judge import Complain

_USE: Final = re.compile(r"\$(\$\{|\{([^}]*)\})")
_SETS: Final = {"board": "board", "profile": "profile", "seed": "seed"}
"""What a variable of ``for`` sets besides itself."""
NO_FAULT: Final = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the combinations that ``for`` makes."""

    variables: Mapping[str, Any]
    places: Mapping[str, KeyPath]
    """Where the value of each stands."""

    @property
    def label(self) -> str:
        """What tells it from the others."""
        return " ".join(f"{name}={value}" for name, value in self.variables.items())


def choices(matrix: Mapping[str, list[Any]]) -> Iterator[Choice]:
    """Yield every combination, the last variable changing fastest; without any, one of nothing."""
    for combination in itertools.product(*(enumerate(values) for values in matrix.values())):
        named = dict(zip(matrix, combination, strict=True))
        yield Choice(
            {name: value for name, (_, value) in named.items()},
            {name: ("for", name, number) for name, (number, _) in named.items()},
        )


def with_choice(values: Mapping[str, Any], choice: Choice) -> tuple[dict[str, Any], dict[KeyPath, KeyPath]]:
    """Return the document with what ``choice`` sets, and where in it stands what comes from ``for``."""
    chosen = {key: value for key, value in values.items() if key not in ("for", "vars")}
    origins: dict[KeyPath, KeyPath] = {}
    for name, key in _SETS.items():
        if name in choice.variables:
            chosen[key] = choice.variables[name]
            origins[(key,)] = choice.places[name]
    fault = choice.variables.get("fault", NO_FAULT)
    if fault != NO_FAULT:
        faults = chosen.get("faults")
        before = faults if isinstance(faults, list) else []
        chosen["faults"] = [*before, fault]
        origins[("faults", len(before))] = choice.places["fault"]
    return chosen, origins


def filled_in(value: Any, variables: Mapping[str, Any], complain: Complain, at: KeyPath = ()) -> Any:
    """Return ``value`` with every variable in it filled in; a text that is one variable becomes what that is."""
    if isinstance(value, dict):
        return {key: filled_in(inner, variables, complain, (*at, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner, variables, complain, (*at, index)) for index, inner in enumerate(value)]
    if not isinstance(value, str) or "$" not in value:
        return value

    def lookup(name: str) -> Any:
        if name not in variables:
            hint = did_you_mean(name, variables) or f"; there are {', '.join(variables) or 'none'}"
            complain(Complaint(at, f"{dotted(at)}: there is no variable {name!r}{hint}"))
        return variables.get(name, name)

    whole = _USE.fullmatch(value)
    if whole is not None and whole[2] is not None:
        return lookup(whole[2])
    return _USE.sub(lambda use: "${" if use[2] is None else str(lookup(use[2])), value)
