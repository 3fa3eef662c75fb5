"""``luatwin sweep``: what it says, what it exits with, and that a line of it which is pasted shows the same again."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.helpers import luatwin, run_luatwin

UPDATE = ("lua/demo/ota.lua", "--image-size", "32K")
NOT_TWICE = 'if nvs.exists("a", "b") then error("again") end nvs.write("a", "b", 1)'


def test_a_sweep_says_how_many_cuts_there_were_and_that_nothing_broke() -> None:
    finished = luatwin("sweep", *UPDATE, "-j", "1")
    assert finished.code == 0
    table = [line.split() for line in finished.out.splitlines()]
    assert ["ota_0", "50", "250", "250", "0", "0", "0", "250", "0"] in table
    assert ["otadata", "2", "10", "9", "1", "0", "0", "10", "0"] in table
    assert ["bricked", "0"] in table
    assert "luatwin: 260 cuts in " in finished.err


def test_one_process_finds_what_two_find() -> None:
    one, two = (run_luatwin("sweep", *UPDATE, "--json", "-q", "-j", jobs) for jobs in ("1", "2"))
    assert (one.returncode, one.stderr) == (0, "")
    assert (two.returncode, two.stdout, two.stderr) == (0, one.stdout, "")
    assert json.loads(one.stdout)["cuts"] == 260


def test_a_failing_cut_comes_with_a_line_that_shows_the_failure_again() -> None:
    finished = run_luatwin("sweep", "-e", NOT_TWICE, "-j2", "--torn=0.5", "-q", "--board", "N1ESP32")
    assert finished.returncode == 3
    problem, first, boots, command = finished.stdout.splitlines()[-4:]
    assert problem == "script error: /autorun.lua:1: again"
    assert re.fullmatch(r"  after \d+:\S+, program \d+ bytes at 0x[0-9a-f]+ \(nvs\), and \d+ more", first)
    assert boots.startswith("  boots factory (old): ")
    _, *words = shlex.split(command)
    assert words[:-1] == ["sweep", "-e", NOT_TWICE, "--board", "N1ESP32", "--cut"]
    again = run_luatwin(*words)
    assert again.returncode == 3
    assert f"{words[-1]}: program " in again.stdout
    assert "script error: /autorun.lua:1: again" in again.stdout
    watch = again.stdout.splitlines()[-1].removeprefix("to watch it: luatwin ")
    assert shlex.split(watch) == ["run", *words[1:]]
    live = run_luatwin(*shlex.split(watch), "--json", "-q")
    result = json.loads(live.stdout)
    assert (live.returncode, len(result["boots"])) == (1, 2)
    assert result["script_errors"][0].startswith("/autorun.lua:1: again")


def test_one_cut_is_told_as_json() -> None:
    finished = luatwin("sweep", *UPDATE, "--cut", "51:after", "--cut", "0:torn:0.5,3:before", "--json")
    (first, second) = finished.result["cuts"]
    assert (first["cut"], first["starts"], first["label"], first["problems"]) == ("51:after", "new", "ota_0", [])
    assert first["recovery"]["boots"] == ["ota_0"]
    assert (second["cut"], second["starts"], second["recovery"]["boots"]) == (
        "0:torn:0.5,3:before",
        "old",
        ["factory", "ota_0"],
    )


def test_the_flash_file_is_as_it_was(tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    assert luatwin("run", "-e", "print(1)", "--flash", flash, "--image-size", "32K", "-q").code == 0
    before = flash.read_bytes()
    assert luatwin("sweep", *UPDATE, "--flash", flash, "-q", "-j1").code == 0
    assert flash.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [flash]


def scenario(folder: Path, text: str) -> Path:
    path = folder / "some.scenario.yaml"
    path.write_text(f"name: some\nversion: 1\n{text}\nsteps: []\n")
    return path


def test_the_board_of_a_scenario_file_is_swept(tmp_path: Path) -> None:
    path = scenario(tmp_path, f"image-size: 32K\nboard: N1ESP32\nlua: |\n  {NOT_TWICE}")
    finished = luatwin("sweep", path, "-j1", "--torn", "0.5", "-q", "--json")
    assert finished.code == 3
    assert {tuple(failure["problems"]) for failure in json.loads(finished.out)["failures"]} == {
        ("script error: /autorun.lua:1: again",)
    }


def test_every_case_of_a_scenario_file_is_swept_and_one_can_be_chosen(tmp_path: Path) -> None:
    text = "image-size: 32K\nprofile: ${profile}\nfor: {profile: [stock, hardened]}\nlua: nvs.write('a', 'b', 1)"
    path = scenario(tmp_path, text)
    both = luatwin("sweep", path, "-j1", "--torn", "0.5", "-q")
    assert both.code == 0
    assert [line for line in both.out.splitlines() if line.startswith("case")] == [
        "case profile=stock:",
        "case profile=hardened:",
    ]
    cases = luatwin("sweep", path, "-j1", "--torn", "0.5", "--json").result["cases"]
    one = luatwin("sweep", path, "-j1", "--torn", "0.5", "--json", "--case", "profile=hardened").result
    assert one == cases["profile=hardened"]
    other = luatwin("sweep", path, "--case", "profile=other")
    assert (other.code, other.err) == (
        2,
        f"luatwin: --case 'profile=other': {path} has 'profile=stock', 'profile=hardened'\n",
    )


def test_a_scenario_file_says_what_its_board_is_and_that_is_one(tmp_path: Path) -> None:
    path = scenario(tmp_path, "lua: print(1)")
    assert f"--board: {path} says what its board is" in luatwin("sweep", path, "--board", "N1ESP32").err
    several = scenario(tmp_path, "lua: print(1)\nboards: {one: {}, two: {}}")
    assert f"{several}: a sweep is of one board, and this scenario has more" in luatwin("sweep", several).err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "what is to be swept? Give a script, a folder, a scenario file, -e CHUNK or --flash FILE"),
        (("nowhere.lua",), "nowhere.lua: there is no such script, folder or scenario file"),
        ((*UPDATE, "--torn", "half"), "--torn 'half': write shares from 0 to 1"),
        ((*UPDATE, "--torn", "1.5"), "--torn '1.5': write shares from 0 to 1"),
        ((*UPDATE, "--ops", "x"), "--ops 'x': write the numbers of the first and the last operation"),
        ((*UPDATE, "--cut", "51:later"), "'51:later'"),
        ((*UPDATE, "--cut", "52:after"), "--cut 52:after: the run without a cut has the operations 0 to 51"),
        ((*UPDATE, "--server", "https://example.com"), "--server: what a real server does cannot be repeated"),
        ((*UPDATE, "--fault", "power-cut@flash-op:10"), "--fault power-cut: a sweep cuts the power itself"),
        ((*UPDATE, "--fault", "stuck-sector"), "--fault stuck-sector: a sweep cuts the power itself"),
        ((*UPDATE, "--case", "x"), "--case: only a scenario file has cases"),
        (("-e", "print(1)"), "nothing to cut: the run without a cut changes nothing in the flash"),
    ],
)
def test_what_cannot_be_swept_is_said_in_one_line(arguments: tuple[str, ...], why: str) -> None:
    finished = luatwin("sweep", *arguments)
    assert finished.code == 2
    assert why in finished.err
    assert finished.err.count("\n") <= 2
