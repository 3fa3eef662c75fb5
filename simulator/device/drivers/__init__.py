"""The drivers of Lua RTOS: what scripts ask of pins, buses and sensors, done to the hardware of `simulator.hardware`.

One module for each module of the Lua API, with its errors, locks and log lines; also for those that talk to the
network by themselves. A driver is made when a script first asks something of it, and lives until the chip is reset.
Read `shared`, then `pio`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from simulator.device.calls import collect
from simulator.device.drivers.shared import Driver, Shared
from simulator.device.kernel import Call, Kernel

_WHERE: Final = {
    "adc": "adc.AdcDriver",
    "bt": "bt.BtDriver",
    "bytecode": "bytecode.BytecodeDriver",
    "can": "can.CanDriver",
    "captivedns": "captivedns.CaptivednsDriver",
    "cpu": "cpu.CpuDriver",
    "curl": "curl.CurlDriver",
    "encoder": "encoder.EncoderDriver",
    "event": "event.EventDriver",
    "gdisplay": "gdisplay.GdisplayDriver",
    "httpd": "http_server.HttpServerDriver",
    "i2c": "i2c.I2cDriver",
    "lora": "lora.LoraDriver",
    "mdns": "mdns.MdnsDriver",
    "mqtt": "mqtt.MqttDriver",
    "neopixel": "neopixel.NeopixelDriver",
    "pio": "pio.PioDriver",
    "pwm": "pwm.PwmDriver",
    "rcswitch": "rcswitch.RcswitchDriver",
    "rtc": "rtc.RtcDriver",
    "sdisplay": "sdisplay.SdisplayDriver",
    "sensor": "sensor.SensorDriver",
    "servo": "servo.ServoDriver",
    "sound": "sound.SoundDriver",
    "spi": "spi.SpiDriver",
    "ssh": "ssh.SshDriver",
    "stepper": "stepper.StepperDriver",
    "telnet": "telnet.TelnetDriver",
    "touch": "touch.TouchDriver",
    "uart": "uart.UartDriver",
    "ulp": "ulp.UlpDriver",
    "wifi": "wifi.WifiDriver",
}
"""The first word of a request, and the class in this package that carries it out."""


class Drivers:
    """All drivers of one run of the app."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        shared.find_driver = self.get

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts. What the old one's scripts had attached stays attached."""
        self.shared.connect(kernel)

    def close(self) -> None:
        """The chip is reset: let go of everything."""
        self.shared.close()

    @property
    def is_quiet(self) -> bool:
        """Whether no driver has anything under way that a script began."""
        return all(driver.is_quiet for driver in self.shared.drivers.values())

    def get(self, name: str) -> Driver:
        """Return the driver ``name``, and make it if it is not there yet."""
        driver = self.shared.drivers.get(name)
        if driver is None:
            module, _, class_name = _WHERE[name].partition(".")
            made = getattr(import_module(f"{__name__}.{module}"), class_name)(self.shared)
            assert isinstance(made, Driver)
            driver = self.shared.drivers[name] = made
            driver.connect(self.shared.kernel)
        return driver

    def call(self, request: bytes) -> Call:
        """Return what carries out a request. Raises `KeyError` if nothing does."""
        name = request.partition(b".")[0].decode()
        call: Any = collect(self.get(name))[request] if name in _WHERE else None
        if call is None:
            raise KeyError(request)
        return call  # type: ignore[no-any-return]
