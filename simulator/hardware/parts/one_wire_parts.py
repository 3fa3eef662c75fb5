"""Parts on a 1-Wire bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from simulator.hardware.one_wire import OneWireDevice, crc8, rom_code
from simulator.hardware.parts.part import Amount, Control, Limits, Part, Pin
from simulator.hardware.wire import SUPPLY_MV, Strength
from simulator.units import NS_PER_MS

FAMILIES: Final = {"ds18b20": 0x28, "ds18s20": 0x10, "ds1822": 0x22, "ds28ea00": 0x42}

_CONVERT: Final = 0x44
_WRITE_SCRATCHPAD: Final = 0x4E
_READ_SCRATCHPAD: Final = 0xBE
_COPY_SCRATCHPAD: Final = 0x48
_RECALL: Final = 0xB8
_READ_POWER: Final = 0xB4
_TEMPERATURE_AT_POWER_ON: Final = 0x0550  # 85 degrees


@dataclass(kw_only=True, eq=False)
class Ds18b20(Part):
    """A thermometer of the DS18B20 kind: ``model`` is ``ds18b20``, ``ds18s20``, ``ds1822`` or ``ds28ea00``.

    ``serial`` is its number; give every one on a bus its own. ``parasitic``: it lives on the data wire.
    ``conversion_ms`` is for 12 bits; the data sheets allow 750.
    """

    type_name: ClassVar[str] = "ds18b20"
    controls: ClassVar[Mapping[str, Control]] = {"temperature": Control("degrees Celsius", 24, -55, 125)}

    pin: Pin
    serial: Annotated[int, Limits(0, 0xFFFF_FFFF_FFFF)] = 1
    model: Literal["ds18b20", "ds18s20", "ds1822", "ds28ea00"] = "ds18b20"
    parasitic: bool = False
    conversion_ms: Amount = 750

    def connect(self) -> None:
        """Join the bus."""
        wire = self.wire(self.pin)
        wire.drive(f"{self.name} pull", SUPPLY_MV, self.bench.now_ns(), strength=Strength.RESISTOR)
        device = _Ds18b20Device(self, rom_code(FAMILIES[self.model], self.serial))
        self.bench.one_wire_devices.append((wire, device))


class _Ds18b20Device(OneWireDevice):
    def __init__(self, part: Ds18b20, rom: bytes) -> None:
        super().__init__(rom)
        self._part = part
        self._is_s20 = part.model == "ds18s20"
        self._raw = _TEMPERATURE_AT_POWER_ON if not self._is_s20 else 0x00AA
        self._remain = 0x0C
        self._converted: tuple[int, int] | None = None
        """What takes the place of these two when the conversion is over."""
        self._saved = bytearray(b"\x4b\x46\x7f")  # alarm limits and configuration, in EEPROM
        self._settings = bytearray(self._saved)
        self._command = 0
        self._answer: list[int] = []
        self._ready_ns = 0
        self._settings_taken = 0

    def selected(self) -> None:
        self._command = 0
        self._answer = []

    def write(self, byte: int, at_ns: int) -> None:
        if self._command == _WRITE_SCRATCHPAD:
            if self._settings_taken < len(self._settings) - self._is_s20:
                self._settings[self._settings_taken] = byte
                self._settings_taken += 1
            return
        self._command = byte
        self._settings_taken = 0
        if self._converted is not None and at_ns >= self._ready_ns:
            self._raw, self._remain = self._converted
            self._converted = None
        if byte == _CONVERT:
            self._converted = self._convert()
            self._ready_ns = at_ns + self._conversion_ns
        elif byte == _READ_SCRATCHPAD:
            self._answer = list(self._scratchpad())
        elif byte == _COPY_SCRATCHPAD:
            self._saved[:] = self._settings
        elif byte == _RECALL:
            self._settings[:] = self._saved

    def read(self) -> int | None:
        return self._answer.pop(0) if self._answer else None

    def status(self, at_ns: int) -> int:
        if self._command == _READ_POWER:
            return int(not self._part.parasitic)
        # Without a supply of its own it cannot answer while it converts.
        return int(at_ns >= self._ready_ns or self._part.parasitic)

    @property
    def _bits(self) -> int:
        return 9 + (self._settings[2] >> 5 & 3)

    @property
    def _conversion_ns(self) -> int:
        longest_ns = round(self._part.conversion_ms * NS_PER_MS)
        return longest_ns if self._is_s20 else longest_ns >> 12 - self._bits

    def _convert(self) -> tuple[int, int]:
        """Return what it measures: the register, and for the DS18S20 what remains of a degree."""
        sixteenths = round(self._part.values["temperature"] * 16)
        if self._is_s20:
            # Half degrees, and how much of the next degree remained: T = whole - 0.25 + (16 - remain) / 16.
            remain = 12 - sixteenths % 16 & 0x0F if sixteenths % 16 <= 11 else 28 - sixteenths % 16
            return sixteenths // 16 * 2 & 0xFFFF, remain
        return sixteenths >> 12 - self._bits << 12 - self._bits & 0xFFFF, self._remain

    def _scratchpad(self) -> bytes:
        body = (self._raw & 0xFFFF).to_bytes(2, "little")
        if self._is_s20:
            body += bytes([*self._settings[:2], 0xFF, 0xFF, self._remain, 0x10])
        else:
            body += bytes([*self._settings, 0xFF, 0x0C, 0x10])
        return body + bytes([crc8(body)])
