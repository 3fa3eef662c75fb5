"""uart: serial ports (``components/lua/modules/hw/uart.c``, ``components/sys/drivers/uart.c``).

The port of the console is shared with it: what scripts read there is taken away from the prompt, and what they write
goes out as it is. The other two are on their wires.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import DONE, WAIT, Kernel, Task, Timer
from simulator.device.uart import FIFO_BYTES
from simulator.hardware import GPIOS, OUTPUTS, Unit
from simulator.hardware.serial import Parity, SerialFormat
from simulator.units import NS_PER_MS
from simulator.vm.exceptions import DriverError, LuaError

PORTS: Final = 3
TX, RX = 1, 2
_PARITIES: Final[dict[int, Parity]] = {0: "none", 1: "even", 2: "odd"}
_STOP_BITS: Final = {0: 1.5, 1: 1.0, 2: 2.0}
_FOREVER: Final = -1
_CHUNK_BYTES: Final = 16
"""So many bytes that are written arrive together, when the last of them has."""
_LINE_BYTES_MAX: Final = 2048


@dataclass(slots=True)
class _Reader:
    """A Lua thread that waits for a byte or a line."""

    task: Task
    format: bytes
    timeout_ns: int
    line: bytearray = field(default_factory=bytearray)
    got_anything: bool = False
    timer: Timer | None = None


@dataclass(slots=True)
class _Port:
    number: int
    rx: int
    tx: int
    form: SerialFormat = field(default_factory=lambda: SerialFormat(115_200))
    is_set_up: bool = False
    flags: int = 0
    queue_bytes: int = 0
    queue: deque[int] = field(default_factory=deque)
    readers: deque[_Reader] = field(default_factory=deque)
    busy_until_ns: int = 0
    listener: Callable[[bytes, SerialFormat, int], None] | None = None
    holder: Task | None = None
    depth: int = 0
    waiting: deque[Task] = field(default_factory=deque)


class UartDriver(Driver):
    """The three ports."""

    name: ClassVar[str] = "uart"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        board = self.shared.board
        pins = (board.pins.uart0, board.pins.uart1, board.pins.uart2)
        self._ports = [_Port(number, port.rx, port.tx) for number, port in enumerate(pins)]
        self._takers: dict[int, Callable[[], None]] = {}
        self._console = self._ports[board.console.uart]
        self._console.is_set_up = True
        self._console.form = SerialFormat(board.console.baud)
        self.shared.console.on_input = self._console_input

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: nobody reads, and who held a port is gone."""
        super().connect(kernel)
        for port in self._ports:
            port.readers.clear()
            port.waiting.clear()
            port.holder, port.depth = None, 0

    def close(self) -> None:
        """The chip is reset."""
        self.shared.console.on_input = None
        for port in self._ports:
            if port.listener is not None:
                self.shared.bench.wire(port.rx).on_serial.remove(port.listener)

    # -- for other drivers ----------------------------------------------------------------------------------------

    def setup(
        self, number: int, baud: int, data_bits: int = 8, parity: int = 0, stop_bits: int = 1, *, flags: int = TX | RX,
        queue_bytes: int = 1024,
    ) -> None:  # fmt: skip
        """Set a port up (``uart_init`` and ``uart_setup_interrupts``)."""
        if number not in range(PORTS):
            raise DriverError("uart", "InvalidUnit")
        port = self._ports[number]
        if port.rx >= 0 and port.rx not in GPIOS:
            raise DriverError("uart", "PinNowAllowed", "rx, selected pin cannot be input")
        if port.tx >= 0 and port.tx not in OUTPUTS:
            raise DriverError("uart", "PinNowAllowed", "tx, selected pin cannot be input")
        if port.rx == port.tx:
            raise DriverError("uart", "PinNowAllowed", "rx, and tx must be different")
        if data_bits & 0xFF not in (5, 6, 7, 8):
            raise DriverError("uart", "InvalidDataBits")
        if parity & 0xFF not in _PARITIES:
            raise DriverError("uart", "InvalidParity")
        if stop_bits & 0xFF not in _STOP_BITS:
            raise DriverError("uart", "InvalidStopBits")
        wanted = [(Unit("gpio", port.rx), "RX")] if flags & RX else []
        wanted += [(Unit("gpio", port.tx), "TX")] if flags & TX else []
        self.shared.locks.take(Unit("uart", number), *wanted)
        port.form = SerialFormat(max(1, baud), data_bits & 0xFF, _PARITIES[parity & 0xFF], _STOP_BITS[stop_bits & 0xFF])
        if queue_bytes > port.queue_bytes:
            port.queue.clear()
            port.queue_bytes = queue_bytes
        self._log(port, flags, baud)
        if not port.is_set_up:
            self.shared.log(f"uart{number}: interrupts enabled")
        port.is_set_up = True
        port.flags = flags
        if port is self._console:
            self.shared.console.set_baud(port.form.baud)
        else:
            self._connect_pins(port)

    def _log(self, port: _Port, flags: int, baud: int) -> None:
        pins = [f"rx=GPIO{port.rx}"] if flags & RX else []
        pins += [f"tx=GPIO{port.tx}"] if flags & TX else []
        if pins:
            self.shared.log(f"uart{port.number}: at pins {'/'.join(pins)}")
        self.shared.log(f"uart{port.number}: speed {baud} bauds")

    def _connect_pins(self, port: _Port) -> None:
        gpio = self.shared.gpio
        if port.flags & TX:
            gpio.route(port.tx, output=True)
            gpio.drive(port.tx, 1)
        if port.flags & RX and port.listener is None:
            gpio.configure(port.rx, output=False)
            gpio.set_pull(port.rx, 1)

            def received(data: bytes, form: SerialFormat, _at_ns: int) -> None:
                room = port.queue_bytes - len(port.queue)
                port.queue.extend(port.form.received(data, form)[:room])
                self._serve(port)

            port.listener = received
            self.shared.bench.wire(port.rx).on_serial.append(received)

    def subscribe(self, number: int, received: Callable[[bytes], None]) -> None:
        """Let a driver have what a port receives, in place of those who read."""
        port = self._ports[number]

        def take() -> None:
            data, port.queue = bytes(port.queue), deque()
            received(data)

        self._takers[number] = take

    def unsubscribe(self, number: int) -> None:
        """Let those who read have it again."""
        self._takers.pop(number, None)

    # -- writing --------------------------------------------------------------------------------------------------

    def _send(self, port: _Port, data: bytes) -> None:
        """Send bytes; the writer waits only while the FIFO is full."""
        if port is self._console:
            self.shared.console.put_raw(data)
            return
        frame_ns = port.form.frame_ns
        start_ns = max(self.shared.now_ns(), port.busy_until_ns)
        port.busy_until_ns = start_ns + len(data) * frame_ns
        if port.flags & TX:
            for first in range(0, len(data), _CHUNK_BYTES):
                chunk = data[first : first + _CHUNK_BYTES]
                self._send_chunk(port, chunk, start_ns + (first + len(chunk)) * frame_ns)
        self.shared.pay(max(0, port.busy_until_ns - self.shared.now_ns() - FIFO_BYTES * frame_ns))

    def _send_chunk(self, port: _Port, chunk: bytes, end_ns: int) -> None:
        wire, form = self.shared.bench.wire(port.tx), port.form
        self.shared.bench.at(end_ns, lambda now_ns: wire.send(chunk, form, now_ns))

    # -- reading --------------------------------------------------------------------------------------------------

    def _console_input(self) -> None:
        if self._console.readers:
            self._serve(self._console)

    def _next_byte(self, port: _Port) -> int | None:
        if port is self._console:
            taken = self.shared.console.input.take(1)
            return taken[0] if taken else None
        return port.queue.popleft() if port.queue else None

    def _serve(self, port: _Port) -> None:
        taker = self._takers.get(port.number)
        if taker is not None:
            taker()
            return
        while port.readers:
            reader = port.readers[0]
            if not self.kernel.has(reader.task):
                port.readers.popleft()
                continue
            byte = self._next_byte(port)
            if byte is None:
                return
            result = self._take(reader, byte)
            if result is not None:
                port.readers.popleft()
                self._finish(reader, result)
            else:
                self._wait(port, reader)

    def _take(self, reader: _Reader, byte: int) -> bytes | int | None:
        """Give a reader a byte; return its result once it is complete."""
        if reader.format == b"*c":
            return byte
        if byte == 0:
            return bytes(reader.line)
        reader.got_anything |= byte != 0x0D or reader.format == b"*l"
        if byte == 0x0A or (byte == 0x0D and reader.format == b"*l"):
            return bytes(reader.line)
        if byte != 0x0D and len(reader.line) < _LINE_BYTES_MAX:
            reader.line.append(byte)
        return None

    def _wait(self, port: _Port, reader: _Reader) -> None:
        """Begin to wait for the next byte of a reader; the time counts for each byte anew."""
        if reader.timer is not None:
            reader.timer.cancelled = True
        if reader.timeout_ns < 0:
            return

        def timed_out() -> None:
            if reader in port.readers:
                port.readers.remove(reader)
                line = bytes(reader.line) if reader.format != b"*c" and reader.got_anything else None
                self._finish(reader, line)

        reader.timer = self.kernel.at(self.kernel.now_ns() + reader.timeout_ns, timed_out)

    def _finish(self, reader: _Reader, result: bytes | int | None) -> None:
        if reader.timer is not None:
            reader.timer.cancelled = True
        self.kernel.answer(reader.task, (True, result))

    # -- what scripts call ----------------------------------------------------------------------------------------

    @call("uart.pins")
    def _pins(self) -> tuple[Any, ...]:
        return tuple(value for port in self._ports for value in (port.number, port.rx, port.tx))

    @call("uart.setpins")
    def _setpins(self, number: int, rx: int, tx: int) -> None:
        if number not in range(PORTS):
            raise DriverError("uart", "InvalidUnit")
        port = self._ports[number]
        if port.is_set_up:
            # Raised as an error of the SPI driver, which has no text for it.
            raise LuaError("67108872:(null)")
        if rx >= 0 and rx not in GPIOS:
            raise DriverError("uart", "PinNowAllowed", "rx, selected pin cannot be input")
        if tx >= 0 and tx not in OUTPUTS:
            raise DriverError("uart", "PinNowAllowed", "tx, selected pin cannot be input")
        if rx == tx:
            raise DriverError("uart", "PinNowAllowed", "rx, and tx must be different")
        port.rx = rx if rx >= 0 else port.rx
        port.tx = tx if tx >= 0 else port.tx

    @call("uart.attach")
    def _attach(
        self, number: int, baud: int, data_bits: int, parity: int, stop_bits: int, queue_bytes: int, flags: int
    ) -> None:
        self.shared.pay()
        self.setup(number, baud, data_bits, parity, stop_bits, flags=flags, queue_bytes=queue_bytes)

    def _existing(self, number: int) -> _Port:
        if number not in range(PORTS):
            raise LuaError(f"UART{number} does not exist")
        port = self._ports[number]
        if not port.is_set_up:
            raise LuaError(f"UART{number} is not setup")
        return port

    @call("uart.check")
    def _check(self, number: int) -> None:
        self._existing(number)

    @call("uart.write")
    def _write(self, number: int, data: bytes) -> None:
        self.shared.pay()
        self._send(self._existing(number), data)

    @call("uart.read")
    def _read(self, number: int, format_: bytes, timeout_ms: int) -> Any:
        self.shared.pay()
        port = self._existing(number)
        if format_ not in (b"*l", b"*el", b"*c"):
            raise LuaError("invalid format")
        timeout_ns = _FOREVER if timeout_ms == _FOREVER else max(0, timeout_ms) * NS_PER_MS
        reader = _Reader(self.kernel.current, format_, timeout_ns)
        while not port.readers:
            byte = self._next_byte(port)
            if byte is None:
                break
            result = self._take(reader, byte)
            if result is not None:
                return (result,)
        port.readers.append(reader)
        self._wait(port, reader)
        return WAIT

    @call("uart.consume")
    def _consume(self, number: int) -> None:
        """Throw away what is there, until a millisecond has passed without any more."""
        port = self._checked(number)
        while self._next_byte(port) is not None:
            pass
        self.shared.pay(NS_PER_MS)
        while self._next_byte(port) is not None:
            self.shared.pay(NS_PER_MS)

    def _checked(self, number: int) -> _Port:
        if number not in range(PORTS):
            raise DriverError("uart", "InvalidUnit")
        port = self._ports[number]
        if not port.is_set_up:
            raise DriverError("uart", "NotSetup")
        return port

    @call("uart.lock")
    def _lock(self, number: int) -> Any:
        port, task = self._checked(number), self.kernel.current
        if port.holder is None or port.holder is task:
            port.depth += 1
            self._give(port, task)
            return None
        port.waiting.append(task)
        return WAIT

    @call("uart.unlock")
    def _unlock(self, number: int) -> None:
        port = self._checked(number)
        if port.holder is not self.kernel.current:
            return
        port.depth -= 1
        if port.depth:
            return
        self._give(port, None)
        while port.waiting and port.holder is None:
            task = port.waiting.popleft()
            if self.kernel.has(task):
                port.depth = 1
                self._give(port, task)
                self.kernel.answer(task, DONE)

    def _give(self, port: _Port, holder: Task | None) -> None:
        """Let somebody have the lock. Writing with ``uart.write`` does not heed it, but whoever prints does."""
        port.holder = holder
        if port is self._console:
            self.shared.console.hold(holder)
