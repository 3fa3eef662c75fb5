"""sound: notes and tones (``components/sound/sound.c``, ``tone.c``, ``tone_pwm.c``, ``tone_dac.c``).

A device plays with a channel of pwm, or a sine with the converter at GPIO25 or 26. If it cannot be set up there is a
device all the same, which fails when it is to play.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from simulator.c_numbers import int8, int32, quotient, round_half_away
from simulator.device.calls import call
from simulator.device.drivers.pwm import PwmDriver
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import DONE, WAIT
from simulator.hardware import LockedError, Unit, Wave
from simulator.hardware.bench import Appointment
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import DriverError

PWM, DAC = 1, 2
_FIRST_HZ: Final = 440
_DUTY: Final = 0.5
_DAC_PINS: Final = (25, 26)
_DAC_UNIT: Final = Unit("sound", 0)
_SAMPLES_PER_S: Final = 38_000
_DMA_SAMPLES: Final = 380
"""Ten buffers of 38: what the converter has still to play when its driver says that all is written."""

_NOTE_LENGTH_MAX: Final = 5
_HALF_STEP: Final = 1.059463094359
_HALF_STEPS: Final = {"A": 0, "B": 2, "C": -9, "D": -7, "E": -5, "F": -4, "G": -2}
"""From the A of the same octave; octaves begin with C."""
_UINT32: Final = 0xFFFFFFFF


@dataclass(slots=True)
class _Generator:
    gpio: int
    channel: int | None
    """Of pwm; None for the converter."""


class SoundDriver(Driver):
    """The devices; each goes by a number. They share the tempo."""

    name: ClassVar[str] = "sound"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._generators: dict[int, _Generator | None] = {}
        self._last_number = 0
        self._whole_ms = 0
        """How long a whole note is."""
        self._dac_until_ns = 0
        """Until when the converter has something to play."""
        self._planned: list[Appointment] = []
        """When its tones begin and end."""

    def close(self) -> None:
        """The chip is reset."""
        for appointment in self._planned:
            appointment.cancelled = True

    @call("sound.attach")
    def _attach(self, kind: int, gpio: int) -> tuple[Any, ...]:
        self.shared.pay()
        if kind not in (PWM, DAC):
            raise DriverError("sound", "InvalidToneGen")
        self._last_number += 1
        self._generators[self._last_number] = self._set_up(kind, gpio)
        self._set_tempo(4, 120)
        return (self._last_number,)

    def _set_up(self, kind: int, gpio: int) -> _Generator | None:
        try:
            if kind == PWM:
                return _Generator(gpio, self.shared.driver(PwmDriver).setup(gpio, _FIRST_HZ, _DUTY))
            gpio = int8(gpio)
            if gpio not in _DAC_PINS:
                return None
            self.shared.locks.take_gpio(_DAC_UNIT, gpio)
        except (DriverError, LockedError):
            return None  # nobody looks at the error
        return _Generator(gpio, None)

    def _set_tempo(self, lower: int, beats_per_minute: int) -> object:
        if not beats_per_minute:
            return self.shared.crash("IntegerDivideByZero")
        self._whole_ms = int32(quotient(60_000, beats_per_minute) * lower)
        return None

    @call("sound.timesignature")
    def _timesignature(self, lower: int, beats_per_minute: int) -> Any:
        self.shared.pay()
        return self._set_tempo(lower, beats_per_minute)

    @call("sound.detach")
    def _detach(self, number: int) -> None:
        self.shared.pay()
        generator = self._generators.get(number)
        self._generators[number] = None
        if generator is None:
            return
        if generator.channel is not None:
            self.shared.driver(PwmDriver).unsetup(generator.channel)
            return
        self.shared.locks.release_gpio(generator.gpio)
        self.shared.gpio.configure(generator.gpio, output=False)

    @call("sound.collected")
    def _collected(self, number: int) -> None:
        self._detach(number)
        del self._generators[number]

    def _generator(self, number: int) -> _Generator:
        generator = self._generators[number]
        if generator is None:
            raise DriverError("sound", "NoToneGen")
        return generator

    @call("sound.setvolume")
    def _setvolume(self, number: int, volume: float) -> None:
        self.shared.pay()
        self._generator(number)
        if volume < 0 or volume > 1:
            raise DriverError("sound", "InvalidVolume")

    # -- playing --------------------------------------------------------------------------------------------------

    @call("sound.playnote")
    def _playnote(self, number: int, note: bytes, octave: int) -> Any:
        """Play a note such as ``F#2.``: its name, the fraction of a whole note, and half as long again with a dot."""
        self.shared.pay()
        text = note.decode("latin-1")
        if len(text) > _NOTE_LENGTH_MAX or text[:1] not in _HALF_STEPS:
            raise DriverError("sound", "InvalidNote")
        half_tone = {"#": 1, "b": -1}.get(text[1:2], 0)
        duration_ms = self._duration_ms(text[2:] if half_tone else text[1:])
        if duration_ms is None:
            return self.shared.crash("IntegerDivideByZero")
        half_steps = 12 * (octave - 4) + _HALF_STEPS[text[0]] + half_tone
        return self._play(number, int(round_half_away(_FIRST_HZ * _HALF_STEP ** int8(half_steps))), duration_ms)

    @call("sound.playtone")
    def _playtone(self, number: int, frequency_hz: int, duration_ms: int) -> Any:
        self.shared.pay()
        return self._play(number, frequency_hz, duration_ms)

    @call("sound.playsilence")
    def _playsilence(self, length: bytes) -> Any:
        self.shared.pay()
        duration_ms = self._duration_ms(length.decode("latin-1"))
        if duration_ms is None:
            return self.shared.crash("IntegerDivideByZero")
        self.kernel.sleep(self.kernel.current, (duration_ms & _UINT32) * NS_PER_MS)
        return WAIT

    def _duration_ms(self, length: str) -> int | None:
        """Return how long a note of a length such as ``4.`` is; None where the CPU divides by zero."""
        divisor = _atoi(length)
        if not divisor:
            return None
        duration_ms = quotient(self._whole_ms, divisor)
        return math.trunc(duration_ms * 1.5) if length.endswith(".") else duration_ms

    def _play(self, number: int, frequency_hz: int, duration_ms: int) -> Any:
        generator = self._generator(number)
        duration_ns = (duration_ms & _UINT32) * NS_PER_MS
        if generator.channel is None:
            return self._play_sine(generator.gpio, frequency_hz & _UINT32, duration_ns)
        pwm, channel, task = self.shared.driver(PwmDriver), generator.channel, self.kernel.current
        pwm.set_frequency(channel, frequency_hz)
        pwm.start(channel)

        def over() -> None:
            if self.kernel.has(task):  # else the tone goes on
                pwm.stop(channel)
                self.kernel.answer(task, DONE)

        self.kernel.at(self.kernel.now_ns() + duration_ns, over)
        return WAIT

    def _play_sine(self, gpio: int, frequency_hz: int, duration_ns: int) -> Any:
        """Play whole periods. The script goes on as soon as the last of it is in the converter's buffers."""
        if not frequency_hz:
            return WAIT  # the period never ends
        period_ns = NS_PER_S // frequency_hz
        periods = max(1, -(-duration_ns // period_ns)) if period_ns else 1
        now_ns = self.shared.now_ns()
        start_ns = max(now_ns, self._dac_until_ns)
        self._dac_until_ns = start_ns + periods * period_ns
        gpios, at = self.shared.gpio, self.shared.bench.at
        gpios.route(gpio, output=True)
        if period_ns > 1:
            self._planned = [
                *(appointment for appointment in self._planned if not appointment.cancelled),
                at(start_ns, lambda at_ns: gpios.play(gpio, Wave(at_ns, period_ns, period_ns // 2))),
                at(self._dac_until_ns, lambda at_ns: gpios.play(gpio, None) if at_ns == self._dac_until_ns else None),
            ]
        written_ns = self._dac_until_ns - _DMA_SAMPLES * NS_PER_S // _SAMPLES_PER_S
        self.kernel.sleep(self.kernel.current, max(0, written_ns - now_ns))
        return WAIT


def _atoi(text: str) -> int:
    """Return the number that a text begins with, as C reads it; 0 for none."""
    digits = text.lstrip(" \t\n\v\f\r")
    sign = -1 if digits[:1] == "-" else 1
    digits = digits[1:] if digits[:1] in ("-", "+") else digits
    count = next((index for index, letter in enumerate(digits) if letter not in "0123456789"), len(digits))
    return sign * int(digits[:count] or "0")
