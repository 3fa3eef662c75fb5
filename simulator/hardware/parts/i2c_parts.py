"""Parts on an I2C bus. They are connected to ``scl`` and ``sda``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from simulator.hardware.i2c import I2cDevice
from simulator.hardware.parts.part import Amount, Control, Count, I2cAddress, Part, Pin
from simulator.units import KIB, NS_PER_MS

_HUMIDITY: Final = Control("percent", 40, 0, 100)


@dataclass(kw_only=True, eq=False)
class I2cPart(Part):
    """A part that is a device on a bus."""

    scl: Pin
    sda: Pin
    address: I2cAddress

    def connect(self) -> None:
        """Join the bus."""
        self.bench.i2c_devices.append((self.wire(self.scl), self.wire(self.sda), self.device()))

    def device(self) -> I2cDevice:
        """Return what answers on the bus."""
        raise NotImplementedError


class RegisterDevice(I2cDevice):
    """A device with registers: the first byte written chooses one; what follows is written or read from it on."""

    def __init__(self, address: int) -> None:
        super().__init__(address)
        self.registers = bytearray(256)
        self._pointer = 0
        self._expects_pointer = False

    def begin(self, *, read: bool, at_ns: int) -> bool:
        """Be ready."""
        self._expects_pointer = not read
        if read:
            self.refresh(at_ns)
        return True

    def write(self, byte: int, at_ns: int) -> bool:
        """Take the pointer or a value."""
        if self._expects_pointer:
            self._expects_pointer = False
            self._pointer = byte
        else:
            self.registers[self._pointer] = byte
            self.written(self._pointer, byte, at_ns)
            self._pointer = self._pointer + 1 & 0xFF
        return True

    def read(self, at_ns: int) -> int:
        """Return a value."""
        del at_ns
        byte = self.registers[self._pointer]
        self._pointer = self._pointer + 1 & 0xFF
        return byte

    def refresh(self, at_ns: int) -> None:
        """Registers are going to be read."""

    def written(self, register: int, value: int, at_ns: int) -> None:
        """A register has been written."""


@dataclass(kw_only=True, eq=False)
class Eeprom(I2cPart):
    """A memory such as 24LC256. It does not answer while it writes.

    ``address_bytes`` select a byte, which with one of them also takes the low bits of the device address' place on a
    real chip; here the part answers at ``address`` only. ``contents`` is the memory.
    """

    type_name: ClassVar[str] = "i2c-eeprom"

    address: I2cAddress = 0x50
    size_bytes: Count = 32 * KIB
    page_bytes: Count = 64
    address_bytes: Literal[1, 2] = 2
    write_ms: Amount = 5
    contents: bytearray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.contents = bytearray(b"\xff" * self.size_bytes)

    def device(self) -> I2cDevice:
        """Return the memory."""
        return _EepromDevice(self)


class _EepromDevice(I2cDevice):
    def __init__(self, part: Eeprom) -> None:
        super().__init__(part.address)
        self._part = part
        self._busy_until_ns = 0
        self._position = 0
        self._address_left = 0
        self._page: dict[int, int] = {}

    def begin(self, *, read: bool, at_ns: int) -> bool:
        if at_ns < self._busy_until_ns:
            return False
        if not read:
            self._address_left = self._part.address_bytes
            self._position = 0
        return True

    def write(self, byte: int, at_ns: int) -> bool:
        del at_ns
        if self._address_left:
            self._address_left -= 1
            self._position = (self._position << 8 | byte) % self._part.size_bytes
        else:
            self._page[self._position] = byte
            page = self._position - self._position % self._part.page_bytes
            self._position = page + (self._position + 1) % self._part.page_bytes
        return True

    def read(self, at_ns: int) -> int:
        del at_ns
        byte = self._part.contents[self._position]
        self._position = (self._position + 1) % self._part.size_bytes
        return byte

    def end(self, at_ns: int) -> None:
        if self._page:
            for position, byte in self._page.items():
                self._part.contents[position] = byte
            self._page.clear()
            self._busy_until_ns = at_ns + round(self._part.write_ms * NS_PER_MS)


@dataclass(kw_only=True, eq=False)
class Bh1721(I2cPart):
    """A light sensor BH1721FVC."""

    type_name: ClassVar[str] = "bh1721fvc"
    controls: ClassVar[Mapping[str, Control]] = {"lux": Control("lux", 500, 0, 54_612)}

    address: I2cAddress = 0x23

    def device(self) -> I2cDevice:
        """Return the sensor."""
        return _Bh1721Device(self)


class _Bh1721Device(I2cDevice):
    def __init__(self, part: Bh1721) -> None:
        super().__init__(part.address)
        self._part = part
        self._mode = 0
        self._answer: list[int] = []

    def begin(self, *, read: bool, at_ns: int) -> bool:
        del at_ns
        if read:
            count = round(self._part.values["lux"] * 1.2) if self._mode else 0
            if self._mode == 0x13:  # low resolution: steps of 16
                count -= count % 16
            self._answer = list(min(count, 0xFFFF).to_bytes(2, "big"))
        return True

    def write(self, byte: int, at_ns: int) -> bool:
        del at_ns
        if byte == 0x00:
            self._mode = 0
        elif byte in (0x10, 0x12, 0x13):
            self._mode = byte
        return True

    def read(self, at_ns: int) -> int:
        del at_ns
        return self._answer.pop(0) if self._answer else 0xFF


@dataclass(kw_only=True, eq=False)
class Sht20(I2cPart):
    """A humidity and temperature sensor SHT20, measured without holding the clock."""

    type_name: ClassVar[str] = "sht20"
    controls: ClassVar[Mapping[str, Control]] = {
        "temperature": Control("degrees Celsius", 24, -40, 125),
        "humidity": _HUMIDITY,
    }

    address: I2cAddress = 0x40

    def device(self) -> I2cDevice:
        """Return the sensor."""
        return _Sht20Device(self)


class _Sht20Device(I2cDevice):
    _MEASURE_NS: Final = {0xF3: 85 * NS_PER_MS, 0xF5: 29 * NS_PER_MS}

    def __init__(self, part: Sht20) -> None:
        super().__init__(part.address)
        self._part = part
        self._command = 0
        self._ready_ns = 0
        self._answer: list[int] = []

    def begin(self, *, read: bool, at_ns: int) -> bool:
        if not read:
            return True
        if self._command not in self._MEASURE_NS or at_ns < self._ready_ns:
            return False
        values = self._part.values
        if self._command == 0xF3:
            count, status = round((values["temperature"] + 46.85) / 175.72 * 65536), 0
        else:
            count, status = round((values["humidity"] + 6) / 125 * 65536), 2
        data = (min(max(count, 0), 0xFFFF) & 0xFFFC | status).to_bytes(2, "big")
        self._answer = [*data, _crc8_sensirion(data)]
        return True

    def write(self, byte: int, at_ns: int) -> bool:
        self._command = byte
        self._ready_ns = at_ns + self._MEASURE_NS.get(byte, 0)
        return True

    def read(self, at_ns: int) -> int:
        del at_ns
        return self._answer.pop(0) if self._answer else 0xFF


def _crc8_sensirion(data: bytes) -> int:
    """Return the checksum of Sensirion's SHT2x: x^8 + x^5 + x^4 + 1, high bit first, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x131 if crc & 0x80 else 0)) & 0xFF
    return crc


@dataclass(kw_only=True, eq=False)
class Ads1x15(I2cPart):
    """A converter ADS1115, or ADS1015 if ``bits`` is 12, with voltages at its four inputs."""

    type_name: ClassVar[str] = "ads1115"
    controls: ClassVar[Mapping[str, Control]] = {
        f"ch{channel}": Control("volts", 0, 0, 5) for channel in range(4)
    }  # fmt: skip

    address: I2cAddress = 0x48
    bits: Literal[12, 16] = 16

    def device(self) -> I2cDevice:
        """Return the converter."""
        return _Ads1x15Device(self)


class _Ads1x15Device(I2cDevice):
    _CONVERSION, _CONFIG = 0, 1
    _FULL_SCALE_MV: Final = (6144, 4096, 2048, 1024, 512, 256, 256, 256)
    _PAIRS: Final = ((0, 1), (0, 3), (1, 3), (2, 3))

    def __init__(self, part: Ads1x15) -> None:
        super().__init__(part.address)
        self._part = part
        self._registers = [0, 0x8583, 0x8000, 0x7FFF]
        self._pointer = 0
        self._written: list[int] = []
        self._answer: list[int] = []

    def begin(self, *, read: bool, at_ns: int) -> bool:
        del at_ns
        self._written = []
        if read:
            value = self._convert() if self._pointer == self._CONVERSION else self._registers[self._pointer]
            self._answer = list(value.to_bytes(2, "big"))
        return True

    def write(self, byte: int, at_ns: int) -> bool:
        del at_ns
        self._written.append(byte)
        if len(self._written) == 1:
            self._pointer = byte & 3
        elif len(self._written) == 3 and self._pointer != self._CONVERSION:
            value = int.from_bytes(self._written[1:], "big")
            # A conversion takes no time here, so the converter is always ready.
            self._registers[self._pointer] = value | (0x8000 if self._pointer == self._CONFIG else 0)
        return True

    def read(self, at_ns: int) -> int:
        del at_ns
        return self._answer.pop(0) if self._answer else 0xFF

    def _convert(self) -> int:
        config = self._registers[self._CONFIG]
        inputs = [1000 * self._part.values[f"ch{channel}"] for channel in range(4)]
        selected = config >> 12 & 7
        if selected & 4:
            millivolts = inputs[selected & 3]
        else:
            plus, minus = self._PAIRS[selected]
            millivolts = inputs[plus] - inputs[minus]
        count = round(millivolts * 32768 / self._FULL_SCALE_MV[config >> 9 & 7])
        count = min(max(count, -32768), 32767)
        if self._part.bits == 12:
            count &= ~0xF
        return count & 0xFFFF
