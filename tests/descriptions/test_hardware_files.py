"""Descriptions of hardware: what they make, and what they are refused for, with the place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.descriptions import describe_part, parse_part, read_hardware
from simulator.descriptions.part_models import json_schema, limits_text
from simulator.errors import DescriptionError, UsageError
from simulator.hardware.courses import Ramp, Sine, Steps
from simulator.hardware.parts import PARTS, part_fields
from simulator.hardware.parts.basic import Led, PushButton
from simulator.hardware.parts.one_wire_parts import Ds18b20
from simulator.hardware.parts.pulse_parts import Keypad
from simulator.units import NS_PER_MS, NS_PER_S


def written(folder: Path, text: str) -> Path:
    path = folder / "bench.yaml"
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """What is said of a description, without the path."""
    path = written(folder, text)
    with pytest.raises(DescriptionError) as refused:
        read_hardware(path)
    return [str(problem).removeprefix(f"{path}:") for problem in refused.value.problems]


def test_a_file_makes_parts_by_their_names(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """\
        parts:
          red: {type: led, pin: GPIO26}
          b1:
            type: pushbutton
            pin: 4
            pressed: 1
          keys: {type: membrane-keypad, columns: [25, 26, 27, GPIO32], rows: [4, 5, 15, 16]}
          inside: {type: ds18b20, pin: gpio17, serial: 0x123456789abc, model: ds1822, temperature: -3.5}
        """,
    )
    red, button, keys, inside = (part.make() for part in read_hardware(path).parts)
    assert isinstance(red, Led)
    assert (red.name, red.pin) == ("red", 26)
    assert isinstance(button, PushButton)
    assert button.values == {"pressed": 1}
    assert isinstance(keys, Keypad)
    assert keys.columns == (25, 26, 27, 32)
    assert isinstance(inside, Ds18b20)
    assert (inside.serial, inside.model, inside.values["temperature"]) == (0x123456789ABC, "ds1822", -3.5)


def test_every_time_a_part_is_made_anew() -> None:
    description = describe_part({"type": "led", "name": "x", "pin": 26})
    assert description.make() is not description.make()


def test_an_empty_list_of_parts_is_no_mistake(tmp_path: Path) -> None:
    assert read_hardware(written(tmp_path, "parts: {}\n")).parts == ()


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["should be a table with the key parts"]),
        ("[1]\n", ["1:1: should be a table with the key parts"]),
        ("part: {}\n", ["1:1: unknown key part; did you mean parts?"]),
        ("parts: [1]\n", ["1:8: parts should be a table of parts by their names"]),
        ("parts:\n  a: [\n", ["3:1: expected the node content, but found '<stream end>' while parsing a flow node"]),
        ("parts:\n  a: {}\n  a: {}\n", ['3:3: found duplicate key "a" with value "{}" (original value: "{}")']),
        ("parts:\n  a b: {type: led, pin: 1}\n", ["2:3: 'a b' is no name: letters, digits, '_', '-' and '.'"]),
        ("parts:\n  7: {type: led, pin: 1}\n", ["2:3: 7 is no name"]),
        ("parts:\n  a: led\n", ["2:6: a should be a table with the type of a part"]),
        ("parts:\n  a: {pin: 4}\n", ["2:3: a needs a type, such as led"]),
        ("parts:\n  a: {type: pushbuton, pin: 4}\n",
         ["2:13: a.type: there is no part 'pushbuton'; did you mean pushbutton?"]),
        ("parts:\n  a: {type: 5}\n", ["2:13: a.type: there is no part 5; there are "]),
        ("parts:\n  a: {type: led}\n", ["2:3: a (led) needs pin"]),
        ("parts:\n  a: {type: led, pinn: 4}\n",
         ["2:3: a (led) needs pin", "2:18: unknown key a.pinn; did you mean pin?"]),
        ("parts:\n  a: {type: led, pin: 4, name: b}\n",
         ["2:26: unknown key a.name; it has type, pin, active_low, colour"]),
        ("parts:\n  a: {type: led, pin: 24}\n",
         ["2:23: a.pin = 24 is no pin; the ESP32 has GPIO 0 to 23, 25 to 27 and 32 to 39"]),
        ("parts:\n  a: {type: led, pin: GPIO40}\n", ['2:23: a.pin = "GPIO40" is no pin']),
        ("parts:\n  a: {type: led, pin: true}\n", ["2:23: a.pin = true is no pin"]),
        ("parts:\n  a: {type: led, pin: -1}\n", ["2:23: a.pin = -1 is no pin"]),
        ("parts:\n  a: {type: led, pin: 4, active_low: 1}\n", ["2:38: a.active_low = 1 should be true or false"]),
        ("parts:\n  a: {type: led, pin: 4, colour: 1}\n", ["2:34: a.colour = 1 should be a text"]),
        ("parts:\n  a: {type: i2c-eeprom, scl: 21, sda: 22, size_bytes: 0}\n",
         ["2:55: a.size_bytes = 0 should be a whole number of at least 1"]),
        ("parts:\n  a: {type: bme280, scl: 21, sda: 22, address: 0x40}\n",
         ["2:48: a.address = 64 should be 118 or 119"]),
        ("parts:\n  a: {type: ds18b20, pin: 4, model: ds1820}\n",
         ["2:37: a.model = \"ds1820\" should be 'ds18b20', 'ds18s20', 'ds1822' or 'ds28ea00'"]),
        ("parts:\n  a: {type: membrane-keypad, columns: [25, 26, 27], rows: [4, 5, 15, 99]}\n",
         ["2:39: a.columns should have 4 entries", "2:70: a.rows[3] = 99 is no pin"]),
        ("parts:\n  a: {type: membrane-keypad, columns: 25, rows: [4, 5, 15, 16, 17]}\n",
         ["2:39: a.columns = 25 should be a list", "2:49: a.rows should have 4 entries"]),
        ("parts:\n  a: {type: uart-peer, replies: [1]}\n", ["2:33: a.replies = [1] should be a table"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: 200}\n",
         ["2:42: a.temperature = 200 should be a number from -40 to 125"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {stepps: {0s: 1}}}\n",
         ['2:42: a.temperature = {"stepps": {"0s": 1}} should be a number from -40 to 125, or a table with one of '
          "steps, ramp, sine and csv"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {steps: {0s: 1, 1y: 2}}}\n",
         ["2:50: a.temperature.steps: '1y' is no time; write a number with one of ns, us, ms, s, m, h"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {steps: {}}}\n", ["2:50: a.temperature.steps = {} "]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {steps: {0s: 500}}}\n",
         ["2:42: a.temperature comes to 500, which is not from -40 to 125"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {steps: {0s: warm}}}\n",
         ["2:42: a.temperature comes to warm, which is not from -40 to 125"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {ramp: {from: 0, too: 9, over: 1s}}}\n",
         ["2:43: a.temperature.ramp needs to", "2:59: unknown key a.temperature.ramp.too; did you mean to?"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {ramp: {from: 0, to: 9, over: 0}}}\n",
         ["2:72: a.temperature.ramp.over = 0 should be greater than 0"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {sine: {middle: 100, swing: 50, period: 1h}}}\n",
         ["2:42: a.temperature comes to 150, which is not from -40 to 125"]),
        ("parts:\n  a: {type: tmp36, pin: 36, temperature: {csv: there.csv}}\n",
         ["2:48: a.temperature.csv: there.csv: No such file or directory"]),
        ("parts:\n  a: {type: uart-peer, send: {ramp: {from: 0, to: 1, over: 1s}}}\n",
         ['2:30: a.send = {"ramp": {"from": 0, "to": 1, "over": "1s"}} should be a text, or a table with steps']),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_the_nearest_key(tmp_path: Path, text: str, problems: list[str]) -> None:
    said = [line.lstrip() for line in mistakes(tmp_path, text)]
    assert [line[: len(problem)] for line, problem in zip(said, problems, strict=True)] == problems


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    said = mistakes(
        tmp_path,
        "parts:\n  a: {type: led}\n  b: {type: lad}\n  c: {type: led, pin: 99}\npart: 1\n",
    )
    assert [line.split(":")[0] for line in said] == ["2", "3", "4", "5"]


def test_a_file_that_is_not_there_or_no_text_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"hardware file .*nothing.yaml: No such file or directory"):
        read_hardware(tmp_path / "nothing.yaml")
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"parts: \xff")
    with pytest.raises(DescriptionError, match="should be text in UTF-8"):
        read_hardware(path)
    with pytest.raises(DescriptionError, match="special characters are not allowed"):
        read_hardware(written(tmp_path, "parts: \x01"))


def test_controls_follow_steps_ramps_sines_and_series(tmp_path: Path) -> None:
    (tmp_path / "weather.csv").write_text("when, outside, inside\n0, 10, 20\n1h, 12.5, 21\n")
    path = written(
        tmp_path,
        """\
        parts:
          a: {type: tmp36, pin: 32, temperature: {steps: {1.5s: 30, 250ms: 20, 2: 10}, repeat: 3s}}
          b: {type: tmp36, pin: 33, temperature: {ramp: {from: 0, to: 10, start: 1s, over: 10s}}}
          c: {type: tmp36, pin: 34, temperature: {sine: {middle: 20, swing: 5, period: 24h}, every: 1m}}
          d: {type: tmp36, pin: 35, temperature: {csv: weather.csv, column: outside}}
          e: {type: uart-peer, send: {steps: {1s: "hello\\\\n"}}}
          f: {type: uart-peer, send: hi}
        """,
    )
    hardware = read_hardware(path)
    a, b, c, d, e, f = ((*part.courses.values(),)[0] for part in hardware.parts)
    assert a == Steps((250 * NS_PER_MS, 1500 * NS_PER_MS, 2 * NS_PER_S), (20, 30, 10), 3 * NS_PER_S)
    assert b == Ramp(0, 10, NS_PER_S, 10 * NS_PER_S, every_ns=100 * NS_PER_MS)
    assert c == Sine(20, 5, 24 * 3600 * NS_PER_S, every_ns=60 * NS_PER_S)
    assert d == Steps((0, 3600 * NS_PER_S), (10, 12.5), keeps_waiting=False)
    assert e == Steps((NS_PER_S,), ("hello\\n",))
    assert f == Steps((0,), ("hi",))
    assert set(hardware.inputs) == {str(path), str(tmp_path / "weather.csv")}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "w.csv:1: there is no column ''"),
        ("time,temp\n0,1\n", "w.csv:1: there is no column 'temperature'; it has time, temp"),
        ("time,temperature\n", "w.csv:1: there is no row"),
        ("time,temperature\n0,1\n0,2\n", "w.csv:3: 0 is not after the one before"),
        ("time,temperature\n0,warm\n1\n", "w.csv:2: time = '0', temperature = 'warm' should be a time and a number"),
        ("time,temperature\nsoon,1\n", "w.csv:2: time = 'soon', temperature = '1' should be a time and a number"),
        ("time,temperature\n0,1\n9,999\n", "w.csv: 999 at 9.000 s is not from -40 to 125"),
    ],
)
def test_a_series_is_refused_with_the_line_of_its_file(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "w.csv").write_text(rows)
    [problem, *_] = mistakes(tmp_path, "parts:\n  a: {type: tmp36, pin: 36, temperature: {csv: w.csv}}\n")
    assert problem.startswith("2:48: a.temperature.csv: ")
    assert said in problem


def test_words_on_a_command_line_make_a_part() -> None:
    led = parse_part("led:GPIO26", taken={"led"}).make()
    assert isinstance(led, Led)
    assert (led.name, led.pin) == ("led-2", 26)
    button = parse_part("pushbutton:4:name=go:pull=true:pressed=1").make()
    assert isinstance(button, PushButton)
    assert (button.name, button.pull, button.values) == ("go", True, {"pressed": 1})
    keys = parse_part("membrane-keypad:[25, 26, 27, 32]:[4, 5, 15, 16]").make()
    assert isinstance(keys, Keypad)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lad:4", "--part 'lad:4': there is no part 'lad'; did you mean led?"),
        ("led", "--part 'led': part led (led) needs pin"),
        ("led:99", "--part 'led:99': part led.pin = 99 is no pin"),
        ("led:4:5", "--part 'led:4:5': '5' is one value too many; write KEY=VALUE for others"),
        ("led:4:lit=1", "--part 'led:4:lit=1': part unknown key led.lit; it has type, pin, active_low, colour"),
        ("led:4:colour=[", "--part 'led:4:colour=[': colour = '[' is no value"),
        ("tmp36:36:temperature={csv: w}", "--part 'tmp36:36:temperature={csv: w}': temperature = '{csv' is no value"),
    ],
)  # fmt: skip
def test_words_that_make_none_are_refused(words: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_part(words)
    assert str(refused.value).startswith(said)


def test_a_part_from_python_needs_a_name_and_no_file() -> None:
    with pytest.raises(UsageError, match="a part needs a name"):
        describe_part({"type": "led", "pin": 4})
    with pytest.raises(UsageError, match=r"part a\.pin = 99 is no pin"):
        describe_part({"type": "led", "name": "a", "pin": 99})
    with pytest.raises(UsageError, match=r"w.csv: a file of values can only be named in a file"):
        describe_part({"type": "tmp36", "name": "a", "pin": 36, "temperature": {"csv": "w.csv"}})


@pytest.mark.parametrize("type_name", PARTS)
def test_every_part_says_of_its_fields_what_they_may_be(type_name: str) -> None:
    kind = PARTS[type_name]
    for name, field in part_fields(kind).items():
        if name != "name":
            words = limits_text(kind, name)
            is_needed = field.default is field.default_factory
            assert "pin" in words or not is_needed, f"{name}: only pins have to be given"
    assert not {*kind.controls, *kind.text_controls} & {*part_fields(kind)}


def test_the_schema_knows_every_part_and_is_a_schema() -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(PARTS) <= set(schema["$defs"])
    assert schema["$defs"]["tmp36"]["properties"]["temperature"]["anyOf"][0]["oneOf"][0]["maximum"] == 125
