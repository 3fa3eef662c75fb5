from __future__ import annotations

from typing import Any

import pytest

from simulator.wifi import SystemEvent


class Recorder:
    """Takes what a model posts and emits, in order."""

    def __init__(self) -> None:
        self.posted: list[SystemEvent] = []
        self.emitted: list[tuple[str, dict[str, Any]]] = []

    def post(self, event: SystemEvent) -> None:
        self.posted.append(event)

    def emit(self, kind: str, /, **fields: object) -> None:
        self.emitted.append((kind, fields))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.emitted]

    def last(self, kind: str) -> dict[str, Any]:
        return [fields for emitted, fields in self.emitted if emitted == kind][-1]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
