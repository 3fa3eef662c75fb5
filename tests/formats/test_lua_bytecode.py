"""Bytecode: every kind of value there and back, and hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.formats.lua_bytecode import BytecodeError, BytecodeFault, Chunk, Function, Local, Upvalue

INNER = Function(
    name=b"@/x.lua",
    first_line=3,
    last_line=4,
    parameters=2,
    is_vararg=False,
    stack_slots=5,
    code=(0x00800026,),
    constants=(),
    upvalues=(Upvalue(is_local=False, index=0),),
    functions=(),
    lines=(4,),
    locals=(Local(b"a", 0, 1), Local(b"b", 0, 1)),
    upvalue_names=(b"_ENV",),
)
MAIN = Function(
    name=b"@/x.lua",
    first_line=0,
    last_line=0,
    parameters=0,
    is_vararg=True,
    stack_slots=2,
    code=(0x0000002C, 0xFFFFFFFF),
    constants=(None, True, False, 1.5, -1, 2**31 - 1, b"", b"x" * 40, b"y" * 41, b"z" * 254, bytes(range(256)) * 9),
    upvalues=(Upvalue(is_local=True, index=0),),
    functions=(INNER, INNER),
    lines=(1, 2),
    locals=(),
    upvalue_names=(b"_ENV",),
)
CHUNK = Chunk(MAIN, 1)


@pytest.mark.parametrize("chunk", [CHUNK, Chunk(MAIN, 1, 8, 8), Chunk(MAIN.stripped(), 0)])
@pytest.mark.parametrize("size_t_bytes", [4, 8])
def test_a_chunk_is_written_and_read_again(chunk: Chunk, size_t_bytes: int) -> None:
    data = chunk.to_bytes(size_t_bytes=size_t_bytes)
    assert Chunk.from_bytes(data, size_t_bytes=size_t_bytes) == chunk
    assert Chunk.from_bytes(data + b"more", size_t_bytes=size_t_bytes) == chunk


def test_types_of_constants_stay_apart() -> None:
    constants = Chunk.from_bytes(CHUNK.to_bytes()).main.constants
    assert [type(constant) for constant in constants] == [type(constant) for constant in MAIN.constants]


def test_a_stripped_function_has_no_debug_information() -> None:
    stripped = MAIN.stripped()
    for function in (stripped, *stripped.functions):
        assert (function.name, function.lines, function.locals, function.upvalue_names) == (None, (), (), ())
    assert stripped.code == MAIN.code


@pytest.mark.parametrize(
    ("at", "fault"),
    [
        *((at, BytecodeFault.NOT_A) for at in range(4)),
        (4, BytecodeFault.VERSION),
        (5, BytecodeFault.FORMAT),
        *((at, BytecodeFault.CORRUPTED) for at in range(6, 12)),
        (12, BytecodeFault.INT),
        (13, BytecodeFault.SIZE_T),
        (14, BytecodeFault.INSTRUCTION),
        (15, BytecodeFault.INTEGER),
        (16, BytecodeFault.NUMBER),
        (17, BytecodeFault.ENDIANNESS),
        (21, BytecodeFault.FLOAT_FORMAT),
    ],
)
def test_a_header_is_looked_at(at: int, fault: BytecodeFault) -> None:
    data = bytearray(CHUNK.to_bytes())
    data[at] ^= 0x40
    with pytest.raises(BytecodeError) as caught:
        Chunk.from_bytes(bytes(data))
    assert caught.value.reason is fault


def test_a_chunk_of_any_shorter_length_is_truncated() -> None:
    data = CHUNK.to_bytes()
    for length in range(len(data)):
        with pytest.raises(BytecodeError) as caught:
            Chunk.from_bytes(data[:length])
        assert caught.value.reason is BytecodeFault.TRUNCATED


@given(st.integers(17, len(CHUNK.to_bytes()) - 1), st.binary(min_size=1, max_size=8))
def test_hostile_bytes_are_read_or_refused(at: int, odd: bytes) -> None:
    data = CHUNK.to_bytes()
    damaged = data[:at] + odd + data[at + len(odd) :]
    try:
        chunk = Chunk.from_bytes(damaged)
    except BytecodeError:
        return
    chunk.to_bytes()
