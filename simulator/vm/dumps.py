"""Bytecode that a script made or brings, told from what it made up.

Lua does not check bytecode, so what a script made up could do anything to the process. Only what our compiler made is
let through to it: bytecode that was dumped in this process, which is known by its digest, or that has its source behind
it (`sealed`), because compiling that gives the same bytes again. Scripts and files see the board's form, in which sizes
have 4 bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from lupa import lua53 as lupa

from simulator.formats.lua_bytecode import BytecodeError, Chunk
from simulator.vm.bytecode import compile_stripped

_HOST_SIZE_T_BYTES: Final = struct.calcsize("P")

_SEAL: Final = struct.Struct("<II8s")
"""At the end of sealed bytecode: bytes of bytecode, bytes of source, and the mark.

The source is as it is: what a compressor makes of it is not the same in every version of it, and a run is.
"""
_SEAL_MARK: Final = b"LuaTwin\x1b"

_KNOWN_MAX: Final = 10_000
_known: OrderedDict[bytes, None] = OrderedDict()
"""Digests of bytecode that was made in this process, the ones in use last."""


def from_host(bytecode: bytes) -> bytes:
    """Return what the host's ``string.dump`` has made in the board's form, which can be run from now on."""
    chunk = Chunk.from_bytes(bytecode, size_t_bytes=_HOST_SIZE_T_BYTES)
    dumped = chunk.to_bytes()
    _remember(dumped)
    return dumped


def stripped(bytecode: bytes) -> bytes:
    """Return bytecode in the board's form without its debug information; it can be run if the other can."""
    chunk = Chunk.from_bytes(bytecode)
    data = replace(chunk, main=chunk.main.stripped()).to_bytes()
    if _is_known(bytecode):
        _remember(data)
    return data


def sealed(bytecode: bytes, source: bytes) -> bytes:
    """Return stripped bytecode, in the board's form, with what another process needs to know it by."""
    return bytecode + source + _SEAL.pack(len(bytecode), len(source), _SEAL_MARK)


def to_host(data: bytes) -> bytes:
    """Return bytecode of the board in the host's form.

    Raises `BytecodeError` if it is broken, and `PermissionError` if it is not from here.
    """
    chunk = Chunk.from_bytes(data)
    if not _is_known(data) and not _is_sealed(data):
        raise PermissionError
    return chunk.to_bytes(size_t_bytes=_HOST_SIZE_T_BYTES)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _remember(data: bytes) -> None:
    digest = _digest(data)
    _known[digest] = None
    _known.move_to_end(digest)
    if len(_known) > _KNOWN_MAX:
        _known.popitem(last=False)


def _is_known(data: bytes) -> bool:
    return _digest(data) in _known


def _is_sealed(data: bytes) -> bool:
    """Whether the source that is behind bytecode gives that bytecode."""
    if len(data) < _SEAL.size or not data.endswith(_SEAL_MARK):
        return False
    code_bytes, source_bytes, _ = _SEAL.unpack(data[-_SEAL.size :])
    if code_bytes + source_bytes + _SEAL.size != len(data):
        return False
    try:
        made = from_host(compile_stripped(data[code_bytes : -_SEAL.size], b"="))
    except (lupa.LuaError, BytecodeError):
        return False
    if made != data[:code_bytes]:
        return False
    _remember(data)
    return True
