"""A 1-Wire bus: one data wire, time slots, devices with numbers, and the search that finds them.

Everything is bits: the controller begins a slot by pulling the wire low, and either writes a bit or lets a device
answer with one. Where several answer, zeros win. Lengths of slots are those of Lua RTOS (``drivers/owire.c``), what a
device does in them is that of Maxim's application note 126.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from simulator.hardware.wire import Edge
from simulator.units import NS_PER_US

if TYPE_CHECKING:
    from simulator.hardware.bench import Bench

_RESET_LOW_NS: Final = 500 * NS_PER_US
_RESET_NS: Final = 1000 * NS_PER_US
_PRESENCE_FROM_NS: Final = _RESET_LOW_NS + 30 * NS_PER_US
_PRESENCE_TO_NS: Final = _PRESENCE_FROM_NS + 120 * NS_PER_US
_WRITE_1_LOW_NS: Final = 8 * NS_PER_US
_WRITE_1_NS: Final = 73 * NS_PER_US
_WRITE_0_LOW_NS: Final = 65 * NS_PER_US
_WRITE_0_NS: Final = 70 * NS_PER_US
_READ_LOW_NS: Final = 3 * NS_PER_US
_READ_0_LOW_NS: Final = 30 * NS_PER_US
_READ_NS: Final = 69 * NS_PER_US

SEARCH_ROM: Final = 0xF0
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
    SEARCHED = auto()
    MATCHING = auto()
    SENDING_ROM = auto()
    SELECTED = auto()


class OneWireDevice:
    """A device; what it does when selected is up to `write`, `read` and `status` of the kind of device."""

    def __init__(self, rom: bytes) -> None:
        self.rom = rom
        self._state = _State.IDLE
        self._taken: list[int] = []
        self._to_send: list[int] = []
        self._searched = 0
        """Slots of a search so far: a bit, its complement and the direction, 64 times."""

    def reset(self) -> None:
        """A reset pulse: a ROM command follows."""
        self._state = _State.ROM_COMMAND
        self._taken.clear()
        self._to_send.clear()

    def take_bit(self, bit: int, at_ns: int) -> None:
        """Take a bit from the controller."""
        if self._state is _State.SEARCHED:
            if bit != self._rom_bit(self._searched // 3):
                self._state = _State.IDLE  # the search goes another way
            self._searched += 1
            return
        self._taken.append(bit)
        if self._state is _State.MATCHING:
            if bit != self._rom_bit(len(self._taken) - 1):
                self._state = _State.IDLE
            elif len(self._taken) == 8 * _ROM_BYTES:
                self._select()
        elif len(self._taken) == 8:
            byte = sum(bit << index for index, bit in enumerate(self._taken))
            self._taken.clear()
            self._to_send.clear()
            if self._state is _State.ROM_COMMAND:
                self._take_command(byte)
            elif self._state is _State.SELECTED:
                self.write(byte, at_ns)

    def give_bit(self, at_ns: int) -> int:
        """Return the bit that this device answers with; 1 if it says nothing."""
        if self._state is _State.SEARCHED and self._searched < 3 * 8 * _ROM_BYTES:
            index, slot = divmod(self._searched, 3)
            self._searched += 1
            return self._rom_bit(index) ^ slot
        if not self._to_send and self._state is _State.SELECTED:
            byte = self.read()
            if byte is None:
                return self.status(at_ns)
            self._to_send = _bits(byte)
        return self._to_send.pop(0) if self._to_send else 1

    def _rom_bit(self, index: int) -> int:
        return self.rom[index // 8] >> index % 8 & 1

    def _take_command(self, byte: int) -> None:
        self._state = _State.IDLE
        if byte == SKIP_ROM:
            self._select()
        elif byte == MATCH_ROM:
            self._state = _State.MATCHING
        elif byte == SEARCH_ROM:
            self._state, self._searched = _State.SEARCHED, 0
        elif byte == READ_ROM:
            self._state = _State.SENDING_ROM
            self._to_send = [bit for byte in self.rom for bit in _bits(byte)]

    def _select(self) -> None:
        self._state = _State.SELECTED
        self._taken.clear()
        self.selected()

    def selected(self) -> None:
        """It has been selected: a function command follows."""

    def write(self, byte: int, at_ns: int) -> None:
        """Take a byte of a function command."""
        raise NotImplementedError

    def read(self) -> int | None:
        """Return a byte of the answer; None if there is none (any more)."""
        raise NotImplementedError

    def status(self, at_ns: int) -> int:
        """Return the bit that it answers with when there is no answer: 0 while it is busy."""
        del at_ns
        return 1


def _bits(byte: int) -> list[int]:
    return [byte >> index & 1 for index in range(8)]


class OneWireBus:
    """The bus on one wire, as a controller sees it. Set ``now_ns`` first; every operation moves it on."""

    def __init__(self, bench: Bench, gpio: int) -> None:
        self.now_ns = 0
        self._bench = bench
        self._gpio = gpio
        self._differences: list[int] = []
        """At which bits devices differed in the last search."""

    @property
    def _devices(self) -> list[OneWireDevice]:
        wire = self._bench.wire(self._gpio)
        return [device for other, device in self._bench.one_wire_devices if other is wire]

    @property
    def _is_held_low(self) -> bool:
        return not self._bench.wire(self._gpio).level(self.now_ns)

    def reset(self) -> bool:
        """Send a reset pulse; return whether anybody is there, which a wire that is held low looks like, too."""
        devices = self._devices
        for device in devices:
            device.reset()
        pulses = [(0, _RESET_LOW_NS)]
        if devices:
            pulses.append((_PRESENCE_FROM_NS, _PRESENCE_TO_NS))
        found = bool(devices) or self._is_held_low
        self._slot(pulses, _RESET_NS)
        return found

    def write_bit(self, bit: int) -> None:
        """Write a bit."""
        for device in self._devices:
            device.take_bit(bit, self.now_ns)
        if bit:
            self._slot([(0, _WRITE_1_LOW_NS)], _WRITE_1_NS)
        else:
            self._slot([(0, _WRITE_0_LOW_NS)], _WRITE_0_NS)

    def read_bit(self) -> int:
        """Read a bit."""
        bit = int(not self._is_held_low)
        for device in self._devices:
            bit &= device.give_bit(self.now_ns)
        self._slot([(0, _READ_LOW_NS if bit else _READ_0_LOW_NS)], _READ_NS)
        return bit

    def write(self, *data: int) -> None:
        """Write bytes, the low bit of each first."""
        for byte in data:
            for bit in _bits(byte):
                self.write_bit(bit)

    def read(self, count: int) -> bytes:
        """Read bytes."""
        return bytes(sum(self.read_bit() << index for index in range(8)) for _ in range(count))

    def search(self, after: bytes | None = None) -> bytes | None:
        """Return the next ROM code after one that was found, or the first one; None if there is none.

        It is the search of Maxim's application note 187: where devices differ it goes for the zero first, so the codes
        come in the order of their bits.
        """
        turn = _last_turn(after, self._differences) if after is not None else -1
        if after is not None and turn < 0:
            return None
        self._differences = []
        if not self.reset():
            return None
        self.write(SEARCH_ROM)
        bits: list[int] = []
        while len(bits) < 8 * _ROM_BYTES:
            bit, complement = self.read_bit(), self.read_bit()
            if bit and complement:
                return None  # nobody there
            if bit == complement:
                index = len(bits)
                if index < turn:
                    assert after is not None
                    bit = after[index // 8] >> index % 8 & 1
                else:
                    bit = int(index == turn)
                self._differences.append(index)
            self.write_bit(bit)
            bits.append(bit)
        rom = bytes(sum(bits[first + index] << index for index in range(8)) for first in range(0, len(bits), 8))
        return rom if rom[0] else None

    def _slot(self, low: Sequence[tuple[int, int]], duration_ns: int) -> None:
        """Let a slot pass in which the wire is low from some moments to others."""
        wire = self._bench.wire(self._gpio)
        if wire.is_watched and not self._is_held_low:
            edges: list[Edge] = []
            for from_ns, to_ns in low:
                edges += [(self.now_ns + from_ns, 0), (self.now_ns + to_ns, 1)]
            wire.show(edges)
        self.now_ns += duration_ns


def _last_turn(rom: bytes, differences: Sequence[int]) -> int:
    """Return the last bit at which devices differed and the search went for the zero; -1 if there is none."""
    return max((index for index in differences if not rom[index // 8] >> index % 8 & 1), default=-1)
