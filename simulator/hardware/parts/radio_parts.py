"""What is remote-controlled at 433 MHz, with the modules that a board needs for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from simulator.errors import UsageError
from simulator.hardware.parts.part import Limits, Part, Pin
from simulator.hardware.rc_switch import BITS, PROTOCOLS, REPEATS, Receiver, protocol, pulses
from simulator.units import NS_PER_US


@dataclass(kw_only=True, eq=False)
class Remote(Part):
    """A remote control, and a receiver module whose output is at ``pin``. The control ``send`` takes a code."""

    type_name: ClassVar[str] = "rf-remote"
    text_controls: ClassVar[Mapping[str, str]] = {"send": "press the key that sends this code, such as 5393"}

    pin: Pin
    protocol: Annotated[int, Limits(1, len(PROTOCOLS))] = 1
    bits: Annotated[int, Limits(1, 32)] = BITS
    pulse_us: Annotated[int, Limits(0, 10_000)] = 0
    """0: that of the protocol."""
    repeats: Annotated[int, Limits(1, 100)] = REPEATS
    _busy_until_ns: int = field(init=False, default=0, repr=False)

    def connect(self) -> None:
        """Be quiet."""
        self.wire(self.pin).set_level(self.name, 0, self.bench.now_ns())

    def text_given(self, name: str, text: str, at_ns: int) -> None:
        """Send a code, after what is being sent already. Raises `UsageError` if it is none."""
        try:
            code = int(text, 0)
        except ValueError:
            code = -1
        if not 0 <= code < 1 << self.bits:
            raise UsageError(f"part {self.name!r} ({self.type_name}): {name} = {text!r} is no code of {self.bits} bits")
        how = protocol(self.protocol)
        start_ns = max(at_ns, self._busy_until_ns)
        for level, length_us in pulses(code, self.bits, how, self.pulse_us or how.pulse_us, self.repeats):
            self._set_later(level, start_ns)
            start_ns += length_us * NS_PER_US
        self._set_later(0, start_ns)
        self._busy_until_ns = start_ns

    def _set_later(self, level: int, due_ns: int) -> None:
        self.bench.at(due_ns, lambda now_ns: self.wire(self.pin).set_level(self.name, level, now_ns))


@dataclass(kw_only=True, eq=False)
class Outlet(Part):
    """A socket outlet, and a transmitter module at ``pin``.

    Its state has ``on``, which two codes change, and ``heard``: the last code that it received, its bits and protocol.
    """

    type_name: ClassVar[str] = "rf-outlet"

    pin: Pin
    on_code: int = -1
    off_code: int = -1
    _receiver: Receiver = field(init=False, default_factory=Receiver, repr=False)

    def connect(self) -> None:
        """Listen."""
        self.wire(self.pin).on_level.append(self._level_changed)
        self.show(on=False)

    def _level_changed(self, level: int, at_ns: int) -> None:
        del level
        received = self._receiver.edge(at_ns // NS_PER_US)
        if received is not None:
            states = {self.on_code: True, self.off_code: False}
            on = states.get(received.code, self.state["on"])
            self.show(on=on, heard=[received.code, received.bits, received.protocol])
