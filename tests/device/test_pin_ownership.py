"""Who owns which pins: what each driver takes, and that nobody gets what somebody else has."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import pytest

from tests.device.stage import Stage, on_stage, staged

DEVKIT: Final = "WHITECAT-ESP32-N1-DEVKIT"
SPI3: Final = {"gpio18": "spi3 (CLK)", "gpio19": "spi3 (MISO)", "gpio23": "spi3 (MOSI)"}
UART1: Final = {"gpio12": "uart1 (RX)", "gpio13": "uart1 (TX)"}


class Claim(NamedTuple):
    """A call that attaches something, and what it locks as `os.locks` has it."""

    call: str
    locks: dict[str, str]
    board: str = "GENERIC"
    part: dict[str, Any] | None = None
    """What the driver has to find."""

    @property
    def gpios(self) -> list[int]:
        """The pins among what is locked."""
        return [int(name.removeprefix("gpio")) for name in self.locks if name.startswith("gpio")]

    def printed(self, script: str) -> str:
        """Return what a script prints on the board."""
        parts = [] if self.part is None else [self.part]
        return on_stage(Stage.printed, board=self.board, script=script, parts=parts)


CLAIMS: Final = (
    Claim("adc.attach(adc.ADC1, 36)", {"gpio36": "adc0"}),
    Claim(
        "adc.attach(adc.ADS1015, 0)",
        {"gpio32": "i2c0 (SCL)", "gpio33": "i2c0 (SDA)"},
        DEVKIT,
        {"type": "ads1115", "name": "volts", "scl": 32, "sda": 33, "bits": 12},
    ),
    Claim("can.attach(0, 500)", {"gpio12": "can0 (TX)", "gpio14": "can0 (RX)"}),
    Claim(
        "encoder.attach(26, 27, 25)",
        {"gpio25": "encoder0 (SW)", "gpio26": "encoder0 (A)", "gpio27": "encoder0 (B)"},
    ),
    Claim(
        "gdisplay.attach(gdisplay.ST7735)",
        {**SPI3, "gpio15": "spi3 (CS)", **dict.fromkeys(("gpio2", "gpio26"), "gdisplay0 (gdisplay - ST7735)")},
    ),
    Claim(
        "gdisplay.attach(gdisplay.PCD8544)",
        {**SPI3, "gpio15": "spi3 (CS)", **dict.fromkeys(("gpio2", "gpio26"), "gdisplay0 (gdisplay - PCD8544)")},
    ),
    Claim(
        "gdisplay.attach(gdisplay.ILI9341)",
        {**SPI3, "gpio14": "spi3 (CS)", **dict.fromkeys(("gpio27", "gpio33"), "gdisplay0 (gdisplay - ILI9341)")},
        "M5STACK",
    ),
    Claim("i2c.attach(i2c.I2C0, i2c.MASTER)", {"gpio21": "i2c0 (SCL)", "gpio22": "i2c0 (SDA)"}),
    Claim(
        "lora.attach(lora.BAND868)",
        {**SPI3, "gpio5": "spi3 (CS)", "gpio4": "lora0 (DIO0)", "gpio16": "lora0 (DIO1)", "gpio17": "lora0 (DIO2)"},
        "N1ESP32",
    ),
    Claim("neopixel.attach(neopixel.WS2812B, 26, 1)", {"gpio26": "rmt0"}),
    Claim("pwm.attach(26, 1000, 0)", {"gpio26": "pwm0"}),
    Claim(
        "sdisplay.attach(sdisplay.TM1637, 26, 14)",
        {"gpio14": "sdisplay0 (DIO)", "gpio26": "sdisplay0 (CLK)"},
        DEVKIT,
    ),
    Claim("sensor.attach('PUSH_SWITCH', 26)", {"gpio26": "sensor0 (PUSH_SWITCH)"}),
    Claim(
        "sensor.attach('REL_ROT_ENCODER', 26, 27, 25)",
        {"gpio25": "encoder0 (SW)", "gpio26": "encoder0 (A)", "gpio27": "encoder0 (B)"},
    ),
    Claim("sensor.attach('DHT11', 26)", {"gpio26": "rmt0", "rmt0": "sensor0 (DHT11)"}),
    Claim(
        "sensor.attach('DS1820', 26, 1)",
        {"gpio26": "owire26"},
        part={"type": "ds18b20", "name": "cellar", "pin": 26},
    ),
    Claim("sensor.attach('TMP36', 1, 36)", {"gpio36": "adc0"}),
    Claim("sensor.attach('GPS', 1)", {**UART1, "uart1": "sensor0 (GPS)"}),
    Claim(
        "sensor.attach('BME280', 0, 0x76)",
        {"gpio21": "i2c0 (SCL)", "gpio22": "i2c0 (SDA)", "i2c0": "sensor0 (BME280)"},
        part={"type": "bme280", "name": "air", "scl": 21, "sda": 22},
    ),
    Claim("servo.attach(26)", {"gpio26": "pwm0"}),
    Claim(
        "spi.attach(spi.SPI2, spi.MASTER, 4, 1000, 8, 0)",
        {"gpio4": "spi2 (CS)", "gpio12": "spi2 (MISO)", "gpio13": "spi2 (MOSI)", "gpio14": "spi2 (CLK)"},
    ),
    Claim("stepper.attach(26, 14)", {"gpio14": "stepper0 (STEP)", "gpio26": "stepper0 (DIR)"}),
    Claim("uart.attach(uart.UART1, 9600, 8, uart.PARNONE, uart.STOP1)", UART1),
)


def locks(printed: str) -> dict[str, str]:
    """Return what a script has listed, by what is locked."""
    return dict(re.findall(r"^  (\S+) locked by (.*?)\r*$", printed, re.MULTILINE))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.call)
def test_nobody_gets_the_pins_of_somebody_else(claim: Claim) -> None:
    script = f"os.locks() print '---' claimed = {claim.call} os.locks()"
    before, after = map(locks, claim.printed(script).split("---"))
    assert after == {**before, **claim.locks}
    script = f"""
        claimed = {claim.call}
        for _, gpio in ipairs {{ {", ".join(map(str, claim.gpios))} }} do
            print(select(2, pcall(sensor.attach, "PUSH_SWITCH", gpio)))
        end
    """
    refusals = [line for line in claim.printed(script).splitlines() if " is used by " in line]
    assert refusals == [f"gpio{gpio} is used by {claim.locks[f'gpio{gpio}'].split(' ')[0]}" for gpio in claim.gpios]


@pytest.mark.parametrize(
    ("claim", "gpio"),
    [pytest.param(claim, gpio, id=f"{gpio} for {claim.call}") for claim in CLAIMS for gpio in claim.gpios],
)
def test_whoever_finds_a_pin_in_use_is_refused_and_keeps_none_itself(claim: Claim, gpio: int) -> None:
    script = f"""
        sensor.attach("PUSH_SWITCH", {gpio})
        print(select(2, pcall(load "{claim.call}")))
        os.locks()
    """
    printed = claim.printed(script)
    assert f" gpio{gpio} is used by sensor0\r\n" in printed
    after = locks(printed)
    assert after[f"gpio{gpio}"] == "sensor0 (PUSH_SWITCH)"
    refused = claim.locks[f"gpio{gpio}"].split(" ")[0]
    assert {name for name, owner in after.items() if owner.split(" ")[0] == refused} <= {f"gpio{gpio}"}


@staged(script="p = pwm.attach(26, 1000, 0) pio.pin.output(26) pio.pin.sethigh(26) os.locks()")
async def test_pio_asks_nobody(stage: Stage) -> None:
    assert locks(await stage.printed())["gpio26"] == "pwm0"
    assert stage.board.bench.wire(26).level(stage.world.now_ns())
