"""Sensors that are levels and edges of pins: switches, a flow meter, and what is scanned (``sensors/*.c``).

Their values are there without being asked for. A scan of one that is detached ends, where the device's goes on in
memory that is no longer its own.
"""

from __future__ import annotations

from typing import ClassVar, Final

from simulator.c_numbers import divided, round_single
from simulator.device.drivers.adc import AdcDriver
from simulator.device.drivers.encoder import Encoder, EncoderDriver
from simulator.device.drivers.pio import check_direction
from simulator.device.drivers.sensors.analog import VDD_MV
from simulator.device.drivers.sensors.sensor import (
    Interface,
    Kind,
    Scan,
    Sensor,
    Switch,
    Value,
    Work,
    attach_interrupt,
    ms,
)
from simulator.hardware import GPIOS, OUTPUTS
from simulator.hardware.gpio import Interrupt
from simulator.vm.exceptions import DriverError

_DEBOUNCE_US: Final = 10_000


class SwitchSensor(Sensor):
    """A pin that is on when it is low, and what it is at first."""

    interfaces: ClassVar = (Interface(Kind.GPIO, switch=Switch(high=0, low=1, debounce_us=_DEBOUNCE_US)),)
    provides: ClassVar = (Value("on", "int"),)

    def setup(self) -> Work[None]:
        """Look at the pin."""
        yield from ()
        self.data[0] = self.latches[0].value = int(not self.shared.gpio.read(self.gpio()))


class PushSwitch(SwitchSensor):
    """A button."""

    id: ClassVar = "PUSH_SWITCH"


class TiltSwitch(SwitchSensor):
    """A ball in a tube."""

    id: ClassVar = "TILT_SWITCH"
    interfaces: ClassVar = (Interface(Kind.GPIO, switch=Switch(high=0, low=1, debounce_us=100_000)),)


class ToggleSwitch(SwitchSensor):
    """A switch with two positions."""

    id: ClassVar = "2P_TOGGLE_SWITCH"
    interfaces: ClassVar = (
        Interface(Kind.GPIO, "P1", Switch(high=0, low=1, debounce_us=_DEBOUNCE_US), is_auto=True),
    )  # fmt: skip
    provides: ClassVar = (Value("pos", "int"),)


class ThreeWaySwitch(Sensor):
    """A switch with a middle position, which is where it is as soon as either contact opens."""

    id: ClassVar = "3P_TOGGLE_SWITCH"
    interfaces: ClassVar = (
        Interface(Kind.GPIO, "P1", Switch(high=0, low=1, debounce_us=_DEBOUNCE_US), is_auto=True),
        Interface(Kind.GPIO, "P2", Switch(high=0, low=2, debounce_us=_DEBOUNCE_US), is_auto=True),
    )
    provides: ClassVar = (Value("pos", "int"),)

    def setup(self) -> Work[None]:
        """Look at the pins."""
        yield from ()
        levels = self.shared.gpio.read(self.gpio(0)), self.shared.gpio.read(self.gpio(1))
        self.data[0] = self.latches[0].value = {(0, 1): 1, (1, 0): 2}.get(levels, 0)


class HallSwitch(Sensor):
    """A switch that a magnet closes. The firmware has it twice, once without a look at the pin; that one is found."""

    id: ClassVar = "HALL_SWITCH"
    interfaces: ClassVar = (Interface(Kind.GPIO, switch=Switch(high=0, low=1)),)
    provides: ClassVar = (Value("on", "int"),)


class Am412(Sensor):
    """A motion sensor."""

    id: ClassVar = "AM412"
    interfaces: ClassVar = (Interface(Kind.GPIO, switch=Switch(high=1, low=0)),)
    provides: ClassVar = (Value("presence", "int"),)


_PULSES: Final = 20
_CYCLES_PER_US: Final = 240
_CYCLES_MAX: Final = 0xFFFFFFFF


class HallFlow(Sensor):
    """A water meter. The first count begins with its first pulse, so it is of one period less than the others.

    Callbacks are taken, and nobody calls them.
    """

    id: ClassVar = "HALL_FLOW"
    interfaces: ClassVar = (Interface(Kind.GPIO, is_own=True, is_auto=True),)
    provides: ClassVar = (Value("q", "double"), Value("l", "double"), Value("f", "double"))
    settings: ClassVar = (Value("k", "double"),)
    _K: ClassVar = 120
    _count = 0
    _last = 0
    """What the CPU's counter was; 0 before the first pulse."""

    def setup(self) -> Work[None]:
        """Count the pulses."""
        yield from ()
        check_direction(self.gpio() & 0xFF, output=False)
        attach_interrupt(self.shared, self.gpio(), Interrupt.POSEDGE, self._pulse)

    def unsetup(self) -> None:
        """Count no more."""
        self.shared.gpio.detach_interrupt(self.gpio())

    def _pulse(self, _level: int, at_ns: int) -> None:
        counter = at_ns * _CYCLES_PER_US // 1000 & _CYCLES_MAX
        self._count += 1
        if not self._last:
            self._last = counter
            self.data[0] = 0.0
        elif self._count == _PULSES:
            micros = (counter - self._last & _CYCLES_MAX) / _CYCLES_PER_US
            hertz = divided(self._count * 1_000_000, micros)
            self.data[0] = hertz / self._K
            self.data[1] += self.data[0] * micros / 60_000_000
            self.data[2] = hertz
            self._count, self._last = 0, counter


class RelativeRotaryEncoder(Sensor):
    """An encoder with a button, of the driver of encoders. A direction is told with every step, as if it were new."""

    id: ClassVar = "REL_ROT_ENCODER"
    interfaces: ClassVar = tuple(
        Interface(Kind.GPIO, name, is_own=True, is_auto=True) for name in ("A", "B", "SW")
    )  # fmt: skip
    provides: ClassVar = (Value("dir", "int"), Value("val", "int"), Value("sw", "int"))
    _encoder: Encoder

    def setup(self) -> Work[None]:
        """Take the pins."""
        yield from ()
        a, b, button = (self.gpio(number) for number in range(3))
        self._encoder = self.shared.driver(EncoderDriver).setup(a, b, button, self._turned)

    def unsetup(self) -> None:
        """Give them back."""
        self.shared.driver(EncoderDriver).unsetup(self._encoder)

    def _turned(self, direction: int, counter: int, button: int) -> None:
        before = list(self.data)
        self.data[:] = [direction, counter, button]
        for latch, value in zip(self.latches, before, strict=True):
            latch.value = value
        if counter != before[1]:
            self.latches[0].value = 0
        self.hub.changed(self)


_REPEAT: Final = (Value("repeat", "int"), Value("repeat delay", "int"), Value("repeat rate", "int"))
_REPEAT_AT_FIRST: Final = (1, 1500, 500)
_REST_MS: Final = 10


class ScanningSensor(Sensor):
    """A sensor with a task that looks at it again and again. How it repeats cannot be set."""

    settings: ClassVar = _REPEAT
    _scan: Scan | None = None

    def setup(self) -> Work[None]:
        """Begin to scan."""
        yield from ()
        self.set_to[:] = _REPEAT_AT_FIRST
        self._scan = Scan(self, self.scan())

    def unsetup(self) -> None:
        """Scan no more."""
        if self._scan is not None:
            self._scan.stop()

    def scan(self) -> Work[None]:
        """Look, update and rest, for ever."""
        raise NotImplementedError

    def repeat(self, values: list[int], *, centre: int | None = None) -> None:
        """Take new values, which repeat as they are set to."""
        repeats, delay_ms, rate_ms = (int(value) for value in self.set_to)
        self.update(
            values, delay_ms=delay_ms if repeats else 0, rate_ms=rate_ms if repeats else 0, centre=centre
        )  # fmt: skip


class AnalogJoystick(ScanningSensor):
    """Two potentiometers, of which the directions count, and a button."""

    id: ClassVar = "ANALOG_JOYSTICK"
    interfaces: ClassVar = (
        Interface(Kind.ADC, "X", is_auto=True),
        Interface(Kind.ADC, "Y", is_auto=True),
        Interface(Kind.GPIO, "SW", Switch(high=0, low=1, provides=2, debounce_us=_DEBOUNCE_US)),
    )
    provides: ClassVar = (Value("x", "int"), Value("y", "int"), Value("sw", "int"))

    def setup(self) -> Work[None]:
        """Note whether the button is pressed, which the scan forgets again, and begin to scan."""
        self.latches[2].value = int(not self.shared.gpio.read(self.gpio(2)))
        yield from super().setup()

    def scan(self) -> Work[None]:
        """Convert both."""
        self.begin_updates()
        adc = self.shared.driver(AdcDriver)
        while True:
            self.repeat([_direction(adc.sample(handle)[1]) for handle in self.handles[:2]], centre=0)
            yield ms(_REST_MS)


def _direction(millivolts: float) -> int:
    """Return -1, 0 or 1: beyond half of the way from the middle it counts."""
    middle = VDD_MV / 2
    share = round_single(100 * (millivolts - middle) / middle) / 100
    return 1 if share >= 0.5 else -1 if share <= -0.5 else 0


class KeyMatrix(ScanningSensor):
    """Sixteen keys: one line after the other is pulled low, and each time four rows are looked at."""

    id: ClassVar = "KEY_MATRIX_4_4"
    interfaces: ClassVar = tuple(
        Interface(Kind.GPIO, name, is_own=True, is_auto=True)
        for name in ("L1", "L2", "L3", "L4", "H1", "H2", "H3", "H4")
    )
    provides: ClassVar = tuple(Value(f"key{number}", "int") for number in range(1, 17))
    _SETTLE_MS: ClassVar = 1

    def setup(self) -> Work[None]:
        """Take the pins. What cannot be what it should be is left as it is."""
        pins = [self.gpio(number) for number in range(8)]
        for gpio in pins:
            if not 0 <= gpio < 40:
                raise DriverError("gpio", "InvalidPin")
            self.shared.locks.take_gpio(self.owner, gpio, self.id)
        for gpio in OUTPUTS.intersection(pins[:4]):
            self.shared.gpio.configure(gpio, output=True)
        for gpio in pins[4:]:
            if gpio in GPIOS:
                self.shared.gpio.configure(gpio, output=False)
                self.shared.gpio.set_pull(gpio, 1)
        yield from super().setup()

    def scan(self) -> Work[None]:
        """Pull one line low after the other."""
        self.begin_updates()
        gpio = self.shared.gpio
        while True:
            keys = [0] * 16
            for line in range(4):
                if self.gpio(line) not in OUTPUTS:
                    continue
                gpio.set_latch(self.gpio(line), 0)
                yield ms(self._SETTLE_MS)
                for row in range(4):
                    keys[4 * row + line] = int(not gpio.read(self.gpio(4 + row)))
                gpio.set_latch(self.gpio(line), 1)
                yield ms(self._SETTLE_MS)
            self.repeat(keys)
            yield ms(_REST_MS)


SENSORS: Final = (
    Am412, AnalogJoystick, HallFlow, HallSwitch, KeyMatrix, PushSwitch, RelativeRotaryEncoder, ThreeWaySwitch,
    TiltSwitch, ToggleSwitch,
)  # fmt: skip
