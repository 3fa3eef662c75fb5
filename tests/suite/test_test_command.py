"""``luatwin test``: which scenarios it plays, what it prints, and what it exits with."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from simulator.formats.nvs import ItemType
from simulator.nvs.page import Query
from simulator.nvs.storage import Storage
from tests.helpers import ROOT, Finished, luatwin

HEAD = "version: 1\nboard: N1ESP32-OTA\nimage-size: 16K\n"
GOOD = f"name: good\n{HEAD}lua: print('hello')\nsteps: [{{wait-serial: hello}}]\n"
BAD = f"name: bad\n{HEAD}lua: print('hello')\nsteps: [{{wait-serial: bye, timeout: 2s}}]\n"
BROKEN = f"name: broken\n{HEAD}steps: [{{dealy: 1s}}]\n"
SLOW = f"name: slow\n{HEAD}timeout: 4s\nsteps: [{{delay: 5s}}]\n"
CASES = f"""\
name: cases
{HEAD}for: {{word: [one, two]}}
lua: print('${{word}}')
steps: [{{wait-serial: one, timeout: 2s}}]
"""
HANGS = f"""\
name: hangs
{HEAD}lua: |
  print('before')
  string.find(('a'):rep(3000), ('.-'):rep(40) .. 'b')
steps: [{{expect-exit: 0}}]
"""
COUNT = "nvs.write('app', 'starts', nvs.read('app', 'starts', 0) + 1)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where commands are given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**texts: str) -> None:
    for name, text in texts.items():
        path = Path(f"{name.replace('__', '/')}.scenario.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def words(finished: Finished) -> list[tuple[str, str]]:
    """How each item went, and which it was, from the lines that say so."""
    lines = (line for line in finished.out.splitlines() if line[:1].isupper())
    return [(line.split()[0], line[8:].partition(" (")[0]) for line in lines]


def test_everything_below_a_folder_is_played_in_order(folder: Path) -> None:
    write(b=GOOD, a__two=GOOD, a__one=BAD)
    finished = luatwin("test", ".")
    assert words(finished) == [
        ("FAIL", "a/one.scenario.yaml:6:9"),
        ("PASS", "a/two.scenario.yaml"),
        ("PASS", "b.scenario.yaml"),
    ]
    assert finished.code == 1
    assert finished.out.splitlines()[-1].startswith("1 failed, 2 passed in ")


def test_a_failure_is_told_with_what_repeats_it(folder: Path) -> None:
    write(cases=CASES)
    finished = luatwin("test", "cases.scenario.yaml", "-j", "1")
    assert words(finished) == [
        ("PASS", "cases.scenario.yaml[word=one]"),
        ("FAIL", "cases.scenario.yaml:7:9 [word=two]"),
    ]
    assert "        b0 did not print 'one' within 2.000 s (at 2.000 s of simulated time)" in finished.out
    (command,) = (line.partition("to repeat: ")[2] for line in finished.out.splitlines() if "to repeat" in line)
    assert command == "luatwin test cases.scenario.yaml --case word=two"
    again = luatwin(*shlex.split(command)[1:])
    assert again.code == 1
    assert words(again) == [("FAIL", "cases.scenario.yaml:7:9 [word=two]")]


def test_a_seed_of_the_command_is_part_of_what_repeats_a_failure(folder: Path) -> None:
    write(bad=BAD)
    assert (
        "to repeat: luatwin test bad.scenario.yaml --seed 7\n"
        in luatwin("test", "bad.scenario.yaml", "--seed", "7").out
    )


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a": GOOD}, 0),
        ({"a": SLOW}, 42),
        ({"a": BAD, "b": SLOW}, 1),
        ({"a": BAD, "b": BROKEN}, 2),
        ({"a": f"name: no file\n{HEAD}steps: [{{set-control: {{part-id: x, name: y, value: 1}}}}]\n"}, 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst(files: dict[str, str], code: int, folder: Path) -> None:
    write(**files)
    assert luatwin("test", ".").code == code


def test_a_file_with_mistakes_does_not_keep_the_others_from_being_played(folder: Path) -> None:
    write(a=BROKEN, b=GOOD)
    finished = luatwin("test", ".")
    assert words(finished) == [("ERROR", "a.scenario.yaml"), ("PASS", "b.scenario.yaml")]
    assert "a.scenario.yaml:5:10: unknown step dealy; did you mean delay?" in finished.out


def test_files_can_be_checked_and_nothing_played(folder: Path) -> None:
    write(a=BROKEN, b=GOOD)
    finished = luatwin("test", ".", "--check")
    assert (finished.code, finished.out) == (2, "2 scenario files: 1 with mistakes\n")
    assert finished.err == "a.scenario.yaml:5:10: unknown step dealy; did you mean delay?\n"
    finished = luatwin("test", "b.scenario.yaml", "--check")
    assert (finished.code, finished.out) == (0, "1 scenario file: all well\n")


def test_the_hook_for_pre_commit_is_the_check(folder: Path) -> None:
    (hook,) = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *words = shlex.split(hook["entry"])
    write(a=BROKEN, b=GOOD)
    files = [name for name in ("a.scenario.yaml", "b.scenario.yaml", "app.lua") if re.search(hook["files"], name)]
    assert (program, files) == ("luatwin", ["a.scenario.yaml", "b.scenario.yaml"])
    assert luatwin(*words, *files).code == 2
    assert luatwin(*words, files[1]).code == 0


@pytest.mark.parametrize(
    ("expression", "played"),
    [
        ("one", ["cases.scenario.yaml[word=one]"]),
        ("CASES and not one", ["cases.scenario.yaml[word=two]"]),
        ("good or word=two", ["cases.scenario.yaml[word=two]", "good.scenario.yaml"]),
        ("not cases", ["good.scenario.yaml"]),
    ],
)
def test_words_choose(expression: str, played: list[str], folder: Path) -> None:
    write(cases=CASES.replace("wait-serial: one", "wait-serial: o"), good=GOOD)
    assert words(luatwin("test", ".", "-k", expression)) == [("PASS", title) for title in played]


def test_the_first_failure_can_be_the_end(folder: Path) -> None:
    write(a=GOOD, b=BAD, c=GOOD, d=GOOD)
    finished = luatwin("test", ".", "-x", "-j", "1")
    assert [word for word, _ in words(finished)] == ["PASS", "FAIL"]
    assert finished.out.splitlines()[-1].startswith("1 failed, 1 passed, 2 not played in ")


def test_those_that_failed_last_are_played_until_none_does(folder: Path) -> None:
    write(a=GOOD, b=BAD, c=BAD)
    luatwin("test", ".")
    assert [title[0] for _, title in words(luatwin("test", ".", "--last-failed"))] == ["b", "c"]
    write(b=GOOD)
    luatwin("test", "b.scenario.yaml")
    assert [title[0] for _, title in words(luatwin("test", ".", "--lf"))] == ["c"]
    write(c=GOOD)
    assert [title[0] for _, title in words(luatwin("test", ".", "--lf"))] == ["c"]
    assert [title[0] for _, title in words(luatwin("test", ".", "--lf"))] == ["a", "b", "c"]
    assert not (folder / ".luatwin" / "last-failed.json").exists()


COUNTER = """\
name: Presses are counted
version: 1
author: Ada

steps:
  - wait-serial: 'Counter'
  - set-control:
      part-id: btn1
      control: pressed
      value: 1
  - delay: 100ms
  - set-control:
      part-id: btn1
      control: pressed
      value: 0
  - delay: 200ms
  - set-control:
      part-id: btn1
      control: pressed
      value: 1
  - wait-serial: 'pressed 2 times'
"""
APP = """\
pio.pin.setdir(pio.INPUT, 4)
print("Counter")
local presses, before = 0, 1
while true do
  local now = pio.pin.getval(4)
  if now < before then presses = presses + 1 print("pressed " .. presses .. " times") end
  before = now
  tmr.sleepms(10)
end
"""


def test_a_scenario_of_wokwi_cli_runs_unchanged_on_a_board_from_the_command_line(folder: Path) -> None:
    Path("counter.test.yaml").write_text(COUNTER)
    Path("app.lua").write_text(APP)
    Path("bench.yaml").write_text("parts: {btn1: {type: pushbutton, pin: 4, pull: true}}")
    options = ("--board", "N1ESP32-OTA", "--script", "app.lua", "--hardware", "bench.yaml")
    assert luatwin("test", "counter.test.yaml", *options).code == 0
    Path("app.lua").write_text(APP.replace("now < before", "now > before"))
    finished = luatwin("test", "counter.test.yaml", *options)
    assert f"to repeat: luatwin test counter.test.yaml {' '.join(options)}\n" in finished.out


def test_options_do_not_change_what_a_file_says(folder: Path) -> None:
    write(good=GOOD)
    Path("app.lua").write_text("print('bye')")
    assert luatwin("test", "good.scenario.yaml", "--board", "GENERIC", "--script", "app.lua").code == 0


@pytest.mark.real
@pytest.mark.slow
def test_a_board_that_hangs_is_ended_and_the_others_go_on(folder: Path) -> None:
    write(a=HANGS + "wall-timeout: 4s\ntimeout: 1h\n", b=GOOD, c=GOOD)
    finished = luatwin("test", ".", "-j", "2")
    assert words(finished) == [("LIMIT", "a.scenario.yaml"), ("PASS", "b.scenario.yaml"), ("PASS", "c.scenario.yaml")]
    assert "still running after 4 s of real time, at line 8: expect-exit: 0" in finished.out
    assert "          | before" in finished.out
    assert finished.code == 42


@pytest.mark.real
@pytest.mark.slow
def test_the_command_can_say_how_long_each_may_take_in_real_time(folder: Path) -> None:
    write(a=HANGS)
    assert "still running after 1 s of real time" in luatwin("test", ".", "--wall-timeout", "1s").out


def test_artefacts_of_what_failed_are_left(folder: Path) -> None:
    write(a=GOOD, b=BAD, cases=CASES)
    luatwin("test", ".", "--artefacts", "out")
    left = sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file())
    names = ("b0.console", "events.ndjson", "failure.txt", "flash.bin")
    assert left == [f"{name}/{file}" for name in ("b.scenario.yaml", "cases.scenario.yaml-word-two") for file in names]
    first, *_, last = Path("out/b.scenario.yaml/failure.txt").read_text().splitlines()
    assert (first, last) == ("b.scenario.yaml:6:9", "to repeat: luatwin test b.scenario.yaml")
    assert b"hello\r\n" in Path("out/b.scenario.yaml/b0.console").read_bytes()
    events = [json.loads(line) for line in Path("out/b.scenario.yaml/events.ndjson").read_text().splitlines()]
    assert events[0]["kind"] == "header"
    assert [event["ok"] for event in events if event["kind"] == "expect"] == [False]
    assert Path("out/b.scenario.yaml/flash.bin").stat().st_size == 4 * 1024 * 1024


def test_results_are_written_as_junit_xml(folder: Path) -> None:
    write(a__cases=CASES, b=BROKEN)
    luatwin("test", ".", "--junit", "out.xml")
    suite = ET.parse("out.xml").getroot()[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "3", "failures": "1", "errors": "1",
    }  # fmt: skip
    one, two, broken = suite.iter("testcase")
    assert (one.get("classname"), one.get("name"), len(one)) == ("a.cases", "cases [word=one]", 0)
    failure = two.find("failure")
    assert failure is not None
    assert failure.get("message") == "b0 did not print 'one' within 2.000 s (at 2.000 s of simulated time)"
    assert "a/cases.scenario.yaml:7:9 [word=two]" in str(failure.text)
    assert "to repeat: luatwin test a/cases.scenario.yaml --case word=two" in str(failure.text)
    error = broken.find("error")
    assert error is not None
    assert error.get("message") == "b.scenario.yaml:5:10: unknown step dealy; did you mean delay?"


def test_results_are_one_json_object(folder: Path) -> None:
    write(a=GOOD, b=BAD)
    finished = luatwin("test", ".", "--json")
    result = json.loads(finished.out)
    assert [(one["file"], one["result"], one["exit_code"]) for one in result["results"]] == [
        ("a.scenario.yaml", "pass", 0), ("b.scenario.yaml", "fail", 1),
    ]  # fmt: skip
    assert result["results"][1]["failure"]["line"] == 6
    assert result["exit_code"] == finished.code == 1


def test_a_scenario_can_demand_that_no_power_cut_breaks_anything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(a=f"name: count\n{HEAD}lua: {COUNT} {COUNT}\nsteps: [{{expect-exit: 0}}]\nsweep: true\n")
    assert luatwin("test", ".").code == 0
    right = Storage.write_blob

    def wrong(self: Storage, namespace: int, key: bytes, data: bytes) -> None:
        query = Query(namespace, ItemType.BLOB_INDEX, key)
        found = self.find(query)
        if found is not None:
            found.page.erase_item(query)
        right(self, namespace, key, data)

    monkeypatch.setattr(Storage, "write_blob", wrong)
    finished = luatwin("test", ".")
    assert words(finished) == [("BRICKED", "a.scenario.yaml:7:1")]
    assert "power cuts break something" in finished.out
    assert "nvs: app.starts is gone" in finished.out
    assert finished.code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "what is to be played? Give scenario files, or folders with *.scenario.yaml"),
        (("nowhere",), "nowhere: there is no such file or folder"),
        (("empty",), "empty: there is no *.scenario.yaml in this folder"),
        (("good.scenario.yaml", "-k", "bad"), "-k 'bad': none of the 1 cases is meant"),
        (("good.scenario.yaml", "--case", "x=1"), "--case 'x=1': none of the 1 cases is meant"),
        (("good.scenario.yaml", "--junit", "no/out.xml"), "--junit no/out.xml: there is no folder no"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    write(good=GOOD)
    (folder / "empty").mkdir()
    finished = luatwin("test", *arguments)
    assert (finished.code, finished.err) == (2, f"luatwin: {said}\n")


def test_the_schema_is_printed() -> None:
    assert luatwin("test", "--schema").result["title"] == "LuaTwin scenario"
