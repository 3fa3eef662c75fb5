"""can: frames on the CAN bus (``components/sys/drivers/can.c``, ESP-IDF ``driver/can.c``).

The controller sends one frame at a time, and the others wait in a queue. While nobody on the bus acknowledges it sends
the first again and again; how often, and what it counts meanwhile, is worked out when somebody asks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import trio

from simulator.device.calls import call
from simulator.device.drivers.can_gateway import QUEUE_LENGTH, CanGateway
from simulator.device.drivers.shared import Driver
from simulator.device.heap import heap_bytes
from simulator.device.kernel import DONE, WAIT, Kernel, Task, Timer
from simulator.hardware import Unit
from simulator.hardware.bench import Appointment
from simulator.hardware.can import EXTENDED_MAX, STANDARD_MAX, CanFrame, CanNode
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import DriverError

SPEEDS_KBPS: Final = (1000, 800, 500, 250, 125, 100, 50)
DEFAULT_KBPS: Final = 25
_FRAME_BYTES_MAX: Final = 8
_QUEUED_FRAME_BYTES: Final = 13
"""What a frame takes in a queue."""
_FILTERS: Final = 10
_NO_FILTER: Final = (-1, -1)
_EXTENDED: Final = 1
_SEND_TIMEOUT_NS: Final = 100 * NS_PER_MS
_FOREVER: Final = 0xFFFFFFFF
_ERRORS_PER_TRY: Final = 8
_ERRORS_PASSIVE: Final = 128
"""Where the error counter of the transmitter stays as long as all that is wrong is that nobody acknowledges."""
_RUNNING: Final = 1


@dataclass(slots=True)
class _Waiting:
    """A Lua thread that waits for a frame, or with one for room in the queue."""

    task: Task
    frame: CanFrame | None = None
    timer: Timer | None = None


class CanDriver(Driver):
    """The one controller."""

    name: ClassVar[str] = "can"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._bit_rate = 0
        """Its speed; 0 until it is set up."""
        self._queue_length = 0
        # The table of filters is never filled with the mark for a free place, so it has ten filters from 0 to 0.
        self._filters = [(0, 0)] * _FILTERS
        self._nodes: list[CanNode] = []
        self._received: deque[CanFrame] = deque()
        self._arrival = trio.lowlevel.ParkingLot()
        self._missed = 0
        self._outgoing: deque[CanFrame] = deque()
        """The frame that is being sent, and the queue."""
        self._sending: Appointment | None = None
        self._unheard_since_ns = 0
        """Since when the first frame is sent in vain, while nothing is being sent and there is one."""
        self._transmit_errors = 0
        self._bus_errors = 0
        self._readers: deque[_Waiting] = deque()
        self._writers: deque[_Waiting] = deque()
        self._gateway: CanGateway | None = None
        self._gateway_runs = False

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: nobody waits."""
        super().connect(kernel)
        self._readers.clear()
        self._writers.clear()

    def close(self) -> None:
        """The chip is reset."""
        for node in self._nodes:
            node.on_frame.remove(self._heard)
            node.on_change.remove(self._bus_changed)
        self._break_off()

    def _check(self, unit: int) -> None:
        if unit != 0:
            raise DriverError("can", "InvalidUnit")

    def _check_ready(self, unit: int) -> None:
        self._check(unit)
        if not self._bit_rate:
            raise DriverError("can", "NotSetup")

    @call("can.attach")
    def _attach(self, unit: int, kbps: int, queue_length: int) -> None:
        self.shared.pay()
        self._check(unit)
        pins = self.shared.board.pins.can
        self.shared.locks.take(Unit("can", 0), (Unit("gpio", pins.tx), "TX"), (Unit("gpio", pins.rx), "RX"))
        queue_length &= 0xFFFF
        if not queue_length:
            raise DriverError("can", "InvalidArg")
        if 2 * queue_length * _QUEUED_FRAME_BYTES > heap_bytes(self.shared.board):
            raise DriverError("can", "NotEnoughtMemory")
        if self._bit_rate:
            raise DriverError("can", "InvalidState")
        self._bit_rate = 1000 * (kbps if kbps in SPEEDS_KBPS else DEFAULT_KBPS)
        self._queue_length = queue_length
        gpio, bench = self.shared.gpio, self.shared.bench
        gpio.route(pins.tx, output=True)
        gpio.drive(pins.tx, 1)
        gpio.configure(pins.rx, output=False)
        tx, rx = bench.wire(pins.tx), bench.wire(pins.rx)
        self._nodes = [node for to, from_, node in bench.can_nodes if to is tx and from_ is rx]
        for node in self._nodes:
            node.on_frame.append(self._heard)
            node.on_change.append(self._bus_changed)
        self.shared.log(f"can0 at pins tx=GPIO{pins.tx}, rx=GPIO{pins.rx}")

    # -- sending --------------------------------------------------------------------------------------------------

    @call("can.send")
    def _send(self, unit: int, identifier: int, kind: int, length: int, data: bytes) -> Any:
        self.shared.pay()
        self._check(unit)
        # A negative length counts as a very large one, and of what comes of it eight bits are kept.
        length = (min(length, len(data)) if length >= 0 else len(data)) & 0xFF
        if length > _FRAME_BYTES_MAX:
            raise DriverError("can", "InvalidFrameLength")
        self._check_ready(unit)
        extended = kind & 0xFF == _EXTENDED
        frame = CanFrame(identifier & (EXTENDED_MAX if extended else STANDARD_MAX), data[:length], extended)
        if len(self._outgoing) <= self._queue_length:
            self._put(frame, self.shared.now_ns())
            return None
        writer = _Waiting(self.kernel.current, frame)
        self._let_wait(writer, self._writers, _SEND_TIMEOUT_NS)
        return WAIT

    def _put(self, frame: CanFrame, now_ns: int) -> None:
        self._outgoing.append(frame)
        if len(self._outgoing) == 1:
            self._send_first(now_ns)

    @property
    def _listeners(self) -> list[CanNode]:
        """Who understands and acknowledges."""
        return [node for node in self._nodes if node.bit_rate == self._bit_rate]

    def _send_first(self, now_ns: int) -> None:
        """Begin to send the first frame; if nobody listens, in vain."""
        if self._listeners:
            due_ns = now_ns + self._outgoing[0].duration_ns(self._bit_rate)
            self._sending = self.shared.bench.at(due_ns, self._sent)
        else:
            self._unheard_since_ns = now_ns

    def _sent(self, at_ns: int) -> None:
        """The first frame was acknowledged."""
        self._sending = None
        frame = self._outgoing.popleft()
        self._transmit_errors = max(0, self._transmit_errors - 1)
        for node in self._listeners:
            node.take(frame, at_ns)
        if self._outgoing:
            self._send_first(at_ns)
        self._let_in(at_ns)

    def _let_in(self, now_ns: int) -> None:
        """Let frames into the queue whose senders wait for room."""
        while self._writers and len(self._outgoing) <= self._queue_length:
            writer = self._writers.popleft()
            if self._ends_wait(writer) and writer.frame is not None:
                self._put(writer.frame, now_ns)
                self.kernel.answer(writer.task, DONE)

    def _bus_changed(self, at_ns: int) -> None:
        """Somebody on the bus was switched on or off."""
        if not self._outgoing:
            return
        if self._sending is not None and not self._listeners:
            self._sending.cancelled = True
            self._sending = None
            self._unheard_since_ns = at_ns
        elif self._sending is None and self._listeners:
            self._count_errors(at_ns)
            self._send_first(at_ns)

    def _count_errors(self, now_ns: int) -> None:
        """Take note of the tries up to now."""
        if not self._outgoing or self._sending is not None:
            return
        try_ns = self._outgoing[0].retry_ns(self._bit_rate)
        tries = max(0, now_ns - self._unheard_since_ns) // try_ns
        self._unheard_since_ns += tries * try_ns
        self._bus_errors += tries
        self._transmit_errors = min(_ERRORS_PASSIVE, self._transmit_errors + _ERRORS_PER_TRY * tries)

    def _break_off(self) -> None:
        """Send nothing of what was to be sent."""
        if self._sending is not None:
            self._sending.cancelled = True
            self._sending = None
        self._outgoing.clear()

    # -- receiving ------------------------------------------------------------------------------------------------

    def _heard(self, frame: CanFrame, _at_ns: int) -> None:
        if not self._listeners:
            return  # at another speed it is only noise
        while self._readers:
            reader = self._readers.popleft()
            if self._ends_wait(reader):
                self.kernel.answer(reader.task, (True, *_values(frame)))
                return
        if len(self._received) >= self._queue_length:
            self._missed += 1
            return
        self._received.append(frame)
        self._arrival.unpark()

    @call("can.receive")
    def _receive(self, unit: int, timeout_ms: int) -> Any:
        self.shared.pay()
        self._check_ready(unit)
        if self._received:
            return _values(self._received.popleft())
        timeout_ms &= _FOREVER
        timeout_ns = None if timeout_ms == _FOREVER else timeout_ms * NS_PER_MS
        self._let_wait(_Waiting(self.kernel.current), self._readers, timeout_ns)
        return WAIT

    @call("can.dump")
    async def _dump(self, unit: int) -> None:
        """Print frames. Ctrl-C is noticed when one more has been printed."""
        self._check_ready(unit)
        is_interrupted = False

        def interrupted() -> None:
            nonlocal is_interrupted
            is_interrupted = True

        with self.shared.console.interrupts(interrupted):
            while not is_interrupted:
                frame = await self._next_frame()
                head = f"can{unit}  {frame.identifier:08x}  [{len(frame.data)}]"
                await self.shared.console.write_from_task(f"{head} {frame.data.hex(' ')}\r\n")

    async def _next_frame(self) -> CanFrame:
        """Return what comes next on the bus."""
        while not self._received:
            await self._arrival.park()
        return self._received.popleft()

    def _let_wait(self, waiting: _Waiting, line: deque[_Waiting], timeout_ns: int | None) -> None:
        line.append(waiting)
        if timeout_ns is None:
            return

        def timed_out() -> None:
            line.remove(waiting)
            error = DriverError("can", "TransmitTimeout")
            self.kernel.answer(waiting.task, (False, str(error).encode()))

        waiting.timer = self.kernel.at(self.kernel.now_ns() + timeout_ns, timed_out)

    def _ends_wait(self, waiting: _Waiting) -> bool:
        """Let the time that somebody wanted to wait run out no more; return whether he is still there."""
        if waiting.timer is not None:
            waiting.timer.cancelled = True
        return self.kernel.has(waiting.task)

    # -- net.service.can ------------------------------------------------------------------------------------------

    @call("can.start_gateway")
    def _start_gateway(self, unit: int, kbps: int, port: int) -> None:
        """Set the controller up, and begin to listen on a port."""
        self._attach(unit, kbps, QUEUE_LENGTH)
        self._gateway = CanGateway(self.shared, port, self._next_frame)
        self._gateway.start()
        self._gateway_runs = True

    @call("can.stop_gateway")
    async def _stop_gateway(self) -> None:
        """Stop to listen. An empty frame goes out, which was meant to wake up who waits for one."""
        if self._gateway is None:
            raise DriverError("can", "GatewayNotStarted")
        if len(self._outgoing) > self._queue_length:
            await trio.sleep(_SEND_TIMEOUT_NS / NS_PER_S)
            raise DriverError("can", "TransmitTimeout")
        self._put(CanFrame(0, b""), self.shared.now_ns())
        await self._gateway.stop()
        self._gateway = None
        self._restart()
        self._gateway_runs = False

    @call("can.gateway_runs")
    def _does_gateway_run(self) -> tuple[Any, ...]:
        return (self._gateway_runs,)

    # -- the rest -------------------------------------------------------------------------------------------------

    def _check_filter(self, unit: int, first: int, last: int) -> None:
        self._check(unit)
        if first < 0 or last < 0:
            raise DriverError("can", "InvalidFilter", "must be >= 0")
        if first > last:
            raise DriverError("can", "InvalidFilter", "from filter must be >= to filter")
        self._check_ready(unit)

    @call("can.addfilter")
    def _addfilter(self, unit: int, first: int, last: int) -> None:
        """Add a range, if another does not cover it. No frame is ever held against one."""
        self.shared.pay()
        self._check_filter(unit, first, last)
        if any(first >= low and last <= high for low, high in self._filters):
            return
        if _NO_FILTER not in self._filters:
            raise DriverError("can", "NoMoreFiltersAllowed")
        self._filters[self._filters.index(_NO_FILTER)] = (first, last)
        self._restart()

    @call("can.removefilter")
    def _removefilter(self, unit: int, first: int, last: int) -> None:
        self.shared.pay()
        self._check_filter(unit, first, last)
        if (first, last) in self._filters:
            self._filters[self._filters.index((first, last))] = _NO_FILTER
        self._restart()

    def _restart(self) -> None:
        """Stop and start the controller, which empties its queues."""
        self._count_errors(self.shared.now_ns())
        self._break_off()
        self._received.clear()
        self._let_in(self.shared.now_ns())

    @call("can.stats")
    def _stats(self) -> tuple[Any, ...]:
        self.shared.pay()
        if not self._bit_rate:
            raise DriverError("can", "InvalidState")
        self._count_errors(self.shared.now_ns())
        waiting = (len(self._outgoing), len(self._received))
        return (_RUNNING, *waiting, self._transmit_errors, 0, 0, self._missed, 0, self._bus_errors)


def _values(frame: CanFrame) -> tuple[Any, ...]:
    return (frame.identifier, int(frame.extended), len(frame.data), frame.data)
