"""``luatwin faults``, and ``--fault`` of the other commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.faults import FAULTS
from tests.helpers import luatwin

OTA = "lua/demo/ota.lua"
SMALL = ("--image-size", "32K")


def test_lists_every_fault_with_what_it_does() -> None:
    told = luatwin("faults").out
    assert all(name in told for name in FAULTS)
    rows = luatwin("faults", "--json").result["faults"]
    assert [row["name"] for row in rows] == list(FAULTS)
    assert rows[0] == {
        "name": "ap-down",
        "layer": "radio",
        "lasts": True,
        "when": "at 50 % of the download",
        "summary": "every access point is off",
    }


def test_tries_one_with_both_profiles() -> None:
    tried = luatwin("faults", "--try", "redirect", "--json").result["faults"]
    assert list(tried) == ["redirect"]
    assert tried["redirect"]["stock"] == "keeps the old firmware; says nothing"
    assert "sends the board elsewhere (302)" in tried["redirect"]["hardened"]


WRITES = "for i = 1, 3 do local f = io.open('/f' .. i, 'w') f:write(('x'):rep(200)) f:close() print(i) end"


def test_power_can_be_cut_at_a_flash_operation_and_comes_back() -> None:
    finished = luatwin("run", *SMALL, "-e", WRITES, "--cut", "10:torn:0.5")
    assert finished.code == 0
    assert finished.out.count("rst:0x1 (POWERON_RESET)") == 2
    assert finished.out.endswith("1\r\n2\r\n3\r\n\r\n/ > ")
    long_form = luatwin("run", *SMALL, "-e", WRITES, "--fault", "power-cut@flash-op:10:torn:0.5")
    assert long_form.out == finished.out


def test_a_cut_that_does_not_come_is_told() -> None:
    finished = luatwin("run", *SMALL, "-e", "print(1)", "--cut", "1000:after")
    assert finished.code == 0
    assert "the power cut at 1000:after did not come: there were" in finished.err
    assert finished.out.count("rst:") == 1


@pytest.mark.parametrize("text", ["5:later", "x", "5:torn:2"])
def test_a_cut_that_is_none_is_refused(text: str) -> None:
    finished = luatwin("run", "-e", "print(1)", "--cut", text)
    assert finished.code == 2
    assert finished.err.startswith(f"luatwin: --cut '{text}'")


def test_the_stock_board_hangs_in_its_loop_and_the_message_says_what_it_does() -> None:
    finished = luatwin("run", *SMALL, OTA, "--fault", "truncate-clean@50%")
    assert finished.code == 42
    assert "net.ota(): closed without close_notify; the loop never ends\n" in finished.err
    assert finished.out.rstrip().endswith("Chunk written successfully in partition at offset 0x001c3ff8")


def test_the_hardened_board_resumes_and_ends_on_the_new_firmware() -> None:
    result = luatwin("run", *SMALL, OTA, "--fault", "truncate-clean@50%", "--profile", "hardened", "--json").result
    assert result["running"] == "ota_0"
    assert result["trouble"] is None


def test_what_is_injected_is_an_event(tmp_path: Path) -> None:
    run = luatwin(
        *("run", *SMALL, OTA, "--profile", "hardened", "--events", tmp_path / "events"),
        *("--fault", "ap-down@2s+1s", "--fault", "corrupt-byte@25%", "--fault", "slow@flash-op:3", "--json"),
    ).result
    assert run["running"] == "ota_0"
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    told = {(event["name"], event["what"]): event["t"] for event in events if event["kind"] == "fault"}
    assert set(told) == {("ap-down", "begin"), ("ap-down", "end"), ("corrupt-byte", "strike"), ("slow", "begin")}
    assert (told["ap-down", "begin"], told["ap-down", "end"]) == (2_000_000_000, 3_000_000_000)
    flash = [event["t"] for event in events if event["kind"].startswith("flash.")]
    assert told["slow", "begin"] == flash[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--fault", "truncate", "-e", ""], "there is no such fault; did you mean truncate-reset?"),
        (["faults", "nope"], "there is no such fault"),
        (["faults", "--into", "x.md"], "--into is for --try"),
        (["faults", "--try", "redirect", "--into", "{tmp}/plain.md"], "there are no marks to write between"),
        (
            ["run", "--server", "https://localhost:1", "--fault", "slow", "-e", ""],
            "--fault slow: a real server does what it does; this needs the built-in one",
        ),
        (
            ["serve", "--firmware", "{tmp}", "--fault", "ap-down"],
            "a server on a real port can do only what it does itself, and for good",
        ),
        (["serve", "--firmware", "{tmp}", "--fault", "slow@3s"], "a server knows no moment but a place in the image"),
    ],
)
def test_what_makes_no_sense_is_bad_usage(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "plain.md").write_text("no marks here\n")
    assert luatwin("image", "build", tmp_path / "next.bin", "--size", "32K").code == 0
    finished = luatwin(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert finished.code == 2
    assert message in finished.err
    assert len(finished.err.splitlines()) <= 3
