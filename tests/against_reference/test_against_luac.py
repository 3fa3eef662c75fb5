"""Our reader, writer and listing of bytecode against Lua's own luac."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.console.bytecode_listing import listing
from simulator.formats.lua_bytecode import Chunk
from tests.helpers import run_process
from tests.lua_suite import folder

pytestmark = [pytest.mark.real]

HOST_SIZE_T_BYTES = 8

EVERYTHING = r"""
local a, b, c = 1, nil, true
local t = {1, 2, "three", x = a, [b or 0] = false, ...}
up = function(self, n) a = a + n return self[n], t.x, a end
function t:method(...) local y = ... return y, #self, -n, not self, ~n end
for i = 10, 1, -1 do t[i] = i % 3 + 2 * i - i / 4 // 2 ^ 2 & 7 | 8 ~ 1 << 2 >> 1 end
for k, v in pairs(t) do if k == "x" and v ~= nil or k <= 2 then goto done else t[k] = k .. ":" .. v end end
::done::
while a < 100 do a = a + 1 if a >= 50 then break end end
repeat local z = a until z > 3 and "tab\t\"quote\\ \0\1\255"
return t:method(1, 2, 3), (up)
"""


@pytest.fixture(params=["everything", "stripped", "long table", "goto", "locals", "vararg", "calls", "closure"])
def compiled(request, tmp_path: Path) -> tuple[Path, bytes]:
    """A chunk that luac has compiled: its file, and the bytecode."""
    name = request.param
    source = tmp_path / "chunk.lua"
    if name in ("everything", "stripped"):
        source.write_text(EVERYTHING)
    elif name == "long table":
        constants = ",".join(f'"constant {number}"' for number in range(30_000))
        source.write_text(f"return {{{constants}}}")  # more than an instruction can count
    else:
        source.write_bytes((folder() / f"{name}.lua").read_bytes())
    options = ["-s"] if name == "stripped" else []
    made = run_process("luac5.3", *options, "-o", tmp_path / "chunk.luac", source)
    assert made.returncode == 0, f"{made.stderr}; luac is in Debian's package lua5.3"
    return tmp_path / "chunk.luac", (tmp_path / "chunk.luac").read_bytes()


def test_what_luac_writes_is_read_and_written_again(compiled):
    _, bytecode = compiled
    chunk = Chunk.from_bytes(bytecode, size_t_bytes=HOST_SIZE_T_BYTES)
    assert chunk.to_bytes(size_t_bytes=HOST_SIZE_T_BYTES) == bytecode
    assert Chunk.from_bytes(chunk.to_bytes()) == chunk


@pytest.mark.parametrize("full", [False, True])
def test_a_listing_is_that_of_luac(compiled, full):
    path, bytecode = compiled
    chunk = Chunk.from_bytes(bytecode, size_t_bytes=HOST_SIZE_T_BYTES)
    theirs = run_process("luac5.3", "-p", "-l", *(["-l"] if full else []), path)
    assert numbered(listing(chunk.main, full=full)) == numbered(theirs.stdout)


def numbered(text: str) -> list[str]:
    """Return the lines of a listing with the addresses in it numbered as they come, and without what differs there.

    The board's luac shows the whole of a GETTABUP and no constants of a MOD, and seven digits of a float.
    """
    addresses: dict[str, str] = {}
    text = re.sub(r"0x[0-9a-f]{8,}", lambda found: addresses.setdefault(found[0], f"<{len(addresses)}>"), text)
    text = re.sub(r"\d+\.\d+(e\+\d+)?|\d+e\+\d+", "<float>", text)
    text = re.sub(r"(\tGETTABUP .*\t; )[0-9a-f]+ ", r"\1", text)
    return re.sub(r"(\tMOD .*)\t; .*", r"\1", text).splitlines()
