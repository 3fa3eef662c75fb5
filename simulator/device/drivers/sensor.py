"""sensor: sensors by name (``components/lua/modules/hw/sensor.c``, ``components/sys/drivers/sensor.c``).

What takes long is done bit by bit: a request that has to sleep answers "not yet", and the script's side asks for more
(``sensor.go_on``) when the Lua thread has slept. What each sensor does is in `simulator.device.drivers.sensors`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from simulator.device.calls import call, text_of
from simulator.device.calls.timers import CallbackQueue
from simulator.device.drivers.sensors import CATALOGUE, find
from simulator.device.drivers.sensors.ds1820 import Ds1820
from simulator.device.drivers.sensors.sensor import CALLBACKS, Hub, Kind, Sensor, Value, Work
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import WAIT, Kernel
from simulator.vm.exceptions import DriverError, LuaError

_QUEUE: Final = 10
"""Changes that wait for the task that runs callbacks; more are lost."""
_ARGUMENTS: Final = {
    Kind.ADC: "ii", Kind.GPIO: "i", Kind.I2C: "ii", Kind.ONE_WIRE: "ii", Kind.UART: "ioooo", Kind.INTERNAL: "",
}  # fmt: skip
"""What an interface takes: whole numbers, of which some (o) may be left out."""
_NOT_YET: Final = (True, False)
_DONE: Final = True

_LIST_HEAD: Final = (
    f"{'SENSOR':<20} {'INTERFACE':<30} {'PROVIDES':<35} {'PROPERTIES':<27}",
    "-" * 115,
)
_ONE_WIRE_HEAD: Final = ("SENSOR      DEVICE   ADDRESS             MODEL         ", "-" * 55)
_JOINED_MAX: Final = 30
_PROVIDED_WIDTH: Final = 35


@dataclass(slots=True)
class _Handle:
    sensor: Sensor | None
    is_acquired: bool = False


class _Hub(Hub):
    """Hands what has changed to the task that runs the callbacks."""

    queue: CallbackQueue | None = None

    def changed(self, sensor: Sensor) -> None:
        """Call the first callback; the others are never called."""
        if sensor.callbacks and self.queue is not None and (news := sensor.news):
            self.queue.put(sensor.callbacks[0], *(part for name, value in news for part in (name.encode(), value)))


class SensorDriver(Driver):
    """The sensors that are attached."""

    name: ClassVar[str] = "sensor"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._hub = _Hub(self.shared)
        self._handles: list[_Handle] = []
        self._attached = 0
        """How many the driver believes to be attached."""
        self._count = 0
        """How often it was tried: the number that the locks of the next one belong to."""
        self._under_way: dict[int, Work[Any]] = {}
        """What has to sleep, by the Lua thread."""

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: there are no callbacks, and nothing is under way."""
        super().connect(kernel)
        self._under_way.clear()
        self._hub.queue = None
        for handle in self._handles:
            if handle.sensor is not None:
                handle.sensor.callbacks.clear()

    def close(self) -> None:
        """The chip is reset."""
        for handle in self._handles:
            if handle.sensor is not None:
                handle.sensor.unsetup()
        self._hub.debouncer.close()

    # -- doing things bit by bit ----------------------------------------------------------------------------------

    def _run(self, work: Work[Any]) -> Any:
        """Do what can be done without sleeping; see the head of this module."""
        self.shared.pay()
        task = self.kernel.current
        try:
            duration_ns = next(work)
        except StopIteration as end:
            return WAIT if self.kernel.outcome is not None else (_DONE, *end.value)
        self._under_way[task.id] = work
        self.kernel.sleep(task, duration_ns, _NOT_YET)
        return WAIT

    @call("sensor.go_on")
    def _go_on(self) -> Any:
        return self._run(self._under_way.pop(self.kernel.current.id))

    # -- attaching and detaching ----------------------------------------------------------------------------------

    @call("sensor.arguments")
    def _arguments(self, name: bytes) -> tuple[Any, ...]:
        kind = find(text_of(name))
        if kind is None:
            raise DriverError("sensor", "NotFound")
        return ("".join(_ARGUMENTS[interface.kind] for interface in kind.interfaces).encode(),)

    @call("sensor.attach")
    def _attach(self, name: bytes, *values: int) -> Any:
        kind = find(text_of(name))
        assert kind is not None
        given = iter(values)
        arguments = [[next(given) for _ in _ARGUMENTS[interface.kind]] for interface in kind.interfaces]
        return self._run(self._attached_handle(kind, arguments))

    def _attached_handle(self, kind: type[Sensor], arguments: list[list[int]]) -> Work[tuple[int]]:
        sensor = yield from self._set_up(kind, arguments)
        self._handles.append(_Handle(sensor))
        return (len(self._handles),)

    def _set_up(self, kind: type[Sensor], arguments: list[list[int]]) -> Work[Sensor]:
        """Make a sensor (``sensor_setup``). One that cannot be keeps what it has taken, and its number."""
        sensor = kind(self._hub, arguments)
        yield from self.shared.power_bus.on()
        sensor.before_setup()
        sensor.unit = self._count
        self._count += 1
        try:
            yield from sensor.set_up_interfaces()
            yield from sensor.setup()
            self._attached += 1
            yield from sensor.after_setup()
        except (DriverError, LuaError):
            self.shared.power_bus.off()
            raise
        return sensor

    @call("sensor.detach")
    def _detach(self, number: int) -> None:
        """Detach, and with the last sensor let go of the task that runs callbacks. A second time is harmless."""
        self.shared.pay()
        handle = self._handles[number - 1]
        sensor, handle.sensor = handle.sensor, None
        if sensor is None:
            return
        sensor.callbacks.clear()
        sensor.unsetup()
        if self._attached == 1:
            self._hub.queue = None
        sensor.release_interfaces()
        self._attached -= 1
        self.shared.power_bus.off()

    def _sensor(self, number: int) -> Sensor:
        sensor = self._handles[number - 1].sensor
        if sensor is None:
            raise DriverError("sensor", "SensorDetached")
        return sensor

    # -- measuring ------------------------------------------------------------------------------------------------

    @call("sensor.acquire")
    def _acquire(self, number: int) -> Any:
        return self._run(self._acquired(self._handles[number - 1], self._sensor(number)))

    def _acquired(self, handle: _Handle, sensor: Sensor) -> Work[tuple[()]]:
        yield from self._measure(sensor)
        handle.is_acquired = True
        return ()

    def _measure(self, sensor: Sensor) -> Work[None]:
        now_ns = self.shared.now_ns()
        if now_ns < sensor.next_ns:
            return
        values = yield from sensor.measure()
        if not sensor.is_automatic():
            for number, value in enumerate(values):
                sensor.latches[number].value = sensor.data[number]
                sensor.latches[number].since_ns = now_ns
                sensor.data[number] = value

    @call("sensor.read")
    def _read(self, number: int, name: bytes) -> Any:
        return self._run(self._values(self._handles[number - 1], self._sensor(number), text_of(name)))

    def _values(self, handle: _Handle, sensor: Sensor, name: str) -> Work[tuple[float, ...]]:
        if not handle.is_acquired:
            yield from self._measure(sensor)
        if name in ("all", "ALL"):
            values = tuple(sensor.data)
        else:
            values = tuple(
                value for provided, value in zip(sensor.provides, sensor.data, strict=True) if provided.id == name
            )
        if not values:
            raise DriverError("sensor", "NotFound")
        handle.is_acquired = False
        return values

    # -- settings -------------------------------------------------------------------------------------------------

    @call("sensor.setting_type")
    def _setting_type(self, number: int, name: bytes) -> tuple[Any, ...]:
        sensor = self._sensor(number)
        return (sensor.settings[sensor.setting_index(text_of(name))].type.encode(),)

    @call("sensor.set")
    def _set(self, number: int, name: bytes, value: float) -> Any:
        return self._run(self._changed(self._sensor(number), text_of(name), value))

    def _changed(self, sensor: Sensor, name: str, value: float) -> Work[tuple[()]]:
        yield from sensor.change(name, value)
        return ()

    @call("sensor.get")
    def _get(self, number: int, name: bytes) -> Any:
        return self._run(self._setting(self._sensor(number), text_of(name)))

    def _setting(self, sensor: Sensor, name: str) -> Work[tuple[Any]]:
        value = yield from sensor.setting(name)
        return (value.encode() if isinstance(value, str) else value,)

    # -- callbacks ------------------------------------------------------------------------------------------------

    @call("sensor.callback")
    def _callback(self, number: int) -> Any:
        self.shared.pay()
        sensor = self._handles[number - 1].sensor
        if sensor is None:
            return self.shared.crash("LoadProhibited")
        if not sensor.is_automatic():
            raise DriverError("sensor", "NoCallbacksAlowed")
        if len(sensor.callbacks) == CALLBACKS:
            raise DriverError("sensor", "NoMoreCallbacks")
        if self._hub.queue is None:
            self._hub.queue = self.shared.new_queue("sensor", core=self.kernel.current.core, limit=_QUEUE)
        sensor.callbacks.append(self.shared.new_callback_id())
        return (sensor.callbacks[-1],)

    # -- lists ----------------------------------------------------------------------------------------------------

    @call("sensor.list")
    def _list(self) -> None:
        """Print the catalogue."""
        for line in (*_LIST_HEAD, *map(_row, CATALOGUE), ""):
            self.shared.write(f"{line}\r\n")

    @call("sensor.catalogue")
    def _catalogue(self) -> tuple[Any, ...]:
        """Return the catalogue: of each sensor its name, whether it takes callbacks, and five texts.

        The last two are names and types in turn. A text has no type of its own in the device's list: it has that of
        whatever was listed before it.
        """
        type_ = ""
        flat: list[Any] = []
        for kind in CATALOGUE:
            flat += (kind.id.encode(), kind.is_automatic(), _interfaces(kind).encode(), _interface_names(kind).encode())
            for values in (kind.provides, kind.settings):
                pairs: list[str] = []
                for value in values:
                    type_ = value.type if value.type != "string" else type_
                    pairs += (value.id, type_)
                flat.append("\0".join(pairs).encode())
        return tuple(flat)

    @call("sensor.interface_not_supported")
    def _interface_not_supported(self) -> None:
        raise DriverError("sensor", "InterfaceNotSupported")

    @call("sensor.enumerate")
    def _enumerate(self, gpio: int, as_table: bool) -> Any:
        return self._run(self._enumerated(gpio, as_table))

    def _enumerated(self, gpio: int, as_table: bool) -> Work[tuple[Any, ...]]:
        """Look for devices by attaching the first one, which is never detached. Nobody hears what went wrong.

        Every row has the model of that one. The table is its name, and then number and model of each.
        """
        try:
            sensor = yield from self._set_up(Ds1820, [[gpio, 1]])
        except (DriverError, LuaError):
            rows: list[tuple[str, str]] = []
        else:
            assert isinstance(sensor, Ds1820)
            rows = [(rom.hex(), sensor.model) for rom in sensor.bus.roms[: sensor.bus.count]]
        if as_table:
            return tuple(part.encode() for part in (Ds1820.id, *(part for row in rows for part in row)))
        lines = [f"{Ds1820.id:<10}  {number:02}       {rom}    {model}" for number, (rom, model) in enumerate(rows, 1)]
        for line in (*_ONE_WIRE_HEAD, *lines, ""):
            self.shared.write(f"{line}\r\n")
        return ()


def _interfaces(kind: type[Sensor]) -> str:
    return _joined(interface.kind.value for interface in kind.interfaces)


def _interface_names(kind: type[Sensor]) -> str:
    return _joined(interface.name for interface in kind.interfaces if interface.name)


def _joined(parts: Iterable[str]) -> str:
    """Return the parts with commas between them, as far as they fit into what the device has for them."""
    text = ""
    for part in parts:
        if text:
            if len(text) + 1 > _JOINED_MAX:
                break
            text += ","
        if len(text) + len(part) > _JOINED_MAX:
            break
        text += part
    return text


def _row(kind: type[Sensor]) -> str:
    settings = ",".join(value.id for value in kind.settings)
    return f"{kind.id:<20} {_interfaces(kind):<30} {_provided(kind.provides):<{_PROVIDED_WIDTH}} {settings}"


def _provided(values: tuple[Value, ...]) -> str:
    """Return the names with commas between them; one more is begun as long as there are no more than 35 characters."""
    text = ""
    for value in values:
        if len(text) > _PROVIDED_WIDTH:
            break
        text += f",{value.id}" if text else value.id
    return text
