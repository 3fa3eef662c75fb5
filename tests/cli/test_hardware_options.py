"""``--hardware``, ``--part`` and ``--vcd`` of run, and ``luatwin parts``."""

from __future__ import annotations

import json
from pathlib import Path

from simulator.hardware.parts import PARTS
from tests.helpers import luatwin

RUN = ("run", "--image-size", "16K", "--board", "GENERIC", "-q")

BENCH = """\
parts:
  red: {type: led, pin: GPIO26}
  go: {type: pushbutton, pin: GPIO4, pressed: {steps: {2s: 1, 2100ms: 0}}}
  room: {type: tmp36, pin: GPIO36, temperature: {csv: room.csv}}
"""


def bench(folder: Path) -> str:
    (folder / "room.csv").write_text("time,temperature\n0,20\n1,21.5\n")
    path = folder / "bench.yaml"
    path.write_text(BENCH)
    return str(path)


def printed(console: str) -> list[str]:
    return console.partition("Executing /autorun.lua ...\r\n")[2].rpartition("\r\n/ > ")[0].split("\r\n")


def test_a_script_meets_what_a_file_describes_and_waits_for_what_is_going_to_happen(tmp_path: Path) -> None:
    script = """
        s = sensor.attach('TMP36', 1, 0) tmr.sleep(1) print(s:read('temperature'))
        pio.pin.output(26)
        pio.pin.interrupt(4, function(level) pio.pin.setval(1 - level, 26) print('now', level) end, 3)
    """
    events = tmp_path / "events.ndjson"
    finished = luatwin(*RUN, "--hardware", bench(tmp_path), "--events", str(events), "-e", script)
    assert finished.code == 0
    assert printed(finished.out)[-2:] == ["21.5", ""]
    # The prompt was there long before.
    assert "now\t0\r\nnow\t1\r\n" in finished.out
    logged = [json.loads(line) for line in events.read_text().splitlines()]
    assert {str(tmp_path / "bench.yaml"), str(tmp_path / "room.csv")} <= set(logged[0]["inputs"])
    of_parts = [event for event in logged if event["kind"] == "pin" and "part" in event]
    assert [event["on"] for event in of_parts if event["part"] == "red"] == [False, True, False]
    assert [event["value"] for event in of_parts if event.get("control") == "pressed"] == [1, 0]
    assert [event["t"] for event in of_parts if event.get("control") == "temperature"] == [10**9]


def test_parts_from_the_command_line_are_named_by_their_types() -> None:
    finished = luatwin(
        *RUN, "--part", "pushbutton:4:pressed=1", "--part", "pushbutton:GPIO5", "-e",
        "pio.pin.input(4, 5) pio.pin.setpull(pio.PULLUP, 4, 5) print(pio.pin.getval(4, 5))",
    )  # fmt: skip
    assert printed(finished.out)[-2:] == ["0\t1", ""]


def test_mistakes_are_told_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "bench.yaml"
    path.write_text("parts:\n  red: {type: led, pinn: 26}\n")
    finished = luatwin(*RUN, "--hardware", str(path), "-e", "")
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.splitlines() == [
        f"luatwin: {path}:2:3: red (led) needs pin",
        f"{path}:2:20: unknown key red.pinn; did you mean pin?",
    ]


def test_a_name_is_given_once(tmp_path: Path) -> None:
    path = bench(tmp_path)
    finished = luatwin(*RUN, "--hardware", path, "--hardware", path, "-e", "")
    assert finished.code == 2
    assert f"there is a part 'red' in {path}; give this another name" in finished.err
    path = str(tmp_path / "more.yaml")
    Path(path).write_text("parts:\n  a: {type: led, pin: 26}\n")
    finished = luatwin("run", "--board", "M5STACK", "-q", "--hardware", path, "-e", "")
    assert f"{path}: there is a part 'a' on every M5STACK; give this another name" in finished.err


def test_the_trace_of_a_run_names_signals_by_pins_and_by_parts(tmp_path: Path) -> None:
    path = tmp_path / "trace.vcd"
    script = "pio.pin.output(26) for _ = 1, 2 do pio.pin.inv(26) tmr.sleepms(10) end"
    assert luatwin(*RUN, "--hardware", bench(tmp_path), "--vcd", str(path), "-e", script).code == 0
    lines = path.read_text().splitlines()
    codes = {words[4]: words[3] for words in map(str.split, lines) if words[:2] == ["$var", "wire"]}
    assert {"GPIO26", "GPIO4", "GPIO36", "red", "go", "room"} <= codes.keys()
    for name in ("GPIO26", "red"):
        levels = [line[0] for line in lines if line[0] in "01" and line[1:] == codes[name]]
        assert levels == ["0", "1", "0"]


def test_a_trace_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    finished = luatwin(*RUN, "--vcd", str(tmp_path / "nowhere" / "x.vcd"), "-e", "")
    assert (finished.code, finished.out) == (2, "")


def test_the_list_of_parts_has_every_type() -> None:
    listed = luatwin("parts")
    assert listed.code == 0
    assert {line.split()[0] for line in listed.out.splitlines() if line[:1].strip()} == {"type", *PARTS}
    as_json = luatwin("parts", "--json").result["parts"]
    assert [part["type"] for part in as_json] == sorted(PARTS)


def test_one_part_is_shown_with_its_keys_and_controls() -> None:
    shown = luatwin("parts", "ds18b20")
    words = [line.split() for line in shown.out.splitlines()]
    assert ["pin", "a", "pin", "needed"] in words
    assert ["temperature", "degrees", "Celsius;", "-55", "to", "125", "24"] in words
    part = luatwin("parts", "led", "--json").result["part"]
    assert part["fields"][0] == {"name": "pin", "meaning": "a pin", "default": ""}
    assert "did you mean led?" in luatwin("parts", "lead").err
    assert luatwin("parts", "--schema").result["title"] == "LuaTwin hardware description"
