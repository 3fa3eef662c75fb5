"""stepper: motors behind step and direction pins (``components/sys/drivers/stepper.c``).

A move is planned first and then started, alone or with others, which are then stretched to the longest. The pulses are
prepared ahead of time, in a buffer of the size that the device has, and what ``getdistance`` counts down is what is
still to be prepared. Here they go out in portions; whoever asks for a position gets it up to the moment.

What was not planned since it last ran never ends when it is started: whoever waits for it waits for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, ClassVar, Final, NamedTuple

from simulator.c_numbers import divided, single, whole
from simulator.device.calls import call
from simulator.device.drivers.pio import check_direction
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import DONE, WAIT, Kernel, Task
from simulator.hardware import Unit
from simulator.hardware.bench import Appointment
from simulator.hardware.motion import Profile, plan, stretch
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import DriverError

UNITS: Final = 8
_LED_UNITS: Final = UNITS - 1
"""Loops that end one too early forget the last one: nothing sets its direction, stretches it or stops it."""
_STEP_PIN_MAX: Final = 31

_TICK_NS: Final = 25
_PULSE_TICKS: Final = 120
PULSE_NS: Final = _PULSE_TICKS * _TICK_NS
_ITEM_TICKS_MAX: Final = 32767 // 2
"""A step is an item with the pulse and a pause of up to so much; if that is too short, more with two pauses each."""
_BUFFER_ITEMS: Final = 639
_SENDER_ITEMS: Final = 64
"""What the remote control peripheral has for itself. It is filled up by halves."""
_REFILL_ITEMS: Final = _SENDER_ITEMS // 2

_PORTION_NS: Final = 50 * NS_PER_MS
_UINT32_MAX: Final = 0xFFFFFFFF


class _Step(NamedTuple):
    """A step that has been prepared: when its pulse rises, when its period is over, and its items."""

    rises_ns: int
    ends_ns: int
    items: int


@dataclass(slots=True)
class _Motor:
    number: int
    step: int
    dir: int
    steps_per_unit: float
    units_per_step: float
    slow: float
    fast: float
    acceleration: float
    jerk: float
    forward: bool = False
    distance: float = 0.0
    profile: Profile | None = None
    jerk_of_move: float = 0.0
    position: int = 0
    unprepared: int = 0
    """Steps of the move for which no pulse has been prepared yet."""
    is_planned: bool = False
    """Whether there is a move that was not started yet."""
    is_started: bool = False
    """Whether it counts as running."""
    periods: Iterator[float] | None = None
    """Where the periods of the steps come from while it moves."""
    next_ticks: int = 0
    next_ns: int = 0
    rising: deque[_Step] = field(default_factory=deque)
    """Steps whose pulse is still to come."""
    ending: deque[_Step] = field(default_factory=deque)
    """Steps whose period is not over."""
    prepared_items: int = 0
    sent_items: int = 0
    portion: Appointment | None = None


class _EventGroup:
    """Bits of motors that came to an end, and who waits for some of them (FreeRTOS ``event_groups.c``)."""

    def __init__(self) -> None:
        self.bits: set[int] = set()
        self.waiting: list[tuple[Task, frozenset[int]]] = []

    def set(self, bit: int) -> list[Task]:
        """Set a bit; return who has now got all that he waited for, and clear those bits."""
        self.bits.add(bit)
        served = [entry for entry in self.waiting if entry[1] <= self.bits]
        for entry in served:
            self.waiting.remove(entry)
        for _, wanted in served:
            self.bits -= wanted
        return [task for task, _ in served]

    def wait(self, task: Task, wanted: frozenset[int]) -> bool:
        """Let a task wait, unless the bits are set: then clear them, and return False."""
        if wanted <= self.bits:
            self.bits -= wanted
            return False
        self.waiting.append((task, wanted))
        return True


class StepperDriver(Driver):
    """The motors."""

    name: ClassVar[str] = "stepper"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._motors: dict[int, _Motor] = {}
        self._moves = _EventGroup()
        self._stops = _EventGroup()

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: nobody waits."""
        super().connect(kernel)
        self._moves.waiting.clear()
        self._stops.waiting.clear()

    def close(self) -> None:
        """The chip is reset: no more pulses."""
        for motor in self._motors.values():
            self._cut(motor)

    def _motor(self, number: int) -> _Motor:
        motor = self._motors[number]
        self._advance(motor, self.shared.now_ns())
        return motor

    @call("stepper.attach")
    def _attach(
        self, dir_: int, step: int, steps_per_unit: float, slow: float, fast: float, acceleration: float, jerk: float
    ) -> tuple[Any, ...]:
        self.shared.pay()
        dir_, step = dir_ & 0xFF, step & 0xFF
        if step > _STEP_PIN_MAX:
            raise DriverError("stepper", "InvalidPin", "must be between 0 and 31")
        # With all of them taken the first one is taken again.
        number = next((number for number in range(UNITS) if number not in self._motors), 0)
        self.shared.locks.take(Unit("stepper", number), (Unit("gpio", step), "STEP"), (Unit("gpio", dir_), "DIR"))
        for gpio in (step, dir_):
            check_direction(gpio, output=True)
            self.shared.gpio.set_latch(gpio, 0)
            self.shared.gpio.configure(gpio, output=True)
        self.shared.gpio.route(step, output=True, keeps_input=True)
        if number in self._motors:
            self._cut(self._motors[number])
        numbers = map(_number, (steps_per_unit, slow / 60, fast / 60, acceleration, jerk))
        steps_per_unit, slow, fast, acceleration, jerk = numbers
        units_per_step = single(divided(1, steps_per_unit))
        self._motors[number] = _Motor(
            number, step, dir_, steps_per_unit, units_per_step, slow, fast, acceleration, jerk
        )  # fmt: skip
        self.shared.log(f"stepper{number}, at pins step=GPIO{step}, dir=GPIO{dir_}")
        return (number,)

    # -- planning and starting ------------------------------------------------------------------------------------

    @call("stepper.move")
    def _move(
        self, number: int, units: float, speed: float | None, acceleration: float | None, jerk: float | None
    ) -> None:
        self.shared.pay()
        motor = self._motor(number)
        speed = motor.fast if speed is None else min(max(_number(speed) / 60, motor.slow), motor.fast)
        acceleration = motor.acceleration if acceleration is None else _number(acceleration)
        if acceleration < 0:
            raise DriverError("stepper", "InvalidAcceleration")
        if motor.periods is not None:
            self._end(motor)  # the device mixes up the pulses of both moves
        motor.forward = units >= 0
        motor.distance = abs(_number(units))
        motor.jerk_of_move = motor.jerk if jerk is None else _number(jerk)
        motor.profile = plan(
            motor.distance, slow=motor.slow, fast=speed, acceleration=acceleration, jerk=motor.jerk_of_move
        )
        motor.unprepared = min(max(0, int(motor.distance * motor.steps_per_unit)), _UINT32_MAX)
        motor.is_planned = True

    @call("stepper.start")
    def _start(self, mask: int, waits: bool) -> Any:
        self.shared.pay()
        wanted = frozenset(number for number in range(UNITS) if mask >> number & 1)
        if not wanted:
            return None
        led = [self._motor(number) for number in sorted(wanted) if number < _LED_UNITS]
        for motor in led:
            self.shared.gpio.set_latch(motor.dir, int(motor.forward))
        self._keep_step(led)
        self._moves.bits.clear()
        self._stops.bits.clear()
        for number in wanted:
            self._motors[number].is_started = True
        now_ns = self.shared.now_ns()
        for motor in tuple(self._motors.values()):
            if motor.is_started and motor.is_planned:
                self._begin(motor, now_ns)
        return WAIT if waits and self._moves.wait(self.kernel.current, wanted) else None

    def _keep_step(self, motors: list[_Motor]) -> None:
        """Stretch all to the time of the one that goes farthest."""
        if not motors:
            return
        farthest = max(motors, key=lambda motor: motor.distance)
        if farthest.profile is None:
            return
        for motor in motors:
            if motor.distance != farthest.distance:
                motor.profile = stretch(
                    motor.distance, farthest.profile.total_s, slow=motor.slow, jerk=motor.jerk_of_move
                )

    def _begin(self, motor: _Motor, now_ns: int) -> None:
        assert motor.profile is not None
        motor.is_planned = False
        motor.periods = motor.profile.periods(motor.units_per_step)
        motor.prepared_items = motor.sent_items = 0
        motor.next_ns = now_ns
        if not motor.unprepared:
            self._end(motor)
            return
        motor.next_ticks = _ticks(next(motor.periods))
        self._advance(motor, now_ns)
        self._schedule(motor, now_ns)

    # -- pulses ---------------------------------------------------------------------------------------------------

    def _schedule(self, motor: _Motor, now_ns: int) -> None:
        due_ns = now_ns + _PORTION_NS
        if not motor.unprepared:
            due_ns = min(due_ns, motor.ending[-1].ends_ns)

        def portion(at_ns: int) -> None:
            self._advance(motor, at_ns)
            if motor.periods is not None:
                self._schedule(motor, at_ns)

        motor.portion = self.shared.bench.at(due_ns, portion)

    def _advance(self, motor: _Motor, now_ns: int) -> None:
        """Send the pulses that were due until now, prepare others in their place, and take note of the end."""
        if motor.periods is None:
            return
        rises_ns: list[int] = []
        while True:
            self._prepare(motor, motor.periods)
            while motor.rising and motor.rising[0].rises_ns <= now_ns:
                rises_ns.append(motor.rising.popleft().rises_ns)
            if not motor.ending or motor.ending[0].ends_ns > now_ns:
                break
            while motor.ending and motor.ending[0].ends_ns <= now_ns:
                motor.sent_items += motor.ending.popleft().items
        if rises_ns:
            motor.position += len(rises_ns) if motor.forward else -len(rises_ns)
            self.shared.bench.wire(motor.step).pulse(rises_ns, PULSE_NS)
        if not motor.ending and not motor.unprepared:
            self._end(motor)

    def _prepare(self, motor: _Motor, periods: Iterator[float]) -> None:
        room = _BUFFER_ITEMS
        if motor.sent_items >= _REFILL_ITEMS:
            room += _SENDER_ITEMS + motor.sent_items // _REFILL_ITEMS * _REFILL_ITEMS
        while motor.unprepared:
            ticks = motor.next_ticks
            items = 1
            if ticks - _PULSE_TICKS >= _ITEM_TICKS_MAX:
                items += 1 + (ticks - _ITEM_TICKS_MAX) // (2 * _ITEM_TICKS_MAX)
                ticks += _PULSE_TICKS  # the pulse is not counted as a part of the period then
            # A step that does not fit as a whole is none yet, but one that is alone always gets in, part by part.
            if motor.prepared_items + items > room and motor.ending:
                break
            step = _Step(motor.next_ns, motor.next_ns + ticks * _TICK_NS, items)
            motor.rising.append(step)
            motor.ending.append(step)
            motor.prepared_items += items
            motor.unprepared -= 1
            motor.next_ns = step.ends_ns
            motor.next_ticks = _ticks(next(periods))

    def _cut(self, motor: _Motor) -> None:
        """Send no more pulses."""
        motor.periods = None
        motor.rising.clear()
        motor.ending.clear()
        if motor.portion is not None:
            motor.portion.cancelled = True
            motor.portion = None

    def _end(self, motor: _Motor) -> None:
        self._cut(motor)
        motor.is_started = False
        for task in self._stops.set(motor.number) + self._moves.set(motor.number):
            if self.kernel.has(task):
                self.kernel.answer(task, DONE)

    @call("stepper.stop")
    def _stop(self, waits: bool) -> Any:
        """Stop all that run, whoever was meant. What cannot end does not end by this either."""
        self.shared.pay()
        running = [self._motor(number) for number in sorted(self._motors) if number < _LED_UNITS]
        running = [motor for motor in running if motor.is_started]
        for motor in running:
            if motor.periods is not None:
                self._end(motor)
        wanted = frozenset(motor.number for motor in running)
        return WAIT if waits and wanted and self._stops.wait(self.kernel.current, wanted) else None

    # -- asking ---------------------------------------------------------------------------------------------------

    @call("stepper.distance")
    def _distance(self, number: int) -> tuple[Any, ...]:
        self.shared.pay()
        motor = self._motor(number)
        return (motor.unprepared * motor.units_per_step,)

    @call("stepper.position")
    def _position(self, number: int) -> tuple[Any, ...]:
        self.shared.pay()
        motor = self._motor(number)
        return (motor.position * motor.units_per_step,)

    @call("stepper.setposition")
    def _setposition(self, number: int, units: float) -> None:
        self.shared.pay()
        motor = self._motor(number)
        motor.position = whole(single(units * motor.units_per_step))  # it should be the other way round

    @call("stepper.running")
    def _running(self, number: int) -> tuple[Any, ...]:
        self.shared.pay()
        return (self._motor(number).is_started,)


def _number(value: float) -> float:
    """Return a number, or 0 for infinity and what is none, of which the device makes anything."""
    return value if isfinite(value) else 0.0


def _ticks(period_s: float) -> int:
    """Return the ticks of a period. A pulse and a tick are the shortest; a motor that should stand still crawls."""
    ticks = period_s * NS_PER_S / _TICK_NS
    return _UINT32_MAX if ticks >= _UINT32_MAX else max(int(ticks), _PULSE_TICKS + 1)
