"""i2c: transactions on two buses (``components/lua/modules/hw/i2c.c``, ``components/sys/drivers/i2c.c``).

What a transaction is to do is only noted; reading and stopping carries it out, and there bus errors appear. A handle
has a transaction of its own. A device is ``bus * 256 + slot``, and whether it reads is a matter of the slot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import WAIT, Task
from simulator.hardware import GPIOS, OUTPUTS, Unit
from simulator.hardware.i2c import Ending, I2cBus, Read, Start, Step, Stop, Transfer, Write
from simulator.units import NS_PER_S
from simulator.vm.exceptions import DriverError

SLAVE, MASTER = 0, 1
BUSES: Final = 2
DEVICES_PER_BUS: Final = 3
"""CONFIG_LUA_RTOS_I2C_DEVICES_PER_BUS."""
DEFAULT_SPEED_HZ: Final = 400_000
READ_MAX: Final = 128
_TIMEOUT_NS: Final = NS_PER_S


@dataclass(slots=True)
class _Slot:
    speed_hz: int = 0
    """0: free."""
    is_reading: bool = False


@dataclass(slots=True)
class _Unit:
    scl: int
    sda: int
    is_set_up: bool = False
    mode: int = MASTER
    speed_hz: int = 0
    slots: list[_Slot] = field(default_factory=lambda: [_Slot() for _ in range(DEVICES_PER_BUS)])
    bus: I2cBus | None = None
    holder: Task | None = None
    """Who left its mutex locked: the others wait for it for ever."""


@dataclass(slots=True)
class _Handle:
    device: int
    steps: list[Step] | None = None
    """What the transaction is to do; None without one."""


class I2cDriver(Driver):
    """Both buses."""

    name: ClassVar[str] = "i2c"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        pins = self.shared.board.pins
        self._units = [_Unit(scl=bus.scl, sda=bus.sda) for bus in (pins.i2c0, pins.i2c1)]
        self._handles: dict[int, _Handle] = {}

    # -- for other drivers ----------------------------------------------------------------------------------------

    def attach(self, bus: int, mode: int, speed_hz: int) -> int:
        """Take a slot of a bus and return the device (``i2c_attach``)."""
        if bus not in range(BUSES):
            raise DriverError("i2c", "InvalidUnit")
        unit = self._units[bus]
        if not unit.is_set_up:
            owner = Unit("i2c", bus << 8)
            self.shared.locks.take(owner, (Unit("gpio", unit.sda), "SDA"), (Unit("gpio", unit.scl), "SCL"))
            for gpio in (unit.sda, unit.scl):
                self.shared.gpio.route(gpio, output=True, open_drain=True, keeps_input=True)
                self.shared.gpio.set_pull(gpio, 1)
            unit.bus = I2cBus(self.shared.bench, unit.scl, unit.sda)
            unit.mode, unit.is_set_up, unit.speed_hz = mode, True, 0
            self.shared.log(f"i2c{bus} at pins scl=GPIO{unit.scl}/sdc=GPIO{unit.sda}")
        for number, slot in enumerate(unit.slots):
            if not slot.speed_hz:
                slot.speed_hz = speed_hz if speed_hz > 0 else DEFAULT_SPEED_HZ
                slot.is_reading = False
                return bus << 8 | number
        self._keep_mutex(unit)
        raise DriverError("i2c", "NoMoreDevicesAllowed")

    def detach(self, device: int) -> None:
        """Free a slot, and with the last one the bus (``i2c_detach``)."""
        unit = self._checked_unit(device)
        unit.slots[device & 0xFF] = _Slot()
        if not any(slot.speed_hz for slot in unit.slots):
            for gpio in (unit.sda, unit.scl):
                self.shared.locks.release_gpio(gpio)
                self.shared.gpio.configure(gpio, output=False)
            unit.is_set_up, unit.bus = False, None

    def write_to(self, device: int, address: int, *data: int) -> None:
        """Write bytes to what is at an address, in a transaction of its own."""
        self._run(device, [Start(), Write(address << 1 & 0xFF), *map(Write, data), Stop()])

    def read_from(self, device: int, address: int, count: int) -> bytes:
        """Read bytes, and the one that is thrown away before the stop, in a transaction of its own."""
        steps: list[Step] = [Start(), Write((address << 1 | 1) & 0xFF), *_reads(count), Read(False), Stop()]
        return bytes(self._run(device, steps).data[:count])

    def read_register(self, device: int, address: int, register: int, count: int) -> bytes:
        """Select a register and read bytes from it on, with a repeated start between."""
        steps: list[Step] = [Start(), Write(address << 1 & 0xFF), Write(register)]
        steps += [Start(), Write((address << 1 | 1) & 0xFF), *_reads(count), Read(False), Stop()]
        return bytes(self._run(device, steps).data[:count])

    # -- inside ---------------------------------------------------------------------------------------------------

    def _checked_unit(self, device: int) -> _Unit:
        unit = self._units[device >> 8]
        if not unit.is_set_up:
            raise DriverError("i2c", "NotSetup")
        return unit

    def _keep_mutex(self, unit: _Unit) -> None:
        if unit.holder is None:
            unit.holder = self.kernel.current

    def _run(self, device: int, steps: list[Step]) -> Transfer:
        """Carry out steps. Raises for what the bus answers; time passes for the running Lua thread."""
        unit = self._checked_unit(device)
        assert unit.bus is not None
        speed_hz = unit.slots[device & 0xFF].speed_hz
        unit.speed_hz = unit.speed_hz or speed_hz
        self.shared.pay(0)
        transfer = unit.bus.run(steps, speed_hz=unit.speed_hz, at_ns=self.shared.now_ns())
        self.shared.pay(_TIMEOUT_NS if transfer.ending is Ending.STUCK else transfer.duration_ns)
        if transfer.ending is Ending.NOT_ACKNOWLEDGED:
            raise DriverError("i2c", "AckNotReceived")
        if transfer.ending is Ending.STUCK:
            raise DriverError("i2c", "Timeout")
        return transfer

    def _enter(self, handle: int, detail: str = "only allowed in master mode") -> tuple[_Handle, _Unit, _Slot] | None:
        """Make the checks that every call of a transaction makes; None: it waits for the mutex for ever."""
        self.shared.pay()
        found = self._handles[handle]
        unit = self._checked_unit(found.device)
        if unit.mode != MASTER:
            raise DriverError("i2c", "InvalidOperation", detail)
        if unit.holder is not None and unit.holder is not self.kernel.current:
            return None
        return found, unit, unit.slots[found.device & 0xFF]

    # -- what scripts call ----------------------------------------------------------------------------------------

    @call("i2c.pins")
    def _pins(self) -> tuple[Any, ...]:
        return tuple(value for number, unit in enumerate(self._units) for value in (number, unit.sda, unit.scl))

    @call("i2c.setpins")
    def _setpins(self, bus: int, sda: int, scl: int) -> None:
        if bus not in range(BUSES):
            raise DriverError("i2c", "InvalidUnit")
        unit = self._units[bus]
        if unit.is_set_up:
            raise DriverError("i2c", "CannotChangePinMap")
        if scl >= 0 and scl not in OUTPUTS:
            raise DriverError("i2c", "PinNowAllowed", "scl, selected pin cannot be output")
        if sda >= 0 and sda not in OUTPUTS:
            raise DriverError("i2c", "PinNowAllowed", "sda, selected pin cannot be output")
        if sda >= 0 and sda not in GPIOS:
            raise DriverError("i2c", "PinNowAllowed", "sda, selected pin cannot be input")
        if sda == scl and sda >= 0:
            raise DriverError("i2c", "PinNowAllowed", "sda and scl must be different")
        unit.scl = scl if scl >= 0 else unit.scl
        unit.sda = sda if sda >= 0 else unit.sda

    @call("i2c.attach")
    def _attach(self, bus: int, mode: int, speed_hz: int) -> tuple[Any, ...]:
        self.shared.pay()
        device = self.attach(bus, mode, speed_hz)
        number = len(self._handles) + 1
        self._handles[number] = _Handle(device)
        return (number,)

    @call("i2c.detach")
    def _detach(self, handle: int) -> None:
        self.shared.pay()
        self.detach(self._handles[handle].device)

    @call("i2c.setspeed")
    def _setspeed(self, handle: int, speed_hz: int) -> None:
        self._checked_unit(self._handles[handle].device).speed_hz = speed_hz

    @call("i2c.start")
    def _start(self, handle: int) -> Any:
        entered = self._enter(handle)
        if entered is None:
            return WAIT
        found, unit, slot = entered
        unit.speed_hz = slot.speed_hz
        found.steps = found.steps or []
        found.steps.append(Start())
        return None

    @call("i2c.address")
    def _address(self, handle: int, address: int, reads: bool) -> Any:
        entered = self._enter(handle)
        if entered is None:
            return WAIT
        found, _, slot = entered
        if found.steps is None:
            raise DriverError("i2c", "InvalidTransaction")
        slot.is_reading = reads
        found.steps.append(Write((address << 1 | reads) & 0xFF))
        return None

    @call("i2c.write")
    def _write(self, handle: int, data: bytes) -> Any:
        entered = self._enter(handle)
        if entered is None:
            return WAIT
        found, unit, slot = entered
        if found.steps is None:
            raise DriverError("i2c", "InvalidTransaction")
        if slot.is_reading:
            self._keep_mutex(unit)
            raise DriverError("i2c", "InvalidOperation", "transaction is for read")
        found.steps += map(Write, data)
        return None

    @call("i2c.read")
    def _read(self, handle: int, count: int) -> Any:
        entered = self._enter(handle, "")
        if entered is None:
            return WAIT
        found, unit, slot = entered
        if found.steps is None:
            raise DriverError("i2c", "InvalidTransaction")
        if not slot.is_reading:
            self._keep_mutex(unit)
            raise DriverError("i2c", "InvalidOperation", "transaction is for write")
        steps, found.steps = found.steps, None
        transfer = self._run(found.device, [*steps, *_reads(count)])
        found.steps = []  # and so one can read on
        return (bytes(transfer.data),)

    @call("i2c.stop")
    def _stop(self, handle: int) -> Any:
        entered = self._enter(handle)
        if entered is None:
            return WAIT
        found, _, slot = entered
        if found.steps is None:
            raise DriverError("i2c", "InvalidTransaction")
        steps, found.steps = found.steps, None
        if slot.is_reading:
            steps.append(Read(False))
        self._run(found.device, [*steps, Stop()])
        slot.is_reading = False
        return None


def _reads(count: int) -> list[Step]:
    """Return steps that read; the last of several bytes is not acknowledged, a single one is."""
    return [Read(True)] if count == 1 else [*[Read(True)] * (count - 1), Read(False)]
