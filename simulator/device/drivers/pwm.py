"""pwm: channels of the LED controller (``components/sys/drivers/pwm.c``). servo and sound are users of it.

Channels are handed out from the first free one. Two neighbours share a timer, so the second one to be attached sets
the frequency of both and pauses the first until either is started.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.hardware import OUTPUTS, Unit
from simulator.vm.exceptions import DriverError

CHANNELS: Final = 16
_BITS: Final = range(15, 9, -1)
_PIN_MASK: Final = 0xFF0EFFFFFF  # GPIO_ALL, with which the driver ANDs the number of the pin


@dataclass(slots=True)
class _Channel:
    timer: int
    gpio: int = -1
    bits: int = 15
    is_set_up: bool = False
    is_started: bool = False


class PwmDriver(Driver):
    """The channels."""

    name: ClassVar[str] = "pwm"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._channels = [_Channel(timer=number // 2 % 4) for number in range(CHANNELS)]

    def setup(self, gpio: int, frequency_hz: int, duty: float) -> int:
        """Set the first free channel up, without starting it, and return its number (``pwm_setup``)."""
        if not 0 <= duty <= 1:
            raise DriverError("pwm", "CannotSetup", "invalid duty")
        if frequency_hz <= 0:
            raise DriverError("pwm", "CannotSetup", "invalid frequency")
        if not gpio & _PIN_MASK:
            raise DriverError("pwm", "CannotSetup", "invalid pin")
        # With all of them taken the device goes on with channel -1.
        number = next((number for number, channel in enumerate(self._channels) if not channel.is_set_up), CHANNELS - 1)
        self.shared.locks.take_gpio(Unit("pwm", number), gpio)
        channel = self._channels[number]
        channel.is_set_up, channel.gpio, channel.is_started = True, gpio, False
        ledc = self.shared.ledc
        bits = self._set_timer(channel, frequency_hz)
        if bits is None:
            raise DriverError("pwm", "CannotSetup", "invalid frequency")
        channel.bits = bits
        ledc.set_channel(number, timer=channel.timer, duty=self._steps(channel, duty))
        ledc.pause(channel.timer)
        self._let_go(number)
        return number

    def _set_timer(self, channel: _Channel, frequency_hz: int) -> int | None:
        set_timer = self.shared.ledc.set_timer
        return next((bits for bits in _BITS if set_timer(channel.timer, frequency_hz=frequency_hz, bits=bits)), None)

    def _steps(self, channel: _Channel, duty: float) -> int:
        return int(duty * ((1 << channel.bits) - 1))

    def _let_go(self, number: int) -> None:
        """Take the pin from the channel and drive it low."""
        gpio = self._channels[number].gpio
        self.shared.ledc.disconnect(number)
        if gpio in OUTPUTS:
            self.shared.gpio.set_latch(gpio, 0)
            self.shared.gpio.configure(gpio, output=True)

    def start(self, number: int) -> None:
        """Give the pin to the channel and let its timer run (``pwm_start``)."""
        channel = self._channels[number]
        if channel.gpio in OUTPUTS:
            self.shared.ledc.connect(number, channel.gpio)
        self.shared.ledc.resume(channel.timer)
        channel.is_started = True

    def stop(self, number: int) -> None:
        """Pause the timer and drive the pin low (``pwm_stop``)."""
        channel = self._channels[number]
        self.shared.ledc.pause(channel.timer)
        self._let_go(number)
        channel.is_started = False

    def set_duty(self, number: int, duty: float) -> None:
        """Choose the duty (``pwm_set_duty``)."""
        if not 0 <= duty <= 1:
            raise DriverError("pwm", "InvalidDuty")
        self.shared.ledc.set_duty(number, self._steps(self._channels[number], duty))

    def unsetup(self, number: int) -> None:
        """Free a channel (``pwm_unsetup``). The records of all higher channels are wiped with it."""
        channel = self._channels[number]
        if not channel.is_set_up:
            return
        self.stop(number)
        for index in range(number, CHANNELS):
            self._channels[index] = _Channel(timer=0, gpio=0, bits=0)
        self.shared.locks.release_all(Unit("pwm", number))

    @call("pwm.attach")
    def _attach(self, gpio: int, frequency_hz: int, duty: float) -> tuple[Any, ...]:
        self.shared.pay()
        return (self.setup(gpio, frequency_hz, duty),)

    @call("pwm.detach")
    def _detach(self, number: int) -> None:
        self.shared.pay()
        self.unsetup(number)

    @call("pwm.start")
    def _start(self, number: int) -> None:
        self.shared.pay()
        self.start(number)

    @call("pwm.stop")
    def _stop(self, number: int) -> None:
        self.shared.pay()
        self.stop(number)

    @call("pwm.setduty")
    def _set_duty(self, number: int, duty: float) -> None:
        self.shared.pay()
        self.set_duty(number, duty)

    @call("pwm.setfreq")
    def _set_frequency(self, number: int, frequency_hz: int) -> None:
        self.shared.pay()
        self.set_frequency(number, frequency_hz)

    def set_frequency(self, number: int, frequency_hz: int) -> None:
        """Choose the frequency, for a neighbour on the same timer as well (``pwm_set_freq``)."""
        if frequency_hz <= 0:
            raise DriverError("pwm", "InvalidFrequency")
        channel = self._channels[number]
        ledc = self.shared.ledc
        if ledc.frequency_hz(channel.timer) == frequency_hz:
            return
        bits = self._set_timer(channel, frequency_hz)
        if bits is None:
            raise DriverError("pwm", "InvalidFrequency")
        channel.bits = bits
