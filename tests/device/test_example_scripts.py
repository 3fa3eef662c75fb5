"""The scripts that the firmware comes with, each on a virtual board with what it needs around it.

example_scripts/ has them as this project wrote them anew: the same calls in the same structure, in other words, under
the same paths. With the environment variable LUA_RTOS_SOURCE, the root of the firmware's sources, the originals have to
do the same. docs/example-scripts.md lists them all.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio

from simulator.bluetooth import Beacon
from simulator.hardware.parts.actuators import NeoPixels
from simulator.hardware.parts.display_parts import ScreenPart
from simulator.hardware.parts.i2c_parts import Eeprom
from simulator.mqtt.packets import Publish
from simulator.wifi import SmartConfigMessage
from tests.device.mqtt_broker import Broker
from tests.device.stage import PROMPT, Stage, on_stage
from tests.device.test_sntp import NOON, POOL, answer
from tests.helpers import ROOT

DOCUMENT = ROOT / "docs" / "example-scripts.md"

OURS = Path(__file__).parent / "example_scripts"
SOURCES = {"ours": OURS}
if "LUA_RTOS_SOURCE" in os.environ:
    SOURCES["original"] = Path(os.environ["LUA_RTOS_SOURCE"]) / "components" / "fs_images"

EXAMPLES = "default/examples/lua"
ACCESS_POINT = ("CITILAB", "wifi@citilab")
HUM = {"temperature": 21.5, "humidity": 40}

Check = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Example:
    """What is known of a script, or of some that belong together."""

    paths: tuple[str, ...]
    needs: str
    outcome: str
    check: Check
    board: str
    parts: tuple[Mapping[str, Any], ...]
    files: Mapping[str, str]


PLAYED: list[Example] = []

#: What else is in the images, and why it is not played here.
ELSEWHERE = {
    **dict.fromkeys(
        ("gdisplay/paint.lua", "gdisplay/tftdemo.lua", "gdisplay/tpcalib.lua"),
        ("a display with a touch panel", "not played in a test"),
    ),
    **dict.fromkeys(
        ("tft/examples/paint.lua", "tft/examples/tftdemo.lua", "tft/examples/tpcalib.lua"),
        ("a firmware with the module `tft`, which there is no more", "stops at the first call of `tft`, as on a board"),
    ),
}

SUITE = "tests/tests"
"""Lua's own tests, as the firmware's authors changed them, beside two of their own; docs/lua-test-suite.md."""


def example(
    *paths: str,
    needs: str = "nothing",
    outcome: str,
    board: str = "GENERIC",
    parts: Iterable[Mapping[str, Any]] = (),
    files: Mapping[str, str] | None = None,
) -> Callable[[Check], Check]:
    """Make an example of a function that plays it."""

    def add(check: Check) -> Check:
        PLAYED.append(Example(paths, needs, outcome, check, board, tuple(parts), files or {}))
        return check

    return add


async def start(stage: Stage) -> None:
    """Boot, and start the script of an example as one does from the prompt."""
    await stage.boot()
    stage.board.receive(b'dofile("/example.lua")\r')


async def press(stage: Stage, keys: bytes) -> str:
    """What the board sends within a second after some keys, whether a script of its own goes on or not."""
    before = len(stage.console)
    stage.board.receive(keys)
    await stage.wait(1)
    return stage.console[before:]


def shown(stage: Stage) -> list[str]:
    """The lines since the script was started, without the carriage returns and the prompt that ends them."""
    text = stage.console.rpartition('dofile("/example.lua")\r\n')[2]
    return [line.removeprefix(PROMPT) for line in text.replace("\r", "").removesuffix(PROMPT).splitlines()]


def booted(stage: Stage) -> str:
    """What the boot scripts have shown."""
    return stage.console.partition("Executing /system.lua ...\r\n")[2].replace("\r", "")


# -- pins -------------------------------------------------------------------------------------------------------------


@example(
    f"{EXAMPLES}/blink.lua",
    needs="an LED at GPIO26",
    outcome="the LED blinks ten times in two seconds, and the prompt stays free",
    parts=[{"type": "led", "name": "led", "pin": 26}],
)
async def blink(stage: Stage) -> None:
    await start(stage)
    await stage.wait(2)
    states = [event["on"] for event in stage.of_parts() if event["part"] == "led"]
    assert states[:4] == [True, False, True, False]
    assert sum(states) == pytest.approx(10, abs=1)
    assert await press(stage, b"print(1 + 1)\r") == f"print(1 + 1)\r\n2\r\n{PROMPT}"


@example(
    f"{EXAMPLES}/pwm.lua",
    needs="an LED at GPIO26",
    outcome="the LED gets brighter and darker, by one percent each 10 ms",
    parts=[{"type": "led", "name": "led", "pin": 26}],
)
async def pwm(stage: Stage) -> None:
    await start(stage)
    await stage.wait(3)
    seen = [event["brightness"] for event in stage.of_parts() if event["part"] == "led"]
    top = seen.index(max(seen))
    assert seen[top] > 0.99
    assert len(seen) > 200
    assert seen[:top] == sorted(seen[:top])
    bottom = seen.index(min(seen[top:]), top)
    assert seen[bottom] == 0
    assert seen[top:bottom] == sorted(seen[top:bottom], reverse=True)


@example(
    f"{EXAMPLES}/adc-tmp36.lua",
    needs="a TMP36 at GPIO32",
    outcome="prints the temperature each second until Ctrl-C, and follows it",
    parts=[{"type": "tmp36", "name": "air", "pin": 32, "temperature": 21.5}],
)
async def thermometer(stage: Stage) -> None:
    await start(stage)
    await stage.wait(2.5)
    stage.board.bench.part("air").set_control("temperature", -10)
    await stage.wait(1)
    lines = shown(stage)
    assert lines[0] == "adc1: at pin GPIO32, attenuation 11db, 12 bits of resolution"
    assert [line.partition("temp: ")[2] for line in lines[1:]] == [*3 * ["21.50"], "-10.00"]
    assert re.fullmatch(r"raw: \d+\t mvolts: 715\.0\t temp: 21\.50", lines[1])
    stopped = await press(stage, b"\x03")
    assert "interrupted!" in stopped
    assert stopped.endswith(PROMPT)


@example(
    f"{EXAMPLES}/neopixel.lua",
    needs="six WS2812B at GPIO14",
    outcome="warns of `neopixel.setup`; a green light of a fifth of the brightness runs to and fro",
    parts=[{"type": "neopixel", "name": "chain", "pin": 14, "count": 6}],
)
async def running_light(stage: Stage) -> None:
    await start(stage)
    await stage.wait(1.95)
    chain = stage.board.bench.part("chain")
    assert isinstance(chain, NeoPixels)
    assert {frozenset(frame) for frame in chain.frames} == {frozenset(("#003300", "#000000"))}
    places = [frame.index("#003300") for frame in chain.frames]
    there_and_back = [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert places == (there_and_back * 2)[: len(places)]
    assert len(places) in (19, 20)
    assert "WARNING neopixel.setup is deprecated, please use neopixel.attach instead" in stage.console


@example(
    f"{EXAMPLES}/stepper.lua",
    needs="two drivers A4988: direction and step at GPIO26 and 14, and at GPIO12 and 13",
    outcome="both motors make 2000 steps together, the same way back, and so on",
    parts=[
        {"type": "a4988", "name": "left", "dir": 26, "step": 14},
        {"type": "a4988", "name": "right", "dir": 12, "step": 13},
    ],
)
async def motors(stage: Stage) -> None:
    await start(stage)
    await stage.wait(30)
    for name in ("left", "right"):
        steps = [event["steps"] for event in stage.of_parts() if event["part"] == name]
        assert steps.count(2000) >= 2
        assert max(steps) == 2000
        assert min(steps) == 0
    assert "stepper1, at pins step=GPIO13, dir=GPIO12" in shown(stage)


# -- buses ------------------------------------------------------------------------------------------------------------


@example(
    f"{EXAMPLES}/i2c.lua",
    needs="an EEPROM 24C256 at I2C0, address 0x51",
    outcome="writes 101 bytes, waits for each, and finds them again",
    parts=[{"type": "i2c-eeprom", "name": "rom", "scl": 21, "sda": 22, "address": 0x51}],
)
async def memory(stage: Stage) -> None:
    await start(stage)
    await stage.board.finished()
    assert shown(stage) == ["i2c0 at pins scl=GPIO21/sdc=GPIO22"]
    rom = stage.board.bench.part("rom")
    assert isinstance(rom, Eeprom)
    assert rom.contents[:102] == bytes(range(101)) + b"\xff"


@example(
    f"{EXAMPLES}/sht20.lua",
    needs="an SHT20 at I2C1",
    outcome="prints temperature, relative and absolute humidity after 20 seconds",
    parts=[{"type": "sht20", "name": "air", "scl": 32, "sda": 33, **HUM}],
)
async def hygrometer(stage: Stage) -> None:
    await start(stage)
    began_s = stage.seconds
    await stage.board.finished()
    assert shown(stage) == [
        "i2c1 at pins scl=GPIO32/sdc=GPIO33",
        *("Temperature: 21.50 C", "Humidity rel.: 40.00 %", "Humidity abs.: 7.54 g/m3"),
    ]
    assert stage.seconds - began_s == pytest.approx(20, abs=0.5)


@example(
    f"{EXAMPLES}/uart-terminal.lua",
    needs="a GPS receiver at UART1",
    outcome="shows what the receiver sends; the first key is echoed and stops it, since the port that it would be sent "
    "to is a variable that nobody sets",
    parts=[{"type": "gps", "name": "gps", "tx": 13, "rx": 12}],
)
async def terminal(stage: Stage) -> None:
    await start(stage)
    await stage.wait(3.5)
    assert [line[:14] for line in shown(stage)[3:]] == [f"$GPGGA,00000{second}." for second in (1, 2, 3)]
    stopped = await press(stage, b"A")
    assert re.match(r"A\S*: bad argument #1 to 'write' \(number expected, got nil\)\r\n", stopped)
    assert stopped.endswith(PROMPT)


@example(
    f"{EXAMPLES}/bme280-tft.lua",
    needs="a BME280 at I2C0, address 0x76, and a display ST7735",
    outcome="the display shows the three values, and another picture when they change",
    parts=[{"type": "bme280", "name": "air", "scl": 21, "sda": 22, "address": 0x76, "pressure": 1000, **HUM}],
)
async def weather_station(stage: Stage) -> None:
    await start(stage)
    await stage.wait(0.5)
    display = stage.board.bench.part("display")
    assert isinstance(display, ScreenPart)

    async def picture() -> bytes:
        await stage.wait(1.2)
        assert display.picture is not None
        return bytes(display.picture.pixels)

    before = await picture()
    assert any(before)
    assert await picture() == before
    stage.board.bench.part("air").set_control("humidity", 70)
    wetter = await picture()
    changed = [place for place, (old, new) in enumerate(zip(before, wetter, strict=True)) if old != new]
    assert changed, "the second of the three lines, and nothing else"
    assert display.picture is not None
    rows = {place // 2 // display.picture.width for place in changed}
    assert max(rows) - min(rows) < 20


# -- network ----------------------------------------------------------------------------------------------------------


@example(
    f"{EXAMPLES}/mqtt.lua",
    needs="the access point CITILAB and a broker at cssiberica.com",
    outcome="publishes its message",
)
async def message(stage: Stage) -> None:
    broker = Broker()
    stage.world.add_access_point(*ACCESS_POINT)
    stage.world.add_server("cssiberica.com", broker.serve, port=1883)
    await start(stage)
    await stage.wait(20)
    assert broker.kinds() == ["CONNECT", "PUBLISH"]
    assert broker.connects[0].texts == [b"100"]
    sent = Publish.of(broker.received[1][1])
    assert (sent.topic, sent.payload, sent.qos) == (b"/100", b"hola", 0)


@example(
    f"{EXAMPLES}/wifi.lua",
    needs="the access point CITILAB, the time servers, whitecatboard.org, and a host 8.8.8.8",
    outcome="lists the access points, joins, asks for a name, pings ten times; it stops to "
    "ask for the time before there is an answer",
)
async def network(stage: Stage) -> None:
    stage.world.add_access_point(*ACCESS_POINT)
    stage.world.network.names["whitecatboard.org"] = ["203.0.113.80"]
    stage.world.network.add_host("dns.google", "8.8.8.8")
    clock = stage.world.network.add_host(*POOL).open_datagrams(123)

    async def serve() -> None:
        while True:
            await clock.send_to(answer(), (await clock.receive_from())[1])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        await start(stage)
        await stage.wait(30)
        nursery.cancel_scope.cancel()
    text = "\n".join(shown(stage))
    assert re.search(r"CITILAB.*\n(.*\n)*whitecarboard\.org: 203\.0\.113\.80\nPING 8\.8\.8\.8 \(8\.8\.8\.8\)", text)
    assert "10 packets transmitted, 10 packets received, 0.0% packet loss" in text
    assert "\r\ntrue\r\n" in await press(stage, f"print(os.time() < {NOON})\r".encode())


@example(
    f"{EXAMPLES}/esp-touch.lua",
    needs="the access point CITILAB, and a phone that tells of it",
    outcome="prints what the phone says, and keeps it in NVS; the board joins",
)
async def told_by_a_phone(stage: Stage) -> None:
    stage.world.add_access_point(*ACCESS_POINT)
    await start(stage)
    await stage.wait(1)
    stage.world.air.send_smart_config(SmartConfigMessage(*ACCESS_POINT, "192.168.1.77"))
    await stage.wait(20)
    assert shown(stage) == ["SSID: CITILAB", "PASS: wifi@citilab", "Remote IP: 192.168.1.77"]
    kept = await press(stage, b'print(nvs.read("wifi", "name"), nvs.read("wifi", "pass"), net.connected())\r')
    assert "\nCITILAB\twifi@citilab\ttrue\r\n" in kept


@example(
    f"{EXAMPLES}/wps-pin.lua",
    needs="an access point with WPS",
    outcome="prints the PIN, and the board joins when it has been typed into the access point",
    board="ADAFRUIT-HUZZAH32",
)
async def typed_into_the_access_point(stage: Stage) -> None:
    access_point = stage.world.add_access_point(*ACCESS_POINT)
    await start(stage)
    await stage.wait(1)
    (line,) = shown(stage)
    sentence = re.fullmatch(r"Enter the PIN (\d{8}) on your router\.", line)
    assert sentence is not None
    stage.world.press_wps(access_point, sentence[1])
    await stage.wait(60)
    assert len(access_point.stations) == 1


# -- radio ------------------------------------------------------------------------------------------------------------


@example(
    f"{EXAMPLES}/lora.lua",
    needs="a LoRaWAN network that has the key",
    outcome="joins, and sends a number that is confirmed",
    board="N1ESP32",
)
async def join_and_send(stage: Stage) -> None:
    stage.world.add_lora_network(any_app_key="796B86B4C9DC0252FA32457B1315E284")
    await start(stage)
    await stage.board.finished()
    assert [event["kind"] for event in stage.events if event["board"] == "lora"] == [
        *("lora.join", "lora.uplink", "lora.downlink"),
    ]


@example(
    f"{EXAMPLES}/abp.lua",
    needs="a LoRaWAN network that has the keys and something to say",
    outcome="sends a number, and prints the answer; its port is 1, whatever it was",
    board="N1ESP32",
)
async def send_and_hear(stage: Stage) -> None:
    node = stage.world.add_lora_network().add_personalized(
        "26011728", "5DD8013B282A725F51B1227F311EEFB1", "9F09A4C74BAEDCB06669A4AC1D7ACB68"
    )
    node.send(7, b"\x01\xab")
    await start(stage)
    await stage.board.finished()
    assert [uplink.port for uplink in node.uplinks] == [1]
    assert [line for line in shown(stage) if line.startswith("p")] == ["port 1", "payload 01AB"]


BEACONS = (
    Beacon.eddystone_uid("3F3B51B60B88EF9949E5", "CF484185AE0B", power_dbm=-20, rssi_dbm=-60),
    Beacon.eddystone_url("https://whitecatboard.org", power_dbm=-20, rssi_dbm=-70),
)


@example(
    f"{EXAMPLES}/ble-scan.lua",
    needs="Eddystone beacons",
    outcome="prints each frame that it hears, with signal strength and distance",
)
async def scan(stage: Stage) -> None:
    for beacon in BEACONS:
        stage.world.add_beacon(beacon)
    await start(stage)
    await stage.wait(20)
    assert set(shown(stage)) == {
        "EddystoneUID. RSSI: -60. NAMESPACE: 3F3B51B60B88EF9949E5. INSTANCE: CF484185AE0B. DISTANCE: 1.0.",
        "EddystoneURL. RSSI -70. URL: https://whitecatboard.org. DISTANCE: 3.162278.",
    }


@example(
    f"{EXAMPLES}/ble-eddistone-txpow.lua",
    needs="an Eddystone beacon at one metre",
    outcome="prints the mean of the signal strength, and 41",
)
async def transmit_power(stage: Stage) -> None:
    stage.world.add_beacon(BEACONS[0])
    await start(stage)
    await stage.wait(20)
    assert set(shown(stage)) == {"TX POW: -19.0"}


@example(
    f"{EXAMPLES}/ble-eddystone.lua",
    f"{EXAMPLES}/eddystone.lua",
    needs="something that hears Bluetooth",
    outcome="advertises an id and an address in turn",
)
async def beacons(stage: Stage) -> None:
    await start(stage)
    await stage.wait(10)
    data = {event["data"].upper() for event in stage.of_kind("bt.advertise")}
    assert any("3F3B51B60B88EF9949E5CF484185AE0B" in one for one in data)
    assert any(b"whitecatboard".hex().upper() in one for one in data)


# -- boot scripts -----------------------------------------------------------------------------------------------------


@example(
    "default/system.lua",
    "default/config.lua",
    "default/autorun.lua",
    outcome="as on a board, the first stops since `config.lua` needs a module `types` that is in no image, the last "
    "since there is no `machine.lua`",
)
async def default_image(stage: Stage) -> None:
    await stage.boot()
    assert booted(stage).startswith("lua: config.lua:")
    assert "module 'types' not found" in booted(stage)
    assert "Executing /autorun.lua ...\nlua: cannot open machine.lua: No such file" in booted(stage)


@example(
    "default/system.lua",
    needs="another `config.lua`, and the access point CITILAB",
    outcome="joins the access point and starts what is switched on",
    files={
        "/config.lua": "config.wifi, config.sntp, config.history = true, true, false\n"
        'config.data.wifi = {ssid = "CITILAB", pass = "wifi@citilab"}\n',
        "/autorun.lua": "while not net.connected() do tmr.sleepms(100) end print(net.service.sntp.running(), config)",
    },
)
async def configured_board(stage: Stage) -> None:
    stage.world.add_access_point(*ACCESS_POINT)
    await stage.boot()
    assert booted(stage) == (
        "Starting wifi ...\nStarting sntp client ...\nExecuting /autorun.lua ...\ntrue\tnil\n\n" + PROMPT
    )


@example(
    "g1/system.lua",
    "g1/config.lua",
    "g1/autorun.lua",
    needs="a board with Ethernet and an SX1301",
    outcome="starts Ethernet and the clock, and stops at `lora.attach`: the gateway of an SX1301 is not simulated",
    board="WHITECAT-ESP32-LORA-GW",
)
async def gateway_image(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(60)
    assert booted(stage).startswith("Starting ethernet ...\nStarting sntp client ...\nStarting lora gateway ...\n")
    (stopped,) = stage.board.script_errors
    assert "lora.attach: the gateway of an SX1301 is not simulated yet" in stopped


async def quiet_image(stage: Stage) -> None:
    await stage.boot()
    assert booted(stage) == f"Executing /autorun.lua ...\n\n{PROMPT}"
    answer = await stage.type(b'os.syslog("told", os.LOG_INFO) os.syslog("kept", os.LOG_DEBUG)\r')
    assert "told" in answer.partition("\n")[2]
    assert "kept" not in answer.partition("\n")[2]


for _image in ("gdisplay", "tests", "tft"):
    example(
        f"{_image}/system.lua", f"{_image}/autorun.lua", outcome="messages of the level INFO are shown on the console"
    )(quiet_image)


# -- the authors' own tests -------------------------------------------------------------------------------------------


@example(f"{SUITE}/pthread.lua", outcome="passes its eight tests")
async def threads(stage: Stage) -> None:
    await start(stage)
    await stage.board.finished()
    assert shown(stage) == [f"THREAD{number}: PASS" for number in range(1, 9)]


@example(
    f"{SUITE}/test.lua",
    needs="the files that it runs",
    outcome="runs the first file, and then sleeps for ever: there is no timer that ends a deep sleep of 0 seconds",
    files={
        "/autorun.lua": 'os.cd("/tests") dofile("/example.lua")',
        "/tests/test.log": "of the last time",
        "/tests/gc.lua": 'print("gc", io.open("/tests/test.log"):read("a"))',
    },
)
async def one_test_a_boot(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(3600)
    assert booted(stage) == "Executing /autorun.lua ...\ngc\t\n"
    assert not stage.board.script_errors


# -- the tests --------------------------------------------------------------------------------------------------------


def on_the_board(played: Example, source: Path) -> dict[str, str]:
    """The files of an example: those of an image lie where the image has them, and a script is ``/example.lua``."""
    files = {"/autorun.lua": "", "/config.lua": ""}
    for path in played.paths:
        place, _, name = path.rpartition("/")
        text = (source / path).read_text()
        files["/example.lua" if place in (EXAMPLES, SUITE) else f"/{name}"] = text
    return {**files, **played.files}


def alone(played: Example) -> list[Example]:
    """An example with each of its scripts, if it is of scripts that are started one by one."""
    if not played.paths[0].startswith(EXAMPLES):
        return [played]
    return [dataclasses.replace(played, paths=(path,)) for path in played.paths]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("played", [one for played in PLAYED for one in alone(played)], ids=lambda one: one.paths[0])
def test_a_script_does_on_a_virtual_board_what_the_list_says(played: Example, source: str) -> None:
    files = on_the_board(played, SOURCES[source])
    on_stage(played.check, board=played.board, parts=played.parts, files=files)


@pytest.mark.parametrize("source", SOURCES)
def test_every_script_is_in_the_list(source: str) -> None:
    found = {path.relative_to(SOURCES[source]).as_posix() for path in SOURCES[source].rglob("*.lua")}
    listed = {path for played in PLAYED for path in played.paths}
    found = {path for path in found if not path.startswith(SUITE) or path in listed}
    assert listed <= found <= listed | ELSEWHERE.keys()
    assert source != "original" or found == listed | ELSEWHERE.keys()


def test_the_document_has_the_same_list() -> None:
    rows = [(", ".join(f"`{path}`" for path in played.paths), played.needs, played.outcome) for played in PLAYED]
    rows += [(f"`{path}`", *what) for path, what in ELSEWHERE.items()]
    lines = DOCUMENT.read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == [f"| {' | '.join(row)} |" for row in rows]
