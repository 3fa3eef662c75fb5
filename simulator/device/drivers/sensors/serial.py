"""Sensors on a serial line, which send unasked: GPS and SDS011 (``sensors/gps.c``, ``sds011.c``).

The driver's task takes everything that the port receives, so a script that reads there gets nothing. A port is never
given back.
"""

from __future__ import annotations

from typing import ClassVar, Final

from simulator.device.drivers.sensors.sensor import Interface, Kind, Sensor, Value, Work
from simulator.device.drivers.uart import UartDriver

_SENTENCE_MAX: Final = 82
"""MAX_NMA_SIZE; a longer line overwrites what follows the buffer, here it is cut."""


class SerialSensor(Sensor):
    """A sensor that takes what a port receives."""

    def setup(self) -> Work[None]:
        """Listen."""
        yield from ()
        self.shared.driver(UartDriver).subscribe(self._port, self.received)

    def unsetup(self) -> None:
        """Listen no more."""
        self.shared.driver(UartDriver).unsubscribe(self._port)

    @property
    def _port(self) -> int:
        return self.arguments[0][0] & 0xFF

    def received(self, data: bytes) -> None:
        """Bytes have arrived."""
        raise NotImplementedError


class Gps(SerialSensor):
    """A receiver that speaks NMEA 0183."""

    id: ClassVar = "GPS"
    interfaces: ClassVar = (Interface(Kind.UART),)
    provides: ClassVar = (
        Value("lon", "double"), Value("lat", "double"), Value("sats", "int"), Value("valid", "int"),
        Value("height", "double"),
    )  # fmt: skip

    def setup(self) -> Work[None]:
        """Begin with an empty line."""
        self._line = bytearray()
        yield from super().setup()

    def received(self, data: bytes) -> None:
        """Take lines, which a line feed or a zero ends."""
        for byte in data:
            if byte in b"\n\0":
                self.hub.position.take(self._line.decode("latin-1"))
                self._line.clear()
            elif byte != 0x0D and len(self._line) < _SENTENCE_MAX:
                self._line.append(byte)

    def measure(self) -> Work[list[float]]:
        """Return the last position."""
        yield from ()
        position = self.hub.position
        return [
            position.longitude, position.latitude, position.satellites, int(position.is_new), position.height,
        ]  # fmt: skip


class Sds011(SerialSensor):
    """A dust sensor. Its speed is a slip of the pen; 9600 is near enough. Callbacks are taken and nobody calls them."""

    id: ClassVar = "SDS011"
    interfaces: ClassVar = (Interface(Kind.UART, is_auto=True),)
    provides: ClassVar = (Value("PM2.5", "double"), Value("PM10", "double"))
    _BAUD: ClassVar = 9688
    _FRAME_BYTES: ClassVar = 10

    def before_setup(self) -> None:
        """Take the speed and the format whatever was asked for."""
        self.arguments[0][1:] = [self._BAUD, 8, 0, 1]

    def setup(self) -> Work[None]:
        """Begin without a byte."""
        self._frame = bytearray()
        yield from super().setup()

    def received(self, data: bytes) -> None:
        """Look for frames in the last ten bytes."""
        for byte in data:
            self._frame.append(byte)
            frame = self._frame = self._frame[-self._FRAME_BYTES :]
            is_whole = len(frame) == self._FRAME_BYTES and frame.startswith(b"\xaa\xc0") and frame.endswith(b"\xab")
            if is_whole and frame[8] == sum(frame[2:8]) & 0xFF:
                self.data[:] = [int.from_bytes(frame[start : start + 2], "little") / 10 for start in (2, 4)]


SENSORS: Final = (Gps, Sds011)
