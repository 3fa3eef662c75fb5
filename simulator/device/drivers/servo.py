"""servo: servo motors on a channel of pwm at 50 Hz (``components/sys/drivers/servo.c``)."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.pwm import PwmDriver
from simulator.device.drivers.shared import Driver

MIDDLE_US: Final = 1444
US_PER_DEGREE: Final = 10
_PERIOD_US: Final = 20_000
_FREQUENCY_HZ: Final = 50


class ServoDriver(Driver):
    """The servos; each goes by the number of its channel."""

    name: ClassVar[str] = "servo"

    @call("servo.attach")
    def _attach(self, gpio: int) -> tuple[Any, ...]:
        self.shared.pay()
        pwm = self.shared.driver(PwmDriver)
        channel = pwm.setup(gpio, _FREQUENCY_HZ, MIDDLE_US / _PERIOD_US)
        pwm.start(channel)
        return (channel,)

    @call("servo.write")
    def _write(self, channel: int, value: float) -> None:
        """Turn to an angle; what is no angle is a pulse width, of which the device keeps 16 bits."""
        self.shared.pay()
        pulse_us = int(MIDDLE_US + (value - 90) * US_PER_DEGREE if 0 <= value <= 180 else value) & 0xFFFF
        self.shared.driver(PwmDriver).set_duty(channel, pulse_us / _PERIOD_US)

    @call("servo.detach")
    def _detach(self, channel: int) -> None:
        self.shared.pay()
        self.shared.driver(PwmDriver).unsetup(channel)
