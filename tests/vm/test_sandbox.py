"""A script must not reach the host, whatever it tries."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from tests.vm.lua_host import DONE, Host, files


@pytest.fixture
def host() -> Iterator[Host]:
    with Host(files(passwd="return 1")) as host:
        yield host


#: What a script tries, and what the prompt prints for it. "nil" and an error are both a refusal.
ATTEMPTS = {
    # the host's own functions
    "run a program with io.popen": ("pcall(io.popen, 'id')", "false\t'popen' not supported"),
    "run a program with os.execute": ("os.execute('id')", ""),
    "read the host's environment": ("os.getenv('HOME')", "nil"),
    "open a host file": ("io.open('/etc/passwd')", "nil"),
    "list lupa's own table": ("python", "nil"),
    "require lupa's own table": ("pcall(require, 'python') or package.loaded.python", "nil"),
    "load a C library": ("package.loadlib('libc.so.6', '*')", "nil\tdynamic libraries not enabled"),
    "find a C library": ("package.searchpath('c', '/usr/lib/?.so')", "nil\t\n\tno file '/usr/lib/c.so'"),
    "get the host's libraries": ("package.loaded.string, package.loaded.debug", "nil\tnil"),
    "get Lua 5.2's library": ("bit32", "nil"),
    # the debug library
    "get the registry": ("pcall(debug.getregistry)", "false\tdebug.getregistry is not simulated yet"),
    "take the hook away": ("pcall(debug.sethook)", "false\tdebug.sethook is not simulated yet"),
    "see the hook": ("debug.gethook()", "nil\t\t0"),
    "read an upvalue of the machine": ("debug.getupvalue(print, 1)", ""),
    "write an upvalue of the machine": ("debug.setupvalue(print, 1, 1)", ""),
    "identify an upvalue of the machine": ("pcall(debug.upvalueid, print, 1)", "false\tbad argument #2"),
    "share an upvalue of the machine": (
        "pcall(debug.upvaluejoin, function() return pcall end, 1, print, 1)",
        "false\tbad argument #4 to '?' (invalid upvalue index)",
    ),
    "read a parameter of the machine": ("debug.getlocal(print, 1)", "nil"),
    "read locals of a calling function of the machine": (
        "(function() local all = {} table.sort({2, 1}, function() for level = 1, 9 do for i = 1, 9 do"
        " all[#all + 1] = select(2, pcall(debug.getlocal, level, i)) end end return false end)"
        " for _, v in pairs(all) do if type(v) ~= 'string' then return v end end end)()",
        "",
    ),
    "get a function of the machine from the stack": (
        "pcall(function() local f = debug.getinfo(2, 'f').func return f == pcall or f == nil end)",
        "true\ttrue",
    ),
    "get a function of the machine without asking for its source": (
        "pcall(function() return rawequal(debug.getinfo(2, 'f').func, pcall) end)",
        "true\ttrue",
    ),
    "get the main function of the prompt": (
        "(function() local n = 0 while debug.getinfo(n) do n = n + 1 end return debug.getinfo(n - 1, 'f').func end)()",
        "nil",
    ),
    "get a function of the machine from a metamethod": (
        "(function() local seen setmetatable({}, {__index = function() seen = debug.getinfo(2, 'f').func end}).x = nil"
        " return seen end)()",
        "nil",
    ),
    "dump a function of the machine": ("pcall(string.dump, print)", "false\tunable to dump given function"),
    "see where a function of the machine comes from": ("debug.getinfo(print, 'S').source", "=[C]"),
    "tamper with the metatable of strings": ("pcall(function() getmetatable('').x = nil end)", "false\tstdin:1: "),
    "get the metatable of a rotable": ("getmetatable(net), debug.getmetatable(net)", "nil\tnil"),
    "change a rotable": ("pcall(rawset, net, 'ota', print)", "false\tbad argument #1 to '?' "),
    "change a rotable's metatable": ("debug.setmetatable(net, {}) == net, net.ota ~= nil", "true\ttrue"),
    # bytecode
    "load bytecode made by hand": ("load('\\27Lua\\x53\\0')", "nil\tbinary string: truncated precompiled chunk"),
    "load changed bytecode": ("load(string.dump(function() end) .. ' ')", "nil\tbinary string: foreign"),
    "load changed bytecode in pieces": (
        "(function() local code, i = string.dump(function() end) .. ' ', 0 return load(function() i = i + 1"
        " return i <= #code and code:sub(i, i) or nil end) end)()",
        "nil\t(load): foreign precompiled chunk",
    ),
    "load bytecode after an empty piece, which is the end": (
        "(function() local t = {'', string.dump(function() end)} return load(function() return table.remove(t, 1) end)"
        " end)()",
        "function: 0x",
    ),
    "look like a function of the machine": (
        "load('return debug.getinfo(1, \"S\").source', '=[firmware]')(),"
        " load(string.dump(load('return debug.getinfo(1, \"S\").source', '=[firmware]')))(),"
        " load(string.dump(load('return debug.getinfo(1, \"S\").source', '=[firmware]'), true))()",
        "=[firmware] \t=[firmware] \t=?",
    ),
    # coroutines
    "see the tag of a request in a coroutine": (
        "select('#', coroutine.resume(coroutine.create(function() return tmr.delayms(1) end)))",
        "1",
    ),
    "read a stack that waits for the board": (
        "pcall(debug.getlocal, coroutine.create(print), 0, 1)",
        "false\tbad argument #2",
    ),
    "yield out of a Lua thread": ("pcall(coroutine.yield, 1)", "false\tattempt to yield from outside a coroutine"),
    "resume the Lua thread itself": ("coroutine.resume(coroutine.running())", "false\tcannot resume non-suspended"),
    # hostile values
    "show a hostile value": ("pcall(tostring, setmetatable({}, {__tostring = function() return {} end}))", "false\t'"),
    "format a hostile value": (
        "pcall(string.format, '%s', setmetatable({}, {__tostring = function() error('x', 0) end}))",
        "false\tx",
    ),
    "name a hostile type": ("pcall(io.type, setmetatable({}, {__name = ('%s'):rep(9)}))", "true\tnil"),
    "complain of a hostile type": ("pcall(os.exit, setmetatable({}, {__name = '%d%n'}))", "false\tbad argument"),
}  # fmt: skip


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_script_cannot(host: Host, attempt: str) -> None:
    expression, result = ATTEMPTS[attempt]
    assert host.run(f"={expression}").startswith(result)
    assert result or host.shown.strip() in ("", "nil") or host.shown.startswith("nil\t") or "bad argument" in host.shown
    assert host.eval("1 + 1") == "2"


def test_a_host_file_is_asked_of_the_board(host: Host) -> None:
    host.run("io.open('/etc/passwd') dofile('/etc/passwd')")
    assert host.asked(b"fs.open") == [(b"/etc/passwd", b"r")]
    assert host.asked(b"fs.load") == [(b"/etc/passwd",)]


def test_a_tostring_of_the_script_may_be_anything(host: Host) -> None:
    assert host.run("tostring = 5 print(1)").startswith("attempt to call a number value\nstack traceback:\n")
    assert host.run("tostring = nil print(1)") == "1\n"


def test_exit_is_a_request(host: Host) -> None:
    assert host.type("os.exit(false)", until=b"os.exit") == (b"os.exit", False)


def test_what_a_script_does_to_its_globals_is_nothing_to_files_that_load_late(host: Host) -> None:
    host.run("select, next, string, _ENV.pairs = nil for _, name in ipairs{'type', 'error'} do rawset(_G, name, 5) end")
    host.run("debug.setmetatable('', {__index = function() return 5 end})")
    assert host.run("_G.print(os.getenv('PATH'), thread.self(), io.type(5))") == "/\tnil\tnil\n"


#: Looks at everything that can be reached from _G and the stack with what the debug library gives. Returns every
#: userdata, every C function and every function with upvalues that it finds; its own are left out.
CRAWLER = textwrap.dedent("""\
    local seen, found, queue = {}, {}, {}
    seen[seen], seen[found], seen[queue] = true, true, true
    local function add(path, value)
      local kind = type(value)
      if value ~= nil and kind ~= "string" and kind ~= "number" and kind ~= "boolean" and not seen[value] then
        seen[value] = true
        queue[#queue + 1] = {path, value}
      end
    end
    add("_G", _G) add("string", "") add("string meta", debug.getmetatable("")) add("co", coroutine.running())
    for _, name in pairs{"string", "table", "math", "utf8", "debug", "coroutine", "os", "net", "tmr", "thread", "io",
        "package", "require", "pio", "i2c", "nvs", "cjson"} do add(name, _G[name]) end
    for _, name in pairs{"assert", "collectgarbage", "dofile", "error", "getmetatable", "ipairs", "load", "loadfile",
        "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable",
        "tonumber", "tostring", "try", "type", "xpcall", "cache"} do add(name, _G[name]) end
    add("timer", tmr.attach(1, print)) add("mutex", thread.createmutex()) add("lines", io.stdin:lines())
    add("wrap", coroutine.wrap(print)) add("pairs", pairs(net)) add("ipairs", ipairs{})
    for level = 0, 30 do
      local info = debug.getinfo(level)
      if info then add("frame", info.func) end
      for i = -5, 30 do
        local ok, _, value = pcall(debug.getlocal, level, i)
        if ok then add("local", value) end
      end
    end
    pcall(function() for level = 0, 30 do add("deep", (debug.getinfo(level, "f") or {}).func) end end)
    table.sort({2, 1}, function() for level = 0, 30 do add("deeper", (debug.getinfo(level, "f") or {}).func) end end)
    while #queue > 0 do
      local path, value = table.unpack(table.remove(queue))
      local kind = type(value)
      add(path .. " meta", debug.getmetatable(value))
      add(path .. " user", debug.getuservalue(value))
      if kind == "table" or kind == "rotable" then
        for k, v in next, value do add(path, k) add(path .. "." .. tostring(k), v) end
      elseif kind == "function" then
        for i = 1, 255 do
          local name, upvalue = debug.getupvalue(value, i)
          if not name then break end
          if debug.getinfo(value, "S").what == "C" then found[#found + 1] = path .. " has upvalues" end
          add(path .. "^" .. name, upvalue)
        end
        local ok = pcall(debug.upvalueid, value, 1)
        if ok and debug.getinfo(value, "S").what == "C" then found[#found + 1] = path .. " has upvalue ids" end
      elseif kind == "userdata" and io.type(value) == nil and path ~= "timer" and path ~= "mutex" then
        found[#found + 1] = path .. " is userdata"
      elseif kind == "thread" then
        for level = 0, 30 do
          local ok, info = pcall(debug.getinfo, value, level, "f")
          if ok and info then add(path .. " func", info.func) end
          for i = 1, 30 do
            local ok, _, v = pcall(debug.getlocal, value, level, i)
            if ok then add(path .. " local", v) end
          end
        end
      end
    end
    local count = 0 for _ in pairs(seen) do count = count + 1 end
    print(count, #found, table.concat(found, ", "))
""")


def test_nothing_of_the_host_can_be_reached(host: Host) -> None:
    host.replies = {
        **host.replies,
        b"fs.load": (True, CRAWLER.encode()),
        b"mutex.create": (True, 1),
        b"tmr.attach_software": (True, 1),
    }
    count, found, what = host.run("dofile('/crawler.lua')").rstrip("\n").split("\t")
    assert (found, what) == ("0", "")
    assert int(count) > 300, "the crawler has looked around"


def test_no_raw_function_that_catches_errors_can_be_reached(host: Host) -> None:
    """With one, a script could hold up the power-off."""
    host.type(
        "table.sort({2, 1}, function() local f = pcall(function() RAW = debug.getinfo(2, 'f').func end) end)"
        " while true do (RAW or pcall)(tmr.delayms, 1) end",
        until=b"tmr.delay",
    )
    for _ in range(5):
        host.go_on(DONE, until=b"tmr.delay")
    host.machine.close()
