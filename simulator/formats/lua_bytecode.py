r"""Lua 5.3's precompiled chunks: what `string.dump` and `compile` make (``ldump.c``, ``lundump.c``).

A header, a count of upvalues, and a function that holds the others::

    ESC "Lua" | 53 | 00 | 19 93 \r \n 1a \n | sizes of int, size_t, instruction, integer, number | 0x5678 | 370.5

    function: name | first and last line | parameters, is_vararg, stack slots | code | constants | upvalues | functions
              | lines of the code | local variables | names of the upvalues

A list is an ``int`` and its items. A string is its size plus one as a byte, or as FF and a ``size_t``; 0 is none. The
last three lists are debug information, and so is the name: a stripped function has none of it. A name that is that of
the function around is not repeated.

The board's and the host's differ in the size of ``size_t``: 4 and 8 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from simulator.errors import FormatError

SIGNATURE: Final = b"\x1bLua"
_HEAD: Final = SIGNATURE + b"\x53\x00"
_DATA: Final = b"\x19\x93\r\n\x1a\n"
_INT_BYTES: Final = 4
_INSTRUCTION_BYTES: Final = 4
_CHECK_INTEGER: Final = 0x5678
_CHECK_NUMBER: Final = 370.5

SIZE_T_BYTES: Final = 4
"""On the ESP32."""
SHORT_STRING_MAX: Final = 40
_DEPTH_MAX: Final = 200
"""Functions within functions; more the compiler does not make (``LUAI_MAXCCALLS``)."""

Constant: TypeAlias = bool | int | float | bytes | None
_T = TypeVar("_T")


class BytecodeFault(Enum):
    """What is wrong with a chunk, in the words of ``lundump.c``."""

    NOT_A = "not a"
    VERSION = "version mismatch in"
    FORMAT = "format mismatch in"
    CORRUPTED = "corrupted"
    INT = "int size mismatch in"
    SIZE_T = "size_t size mismatch in"
    INSTRUCTION = "Instruction size mismatch in"
    INTEGER = "lua_Integer size mismatch in"
    NUMBER = "lua_Number size mismatch in"
    ENDIANNESS = "endianness mismatch in"
    FLOAT_FORMAT = "float format mismatch in"
    TRUNCATED = "truncated"


class BytecodeError(FormatError):
    """Bytes that are no precompiled chunk."""

    reason: BytecodeFault

    def __init__(self, reason: BytecodeFault, offset: int) -> None:
        super().__init__(f"{reason.value} precompiled chunk", reason=reason, offset=offset)


@dataclass(frozen=True, slots=True)
class Local:
    """A local variable and the instructions between which it is there."""

    name: bytes | None
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Upvalue:
    """Where a closure finds an upvalue: among the locals of the function around, or among its upvalues."""

    is_local: bool
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function, with those within it."""

    name: bytes | None
    first_line: int
    last_line: int
    parameters: int
    is_vararg: bool
    stack_slots: int
    code: tuple[int, ...]
    constants: tuple[Constant, ...]
    upvalues: tuple[Upvalue, ...]
    functions: tuple[Function, ...]
    lines: tuple[int, ...]
    locals: tuple[Local, ...]
    upvalue_names: tuple[bytes | None, ...]

    def stripped(self) -> Function:
        """Return the function without debug information."""
        functions = tuple(function.stripped() for function in self.functions)
        return replace(self, name=None, functions=functions, lines=(), locals=(), upvalue_names=())


@dataclass(frozen=True, slots=True)
class Chunk:
    """A precompiled chunk. ``integer_bytes`` and ``number_bytes`` are the sizes of Lua's numbers in it."""

    main: Function
    upvalue_count: int
    integer_bytes: int = 4
    number_bytes: int = 4

    @classmethod
    def from_bytes(cls, data: bytes, *, size_t_bytes: int = SIZE_T_BYTES) -> Chunk:
        """Read a chunk; what follows it is nobody's business. Raises `BytecodeError`."""
        return _Reader(data, size_t_bytes).chunk()

    def to_bytes(self, *, size_t_bytes: int = SIZE_T_BYTES) -> bytes:
        """Write the chunk."""
        return _Writer(self, size_t_bytes).data


_NUMBERS: Final = {4: "<f", 8: "<d"}
_INTEGERS: Final = {4: "<i", 8: "<q"}


class _Reader:
    def __init__(self, data: bytes, size_t_bytes: int) -> None:
        self._data = data
        self._at = 0
        self._size_t_bytes = size_t_bytes
        self._depth = 0

    def chunk(self) -> Chunk:
        integer_bytes, number_bytes = self._header()
        self._integer, self._number = _INTEGERS[integer_bytes], _NUMBERS[number_bytes]
        if self._unpack(self._integer) != _CHECK_INTEGER:
            raise BytecodeError(BytecodeFault.ENDIANNESS, self._at)
        if self._unpack(self._number) != _CHECK_NUMBER:
            raise BytecodeError(BytecodeFault.FLOAT_FORMAT, self._at)
        upvalue_count = self._byte()
        return Chunk(self._function(None), upvalue_count, integer_bytes, number_bytes)

    def _header(self) -> tuple[int, int]:
        if self._bytes(len(SIGNATURE)) != SIGNATURE:
            raise BytecodeError(BytecodeFault.NOT_A, 0)
        if self._byte() != _HEAD[4]:
            raise BytecodeError(BytecodeFault.VERSION, self._at)
        if self._byte() != _HEAD[5]:
            raise BytecodeError(BytecodeFault.FORMAT, self._at)
        if self._bytes(len(_DATA)) != _DATA:
            raise BytecodeError(BytecodeFault.CORRUPTED, self._at)
        sizes = (
            (BytecodeFault.INT, (_INT_BYTES,)),
            (BytecodeFault.SIZE_T, (self._size_t_bytes,)),
            (BytecodeFault.INSTRUCTION, (_INSTRUCTION_BYTES,)),
            (BytecodeFault.INTEGER, tuple(_INTEGERS)),
            (BytecodeFault.NUMBER, tuple(_NUMBERS)),
        )
        found = 0, 0
        for fault, allowed in sizes:
            size = self._byte()
            if size not in allowed:
                raise BytecodeError(fault, self._at)
            found = found[1], size
        return found

    def _function(self, name_around: bytes | None) -> Function:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise BytecodeError(BytecodeFault.CORRUPTED, self._at)
        own_name = self._string()
        name = name_around if own_name is None else own_name
        function = Function(
            name=name,
            first_line=self._int(),
            last_line=self._int(),
            parameters=self._byte(),
            is_vararg=bool(self._byte()),
            stack_slots=self._byte(),
            code=self._list(lambda: self._unpack("<I")),
            constants=self._list(self._constant),
            upvalues=self._list(lambda: Upvalue(bool(self._byte()), self._byte())),
            functions=self._list(lambda: self._function(name)),
            lines=self._list(self._int),
            locals=self._list(lambda: Local(self._string(), self._int(), self._int())),
            upvalue_names=self._list(self._string),
        )
        self._depth -= 1
        return function

    def _constant(self) -> Constant:
        tag = self._byte()
        match tag:
            case 0:
                return None
            case 1:
                return bool(self._byte())
            case 3:
                return float(self._unpack(self._number))
            case 19:
                return int(self._unpack(self._integer))
            case 4 | 20:
                return self._string() or b""
        raise BytecodeError(BytecodeFault.CORRUPTED, self._at)

    def _list(self, item: Callable[[], _T]) -> tuple[_T, ...]:
        count = self._int()
        if not 0 <= count <= len(self._data):
            raise BytecodeError(BytecodeFault.TRUNCATED, self._at)
        return tuple(item() for _ in range(count))

    def _string(self) -> bytes | None:
        size = self._byte()
        if size == 0xFF:
            size = int.from_bytes(self._bytes(self._size_t_bytes), "little")
        return self._bytes(size - 1) if size else None

    def _int(self) -> int:
        return int(self._unpack("<i"))

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _unpack(self, layout: str) -> Any:
        return struct.unpack(layout, self._bytes(struct.calcsize(layout)))[0]

    def _bytes(self, count: int) -> bytes:
        begin, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise BytecodeError(BytecodeFault.TRUNCATED, len(self._data))
        return self._data[begin : self._at]


class _Writer:
    def __init__(self, chunk: Chunk, size_t_bytes: int) -> None:
        self.data = b""
        self._size_t_bytes = size_t_bytes
        self._integer, self._number = _INTEGERS[chunk.integer_bytes], _NUMBERS[chunk.number_bytes]
        sizes = (_INT_BYTES, size_t_bytes, _INSTRUCTION_BYTES, chunk.integer_bytes, chunk.number_bytes)
        self._parts: list[bytes] = [_HEAD, _DATA, bytes(sizes)]
        self._pack(self._integer, _CHECK_INTEGER)
        self._pack(self._number, _CHECK_NUMBER)
        self._pack("B", chunk.upvalue_count)
        self._function(chunk.main, None)
        self.data = b"".join(self._parts)

    def _function(self, function: Function, name_around: bytes | None) -> None:
        self._string(None if function.name == name_around else function.name)
        self._pack("<ii", function.first_line, function.last_line)
        self._pack("BBB", function.parameters, function.is_vararg, function.stack_slots)
        self._pack(f"<i{len(function.code)}I", len(function.code), *function.code)
        self._pack("<i", len(function.constants))
        for constant in function.constants:
            self._constant(constant)
        self._pack("<i", len(function.upvalues))
        for upvalue in function.upvalues:
            self._pack("BB", upvalue.is_local, upvalue.index)
        self._pack("<i", len(function.functions))
        for inner in function.functions:
            self._function(inner, function.name)
        self._pack(f"<i{len(function.lines)}i", len(function.lines), *function.lines)
        self._pack("<i", len(function.locals))
        for local in function.locals:
            self._string(local.name)
            self._pack("<ii", local.begin, local.end)
        self._pack("<i", len(function.upvalue_names))
        for name in function.upvalue_names:
            self._string(name)

    def _constant(self, constant: Constant) -> None:
        match constant:
            case None:
                self._pack("B", 0)
            case bool():
                self._pack("BB", 1, constant)
            case float():
                self._pack("B", 3)
                self._pack(self._number, constant)
            case int():
                self._pack("B", 19)
                self._pack(self._integer, constant)
            case bytes():
                self._pack("B", 4 if len(constant) <= SHORT_STRING_MAX else 20)
                self._string(constant)

    def _string(self, text: bytes | None) -> None:
        size = 0 if text is None else len(text) + 1
        if size < 0xFF:
            self._pack("B", size)
        else:
            self._parts.append(b"\xff" + size.to_bytes(self._size_t_bytes, "little"))
        self._parts.append(text or b"")

    def _pack(self, layout: str, *values: int | float) -> None:
        self._parts.append(struct.pack(layout, *values))
