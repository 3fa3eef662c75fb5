"""adc: analogue inputs (``components/sys/drivers/adc.c``, ``adc_internal.c``, ``adc_ads1115.c``, ``adc_ads1015.c``).

A channel that is attached again keeps its handle and is set up anew, so older handles change with it. Pins are never
unlocked. An external converter is asked over I2C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.i2c import MASTER, I2cDriver
from simulator.device.drivers.shared import Driver
from simulator.hardware import Unit
from simulator.hardware.adc import WIDTH_MAX, Attenuation, millivolts, reading
from simulator.units import NS_PER_US
from simulator.vm.exceptions import DriverError

INTERNAL: Final = 1
EXTERNAL: Final = 2

PINS: Final = (36, 37, 38, 39, 32, 33, 34, 35)
"""The pin of each channel of ADC1."""

_MAX_MV: Final = 3900
_WIDTHS: Final = (9, 10, 11, 12)
_CONVERSION_NS: Final = 20 * NS_PER_US  # our estimate, with the driver around it
_ATTENUATIONS: Final = ((1100, Attenuation.DB_0), (1500, Attenuation.DB_2_5), (2200, Attenuation.DB_6))

_ADS_ADDRESS: Final = 0x48
_ADS_SPEED_HZ: Final = 400_000
_ADS_BITS: Final = {"ADS1115": 15, "ADS1015": 12}
_ADS_RANGES_MV: Final = (256, 512, 1024, 2048, 4096, 6144)
_ADS_GAINS: Final = {6144: 0, 4096: 1, 2048: 2, 1024: 3, 512: 4, 256: 5}
_ADS_CONVERSION, _ADS_CONFIG = 0, 1


@dataclass(frozen=True, slots=True)
class Channel:
    """How a channel is set up."""

    unit: int
    number: int
    resolution: int
    max_mv: int
    attenuation: Attenuation = Attenuation.DB_11
    device: int = -1
    """The I2C device of an external converter."""

    @property
    def count_max(self) -> int:
        """Return the greatest reading."""
        return (1 << self.resolution) - 1


class AdcDriver(Driver):
    """The converters."""

    name: ClassVar[str] = "adc"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.width = WIDTH_MAX
        """Bits of a conversion, of all channels."""
        self._channels: list[Channel] = []

    def setup(self, unit: int, number: int, *, resolution: int = 0, vref: int = 0, max_mv: int = 0) -> int:
        """Set a channel up and return its handle (``adc_setup``)."""
        external = self.shared.board.external_adc
        if unit == INTERNAL:
            if number >= 32:
                if number not in PINS:
                    raise DriverError("adc", "InvalidChannel")
                number = PINS.index(number)
            if not 0 <= number < len(PINS):
                raise DriverError("adc", "InvalidChannel")
            channel = self._setup_internal(number, resolution, vref, max_mv)
        elif unit == EXTERNAL and external is not None:
            channel = self._setup_external(external.chip, external.i2c, number, resolution, vref, max_mv)
        else:
            raise DriverError("adc", "InvalidUnit")
        for handle, other in enumerate(self._channels, 1):
            if (other.unit, other.number) == (unit, number):
                self._channels[handle - 1] = channel
                return handle
        self._channels.append(channel)
        return len(self._channels)

    def _setup_internal(self, number: int, resolution: int, vref: int, max_mv: int) -> Channel:
        max_mv = max_mv or _MAX_MV
        resolution = resolution or 12
        if not 0 <= max_mv <= _MAX_MV:
            raise DriverError("adc", "InvalidMax")
        if resolution not in _WIDTHS:
            raise DriverError("adc", "InvalidResolution")
        if vref:
            raise DriverError("adc", "VrefSetupNotAllowed")
        self.shared.locks.take_gpio(Unit("adc", number), PINS[number])
        attenuation = next((level for limit, level in _ATTENUATIONS if max_mv <= limit), Attenuation.DB_11)
        self.width = resolution
        self.shared.log(
            f"adc1: at pin GPIO{PINS[number]}, attenuation {attenuation.text}, {resolution} bits of resolution"
        )
        return Channel(INTERNAL, number, resolution, max_mv, attenuation)

    def _setup_external(
        self, chip: str, bus: int, number: int, resolution: int, vref: int, max_mv: int
    ) -> Channel:  # fmt: skip
        max_mv = max_mv or 4096
        resolution = resolution or _ADS_BITS[chip]
        if not _ADS_RANGES_MV[0] <= max_mv <= _ADS_RANGES_MV[-1]:
            raise DriverError("adc", "InvalidMax")
        if resolution != _ADS_BITS[chip]:
            raise DriverError("adc", "InvalidResolution")
        device = self.shared.driver(I2cDriver).attach(bus, MASTER, _ADS_SPEED_HZ)
        if vref:
            raise DriverError("adc", "VrefSetupNotAllowed")
        range_mv = next(limit for limit in _ADS_RANGES_MV if max_mv <= limit)
        # The address in the line is the one that was asked for, before the default is put in.
        self.shared.log(
            f"adc {chip} channel {number} at i2c{bus}, PGA +/- {range_mv} mvolts, address 0, "
            f"{resolution} bits of resolution"
        )
        return Channel(EXTERNAL, number, resolution, range_mv, device=device)

    def read(self, handle: int) -> tuple[int, float]:
        """Convert once and return the count and the millivolts (``adc_read``)."""
        self.shared.pay(_CONVERSION_NS)
        return self.sample(handle)

    def sample(self, handle: int) -> tuple[int, float]:
        """Convert as `read` does, in a task that is none of Lua's and so pays nothing."""
        channel = self._channels[handle - 1]
        if channel.unit == EXTERNAL:
            return self._read_external(channel)
        vref_mv = self.shared.board.adc_vref_mv
        pin_mv = self.shared.bench.wire(PINS[channel.number]).millivolts
        count = reading(pin_mv, width=self.width, attenuation=channel.attenuation, vref_mv=vref_mv)
        # What it means is worked out with the width that this channel was attached with.
        return count, millivolts(count, width=channel.resolution, attenuation=channel.attenuation, vref_mv=vref_mv)

    def _read_external(self, channel: Channel) -> tuple[int, float]:
        gain = _ADS_GAINS[channel.max_mv]
        config = 1 << 15 | (4 + channel.number & 7) << 12 | gain << 9 | 1 << 8 | 4 << 5
        i2c = self.shared.driver(I2cDriver)
        i2c.write_to(channel.device, _ADS_ADDRESS, _ADS_CONFIG, *config.to_bytes(2, "big"))
        i2c.write_to(channel.device, _ADS_ADDRESS, _ADS_CONVERSION)
        count = int.from_bytes(i2c.read_from(channel.device, _ADS_ADDRESS, 2), "big")
        if channel.resolution == _ADS_BITS["ADS1015"]:
            count >>= 3
        return count, count * channel.max_mv / channel.count_max

    def average(self, handle: int, samples: int) -> float:
        """Return the mean millivolts of several conversions (``adc_read_avg``)."""
        mean = 0.0
        for number in range(1, samples + 1):
            mean = ((number - 1) * mean + self.read(handle)[1]) / number
        return mean

    def channel(self, handle: int) -> Channel:
        """Return how a channel is set up."""
        return self._channels[handle - 1]

    @call("adc.attach")
    def _attach(self, unit: int, number: int, resolution: int, vref: int, max_mv: int) -> tuple[Any, ...]:
        self.shared.pay()
        return (self.setup(unit, number, resolution=resolution, vref=vref, max_mv=max_mv),)

    @call("adc.read")
    def _read(self, handle: int) -> tuple[Any, ...]:
        count, voltage = self.read(handle)
        return (count, float(voltage))

    @call("adc.calibrate")
    def _calibrate(self, unit: int, gpio: int, other: int, number: int) -> tuple[Any, ...]:
        if unit != INTERNAL:
            raise DriverError("adc", "CannotCalibrate", "only ADC1 can be calibrated")
        if other == INTERNAL:
            raise DriverError("adc", "CannotCalibrate", "ADC1 cannot be used for calibrate")
        if gpio not in (25, 26, 27):
            raise DriverError("adc", "CalibrationError", "GPIO can be either 25, 26, 27")
        wire = self.shared.bench.wire(gpio)
        wire.drive("vref", self.shared.board.adc_vref_mv, self.shared.now_ns())
        handle = self.setup(other, number)
        return (round(self.average(handle, 1000)),)
