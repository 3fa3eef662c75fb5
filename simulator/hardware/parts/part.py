"""A part: something that is connected to the board's pins and that people look at, press, turn or warm up.

A part has *controls*, which are set from outside (a scenario step, the page, a test), and a *state*, which can be seen.
Controls are named as wokwi names them where it has the same part; their values are numbers, or a text where that is
said. Everything else that tells one part from another of its type is a field, and a key in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.hardware.bench import Bench
    from simulator.hardware.wire import Wire


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
        """Set a control now. Raises `UsageError` if it has none of that name, or for a value out of its range."""
        at_ns = self.bench.now_ns()
        if name in self.text_controls:
            self.bench.advance(at_ns)
            self.bench.tell(self, control=name, value=str(value))
            self.text_given(name, str(value), at_ns)
            return
        number = self._checked(name, value)
        self.bench.advance(at_ns)
        self.values[name] = number
        self.bench.tell(self, control=name, value=number)
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

    def wire(self, gpio: int) -> Wire:
        """Return the wire at a pin."""
        return self.bench.wire(gpio)
