"""Which builds have a part of the Lua API: the named conditions of the catalogue, as questions to a board.

Where a board file of the simulator says nothing, the answer is what the firmware's own board files say
(``boards/*`` of Lua-RTOS-ESP32 at 6b455df4: ``CONFIG_LUA_RTOS_LUA_USE_*`` and ``CONFIG_LUA_RTOS_USE_*``), by the
source form of the id. What all 41 builds have, such as the SSH client and the hardware locks, is ``always``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from simulator.boards import Board

Condition: TypeAlias = "Callable[[Board], bool]"

_LORA_GATEWAY: Final = ("WHITECAT-ESP32-LORA-GW", "WHITECAT-ESP32-LORA-GW-OTA")
_TTGO: Final = ("TTGO-LORA32", "TTGO-LORA32-OTA")
_HUZZAH: Final = ("ADAFRUIT-HUZZAH32", "ADAFRUIT-HUZZAH32-OTA")
_M5STACK: Final = ("M5STACK", "M5STACK-OTA")
_NINA: Final = "EVK-NINA-W"
_TRAVIS: Final = "TRAVIS-ESP32-EVB-OTA"


def _only(*ids: str) -> Condition:
    return lambda board: board.id in ids


def _all_but(*ids: str) -> Condition:
    return lambda board: board.id not in ids


def _external_adc(chip: str) -> Condition:
    return lambda board: board.external_adc is not None and board.external_adc.chip == chip


CONDITIONS: Final[Mapping[str, Condition]] = {
    "always": _all_but(),
    "adc": _all_but(*_LORA_GATEWAY),
    "ads1015": _external_adc("ADS1015"),
    "ads1115": _external_adc("ADS1115"),
    "bt": _all_but("ESP-WROVER-KIT", "ESP-WROVER-KIT-OTA", _TRAVIS, *_TTGO, *_LORA_GATEWAY),
    "can": _all_but(_NINA, *_TTGO, *_LORA_GATEWAY),
    "cjson": _all_but(_NINA),
    "curl": _only(*_M5STACK),
    "encoder": _all_but(_NINA, *_LORA_GATEWAY),
    "ethernet": lambda board: board.ethernet is not None,
    "gdisplay": lambda board: board.display is not None,
    "hardened": lambda board: board.profile == "hardened",
    "i2c": _all_but(*_LORA_GATEWAY),
    "lora": lambda board: board.lora is not None,
    "lora_node": lambda board: board.lora is not None and board.lora.chip != "SX1301",
    "mcp3008": _external_adc("MCP3008"),
    "mcp3208": _external_adc("MCP3208"),
    "mdns": _only(_TRAVIS, "WESP32", "WESP32-OTA"),
    "mqtt": _all_but(_NINA),
    "neopixel": _all_but(_NINA, *_LORA_GATEWAY),
    "nvs": _all_but(_NINA),
    "openvpn": _only(),
    "pack": _all_but(_NINA),
    "pio": _all_but(*_LORA_GATEWAY),
    "pwm": _all_but(*_LORA_GATEWAY),
    "rsyslog": _all_but(*_TTGO),
    "sdisplay": _only(
        "CITILAB-ED1",
        "PYCOM-FIPY",
        "PYCOM-FIPY-OTA",
        "WHITECAT-ESP32-N1",
        "WHITECAT-ESP32-N1-OTA",
        "WHITECAT-ESP32-N1-DEVKIT",
        "WHITECAT-ESP32-N1-DEVKIT-OTA",
        "WHITECAT-ESP32-N2-DEVKIT",
        "WHITECAT-ESP32-N2-DEVKIT-OTA",
    ),
    "sensor": _all_but(_NINA, *_LORA_GATEWAY),
    "servo": _all_but(*_LORA_GATEWAY),
    "spi": _all_but(_NINA),
    "ssh_server": lambda board: board.ssh,
    "stepper": _all_but(_NINA, *_LORA_GATEWAY),
    "telnet_server": _all_but(*_TTGO),
    "touch": _only(_NINA, _TRAVIS),
    "uart": _all_but(*_LORA_GATEWAY),
    "ulp": _all_but(*_LORA_GATEWAY),
    "wifi_nvs": _only(*_HUZZAH, *_M5STACK, _TRAVIS),
}
"""Name to question. ``net.ota`` is in every build: without OTA it is there and fails."""
