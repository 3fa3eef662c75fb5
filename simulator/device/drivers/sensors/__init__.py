"""The sensors of Lua RTOS: for each what it is connected to, what it provides, and how it is measured.

`CATALOGUE` has them in the order in which ``sensor.list`` shows them; every build has all. What scripts ask for is
`simulator.device.drivers.sensor`. Read `sensor` first, then `analog`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from simulator.device.drivers.sensors import analog, bh1721, bme280, ds1820, pulses, serial, switches
from simulator.device.drivers.sensors.sensor import Sensor

CATALOGUE: Final[tuple[type[Sensor], ...]] = tuple(
    sorted(
        (
            *analog.SENSORS,
            *switches.SENSORS,
            switches.HallSwitch,  # two source files register it
            *pulses.SENSORS,
            *serial.SENSORS,
            bh1721.Bh1721Fvc,
            bme280.Bme280,
            ds1820.Ds1820,
        ),
        key=attrgetter("id"),
    )
)
"""The linker decides on the order, and nobody knows; so it is alphabetical."""


def find(name: str) -> type[Sensor] | None:
    """Return the sensor of that name."""
    return next((kind for kind in CATALOGUE if kind.id == name), None)
