"""A scenario is written and played in a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.play import Verdict, play
from simulator.scenario import read_scenario

Played = Callable[[str], Verdict]

HEAD = "name: some\nversion: 1\nboard: N1ESP32-OTA\nimage-size: 16K\n"


@pytest.fixture
def played(tmp_path: Path) -> Played:
    """Plays the scenario that consists of a head and these lines, the fifth of the file and so on."""

    def write_and_play(text: str) -> Verdict:
        path = tmp_path / "some.scenario.yaml"
        path.write_text(HEAD + text)
        scenario = read_scenario(path)
        return play(scenario, scenario.cases[0])

    return write_and_play
