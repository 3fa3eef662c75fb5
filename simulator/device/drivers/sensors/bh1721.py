"""The light sensor BH1721FVC (``sensors/BH1721FVC.c``). Whatever bus it is attached to, it is looked for on I2C0."""

from __future__ import annotations

from typing import ClassVar, Final

from simulator.c_numbers import single
from simulator.device.drivers.i2c import I2cDriver
from simulator.device.drivers.sensors.sensor import Interface, Kind, Sensor, Value, Work, ms

DEFAULT_ADDRESS: Final = 0x23
_POWER_DOWN, _POWER_ON = 0x00, 0x01
_MODES: Final = (0x10, 0x12, 0x13)
"""Automatic, high and low resolution."""


class Bh1721Fvc(Sensor):
    """The sensor."""

    id: ClassVar = "BH1721FVC"
    interfaces: ClassVar = (Interface(Kind.I2C),)
    provides: ClassVar = (Value("illuminance", "float"),)
    settings: ClassVar = (Value("resolution", "int"), Value("calibration", "float"))

    def before_setup(self) -> None:
        """Put in the address, and high resolution."""
        self.arguments[0][1] = self.arguments[0][1] or DEFAULT_ADDRESS
        self.set_to[:] = [1, 0.0]

    def change(self, setting: str, value: float) -> Work[None]:
        """Keep it, unless it is a resolution that there is not."""
        yield from ()
        if setting == "resolution":
            if 0 <= value <= 2:
                self.set_to[0] = value
        else:
            self.set_to[1] = single(value)

    def measure(self) -> Work[list[float]]:
        """Switch it on, measure, and switch it off."""
        i2c = self.shared.driver(I2cDriver)
        device, address = self.handles[0] & 0xFF, self.arguments[0][1]
        i2c.write_to(device, address, _POWER_ON)
        yield ms(16)
        i2c.write_to(device, address, _MODES[int(self.set_to[0])])
        yield ms(180)
        count = int.from_bytes(i2c.read_from(device, address, 2), "big")
        i2c.write_to(device, address, _POWER_DOWN)
        return [single(single(count / 1.2) + self.set_to[1])]
