"""An I2C bus: what a controller sends bit by bit, and what the devices on its two wires answer.

A device sees addresses and bytes and answers each with an acknowledge; the bus makes edges of it for whoever watches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from simulator.units import NS_PER_S

if TYPE_CHECKING:
    from simulator.hardware.bench import Bench
    from simulator.hardware.wire import Edge, Wire

_BITS_PER_BYTE: Final = 9  # with the acknowledge
_FLOATING: Final = 0xFF
"""What is read when nobody pulls the data line down."""


class I2cDevice:
    """A device on an I2C bus. ``address`` has 7 bits."""

    def __init__(self, address: int) -> None:
        self.address = address

    def begin(self, *, read: bool, at_ns: int) -> bool:
        """It has been addressed, to be read or written; return whether it acknowledges."""
        del read, at_ns
        return True

    def write(self, byte: int, at_ns: int) -> bool:
        """Take a byte; return whether it is acknowledged."""
        raise NotImplementedError

    def read(self, at_ns: int) -> int:
        """Return the next byte."""
        raise NotImplementedError

    def end(self, at_ns: int) -> None:
        """The transfer is over: a stop, or a start that is meant for anybody."""


@dataclass(frozen=True, slots=True)
class Start:
    """A start or a repeated start."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop."""


@dataclass(frozen=True, slots=True)
class Write:
    """A byte from the controller, which expects an acknowledge. The first one after a start is an address."""

    byte: int


@dataclass(frozen=True, slots=True)
class Read:
    """A byte to the controller, which acknowledges it or not."""

    acknowledge: bool


Step = Start | Stop | Write | Read


class Ending(Enum):
    """How a transfer ended."""

    DONE = "done"
    NOT_ACKNOWLEDGED = "not acknowledged"
    STUCK = "stuck"
    """Something holds one of the wires low."""


@dataclass(slots=True)
class Transfer:
    """What came of a list of steps: how it ended, the bytes that were read, and how long it took."""

    ending: Ending = Ending.DONE
    data: bytearray = field(default_factory=bytearray)
    duration_ns: int = 0


class I2cBus:
    """The bus on two wires, as seen by a controller that sends with ``speed_hz``.

    It keeps who is addressed between two lists of steps, because a controller may pause in the middle of a transfer.
    """

    def __init__(self, bench: Bench, scl: int, sda: int) -> None:
        self._bench = bench
        self._scl = scl
        self._sda = sda
        self._addressed: I2cDevice | None = None
        self._expects_address = False
        self._left_at = (1, 1)
        """The levels of clock and data as the last steps left them: in the middle of a transfer they are not high."""

    def run(self, steps: Iterable[Step], *, speed_hz: int, at_ns: int) -> Transfer:
        """Carry out the steps, up to the first byte that nobody acknowledges."""
        scl, sda = self._bench.wire(self._scl), self._bench.wire(self._sda)
        transfer = Transfer()
        if not (scl.level(at_ns) and sda.level(at_ns)):
            transfer.ending = Ending.STUCK
            return transfer
        drawing = _Drawing(at_ns, NS_PER_S // speed_hz, self._left_at, is_wanted=scl.is_watched)
        for step in steps:
            match step:
                case Start():
                    self._finish(drawing.now_ns)
                    self._expects_address = True
                    drawing.start()
                case Stop():
                    self._finish(drawing.now_ns)
                    drawing.stop()
                case Write(byte):
                    acknowledged = self._write(byte, scl, sda, drawing.now_ns)
                    drawing.byte(byte, acknowledged=acknowledged)
                    if not acknowledged:
                        self._finish(drawing.now_ns)
                        drawing.stop()
                        transfer.ending = Ending.NOT_ACKNOWLEDGED
                        break
                case Read(acknowledge):
                    byte = _FLOATING if self._addressed is None else self._addressed.read(drawing.now_ns) & 0xFF
                    transfer.data.append(byte)
                    drawing.byte(byte, acknowledged=acknowledge)
        transfer.duration_ns = drawing.now_ns - at_ns
        if scl.is_watched:
            scl.show(drawing.clock)
            sda.show(drawing.data)
        self._left_at = drawing.levels
        return transfer

    def _write(self, byte: int, scl: Wire, sda: Wire, at_ns: int) -> bool:
        if not self._expects_address:
            return self._addressed is not None and self._addressed.write(byte, at_ns)
        self._expects_address = False
        for clock, data, device in self._bench.i2c_devices:
            if clock is scl and data is sda and device.address == byte >> 1:
                if device.begin(read=bool(byte & 1), at_ns=at_ns):
                    self._addressed = device
                    return True
                return False
        return False

    def _finish(self, at_ns: int) -> None:
        if self._addressed is not None:
            self._addressed.end(at_ns)
            self._addressed = None


class _Drawing:
    """The time that goes by, and the edges of both wires if somebody wants them."""

    def __init__(self, at_ns: int, bit_ns: int, levels: tuple[int, int], *, is_wanted: bool) -> None:
        self.now_ns = at_ns
        self.clock: list[Edge] = []
        self.data: list[Edge] = []
        self._bit_ns = bit_ns
        self._levels = levels
        self._is_wanted = is_wanted

    @property
    def levels(self) -> tuple[int, int]:
        """Clock and data as they are left."""
        clock, data = self._levels
        return (self.clock[-1][1] if self.clock else clock, self.data[-1][1] if self.data else data)

    def start(self) -> None:
        """Data falls while the clock is high."""
        quarter_ns = self._bit_ns // 4
        self._put(self.data, 0, 1)
        self._put(self.clock, quarter_ns, 1)
        self._put(self.data, 2 * quarter_ns, 0)
        self._put(self.clock, 3 * quarter_ns, 0)
        self.now_ns += self._bit_ns

    def stop(self) -> None:
        """Data rises while the clock is high."""
        quarter_ns = self._bit_ns // 4
        self._put(self.data, 0, 0)
        self._put(self.clock, quarter_ns, 1)
        self._put(self.data, 2 * quarter_ns, 1)
        self.now_ns += self._bit_ns

    def byte(self, byte: int, *, acknowledged: bool) -> None:
        """Eight bits and an acknowledge; data changes while the clock is low."""
        if not self._is_wanted:
            self.now_ns += _BITS_PER_BYTE * self._bit_ns
            return
        half_ns, quarter_ns = self._bit_ns // 2, self._bit_ns // 4
        for index in range(_BITS_PER_BYTE):
            bit = byte >> 7 - index & 1 if index < 8 else int(not acknowledged)
            self._put(self.data, quarter_ns // 2, bit)
            self._put(self.clock, quarter_ns, 1)
            self._put(self.clock, quarter_ns + half_ns, 0)
            self.now_ns += self._bit_ns

    def _put(self, edges: list[Edge], after_ns: int, level: int) -> None:
        if (edges[-1][1] if edges else self._levels[edges is self.data]) != level:
            edges.append((self.now_ns + after_ns, level))
