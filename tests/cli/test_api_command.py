from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simulator.cli.api import api
from simulator.errors import UsageError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(api, arguments, catch_exceptions=False)


def entries(*arguments: str) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = json.loads(run(*arguments, "--json").stdout)["entries"]
    return result


def test_shows_functions_constants_and_methods_by_module_with_their_status() -> None:
    lines = [line.rstrip() for line in run("tmr").stdout.splitlines()]
    assert lines[0].split() == ["tmr", "Delays", "and", "periodic", "timers."]
    assert any(line.startswith("  TMR0 = 0 ") for line in lines)
    assert any(line.startswith("  delayms(ms) ") for line in lines)
    assert any(line.startswith("  timer:start() ") for line in lines)
    assert lines[-2].endswith("of 14 names")
    assert lines[-1] == "system API: 10 of 10 functions faithful, 100%"


def test_json_has_every_field_of_every_name_and_the_totals() -> None:
    result = json.loads(run("--json").stdout)
    assert len(result["entries"]) == sum(result["totals"].values()) > 1000
    assert set(result["totals"]) == {"faithful", "partial", "missing"}
    assert next(entry for entry in result["entries"] if entry["path"] == "net.wf.mode.STA") == {
        "path": "net.wf.mode.STA",
        "module": "net.wf.mode",
        "name": "STA",
        "kind": "constant",
        "signature": "",
        "summary": "Station.",
        "value": 1,
        "condition": "always",
        "status": result["entries"][0]["status"],
        "note": result["entries"][0]["note"],
    }


def test_json_is_json_even_for_infinity() -> None:
    assert entries("math.huge")[0]["value"] == "inf"


def test_a_module_stands_for_all_below_it_and_nothing_beside_it() -> None:
    assert {entry["module"] for entry in entries("net.wf")} == {
        *("net.wf", "net.wf.mode", "net.wf.auth", "net.wf.powersave", "net.wf.wpstype", "net.wf.timecheck"),
        "net.wf.error",
    }
    assert {entry["module"] for entry in entries("pack")} == {"pack"}


def test_any_part_of_a_name_finds_it_and_several_add_up() -> None:
    assert {entry["path"] for entry in entries("usleep", "FLASHeui")} == {"thread.usleep", "os.flashEUI"}


def test_a_board_leaves_out_what_its_build_has_not() -> None:
    assert entries("net.en", "--board", "ESP32-POE")
    assert entries("net.en", "--board", "N1ESP32-OTA") == []


def test_a_status_selects() -> None:
    chosen = entries("--status", "missing")
    assert chosen
    assert {entry["status"] for entry in chosen} == {"missing"}


def test_an_unknown_name_suggests_the_nearest_module() -> None:
    with pytest.raises(UsageError, match=r"^nothing in the Lua API is called 'sensr'; did you mean sensor\?$"):
        run("sensr")


# -- the halves -------------------------------------------------------------------------------------------------------

FAITHFUL_MIN = {"system": 0.9, "hardware": 0.8}


def test_so_much_of_each_half_is_faithful() -> None:
    shares = json.loads(run("--json").stdout)["shares"]
    assert shares.keys() == FAITHFUL_MIN.keys()
    for half, at_least in FAITHFUL_MIN.items():
        assert shares[half]["share"] == shares[half]["faithful"] / shares[half]["functions"] >= at_least
        assert shares[half]["functions"] > 250


def test_the_shares_are_those_of_what_was_asked_for_whatever_is_shown_of_it() -> None:
    assert (
        json.loads(run("tmr", "thread", "--json").stdout)["shares"]
        == json.loads(run("tmr", "thread", "--status", "partial", "--json").stdout)["shares"]
    )
    assert list(json.loads(run("spi", "--json").stdout)["shares"]) == ["hardware"]
    assert run("pio").stdout.splitlines()[-1].startswith("hardware API: 20 of 20 functions faithful, 100%")
    assert json.loads(run("ota", "--json").stdout)["shares"].keys() <= {"system"}  # our own module is in neither half


# -- annotations ------------------------------------------------------------------------------------------------------


def test_annotations_are_written_to_a_folder(tmp_path: Path) -> None:
    assert run("--luacats", str(tmp_path / "new" / "folder")).stdout == ""
    assert "function tmr.delayms(ms) end" in (tmp_path / "new" / "folder" / "tmr.lua").read_text()


@pytest.mark.parametrize("other", [["tmr"], ["--status", "partial"], ["--board", "N1ESP32"], ["--json"]])
def test_annotations_are_of_the_whole_api(tmp_path: Path, other: list[str]) -> None:
    with pytest.raises(UsageError, match="nothing can be chosen"):
        run("--luacats", str(tmp_path), *other)
