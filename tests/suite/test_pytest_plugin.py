"""The pytest plugin: scenario files are tests, and tests have a world and a board."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.helpers import ROOT

HEAD = "version: 1\nimage-size: 16K\n"
GOOD = (
    f"name: greets\n{HEAD}for: {{word: [one, two]}}\nlua: print('${{word}}')\nsteps: [{{wait-serial: '${{word}}'}}]\n"
)
BAD = f"name: waits\n{HEAD}lua: print('hello')\nsteps: [{{wait-serial: helo, timeout: 2s}}]\n"

TESTS = """
import re
import pytest

small = {"image_bytes": 16384}

@pytest.mark.luatwin("N1ESP32-OTA", script="print('ready') print('temperature 21.5')", **small)
def test_reads_the_console(world, board):
    board.expect_exact("ready")
    assert board.expect(r"^temperature (\\d+\\.\\d)$").group(1) == "21.5"
    board.expect_exact("/ > ")
    board.write("print(6 * 7)")
    board.expect(re.compile("^42", re.MULTILINE))
    board.finish()
    before = world.now
    world.sleep(1.5)
    assert world.now - before == pytest.approx(1.5)

def test_two_boards_and_a_button(world):
    script = "pio.pin.setdir(pio.OUTPUT, 26) while true do pio.pin.setval(1 - pio.pin.getval(4), 26) tmr.delayms(1) end"
    one, two = world.new_board(script=script, **small), world.new_board(script="print(1)", power=False, **small)
    one.attach({"type": "pushbutton", "name": "go", "pin": 4, "pull": True})
    world.sleep(2)
    assert one.level(26) == 0
    one.set_control("go", "pressed", 1)
    world.sleep(0.1)
    assert one.level(26) == 1
    assert two.console == ""
    two.power_on()
    two.finish()
    assert len(two.device.boots) == 1
    two.reset()
    two.finish()
    two.power_off()
    assert [boot.reason.name for boot in two.device.boots] == ["POWERON_RESET", "POWERON_RESET"]

def test_events_and_faults(world, board):
    world.inject("ap-down@1s")
    assert world.wait_event("fault", name="ap-down")["t"] == 1_000_000_000
    with pytest.raises(AssertionError, match="label='ota_1' within 2 s\\nnearest: boot.app"):
        world.wait_event("boot.app", label="ota_1", timeout=2)
"""
FAILS = """
import pytest

@pytest.mark.luatwin(script="print('helo')", image_bytes=16384)
def test_fails(board):
    board.expect_exact("hello", timeout=2)
"""


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest with the plugin, installed or not, in a folder."""
    plugin = ("-p", "no:luatwin", "-p", "simulator.testing.pytest_plugin", "-p", "no:cacheprovider")
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *plugin, "-W", "error", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr


@pytest.mark.slow
def test_scenario_files_are_tests(tmp_path: Path) -> None:
    (tmp_path / "good.scenario.yaml").write_text(GOOD)
    (tmp_path / "bad.scenario.yaml").write_text(BAD)
    code, said = run_pytest(tmp_path, "-v", "-n", "2")
    assert "2 passed" in said
    assert "PASSED good.scenario.yaml::word=one" in said
    assert "FAILED bad.scenario.yaml::waits" in said
    assert f"{tmp_path}/bad.scenario.yaml:5:9" in said
    assert "b0 did not print 'helo' within 2.000 s" in said
    assert "nearest: 'hello' at 156.249 ms" in said
    assert "Traceback" not in said
    assert code == 1


@pytest.mark.slow
def test_a_broken_scenario_file_is_an_error_with_every_mistake(tmp_path: Path) -> None:
    (tmp_path / "broken.scenario.yaml").write_text(f"name: broken\n{HEAD}steps: [{{dealy: 1s}}, {{delay: 5}}]\n")
    code, said = run_pytest(tmp_path)
    assert "broken.scenario.yaml:4:10: unknown step dealy; did you mean delay?" in said
    assert "broken.scenario.yaml:4:30: steps[1].delay = 5 has no unit" in said
    assert code == 2


@pytest.mark.slow
def test_fixtures_give_a_world_and_a_board(tmp_path: Path) -> None:
    (tmp_path / "test_boards.py").write_text(TESTS)
    code, said = run_pytest(tmp_path)
    assert code == 0, said


@pytest.mark.slow
def test_a_test_that_fails_tells_its_seed_and_shows_the_console(tmp_path: Path) -> None:
    (tmp_path / "test_fails.py").write_text(FAILS)
    code, said = run_pytest(tmp_path, "--luatwin-seed", "7")
    assert code == 1
    assert "b0 did not print 'hello' within 2 s (at 2.000 s of simulated time)" in said
    assert "nearest: 'helo' at 156.249 ms" in said
    assert "repeat with --luatwin-seed 7" in said
    assert "console of b0" in said


def test_the_plugin_is_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"luatwin": "simulator.testing.pytest_plugin"}
