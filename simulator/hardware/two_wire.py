"""The two wires of a TM1637: almost an I2C bus, but without addresses, and with the low bit of a byte first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.hardware.bench import Bench
    from simulator.hardware.wire import Edge

BIT_NS: Final = 2_000
"""A bit as Lua RTOS sends it: a delay of 1 us, and what setting three pins takes (our estimate)."""
_BITS_PER_BYTE: Final = 9  # with the acknowledge


class TwoWireDevice:
    """What listens on the two wires."""

    def begin(self) -> None:
        """A transfer begins."""

    def write(self, byte: int) -> bool:
        """Take a byte; return whether it is acknowledged."""
        raise NotImplementedError

    def end(self) -> None:
        """The transfer is over."""


class TwoWireBus:
    """The wires at the pins ``clk`` and ``dio``, as the controller sees them."""

    def __init__(self, bench: Bench, clk: int, dio: int) -> None:
        self._bench = bench
        self._clk = clk
        self._dio = dio

    def send(self, data: bytes, at_ns: int) -> tuple[bool, int]:
        """Send bytes in one transfer, up to the first that nobody acknowledges.

        Return whether all were acknowledged, and how many nanoseconds it took.
        """
        clock, line = self._bench.wire(self._clk), self._bench.wire(self._dio)
        devices = [device for clk, dio, device in self._bench.two_wire_devices if clk is clock and dio is line]
        for device in devices:
            device.begin()
        acknowledged, sent = True, 0
        for byte in data:
            answers = [device.write(byte) for device in devices]
            acknowledged = any(answers)
            sent += 1
            if not acknowledged:
                break
        for device in devices:
            device.end()
        if clock.is_watched:
            clock_edges, line_edges = _drawn(data[:sent], at_ns, acknowledged=acknowledged)
            clock.show(clock_edges)
            line.show(line_edges)
        return acknowledged, (_BITS_PER_BYTE * sent + 2) * BIT_NS


def _drawn(data: bytes, at_ns: int, *, acknowledged: bool) -> tuple[list[Edge], list[Edge]]:
    """Return the edges of both wires, which rest high."""
    half_ns = BIT_NS // 2
    clock: list[Edge] = [(at_ns + half_ns, 0)]
    line: list[Edge] = [(at_ns, 0)]
    now_ns = at_ns + BIT_NS
    for index, byte in enumerate(data):
        is_last = index == len(data) - 1
        bits = [byte >> bit & 1 for bit in range(8)]
        bits.append(0 if acknowledged or not is_last else 1)
        for bit in bits:
            if line[-1][1] != bit:
                line.append((now_ns, bit))
            clock += [(now_ns + half_ns, 1), (now_ns + BIT_NS, 0)]
            now_ns += BIT_NS
    if line[-1][1]:
        line.append((now_ns, 0))
    clock.append((now_ns + half_ns // 2, 1))
    line.append((now_ns + half_ns, 1))
    return clock, line
