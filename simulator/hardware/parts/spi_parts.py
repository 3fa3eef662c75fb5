"""Parts on an SPI bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.hardware.parts.part import Amount, Control, Part, Pin
from simulator.hardware.spi import SpiDevice


@dataclass(kw_only=True, eq=False)
class SpiPart(Part):
    """A part that is a device on a bus."""

    clk: Pin
    mosi: Pin
    miso: Pin
    cs: Pin

    def connect(self) -> None:
        """Join the bus."""
        device = self.device()
        self.bench.spi_devices.append((self.wire(self.clk), device))

        def selected(level: int, at_ns: int) -> None:
            if level:
                device.deselect(at_ns)
            else:
                device.select(at_ns)

        self.wire(self.cs).on_level.append(selected)

    def device(self) -> SpiDevice:
        """Return what answers on the bus."""
        raise NotImplementedError


@dataclass(kw_only=True, eq=False)
class SpiLoop(SpiPart):
    """A part that shifts out what was shifted in one byte before, or at once if ``wire``: a jumper."""

    type_name: ClassVar[str] = "spi-loop"

    at_once: bool = False

    def device(self) -> SpiDevice:
        """Return the shift register."""
        return _LoopDevice(self)


class _LoopDevice(SpiDevice):
    def __init__(self, part: SpiLoop) -> None:
        super().__init__(mosi=part.mosi, miso=part.miso, cs=part.cs)
        self._part = part
        self._last = 0

    def transfer(self, byte: int) -> int:
        last, self._last = self._last, byte
        return byte if self._part.at_once else last


@dataclass(kw_only=True, eq=False)
class Mcp300x(SpiPart):
    """A converter MCP3008 (10 bits), or MCP3208 if ``bits`` is 12, with voltages at its eight inputs."""

    type_name: ClassVar[str] = "mcp3008"
    controls: ClassVar[Mapping[str, Control]] = {
        f"ch{channel}": Control("volts", 0, 0, 3.3) for channel in range(8)
    }  # fmt: skip

    bits: Literal[10, 12] = 10
    vref_mv: Amount = 3300

    def device(self) -> SpiDevice:
        """Return the converter."""
        return _Mcp300xDevice(self)


class _Mcp300xDevice(SpiDevice):
    """Looks for the start bit, takes four more, and after one or two clocks sends the result."""

    def __init__(self, part: Mcp300x) -> None:
        super().__init__(mosi=part.mosi, miso=part.miso, cs=part.cs)
        self._part = part
        self._bits_in: list[int] = []
        self._bits_out: list[int] = []
        self._started = False

    def select(self, at_ns: int) -> None:
        del at_ns
        self._started = False
        self._bits_in, self._bits_out = [], []

    def transfer(self, byte: int) -> int:
        answer = 0
        for index in range(7, -1, -1):
            answer = answer << 1 | self._clock(byte >> index & 1)
        return answer

    def _clock(self, bit: int) -> int:
        if self._bits_out:
            return self._bits_out.pop(0)
        if not self._started:
            self._started = bit == 1
        elif len(self._bits_in) < 4:
            self._bits_in.append(bit)
            if len(self._bits_in) == 4:
                self._convert()
        return 0

    def _convert(self) -> None:
        part = self._part
        single, *number = self._bits_in
        channel = number[0] << 2 | number[1] << 1 | number[2]
        volts = part.values[f"ch{channel}"]
        if not single:  # against its neighbour
            volts -= part.values[f"ch{channel ^ 1}"]
        full = (1 << part.bits) - 1
        count = min(max(int(volts * 1000 * (full + 1) / part.vref_mv), 0), full)
        # A clock to sample, a zero, and the result from the high bit on.
        self._bits_out = [0, 0, *(count >> index & 1 for index in range(part.bits - 1, -1, -1))]
