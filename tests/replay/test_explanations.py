"""What a failed run ends with, and that the command it names repeats the failure."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.helpers import ROOT, Finished, luatwin, run_luatwin

SMALL = ("--image-size", "32K")
OTA = ROOT / "lua" / "demo" / "ota.lua"


def explanation(finished: Finished) -> list[str]:
    """Return the last lines on stderr, without the name of the program."""
    return [line.removeprefix("luatwin: ") for line in finished.err.splitlines()[-4:]]


def test_a_script_error_is_explained() -> None:
    when, operations, next_boot, repeat = explanation(luatwin("run", *SMALL, "-e", "nvs.write('a', 'b', 1) error('x')"))
    assert when.endswith(" ms N1ESP32-OTA is idle, app factory (commit 6b455df4)")
    assert re.match(r"last flash operations: #6 program of 4 bytes at 0x9020 \(nvs\); #7 ", operations)
    assert next_boot == (
        "a reset starts factory (commit 6b455df4): otadata is erased and selects nothing; factory is started"
    )
    assert repeat.startswith("to repeat: luatwin")


def test_a_run_without_end_is_explained_with_the_places_of_its_threads() -> None:
    thread = "thread.start(function() while true do tmr.sleep(1) end end)"
    script = f"{thread}\nlocal function f()\nwhile true do tmr.sleepms(10) end end f()"
    when, operations, _, _ = explanation(luatwin("run", *SMALL, "--timeout", "2s", "-e", script))
    assert when == (
        "at 2.000 s N1ESP32-OTA runs its app, app factory (commit 6b455df4), "
        "lua_main at /autorun.lua:3, lua_thread at /autorun.lua:1"
    )
    assert operations == "there was no flash operation"


def test_a_board_that_boots_nothing_is_explained(tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    flash.write_bytes(bytes(4 << 20))
    when, _, next_boot, repeat = explanation(luatwin("run", "--flash", flash))
    assert when == "at 1.200 s N1ESP32-OTA is stuck"
    assert next_boot == "a reset starts nothing: the ROM tries until the RTC watchdog resets the chip"
    assert repeat.startswith("to repeat: luatwin")
    assert not (tmp_path / "flash.bin.failed.ndjson").exists(), "the file is as it was"


def test_what_ends_well_is_not_explained(tmp_path: Path) -> None:
    assert luatwin("run", *SMALL, "--flash", tmp_path / "flash.bin", OTA).err == ""
    assert [path.name for path in tmp_path.glob("*.ndjson")] == []


def test_json_has_the_explanation_and_quiet_has_none() -> None:
    finished = luatwin("run", *SMALL, "--json", "-q", "-e", "error('x')")
    assert finished.err == ""
    assert "a reset starts factory" in finished.out


@pytest.mark.real
def test_the_command_repeats_the_failure_when_it_is_pasted() -> None:
    script = "print(math.random(1000)) error('two  words')"
    first = run_luatwin("run", *SMALL, "--seed", "5", "-e", script)
    command = shlex.split(first.stderr.splitlines()[-1].removeprefix("luatwin: to repeat: "))
    assert command == ["luatwin", "run", *SMALL, "--seed", "5", "-e", script]
    again = run_luatwin(*command[1:])
    assert (again.returncode, again.stdout, again.stderr) == (1, first.stdout, first.stderr)


def test_a_run_that_has_changed_its_flash_file_is_repeated_from_what_that_was_before(tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    luatwin("run", *SMALL, "--flash", flash, "-e", "print('first')")
    before = flash.read_bytes()
    script = "nvs.write('a', 'b', 1) print(nvs.read('a', 'b')) error('failed')"
    failed = luatwin("run", "--flash", flash, "-e", script)
    assert failed.code == 1
    assert flash.read_bytes() != before
    *lines, repeat = failed.err.splitlines()
    recording = tmp_path / "flash.bin.failed.ndjson"
    assert repeat == f"luatwin: to repeat: luatwin replay {recording}"
    changed = flash.read_bytes()
    again = luatwin("replay", recording)
    assert (again.code, again.out) == (failed.code, failed.out)
    assert again.err.splitlines() == lines
    assert flash.read_bytes() == changed, "a replay changes no file"


def test_if_the_events_are_recorded_they_repeat_the_failure(tmp_path: Path) -> None:
    flash, events = tmp_path / "flash.bin", tmp_path / "events"
    failed = luatwin("run", *SMALL, "--flash", flash, "--events", events, "-e", "nvs.write('a', 'b', 1) error('x')")
    assert explanation(failed)[-1] == f"to repeat: luatwin replay {events}"
    assert luatwin("replay", events, "--console").out.startswith(failed.out)
