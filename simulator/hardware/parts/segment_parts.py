"""Displays with segments. What can be seen is a number for each digit, a bit a segment, and what that looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from simulator.hardware.i2c import I2cDevice
from simulator.hardware.parts.i2c_parts import I2cPart
from simulator.hardware.parts.part import I2cAddress, Limits, Part, Pin
from simulator.hardware.two_wire import TwoWireDevice

_POINT: Final = 0x80
_SEVEN_SEGMENTS: Final = {
    0x00: " ",
    0x3F: "0",
    0x06: "1",
    0x5B: "2",
    0x4F: "3",
    0x66: "4",
    0x6D: "5",
    0x7D: "6",
    0x07: "7",
    0x7F: "8",
    0x6F: "9",
    0x77: "A",
    0x7C: "b",
    0x39: "C",
    0x5E: "d",
    0x79: "E",
    0x71: "F",
}
"""Segments from the top clockwise, the middle one last."""


@dataclass(kw_only=True, eq=False)
class Tm1637(Part):
    """A display of up to six digits with the controller TM1637."""

    type_name: ClassVar[str] = "tm1637"

    clk: Pin
    dio: Pin
    digits: Annotated[int, Limits(1, 6)] = 4
    memory: bytearray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.memory = bytearray(_Tm1637Device.DIGITS)

    def connect(self) -> None:
        """Join the two wires."""
        self.bench.two_wire_devices.append((self.wire(self.clk), self.wire(self.dio), _Tm1637Device(self)))

    def refresh(self, *, is_on: bool, brightness: int) -> None:
        """Let be seen what is in the memory."""
        segments = list(self.memory[: self.digits]) if is_on else [0] * self.digits
        self.show(segments=segments, text=_text_of(segments), brightness=brightness if is_on else None)


def _text_of(segments: list[int]) -> str:
    return "".join(_SEVEN_SEGMENTS.get(bits & ~_POINT, "?") + ("." if bits & _POINT else "") for bits in segments)


class _Tm1637Device(TwoWireDevice):
    """Takes a command in the first byte, and after an address the segments of digits (TM1637 datasheet)."""

    DIGITS: Final = 6
    _DATA, _CONTROL, _ADDRESS = 1, 2, 3
    """The high two bits of a command."""
    _FIXED: Final = 0x04
    _ON: Final = 0x08

    def __init__(self, part: Tm1637) -> None:
        self._part = part
        self._is_first = False
        self._is_fixed = False
        self._is_on = False
        self._brightness = 0
        self._address = 0

    def begin(self) -> None:
        self._is_first = True

    def write(self, byte: int) -> bool:
        if not self._is_first:
            if self._address < self.DIGITS:
                self._part.memory[self._address] = byte
            self._address += not self._is_fixed
            return True
        self._is_first = False
        command = byte >> 6
        if command == self._DATA:
            self._is_fixed = bool(byte & self._FIXED)
        elif command == self._CONTROL:
            self._is_on, self._brightness = bool(byte & self._ON), byte & 7
        elif command == self._ADDRESS:
            self._address = byte & 0xF
        return True

    def end(self) -> None:
        self._part.refresh(is_on=self._is_on, brightness=self._brightness)


@dataclass(kw_only=True, eq=False)
class Ht16k33(I2cPart):
    """A display of up to eight characters of 14 segments with the controller HT16K33."""

    type_name: ClassVar[str] = "ht16k33"

    address: I2cAddress = 0x71
    digits: Annotated[int, Limits(1, 8)] = 6
    memory: bytearray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.memory = bytearray(_Ht16k33Device.MEMORY_BYTES)

    def device(self) -> I2cDevice:
        """Return the controller."""
        return _Ht16k33Device(self)

    def refresh(self, *, is_on: bool, brightness: int) -> None:
        """Let be seen what is in the memory."""
        words = [int.from_bytes(self.memory[2 * digit : 2 * digit + 2], "little") for digit in range(self.digits)]
        self.show(segments=words if is_on else [0] * self.digits, brightness=brightness if is_on else None)


class _Ht16k33Device(I2cDevice):
    """Takes a command, or an address and what is to be in the memory from there on (HT16K33 datasheet)."""

    MEMORY_BYTES: Final = 16
    _MEMORY, _SYSTEM, _DISPLAY, _DIMMING = 0x0, 0x2, 0x8, 0xE
    """The high four bits of a command."""
    _ON: Final = 1

    def __init__(self, part: Ht16k33) -> None:
        super().__init__(part.address)
        self._part = part
        self._address: int | None = None
        self._is_first = False
        self._oscillates = False
        self._is_on = False
        self._brightness = 15

    def begin(self, *, read: bool, at_ns: int) -> bool:
        del at_ns
        self._is_first = True
        return not read

    def write(self, byte: int, at_ns: int) -> bool:
        del at_ns
        if self._is_first:
            self._is_first = False
            self._address = None
            command = byte >> 4
            if command == self._MEMORY:
                self._address = byte & 0xF
            elif command == self._SYSTEM:
                self._oscillates = bool(byte & self._ON)
            elif command == self._DISPLAY:
                self._is_on = bool(byte & self._ON)
            elif command == self._DIMMING:
                self._brightness = byte & 0xF
        elif self._address is not None:
            self._part.memory[self._address] = byte
            self._address = (self._address + 1) % self.MEMORY_BYTES
        return True

    def end(self, at_ns: int) -> None:
        del at_ns
        self._part.refresh(is_on=self._oscillates and self._is_on, brightness=self._brightness)
