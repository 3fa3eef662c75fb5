"""A 1-Wire bus: one data wire, devices with numbers, and the search that finds them.

A device takes part in ROM commands and then gets whole bytes; the time slots of single bits only count as time.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from simulator.units import NS_PER_US

if TYPE_CHECKING:
    from simulator.hardware.bench import Bench

RESET_NS: Final = 960 * NS_PER_US
"""A reset pulse and the presence pulse that answers it (Maxim's application note 126)."""
SLOT_NS: Final = 70 * NS_PER_US
"""A time slot: one bit."""

READ_ROM: Final = 0x33
MATCH_ROM: Final = 0x55
SKIP_ROM: Final = 0xCC
_ROM_BYTES: Final = 8


def crc8(data: bytes) -> int:
    """Return the checksum of Maxim's devices, x^8 + x^5 + x^4 + 1, low bit first."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


def rom_code(family: int, serial: int) -> bytes:
    """Return the 8 bytes that identify a device: family, 48-bit number, checksum."""
    body = bytes([family]) + serial.to_bytes(6, "little")
    return body + bytes([crc8(body)])


class _State(Enum):
    IDLE = auto()
    ROM_COMMAND = auto()
    MATCHING = auto()
    SENDING_ROM = auto()
    SELECTED = auto()


class OneWireDevice:
    """A device; what it does when selected is up to `write` and `read` of the kind of device."""

    def __init__(self, rom: bytes) -> None:
        self.rom = rom
        self._state = _State.IDLE
        self._matched = bytearray()
        self._to_send: list[int] = []

    def reset(self) -> None:
        """A reset pulse: a ROM command follows."""
        self._state = _State.ROM_COMMAND
        self._matched.clear()

    def take(self, byte: int, at_ns: int) -> None:
        """Take a byte from the controller."""
        match self._state:
            case _State.ROM_COMMAND:
                self._take_command(byte)
            case _State.MATCHING:
                self._matched.append(byte)
                if len(self._matched) == _ROM_BYTES:
                    self._state = _State.SELECTED if self._matched == self.rom else _State.IDLE
                    self.selected()
            case _State.SELECTED:
                self.write(byte, at_ns)

    def _take_command(self, byte: int) -> None:
        if byte == SKIP_ROM:
            self._state = _State.SELECTED
            self.selected()
        elif byte == MATCH_ROM:
            self._state = _State.MATCHING
        elif byte == READ_ROM:
            self._state = _State.SENDING_ROM
            self._to_send = list(self.rom)
        else:
            self._state = _State.IDLE

    def give(self, at_ns: int) -> int:
        """Return the byte that this device puts on the wire; 0xFF if none."""
        if self._state is _State.SENDING_ROM and self._to_send:
            return self._to_send.pop(0)
        return self.read(at_ns) if self._state is _State.SELECTED else 0xFF

    def selected(self) -> None:
        """It has been selected: a function command follows."""

    def write(self, byte: int, at_ns: int) -> None:
        """Take a byte of a function command."""
        raise NotImplementedError

    def read(self, at_ns: int) -> int:
        """Return a byte of the answer."""
        raise NotImplementedError


class OneWireBus:
    """The bus on one wire, as a controller sees it."""

    def __init__(self, bench: Bench, gpio: int) -> None:
        self._bench = bench
        self._gpio = gpio

    @property
    def _devices(self) -> list[OneWireDevice]:
        wire = self._bench.wire(self._gpio)
        return [device for other, device in self._bench.one_wire_devices if other is wire]

    def reset(self) -> bool:
        """Send a reset pulse; return whether anybody is there."""
        for device in self._devices:
            device.reset()
        return bool(self._devices)

    def write(self, *data: int, at_ns: int) -> None:
        """Send bytes."""
        for byte in data:
            for device in self._devices:
                device.take(byte, at_ns)

    def read(self, count: int, *, at_ns: int) -> bytes:
        """Read bytes; where several devices answer, zeros win."""
        found = bytearray()
        for _ in range(count):
            byte = 0xFF
            for device in self._devices:
                byte &= device.give(at_ns)
            found.append(byte)
        return bytes(found)

    def search(self) -> list[bytes]:
        """Return the ROM codes in the order in which the search of application note 187 finds them.

        It takes the bits from the first, and where devices differ it goes for the zero first.
        """
        return sorted((device.rom for device in self._devices), key=_search_order)


def _search_order(rom: bytes) -> str:
    return "".join(f"{byte:08b}"[::-1] for byte in rom)
