"""Mistakes in board files: all of them at once, each with its file, its line and what would be right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.boards import Board, load_board
from simulator.boards.validate import json_schema
from simulator.errors import DescriptionError
from simulator.resources import data_dir

BASE = 'using = ["GENERIC-OTA.toml"]\n'


def said(folder: Path, text: str, name: str = "MINE.toml") -> list[str]:
    """Return what is said about a board file with ``text``, with paths from ``folder`` on."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DescriptionError) as caught:
        load_board(file)
    return [line.replace(f"{folder}/", "") for line in str(caught.value).splitlines()]


def test_every_mistake_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    text = """\
# A board with one mistake a line.
using = ["GENERIC-OTA.toml"]
flsh_mode = "dio"
flash_freq = "50m"
ota = "yes"
nvs_size_bytes = 25000.5
storage_size_bytes = 100

[pins]
led = 40
leed = 4
i2c0 = { scl = 21, sdb = 22 }

[ethernet]
interface = "usb"
"""
    assert said(tmp_path, text) == [
        "MINE.toml:3: unknown key flsh_mode; did you mean flash_mode?",
        "MINE.toml:4: flash_freq = \"50m\" should be '20m', '26m', '40m' or '80m'",
        'MINE.toml:5: ota = "yes" should be true or false',
        "MINE.toml:6: nvs_size_bytes = 25000.5 should be a whole number from 1024 to 4194304, a multiple of 4",
        "MINE.toml:7: storage_size_bytes = 100 should be a whole number from 1024 to 4194304, a multiple of 4",
        "MINE.toml:10: pins.led = 40 should be a whole number from 0 to 39",
        "MINE.toml:11: unknown key pins.leed; did you mean led?",
        "MINE.toml:12: unknown key pins.i2c0.sdb; did you mean sda?",
        "MINE.toml:15: ethernet.interface = \"usb\" should be one of 'rmii', 'spi'",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("lora = 5", "MINE.toml:2: lora = 5 should be a table"),
        ("other_filesystems = 'fat'", 'MINE.toml:2: other_filesystems = "fat" should be a list'),
        (
            'other_filesystems = [\n  "ramfs",\n  "ext4",\n]',
            "MINE.toml:4: other_filesystems[1] = \"ext4\" should be 'ramfs', 'romfs' or 'fat'",
        ),
        ("console.uart = true", "MINE.toml:2: console.uart = true should be a whole number from 0 to 2"),
        ("type = 5", "MINE.toml:2: type = 5 should be printable ASCII without spaces, quotes and backslashes"),
        (
            'usb.vid_pid = "10c4:ea60"',
            'MINE.toml:2: usb.vid_pid = "10c4:ea60" should be two times four hexadecimal digits, such as 10C4:EA60',
        ),
        ("sd = { lines = 4 }", "MINE.toml:2: there is no sd.interface"),
        (
            '[ethernet]\ninterface = "spi"\ncs = 5\nspi = 3\nspeed_hz = 14000000',
            "MINE.toml:2: there is no ethernet.interrupt",
        ),
        (
            'ethernet = { interface = "spi", mdc = 5, cs = 5, spi = 3, interrupt = 35, speed_hz = 14000000 }',
            "MINE.toml:2: unknown key ethernet.mdc",
        ),
        ('id = "OTHER"', "MINE.toml:2: id is no key of a board file: the id is the name of the file"),
        ("released = 2020-02-02", "MINE.toml:2: unknown key released"),
        (
            "ota = false\nfactory_partition = true",
            "MINE.toml:3: factory_partition needs ota = true: without OTA the one app is in factory anyway",
        ),
        (
            "flash_size_bytes = 0x100000\nstorage_size_bytes = 0xd0000",
            "MINE.toml:3: no room for 2 app partitions of at least 64 KiB: the data partitions end at 0xe1000 of "
            "1 MiB flash",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    assert said(tmp_path, f"{BASE}{text}\n") == [problem]


@pytest.mark.parametrize(
    "name", ["https://ota.example.org", "ota.example.org/firmware", "ota.example.org:8443", "", "-x.org", "a..b", "a b"]
)
def test_the_ota_server_is_a_host_name_and_nothing_more(tmp_path: Path, name: str) -> None:
    assert said(tmp_path, f'{BASE}ota_server = "{name}"\n') == [
        f'MINE.toml:2: ota_server = "{name}" should be a host name alone, such as ota.example.org; scheme, port and '
        "path have no place in it, because the firmware always speaks TLS to port 443"
    ]


def test_a_mistake_is_reported_where_it_was_made(tmp_path: Path) -> None:
    (tmp_path / "family.toml").write_text(f"{BASE}\n[pins]\nled = 5\nbutton = 0\n")
    assert said(tmp_path, 'using = ["family.toml"]\npins.led = "five"\n') == [
        'MINE.toml:2: pins.led = "five" should be a whole number from 0 to 39',
        "family.toml:5: unknown key pins.button",
    ]


def test_what_no_file_says_is_asked_for(tmp_path: Path) -> None:
    problems = said(tmp_path, 'description = "Nothing but this"\n[pins]\nled = 5\n')
    assert "MINE.toml: there is no manufacturer" in problems
    assert "MINE.toml: there is no chip" in problems
    assert "MINE.toml:2: there is no pins.i2c0" in problems


def test_a_file_that_is_not_there_is_reported_with_the_other_mistakes(tmp_path: Path) -> None:
    text = 'using = ["GENERIC.toml",\n  "flash/44mb.toml"]\npins.lead = 5\n'
    assert said(tmp_path, text) == [
        "MINE.toml:2: using 'flash/44mb.toml': there is no such file, neither beside this file nor in "
        f"{data_dir('boards')}; did you mean flash/4mb.toml?",
        "MINE.toml:3: unknown key pins.lead; did you mean led?",
    ]


def test_what_a_missing_file_may_have_held_is_not_asked_for(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, 'using = ["GENERIK.toml"]\n')
    assert problem.startswith("MINE.toml:1: using 'GENERIK.toml': there is no such file")
    assert problem.endswith("; did you mean GENERIC.toml?")


def test_files_that_use_each_other_are_reported_as_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('# a\nusing = ["b.toml"]\n')
    (tmp_path / "b.toml").write_text('using = [\n"GENERIC.toml",\n"MINE.toml"]\n')
    assert said(tmp_path, 'using = ["a.toml"]\n') == [
        "b.toml:3: using goes round in a circle: MINE.toml -> a.toml -> b.toml -> MINE.toml"
    ]
    assert said(tmp_path, 'using = ["SELF.toml"]\n', "SELF.toml")[0] == (
        "SELF.toml:1: using goes round in a circle: SELF.toml -> SELF.toml"
    )


@pytest.mark.parametrize("using", ['"GENERIC.toml"', "[1]", "{}"])
def test_using_is_a_list_of_names(tmp_path: Path, using: str) -> None:
    assert said(tmp_path, f"using = {using}\n") == ["MINE.toml:1: using should be a list of file names"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('type = "A"\nota == true\n', "MINE.toml:2:6: "),
        ("ota = true\nota = false\n", "MINE.toml:2:12: "),
        ('\ntype = "never ends', "MINE.toml:2: "),
        ("[pins", "MINE.toml:1: "),
    ],
)
def test_a_file_that_is_not_toml_is_reported_where_it_stops_to_be(tmp_path: Path, text: str, place: str) -> None:
    (problem,) = said(tmp_path, text)
    assert problem.startswith(place)
    assert said(tmp_path, text, "a name that is no id.toml")[0].startswith(
        place.replace("MINE", "a name that is no id")
    )


def test_a_file_that_is_no_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "MINE.toml").write_bytes(b'# \n\ntype = "\xff"\n')
    with pytest.raises(DescriptionError, match=r"MINE\.toml:3: should be text in UTF-8"):
        load_board(tmp_path / "MINE.toml")


def test_a_used_file_that_is_not_toml_is_reported_with_the_other_mistakes(tmp_path: Path) -> None:
    (tmp_path / "family.toml").write_text("ota = maybe\n")
    family, own = said(tmp_path, 'using = ["family.toml"]\nlog_level = "LOUD"\n')
    assert family.startswith("family.toml:1:7: ")
    assert own == "MINE.toml:2: log_level = \"LOUD\" should be 'NONE', 'ERROR', 'WARN', 'INFO' or 'DEBUG'"


def test_the_name_of_the_file_must_do_as_an_id(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, BASE + 'firmware = "MINE"\n', "my board.toml")
    assert problem == "my board.toml: id = \"my board\" should be an id of letters, digits, '.', '_' and '-'"


def test_later_files_override_earlier_ones_and_tables_merge(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "pins.toml").write_text("[pins]\nled = 5\ni2c0.scl = 4\n")
    file = tmp_path / "MINE.toml"
    file.write_text(
        'using = ["ESP32-THING.toml", "parts/pins.toml", "builds/ota.toml"]\nother_filesystems = []\npins.led = 6\n'
    )
    board = load_board(str(file))
    assert (board.id, board.firmware, board.subtype) == ("MINE", "MINE", "OTA")
    assert (board.pins.led, board.pins.i2c0.scl, board.pins.i2c0.sda) == (6, 4, 22)
    assert board.other_filesystems == ()


def test_a_file_that_is_used_twice_counts_where_it_is_used_first(tmp_path: Path) -> None:
    file = tmp_path / "MINE.toml"
    file.write_text('using = ["PYCOM-FIPY.toml", "flash/4mb.toml"]\n')
    # Whitecat's family, which the FiPy builds upon, already uses flash/4mb.toml.
    assert load_board(file).flash_size_bytes == 0x800000


def test_the_json_schema_has_every_key_with_its_limits_and_its_explanation() -> None:
    schema = json_schema()
    json.dumps(schema)
    assert set(schema["properties"]) == {"using", *Board.__dataclass_fields__} - {"id"}
    assert schema["properties"]["nvs_size_bytes"] == {
        "maximum": 4194304,
        "minimum": 1024,
        "multipleOf": 4,
        "title": "Nvs Size Bytes",
        "type": "integer",
    }
    assert schema["properties"]["ota_server"]["description"] == "CONFIG_LUA_RTOS_OTA_SERVER_NAME."
    assert schema["additionalProperties"] is False
    assert all("required" not in table for table in (schema, *schema["$defs"].values()))
