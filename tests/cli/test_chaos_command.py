"""``run --chaos``, ``run --survive`` and ``sweep --chaos``: what they say, and what pasting it does."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.helpers import luatwin, run_luatwin

UPDATE = ("lua/demo/ota.lua", "--image-size", "32K")
NOT_TWICE = 'if nvs.exists("a", "b") then error("again") end nvs.write("a", "b", 1)'


def test_a_run_with_a_seed_says_what_it_means_and_that_the_board_has_survived() -> None:
    finished = luatwin("run", *UPDATE, "--chaos", "7")
    assert finished.code == 0
    plan, *_, verdict = finished.err.splitlines()
    assert re.match(r"luatwin: chaos 7: --fault \S+", plan)
    assert verdict == (
        "luatwin: survived: the board starts a whole app, has all that was committed, and updates itself"
    )
    assert finished.out.count("rst:0x1 (POWERON_RESET)") >= 2, "the console is the board's own, to the last restart"


def test_the_plan_that_was_told_is_the_same_run_when_it_is_pasted() -> None:
    drawn = luatwin("run", *UPDATE, "--chaos", "3")
    _, options = drawn.err.splitlines()[0].split("chaos 3: ")
    pasted = luatwin("run", *UPDATE, *shlex.split(options), "--survive")
    assert (pasted.code, pasted.out) == (drawn.code, drawn.out)
    assert drawn.err.splitlines()[1:] == pasted.err.splitlines()


def test_what_a_stock_board_does_for_ever_is_told_and_excused() -> None:
    finished = luatwin("run", *UPDATE, "--fault", "truncate-clean@50%", "--survive")
    assert finished.code == 0
    assert "luatwin: the board did not come to rest when all was lifted: net.ota(): closed without" in finished.err


def test_a_failure_comes_with_the_smallest_command_that_shows_it_again() -> None:
    finished = run_luatwin("run", "-e", NOT_TWICE, "--chaos", "5", "--seed", "9", "-q", "--json")
    assert finished.returncode == 3
    told = json.loads(finished.stdout)
    assert (told["exit_code"], told["chaos"]["seed"], told["chaos"]["smallest"]) == (3, 5, [])
    assert told["chaos"]["broken"][0]["promise"] == "recovers"
    words = shlex.split(told["chaos"]["again"])
    assert words == ["luatwin", "run", "-e", NOT_TWICE, "--seed", "9", "--survive"]
    again = luatwin(*words[1:])
    assert again.code == 3
    assert re.search(r"luatwin: broken at [\d.]+ s: script error: /autorun.lua:1: again", again.err)


def test_a_failure_is_explained_and_the_flash_file_stays_where_the_run_began(tmp_path: Path) -> None:
    flash, events = tmp_path / "flash.bin", tmp_path / "events"
    assert luatwin("run", "-e", NOT_TWICE, "--flash", flash).code == 0
    before = flash.read_bytes()
    finished = luatwin("run", "--flash", flash, "--events", events, "--survive")
    assert finished.code == 0, "it is the usual error of this board"
    assert flash.read_bytes() == before
    assert json.loads(events.read_text().splitlines()[-1])["kind"] in ("end", "hash")
    finished = luatwin("run", "-e", NOT_TWICE, "--survive")
    broken, when, operations, reset, again = finished.err.splitlines()
    assert broken.endswith("script error: /autorun.lua:1: again")
    assert re.match(r"luatwin: at [\d.]+ s N1ESP32-OTA is idle, app factory", when)
    assert "last flash operations: " in operations
    assert reset.startswith("luatwin: a reset starts factory (commit ")
    assert again.startswith("luatwin: to repeat: luatwin ")


def test_the_repeating_command_has_its_options_before_the_arguments_of_the_script() -> None:
    finished = run_luatwin("run", "--json", "-e", NOT_TWICE, "--fault=slow", "--survive", "--", "--chaos", "1")
    assert finished.returncode == 3
    assert shlex.split(json.loads(finished.stdout)["chaos"]["again"])[-4:] == ["--survive", "--", "--chaos", "1"]


def test_a_campaign_counts_what_became_of_its_seeds() -> None:
    finished = luatwin("sweep", *UPDATE, "--chaos", "4", "--from", "10", "-j1")
    assert finished.code == 0
    facts = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in finished.out.splitlines())
    assert facts["seeds"] == "4"
    assert [facts[name] for name in ("bricked, or half an app", "data lost", "no update any more")] == ["0"] * 3
    assert re.search(r"luatwin: 4 seeds in [\d.]+ s", finished.err)


def test_a_campaign_shows_how_to_repeat_each_failure() -> None:
    finished = run_luatwin("sweep", "-e", NOT_TWICE, "--chaos", "2", "-j", "2", "-q", "--cuts", "1")
    assert finished.returncode == 3
    assert "\nseed 1:\n" in finished.stdout
    assert finished.stdout.count(" runs: without any fault\n") == 2
    commands = [line.strip() for line in finished.stdout.splitlines() if line.startswith("  luatwin ")]
    assert len(commands) == 2
    assert shlex.split(commands[0]) == ["luatwin", "run", "-e", NOT_TWICE, "--survive"]
    assert luatwin(*shlex.split(commands[0])[1:]).code == 3


def test_a_campaign_can_be_read_by_programs() -> None:
    result = luatwin("sweep", "-e", "print(1)", "--chaos", "3", "-j", "1", "-q", "--json").result
    assert (result["seeds"], result["failures"]) == (3, [])
    assert sum(result["faults"].values()) >= 3


def test_the_boards_of_a_scenario_file_have_a_campaign_each_and_a_failure_is_repeated_with_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "some.scenario.yaml"
    path.write_text(
        "name: some\nversion: 1\nboard: ${board}\nfor: {board: [N1ESP32, ESP32THING]}\n"
        f"lua: |\n  {NOT_TWICE}\nsteps: []\n"
    )
    both = luatwin("sweep", path, "--chaos", "1", "--json", "-q")
    assert both.code == 3
    assert list(json.loads(both.out)["cases"]) == ["board=N1ESP32", "board=ESP32THING"]
    told = run_luatwin("sweep", path, "--chaos", "1", "--from", "7", "-q", "--case", "board=ESP32THING")
    assert told.returncode == 3
    again = told.stdout.splitlines()[-1].strip()
    assert shlex.split(again) == [
        *("luatwin", "sweep", str(path), "--case", "board=ESP32THING", "--chaos", "1", "--from", "7")
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--chaos", "x"), "'x' is not a valid integer"),
        (("--chaos", "1", "--server", "https://192.0.2.1"), "a real server does what it does"),
    ],
)
def test_what_cannot_be_is_refused(options: tuple[str, ...], why: str) -> None:
    finished = luatwin("run", "-e", "print(1)", *options)
    assert finished.code == 2
    assert why in finished.err


def test_single_cuts_and_random_ones_are_two_things() -> None:
    finished = luatwin("sweep", "-e", "print(1)", "--chaos", "1", "--cut", "3:before")
    assert finished.code == 2
    assert "--cut: --chaos draws the cuts itself" in finished.err


def test_a_script_that_never_ends_cannot_be_judged() -> None:
    finished = luatwin("run", "-e", "while true do tmr.delay(1) end", "--timeout", "2s", "--chaos", "1")
    assert finished.code == 42
    assert "the run without a fault does not end" in finished.err
