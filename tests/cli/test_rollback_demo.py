"""``lua/demo/rollback.lua``: the bad update that the board gets rid of by itself."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers import luatwin

DEMO = "lua/demo/rollback.lua"
SMALL = ("--image-size", "32K")


def test_a_bad_update_boots_once_and_the_previous_firmware_comes_back(tmp_path: Path) -> None:
    events, flash = tmp_path / "events", tmp_path / "flash.bin"
    common = ("run", *SMALL, DEMO, "--profile", "hardened", "--flash", flash, "--json")
    demo = luatwin(*common, "--events", events).result
    assert [boot["label"] for boot in demo["boots"]] == ["factory", "ota_0", "factory"]
    assert "self-test failed; nothing is confirmed, and the board restarts" in demo["console"]
    assert "back again: the update in ota_0 was not confirmed and is never started again" in demo["console"]
    log = [json.loads(line) for line in events.read_text().splitlines()]
    assert [event["why"] for event in log if event["kind"] == "boot.bootloader"] == [
        "otadata is erased and selects nothing; factory is started",
        "otadata[0] selects ota_0 (sequence 1, NEW), and otadata[1] is erased; ota_0 is started",
        "rolled back: ota_0 was started once and reset before it confirmed itself (otadata[0]); otadata selects"
        " nothing: otadata[0] is ABORTED: its app was reset before it confirmed itself; otadata[1] is erased;"
        " factory is started",
    ]
    again = luatwin(*common).result
    assert [boot["label"] for boot in again["boots"]] == ["factory"], "it does not try the bad one once more"
    info = luatwin("flash", "info", flash).out
    assert "ABORTED" in info


def test_the_stock_profile_is_told_that_the_demo_needs_the_other_one() -> None:
    finished = luatwin("run", *SMALL, DEMO)
    assert finished.code == 1
    assert "this firmware cannot confirm an update: run with --profile hardened" in finished.out + finished.err
