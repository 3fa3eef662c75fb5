"""A part: something that is connected to the board's pins and that people look at, press, turn or warm up.

A part has *controls*, which are set from outside (a scenario step, the page, a test), and a *state*, which can be seen.
Controls are named as wokwi names them where it has the same part; their values are numbers, or a text where that is
said. Everything else that tells one part from another of its type is a field, and a key in a file: its type says what
it may be (`simulator.descriptions` reads it), so use those of this module.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple, TypeAlias

from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.hardware.bench import Appointment, Bench
    from simulator.hardware.courses import Course
    from simulator.hardware.wire import Wire


class Limits(NamedTuple):
    """What a number of a field may be."""

    low: float
    high: float = math.inf


class PinOf(NamedTuple):
    """Marks a field as a pin of the board; ``is_optional`` ones are `NO_PIN` if they are not connected."""

    is_optional: bool = False


NO_PIN: Final = -1

Pin: TypeAlias = Annotated[int, PinOf()]
OptionalPin: TypeAlias = Annotated[int, PinOf(is_optional=True)]
I2cAddress: TypeAlias = Annotated[int, Limits(0, 0x7F)]
Count: TypeAlias = Annotated[int, Limits(1)]
Amount: TypeAlias = Annotated[float, Limits(0)]
"""Of whatever there is none less of than nothing."""


class Control(NamedTuple):
    """Something that can be set: what it means, its first value, and its limits."""

    summary: str
    initial: float
    low: float
    high: float


SWITCH_LOW, SWITCH_HIGH = 0, 1


def switch(summary: str) -> Control:
    """Return a control that is 0 or 1, at first 0."""
    return Control(summary, 0, SWITCH_LOW, SWITCH_HIGH)


@dataclass(kw_only=True, eq=False)
class Part:
    """A part by the name ``name``; `Bench.attach` connects it. Numbers of pins are GPIO numbers."""

    type_name: ClassVar[str]
    controls: ClassVar[Mapping[str, Control]] = {}
    text_controls: ClassVar[Mapping[str, str]] = {}
    """Controls that take a text: name and what they mean."""

    name: str
    bench: Bench = field(init=False, repr=False)
    values: dict[str, float] = field(init=False, repr=False)
    """What the controls are set to."""
    state: dict[str, Any] = field(init=False, repr=False, default_factory=dict)
    """What can be seen of it."""
    courses: Mapping[str, Course] = field(init=False, repr=False, default_factory=dict)
    """What controls follow from the beginning."""
    _next_steps: dict[str, Appointment] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.values = {name: control.initial for name, control in self.controls.items()}

    def connect(self) -> None:
        """Take hold of the wires. Called once, when the part is on its bench."""
        raise NotImplementedError

    def control_changed(self, name: str, at_ns: int) -> None:
        """A control has been set; `values` has it."""

    def text_given(self, name: str, text: str, at_ns: int) -> None:
        """A control that takes a text has been given one."""

    def preset(self, name: str, value: float) -> None:
        """Set a control before the part is connected. Raises `UsageError` as `set_control`."""
        self.values[name] = self._checked(name, value)

    def set_control(self, name: str, value: float | str) -> None:
        """Set a control now, which ends the course that it followed.

        Raises `UsageError` if it has none of that name, or for a value out of its range.
        """
        if name not in self.text_controls:
            self._checked(name, value)
        at_ns = self.bench.now_ns()
        self.bench.advance(at_ns)
        following = self._next_steps.pop(name, None)
        if following is not None:
            following.cancelled = True
        self._put(name, value, at_ns)

    def begin(self) -> None:
        """Let time pass for it, once it is connected."""
        now_ns = self.bench.now_ns()
        for name, course in self.courses.items():
            if name in self.text_controls and (text := course.at(now_ns)) is not None:
                self._put(name, text, now_ns)
            self._follow(name, course)

    def _follow(self, name: str, course: Course) -> None:
        """Take the next step of a course when it comes."""
        next_ns = course.next_ns(self.bench.now_ns())
        if next_ns is None:
            return

        def step(now_ns: int) -> None:
            value = course.at(now_ns)
            assert value is not None
            self._put(name, value, now_ns, is_event=not course.is_smooth)
            self._follow(name, course)

        self._next_steps[name] = self.bench.at(next_ns, step, in_background=course.is_endless)

    def _put(self, name: str, value: float | str, at_ns: int, *, is_event: bool = True) -> None:
        if name in self.text_controls:
            self.bench.tell(self, control=name, value=str(value))
            self.text_given(name, str(value), at_ns)
            return
        self.values[name] = self._checked(name, value)
        if is_event:
            self.bench.tell(self, control=name, value=value)
        self.control_changed(name, at_ns)

    def _checked(self, name: str, value: float | str) -> float:
        control = self.controls.get(name)
        if control is None:
            known = ", ".join((*self.controls, *self.text_controls)) or "none"
            raise UsageError(f"part {self.name!r} ({self.type_name}) has no control {name!r}; it has {known}")
        if not isinstance(value, (int, float)) or not control.low <= value <= control.high:
            limits = f"{control.low:g} to {control.high:g}"
            raise UsageError(f"part {self.name!r} ({self.type_name}): {name} = {value!r} is not a number from {limits}")
        return value

    def show(self, **state: Any) -> None:
        """Let something be seen of it; what is as before is not told again."""
        news = {key: value for key, value in state.items() if self.state.get(key) != value}
        if news:
            self.state.update(news)
            self.bench.tell(self, **news)

    @property
    def pins(self) -> dict[str, int]:
        """The board's pins that it is connected to, by its own names for them."""
        found: dict[str, int] = {}
        for item in dataclasses.fields(self):
            if not item.init or "Pin" not in str(item.type):  # types are texts here
                continue
            value = getattr(self, item.name)
            if isinstance(value, tuple):
                found |= {f"{item.name}{index}": gpio for index, gpio in enumerate(value)}
            elif value != NO_PIN:
                found[item.name] = value
        return found

    def wire(self, gpio: int) -> Wire:
        """Return the wire at a pin."""
        return self.bench.wire(gpio)
