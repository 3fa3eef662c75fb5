"""Scenario files: what they say, and what they are refused for, each mistake with its place and all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.boards.schema import Profile
from simulator.errors import DescriptionError, UsageError
from simulator.scenario import Scenario, read_scenario
from simulator.scenario.steps import STEPS
from simulator.units import NS_PER_MS, NS_PER_S

BROKEN = Path(__file__).parent / "broken"
SAID = "#! "
"""Begins a line of a broken file that says what is to be said of it."""

Written = Callable[[str], Scenario]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Reads a scenario that consists of a head and these lines."""

    def write(text: str) -> Scenario:
        path = tmp_path / "some.scenario.yaml"
        path.write_text(f"name: some\nversion: 1\n{text}")
        return read_scenario(path)

    return write


def mistakes(path: Path) -> list[str]:
    with pytest.raises(DescriptionError) as refused:
        read_scenario(path)
    return [str(problem).removeprefix(f"{path}:") for problem in refused.value.problems]


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.scenario.yaml")), ids=lambda path: path.name.partition(".")[0])
def test_every_mistake_in_a_broken_file_is_told_with_its_place(path: Path) -> None:
    lines = path.read_text().splitlines()
    said = [line.removeprefix(SAID) for line in lines if line.startswith(SAID)]
    wanted = [text.replace("FOLDER", str(BROKEN)).replace("STEPS", ", ".join(STEPS)) for text in said]
    assert mistakes(path) == wanted


def test_a_scenario_of_wokwi_cli_is_one_of_ours(written: Written) -> None:
    scenario = written(
        """\
author: 'Ada'
steps:
  - delay: 500ms
  - name: 'Press it'
    set-control:
      part-id: btn1
      control: pressed
      value: 1
  - wait-serial: 'Button 1 pressed'
  - write-serial: "hello\\n"
  - write-serial: [72, 105]
  - expect-pin: {part-id: led1, pin: A, value: 1}
  - take-screenshot: {part-id: oled, save-to: oled.png}
  - touch: {part-id: panel, x: 10, y: 20, duration: 100ms, wait: true}
"""
    )
    assert scenario.author == "Ada"
    delay, press, wait, hello, numbers, pin, picture, tap = scenario.steps
    assert (delay.kind, delay.value) == ("delay", 500 * NS_PER_MS)
    assert (press.name, press.value.part_id, press.value.control_name, press.value.value) == (
        "Press it", "btn1", "pressed", 1,
    )  # fmt: skip
    assert wait.value == "Button 1 pressed"
    assert (hello.value, numbers.value) == (b"hello\n", b"Hi")
    assert (pin.value.part_id, pin.value.pin_name, pin.value.level) == ("led1", "A", 1)
    assert picture.value.save_to == "oled.png"
    assert (tap.value.x, tap.value.duration, tap.value.wait) == (10, 100 * NS_PER_MS, True)


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("1ns", 1), ("1.5us", 1500), ("100.ms", 100_000_000), ("1.0s", NS_PER_S), ("1 ns", 1), ("1. us", 1000),
        ("2S", 2 * NS_PER_S), (" 3 MS ", 3_000_000), ("'0'", 0), ("'0.00'", 0), ("0ms", 0), ("0", 0),
        ("2m", 120 * NS_PER_S), ("1h30m", 5400 * NS_PER_S),
    ],
)  # fmt: skip
def test_times_are_those_of_wokwi_cli_and_some_more(text: str, duration_ns: int, written: Written) -> None:
    assert written(f"steps: [{{delay: {text}}}]").steps[0].value == duration_ns


def test_a_step_knows_where_it_stands_and_what_it_says(written: Written) -> None:
    scenario = written(
        "steps:\n  - delay: 1s\n    timeout: 2s\n  - name: all at once\n    parallel:\n      - [{delay: 1s}]\n"
    )
    delay, parallel = scenario.steps
    assert (*delay.place, str(delay), delay.timeout_ns) == (4, 5, "delay: 1s", 2 * NS_PER_S)
    assert (str(parallel), parallel.value[0][0].place) == ("all at once", (8, 10))


def test_short_forms_mean_the_long_ones(written: Written) -> None:
    steps = written(
        "steps: [{wait-event: boot.app}, {expect-boot: ota_0}, {expect-file: /a}, {server: stop}, "
        "{reset: }, {reset: 1s}]"
    ).steps
    event, boot, file, server, reset, held = (step.value for step in steps)
    assert (event.kind, dict(event.fields)) == ("boot.app", {})
    assert (boot.slot, file.path, file.exists, server.command) == ("ota_0", "/a", True, "stop")
    assert (reset, held) == (100 * NS_PER_MS, NS_PER_S)


def test_an_event_can_have_any_fields(written: Written) -> None:
    (step,) = written("steps: [{wait-event: {kind: boot.app, label: ota_0, offset: 65536}}]").steps
    assert step.value.fields == {"label": "ota_0", "offset": 65536}


def test_a_request_is_what_the_command_line_would_ask_for(tmp_path: Path, written: Written) -> None:
    (tmp_path / "app.lua").write_text("print(1)")
    (tmp_path / "data.txt").write_text("two")
    scenario = written(
        """\
why: because
board: N1ESP32-OTA
profile: hardened
script: app.lua
arguments: [a, b]
files: {/one.txt: {text: one}, /two.txt: data.txt}
hardware: {lamp: {type: led, pin: 26}}
parts: ["led:27"]
hold: {GPIO4: 6s}
image-size: 16K
access-points: {home: secret-password, cafe: ""}
faults: [http-500, ap-down@3s+2s]
publish: none
seed: 7
timeout: 2m
wall-timeout: 30s
sweep: true
steps: []
"""
    )
    request = scenario.request
    profile: Profile = "hardened"
    assert (scenario.name, scenario.why, scenario.wall_timeout_ns) == ("some", "because", 30 * NS_PER_S)
    assert (request.board, request.profile, request.script) == ("N1ESP32-OTA", profile, tmp_path / "app.lua")
    assert (request.arguments, request.files) == (("a", "b"), (("/one.txt", b"one"), ("/two.txt", b"two")))
    assert ([part.name for part in request.described], request.parts) == (["lamp"], ("led:27",))
    assert (request.holds, request.image_bytes) == (((4, 6 * NS_PER_S),), 16384)
    assert request.access_points == (("home", "secret-password"), ("cafe", ""))
    assert [fault.name for fault in request.faults] == ["http-500", "ap-down"]
    assert (request.publish, request.seed, request.timeout_ns) == ("none", 7, 120 * NS_PER_S)
    assert scenario.cases[0].sweep_place == (19, 1)
    assert set(scenario.inputs) == {str(tmp_path / name) for name in ("some.scenario.yaml", "app.lua", "data.txt")}


def test_a_matrix_makes_a_case_of_every_combination(written: Written) -> None:
    scenario = written(
        """\
vars: {greeting: hello, times: 3}
for: {board: [N1ESP32-OTA, ESP32-THING-OTA], fault: [none, http-500], word: [x]}
faults: [slow]
lua: print("${greeting} ${word} $${word}")
steps: [{repeat: {times: "${times}", steps: [{wait-serial: "${board}"}]}}]
"""
    )
    assert [case.label for case in scenario.cases] == [
        "board=N1ESP32-OTA fault=none word=x",
        "board=N1ESP32-OTA fault=http-500 word=x",
        "board=ESP32-THING-OTA fault=none word=x",
        "board=ESP32-THING-OTA fault=http-500 word=x",
    ]
    last = scenario.cases[-1]
    assert (last.request.board, last.request.chunk) == ("ESP32-THING-OTA", 'print("hello x ${word}")')
    assert [[fault.name for fault in case.request.faults] for case in scenario.cases[:2]] == [
        ["slow"],
        ["slow", "http-500"],
    ]
    times, (inner,) = last.steps[0].value
    assert (times, inner.value) == (3, "ESP32-THING-OTA")


def test_boards_have_what_stands_on_top_unless_they_say_otherwise(tmp_path: Path, written: Written) -> None:
    (tmp_path / "app.lua").write_text("print(1)")
    scenario = written(
        """\
image-size: 16K
script: app.lua
boards:
  kitchen: {}
  cellar: {lua: print(2), image-size: 32K, board: GENERIC-OTA}
steps: [{delay: 1s, board: all}, {delay: 1s, board: [cellar]}, {delay: 1s}]
"""
    )
    kitchen, cellar = scenario.cases[0].boards
    assert (kitchen.name, kitchen.request.image_bytes, kitchen.request.script) == (
        "kitchen",
        16384,
        tmp_path / "app.lua",
    )
    assert (cellar.request.image_bytes, cellar.request.script, cellar.request.chunk) == (32768, None, "print(2)")
    assert [step.boards for step in scenario.steps] == [("kitchen", "cellar"), ("cellar",), ()]


def test_a_fault_of_a_step_happens_with_the_step(written: Written) -> None:
    steps = written(
        "steps: [{wifi: ap-down+2s}, {net: blackhole}, {server: {respond: truncate-clean}}, {fault: http-500}]"
    ).steps
    down, hole, cut, error = (step.value.respond if step.kind == "server" else step.value for step in steps)
    assert [str(fault.when) for fault in (down, hole, cut, error)] == [
        "from the beginning", "from the beginning", "at 50 % of the download", "from the beginning",
    ]  # fmt: skip
    assert down.duration_ns == 2 * NS_PER_S


def test_a_step_that_makes_no_sense_here_is_left_out_on_request(tmp_path: Path) -> None:
    path = tmp_path / "chip.scenario.yaml"
    path.write_text("name: chip\nversion: 1\nsteps: [{expect-chip-output: ready}, {delay: 1s}]")
    assert mistakes(path) == [
        "3:10: expect-chip-output makes no sense here: there are no custom chips, which would print it; "
        "--ignore-unsupported leaves it out"
    ]
    assert [step.kind for step in read_scenario(path, ignore_unsupported=True).steps] == ["delay"]


def test_a_file_that_cannot_be_read_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_scenario(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe4")
    assert mistakes(tmp_path / "latin.yaml") == [" should be text in UTF-8"]
