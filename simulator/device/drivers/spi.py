"""spi: devices on two buses (``components/lua/modules/hw/spi.c``, ``components/sys/drivers/spi.c``).

What is written is collected in a buffer and leaves when the device is deselected, when it reads, or when the buffer is
full. A device is ``bus * 256 + slot``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import DONE, WAIT, Task
from simulator.hardware import GPIOS, OUTPUTS, Unit
from simulator.hardware.spi import SpiBus
from simulator.units import NS_PER_S
from simulator.vm.exceptions import DriverError

BUSES: Final = (2, 3)
DEVICES_PER_BUS: Final = 3
WRITE, READ = 1, 2
BUFFER_BYTES: Final = 4092
"""SPI_MAX_SIZE."""

_MATRIX_SPEED_HZ_MAX: Final = 26_000_000
"""Through the GPIO matrix; a bus on its own pins can be faster."""
_NATIVE: Final = {2: (12, 13, 14), 3: (19, 23, 18)}  # miso, mosi, clk


@dataclass(slots=True)
class _Slot:
    cs: int
    mode: int
    speed_hz: int
    flags: int


@dataclass(slots=True)
class _Unit:
    miso: int
    mosi: int
    clk: int
    default_cs: int | None
    is_set_up: bool = False
    slots: list[_Slot | None] = field(default_factory=lambda: [None] * DEVICES_PER_BUS)
    selected: int | None = None
    holder: Task | None = None
    """Who has selected a device; others that want to wait."""
    waiting: deque[tuple[Task, int]] = field(default_factory=deque)


@dataclass(slots=True)
class _Handle:
    device: int
    buffer: bytearray = field(default_factory=bytearray)


class SpiDriver(Driver):
    """The buses 2 and 3."""

    name: ClassVar[str] = "spi"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        pins = self.shared.board.pins
        self._units = {
            number: _Unit(bus.miso, bus.mosi, bus.clk, bus.cs) for number, bus in ((2, pins.spi2), (3, pins.spi3))
        }
        self._handles: dict[int, _Handle] = {}

    def _checked(self, device: int) -> tuple[_Unit, _Slot]:
        unit = self._units[device >> 8]
        slot = unit.slots[device & 0xFF]
        if slot is None:
            raise DriverError("spi", "DeviceNotSetup")
        return unit, slot

    def _transfer(self, device: int, data: bytes) -> bytes:
        """Shift bytes out and in (``spi_bulk_rw``)."""
        unit, slot = self._checked(device)
        if unit.selected != device:
            raise DriverError("spi", "DeviceNotSelected")
        bus = SpiBus(
            self.shared.bench,
            clk=unit.clk,
            mosi=unit.mosi if slot.flags & WRITE else None,
            miso=unit.miso if slot.flags & READ else None,
        )
        self.shared.pay(0)
        received, duration_ns = bus.transfer(data, mode=slot.mode, speed_hz=slot.speed_hz, at_ns=self.shared.now_ns())
        self.shared.pay(duration_ns)
        return received

    # -- for other drivers ----------------------------------------------------------------------------------------

    def setup(self, bus: int, cs: int, speed_hz: int, *, mode: int = 0, flags: int = WRITE | READ) -> int:
        """Attach a device to a bus and return it (``spi_setup``)."""
        if bus not in BUSES:
            raise DriverError("spi", "InvalidUnit")
        if not 0 <= mode <= 3:
            raise DriverError("spi", "InvalidMode")
        unit = self._units[bus]
        cs = self._checked_pins(unit, cs, flags)
        if not unit.is_set_up:
            self.lock_bus(bus, flags=flags)
        self.shared.locks.take_gpio(Unit("spi", bus << 8), cs, "CS")
        number = self._slot_number(unit, cs)
        if number is None:
            raise DriverError("spi", "NoMoreDevicesAllowed")
        if not unit.is_set_up:
            self._set_up_bus(bus, unit, flags)
        is_native = (unit.miso, unit.mosi, unit.clk) == _NATIVE[bus]
        speed_hz = speed_hz if is_native else min(speed_hz, _MATRIX_SPEED_HZ_MAX)
        unit.slots[number] = _Slot(cs, mode, max(1, speed_hz), flags)
        self.shared.gpio.set_latch(cs, 1)
        self.shared.gpio.configure(cs, output=True)
        return bus << 8 | number

    def lock_bus(self, bus: int, *, flags: int = WRITE | READ) -> None:
        """Lock the pins of a bus (``spi_lock_bus_resources``)."""
        unit = self._units[bus]
        wanted = [(unit.miso, "MISO")] if flags & READ else []
        wanted += [(unit.mosi, "MOSI")] if flags & WRITE else []
        wanted.append((unit.clk, "CLK"))
        self.shared.locks.take(Unit("spi", bus << 8), *((Unit("gpio", gpio), tag) for gpio, tag in wanted))

    def pins(self, bus: int) -> tuple[int, int, int]:
        """Return the pins of a bus: input, output and clock."""
        unit = self._units[bus]
        return unit.miso, unit.mosi, unit.clk

    def exchange(self, device: int, data: bytes) -> bytes:
        """Select a device, shift bytes out and in, and deselect it."""
        unit, slot = self._checked(device)
        selected, unit.selected = unit.selected, device
        self._begin(unit, slot)
        received = self._transfer(device, data)
        self.shared.gpio.set_latch(slot.cs, 1)
        unit.selected = selected
        return received

    def byte_ns(self, device: int) -> float:
        """Return how long a byte takes."""
        _, slot = self._checked(device)
        return 8 * NS_PER_S / slot.speed_hz

    # -- what scripts call ----------------------------------------------------------------------------------------

    @call("spi.pins")
    def _pins(self) -> tuple[Any, ...]:
        return tuple(
            value for number, unit in self._units.items() for value in (number, unit.miso, unit.mosi, unit.clk)
        )

    @call("spi.setpins")
    def _setpins(self, bus: int, miso: int, mosi: int, clk: int) -> None:
        if bus not in BUSES:
            raise DriverError("spi", "InvalidUnit")
        unit = self._units[bus]
        if unit.is_set_up:
            raise DriverError("spi", "CannotChangePinMap")
        # The checks look at the pins that the bus has, not at those that it shall have.
        if miso >= 0 and unit.miso not in GPIOS:
            raise DriverError("spi", "PinNowAllowed", "miso, selected pin cannot be input")
        if mosi >= 0 and unit.mosi not in OUTPUTS:
            raise DriverError("spi", "PinNowAllowed", "mosi, selected pin cannot be output")
        if clk >= 0 and unit.clk not in GPIOS:
            raise DriverError("spi", "PinNowAllowed", "clk, selected pin cannot be output")
        if len({unit.mosi, unit.miso, unit.clk}) < 3:
            raise DriverError("spi", "PinNowAllowed", "miso, mosi and clk must be different")
        unit.miso = miso if miso >= 0 else unit.miso
        unit.mosi = mosi if mosi >= 0 else unit.mosi
        unit.clk = clk if clk >= 0 else unit.clk

    @call("spi.attach")
    def _attach(self, bus: int, is_master: bool, cs: int, speed_hz: int, mode: int, flags: int) -> tuple[Any, ...]:
        self.shared.pay()
        if bus in BUSES and not is_master:
            raise DriverError("spi", "SlaveNotAllowed")
        device = self.setup(bus, cs, speed_hz, mode=mode, flags=flags)
        handle = len(self._handles) + 1
        self._handles[handle] = _Handle(device)
        return (handle,)

    def _checked_pins(self, unit: _Unit, cs: int, flags: int) -> int:
        """Return the chip select, once all pins are known to do."""
        if flags & READ and unit.miso not in GPIOS:
            raise DriverError("spi", "PinNowAllowed", "miso, selected pin is not valid for input")
        if flags & WRITE and unit.mosi not in OUTPUTS:
            raise DriverError("spi", "PinNowAllowed", "mosi, selected pin is not valid for output")
        if unit.clk not in GPIOS:
            raise DriverError("spi", "PinNowAllowed", "clk, selected pin is not valid for output")
        if cs == -1:
            if unit.default_cs is None:
                raise DriverError("spi", "PinNowAllowed", "default cs is not set in kconfig")
            cs = unit.default_cs
        if cs not in OUTPUTS:
            raise DriverError("spi", "PinNowAllowed", "cs, selected pin is not valid for output")
        if len({unit.mosi, unit.miso, unit.clk, cs}) < 4:
            raise DriverError("spi", "PinNowAllowed", "miso, mosi, clk and cs must be different")
        return cs

    def _slot_number(self, unit: _Unit, cs: int) -> int | None:
        """Return the slot of the device with this chip select, or else a free one."""
        same = [number for number, slot in enumerate(unit.slots) if slot is not None and slot.cs == cs]
        free = [number for number, slot in enumerate(unit.slots) if slot is None]
        return next(iter(same + free), None)

    def _set_up_bus(self, bus: int, unit: _Unit, flags: int) -> None:
        unit.is_set_up = True
        pins = []
        if flags & READ:
            self.shared.gpio.route(unit.miso, output=False)
            pins.append(f"miso=GPIO{unit.miso}")
        if flags & WRITE:
            self.shared.gpio.route(unit.mosi, output=True)
            pins.append(f"mosi=GPIO{unit.mosi}")
        self.shared.gpio.route(unit.clk, output=True)
        pins.append(f"clk=GPIO{unit.clk}")
        self.shared.log(f"spi{bus} at pins {'/'.join(pins)}")

    @call("spi.select")
    def _select(self, handle: int) -> Any:
        self.shared.pay()
        found = self._handles[handle]
        unit, _ = self._checked(found.device)
        if unit.holder is not None and unit.holder is not self.kernel.current:
            unit.waiting.append((self.kernel.current, handle))
            return WAIT
        self._take(unit, self.kernel.current, found)
        return None

    def _take(self, unit: _Unit, task: Task, handle: _Handle) -> None:
        unit.holder, unit.selected = task, handle.device
        slot = unit.slots[handle.device & 0xFF]
        assert slot is not None
        self._begin(unit, slot)

    def _begin(self, unit: _Unit, slot: _Slot) -> None:
        """Let the clock rest where the mode wants it, and then select the device."""
        self.shared.gpio.drive(unit.clk, slot.mode >> 1)
        self.shared.gpio.set_latch(slot.cs, 0)

    @call("spi.deselect")
    def _deselect(self, handle: int) -> None:
        found = self._handles[handle]
        data, found.buffer = bytes(found.buffer), bytearray()
        if data:
            self._transfer(found.device, data)
        unit, slot = self._checked(found.device)
        self.shared.pay()
        self.shared.gpio.set_latch(slot.cs, 1)
        unit.holder = unit.selected = None
        while unit.waiting and unit.holder is None:
            task, next_handle = unit.waiting.popleft()
            if self.kernel.has(task):
                self._take(unit, task, self._handles[next_handle])
                self.kernel.answer(task, DONE)

    @call("spi.write")
    def _write(self, handle: int, data: bytes) -> None:
        """Collect one argument of ``write``; a full buffer is sent first."""
        found = self._handles[handle]
        if len(found.buffer) + len(data) > BUFFER_BYTES:
            self._transfer(found.device, bytes(found.buffer))
            found.buffer.clear()
        found.buffer += data

    @call("spi.readwrite")
    def _readwrite(self, handle: int, data: bytes) -> tuple[Any, ...]:
        found = self._handles[handle]
        pending, found.buffer = bytes(found.buffer), bytearray()
        if pending:
            self._transfer(found.device, pending)
        return (self._transfer(found.device, data),)

    @call("spi.detach")
    def _detach(self, handle: int) -> None:
        self.shared.pay()
        found = self._handles[handle]
        unit, slot = self._checked(found.device)
        self.shared.locks.release_gpio(slot.cs)
        unit.slots[found.device & 0xFF] = None
        if not any(unit.slots):
            for gpio in (unit.miso, unit.mosi, unit.clk):
                self.shared.locks.release_gpio(gpio)
            unit.is_set_up = False
