"""A logic trace: every edge on every wire from the moment it is started, and its export as a value change dump (VCD).

Signals are named by their pins, and once more by the parts there: ``board.GPIO26`` is ``parts.led1``, too, and of a
part with several pins ``parts.air_scl``. A wire that a part puts voltages on also has them, as ``GPIO36_mV``. A VCD
file is what waveform viewers such as GTKWave and PulseView open (IEEE 1364-2005, 18.2). Each name is a signal of its
own there, because not every reader understands two names for one.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.hardware.bench import Bench
from simulator.hardware.wire import SUPPLY_MV, Edge, Watcher, Wave, Wire

_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9_]")
_IDENTIFIER_BASE: Final = 94  # the printable characters from ! on
_FIRST_PRINTABLE: Final = 33


class Trace(Watcher):
    """Collects what happens on the wires of a bench until `stop`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._started_ns = bench.now_ns()
        self._levels: dict[int, list[Edge]] = {}
        self._waves: dict[int, list[tuple[int, Wave | None]]] = {}
        self._voltages: dict[int, list[tuple[int, float]]] = {}
        for wire in bench.wires:
            self._levels[wire.gpios[0]] = [(self._started_ns, wire.level(self._started_ns))]
            self.wave_changed(wire, wire.wave, self._started_ns)
        self.stop = bench.watch(self)

    def level_changed(self, wire: Wire, level: int, at_ns: int) -> None:
        """Note an edge."""
        self._levels.setdefault(wire.gpios[0], []).append((at_ns, level))

    def played(self, wire: Wire, edges: Sequence[Edge]) -> None:
        """Note the edges of a transfer."""
        self._levels.setdefault(wire.gpios[0], []).extend(edges)

    def wave_changed(self, wire: Wire, wave: Wave | None, at_ns: int) -> None:
        """Note the beginning or the end of a pulse train."""
        if wave is not None or wire.gpios[0] in self._waves:
            self._waves.setdefault(wire.gpios[0], []).append((at_ns, wave))

    def voltage_changed(self, wire: Wire, millivolts: float, at_ns: int) -> None:
        """Note a voltage that is no plain high or low."""
        if wire.gpios[0] in self._voltages or 0 < millivolts < SUPPLY_MV:
            self._voltages.setdefault(wire.gpios[0], []).append((at_ns, millivolts))

    def vcd(self, end_ns: int | None = None) -> Iterator[str]:
        """Yield the lines of a VCD file with everything until ``end_ns``, by default all. Times are nanoseconds."""
        end_ns = self._end_ns if end_ns is None else end_ns
        for wire in self._bench.wires:
            if wire.gpios[0] not in self._levels and wire.gpios[0] not in self._waves:  # it has not changed
                self._levels[wire.gpios[0]] = [(self._started_ns, wire.level(end_ns))]
        scopes = {"board": {f"GPIO{gpio}": gpio for gpio in self._pins}, "parts": self._signals_of_parts}
        codes = map(_identifier, itertools.count())
        digital: dict[int, list[str]] = {}
        analogue: dict[int, list[str]] = {}
        yield "$version LuaTwin $end"
        yield "$timescale 1 ns $end"
        for scope, signals in scopes.items():
            yield f"$scope module {scope} $end"
            for signal, gpio in signals.items():
                traced_as = self._bench.wire(gpio).gpios[0]
                digital.setdefault(traced_as, []).append(next(codes))
                yield f"$var wire 1 {digital[traced_as][-1]} {signal} $end"
                if traced_as in self._voltages:
                    analogue.setdefault(traced_as, []).append(next(codes))
                    yield f"$var real 64 {analogue[traced_as][-1]} {signal}_mV $end"
            yield "$upscope $end"
        yield "$enddefinitions $end"
        changes = [self._digital_changes(gpio, its_codes, end_ns) for gpio, its_codes in digital.items()]
        changes += [self._analogue_changes(gpio, its_codes) for gpio, its_codes in analogue.items()]
        now_ns = -1
        for at_ns, change in heapq.merge(*changes, key=_moment):
            if at_ns > end_ns:
                break
            if at_ns != now_ns:
                yield f"#{at_ns}"
                now_ns = at_ns
            yield change
        if now_ns < end_ns:
            yield f"#{end_ns}"

    @property
    def _end_ns(self) -> int:
        """Now, or when the last thing happened: the Lua thread that did it may be ahead."""
        noted: list[Sequence[tuple[int, object]]] = [
            *self._levels.values(),
            *self._waves.values(),
            *self._voltages.values(),
        ]
        return max([self._bench.now_ns(), *(moments[-1][0] for moments in noted)])

    @property
    def _pins(self) -> list[int]:
        """Every pin on a wire that is traced."""
        return sorted({gpio for wire in self._bench.wires for gpio in wire.gpios} | {*self._levels})

    @property
    def _signals_of_parts(self) -> dict[str, int]:
        """The pins of the parts, by names without characters that mean something in a VCD file or to its readers."""
        signals: dict[str, int] = {}
        for name, part in self._bench.parts.items():
            pins = part.pins
            for pin, gpio in pins.items():
                signal = name if len(pins) == 1 else f"{name}_{pin}"
                signals[_UNUSUAL.sub("_", signal)] = gpio
        return signals

    def _digital_changes(self, gpio: int, codes: Sequence[str], end_ns: int) -> Iterator[tuple[int, str]]:
        for at_ns, level in self._edges(gpio, end_ns):
            for code in codes:
                yield at_ns, f"{level}{code}"

    def _analogue_changes(self, gpio: int, codes: Sequence[str]) -> Iterator[tuple[int, str]]:
        for at_ns, millivolts in sorted(self._voltages[gpio], key=_moment):
            for code in codes:
                yield at_ns, f"r{millivolts:g} {code}"

    def _edges(self, gpio: int, end_ns: int) -> Iterator[Edge]:
        """Yield the changes of a signal in order, those of pulse trains included."""
        level: int | None = None
        plain = sorted(self._levels.get(gpio, []), key=_moment)
        for at_ns, new in heapq.merge(plain, self._wave_edges(gpio, end_ns), key=_moment):
            if new != level:
                level = new
                yield at_ns, new

    def _wave_edges(self, gpio: int, end_ns: int) -> Iterator[Edge]:
        waves = self._waves.get(gpio, [])
        for number, (from_ns, wave) in enumerate(waves):
            until_ns = waves[number + 1][0] if number + 1 < len(waves) else end_ns
            if wave is None:
                yield from_ns, self._plain_level(gpio, from_ns)
            else:
                yield from _expand(wave, from_ns, until_ns)

    def _plain_level(self, gpio: int, at_ns: int) -> int:
        """Return the level that is driven under a pulse train that ends."""
        level = 0
        for edge_ns, new in self._levels.get(gpio, []):
            if edge_ns <= at_ns:
                level = new
        return level


def _expand(wave: Wave, from_ns: int, until_ns: int) -> Iterator[Edge]:
    yield from_ns, wave.level(from_ns)
    period = (from_ns - wave.start_ns) // wave.period_ns
    while True:
        rise_ns = wave.start_ns + period * wave.period_ns
        if rise_ns >= until_ns:
            return
        if rise_ns > from_ns:
            yield rise_ns, 1
        if from_ns < rise_ns + wave.high_ns < until_ns:
            yield rise_ns + wave.high_ns, 0
        period += 1


def _moment(entry: tuple[int, object]) -> int:
    return entry[0]


def _identifier(number: int) -> str:
    """Return the short name of a signal: printable characters, as few as do."""
    code = ""
    while True:
        number, digit = divmod(number, _IDENTIFIER_BASE)
        code += chr(_FIRST_PRINTABLE + digit)
        if not number:
            return code
        number -= 1
