"""A recording holds all it takes: whatever a run began with, it is the same run when it is replayed."""

from __future__ import annotations

import base64
import bz2
import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from simulator.boards.load import all_boards
from simulator.efuses import Efuses
from simulator.errors import UsageError
from simulator.ota_server import made_credentials
from simulator.recording import Recording, header
from simulator.replay import replay
from simulator.setting import Request, prepare
from tests.helpers import ROOT, luatwin
from tests.signatures.signing_keys import V1_PEM

SMALL = ("--image-size", "32K")
OTA = (ROOT / "lua" / "demo" / "ota.lua").read_text()
BENCH = "parts: {room: {type: tmp36, pin: GPIO36, temperature: {csv: room.csv}}}"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with everything that a run can be given."""
    folder = tmp_path / "files"
    (folder / "scripts" / "lib").mkdir(parents=True)
    (folder / "ota.lua").write_text(OTA)
    (folder / "scripts" / "autorun.lua").write_text("dofile('/lib/a.lua')")
    (folder / "scripts" / "lib" / "a.lua").write_text("print('module', ...)")
    (folder / "scripts" / "data.bin").write_bytes(bytes(range(256)))
    (folder / "bench.yaml").write_text(BENCH)
    (folder / "room.csv").write_text("time,temperature\n0,20\n1,21.5\n")
    (folder / "key.pem").write_bytes(V1_PEM)
    (folder / "ca.pem").write_bytes(made_credentials("other.example").authority)
    (folder / "sdkconfig").write_text('CONFIG_LUA_RTOS_BOARD_BRAND="ACME"\n')
    (folder / "mine.toml").write_text('using = ["WHITECAT-ESP32-N1-OTA.toml"]\ntype = "MINE"\nfilesystem = "lfs"\n')
    assert luatwin("image", "build", folder / "next.bin", "--size", "32K", "--commit", "1" * 40).code == 0
    assert luatwin("run", *SMALL, "--flash", folder / "used.bin", folder / "ota.lua").code == 0
    (folder / "chip.efuse").write_bytes(Efuses.manufactured(bytes.fromhex("30aea4010203"), 1).to_bytes())
    return folder


def recorded(files: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> Recording:
    """Run with ``arguments``, in which ``{}`` is the folder, throw the folder away, and return what was recorded."""
    events = files.parent / "events.ndjson"
    words = [argument.format(files) for argument in arguments]
    assert luatwin("run", *SMALL, "--events", events, *words).code in codes
    shutil.rmtree(files)
    return Recording.read(events)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-e", "print(...)", "--", "one", "two words"),
        ("{}/ota.lua", "--seed", "7", "--boot-log", "info"),
        ("{}/ota.lua", "--profile", "hardened", "--flash-timing", "max"),
        ("{}/scripts",),
        ("{}/ota.lua", "--flash", "{}/used.bin"),
        ("{}/ota.lua", "--flash", "{}/used.bin", "--fault", "ap-down@flash-op:20+3s"),
        ("{}/ota.lua", "--flash", "{}/new.bin", "--no-factory"),
        ("{}/ota.lua", "--secure-boot", "{}/key.pem"),
        ("{}/ota.lua", "--efuse", "{}/chip.efuse"),
        ("{}/ota.lua", "--profile", "hardened", "--ca", "{}/ca.pem"),
        ("{}/ota.lua", "--sdkconfig", "{}/sdkconfig"),
        ("{}/ota.lua", "--publish", "{}/next.bin"),
        ("{}/ota.lua", "--publish", "none", "--speed", "50"),
        ("{}/ota.lua", "--board", "{}/mine.toml"),
        ("{}/ota.lua", "--board", "N1ESP32"),
        ("{}/ota.lua", "--ap", "luatwin:virtual-wifi", "--ap", "other", "--fault", "ap-down@1s+2s", "--hold", "4:1s"),
        ("--hardware", "{}/bench.yaml", "--part", "led:26", "-e", "pio.pin.output(26) pio.pin.sethigh(26)"),
        ("--board", "TTGO-LORA32", "--lora-key", "796B86B4C9DC0252FA32457B1315E284", "-e", "lora.attach(868)"),
    ],
    ids=" ".join,
)
def test_whatever_a_run_began_with_is_in_its_recording(arguments: tuple[str, ...], files: Path) -> None:
    recording = recorded(files, *arguments, codes=(0, 1))
    replayed = replay(recording)
    assert replayed.difference is None
    assert replayed.event_count == len(recording.lines) > 8


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.id)
def test_every_board_is_kept_as_what_differs_from_the_shipped_one(board: Any, tmp_path: Path) -> None:
    request = Request(board=board.id, chunk="", image_bytes=16384)
    setting = prepare(request)
    setting.board = dataclasses.replace(setting.board, description="changed", other_filesystems=("ramfs",), psram=None)
    path = tmp_path / "events.ndjson"
    path.write_text(json.dumps(header(request, setting)) + "\n")
    recording = Recording.read(path)
    assert recording.restored()[1].board == setting.board
    assert len(recording.header["recording"]["board"]) < 6


def test_the_key_that_signs_is_not_in_the_recording(files: Path) -> None:
    recording = recorded(files, "{}/ota.lua", "--secure-boot", "{}/key.pem")
    text = recording.path.read_text()
    assert all(line not in text for line in V1_PEM.decode().split()[3:-3])


def test_the_log_says_nothing_of_this_host_but_what_the_command_line_says(files: Path) -> None:
    recording = recorded(files, "-e", "print(1)", "--ap", "home")
    assert str(ROOT) not in recording.path.read_text()
    assert str(files) not in recording.path.read_text()


def test_a_script_that_has_changed_since_is_told_and_does_not_matter(tmp_path: Path) -> None:
    script, events = tmp_path / "a.lua", tmp_path / "events"
    script.write_text("print('before')")
    luatwin("run", *SMALL, script, "--events", events)
    assert luatwin("replay", events).err == ""
    script.write_text("print('after')")
    finished = luatwin("replay", events)
    assert finished.code == 0
    assert finished.err == f"luatwin: {script} has changed since; this runs what it was then\n"


# -- what is not the same, or no recording ----------------------------------------------------------------------------


def edited(events: Path, line: int, old: str, new: str) -> None:
    lines = events.read_text().splitlines(keepends=True)
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new)
    events.write_text("".join(lines))


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """The recording of a run that prints a word."""
    path = tmp_path / "events.ndjson"
    assert luatwin("run", *SMALL, "-e", "print('word')", "--events", path).code == 0
    return path


def without_end(events: Path) -> None:
    events.write_text("".join(events.read_text().splitlines(keepends=True)[:-1]))


def test_the_last_line_has_the_digest_of_those_before(events: Path) -> None:
    finished = luatwin("replay", events, "--json")
    assert finished.result["is_same"]
    edited(events, 5, '"kind"', '"kind" ')
    finished = luatwin("replay", events)
    assert finished.code == 2
    assert "it was changed after it was recorded" in finished.err


def test_the_first_event_that_differs_is_named_with_what_differs(events: Path) -> None:
    edited(events, 0, "print('word')", "print('ward')")
    finished = luatwin("replay", events)
    assert finished.code == 1
    assert finished.out.startswith("another run: event ")
    assert "text was 'word\\r\\n', is 'ward\\r\\n'" in finished.out
    result = json.loads(luatwin("replay", events, "--json").out)
    assert not result["is_same"]
    assert result["difference"]["fields"] == ["text"]


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        ("nvs.write('a', 'b', 1)", r"event \d+ was console at [\d.]+ ms, and is flash.write at"),
        ("tmr.sleep(1) print('word')", r"event \d+, console at [\d.]+ ms, differs: t was \d+, is \d+"),
        ("os.exit()", r"event \d+ was console at [\d.]+ ms, and is reset at"),
    ],
)
def test_an_event_of_another_kind_or_time_is_named(chunk: str, message: str, events: Path) -> None:
    edited(events, 0, "print('word')", chunk)
    assert re.search(message, luatwin("replay", events).out)


def test_a_recording_that_was_cut_off_is_compared_as_far_as_it_goes(events: Path) -> None:
    without_end(events)
    with events.open("a") as file:
        file.write('{"n": 99, "t"')
    finished = luatwin("replay", events)
    assert finished.code == 0
    assert "it was recorded no further" in finished.out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format": 1', '"format": 2', "this is no event log of format 1"),
        ('"recording"', '"recorded"', "did not write down what it takes"),
        ('"chip": {', '"chip": {"erase_counts": {}, "contents": {"bz2": "AAAA"}, ', "the recording is damaged"),
        ('"seed": 0', '"seed": [0]', "the recording is damaged"),
        ('"faults": []', '"faults": ["flood"]', "there is no such fault"),
        ('"parts": []', '"parts": [1]', "the recording is damaged"),
        ('"id": "WHITECAT-ESP32-N1-OTA"', '"id": "SOMETHING"', "the recording is damaged"),
        ('"version": "0.1.0"', '"version": "0.0.9"', "is of LuaTwin 0.0.9, this is 0.1.0: the two may differ"),
    ],
)
def test_what_is_wrong_with_a_recording_is_said(old: str, new: str, message: str, events: Path) -> None:
    edited(events, 0, old, new)
    finished = luatwin("replay", events)
    assert finished.code == (0 if "version" in old else 2)
    assert message in finished.err


@pytest.mark.parametrize("data", [b"", b"\xff\x00", b"[]\n", b'{"kind": "header"}\n', b"[" * 100_000])
def test_a_file_that_is_no_event_log_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"file:1: this is no event log"):
        Recording.read(path)


def test_an_input_that_unpacks_to_more_than_any_chip_is_refused(events: Path) -> None:
    bomb = base64.b64encode(bz2.compress(bytes(17 * 1024 * 1024))).decode()
    edited(events, 0, '"authority": ""', f'"authority": {{"bz2": "{bomb}"}}')
    finished = luatwin("replay", events)
    assert finished.code == 2
    assert "has more than 16777216 bytes" in finished.err


def test_a_run_with_a_real_server_says_that_it_cannot_be_repeated(tmp_path: Path) -> None:
    events = tmp_path / "events"
    luatwin("run", *SMALL, "--server", "https://localhost:1", "-e", "print(1)", "--events", events)
    finished = luatwin("replay", events)
    assert finished.code == 2
    assert "this run cannot be repeated: a real update server took part" in finished.err
