"""1-Wire buses, bit-banged at up to four pins (``drivers/owire.c``). A bus is never given back."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from simulator.device.drivers.shared import Shared
from simulator.hardware import Unit
from simulator.hardware.one_wire import MATCH_ROM, OneWireBus
from simulator.units import NS_PER_MS
from simulator.vm.exceptions import DriverError

BUSES_MAX: Final = 4
"""MAX_ONEWIRE_PINS."""
DEVICES_MAX: Final = 8
"""MAX_ONEWIRE_SENSORS."""
_PINS: Final = range(1, 32)
_NO_ROM: Final = bytes(8)
_SETTLE_NS: Final = 10 * NS_PER_MS


class Bus:
    """A bus and the devices that the last search found."""

    def __init__(self, shared: Shared, gpio: int) -> None:
        self.gpio = gpio
        self.roms = [_NO_ROM] * DEVICES_MAX
        """A search that finds fewer than the one before leaves the others where they were."""
        self.count = 0
        self._shared = shared
        self._bus = OneWireBus(shared.bench, gpio)

    def listen(self) -> None:
        """Make the pin an input that is pulled up."""
        self._shared.gpio.configure(self.gpio, output=False)
        self._shared.gpio.set_pull(self.gpio, 1)

    def feed(self) -> None:
        """Drive the pin high, for a device that lives on the data wire."""
        self._shared.gpio.set_latch(self.gpio, 1)
        self._shared.gpio.configure(self.gpio, output=True)

    def begin(self) -> bool:
        """Send a reset pulse; return whether anybody is there."""
        self._catch_up()
        found = self._bus.reset()
        self._pay()
        return found

    def write(self, *data: int) -> None:
        """Write bytes."""
        self._catch_up()
        self._bus.write(*data)
        self._pay()

    def select(self, rom: bytes, *data: int) -> None:
        """Write a device's number and bytes for it."""
        self.write(MATCH_ROM, *rom, *data)

    def read(self, count: int) -> bytes:
        """Read bytes."""
        self._catch_up()
        data = self._bus.read(count)
        self._pay()
        return data

    def read_bit(self) -> int:
        """Read a bit."""
        self._catch_up()
        bit = self._bus.read_bit()
        self._pay()
        return bit

    def search(self) -> Generator[int, None, None]:
        """Look for devices (``TM_OneWire_Dosearch``)."""
        self.count = 0
        rom: bytes | None = None
        while self.count < DEVICES_MAX:
            self._catch_up()
            rom = self._bus.search(rom)
            self._pay()
            yield 0  # it takes 15 ms, and other tasks get in between
            if rom is None:
                return
            self.roms[self.count] = rom
            self.count += 1

    def _catch_up(self) -> None:
        self._bus.now_ns = self._shared.now_ns()

    def _pay(self) -> None:
        self._shared.pay(self._bus.now_ns - self._shared.now_ns())


class OneWireBuses:
    """The buses of one run of the app."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._buses: dict[int, Bus] = {}

    def set_up(self, gpio: int) -> Generator[int, None, None]:
        """Make a pin a bus, if it is none, and look for devices on it (``sensor_owire_setup``)."""
        bus = self._buses.get(gpio)
        if bus is None:
            if gpio not in _PINS:
                raise DriverError("owire", "CannotSetup", "invalid pin")
            if len(self._buses) == BUSES_MAX:
                raise DriverError("owire", "CannotSetup", "max devices reached")
            self._shared.locks.take_gpio(Unit("owire", gpio), gpio)
            bus = self._buses[gpio] = Bus(self._shared, gpio)
            yield _SETTLE_NS
            bus.listen()
        yield from bus.search()

    def bus(self, gpio: int) -> Bus:
        """Return the bus at a pin."""
        return self._buses[gpio]
