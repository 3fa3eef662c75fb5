"""A script cannot reach the host: every attempt that somebody thought of, on a board as ``luatwin run`` makes it.

Each attempt prints what it got. What it must not get is `CANARY`, a file of the host, or a value of Python.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import luatwin

SMALL = ("--image-size", "16K")
CANARY = "the host's own secret"

#: What is tried, and what must be on the console for it to have failed.
ATTEMPTS = {
    "run a program with io.popen": ("print(pcall(io.popen, 'echo ' .. S))", "'popen' not supported"),
    "run a program with os.execute": ("print(select('#', os.execute('echo ' .. S)))", "0\r\n"),
    "read an environment variable": ("print(os.getenv('LUATWIN_CANARY'))", "nil\r\n"),
    "open a file of the host": ("print(io.open(F))", "No such file or directory"),
    "open a file of the host by a path that climbs": (
        "print(io.open('../../../../../..' .. F))",
        "No such file or directory",
    ),
    "run a file of the host": ("print(pcall(dofile, F))", "cannot open"),
    "load a file of the host": ("print(loadfile(F))", "cannot open"),
    "require a file of the host": (
        "package.path = F print(pcall(require, 'x'))",
        "module 'x' not found",
    ),
    "load a library of the host": ("print(package.loadlib('/lib/x86_64-linux-gnu/libc.so.6', '*'))", "nil\t"),
    "list a folder of the host": ("print(os.ls('/usr')) print(os.exists('/usr'))", "false\r\n"),
    "find lupa's python": ("print(python, _G.python, rawget(_G, 'python'))", "nil\tnil\tnil\r\n"),
    "get the registry": ("print(pcall(debug.getregistry))", "is not simulated yet"),
    "take the count hook away": ("print(pcall(debug.sethook))", "is not simulated yet"),
    "look at the count hook": ("print(pcall(debug.gethook))", "true\tnil"),
    "take an upvalue of a function of ours": (
        "for i = 1, 50 do local n = debug.getupvalue(pcall, i) if n then print(n) end end print('none')",
        "none\r\n",
    ),
    "put an upvalue into a function of ours": ("print(select('#', debug.setupvalue(pcall, 1, print)))", "0\r\n"),
    "join an upvalue of a function of ours": (
        "local x local function f() return x end print(pcall(debug.upvaluejoin, f, 1, pcall, 1))",
        "false\t",
    ),
    "take a local of a function of ours": (
        """
        local found = {}
        local function look()
          for level = 1, 30 do
            local info = debug.getinfo(level, 'S')
            if not info then break end
            if info.what == 'C' then
              for i = 1, 50 do
                local ok, n, v = pcall(debug.getlocal, level + 2, i)
                if ok and n and debug.getinfo(level + 1, 'S') and n ~= '(*vararg)' and type(v) == 'userdata' then
                  found[#found + 1] = n
                end
              end
            end
          end
        end
        pcall(look)
        print('found', #found)
        """,
        "found\t0\r\n",
    ),
    "take a function of ours from the stack": (
        """
        local found = 0
        pcall(function()
          for level = 0, 30 do
            local info = debug.getinfo(level, 'Sf')
            if not info then break end
            local f = info.func
            if info.what == 'C' and f and f ~= debug.getinfo and f ~= pcall then found = found + 1 end
          end
        end)
        print('found', found)
        """,
        "found\t0\r\n",
    ),
    "load bytecode that it has changed": (
        r"""
        local code = string.dump(function() return 1 end, true)
        print(load((code:gsub('.$', '\1'))))
        print(load(code:sub(1, -5) .. '\0\0\0\0' .. code:sub(-4)))
        print(load(code .. '\0'))
        """,
        "binary string: not made by LuaTwin, which runs no other: precompiled chunk",
    ),
    "load bytecode that it has changed as binary": (
        "print(load(string.dump(function() return 1 end):gsub('\\1', '\\2', 1), 'x', 'b'))",
        "precompiled chunk",
    ),
    "load changed bytecode in pieces": (
        r"""
        local code, i = string.dump(function() return 1 end):gsub('.$', '\1'), 0
        print(load(function() i = i + 1 return i <= #code and code:sub(i, i) or nil end))
        """,
        "(load): ",
    ),
    "load changed bytecode from a file": (
        """
        local f = io.open('/x.luac', 'w') f:write(string.dump(function() end), ' ') f:close()
        print(loadfile('/x.luac'))
        """,
        "/x.luac: not made by LuaTwin",
    ),
    "have the source of other bytecode believed": (
        r"""
        io.open('/x.lua', 'w'):write('return 1'):close()
        compile('/x.lua')
        local sealed = io.open('/x.luac'):read('a')
        local f = io.open('/x.luac', 'w') f:write((sealed:gsub('\38\0\0\1', '\38\0\128\1', 1))) f:close()
        print(loadfile('/x.luac'))
        """,
        "/x.luac: not made by LuaTwin",
    ),
    "see the private tag of a request in a coroutine": (
        """
        local co = coroutine.create(function() tmr.delayms(1) return 'end' end)
        local values = {coroutine.resume(co)}
        print(#values, values[1], values[2])
        """,
        "2\ttrue\tend\r\n",
    ),
    "yield to the host": ("print(pcall(coroutine.yield, 'x'))", "attempt to yield from outside a coroutine"),
    "change what the machine itself calls": (
        """
        string.format = nil
        """,
        "attempt to index a rotable value",
    ),
    "change the methods of strings": (
        """
        getmetatable('').__index = setmetatable({}, {__index = function() error('mine') end})
        """,
        "attempt to index a rotable value (global 'string')",
    ),
    "change the metatable of a module": ("print(pcall(setmetatable, net, {}))", "table expected, got rotable"),
    "read the metatable of a module": ("print(getmetatable(net))", "nil\r\n"),
    "give numbers a metatable that calls": (
        "debug.setmetatable(0, {__call = function(...) return 'called' end}) print((1)())",
        "called\r\n",
    ),
    "fill the memory": (
        "local t = {} print(pcall(function() while true do t[#t + 1] = ('x'):rep(1000) .. #t end end)) t = nil",
        "not enough memory",
    ),
    "fill the memory with one string": ("print(pcall(string.rep, 'x', 1 << 30))", "not enough memory"),
    "overflow the stack": ("local function f() return f() + 1 end print((pcall(f)))", "false\r\n"),
    "hide the end in a finalizer": (
        "setmetatable({}, {__gc = function() while true do pcall(print, 'x') end end}) print('armed')",
        "armed\r\n",
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_script_cannot(attempt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret.lua"
    secret.write_text(f"return '{CANARY}'\n")
    monkeypatch.setenv("LUATWIN_CANARY", CANARY)
    monkeypatch.chdir(tmp_path)
    chunk, expected = ATTEMPTS[attempt]
    script = tmp_path / "attempt.lua"
    script.write_text(f"local S, F = 'spoken', '{secret}'\n{chunk}\n")
    finished = luatwin("run", *SMALL, script, "--timeout", "20s")
    assert expected in finished.out, finished.out[-600:]
    assert CANARY not in finished.out
    assert finished.code in (0, 1, 42), finished.err
    assert secret.read_text() == f"return '{CANARY}'\n"


CRAWLER = """
-- Walk everything that can be reached from here: tables, metatables, upvalues, locals of coroutines.
local seen, todo, userdata, functions = {}, {_G}, {}, 0
local function add(v)
  local kind = type(v)
  if kind == 'userdata' and not seen[v] then
    userdata[#userdata + 1] = tostring(v)
  end
  if v ~= nil and (kind == 'table' or kind == 'rotable' or kind == 'function' or kind == 'thread') and not seen[v] then
    seen[v] = true
    todo[#todo + 1] = v
  end
end
for name in ('os net net.wf tmr thread string table math utf8 coroutine debug io package'):gmatch('%S+') do
  local v = _G
  for part in name:gmatch('[^.]+') do v = v[part] end
  add(v)
end
while #todo > 0 do
  local v = table.remove(todo)
  local kind = type(v)
  if kind == 'table' or kind == 'rotable' then
    for k, x in pairs(v) do add(k) add(x) end
  elseif kind == 'function' then
    functions = functions + 1
    for i = 1, 60 do
      local n, x = debug.getupvalue(v, i)
      if not n then break end
      add(x)
    end
  end
  add(debug.getmetatable(v))
end
for _, text in ipairs(userdata) do print('userdata', text) end
print('functions', functions > 100)
"""


def test_nothing_of_the_host_can_be_reached_from_the_globals() -> None:
    finished = luatwin("run", *SMALL, "-e", CRAWLER)
    assert finished.code == 0, finished.out[-600:]
    assert "functions\ttrue\r\n" in finished.out
    found = [line for line in finished.out.splitlines() if line.startswith("userdata\t")]
    assert [line for line in found if not line.startswith("userdata\tfile (0x")] == []
