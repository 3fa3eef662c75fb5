"""``luatwin replay --prompt``: the board is handed over at a moment of its past."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT, luatwin

pytestmark = pytest.mark.real


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.ndjson"
    script = "x = 1 tmr.sleepms(500) x = 2 tmr.sleep(10) x = 3"
    assert luatwin("run", "--image-size", "16K", "-e", script, "--events", path).code == 0
    return path


def command(events: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "simulator.cli", "replay", str(events), "--prompt", *arguments]


def test_what_is_piped_in_is_typed_when_the_board_is_idle(events: Path) -> None:
    finished = subprocess.run(
        command(events, "--to", "1s"),
        input="print('x is', x)\n",
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    before, _, console = finished.stdout.partition("last events")
    assert before.startswith("N1ESP32-OTA at 1.000 s")
    assert "lua_main sleeps until 10." in before
    assert "x is\t3" in console


def test_at_a_terminal_ctrl_c_reaches_the_script_and_the_escape_key_leaves(events: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(events, "--to", "1s"), stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT
    ) as process:
        os.close(theirs)
        heard = until(ours, b"Ctrl-] leaves")
        os.write(ours, b"\x03")
        heard += until(ours, b"/ > ")
        os.write(ours, b"print('x is', x)\r")
        heard += until(ours, b"x is\t2")
        os.write(ours, b"\x1d")
        assert process.wait(30) == 0
    os.close(ours)
    assert b" at 1.000 s, after event " in heard


def until(terminal: int, text: bytes) -> bytes:
    """Return what comes from a terminal up to ``text``, which has to come in time."""
    heard = b""
    while text not in heard:
        assert select.select([terminal], [], [], 30)[0], heard
        heard += os.read(terminal, 4096)
    return heard


def test_after_another_run_there_is_no_prompt(events: Path) -> None:
    events.write_text(events.read_text().replace("sleepms(500)", "sleepms(501)"))
    finished = luatwin("replay", events, "--prompt")
    assert finished.code == 1
    assert finished.out.startswith("another run: event ")


def test_a_prompt_and_json_do_not_go_together(events: Path) -> None:
    assert "--prompt --json: write one of them" in luatwin("replay", events, "--prompt", "--json").err
