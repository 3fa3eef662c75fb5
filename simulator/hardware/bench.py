"""The bench: the wires around one board, the parts on them, and what is going to happen there by itself.

It outlives every reset of the board, as what is on a table does. It is a model in the sense of `simulator.wifi.timed`:
it says with `Bench.deadline_ns` when it next has something to do, and whoever drives it calls `Bench.advance`.

Whoever looks at a wire or changes one calls `Bench.advance` with its own time first, so that what was due before has
happened. A Lua thread may be a little ahead of the world; then so is the bench.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import UsageError
from simulator.events import EventLog
from simulator.hardware.wire import Watcher, Wire, output_of, pull_of

if TYPE_CHECKING:
    from simulator.hardware.can import CanNode
    from simulator.hardware.i2c import I2cDevice
    from simulator.hardware.one_wire import OneWireDevice
    from simulator.hardware.parts.memory_card import SdCard
    from simulator.hardware.parts.part import Part
    from simulator.hardware.spi import SpiDevice
    from simulator.hardware.two_wire import TwoWireDevice

GPIO_COUNT: Final = 40
GPIOS: Final = frozenset((*range(24), 25, 26, 27, *range(32, 40)))
"""The pins that the ESP32 has (Lua RTOS ``drivers/cpu.h``, GPIO_ALL)."""
OUTPUTS: Final = frozenset(gpio for gpio in GPIOS if gpio < 34)
"""The pins that can be outputs (GPIO_ALL_OUT)."""

TOUCH_PADS: Final = (4, 0, 2, 15, 13, 12, 14, 27, 33, 32)
"""The pin of each touch pad (ESP32 datasheet, touch sensor)."""
UNTOUCHED: Final = 1000
"""What the chip counts at an open pin (our estimate)."""


def _untouched() -> int:
    return UNTOUCHED


class Appointment:
    """Something that is going to happen. Set ``cancelled`` and it does not."""

    __slots__ = ("cancelled", "fire", "in_background")

    def __init__(self, fire: Callable[[int], None], *, in_background: bool) -> None:
        self.fire = fire
        self.cancelled = False
        self.in_background = in_background


class Bench:
    """Everything around one board, which is ``board`` in ``events``; ``now_ns`` tells the time there.

    ``furnish`` returns what is there from the beginning. It is called when somebody first looks, as most never do.
    """

    def __init__(
        self,
        *,
        now_ns: Callable[[], int] = lambda: 0,
        events: EventLog | None = None,
        board: str = "b0",
        furnish: Callable[[], Iterable[Part]] | None = None,
    ) -> None:
        self.clock = now_ns
        """The time of whoever acts on the bench; whoever drives it may set it."""
        self._moment_ns: int | None = None
        self._events = EventLog(now_ns) if events is None else events
        self._board = board
        self._parts: dict[str, Part] = {}
        self._furnish = furnish
        self.i2c_devices: list[tuple[Wire, Wire, I2cDevice]] = []
        """Clock, data, device."""
        self.spi_devices: list[tuple[Wire, SpiDevice]] = []
        """Clock, device."""
        self.one_wire_devices: list[tuple[Wire, OneWireDevice]] = []
        self.two_wire_devices: list[tuple[Wire, Wire, TwoWireDevice]] = []
        """Clock, data, device."""
        self.can_nodes: list[tuple[Wire, Wire, CanNode]] = []
        """The wires to the board's transmitter and receiver, node."""
        self.memory_card: SdCard | None = None
        """What is in the board's slot."""
        self.touch_counts: dict[int, Callable[[], int]] = {}
        """What the chip counts at a pad that something can be touched at, by the pin."""
        self.on_touch: list[Callable[[int], None]] = []
        """Who hears, and when it was, that one of these counts has changed."""
        self.hall_reading: Callable[[], int] = lambda: 0
        """What the chip's own Hall sensor reads."""
        self.on_deadline: Callable[[], None] = lambda: None
        """Called when `deadline_ns` has become earlier."""
        self._wires: dict[int, Wire] = {}
        self._watchers: list[Watcher] = []
        self._appointments: list[tuple[int, int, Appointment]] = []
        self._appointment_count = 0

    def now_ns(self) -> int:
        """Return the moment that the bench is at: that of what is happening by itself, else that of who acts on it."""
        return self.clock() if self._moment_ns is None else self._moment_ns

    # -- wires ----------------------------------------------------------------------------------------------------

    def wire(self, gpio: int) -> Wire:
        """Return the wire at a pin. Raises `UsageError` for a pin that the chip does not have."""
        if self._furnish is not None:
            self._furnish_now()
        wire = self._wires.get(gpio)
        if wire is None:
            if gpio not in GPIOS:
                raise UsageError(f"there is no GPIO{gpio}; the ESP32 has 0 to 23, 25 to 27 and 32 to 39")
            wire = self._wires[gpio] = Wire(gpio, self._watchers, self._tell_of_pin)
        return wire

    def join(self, gpio: int, other: int) -> None:
        """Connect two pins with a jumper."""
        wire, gone = self.wire(gpio), self.wire(other)
        if wire is not gone:
            wire.join(gone, self.now_ns())
            for number in gone.gpios:
                self._wires[number] = wire

    @property
    def wires(self) -> list[Wire]:
        """Every wire that anything has touched yet, in the order of the pins."""
        return [self._wires[gpio] for gpio in sorted(self._wires) if gpio == self._wires[gpio].gpios[0]]

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell ``watcher`` of everything on every wire; return the function that ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def is_held_low(self, gpio: int) -> bool:
        """Whether something around the chip pulls a pin low; what the chip does to it does not count."""
        self.advance(self.now_ns())
        wire = self._wires.get(gpio)
        if wire is None or wire.driver in (None, output_of(gpio), pull_of(gpio)):
            return False
        return not wire.level(self.now_ns())

    def counts_of_pads(self) -> tuple[int, ...]:
        """Return what the chip counts at each of its touch pads; fewer when one is touched."""
        return tuple(self.touch_counts.get(gpio, _untouched)() for gpio in TOUCH_PADS)

    def reset(self, at_ns: int) -> None:
        """The chip lets go of all its pins, as it does at a reset."""
        for wire in self.wires:
            wire.play(None, at_ns)
            for gpio in wire.gpios:
                wire.drive(output_of(gpio), None, at_ns)
                wire.drive(pull_of(gpio), None, at_ns)

    # -- parts ----------------------------------------------------------------------------------------------------

    @property
    def parts(self) -> Mapping[str, Part]:
        """The parts by their names."""
        if self._furnish is not None:
            self._furnish_now()
        return self._parts

    def _furnish_now(self) -> None:
        furnish, self._furnish = self._furnish, None
        assert furnish is not None
        for part in furnish():
            self.attach(part)

    def attach(self, part: Part) -> None:
        """Put a part on the bench and connect it. Raises `UsageError` for a name or a pin that does not do."""
        if part.name in self.parts:
            raise UsageError(f"part {part.name!r}: there is another of that name; give each its own")
        self._parts[part.name] = part
        part.bench = self
        part.connect()
        part.begin()

    def part(self, name: str) -> Part:
        """Return the part of that name. Raises `UsageError`."""
        try:
            return self.parts[name]
        except KeyError:
            known = ", ".join(self.parts) or "none"
            raise UsageError(f"there is no part {name!r} on this board; parts: {known}") from None

    # -- time -----------------------------------------------------------------------------------------------------

    def at(self, time_ns: int, fire: Callable[[int], None], *, in_background: bool = False) -> Appointment:
        """Call ``fire`` with ``time_ns`` when it has come.

        What is ``in_background`` goes on for ever and keeps nobody waiting, like the sentences of a GPS receiver.
        """
        appointment = Appointment(fire, in_background=in_background)
        self._appointment_count += 1
        heapq.heappush(self._appointments, (time_ns, self._appointment_count, appointment))
        if self._appointments[0][2] is appointment:
            self.on_deadline()
        return appointment

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do; None if never."""
        while self._appointments and self._appointments[0][2].cancelled:
            heapq.heappop(self._appointments)
        return self._appointments[0][0] if self._appointments else None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is going to happen by itself, except in the background."""
        return all(entry.cancelled or entry.in_background for _, _, entry in self._appointments)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due until ``now_ns``, each as of its own moment."""
        appointments, outer_ns = self._appointments, self._moment_ns
        while appointments and appointments[0][0] <= now_ns:
            time_ns, _, appointment = heapq.heappop(appointments)
            if not appointment.cancelled:
                appointment.cancelled = True
                self._moment_ns = time_ns
                try:
                    appointment.fire(time_ns)
                finally:
                    self._moment_ns = outer_ns

    # -- events ---------------------------------------------------------------------------------------------------

    @property
    def is_listened_to(self) -> bool:
        """Whether anybody wants events."""
        return self._events.wanted

    def tell(self, part: Part, **what: Any) -> None:
        """Write an event of kind ``pin``: something that can be seen or heard of a part has changed."""
        self._events.emit(self._board, "pin", part=part.name, type=part.type_name, **what)

    def _tell_of_pin(self, wire: Wire, at_ns: int, **transfer: object) -> None:
        """Write an event of kind ``pin``; ``at`` is the moment on the board's own clock."""
        if not self._events.wanted:
            return
        wave = wire.wave
        for gpio in wire.gpios:
            if transfer:
                self._events.emit(self._board, "pin", gpio=gpio, at=at_ns, **transfer)
                continue
            if wave is not None:
                self._events.emit(self._board, "pin", gpio=gpio, period=wave.period_ns, high=wave.high_ns, at=at_ns)
                continue
            fields: dict[str, Any] = {"gpio": gpio, "level": wire.level(at_ns), "by": wire.driver, "at": at_ns}
            if wire.is_shorted:
                fields["short"] = sorted(wire.drives)
            self._events.emit(self._board, "pin", **fields)
