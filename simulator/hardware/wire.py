"""A wire: what a pin of the chip is connected to, who drives it, and the level that comes of it.

Everything on a wire pulls or drives it towards a voltage. The strongest wins; of two that are equally strong the lower
voltage does, which is how open-drain buses work, and what a short circuit of two push-pull outputs comes close to.
What is on the wire is told of every change of the level, with the moment it happened.

Some signals are told as a whole instead of edge by edge: a pulse train (`Wave`) that goes on until further notice, and
bytes on a serial line (`serial`). Time is simulated nanoseconds; a caller says when it does something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final, NamedTuple, Protocol, TypeAlias

from simulator.hardware.serial import SerialFormat

SUPPLY_MV: Final = 3300
"""The supply of the chip and of everything around it."""

LOW_MV_MAX: Final = SUPPLY_MV // 4
"""Below this an input is low (ESP32 datasheet, V_IL)."""
HIGH_MV_MIN: Final = SUPPLY_MV * 3 // 4
"""Above this it is high (V_IH). In between an input keeps what it had."""


def output_of(gpio: int) -> str:
    """Return the name under which an output of the chip drives a wire. All others go by the name of their part."""
    return f"gpio{gpio}"


def pull_of(gpio: int) -> str:
    """Return the name of the chip's own pull-up or pull-down at a pin."""
    return f"pull{gpio}"


class Strength(IntEnum):
    """How much a drive counts against others."""

    PULL = 1
    """The chip's internal resistors, about 45 kOhm."""
    RESISTOR = 2
    """A resistor on the board, a few kOhm."""
    DRIVEN = 3
    """An output, or a switch to a supply."""


class Drive(NamedTuple):
    """What one thing does to a wire."""

    millivolts: float
    strength: Strength


class Wave(NamedTuple):
    """A pulse train from ``start_ns`` on: high for ``high_ns`` at the beginning of every period."""

    start_ns: int
    period_ns: int
    high_ns: int

    @property
    def duty(self) -> float:
        """Return the share of time that it is high."""
        return self.high_ns / self.period_ns

    def level(self, at_ns: int) -> int:
        """Return the level at a moment."""
        return int((at_ns - self.start_ns) % self.period_ns < self.high_ns)


Edge: TypeAlias = tuple[int, int]
"""When, and the level from then on."""

OnLevel: TypeAlias = Callable[[int, int], None]
"""Gets the new level, and when."""
OnWave: TypeAlias = Callable[["Wave | None", int], None]
"""Gets the pulse train that begins, or None, and when."""
OnSerial: TypeAlias = Callable[[bytes, SerialFormat, int], None]
"""Gets bytes, how they were sent, and when the last of them has arrived."""
OnBits: TypeAlias = Callable[[bytes, int], None]
"""Gets bytes that were sent as pulses of two widths, high bit first, and when that was over."""
OnPulses: TypeAlias = Callable[[Sequence[int]], None]
"""Gets the moments of rising edges, in order."""


class BitTiming(NamedTuple):
    """How the bits of a light chain look: how long high and low of a 0, and of a 1."""

    zero_high_ns: int
    zero_low_ns: int
    one_high_ns: int
    one_low_ns: int

    def duration_ns(self, data: bytes) -> int:
        """Return how long ``data`` takes."""
        ones = sum(byte.bit_count() for byte in data)
        zeros = 8 * len(data) - ones
        return ones * (self.one_high_ns + self.one_low_ns) + zeros * (self.zero_high_ns + self.zero_low_ns)

    def edges(self, data: bytes, start_ns: int) -> list[Edge]:
        """Return the edges of ``data``."""
        edges: list[Edge] = []
        for byte in data:
            for index in range(8):
                one = byte >> 7 - index & 1
                high_ns = self.one_high_ns if one else self.zero_high_ns
                edges += [(start_ns, 1), (start_ns + high_ns, 0)]
                start_ns += high_ns + (self.one_low_ns if one else self.zero_low_ns)
        return edges


class Tell(Protocol):
    """Writes an event of a wire: its level or pulse train has changed, or, with ``transfer``, what went over it."""

    def __call__(self, wire: Wire, at_ns: int, **transfer: object) -> None:
        """Write it."""


class Watcher:
    """Whoever wants to hear of everything on every wire, edges of transfers included; the default is not to care."""

    def level_changed(self, wire: Wire, level: int, at_ns: int) -> None:
        """A level changed."""

    def wave_changed(self, wire: Wire, wave: Wave | None, at_ns: int) -> None:
        """A pulse train began, changed or, with None, ended."""

    def voltage_changed(self, wire: Wire, millivolts: float, at_ns: int) -> None:
        """A part put another voltage on the wire."""

    def played(self, wire: Wire, edges: Sequence[Edge]) -> None:
        """A transfer on a bus had these edges; they are told afterwards."""


class Wire:
    """One piece of copper. ``gpios`` are the chip's pins on it, more than one where a jumper joins them.

    ``tell`` writes events of kind ``pin``.
    """

    __slots__ = (
        "_drives",
        "_level",
        "_tell",
        "_watchers",
        "gpios",
        "on_bits",
        "on_level",
        "on_pulses",
        "on_serial",
        "on_wave",
        "wave",
    )

    def __init__(self, gpio: int, watchers: Sequence[Watcher], tell: Tell) -> None:
        self.gpios = [gpio]
        self.on_level: list[OnLevel] = []
        self.on_wave: list[OnWave] = []
        self.on_serial: list[OnSerial] = []
        self.on_bits: list[OnBits] = []
        self.on_pulses: list[OnPulses] = []
        self.wave: Wave | None = None
        """The pulse train on it, if there is one."""
        self._drives: dict[str, Drive] = {}
        self._level = 0
        self._watchers = watchers
        self._tell = tell

    def __repr__(self) -> str:
        return f"<Wire {'='.join(f'GPIO{gpio}' for gpio in self.gpios)} {self._level} {self._drives}>"

    @property
    def driver(self) -> str | None:
        """Who decides the level: a name, or None for a wire that floats."""
        return min(self._drives, key=self._rank, default=None)

    def _rank(self, source: str) -> tuple[int, float]:
        drive = self._drives[source]
        return (-drive.strength, drive.millivolts)

    @property
    def millivolts(self) -> float:
        """The voltage; a wire that floats has none."""
        driver = self.driver
        return 0.0 if driver is None else self._drives[driver].millivolts

    @property
    def is_shorted(self) -> bool:
        """Whether two outputs drive against each other."""
        outputs = {drive.millivolts for drive in self._drives.values() if drive.strength is Strength.DRIVEN}
        return len(outputs) > 1

    @property
    def drives(self) -> dict[str, Drive]:
        """Everything that acts on the wire, by name."""
        return self._drives

    def level(self, at_ns: int) -> int:
        """Return 0 or 1."""
        return self._level if self.wave is None else self.wave.level(at_ns)

    def drive(self, source: str, millivolts: float | None, at_ns: int, *, strength: Strength = Strength.DRIVEN) -> None:
        """Let ``source`` drive the wire to a voltage from now on; None lets go of it."""
        drive = None if millivolts is None else Drive(millivolts, strength)
        if self._drives.get(source) == drive:
            return
        before_mv = self.millivolts
        if drive is None:
            del self._drives[source]
        else:
            self._drives[source] = drive
        millivolts = self.millivolts
        if millivolts != before_mv:
            for watcher in self._watchers:
                watcher.voltage_changed(self, millivolts, at_ns)
        level = self._level_of(millivolts)
        if level != self._level:
            self._level = level
            self._tell(self, at_ns)
            for watcher in self._watchers:
                watcher.level_changed(self, level, at_ns)
            for listener in tuple(self.on_level):
                listener(level, at_ns)

    def _level_of(self, millivolts: float) -> int:
        if not self._drives:
            return 0  # floats: noise on a real board
        if millivolts <= LOW_MV_MAX:
            return 0
        return 1 if millivolts >= HIGH_MV_MIN else self._level

    def set_level(self, source: str, level: int, at_ns: int) -> None:
        """Let ``source`` drive it high or low."""
        self.drive(source, SUPPLY_MV if level else 0, at_ns)

    def play(self, wave: Wave | None, at_ns: int) -> None:
        """Put a pulse train on the wire in place of the level that is driven, or, with None, end it."""
        if wave == self.wave:
            return
        self.wave = wave
        self._tell(self, at_ns)
        for watcher in self._watchers:
            watcher.wave_changed(self, wave, at_ns)
        for listener in tuple(self.on_wave):
            listener(wave, at_ns)

    def send(self, data: bytes, form: SerialFormat, end_ns: int) -> None:
        """Bytes go over the wire, the last of them until ``end_ns``."""
        if self._watchers:
            start_ns = end_ns - len(data) * form.frame_ns
            self.show(form.edges(data, start_ns))
        for listener in tuple(self.on_serial):
            listener(data, form, end_ns)

    def send_bits(self, data: bytes, timing: BitTiming, start_ns: int) -> None:
        """Bytes go over the wire as pulses of two widths."""
        self._tell(self, start_ns, bits=data.hex())
        if self._watchers:
            self.show(timing.edges(data, start_ns))
        end_ns = start_ns + timing.duration_ns(data)
        for listener in tuple(self.on_bits):
            listener(data, end_ns)

    def pulse(self, times_ns: Sequence[int], width_ns: int) -> None:
        """Short pulses went over the wire."""
        self._tell(self, times_ns[0], pulses=len(times_ns), until=times_ns[-1])
        if self._watchers:
            self.show([edge for at_ns in times_ns for edge in ((at_ns, 1), (at_ns + width_ns, 0))])
        for listener in tuple(self.on_pulses):
            listener(times_ns)

    def show(self, edges: Sequence[Edge]) -> None:
        """Tell the watchers of edges that nothing else on the wire has to hear of one by one."""
        for watcher in self._watchers:
            watcher.played(self, edges)

    @property
    def is_watched(self) -> bool:
        """Whether anybody wants to know the edges of transfers."""
        return bool(self._watchers)

    def join(self, other: Wire, at_ns: int) -> None:
        """Take over everything that is on ``other``, from where a jumper leads here."""
        self.gpios += other.gpios
        self.on_level += other.on_level
        self.on_wave += other.on_wave
        self.on_serial += other.on_serial
        self.on_bits += other.on_bits
        self.on_pulses += other.on_pulses
        for source, drive in other.drives.items():
            self.drive(source, drive.millivolts, at_ns, strength=drive.strength)
