"""cjson against lua-cjson itself, in a Lua 5.3 of the distribution.

What the firmware has changed is made the same before comparing: that there are integers, which errors name, and the
word for a number that is none.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.vm.lua_host import Host, files

pytestmark = pytest.mark.real

CASES = 3000
TOO_LARGE = re.compile(rb"[eE][+-]?0*[1-9][0-9]")
"""An exponent that a number of 32 bits may not have."""

SHOW = """
local cjson = require("cjson")
local function show(value)
  if value == cjson.null then
    return "null"
  elseif type(value) == "number" then
    return value ~= value and "nan" or (("%.6g"):format(value):gsub("^-0$", "0"))
  elseif type(value) == "string" then
    return '"' .. value:gsub(".", function(c) return ("%02x"):format(c:byte()) end) .. '"'
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local keys, items = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do
    items[i] = show(key) .. "=" .. show(value[key])
  end
  return "{" .. table.concat(items, " ") .. "}"
end
local function try(f, value)
  local ok, result = pcall(function() local r = f(value) return r end)
  if ok then
    return show(result)
  end
  result = result:gsub("^[^:]*:%d+: ", ""):gsub("T_INTEGER", "T_NUMBER"):gsub("Infinity", "Inf")
  return "error " .. result
end
"""


def quoted(data: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def from_both(tmp_path: Path, function: str, values: list[str]) -> list[tuple[str, str]]:
    """Return what the real one and ours make of each of the Lua expressions ``values``, side by side."""
    chunk = SHOW + "".join(f"print(try(cjson.{function}, {value}))\n" for value in values)
    script = tmp_path / "cases.lua"
    script.write_text(chunk)
    lua = shutil.which("lua5.3")
    assert lua, "lua5.3 is not installed; it is in the package of that name, and cjson in lua-cjson"
    real = subprocess.run([lua, script], capture_output=True, encoding="utf-8", check=True, timeout=60)
    with Host(replies=files(cases=chunk)) as host:
        host.run("dofile('/cases.lua')")
        assert not host.errors, host.errors
        ours = host.written.decode()
    return list(zip(real.stdout.splitlines(), ours.splitlines(), strict=True))


def texts() -> list[bytes]:
    """Return texts that are JSON, and others that are nearly."""
    words = [
        b"1",
        b"-2.5",
        b"1e3",
        b"0x1F",
        b"01",
        b"true",
        b"false",
        b"null",
        b'"a"',
        b'"\\u00e9\\n"',
        b'"\\ud83d\\ude00"',
    ]
    words += [
        b'"\\ud800"',
        b'"x',
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b":",
        b" ",
        b"\t\n",
        b"nan",
        b"-inf",
        b"tru",
        b"+1",
        b"\xff",
    ]
    whole = [
        b'{"a": [1, 2, {"b": null}], "c": "d"}',
        b"[[], {}, [[]]]",
        b'{"k":"v"}',
        b"[1,2,3]",
        b'"\\"\\\\\\/\\b\\f"',
        b"",
    ]
    chance = random.Random(5)
    found = list(whole)
    while len(found) < CASES:
        if chance.random() < 0.5:
            found.append(b"".join(chance.choices(words, k=chance.randint(1, 7))))
            continue
        text = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 3)):
            at = chance.randint(0, len(text))
            text[at : at + chance.randint(0, 2)] = chance.choice([b"", *words])
        found.append(bytes(text))
    return [text for text in found if not TOO_LARGE.search(text)]


def test_every_text_is_understood_the_same(tmp_path: Path) -> None:
    cases = texts()
    differing = [
        (text, real, ours)
        for text, (real, ours) in zip(
            cases, from_both(tmp_path, "decode", [quoted(text) for text in cases]), strict=True
        )
        if real != ours
    ]
    assert differing == []


def values() -> list[str]:
    """Return Lua values; tables have one key, so that there is one order."""
    chance = random.Random(6)

    def value(depth: int) -> str:
        kind = chance.randint(0, 9 if depth else 5)
        match kind:
            case 0:
                return str(chance.randint(-1000, 1000))
            case 1:
                return str(chance.randint(-4000, 4000) / 8)
            case 2:
                return quoted(bytes(chance.randrange(256) for _ in range(chance.randint(0, 6))))
            case 3:
                return chance.choice(["true", "false", "nil", "cjson.null"])
            case 4:
                return chance.choice(["print", "0/0", "1/0", "coroutine.create(print)", "{[true] = 1}"])
            case 5:
                return chance.choice(["{}", "{[20] = 1}", "{[5] = 2}", "{[0] = 1}", "{[-1] = 1}", "{[0.5] = 1}"])
            case 6:
                return "{" + f"[{quoted(b'k')}] = {value(depth - 1)}" + "}"
            case _:
                return "{" + ", ".join(value(depth - 1) for _ in range(chance.randint(0, 4))) + "}"

    return [value(3) for _ in range(CASES)]


def test_every_value_is_written_the_same(tmp_path: Path) -> None:
    cases = values()
    differing = [
        (case, real, ours)
        for case, (real, ours) in zip(cases, from_both(tmp_path, "encode", cases), strict=True)
        if real != ours
    ]
    assert differing == []
