"""An SPI bus: bytes that a controller shifts out of one wire and into another while a device is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.units import NS_PER_S

if TYPE_CHECKING:
    from simulator.hardware.bench import Bench
    from simulator.hardware.wire import Edge

_FLOATING: Final = 0xFF


class SpiDevice:
    """A device on an SPI bus, connected to ``mosi``, ``miso`` and its chip select ``cs``, by GPIO number."""

    def __init__(self, *, mosi: int, miso: int, cs: int) -> None:
        self.mosi = mosi
        self.miso = miso
        self.cs = cs

    def select(self, at_ns: int) -> None:
        """Chip select went low."""

    def deselect(self, at_ns: int) -> None:
        """Chip select went high."""

    def transfer(self, byte: int) -> int:
        """Take a byte, and return the one that was shifted out meanwhile."""
        raise NotImplementedError


class SpiBus:
    """The bus as a controller sees it; None where it has no pin."""

    def __init__(self, bench: Bench, *, clk: int, mosi: int | None, miso: int | None) -> None:
        self._bench = bench
        self._clk = clk
        self._mosi = mosi
        self._miso = miso

    def transfer(self, data: bytes, *, mode: int, speed_hz: int, at_ns: int) -> tuple[bytes, int]:
        """Shift ``data`` out; return what was shifted in, and the nanoseconds that it took."""
        bench = self._bench
        clock = bench.wire(self._clk)
        selected = [
            device
            for wire, device in bench.spi_devices
            if wire is clock and not bench.wire(device.cs).level(at_ns)
        ]  # fmt: skip
        received = bytearray()
        for byte in data:
            answer = _FLOATING
            for device in selected:
                heard = byte if self._joins(self._mosi, device.mosi) else _FLOATING
                shifted = device.transfer(heard) & 0xFF
                if self._joins(self._miso, device.miso):
                    answer &= shifted
            received.append(answer)
        bit_ns = max(2, NS_PER_S // speed_hz)
        if clock.is_watched:
            self._show(data, bytes(received), mode, bit_ns, at_ns)
        return bytes(received), len(data) * 8 * bit_ns

    def _joins(self, ours: int | None, theirs: int) -> bool:
        return ours is not None and self._bench.wire(ours) is self._bench.wire(theirs)

    def _show(self, sent: bytes, received: bytes, mode: int, bit_ns: int, at_ns: int) -> None:
        idle, phase = mode >> 1, mode & 1
        clock: list[Edge] = []
        for bit in range(len(sent) * 8):
            first_ns = at_ns + bit * bit_ns + (0 if phase else bit_ns // 2)
            clock += [(first_ns, 1 - idle), (first_ns + bit_ns // 2, idle)]
        self._bench.wire(self._clk).show(clock)
        for gpio, data in ((self._mosi, sent), (self._miso, received)):
            if gpio is not None:
                self._bench.wire(gpio).show(_data_edges(data, bit_ns, at_ns))


def _data_edges(data: bytes, bit_ns: int, at_ns: int) -> list[Edge]:
    edges: list[Edge] = []
    level = None
    for number, byte in enumerate(data):
        for index in range(8):
            bit = byte >> 7 - index & 1
            if bit != level:
                level = bit
                edges.append((at_ns + (number * 8 + index) * bit_ns, bit))
    return edges
