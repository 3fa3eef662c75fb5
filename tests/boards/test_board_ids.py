"""How a board is found by either of its two ids, and what is said if it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.boards import load_board
from simulator.boards.ids import did_you_mean, documented_form, option_form
from simulator.errors import UsageError
from tests.helpers import run_python

# Source form and documented form of all firmwares: sections 2.3 and 2.4 of the reference catalogue.
BOTH_FORMS = {
    "WHITECAT-ESP32-N1": "N1ESP32",
    "WHITECAT-ESP32-N1-OTA": "N1ESP32-OTA",
    "WHITECAT-ESP32-N1-DEVKIT": "N1ESP32-DEVKIT",
    "WHITECAT-ESP32-N1-DEVKIT-OTA": "N1ESP32-DEVKIT-OTA",
    "WHITECAT-ESP32-N2-DEVKIT": "N2ESP32-DEVKIT",
    "WHITECAT-ESP32-N2-DEVKIT-OTA": "N2ESP32-DEVKIT-OTA",
    "WHITECAT-ESP32-LORA-GW": "",
    "WHITECAT-ESP32-LORA-GW-OTA": "ESP32-LORA-GW-OTA-OTA",
    "CITILAB-ED1": "CITILAB-ED1",
    "ESP32-CORE-BOARD": "ESP32COREBOARD",
    "ESP32-CORE-BOARD-OTA": "ESP32COREBOARD-OTA",
    "ESP32-PICO-KIT": "ESP32-PICO-KIT",
    "ESP32-PICO-KIT-OTA": "ESP32-PICO-KIT-OTA",
    "ESP-WROVER-KIT": "ESP-WROVER-KIT",
    "ESP-WROVER-KIT-OTA": "ESP-WROVER-KIT-OTA",
    "ESP32-THING": "ESP32THING",
    "ESP32-THING-OTA": "ESP32THING-OTA",
    "ADAFRUIT-HUZZAH32": "HUZZAH32",
    "ADAFRUIT-HUZZAH32-OTA": "HUZZAH32-OTA",
    "PYCOM-FIPY": "FIPY",
    "PYCOM-FIPY-OTA": "FIPY-OTA",
    "ESP32-POE": "ESP32-POE",
    "ESP32-POE-OTA": "ESP32-POE-OTA",
    "ESP32-GATEWAY": "ESP32-GATEWAY",
    "ESP32-GATEWAY-OTA": "ESP32-GATEWAY-OTA",
    "ESP32-EVB": "ESP32-EVB",
    "ESP32-EVB-OTA": "ESP32-EVB-OTA",
    "TRAVIS-ESP32-EVB-OTA": "ESP32-EVB-OTA",
    "DOIT-ESP32-DEVKIT-V1": "DOIT-ESP32-DEVKIT-V1",
    "DOIT-ESP32-DEVKIT-V1-OTA": "DOIT-ESP32-DEVKIT-V1-OTA",
    "WEMOS-ESP32-OLED": "WEMOS-ESP32-OLED",
    "WEMOS-ESP32-OLED-OTA": "WEMOS-ESP32-OLED-OTA",
    "EVK-NINA-W": "EVK-NINA-W",
    "WESP32": "WESP32",
    "WESP32-OTA": "WESP32-OTA",
    "M5STACK": "M5STACK",
    "M5STACK-OTA": "M5STACK-OTA",
    "TTGO-LORA32": "TTGO-LORA32",
    "TTGO-LORA32-OTA": "TTGO-LORA32",
    "GENERIC": "GENERIC",
    "GENERIC-OTA": "GENERIC-OTA",
}

# What a documented form means that is also, or only, the source form of another firmware.
MEANT_FIRST = {"ESP32-EVB-OTA": "ESP32-EVB-OTA", "TTGO-LORA32": "TTGO-LORA32"}


@pytest.mark.parametrize("source", BOTH_FORMS)
def test_a_board_is_found_by_its_source_form(source: str) -> None:
    board = load_board(source)
    assert (board.id, board.documented_id) == (source, BOTH_FORMS[source])


@pytest.mark.parametrize(("source", "documented"), [item for item in BOTH_FORMS.items() if item[1]])
def test_a_board_is_found_by_what_it_calls_itself(source: str, documented: str) -> None:
    assert load_board(documented).id == MEANT_FIRST.get(documented, source)


def test_a_firmware_compiled_under_another_name_calls_itself_by_that_name() -> None:
    ttgo, travis = load_board("TTGO-LORA32-OTA"), load_board("TRAVIS-ESP32-EVB-OTA")
    assert (ttgo.firmware, ttgo.type, ttgo.subtype, ttgo.ota) == ("TTGO-LORA32", "TTGO-LORA32", "", True)
    assert ttgo.catalogue_id == "TTGO-LORA32-OTA"
    assert (travis.firmware, travis.documented_id, travis.phy_init) == ("ESP32-EVB-OTA", "ESP32-EVB-OTA", True)


@pytest.mark.parametrize("name", ["WESP32-OTA", "PYCOM-FIPY-OTA"])
def test_two_firmwares_named_ota_are_built_without(name: str) -> None:
    board = load_board(name)
    assert board.subtype == "OTA"
    assert not board.ota
    assert [partition.label for partition in board.partition_table().app_partitions] == ["factory"]


def test_a_device_sends_the_documented_form_unless_the_board_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "MINE.toml"
    file.write_text('using = ["WHITECAT-ESP32-N1-OTA.toml"]\nota_id_form = "source"\nfirmware = "MY-FIRMWARE"\n')
    assert load_board("N1ESP32-OTA").ota_firmware_id == "N1ESP32-OTA"
    assert load_board(file).ota_firmware_id == "MY-FIRMWARE"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("N1ESP23-OTA", "unknown board 'N1ESP23-OTA'; did you mean N1ESP32-OTA?"),
        ("n1esp32-ota", "unknown board 'n1esp32-ota'; did you mean N1ESP32-OTA?"),
        ("generic_ota", "unknown board 'generic_ota'; did you mean GENERIC-OTA?"),
        ("whitecat-esp32-n1", "unknown board 'whitecat-esp32-n1'; did you mean WHITECAT-ESP32-N1?"),
        ("raspberry", "unknown board 'raspberry'; luatwin boards lists them all"),
        ("", "unknown board ''; luatwin boards lists them all"),
    ],
)
def test_an_unknown_board_is_answered_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_board(name)
    assert str(caught.value) == said


def test_a_board_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"board file .*absent\.toml: No such file"):
        load_board(tmp_path / "absent.toml")
    with pytest.raises(UsageError, match="board file boards: Is a directory"):
        load_board("./boards")


def test_forms_of_an_id() -> None:
    assert documented_form("ACME", "ONE", "OTA") == "ACME-ONE-OTA"
    assert documented_form("", "ONE", "") == "ONE"
    assert documented_form("", "", "") == ""
    assert option_form("ESP32-EVB-OTA") == "LUA_RTOS_FIRMWARE_ESP32_EVB_OTA"
    assert did_you_mean("gpo", ["gpio", "", "spi"]) == "; did you mean gpio?"
    assert did_you_mean("wildly different", ["gpio"]) == ""


def test_one_board_is_loaded_without_pydantic_and_without_reading_the_others() -> None:
    program = """
import sys
from pathlib import Path
read, read_bytes = [], Path.read_bytes
Path.read_bytes = lambda self: read.append(self.name) or read_bytes(self)
from simulator.boards import load_board
load_board("N1ESP32-OTA")
print("pydantic" in sys.modules, "difflib" in sys.modules, *read)
"""
    pydantic, difflib, *read = run_python("-c", program).stdout.split()
    assert (pydantic, difflib) == ("False", "False")
    boards = [name for name in read if name.removesuffix(".toml") in BOTH_FORMS]
    assert set(boards) == {"WHITECAT-ESP32-N1.toml", "WHITECAT-ESP32-N1-OTA.toml"}


def test_boards_are_values() -> None:
    board = load_board("GENERIC")
    assert load_board("GENERIC") is board
    assert hash(board) == hash(load_board("GENERIC"))
    with pytest.raises(AttributeError):
        board.ota = True  # type: ignore[misc]
    assert sys.getsizeof(board) < 1000
