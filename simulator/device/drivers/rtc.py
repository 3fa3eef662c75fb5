"""rtc: a stack of values in memory that survives deep sleep (``components/sys/drivers/rtc.c``).

Data grows from one end of the memory. From the other grow the types, two of them in a byte, which counts from the first
of them on.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.vm.exceptions import DriverError

_HALF_BYTES: Final = 4096
"""The driver takes the first half of the slow RTC memory, or what others leave of it."""
_SYSTEM_BYTES: Final = 16
"""Of the firmware itself: the count of boots, the two ends of the stack, and a word that is never used."""
_LORA_BYTES: Final = 40
"""Of LoRaWAN: the session (``lora_lmic.c``)."""
_NUMBER_BYTES: Final = 4

Stack = list[tuple[str, Any]]
"""The values, each with its kind: ``nil``, ``boolean``, ``integer`` or ``float``."""


class RtcDriver(Driver):
    """The stack."""

    name: ClassVar[str] = "rtc"

    def _size_bytes(self) -> int:
        board = self.shared.board
        lora = _LORA_BYTES if board.lora is not None else 0
        return _HALF_BYTES - board.ulp_memory_bytes - _SYSTEM_BYTES - lora

    def _free_bytes(self) -> int:
        stack = self.shared.rtc.stack
        data = sum(_NUMBER_BYTES for kind, _ in stack if kind in ("integer", "float"))
        types = max(0, (len(stack) + 1) // 2 - 1)
        return self._size_bytes() - data - types

    @call("rtc.push")
    def _push(self, kind: bytes, value: Any) -> None:
        self.shared.pay()
        stack = self.shared.rtc.stack
        needed = _NUMBER_BYTES if kind in (b"integer", b"float") else 0
        opens_a_byte = bool(stack) and len(stack) % 2 == 0
        # Of what needs no data the device takes ever more, over the data and beyond.
        if self._free_bytes() <= needed + 1 + opens_a_byte:
            raise DriverError("rtc", "NotEnoughMemory")
        stack.append((kind.decode(), value))

    @call("rtc.pop")
    def _pop(self) -> tuple[Any, ...]:
        self.shared.pay()
        if not self.shared.rtc.stack:
            raise DriverError("rtc", "Empty")
        return (self.shared.rtc.stack.pop()[1],)

    @call("rtc.refuse")
    def _refuse(self) -> None:
        raise DriverError("rtc", "TypeNotAllowed")

    @call("rtc.size")
    def _size(self) -> tuple[Any, ...]:
        return (self._size_bytes(),)

    @call("rtc.free")
    def _free(self) -> tuple[Any, ...]:
        return (self._free_bytes(),)
