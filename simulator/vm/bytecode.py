"""Bytecode of the host's Lua 5.3: what the machine is made of. What scripts do with bytecode is in `dumps`."""

from __future__ import annotations

import functools
from typing import Any, Final

from lupa import lua53 as lupa

FIRMWARE: Final = b"=[firmware]"
"""The name of our chunks, by which the Lua files know what is ours (frames.lua), and the exact build (exact_lua.h)."""

_SIZES_AT: Final = 4 + 1 + 1 + 6
"""In the header, behind signature, version, format and check bytes: the sizes of five types, one byte each."""


def compile_stripped(source: bytes, name: bytes) -> bytes:
    """Return the bytecode of a chunk without debug information. Raises `lupa.LuaError` if it has a mistake."""
    return bytes(_compiler()(source, name))


@functools.cache
def _compiler() -> Any:
    runtime = lupa.LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
    return runtime.eval(b"function(source, name) return string.dump(assert(load(source, name, 't')), true) end")


def renamed(bytecode: bytes, name: bytes) -> bytes:
    """Return stripped bytecode as that of a chunk of this name, which has at most 253 bytes."""
    integer, number = bytecode[_SIZES_AT + 3 : _SIZES_AT + 5]
    name_at = _SIZES_AT + 5 + integer + number + 1  # behind two numbers to check, and a count of upvalues
    assert bytecode[name_at] == 0, "it has a name"
    return bytecode[:name_at] + bytes([len(name) + 1]) + name + bytecode[name_at + 1 :]
