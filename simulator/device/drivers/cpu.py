"""cpu: deep sleep and what ends it (``components/sys/drivers/cpu.c``, ESP-IDF ``sleep_modes.c``).

What shall wake the chip is noted until it sleeps. Of a touch, the coprocessor and a single pin (EXT0) only some go
together: the latter needs a supply that the others must not have.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.boot import LogLevel
from simulator.boot.reset import ResetReason
from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.device.drivers.touch import TouchDriver
from simulator.device.outcome import DeepSleep
from simulator.units import NS_PER_S, NS_PER_US
from simulator.vm.exceptions import DriverError

RTC_GPIOS: Final = frozenset((0, 2, 4, *range(12, 16), *range(25, 28), *range(32, 40)))
"""The pins that can wake the chip (ESP32 datasheet, RTC_MUX)."""

_WATCHPOINT_SIZES: Final = (1, 2, 4, 8, 16, 32, 64)
_RESETS_WITHOUT_BACKTRACE: Final = frozenset(
    (ResetReason.POWERON_RESET, ResetReason.RTCWDT_RTC_RESET, ResetReason.EXT_CPU_RESET)
)
_LOG_TAG: Final = "sleep"
_UINT32: Final = 0xFFFFFFFF


class CpuDriver(Driver):
    """The chip as a whole, and what shall wake it."""

    name: ClassVar[str] = "cpu"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._duration_ns: int | None = None
        self._ext0: tuple[int, int] | None = None
        self._ext1: tuple[frozenset[int], bool] | None = None
        self._wakes_on_touch = False
        self._wakes_on_ulp = False

    @call("cpu.wakeup")
    def _wakeup(self) -> tuple[Any, ...]:
        return (int(self.shared.rtc.wakeup.cause), self.shared.rtc.wakeup.ext1_mask)

    @call("cpu.backtrace")
    def _backtrace(self) -> tuple[int, ...]:
        """Return the addresses of the last panic: of each frame the code's and the stack's."""
        if self.shared.identity.reset_reason in _RESETS_WITHOUT_BACKTRACE:
            return ()
        return tuple(address for frame in self.shared.rtc.backtrace for address in frame)

    @call("cpu.speed")
    def _speed(self) -> tuple[Any, ...]:
        return (self.shared.board.chip.cpu_mhz,)

    @call("cpu.watchpoint")
    def _watchpoint(self, size: int) -> None:
        if size not in _WATCHPOINT_SIZES:
            raise DriverError("cpu", "CannotSetWatchpoint")

    # -- what wakes -----------------------------------------------------------------------------------------------

    @call("cpu.wake_on_ext0")
    def _wake_on_ext0(self, gpio: int, level: int) -> None:
        if level not in (0, 1) or gpio not in RTC_GPIOS:
            raise DriverError("cpu", "CannotWakeOnExt0")
        if self._wakes_on_touch or self._wakes_on_ulp:
            self._complain("Conflicting wake-up triggers: touch / ULP")
            raise DriverError("cpu", "CannotWakeOnExt0")
        self._ext0 = (gpio, level)

    @call("cpu.wake_on_ext1")
    def _wake_on_ext1(self, mask: int, mode: int) -> None:
        if mode not in (0, 1):
            raise DriverError("cpu", "CannotWakeOnExt1")
        mask &= 0xFFFFFFFFFFFFFFFF  # a negative number has all upper bits
        pins = [gpio for gpio in range(mask.bit_length()) if mask >> gpio & 1]
        for gpio in pins:
            if gpio not in RTC_GPIOS:
                self._complain(f"Not an RTC IO: GPIO{gpio}")
                raise DriverError("cpu", "CannotWakeOnExt1")
        self._ext1 = (frozenset(pins), mode == 1)

    @call("cpu.wake_on_timer")
    def _wake_on_timer(self, duration_us: int) -> None:
        self._set_timer((duration_us & _UINT32) * NS_PER_US)

    @call("cpu.wake_on_touch")
    def _wake_on_touch(self) -> None:
        if self._ext0 is not None:
            self._complain("Conflicting wake-up trigger: ext0")
            raise DriverError("cpu", "CannotWakeOnTouch")
        self._wakes_on_touch = True

    @call("cpu.wake_on_ulp")
    def _wake_on_ulp(self) -> None:
        if not self.shared.board.ulp_memory_bytes:
            raise DriverError("cpu", "CannotWakeOnULP")
        if self._ext0 is not None:
            self._complain("Conflicting wake-up trigger: ext0")
            raise DriverError("cpu", "CannotWakeOnULP")
        self._wakes_on_ulp = True

    def _complain(self, text: str) -> None:
        self.shared.esp_log(LogLevel.ERROR, _LOG_TAG, text)

    # -- sleep ----------------------------------------------------------------------------------------------------

    @call("cpu.sleep")
    def _sleep(self, seconds: int) -> Any:
        """Sleep for a time, or until something else wakes that was chosen before. What is negative is over at once."""
        if seconds < 0:
            self._duration_ns = 0
        else:
            self._set_timer(seconds * NS_PER_S)
        return self._deepsleep()

    def _set_timer(self, duration_ns: int) -> None:
        """Wake after a time; the timer is not set for none at all."""
        self._duration_ns = duration_ns or None

    @call("cpu.deepsleep")
    def _deepsleep(self) -> Any:
        touch = self.shared.driver(TouchDriver).wake_thresholds if self._wakes_on_touch else None
        sleep = DeepSleep(self._duration_ns, ext0=self._ext0, ext1=self._ext1, touch=touch, pulls=self._pulls())
        return self.kernel.end(sleep)

    def _pulls(self) -> dict[int, int]:
        """Return the pulls that stay on: only EXT0 keeps the supply of the RTC's pins."""
        if self._ext0 is None:
            return {}
        pulls = {gpio: self.shared.gpio.pull(gpio) for gpio in sorted(RTC_GPIOS)}
        return {gpio: level for gpio, level in pulls.items() if level is not None}
