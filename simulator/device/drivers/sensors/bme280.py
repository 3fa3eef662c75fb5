"""The BME280, by the code of its maker (``sensors/bme280.c``). What goes wrong on the bus reads as zeros."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.device.drivers.i2c import I2cDriver
from simulator.device.drivers.sensors.sensor import Interface, Kind, Sensor, Value, Work, ms
from simulator.hardware.parts.bme280 import CHIP_ID, Calibration
from simulator.vm.exceptions import DriverError

ADDRESSES: Final = (0x76, 0x77)
SLEEP, FORCED, NORMAL = 0, 1, 3
_UNKNOWN_MODE: Final = 255

_CALIBRATION_1, _CALIBRATION_2 = 0x88, 0xE1
_ID, _RESET, _CTRL_HUM, _CTRL_MEAS, _CONFIG, _DATA = 0xD0, 0xE0, 0xF2, 0xF4, 0xF5, 0xF7
_SOFT_RESET: Final = 0xB6
_ID_ATTEMPTS: Final = 5
_RESET_MS: Final = 5
_FIRST_WAIT_MS: Final = 2  # the code for 125 ms of standby, taken for milliseconds

_HUMIDITY_1X, _PRESSURE_2X, _TEMPERATURE_4X = 1, 2, 3
_MEASURE_MS: Final = 19
"""What the maker's formula gives for these three."""

_STANDBY_MS: Final = {1: 0, 10: 6, 20: 7, 63: 1, 125: 2, 250: 3, 500: 4, 1000: 5}
"""Milliseconds of standby to code."""


class Bme280(Sensor):
    """The sensor, as ``sensor.attach("BME280", bus, address)`` finds it."""

    id: ClassVar = "BME280"
    interfaces: ClassVar = (Interface(Kind.I2C),)
    provides: ClassVar = (Value("temperature", "double"), Value("humidity", "double"), Value("pressure", "double"))
    settings: ClassVar = (Value("mode", "int"), Value("standbytime", "int"), Value("smode", "string"))
    _calibration = Calibration()
    _mode = SLEEP
    _config = _hum = _meas = 0
    """What the driver knows of three registers."""

    def before_setup(self) -> None:
        """Put in the address."""
        self.arguments[0][1] = self.arguments[0][1] or ADDRESSES[0]

    # -- the bus --------------------------------------------------------------------------------------------------

    def _read(self, register: int, count: int = 1) -> bytes | None:
        """Return registers, or None if the bus has refused."""
        try:
            return self.shared.driver(I2cDriver).read_register(
                self.handles[0], self.arguments[0][1], register, count
            )  # fmt: skip
        except DriverError:
            return None

    def _write(self, register: int, value: int) -> bool:
        try:
            self.shared.driver(I2cDriver).write_to(self.handles[0], self.arguments[0][1], register, value)
        except DriverError:
            return False
        return True

    def _read_mode(self) -> int | None:
        data = self._read(_CTRL_MEAS)
        return None if data is None else data[0] & 3

    def _configure(self, **registers: int) -> Work[bool]:
        """Change one of ``config``, ``hum`` and ``meas``; return whether the bus let it.

        A sensor that does not sleep is reset first, and all three are written.
        """
        wanted = {"config": self._config, "hum": self._hum, "meas": self._meas, **registers}
        mode = self._read_mode()
        if mode != SLEEP:
            done = self._write(_RESET, _SOFT_RESET)
            yield ms(_RESET_MS)
            done &= self._write(_CONFIG, wanted["config"]) and self._write(_CTRL_HUM, wanted["hum"])
            done &= self._write(_CTRL_MEAS, wanted["meas"])
        elif "config" in registers:
            done = self._write(_CONFIG, wanted["config"])
        elif "hum" in registers:  # which counts only once the other is written
            done = self._write(_CTRL_HUM, wanted["hum"]) and self._write(_CTRL_MEAS, wanted["meas"])
        else:
            done = self._write(_CTRL_MEAS, wanted["meas"])
        return self._read_back() and done

    def _read_back(self) -> bool:
        """Read the three registers again; return whether the bus let it."""
        read = [self._read(register) for register in (_CTRL_MEAS, _CTRL_HUM, _CONFIG)]
        if any(data is None for data in read):
            return False
        self._meas, self._hum, self._config = (data[0] for data in read if data is not None)
        return True

    # -- what it does ---------------------------------------------------------------------------------------------

    def setup(self) -> Work[None]:
        """Identify it, read its calibration, and set it up."""
        if self.arguments[0][1] not in ADDRESSES:
            raise DriverError("sensor", "InvalidAddress")
        if not (yield from self._begin()):
            raise DriverError("sensor", "CannotSetup", "cannot detect device")
        yield ms(_FIRST_WAIT_MS)
        yield from self._get()  # the first values are wrong

    def _begin(self) -> Work[bool]:
        for _ in range(_ID_ATTEMPTS):
            if self._read(_ID) == bytes([CHIP_ID]):
                break
            yield ms(1)
        else:
            return False
        first, second = self._read(_CALIBRATION_1, 26), self._read(_CALIBRATION_2, 7)
        if first is None or second is None:
            return False
        self._calibration = Calibration.unpack(first, second)
        done = self._write(_RESET, _SOFT_RESET)
        yield ms(_RESET_MS)
        done &= yield from self._configure(hum=self._hum & ~7 | _HUMIDITY_1X)
        done &= yield from self._configure(meas=self._meas & ~0x1C | _PRESSURE_2X << 2)
        done &= yield from self._configure(meas=self._meas & ~0xE0 | _TEMPERATURE_4X << 5)
        done &= yield from self._configure(config=self._config & ~0xE0 | _STANDBY_MS[125] << 5)
        done &= yield from self._configure(meas=self._meas & ~3 | SLEEP)
        self.set_to[:] = [SLEEP, _STANDBY_MS[125], 0]
        return bool(done)

    def _get(self) -> Work[list[float]]:
        """Return temperature, humidity and pascals, zeros if the bus has refused."""
        done = True
        if self._mode != NORMAL:
            forced = self._meas & ~3 | FORCED
            if self._read_mode() != SLEEP:
                done &= self._write(_RESET, _SOFT_RESET)
                yield ms(_RESET_MS)
                done &= self._write(_CONFIG, self._config)
            done &= self._write(_CTRL_HUM, self._hum) and self._write(_CTRL_MEAS, forced)
            yield ms(_MEASURE_MS)
        data = self._read(_DATA, 8)
        if self._mode != NORMAL:
            done &= self._read_back()
        if data is None or not done:
            return [0.0, 0.0, 0.0]
        pressure = int.from_bytes(data[:3], "big") >> 4
        temperature = int.from_bytes(data[3:6], "big") >> 4
        humidity = int.from_bytes(data[6:], "big")
        calibration = self._calibration
        fine = calibration.fine(temperature)
        return [
            calibration.celsius(temperature),
            calibration.percent(humidity, fine),
            calibration.pascals(pressure, fine),
        ]

    def measure(self) -> Work[list[float]]:
        """Measure."""
        celsius, percent, pascals = yield from self._get()
        return [celsius, percent, pascals / 100]

    def change(self, setting: str, value: float) -> Work[None]:
        """Change the mode, or in normal mode how long it stands by."""
        number = int(value)
        if setting == "mode":
            mode = number & 0xFF
            if mode not in (SLEEP, FORCED, NORMAL) or self._read_mode() in (None, mode):
                return
            if (yield from self._configure(meas=self._meas & ~3 | mode)):
                self._mode = mode
                self.set_to[0] = mode
                if mode == NORMAL:
                    yield from self._configure(config=self._config & ~0xE0 | int(self.set_to[1]) << 5)
        elif setting == "standbytime" and self.set_to[0] == NORMAL:
            code = _standby_code(number)
            yield from self._configure(config=self._config & ~0xE0 | code << 5)
            self.set_to[1] = code

    def setting(self, name: str) -> Work[Any]:
        """Return a setting. The text of the mode is written where a number lies, and that is the end of the app."""
        yield from ()
        self.setting_index(name)
        if name == "mode":
            mode = self._read_mode()
            return _UNKNOWN_MODE if mode is None else mode
        if name == "standbytime":
            return next(milliseconds for milliseconds, code in _STANDBY_MS.items() if code == self.set_to[1])
        self.shared.crash("StoreProhibited", address=self.arguments[0][1])
        return None


def _standby_code(milliseconds: int) -> int:
    """Return the code of the longest standby that is not longer."""
    limits = ((10, 1), (20, 10), (62, 20), (125, 63), (250, 125), (500, 250), (1000, 500))
    return _STANDBY_MS[next((step for limit, step in limits if milliseconds < limit), 1000)]
