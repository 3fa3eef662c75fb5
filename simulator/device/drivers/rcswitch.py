"""rcswitch: remote-controlled switches at 433 MHz (``components/rc-switch/rc-switch.c``, ``RCSwitch.c``).

There is one receiver, at the pin that was named last, and it has room for one code. It listens as long as there is an
interrupt at the pin, which nothing takes away again: ``stop`` frees the memory that the interrupt works with, so at the
next edge the chip crashes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.c_numbers import int32
from simulator.console import Level
from simulator.device.calls import call
from simulator.device.calls.timers import CallbackQueue
from simulator.device.drivers.pio import check_direction
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import DONE, WAIT, Kernel, Task, Timer
from simulator.hardware.bench import Appointment
from simulator.hardware.gpio import Interrupt
from simulator.hardware.rc_switch import Received, Receiver, protocol, pulses
from simulator.units import NS_PER_MS, NS_PER_US
from simulator.vm.exceptions import DriverError

_STACK_BYTES: Final = 4096
_PRIORITY: Final = 10
_CORE: Final = 1
"""CONFIG_LUA_RTOS_RCSWITCH_SERVER_* of all boards."""
_SHUTDOWN_NS: Final = NS_PER_MS
_TICK_NS: Final = NS_PER_MS
_UINT32: Final = 0xFFFFFFFF


class RcswitchDriver(Driver):
    """The transmitter and the receiver."""

    name: ClassVar[str] = "rcswitch"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._receiver: Receiver | None = None
        """What the interrupt works with; None before the first use and after ``stop``."""
        self._pin: int | None = None
        """Where the interrupt is."""
        self._received: Received | None = None
        self._reader: tuple[Task, Timer] | None = None
        self._listener: CallbackQueue | None = None
        """The thread in the background."""
        self._callback: int | None = None
        self._sending: Appointment | None = None

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: nobody waits, and the callback is gone."""
        super().connect(kernel)
        self._reader = self._listener = self._callback = None

    def close(self) -> None:
        """The chip is reset."""
        if self._sending is not None:
            self._sending.cancelled = True

    def _complain(self, function: str) -> None:
        self.shared.log(f"ERROR ON {function}\n", Level.ERR)

    # -- sending --------------------------------------------------------------------------------------------------

    @call("rcswitch.send")
    def _send(self, code: int, pin: int, pulse_us: int, number: int, bits: int) -> Any:
        self.shared.pay()
        code, pin = code & _UINT32, pin & 0xFF
        self.shared.log(f"rcswitch: sending code {code} on pin {pin}\n")
        self._initialize()
        is_output = self._may(pin, "gpio_pin_output")
        if is_output:
            self.shared.gpio.configure(pin, output=True)
        receiving, self._pin = self._pin, None  # not its own voice
        if receiving is not None:
            self.shared.gpio.detach_interrupt(receiving)
        task = self.kernel.current
        edges = pulses(code, bits & 0xFF, protocol(number & 0xFF), pulse_us)

        def write(level: int) -> None:
            if is_output:
                self.shared.gpio.set_latch(pin, level)
            else:
                self._complain("gpio_pin_set" if level else "gpio_pin_clr")

        def go_on(at_ns: int) -> None:
            pulse = next(edges, None)
            if pulse is not None:
                write(pulse[0])
                self._sending = self.shared.bench.at(self._after_pulse(at_ns, pulse[1] & _UINT32), go_on)
                return
            write(0)
            self._sending = None
            if receiving is not None:
                self._listen(receiving)
            if self.kernel.has(task):
                self.kernel.answer(task, DONE)

        self._sending = self.shared.bench.at(self.shared.now_ns(), go_on)
        return WAIT

    def _may(self, pin: int, function: str) -> bool:
        """Whether a pin can be an output; the driver only complains if not."""
        try:
            check_direction(pin, output=True)
        except DriverError:
            self._complain(function)
            return False
        return True

    def _after_pulse(self, at_ns: int, length_us: int) -> int:
        """Return when ``usleep`` comes back: of what is not shorter than a tick of the clock, at a tick."""
        if length_us * NS_PER_US < _TICK_NS:
            return at_ns + length_us * NS_PER_US
        start_ns = self.shared.identity.started_ns
        return start_ns + ((at_ns - start_ns) // _TICK_NS - -length_us * NS_PER_US // _TICK_NS) * _TICK_NS

    # -- receiving ------------------------------------------------------------------------------------------------

    def _initialize(self) -> None:
        if self._receiver is None:
            self._receiver = Receiver()
            self._received = self._pin = None

    def _listen(self, pin: int) -> None:
        """Let edges of a pin interrupt (``RCSwitch_enableReceive``). A pin that did before goes on doing so."""
        self._pin = pin & 0xFF
        self._received = None
        try:
            check_direction(self._pin, output=False)
        except DriverError:
            self._complain("gpio_isr_attach")
            return
        self.shared.gpio.configure(self._pin, output=False)
        self.shared.gpio.set_pull(self._pin, 1)
        self.shared.gpio.attach_interrupt(self._pin, Interrupt.ANYEDGE, self._edge)

    def _edge(self, _level: int, at_ns: int) -> None:
        if self._receiver is None:
            self.shared.crash("LoadProhibited")
            return
        received = self._receiver.edge((at_ns - self.shared.identity.started_ns) // NS_PER_US)
        if received is None or not received.code:
            return
        self._received = received
        if self._reader is not None:
            task, timer = self._reader
            self._reader = None
            timer.cancelled = True
            if self.kernel.has(task):
                self.kernel.answer(task, (True, *self._take()))
        elif self._listener is not None and self._listener.idle:
            self._report(self._listener)

    def _take(self) -> tuple[int, ...]:
        """Log and return what was received, and make room."""
        received, self._received = self._received, None
        assert received is not None
        self._log(received)
        return (int32(received.code), received.bits, received.protocol, received.pulse_us)

    def _log(self, received: Received) -> None:
        self.shared.log(
            f"rcswitch: Received {received.code} / {received.bits} bit   Protocol: {received.protocol}   "
            f"Delay: {received.pulse_us}\n"
        )

    def _report(self, listener: CallbackQueue) -> None:
        """Call back. What comes in before the callback has returned is lost."""
        received = self._received
        assert received is not None
        self._log(received)
        if self._callback is None:
            self.shared.log("rcswitch: cannot call lua, callback is empty", Level.ERR)
            self._received = None
        else:
            values = (int32(received.code), received.bits, received.protocol, received.pulse_us)
            listener.put(self._callback, *values)

    def _reported(self) -> None:
        self._received = None

    @call("rcswitch.receive")
    def _receive(self, pin: int, milliseconds: int) -> Any:
        """Wait for a code. The background's thread ends first, and the receiver is set up anew."""
        self.shared.pay(_SHUTDOWN_NS)
        self._listener = None
        self._initialize()
        self._listen(pin)
        now_us = (self.shared.now_ns() - self.shared.identity.started_ns) // NS_PER_US
        wait_us = milliseconds * 1000 & _UINT32
        if now_us & _UINT32 >= now_us + wait_us & _UINT32:
            return None
        task = self.kernel.current

        def timed_out() -> None:
            self._reader = None
            self.kernel.answer(task)

        self._reader = (task, self.kernel.at(self.kernel.now_ns() + wait_us * NS_PER_US, timed_out))
        return WAIT

    @call("rcswitch.listen")
    def _listen_in_background(self, pin: int) -> tuple[Any, ...]:
        self.shared.pay()
        self._callback = self.shared.new_callback_id()
        self._listener = self.shared.new_queue(
            "rcswitch", stack_bytes=_STACK_BYTES, priority=_PRIORITY, core=_CORE, returned=self._reported
        )
        self._initialize()
        self._listen(pin)
        return (self._callback,)

    @call("rcswitch.forget")
    def _forget(self) -> None:
        """Destroy the callback."""
        self._callback = None

    @call("rcswitch.stop")
    def _stop(self) -> None:
        self._callback = None
        if self._receiver is not None:
            self.shared.pay(_SHUTDOWN_NS)
            self._listener = self._receiver = None
