"""What all drivers of one run of the app share: the chip, its locks, the console's log, the tasks for callbacks, and
what those need that talk to the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, TypeVar

import trio

from simulator.airwaves import Airwaves
from simulator.boards import Board
from simulator.boot import BootLine, LogLevel, render_line
from simulator.console import Level
from simulator.device.calls import CallGroup
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.files import FileCalls
from simulator.device.calls.system import Identity
from simulator.device.calls.timers import CallbackQueue
from simulator.device.kernel import Kernel, Task
from simulator.device.net_driver import NetDriver
from simulator.device.outcome import Restart
from simulator.device.panic import exception_text
from simulator.device.rtc_memory import RtcMemory
from simulator.hardware import Bench, Locks, Unit
from simulator.hardware.gpio import Gpio
from simulator.network import NetworkInterface
from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_US
from simulator.wifi.events import Emit

if TYPE_CHECKING:
    from simulator.device.drivers.power_bus import PowerBus
    from simulator.device.drivers.rmt import Rmt
    from simulator.hardware.ledc import Ledc

CALL_NS: Final = 3 * NS_PER_US
"""What a call of a driver takes besides what it does (our estimate), so that edges in a loop are not all at once."""

_FIRST_CALLBACK_ID: Final = -1000
"""Callbacks of drivers are numbered downwards from here; those of timers are positive, and net has -1."""

_Driver = TypeVar("_Driver", bound="Driver")


class Radio(NamedTuple):
    """What a driver of a radio needs of the world: the media, who the board is, randomness, and its event log."""

    airwaves: Airwaves
    base_mac: bytes
    rng: Rng
    emit: Emit


class Network(NamedTuple):
    """What a driver has that talks to the network. ``nursery`` lives until the reset, like ``driver``."""

    interface: NetworkInterface
    driver: NetDriver
    files: FileCalls
    nursery: trio.Nursery
    emit: Callable[..., None]
    epoch: Callable[[], float]
    """The time of day that the board believes in."""


class Shared:
    """One run of the chip, as the drivers have it. There is a ``network`` as soon as the interpreter runs."""

    kernel: Kernel
    network: Network

    def __init__(
        self,
        identity: Identity,
        bench: Bench,
        console: ConsoleCalls,
        radio: Radio,
        rtc: RtcMemory,
    ) -> None:
        self.identity = identity
        self.board = identity.board
        self.radio = radio
        self.rtc = rtc
        self.bench = bench
        self.console = console
        self.locks = _boot_locks(identity.board)
        self.drivers: dict[str, Driver] = {}
        self.find_driver: Callable[[str], Driver]
        self._gpio: Gpio | None = None
        self._ledc: Ledc | None = None
        self._rmt: Rmt | None = None
        self._power_bus: PowerBus | None = None
        self._queues: list[CallbackQueue] = []
        self._next_callback_id = _FIRST_CALLBACK_ID

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts; the callbacks of the old one are gone."""
        self.kernel = kernel
        self._queues.clear()
        for driver in self.drivers.values():
            driver.connect(kernel)

    def close(self) -> None:
        """The chip is reset."""
        for driver in self.drivers.values():
            driver.close()
        self.drivers.clear()
        if self._gpio is not None:
            self._gpio.close()

    @property
    def gpio(self) -> Gpio:
        """The pins."""
        if self._gpio is None:
            self._gpio = Gpio(self.bench)
            for output in (self.board.pins.led, self.board.pins.power_bus):
                if output is not None:  # driven low right after the start
                    self._gpio.configure(output, output=True)
        return self._gpio

    @property
    def ledc(self) -> Ledc:
        """The PWM controller."""
        if self._ledc is None:
            from simulator.hardware.ledc import Ledc

            self._ledc = Ledc(self.bench, self.gpio)
        return self._ledc

    @property
    def rmt(self) -> Rmt:
        """Who has which channel of the remote control peripheral."""
        if self._rmt is None:
            from simulator.device.drivers.rmt import Rmt

            self._rmt = Rmt()
        return self._rmt

    @property
    def power_bus(self) -> PowerBus:
        """What switches the peripherals on."""
        if self._power_bus is None:
            from simulator.device.drivers.power_bus import PowerBus

            self._power_bus = PowerBus(self)
        return self._power_bus

    def driver(self, kind: type[_Driver]) -> _Driver:
        """Return another driver."""
        found = self.find_driver(kind.name)
        assert isinstance(found, kind)
        return found

    # -- time and output ------------------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """Return the time of whoever asks."""
        return self.kernel.now_ns()

    def pay(self, duration_ns: int = CALL_NS) -> None:
        """Let the running Lua thread take time, and let happen what was due meanwhile."""
        self.kernel.charge(duration_ns)
        self.bench.advance(self.kernel.now_ns())

    def log(self, message: str, level: Level = Level.INFO) -> None:
        """Write a line that a driver logs."""
        self.console.log(level, message.encode())

    def esp_log(self, level: LogLevel, tag: str, text: str) -> None:
        """Write a line that ESP-IDF itself logs, if the build has lines of that level."""
        if level <= LogLevel[self.board.log_level]:
            time_ms = (self.now_ns() - self.identity.started_ns) // NS_PER_MS
            line = render_line(BootLine(level, tag, text), time_ms).replace("\r\n", "\n")
            self.console.pass_on(line)
            self.write(line)

    def write(self, text: str) -> None:
        """Write to the console as ``printf`` does."""
        self.console.write(text.encode())

    def crash(self, reason: str, *, address: int = 0) -> object:
        """Let the CPU raise an exception: the chip restarts, and who asked for it is never answered."""
        return self.kernel.end(Restart(panic=exception_text(self.identity.manifest, reason, address=address)))

    # -- callbacks ------------------------------------------------------------------------------------------------

    def new_callback_id(self) -> int:
        """Return the number under which Lua is to store a callback."""
        self._next_callback_id -= 1
        return self._next_callback_id

    def new_queue(
        self,
        name: str,
        *,
        stack_bytes: int | None = None,
        priority: int | None = None,
        core: int | None = None,
        limit: int | None = None,
        returned: Callable[[], None] | None = None,
    ) -> CallbackQueue:
        """Return a task that runs callbacks, by default with the parameters of a Lua thread.

        ``limit`` is how many wait at most; ``returned`` is called after each.
        """
        defaults = self.board.lua_thread
        queue = CallbackQueue(
            self.kernel,
            name,
            priority=defaults.priority if priority is None else priority,
            core=defaults.core if core is None else core,
            stack_bytes=defaults.stack_size_bytes if stack_bytes is None else stack_bytes,
            limit=limit,
            returned=returned,
        )
        self._queues.append(queue)
        return queue

    def drop_queue(self, queue: CallbackQueue) -> None:
        """Delete a task that runs callbacks, as far as it is idle; what runs is allowed to end."""
        if queue.idle:
            self._queues.remove(queue)

    def ended(self, task: Task) -> bool:
        """Take note that a callback has returned; return whether it was one of a driver's."""
        return any(queue.ended(task) for queue in tuple(self._queues))


def _boot_locks(board: Board) -> Locks:
    """Return the locks of a board that has just started (``sys/main.c``, ``vfs/tty.c``, ``drivers/power_bus.c``)."""
    locks = Locks()
    pins = board.pins
    console = (pins.uart0, pins.uart1, pins.uart2)[board.console.uart]
    unit = Unit("uart", board.console.uart)
    locks.take(unit, (Unit("gpio", console.rx), "RX"), (Unit("gpio", console.tx), "TX"))
    if pins.power_bus is not None:
        locks.take_gpio(Unit("pwbus", 0), pins.power_bus)
    if pins.led is not None:
        locks.take_gpio(Unit("system", 0), pins.led, "Activity LED")
    return locks


class Driver(CallGroup):
    """A driver. ``name`` is the first word of its requests."""

    name: ClassVar[str]

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way that the script began. The kernel has to be woken when it becomes so."""
        return True

    def close(self) -> None:
        """The chip is reset."""
