"""The JSON Schema of scenario files, for editors."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, create_model

from simulator.descriptions.courses import Table
from simulator.descriptions.part_models import json_schema as hardware_schema
from simulator.scenario.steps import A_STEP, STEPS
from simulator.scenario.tables import ScenarioTable
from simulator.scenario.values import Time

_COMMON: Final[dict[str, Any]] = {
    "name": (str, Field("", description="what it is for; reports show it")),
    "timeout": (Time, Field(0, description="how long it may take, in simulated time")),
    "board": (str | list[str], Field("", description="whom it is about: a board, several, or all")),
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file."""
    fields: dict[str, Any] = {
        f"step_{number}": (kind.model, Field(None, alias=kind.name, description=kind.summary or kind.why_not))
        for number, kind in enumerate(STEPS.values())
    }
    model = create_model("Step", __base__=Table, **fields, **_COMMON)
    step: dict[str, Any] = model.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = step.pop("$defs")
    for key in step["properties"].values():
        key.pop("default", None)
    step["oneOf"] = [{"required": [name]} for name in STEPS]
    schema = ScenarioTable.model_json_schema(by_alias=True)
    hardware = hardware_schema()
    definitions |= {**schema.pop("$defs"), **hardware.pop("$defs"), "Step": step}
    parts = {"oneOf": [hardware["properties"]["parts"], {"type": "string"}, {"type": "array"}]}
    schema["properties"]["hardware"] = definitions["BoardTable"]["properties"]["hardware"] = parts
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "LuaTwin scenario"}
    return dict(_with_steps({**whole, "$defs": definitions}))


def _with_steps(schema: Any) -> Any:
    """Return the schema with that of a step wherever a step belongs."""
    if schema == A_STEP:
        return {"$ref": "#/$defs/Step"}
    if isinstance(schema, dict):
        return {key: _with_steps(value) for key, value in schema.items()}
    return [_with_steps(value) for value in schema] if isinstance(schema, list) else schema
