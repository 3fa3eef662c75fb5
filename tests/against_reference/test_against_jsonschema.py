"""The JSON Schema of scenarios, held against a validator: it takes what we take, and refuses most of what we refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from simulator.scenario.schema import json_schema
from tests.helpers import ROOT

BROKEN = ROOT / "tests" / "scenario" / "broken"
ONLY_WE_KNOW = {"files", "hardware-file", "matrix", "variables"}
"""Whose mistakes are about what is in other files, or what a variable is."""
NO_YAML = {"no-yaml", "same-key-twice"}

VALIDATOR = jsonschema.Draft202012Validator(json_schema())

EVERY_STEP = """
name: every step
version: 1
vars: {text: hello}
for: {board: [N1ESP32-OTA], fault: [none]}
files: {/a: a.txt, /b: {text: b}}
hardware: {lamp: {type: led, pin: GPIO26}}
hold: {GPIO4: 6s}
image-size: 16K
boards: {kitchen: {lua: print(1)}, cellar: {hardware: bench.yaml}}
access-points: {home: password}
steps:
  - {delay: 1s, name: rest, timeout: 2s, board: kitchen}
  - {wait-serial: hello, board: [kitchen, cellar]}
  - wait-serial-regex: "h.*o"
  - write-serial: hello
  - write-serial: [1, 2]
  - set-control: {part-id: go, name: pressed, value: 1}
  - set-control: {part-id: go, control: pressed, value: text}
  - expect-pin: {part-id: lamp, pin: A, value: 1}
  - expect-pin: {gpio: GPIO26, expected: 0}
  - wait-pin: {gpio: 26, value: 0}
  - take-screenshot: {part-id: oled, save-to: a.png}
  - touch: {part-id: panel, x: 1, y: 2, duration: 1s, wait: true}
  - touch-press: {part-id: panel, x: 1, y: 2}
  - touch-move: {part-id: panel, x: 1, y: 2}
  - touch-release: {part-id: panel}
  - wait-event: boot.app
  - wait-event: {kind: boot.app, label: ota_0}
  - expect-boot: ota_0
  - expect-boot: {commit: published, state: valid}
  - expect-file: /a
  - expect-file: {path: /a, contains: x, size: 1K}
  - expect-nvs: {namespace: a, key: b, value: 1}
  - expect-exit: 0
  - power: cut
  - reset:
  - reset: 1s
  - wifi: ap-down
  - net: blackhole
  - fault: http-500
  - server: stop
  - server: {publish: next}
  - repeat: {times: 2, steps: [{delay: 1s}]}
  - parallel: [[{delay: 1s}], [{wait-serial: x}]]
"""


def document(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_every_step_is_let_through() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document(EVERY_STEP))] == []


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.name.partition(".")[0])
def test_what_an_editor_can_know_to_be_wrong_it_is_told(path: Path) -> None:
    name = path.name.partition(".")[0]
    if name not in NO_YAML:
        assert VALIDATOR.is_valid(document(path.read_text())) == (name in ONLY_WE_KNOW)
