"""ulp: the coprocessor's memory and programs (``components/lua/modules/hw/ulp.c``, ESP-IDF ``ulp/ulp.c``).

A program is loaded and checked as on the device, and its variables can be read and written. It is not run.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar, Final

from simulator.device.calls import call
from simulator.device.drivers.adc import INTERNAL, AdcDriver
from simulator.device.drivers.shared import Driver
from simulator.device.rtc_memory import SLOW_MEMORY, SLOW_MEMORY_BYTES
from simulator.filesystem import FileSystemError
from simulator.vm.exceptions import DriverError, LuaError

_HEADER: Final = struct.Struct("<IHHHH")
"""Magic, offset and size of the text, sizes of data and of what is zero at first."""
_MAGIC: Final = 0x00706C75
_WORD_BYTES: Final = 4
_UINT32: Final = 0xFFFFFFFF
_VALUE: Final = 0xFFFF


class UlpDriver(Driver):
    """The coprocessor."""

    name: ClassVar[str] = "ulp"

    @call("ulp.load")
    def _load(self, path: bytes, address: int) -> tuple[Any, ...] | None:
        files, room = self.shared.network.files, self.shared.board.ulp_memory_bytes
        try:
            program = files.load(path)
        except FileSystemError as error:
            return files.failed(error, path)
        if len(program) > room:
            raise LuaError(f"cannot load binary file, maximum allowed size is {room}")
        size = len(program) // _WORD_BYTES * _WORD_BYTES
        offset = (address & _UINT32) * _WORD_BYTES & _UINT32
        if size < _HEADER.size:
            raise DriverError("ulp", "CannotLoadBinarySize")
        if offset > room:
            raise DriverError("ulp", "CannotLoadBinaryArg")
        if offset + size > room:
            raise DriverError("ulp", "CannotLoadBinarySize")
        magic, text_offset, text_size, data_size, bss_size = _HEADER.unpack_from(program)
        if magic != _MAGIC:
            raise DriverError("ulp", "CannotLoadBinaryMagic")
        if text_offset + text_size + data_size != size:
            raise DriverError("ulp", "CannotLoadBinarySize")
        image = program[text_offset:size] + bytes(bss_size)
        memory = self.shared.rtc.ulp
        memory[offset : offset + len(image)] = image[: len(memory) - offset]
        return None

    def _fault(self, address: int, reason: str) -> object | None:
        """Let the CPU stop at an address that it cannot use. No memory but that of the RTC is simulated."""
        if address % _WORD_BYTES:
            reason = "LoadStoreAlignment"
        elif SLOW_MEMORY <= address < SLOW_MEMORY + SLOW_MEMORY_BYTES:
            return None
        return self.shared.crash(reason, address=address)

    @call("ulp.read")
    def _read(self, address: int) -> Any:
        address &= _UINT32
        place = address - SLOW_MEMORY
        word = int.from_bytes(self.shared.rtc.ulp[place : place + _WORD_BYTES], "little")
        return self._fault(address, "LoadProhibited") or (word & _VALUE,)

    @call("ulp.write")
    def _write(self, address: int, value: int) -> Any:
        address &= _UINT32
        fault = self._fault(address, "StoreProhibited")
        if fault is None:
            place = address - SLOW_MEMORY
            self.shared.rtc.ulp[place : place + _WORD_BYTES] = (value & _VALUE).to_bytes(_WORD_BYTES, "little")
        return fault

    @call("ulp.enableadc")
    def _enableadc(self, channel: int, resolution: int, vref: int, max_mv: int) -> None:
        self.shared.pay()
        self.shared.driver(AdcDriver).setup(INTERNAL, channel, resolution=resolution, vref=vref, max_mv=max_mv)
