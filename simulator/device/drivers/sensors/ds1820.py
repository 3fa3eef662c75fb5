"""Thermometers of the DS18B20 family (``sensors/ds1820.c``). What goes wrong is told as impossible temperatures."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.c_numbers import single
from simulator.device.drivers.sensors.one_wire import Bus
from simulator.device.drivers.sensors.sensor import Interface, Kind, Sensor, Value, Work, ms
from simulator.hardware.one_wire import SKIP_ROM, crc8
from simulator.vm.exceptions import DriverError

MODELS: Final = {0x28: "DS18B20", 0x10: "DS18S20", 0x22: "DS1822", 0x42: "DS28EA00"}
"""By the family code, the first byte of a device's number."""

_S20: Final = 0x10
_CONVERT, _READ_SCRATCHPAD, _WRITE_SCRATCHPAD, _COPY_SCRATCHPAD, _READ_POWER = 0x44, 0xBE, 0x4E, 0x48, 0xB4
_BITS: Final = range(9, 13)
_BITS_AT_FIRST: Final = 10
_CONVERSION_MS: Final = {9: 150, 10: 250, 11: 450, 12: 850}
_POLL_MS: Final = 10
_EEPROM_MS: Final = 20
_ATTEMPTS: Final = 3
_UNSIGNED_MAX: Final = 0xFFFFFFFF

NOT_STARTED, NOT_FINISHED, NOT_READ = -9997.0, -9998.0, -9999.0


class Ds1820(Sensor):
    """A thermometer by its place on the bus, from 1."""

    id: ClassVar = "DS1820"
    interfaces: ClassVar = (Interface(Kind.ONE_WIRE),)
    provides: ClassVar = (Value("temperature", "float"),)
    settings: ClassVar = (
        Value("resolution", "int"), Value("rom", "string"), Value("type", "string"), Value("numdev", "int"),
    )  # fmt: skip
    _is_parasitic = False

    @property
    def bus(self) -> Bus:
        """The bus."""
        return self.hub.one_wire.bus(self.gpio())

    @property
    def _rom(self) -> bytes:
        return self.bus.roms[self.arguments[0][1] - 1]

    @property
    def model(self) -> str:
        """What it calls itself."""
        return MODELS.get(self._rom[0], "unknown")

    @property
    def _count(self) -> int:
        return sum(rom[0] in MODELS for rom in self.bus.roms)

    def setup(self) -> Work[None]:
        """See whether it is there, and set its resolution."""
        if not 1 <= self.arguments[0][1] <= self._count:
            raise DriverError("sensor", "CannotSetup", "device not on bus")
        if self._rom[0] not in MODELS:
            raise DriverError("sensor", "CannotSetup", "not DS1820 device")
        yield from self._resolve(_BITS_AT_FIRST)

    def change(self, setting: str, value: float) -> Work[None]:
        """Set the resolution; what there is not becomes 10 bits. The others cannot be set."""
        if setting == "resolution":
            yield from self._resolve(int(value) & 0xFF)

    def setting(self, name: str) -> Work[Any]:
        """Return a setting, or what is known of the device."""
        yield from ()
        index = self.setting_index(name)
        return {"resolution": self.set_to[index], "rom": self._rom.hex(), "type": self.model, "numdev": self._count}[
            name
        ]

    def _resolve(self, bits: int) -> Work[None]:
        if self._rom[0] == _S20:
            self.set_to[0] = _BITS[0]
            return
        yield from self._write_resolution(bits if bits in _BITS else _BITS_AT_FIRST)
        read_back = self._read_resolution()
        self.set_to[0] = read_back if read_back in _BITS else _BITS_AT_FIRST

    def _write_resolution(self, bits: int) -> Work[None]:
        if not (self._ask_for_power() and self.bus.begin()):
            return
        self.bus.select(self._rom, _READ_SCRATCHPAD)
        _, _, high, low, configuration = self.bus.read(5)
        configuration = configuration & ~0x60 | bits - _BITS[0] << 5
        if not self.bus.begin():
            return
        self.bus.select(self._rom, _WRITE_SCRATCHPAD, high, low, configuration)
        if not self.bus.begin():
            return
        self.bus.select(self._rom, _COPY_SCRATCHPAD)
        yield from self._wait_fed(_EEPROM_MS)

    def _read_resolution(self) -> int:
        if not self.bus.begin():
            return 1  # an error's number, which the caller takes for a resolution
        self.bus.select(self._rom, _READ_SCRATCHPAD)
        return (self.bus.read(5)[4] >> 5 & 3) + _BITS[0]

    def _ask_for_power(self) -> bool:
        """Ask whether anybody lives on the data wire; return whether anybody is there at all."""
        if not self.bus.begin():
            return False
        self.bus.write(SKIP_ROM, _READ_POWER)
        self._is_parasitic = not self.bus.read_bit()
        return True

    def _wait_fed(self, milliseconds: int) -> Work[None]:
        """Wait, and feed those that live on the data wire meanwhile."""
        if self._is_parasitic:
            self.bus.feed()
        yield ms(milliseconds)
        if self._is_parasitic:
            self.bus.listen()

    def measure(self) -> Work[list[float]]:
        """Convert and read, up to three times."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                yield ms(1)
            temperature = yield from self._attempt()
            if temperature not in (NOT_STARTED, NOT_FINISHED, NOT_READ):
                break
        return [single(temperature)]

    def _attempt(self) -> Work[float]:
        if self._rom[0] not in MODELS or not (self._ask_for_power() and self.bus.begin()):
            return NOT_STARTED
        self.bus.select(self._rom, _CONVERT)
        conversion_ms = _CONVERSION_MS[int(self.set_to[0])]
        if self._is_parasitic:
            yield from self._wait_fed(conversion_ms)
        else:
            for _ in range(0, conversion_ms, _POLL_MS):
                yield ms(_POLL_MS)
                if self.bus.read_bit():
                    break
        yield ms(_POLL_MS)
        if not self.bus.read_bit():
            return NOT_FINISHED
        return self._read()

    def _read(self) -> float:
        if not (self.bus.read_bit() and self.bus.begin()):
            return NOT_READ
        self.bus.select(self._rom, _READ_SCRATCHPAD)
        data = self.bus.read(9)
        if crc8(data[:8]) != data[8]:
            return NOT_READ
        self.bus.begin()
        if self._rom[0] == _S20:
            return _celsius_s20(data)
        return _celsius(data)


def _celsius(data: bytes) -> float:
    """Return what a scratchpad says: whole degrees and as much of the fraction as the resolution gives."""
    raw = int.from_bytes(data[:2], "little")
    is_negative = raw & 0x8000
    if is_negative:
        raw = (~raw + 1) & 0xFFFFFFFF
    bits = (data[4] >> 5 & 3) + _BITS[0]
    whole = raw >> 4 & 0xFF | (raw >> 8 & 7) << 4
    fraction = (raw & 0xF) >> 12 - bits
    value = whole + fraction / (1 << bits - 8)
    return -value if is_negative else value


def _celsius_s20(data: bytes) -> float:
    """Return what the scratchpad of a DS18S20 says, which counts half degrees and what remains of one.

    The driver calculates thousandths without a sign: at 0.25 degrees it begins to show more than 4 million.
    """
    if not data[7]:
        return NOT_READ
    halves = -(0x100 - data[0]) if data[1] else data[0]
    thousandths = (1000 * (halves >> 1) - 250) & _UNSIGNED_MAX
    return min(int(thousandths + 1000 * (data[7] - data[6]) / data[7]), _UNSIGNED_MAX) / 1000
