"""What all sensors have in common: interfaces, values, settings, and when somebody is told (``drivers/sensor.c``).

Whatever takes so long that other tasks run meanwhile is a generator (`Work`): it yields the nanoseconds that it sleeps,
and goes on as the same Lua thread. Shorter waits are paid for on the spot.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias, TypeVar

from simulator.c_numbers import int8
from simulator.device.drivers.adc import AdcDriver
from simulator.device.drivers.i2c import MASTER, I2cDriver
from simulator.device.drivers.pio import check_direction
from simulator.device.drivers.sensors.debounce import Debouncer
from simulator.device.drivers.sensors.nmea import Position
from simulator.device.drivers.sensors.one_wire import OneWireBuses
from simulator.device.drivers.shared import Shared
from simulator.device.drivers.uart import UartDriver
from simulator.hardware import Unit
from simulator.hardware.bench import Appointment
from simulator.hardware.gpio import Interrupt
from simulator.units import NS_PER_MS, NS_PER_US
from simulator.vm.exceptions import DriverError

T = TypeVar("T")
Work: TypeAlias = Generator[int, None, T]

CALLBACKS: Final = 8
"""SENSOR_MAX_CALLBACKS."""
_I2C_SPEED_HZ: Final = 400_000
"""What both sensors on I2C ask for; a script cannot choose."""


class Kind(Enum):
    """What a sensor is connected to; the value is how lists show it."""

    ADC = "ADC"
    I2C = "I2C"
    ONE_WIRE = "1-WIRE"
    GPIO = "GPIO"
    UART = "UART"
    INTERNAL = "INTERNAL"


class Switch(NamedTuple):
    """What a pin that is on or off means: the value when it is high and when it is low, and where that value goes."""

    high: int
    low: int
    provides: int = 0
    debounce_us: int = 0
    """0: every edge counts."""


class Interface(NamedTuple):
    """One connection of a sensor. ``is_own`` ones are set up by the sensor itself, ``is_auto`` ones deliver unasked."""

    kind: Kind
    name: str = ""
    switch: Switch | None = None
    is_own: bool = False
    is_auto: bool = False


class Value(NamedTuple):
    """A value or a setting. ``type`` is ``int``, ``float``, ``double`` or ``string``."""

    id: str
    type: str


@dataclass(slots=True)
class Latch:
    """What a value was before, and whether it is told again though it is as before."""

    value: float = 0
    since_ns: int = 0
    timeout: bool = False
    repeat: bool = False


class Hub:
    """What the sensors of one run of the app share."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.debouncer = Debouncer(shared)
        self.one_wire = OneWireBuses(shared)
        self.position = Position()

    def changed(self, sensor: Sensor) -> None:
        """Something of ``sensor`` is worth telling."""
        raise NotImplementedError


class Sensor:
    """An attached sensor. ``arguments`` are what `sensor.attach` got for each interface."""

    id: ClassVar[str]
    interfaces: ClassVar[tuple[Interface, ...]]
    provides: ClassVar[tuple[Value, ...]]
    settings: ClassVar[tuple[Value, ...]] = ()
    adc_max_mv: ClassVar[int] = 0
    """0: the driver's own limit."""

    def __init__(self, hub: Hub, arguments: Sequence[Sequence[int]]) -> None:
        self.hub = hub
        self.shared = hub.shared
        self.arguments = [list(values) for values in arguments]
        self.unit = 0
        """Under which its locks are."""
        self.data: list[float] = [0 if value.type == "int" else 0.0 for value in self.provides]
        self.set_to: list[float] = [0 if value.type == "int" else 0.0 for value in self.settings]
        now_ns = self.shared.now_ns()
        self.latches = [Latch(since_ns=now_ns) for _ in self.provides]
        self.next_ns = 0
        """Until then a measurement leaves everything as it is."""
        self.callbacks: list[int] = []
        self.handles: list[int] = [0] * len(self.interfaces)
        """What the driver of each interface goes by."""
        self.is_detached = False

    @property
    def owner(self) -> Unit:
        """Who its locks belong to."""
        return Unit("sensor", self.unit)

    @classmethod
    def is_automatic(cls) -> bool:
        """Whether it delivers values unasked, and so takes callbacks."""
        return any(interface.is_auto or interface.switch is not None for interface in cls.interfaces)

    def gpio(self, interface: int = 0) -> int:
        """Return the pin of an interface, of which the driver keeps eight bits with a sign."""
        return int8(self.arguments[interface][0])

    # -- what a kind of sensor does -------------------------------------------------------------------------------

    def before_setup(self) -> None:
        """Put in what was left out."""

    def setup(self) -> Work[None]:
        """Get ready, once the interfaces are."""
        yield from ()

    def after_setup(self) -> Work[None]:
        """Wait until the first measurement makes sense."""
        yield from ()

    def unsetup(self) -> None:
        """Let go of what `setup` took."""

    def measure(self) -> Work[list[float]]:
        """Measure, and return a value for each of `provides`."""
        yield from ()
        return [0 for _ in self.provides]

    def change(self, setting: str, value: float) -> Work[None]:
        """Change a setting. What is wrong with the value is nobody's business. Raises if there is no way to."""
        del setting, value
        yield from ()
        raise DriverError("sensor", "SetUndefined")

    def setting(self, name: str) -> Work[Any]:
        """Return a setting. Raises if there is no way to."""
        del name
        yield from ()
        raise DriverError("sensor", "SetUndefined")

    def setting_index(self, name: str) -> int:
        """Return where a setting is. Raises if there is none of that name."""
        for index, setting in enumerate(self.settings):
            if setting.id == name:
                return index
        raise DriverError("sensor", "NotFound")

    # -- interfaces -----------------------------------------------------------------------------------------------

    def set_up_interfaces(self) -> Work[None]:
        """Take what the sensor is connected to. What was taken before an error stays taken, as on the device."""
        for number, interface in enumerate(self.interfaces):
            if interface.is_own:
                continue
            match interface.kind:
                case Kind.ADC:
                    unit, channel = self.arguments[number]
                    self.handles[number] = self.shared.driver(AdcDriver).setup(
                        unit & 0xFF, channel & 0xFF, max_mv=self.adc_max_mv
                    )
                case Kind.GPIO:
                    self._set_up_gpio(number, interface.switch)
                case Kind.I2C:
                    device = self.shared.driver(I2cDriver).attach(
                        self.arguments[number][0] & 0xFFFF, MASTER, _I2C_SPEED_HZ
                    )
                    self.handles[number] = device
                    self.shared.locks.take(self.owner, (Unit("i2c", device), self.id))
                case Kind.ONE_WIRE:
                    self.next_ns = self.shared.now_ns()
                    yield from self.hub.one_wire.set_up(self.gpio(number))
                case Kind.UART:
                    unit, *form = self.arguments[number]
                    self.shared.locks.take(self.owner, (Unit("uart", unit & 0xFF), self.id))
                    self.shared.driver(UartDriver).setup(unit & 0xFF, *form)

    def _set_up_gpio(self, number: int, switch: Switch | None) -> None:
        gpio = self.gpio(number)
        if not 0 <= gpio < 40:
            raise DriverError("gpio", "InvalidPin")
        self.shared.locks.take_gpio(self.owner, gpio, self.id)
        if switch is None:
            check_direction(gpio, output=True)
            self.shared.gpio.configure(gpio, output=True)
            self.shared.gpio.set_latch(gpio, 1)
            return
        check_direction(gpio, output=False)
        if switch.debounce_us:
            self.hub.debouncer.register(gpio, switch.debounce_us, lambda level: self._debounced(switch, level))
        else:
            attach_interrupt(self.shared, gpio, Interrupt.ANYEDGE, lambda level, _at_ns: self._switched(switch, level))

    def release_interfaces(self) -> None:
        """Let go of what is let go of at all: converters, one-wire buses and ports stay as they are."""
        for number, interface in enumerate(self.interfaces):
            if interface.switch is not None:
                if interface.switch.debounce_us:
                    self.hub.debouncer.unregister(self.gpio(number))
                else:
                    self.shared.gpio.detach_interrupt(self.gpio(number))
        for number, interface in enumerate(self.interfaces):
            if interface.is_own:
                continue
            if interface.kind is Kind.GPIO:
                self.shared.locks.release_gpio(self.gpio(number))
            elif interface.kind is Kind.I2C:
                self.shared.driver(I2cDriver).detach(self.handles[number])
                self.shared.locks.release(Unit("i2c", self.handles[number]))

    # -- values that come unasked ---------------------------------------------------------------------------------

    def _switched(self, switch: Switch, level: int) -> None:
        latch = self.latches[switch.provides]
        latch.value = self.data[switch.provides]
        self.data[switch.provides] = switch.high if level else switch.low
        self.hub.changed(self)

    def _debounced(self, switch: Switch, level: int) -> None:
        self._switched(switch, level)
        self.latches[switch.provides].value = self.data[switch.provides]

    def begin_updates(self) -> None:
        """Forget what is known, as a task that scans does when it begins."""
        now_ns = self.shared.bench.now_ns()
        for number, latch in enumerate(self.latches):
            self.data[number] = 0
            latch.timeout = latch.repeat = False
            latch.since_ns = now_ns

    def update(self, values: Sequence[int], *, delay_ms: int, rate_ms: int, centre: int | None = None) -> None:
        """Take new values, the first ones of `provides`.

        With a delay or a rate, one that is not ``centre`` is told again when it has been the same for so long; and
        from then on each time, because the moment it counts from is never set anew.
        """
        now_ns = self.shared.bench.now_ns()
        for number, value in enumerate(values):
            latch = self.latches[number]
            latch.value = self.data[number]
            self.data[number] = value
            is_timed = bool(delay_ms or rate_ms)
            if is_timed and latch.value == value and value != centre:
                held_us = (now_ns - latch.since_ns) // NS_PER_US
                latch.timeout, latch.repeat = held_us >= 1000 * delay_ms, held_us >= 1000 * rate_ms
                continue
            latch.timeout = latch.repeat = False
            if is_timed:
                latch.since_ns = now_ns
        self.hub.changed(self)

    @property
    def news(self) -> list[tuple[str, float]]:
        """The values that have changed or are to be told again, with their names."""
        return [
            (value.id, now)
            for value, now, latch in zip(self.provides, self.data, self.latches, strict=True)
            if now != latch.value or latch.timeout or latch.repeat
        ]


class Scan:
    """A task that looks at something again and again until the sensor is detached. It keeps nobody waiting."""

    def __init__(self, sensor: Sensor, steps: Work[None]) -> None:
        self._sensor = sensor
        self._steps = steps
        self._next: Appointment | None = None
        self._step(sensor.shared.now_ns())

    def stop(self) -> None:
        """Scan no more."""
        if self._next is not None:
            self._next.cancelled = True

    def _step(self, now_ns: int) -> None:
        self._next = self._sensor.shared.bench.at(now_ns + next(self._steps), self._step, in_background=True)


def attach_interrupt(shared: Shared, gpio: int, kind: Interrupt, handler: Any) -> None:
    """Make a pin an input that is pulled up and interrupts (``gpio_isr_attach``)."""
    shared.gpio.configure(gpio, output=False)
    shared.gpio.set_pull(gpio, 1)
    shared.gpio.attach_interrupt(gpio, kind, handler)


def ms(milliseconds: int) -> int:
    """Return nanoseconds."""
    return milliseconds * NS_PER_MS
