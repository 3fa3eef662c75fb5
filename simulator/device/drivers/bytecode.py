"""``compile`` and ``decompile`` (``components/lua/src/luac.c``), and bytecode that scripts dump and load.

The firmware runs the program luac, whose settings are static: who has listed once gets a listing, and then a fuller
one, with every later call, and ``decompile`` writes the bytecode that it lists, too, to where the last ``compile`` did.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.console.bytecode_listing import listing
from simulator.device.calls import call
from simulator.device.drivers.shared import Driver, Shared
from simulator.filesystem import FileSystemError
from simulator.formats.lua_bytecode import BytecodeError, Chunk
from simulator.vm import dumps

_NOT_OURS: Final = "not made by LuaTwin, which runs no other:"


class BytecodeDriver(Driver):
    """The compiler of one run of the app."""

    name: ClassVar[str] = "bytecode"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._listings = 0
        self._strips = False
        self._output = b"luac.out"

    @call("bytecode.from_host")
    def _from_host(self, dumped: bytes) -> tuple[Any, ...]:
        return (dumps.from_host(dumped),)

    @call("bytecode.to_host")
    def _to_host(self, data: bytes) -> tuple[Any, ...]:
        """Return bytecode that can be run; or nothing, and what is wrong in the words of ``lundump.c``."""
        try:
            return (dumps.to_host(data),)
        except BytecodeError as error:
            return (None, error.reason.value.encode())
        except PermissionError:
            return (None, _NOT_OURS.encode())

    @call("bytecode.luac")
    def _luac(self, destination: bytes | None, dumped: bytes, source: bytes | None) -> None:
        """Compile a file, or list it if there is no destination. ``source`` is its text, if it is one."""
        if destination is None:
            self._listings += 1
        else:
            self._output, self._strips = destination, True
        data = dumps.from_host(dumped)
        if self._listings:
            self.shared.write(listing(Chunk.from_bytes(data).main, full=self._listings > 1))
        if self._strips:
            data = dumps.stripped(data)
            if source is not None:
                data = dumps.sealed(data, source)
        try:
            self.shared.network.files.write(self._output, data, mode="w")
        except FileSystemError as error:
            self.shared.console.write(b"luac: cannot open %s: %s\n" % (self._output, error.text.encode()))
