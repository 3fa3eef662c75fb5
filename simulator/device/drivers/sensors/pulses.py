"""Sensors that are asked with a pulse and answer with pulses: DHT11, DHT22, DHT23, PING28015 and US015.

Where a channel of the remote control peripheral is free, it sends and receives (``drivers/rmt.c``); otherwise the
driver does so itself, bit by bit. Both are the same wire to a sensor; what fails is told in different words.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import ClassVar, Final

from simulator.c_numbers import round_half_away
from simulator.device.drivers.sensors.sensor import Interface, Kind, Sensor, Value, Work, ms
from simulator.device.drivers.shared import Shared
from simulator.hardware import LockedError, Unit
from simulator.hardware.wire import Edge
from simulator.units import NS_PER_MS, NS_PER_US
from simulator.vm.exceptions import DriverError

_WAITS: Final = 11
"""A reception waits so often for its timeout before it gives up."""
_LONG_WAIT_NS: Final = NS_PER_MS
"""Up to here a wait for the next edge is paid for on the spot; during a longer one other tasks run."""


class PulseSensor(Sensor):
    """A sensor that prefers a channel of the remote control peripheral for the pin of its first interface."""

    _channel: int | None = None

    def take_channel(self) -> None:
        """Exchange the lock on the pin for a channel, or else take it again. Raises `LockedError`."""
        gpio = self.gpio()
        self.shared.locks.release_gpio(gpio)
        try:
            self._channel = self.shared.rmt.take(self.shared.locks, gpio)
            if self._channel is not None:
                self.shared.locks.take(self.owner, (Unit("rmt", self._channel), self.id))
        except LockedError:
            self._channel = None
        if self._channel is None:
            self.shared.locks.take_gpio(self.owner, gpio, self.id)

    def give_channel_back(self) -> None:
        """Give back whichever of the two it was."""
        if self._channel is None:
            self.shared.locks.release_gpio(self.gpio())
        else:
            self.shared.rmt.release(self.shared.locks, self._channel)
            self.shared.locks.release(Unit("rmt", self._channel))

    def drive(self, level: int) -> None:
        """Drive the pin."""
        self.shared.gpio.set_latch(self.gpio(), level)
        self.shared.gpio.configure(self.gpio(), output=True)

    def let_go(self, *, pull_up: bool = False) -> None:
        """Make the pin an input."""
        self.shared.gpio.configure(self.gpio(), output=False)
        if pull_up:
            self.shared.gpio.set_pull(self.gpio(), 1)


class Reception:
    """The edges on a wire from now on, until none has come for ``idle_ns``."""

    def __init__(self, shared: Shared, gpio: int) -> None:
        self.edges: list[Edge] = []
        self._shared = shared
        self._wire = shared.bench.wire(gpio)

    def receive(self, *, idle_ns: int, timeout_ns: int) -> Work[list[Edge]]:
        """Return the edges; an empty list if there was none for so long."""
        shared, edges = self._shared, self.edges

        def changed(level: int, at_ns: int) -> None:
            edges.append((at_ns, level))

        self._wire.on_level.append(changed)
        try:
            limit_ns = shared.now_ns() + timeout_ns
            while shared.now_ns() < limit_ns:
                gap_ns = _gap_ns(shared, limit_ns)
                if gap_ns > _LONG_WAIT_NS or not edges:
                    yield gap_ns
                    gap_ns = 0
                shared.pay(gap_ns)
                if edges:
                    limit_ns = edges[-1][0] + idle_ns
        finally:
            self._wire.on_level.remove(changed)
        return edges


def _gap_ns(shared: Shared, limit_ns: int) -> int:
    """Return how long nothing happens on the bench, at most until the limit."""
    due_ns, now_ns = shared.bench.deadline_ns, shared.now_ns()
    return min(limit_ns if due_ns is None else max(due_ns, now_ns), limit_ns) - now_ns


def widths_us(edges: Sequence[Edge]) -> list[int]:
    """Return how long each level lasted that the edges begin, except the last one."""
    return [(then - now) // NS_PER_US for (now, _), (then, _) in pairwise(edges)]


# -- DHT ------------------------------------------------------------------------------------------------------------

_DHT_BITS: Final = 40
_DHT_ATTEMPTS: Final = 5
_DHT_ASK_MS: Final = 20
_DHT_RELEASE_NS: Final = 40 * NS_PER_US
_DHT_IDLE_NS: Final = 100 * NS_PER_US
_DHT_TIMEOUT_NS: Final = _WAITS * 100 * NS_PER_MS
_DHT_RECEIVED_MIN: Final = 11
"""The driver takes the bytes that were received for pulses, so that a quarter of them does."""


class Dht(PulseSensor):
    """A sensor of the family. ``settle_ms`` is how long it rests between two measurements."""

    interfaces: ClassVar = (Interface(Kind.GPIO),)
    provides: ClassVar = (Value("temperature", "float"), Value("humidity", "float"))
    settle_ms: ClassVar[int]

    def setup(self) -> Work[None]:
        """Take a channel and leave the wire alone."""
        yield from ()
        self.take_channel()
        self.let_go(pull_up=True)

    def after_setup(self) -> Work[None]:
        """Wait for the power to be stable, where it can be switched."""
        if self.shared.power_bus.on_for_ns() < ms(1000):
            yield ms(1000)

    def unsetup(self) -> None:
        """Give the channel back."""
        self.give_channel_back()

    def measure(self) -> Work[list[float]]:
        """Ask up to five times."""
        failure = DriverError("sensor", "InvalidData", "crc")
        for attempt in range(_DHT_ATTEMPTS):
            if attempt:
                yield ms(self.settle_ms)
            data = yield from self._ask()
            if data is None:
                failure = DriverError("sensor", "Timeout")
            elif sum(data[:4]) & 0xFF == data[4]:
                self.next_ns = self.shared.now_ns() + ms(self.settle_ms)
                return self.values_of(data)
            else:
                failure = DriverError("sensor", "InvalidData", "crc")
        raise failure

    def _ask(self) -> Work[bytes | None]:
        """Return the five bytes of an answer; None if there is none. A channel of the peripheral raises instead."""
        self.drive(0)
        yield ms(_DHT_ASK_MS)
        if self._channel is None:
            self.let_go(pull_up=True)
            edges = yield from Reception(self.shared, self.gpio()).receive(
                idle_ns=_DHT_IDLE_NS, timeout_ns=_DHT_IDLE_NS
            )
            lows_and_highs = widths_us(edges)[2:]  # after the pulse that announces the answer
            if len(lows_and_highs) < 2 * _DHT_BITS:
                return None
        else:
            self.drive(1)
            self.shared.pay(_DHT_RELEASE_NS)
            self.let_go(pull_up=True)
            edges = yield from Reception(self.shared, self.gpio()).receive(
                idle_ns=_DHT_IDLE_NS, timeout_ns=_DHT_TIMEOUT_NS
            )
            if len(edges) < 2 * _DHT_RECEIVED_MIN:
                raise DriverError("rmt", "Timeout")
            lows_and_highs = widths_us(edges)[2:]
        pairs = zip(lows_and_highs[::2], lows_and_highs[1::2], strict=False)
        bits = "".join(str(int(high > low)) for low, high in pairs)[:_DHT_BITS].ljust(_DHT_BITS, "0")
        return int(bits, 2).to_bytes(_DHT_BITS // 8, "big")

    def values_of(self, data: bytes) -> list[float]:
        """Return temperature and humidity."""
        raise NotImplementedError


class Dht11(Dht):
    """Whole numbers."""

    id: ClassVar = "DHT11"
    settle_ms: ClassVar = 1000

    def values_of(self, data: bytes) -> list[float]:
        """Return the whole parts."""
        return [float(data[2]), float(data[0])]


class Dht22(Dht):
    """Tenths."""

    id: ClassVar = "DHT22"
    settle_ms: ClassVar = 2000

    def values_of(self, data: bytes) -> list[float]:
        """Return tenths; the temperature has a sign of its own."""
        temperature = ((data[2] & 0x7F) << 8 | data[3]) / 10
        return [-temperature if data[2] & 0x80 else temperature, (data[0] << 8 | data[1]) / 10]


class Dht23(Dht22):
    """As the DHT22."""

    id: ClassVar = "DHT23"


# -- ultrasonic distance --------------------------------------------------------------------------------------------

_SETTLE_NS: Final = 200 * NS_PER_US
_THROWN_AWAY: Final = 4
_NO_ECHO_CM: Final = 2.0


class Ultrasonic(PulseSensor):
    """The distance from the width of an echo."""

    provides: ClassVar = (Value("distance", "double"),)
    settings: ClassVar = (Value("calibration", "double"), Value("temperature", "double"))

    def before_setup(self) -> None:
        """20 degrees."""
        self.set_to[:] = [0.0, 20.0]

    def change(self, setting: str, value: float) -> Work[None]:
        """Keep it."""
        yield from ()
        self.set_to[self.setting_index(setting)] = value

    def throw_away(self) -> Work[None]:
        """Measure a few times for nothing."""
        for _ in range(_THROWN_AWAY):
            with suppress(DriverError):
                yield from self.measure()
            self.shared.pay(_SETTLE_NS)

    def measure(self) -> Work[list[float]]:
        """Measure the echo."""
        echo_us = yield from self.echo_us()
        if echo_us is None:
            raise DriverError("sensor", "Timeout")
        calibration, celsius = self.set_to
        # 60 where 600 was meant: the temperature counts for a tenth of what it should.
        mm_per_us = (331_500 + 60 * celsius) / 1_000_000
        centimetres = echo_us / 2 * mm_per_us / 10 + calibration
        self.next_ns = self.shared.now_ns() + _SETTLE_NS
        return [round_half_away(centimetres * 10) / 10 if echo_us else _NO_ECHO_CM]

    def echo_us(self) -> Work[int | None]:
        """Return how long the echo was; None if there was none."""
        raise NotImplementedError

    def high_us(self, gpio: int, timeout_us: int) -> Work[int | None]:
        """Wait for the pin to be low, high, and low again, and return how long it was high.

        The timeout counts for the first two together, and then anew (``gpio_get_pulse_time``).
        """
        limit_ns = self.shared.now_ns() + timeout_us * NS_PER_US
        rise_ns = 0
        for level in (0, 1, 0):
            if not (yield from self._wait_for(gpio, level, limit_ns)):
                return None
            if level:
                rise_ns = self.shared.now_ns()
                limit_ns = rise_ns + timeout_us * NS_PER_US
        return (self.shared.now_ns() - rise_ns) // NS_PER_US

    def _wait_for(self, gpio: int, level: int, limit_ns: int) -> Work[bool]:
        while self.shared.gpio.read(gpio) != level:
            if self.shared.now_ns() >= limit_ns:
                return False
            gap_ns = _gap_ns(self.shared, limit_ns)
            if gap_ns > _LONG_WAIT_NS:
                yield gap_ns
            else:
                self.shared.pay(gap_ns)
        return True


class Ping28015(Ultrasonic):
    """A sensor with one pin."""

    id: ClassVar = "PING28015"
    interfaces: ClassVar = (Interface(Kind.GPIO, "SIG"),)
    _TIMEOUT_US: ClassVar = 26_000

    def setup(self) -> Work[None]:
        """Take a channel, and leave the wire low."""
        self.take_channel()
        self.drive(0)
        yield from self.throw_away()

    def echo_us(self) -> Work[int | None]:
        """Send the pulse and take the one that answers."""
        if self._channel is None:
            self.drive(0)
            self.drive(1)
            self.shared.pay(5 * NS_PER_US)
            self.drive(0)
            self.let_go()
            return (yield from self.high_us(self.gpio(), self._TIMEOUT_US))
        self.drive(1)
        self.shared.pay(10 * NS_PER_US)
        self.drive(0)
        self.let_go()
        timeout_ns = self._TIMEOUT_US * NS_PER_US
        edges = yield from Reception(self.shared, self.gpio()).receive(
            idle_ns=timeout_ns, timeout_ns=_WAITS * timeout_ns
        )
        # The wire rests at low after the echo: the last of the two edges.
        return widths_us(edges)[0] if len(edges) > 1 else None


class Us015(Ultrasonic):
    """A sensor with a pin to trigger it and one for the echo. It takes no channel."""

    id: ClassVar = "US015"
    interfaces: ClassVar = (Interface(Kind.GPIO, "TRIG"), Interface(Kind.GPIO, "ECHO"))
    _TIMEOUT_US: ClassVar = 18_500

    def setup(self) -> Work[None]:
        """Rest, then measure for nothing."""
        self.drive(0)
        self.shared.pay(_SETTLE_NS)
        self.shared.gpio.configure(self.gpio(1), output=False)
        yield from self.throw_away()

    def echo_us(self) -> Work[int | None]:
        """Trigger it and take the echo."""
        self.shared.gpio.set_latch(self.gpio(), 1)
        self.shared.pay(10 * NS_PER_US)
        self.shared.gpio.set_latch(self.gpio(), 0)
        return (yield from self.high_us(self.gpio(1), self._TIMEOUT_US))


SENSORS: Final = (Dht11, Dht22, Dht23, Ping28015, Us015)
